# SPDX-License-Identifier: Apache-2.0
find_package(Python3 REQUIRED COMPONENTS Interpreter)

add_test(NAME cli/msock COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/msock_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/msock PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/pages COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/pages_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/pages PROPERTIES TIMEOUT 180)

foreach(name record record_files)
    add_test(NAME cli/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(cli/${name} PROPERTIES
        TIMEOUT 240 SKIP_RETURN_CODE 77)
endforeach()

add_test(NAME cli/delivery COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/delivery_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/delivery PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/key COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/key_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/key PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/log COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/log_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/log PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/id COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/id_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/id PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/hub COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/hub_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/hub PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/unit COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/unit_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/unit PROPERTIES TIMEOUT 60 SKIP_RETURN_CODE 77
    RESOURCE_LOCK install) # as of install/consumer

add_test(NAME cli/state COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/state_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/state PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

add_test(NAME cli/confirm COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/confirm_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/confirm PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

foreach(name config echo nodes watch)
    add_test(NAME cli/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(cli/${name} PROPERTIES
        TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()

# A host of which something is broken, and hosts on a switch: msock doctor.
foreach(name doctor doctor_peers doctor_soak)
    add_test(NAME cli/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(cli/${name} PROPERTIES
        TIMEOUT 300 SKIP_RETURN_CODE 77)
endforeach()
msock_test(cli doctor_probe)
target_include_directories(cli_doctor_probe_test PRIVATE
    ${PROJECT_SOURCE_DIR}/include)
target_sources(cli_doctor_probe_test PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/msock/doctor/probe.c)

add_test(NAME cli/request COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/request_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/request PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

msock_test(cli print_format multisock)
target_sources(cli_print_format_test PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/msock/cli.c
    ${PROJECT_SOURCE_DIR}/tools/msock/json_out.c
    ${PROJECT_SOURCE_DIR}/tools/msock/print_format.c)

foreach(name golden letters)
    add_test(NAME cli/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/cli/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(cli/${name} PROPERTIES
        TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()

# What msock bench counts with.
foreach(module histogram bench_latency bench_message bench_pace bench_peers
        bench_tally)
    msock_test(cli ${module})
    target_include_directories(cli_${module}_test PRIVATE
        ${PROJECT_SOURCE_DIR}/include)
    target_sources(cli_${module}_test PRIVATE
        ${PROJECT_SOURCE_DIR}/tools/msock/${module}.c)
endforeach()
target_sources(cli_bench_latency_test PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/msock/histogram.c)
target_sources(cli_bench_peers_test PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/msock/bench_latency.c
    ${PROJECT_SOURCE_DIR}/tools/msock/bench_tally.c
    ${PROJECT_SOURCE_DIR}/tools/msock/histogram.c)

add_test(NAME cli/bench COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/bench_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/bench PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

# The benchmarks themselves, where they are built (MSOCK_BENCH).
add_test(NAME cli/bench_run COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/cli/bench_run_test.py ${CMAKE_BINARY_DIR})
set_tests_properties(cli/bench_run PROPERTIES TIMEOUT 180 SKIP_RETURN_CODE 77)

# msock top: what it shows, and what it does with a terminal, which tmux is.
msock_test(cli top multisock)
target_include_directories(cli_top_test PRIVATE ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(cli_top_test PRIVATE _XOPEN_SOURCE=700) # tsearch
foreach(module cells columns keys model order rate snapshot view)
    target_sources(cli_top_test PRIVATE
        ${PROJECT_SOURCE_DIR}/tools/msock/top/${module}.c)
endforeach()
target_sources(cli_top_test PRIVATE
    ${PROJECT_SOURCE_DIR}/tools/msock/cli.c
    ${PROJECT_SOURCE_DIR}/tools/msock/drops.c
    ${PROJECT_SOURCE_DIR}/tools/msock/json_out.c)
if(MSOCK_TOP AND NCURSES_FOUND)
    add_test(NAME cli/top_screen COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/cli/top_screen_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(cli/top_screen PROPERTIES
        TIMEOUT 180 SKIP_RETURN_CODE 77)
endif()
