# SPDX-License-Identifier: Apache-2.0
# The plugin host on a channel that takes notes, and with good and bad plugins.
set(test_modules probe second wrong_abi wrong_size wrong_name no_start
    no_descriptor start_fails late_failure first_abi second_abi later_abi sticky
    checked grumbles replies)
foreach(module ${test_modules})
    msock_plugin(test_${module} plugins/modules/${module}.c)
    set_target_properties(test_${module} PROPERTIES OUTPUT_NAME ${module}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/modules)
    list(APPEND test_module_targets test_${module})
endforeach()

target_link_options(test_sticky PRIVATE LINKER:-z,nodelete)

# test_version(FOLDER NAME SOURCE DEFINITION...): a module in a folder of its
# own, so that versions of it have one name.
function(test_version folder name source)
    set(target test_${folder}_${name})
    msock_plugin(${target} plugins/modules/${source})
    target_compile_definitions(${target} PRIVATE ${ARGN})
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name}
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/modules/${folder})
endfunction()
foreach(version 1 2 3)
    test_version(v${version} turn count.c COUNT_NAME="turn"
        COUNT_VERSION=${version} COUNT_MOOD="TURN")
endforeach()
test_version(v1 steady count.c COUNT_NAME="steady" COUNT_VERSION=1
    COUNT_MOOD="STEADY")
test_version(v1 moody count.c COUNT_NAME="moody" COUNT_VERSION=1
    COUNT_MOOD="MOODY")
test_version(v1 bad bad.c)
set(test_versions test_v1_turn test_v2_turn test_v3_turn test_v1_steady
    test_v1_moody test_v1_bad)

foreach(module host host_alloc)
    msock_test(plugins ${module} msock_host msock_codec msock_test_alloc
        ${CMAKE_DL_LIBS})
    target_sources(plugins_${module}_test PRIVATE
        plugins/fake_channel.c plugins/folder.c)
    add_dependencies(plugins_${module}_test ${test_module_targets})
endforeach()

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

msock_test(plugins replies msock_host msock_transport msock_core msock_codec
    ${CMAKE_DL_LIBS})
target_sources(plugins_replies_test PRIVATE plugins/home.c plugins/folder.c)
add_dependencies(plugins_replies_test test_replies)

msock_test(plugins guard msock_host msock_transport msock_core msock_codec
    ${CMAKE_DL_LIBS})
msock_test(plugins config msock_host msock_transport msock_core msock_codec
    ${CMAKE_DL_LIBS})

# The host on a whole channel, with plugins that change and misbehave.
foreach(module reload watch library storm)
    msock_test(plugins ${module} msock_host msock_transport msock_core
        msock_codec ${CMAKE_DL_LIBS})
    target_sources(plugins_${module}_test PRIVATE
        plugins/yard.c plugins/folder.c)
    add_dependencies(plugins_${module}_test ${test_versions}
        ${test_module_targets})
endforeach()
target_link_options(plugins_library_test PRIVATE -Wl,--wrap=dlopen)

# Plugins of third parties see the public headers and link nothing.
function(third_party name source)
    add_library(third_party_${name} MODULE plugins/third_party/${source})
    target_include_directories(third_party_${name} PRIVATE
        ${PROJECT_SOURCE_DIR}/include)
    target_compile_options(third_party_${name} PRIVATE
        -Wall -Wextra -Wpedantic -Werror)
    set_target_properties(third_party_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} C_STANDARD 99 C_EXTENSIONS OFF
        CXX_STANDARD 17 CXX_EXTENSIONS OFF
        CXX_VISIBILITY_PRESET hidden C_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests/modules/third_party)
endfunction()
include(CheckLanguage)
check_language(CXX)
if(CMAKE_CXX_COMPILER)
    enable_language(CXX)
    third_party(bell bell.c)
    third_party(tally tally.cpp)
    # Else what C++ makes unique stays loaded for ever.
    target_compile_options(third_party_tally PRIVATE
        $<$<CXX_COMPILER_ID:GNU>:-fno-gnu-unique>)
    msock_test(plugins third_party msock_host msock_transport msock_core
        msock_codec ${CMAKE_DL_LIBS})
    target_sources(plugins_third_party_test PRIVATE
        plugins/yard.c plugins/folder.c)
    add_dependencies(plugins_third_party_test
        third_party_bell third_party_tally)
endif()

# The bundled plugins as they are shipped.
foreach(module journal exec)
    msock_test(plugins ${module} msock_host msock_transport msock_core
        msock_codec ${CMAKE_DL_LIBS})
    target_sources(plugins_${module}_test PRIVATE
        plugins/yard.c plugins/folder.c)
    add_dependencies(plugins_${module}_test ${module})
endforeach()
target_sources(plugins_journal_test PRIVATE plugins/books.c)
msock_test(plugins check msock_host msock_transport msock_core msock_codec
    ${CMAKE_DL_LIBS})
target_sources(plugins_check_test PRIVATE
    plugins/yard.c plugins/folder.c plugins/books.c)
add_dependencies(plugins_check_test lights journal exec ${test_module_targets})

msock_test(plugins journal_files)
target_sources(plugins_journal_files_test PRIVATE
    plugins/books.c plugins/folder.c
    ${PROJECT_SOURCE_DIR}/plugins/journal/files.c)
target_link_options(plugins_journal_files_test PRIVATE
    LINKER:--wrap=fdatasync,--wrap=fsync,--wrap=unlinkat)

if(SQLITE_FOUND)
    foreach(module store damage safety)
        msock_test(plugins keeper_${module} PkgConfig::SQLITE)
        target_sources(plugins_keeper_${module}_test PRIVATE
            plugins/shelf.c plugins/folder.c
            ${PROJECT_SOURCE_DIR}/plugins/keeper/store.c
            ${PROJECT_SOURCE_DIR}/plugins/keeper/store_open.c)
        target_include_directories(plugins_keeper_${module}_test PRIVATE
            ${PROJECT_SOURCE_DIR}/include)
    endforeach()
    target_sources(plugins_keeper_safety_test PRIVATE plugins/slow_disk.c)
    msock_test(plugins keeper msock_host msock_transport msock_core
        msock_codec PkgConfig::SQLITE ${CMAKE_DL_LIBS})
    target_sources(plugins_keeper_test PRIVATE
        plugins/yard.c plugins/shelf.c plugins/folder.c
        ${PROJECT_SOURCE_DIR}/plugins/keeper/store.c
        ${PROJECT_SOURCE_DIR}/plugins/keeper/store_open.c)
    add_dependencies(plugins_keeper_test keeper)
endif()
