# SPDX-License-Identifier: Apache-2.0
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# house_test(NAME ARGUMENT...): tests/house/NAME_test.py
function(house_test name)
    add_test(NAME house/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/house/${name}_test.py ${ARGN})
    set_tests_properties(house/${name} PROPERTIES
        TIMEOUT 60 SKIP_RETURN_CODE 77)
endfunction()

house_test(include ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
house_test(format ${PROJECT_SOURCE_DIR})
house_test(size ${PROJECT_SOURCE_DIR})
house_test(symbols $<TARGET_FILE:multisock> ${PROJECT_SOURCE_DIR})
# A build that is not meant for users has no files to look at.
set(hardened_build "")
if(MSOCK_HARDENED)
    set(hardened_build ${CMAKE_BINARY_DIR})
endif()
house_test(hardening ${CMAKE_C_COMPILER} ${hardened_build})
house_test(headers ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
house_test(narrow ${PROJECT_SOURCE_DIR} ${CMAKE_BINARY_DIR})
house_test(compare ${PROJECT_SOURCE_DIR})
house_test(counter ${PROJECT_SOURCE_DIR})
house_test(limits ${PROJECT_SOURCE_DIR})
house_test(doors ${PROJECT_SOURCE_DIR})
house_test(security ${PROJECT_SOURCE_DIR})
house_test(manual ${PROJECT_SOURCE_DIR})
house_test(man ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
house_test(shim ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER})
house_test(readme ${PROJECT_SOURCE_DIR} ${CMAKE_C_COMPILER}
    $<TARGET_FILE:multisock> ${sanitize})
