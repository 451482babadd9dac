# SPDX-License-Identifier: Apache-2.0
# Fuzz targets, each for two ways of running it:
#
#   NAME_replay   in every preset: runs the seeds and MUTATIONS changed copies
#                 of each; this is the test fuzz/NAME
#   NAME_fuzz     in the preset fuzz (clang) only: libFuzzer; tools/fuzz.sh runs
#                 them all
#
# The seeds are made of tests/vectors when the targets are built.
set(seeds ${CMAKE_BINARY_DIR}/tests/fuzz/seeds)
set(make_seeds ${PROJECT_SOURCE_DIR}/tests/fuzz/make_seeds.py)
file(GLOB vectors CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/vectors/*.json)
add_custom_command(OUTPUT ${seeds}/made
    COMMAND ${Python3_EXECUTABLE} -B ${make_seeds}
        ${PROJECT_SOURCE_DIR}/tests/vectors ${seeds}
    DEPENDS ${make_seeds} ${vectors} VERBATIM)
add_custom_target(fuzz_seeds DEPENDS ${seeds}/made)
add_custom_target(fuzz)
pkg_check_modules(MOSQUITTO IMPORTED_TARGET libmosquitto)

# fuzz_program(TARGET NAME SOURCE... LIBRARIES...)
function(fuzz_program target name)
    add_executable(${target} fuzz/${name}_fuzz.c support/log_notes.c ${ARGN})
    msock_target(${target})
    target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${target} PRIVATE
        msock_core msock_codec PkgConfig::SODIUM ${fuzz_libraries})
    add_dependencies(${target} fuzz_seeds)
endfunction()

# fuzz_target(NAME MUTATIONS LIBRARY...); MUTATIONS are for about half a second
# without sanitizers.
function(fuzz_target name mutations)
    set(fuzz_libraries ${ARGN})
    if(MSOCK_FUZZ)
        fuzz_program(${name}_fuzz ${name} ${fuzz_sources})
        target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
        add_dependencies(fuzz ${name}_fuzz)
        add_test(NAME fuzz/${name} COMMAND ${name}_fuzz
            -seed=1 -runs=2000 -timeout=10 ${seeds}/${name})
        return()
    endif()
    fuzz_program(${name}_replay ${name} fuzz/replay.c ${fuzz_sources})
    add_dependencies(fuzz ${name}_replay)
    add_test(NAME fuzz/${name}
        COMMAND ${name}_replay ${seeds}/${name} -m ${mutations})
    set_tests_properties(fuzz/${name} PROPERTIES LABELS replay)
endfunction()

fuzz_target(seal 10)
foreach(name envelope json control options)
    fuzz_target(${name} 100)
endforeach()
foreach(name window reassembly join)
    fuzz_target(${name} 100)
endforeach()
fuzz_target(trie 40)
fuzz_target(reorder 40)
foreach(name keyfile identity)
    fuzz_target(${name} 50)
endforeach()
fuzz_target(trust 1000)
fuzz_target(config 3000 msock_host)
if(MOSQUITTO_FOUND) # a sysroot of tools/cross.sh lacks it
    fuzz_target(topic 5000 PkgConfig::MOSQUITTO)
endif()
set(fuzz_sources support/rfc8259.c ${json_ways})
fuzz_target(scanner 2000 PkgConfig::CJSON m)
set(fuzz_sources "")

# Parsers of the transport; nothing is opened.
fuzz_target(host 300 msock_transport PkgConfig::UV Threads::Threads)

# These run whole channels.
fuzz_target(frame 4 msock_test_bench)
fuzz_target(batch 50 msock_test_bench)
fuzz_target(rights 4 msock_test_bench)
fuzz_target(live 2 msock_test_bench)
fuzz_target(engine 2 msock_test_bench)
