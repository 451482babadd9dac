# SPDX-License-Identifier: Apache-2.0
# libFuzzer targets, in the preset fuzz (clang) only: build/fuzz/tests/bin/
# NAME_fuzz runs until it finds something; the test is a short run.
foreach(name control engine frame json options)
    add_executable(${name}_fuzz fuzz/${name}_fuzz.c support/log_notes.c)
    msock_target(${name}_fuzz)
    target_include_directories(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    target_link_libraries(${name}_fuzz PRIVATE
        msock_core msock_codec PkgConfig::SODIUM)
    set(runs 20000)
    if(name STREQUAL engine)
        set(runs 2000) # lives, not frames
    endif()
    add_test(NAME fuzz/${name} COMMAND ${name}_fuzz
        -seed=1 -runs=${runs} -max_len=4096 -timeout=10)
endforeach()
target_link_libraries(engine_fuzz PRIVATE msock_test_bench)
target_link_libraries(frame_fuzz PRIVATE msock_test_bench)
