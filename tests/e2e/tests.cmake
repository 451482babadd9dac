# SPDX-License-Identifier: Apache-2.0
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# Real programs in network namespaces: tests/e2e/NAME_test.py
foreach(name pubsub original hosts network interfaces samples hub embedding demo
        service service_life reload flood hostile wills requests)
    add_test(NAME e2e/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(e2e/${name} PROPERTIES
        TIMEOUT 180 SKIP_RETURN_CODE 77)
endforeach()

# They wait twice until what was sent under a key is too old to be asked for, and
# begin first.
foreach(name keys push)
    add_test(NAME e2e/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/e2e/${name}_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(e2e/${name} PROPERTIES
        TIMEOUT 300 SKIP_RETURN_CODE 77 COST 300)
endforeach()

# Plugins that say goodbye, under two names.
foreach(name early late)
    msock_plugin(test_${name} e2e/modules/farewell.c)
    target_compile_definitions(test_${name} PRIVATE FAREWELL_NAME="${name}")
    set_target_properties(test_${name} PROPERTIES OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/farewell)
endforeach()

# A program whose states change, and the hub that keeps them.
if(SQLITE_FOUND)
    msock_program(owner e2e/programs/owner.c)
    add_test(NAME e2e/keeper COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/e2e/keeper_test.py ${CMAKE_BINARY_DIR})
    set_tests_properties(e2e/keeper PROPERTIES
        TIMEOUT 180 SKIP_RETURN_CODE 77)
endif()
