# SPDX-License-Identifier: Apache-2.0
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# install_test(NAME ARGUMENT...): tests/install/NAME_test.py
function(install_test name)
    add_test(NAME install/${name} COMMAND Python3::Interpreter -B
        ${CMAKE_CURRENT_SOURCE_DIR}/install/${name}_test.py ${ARGN})
    set_tests_properties(install/${name} PROPERTIES
        TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()

# A program is linked with what its library was instrumented by.
get_target_property(instruments msock_flags INTERFACE_LINK_OPTIONS)
if(NOT instruments)
    set(instruments "")
endif()
install_test(consumer
    ${CMAKE_BINARY_DIR} ${CMAKE_C_COMPILER} ${instruments})
set_tests_properties(install/consumer PROPERTIES RESOURCE_LOCK install)

# Packages have a build of their own, the same whatever this one is: once is
# enough.
if(NOT MSOCK_SANITIZE AND NOT MSOCK_COVERAGE)
    install_test(package ${CMAKE_BINARY_DIR})
endif()
