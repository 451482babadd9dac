# SPDX-License-Identifier: Apache-2.0
# The plugin host on a channel that takes notes, and with good and bad plugins.
set(test_modules probe second wrong_abi wrong_size wrong_name no_start
    no_descriptor start_fails late_failure)
foreach(module ${test_modules})
    msock_plugin(test_${module} plugins/modules/${module}.c)
    set_target_properties(test_${module} PROPERTIES OUTPUT_NAME ${module}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/modules)
    list(APPEND test_module_targets test_${module})
endforeach()

msock_test(plugins host msock_host msock_codec msock_test_alloc
    ${CMAKE_DL_LIBS})
target_sources(plugins_host_test PRIVATE
    plugins/fake_channel.c plugins/folder.c)
add_dependencies(plugins_host_test ${test_module_targets})

# Real plugins on the whole library: the bundled one, and the one of the page.
set(page ${PROJECT_SOURCE_DIR}/docs/plugins.md)
set(doorbell ${CMAKE_CURRENT_BINARY_DIR}/doorbell.c)
add_custom_command(OUTPUT ${doorbell}
    COMMAND sed -e [[1,/^```c$/d]] -e [[/^```$/,$d]] ${page} > ${doorbell}
    DEPENDS ${page} VERBATIM)
msock_plugin(test_doorbell ${doorbell})
set_target_properties(test_doorbell PROPERTIES OUTPUT_NAME doorbell
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/modules)

foreach(module lights page)
    msock_test(plugins ${module} msock_host msock_transport msock_core
        msock_codec ${CMAKE_DL_LIBS})
    target_sources(plugins_${module}_test PRIVATE
        plugins/home.c plugins/folder.c)
endforeach()
add_dependencies(plugins_lights_test lights)
add_dependencies(plugins_page_test test_doorbell)
