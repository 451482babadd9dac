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
