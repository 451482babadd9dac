# SPDX-License-Identifier: Apache-2.0
# What is installed, and where: docs/packaging.md. Three components: `library`
# (what a program needs to run), `development` (what it needs to be built), and
# `tools`, which takes whatever names none.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/multisock)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# A system's own library is found by the system; in any other place a program
# finds it beside itself, wherever the tree is moved.
set(system_prefix OFF)
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(system_prefix ON)
endif()

# -- The library --

# For plugins, which take the headers and link nothing.
add_library(multisock_headers INTERFACE)
target_include_directories(multisock_headers INTERFACE
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
set_target_properties(multisock_headers PROPERTIES EXPORT_NAME headers)
set_target_properties(multisock_static PROPERTIES EXPORT_NAME static)
add_library(multisock::multisock ALIAS multisock)
add_library(multisock::static ALIAS multisock_static)
add_library(multisock::headers ALIAS multisock_headers)

install(DIRECTORY include/multisock DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT development FILES_MATCHING PATTERN "*.h")
install(TARGETS multisock multisock_headers EXPORT shared
    LIBRARY COMPONENT library NAMELINK_COMPONENT development)
install(TARGETS multisock_static EXPORT static
    ARCHIVE COMPONENT development)

# The pages that headers name, and what is built as they say.
set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/multisock)
if(system_prefix)
    set(doc_dir ${CMAKE_INSTALL_DATADIR}/doc/libmultisock-dev)
endif()
install(DIRECTORY docs samples DESTINATION ${doc_dir} COMPONENT development
    FILES_MATCHING PATTERN "*.md" PATTERN "*.[ch]" PATTERN "*.cc"
    PATTERN "*.sh" PATTERN "*.py" PATTERN "CMakeLists.txt" PATTERN "Makefile"
    PATTERN man EXCLUDE PATTERN build EXCLUDE PATTERN __pycache__ EXCLUDE)
install(FILES README.md DESTINATION ${doc_dir} COMPONENT development)

# -- How it is found --

# One file of targets each, so that a program which takes the shared library
# needs nothing that the static one does.
foreach(kind shared static)
    install(EXPORT ${kind} NAMESPACE multisock:: DESTINATION ${package_dir}
        FILE multisock-${kind}.cmake COMPONENT development)
endforeach()

# Before 1.0 the interface may change between minor versions.
set(compatibility SameMajorVersion)
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(compatibility SameMinorVersion)
endif()
set(config ${PROJECT_BINARY_DIR}/cmake/multisockConfig.cmake)
set(config_version ${PROJECT_BINARY_DIR}/cmake/multisockConfigVersion.cmake)
configure_package_config_file(cmake/multisockConfig.cmake.in ${config}
    INSTALL_DESTINATION ${package_dir} PATH_VARS MSOCK_PLUGIN_DIR)
write_basic_package_version_file(${config_version}
    COMPATIBILITY ${compatibility})
install(FILES ${config} ${config_version} DESTINATION ${package_dir}
    COMPONENT development)

# Relative to the file itself, but for a system's: there pkg-config leaves out
# the compiler's own folders only if it sees them named as such.
set(pkgconfig_prefix /usr)
if(NOT system_prefix)
    file(RELATIVE_PATH up /prefix/${pkgconfig_dir} /prefix)
    string(REGEX REPLACE "/$" "" up "${up}")
    set(pkgconfig_prefix "\${pcfiledir}/${up}")
endif()
string(REPLACE ">=" " >= " pkgconfig_needs
    "${MSOCK_NEEDS_UV}, ${MSOCK_NEEDS_SODIUM}")
set(pkgconfig_file ${PROJECT_BINARY_DIR}/cmake/multisock.pc)
configure_file(cmake/multisock.pc.in ${pkgconfig_file} @ONLY)
install(FILES ${pkgconfig_file} DESTINATION ${pkgconfig_dir}
    COMPONENT development)

# -- The tools --

# msock_install_text(FILE FOLDER): as it is, or as Debian wants manuals.
function(msock_install_text file folder)
    if(system_prefix)
        cmake_path(GET file FILENAME name)
        set(packed ${PROJECT_BINARY_DIR}/cmake/${name}.gz)
        add_custom_command(OUTPUT ${packed} DEPENDS ${file}
            COMMAND gzip -9nc ${file} > ${packed} VERBATIM)
        add_custom_target(${name}.gz ALL DEPENDS ${packed})
        set(file ${packed})
    endif()
    install(FILES ${file} DESTINATION ${folder})
endfunction()

if(NOT system_prefix)
    file(RELATIVE_PATH up /prefix/${CMAKE_INSTALL_BINDIR}
        /prefix/${CMAKE_INSTALL_LIBDIR})
    set_target_properties(msock PROPERTIES INSTALL_RPATH "$ORIGIN/${up}")
endif()
install(TARGETS msock RUNTIME)

# systemd wants the path of a program, unless it lies where systems look: so the
# unit names where it is installed, which `cmake --install --prefix` may change.
# A package is staged elsewhere than it will be.
set(unit ${PROJECT_BINARY_DIR}/cmake/multisock-hub.service)
set(unit_prefix "\${CMAKE_INSTALL_PREFIX}")
if(system_prefix)
    set(unit_prefix /usr)
endif()
install(CODE "
    set(program \"${unit_prefix}/${CMAKE_INSTALL_BINDIR}/msock\")
    configure_file(
        \"${PROJECT_SOURCE_DIR}/tools/systemd/multisock-hub.service.in\"
        \"${unit}\" @ONLY)")
install(FILES ${unit} DESTINATION lib/systemd/system)

# Every plugin of plugins/.
get_property(targets DIRECTORY plugins PROPERTY BUILDSYSTEM_TARGETS)
foreach(target ${targets})
    get_target_property(type ${target} TYPE)
    if(type STREQUAL "MODULE_LIBRARY")
        install(TARGETS ${target} LIBRARY DESTINATION ${MSOCK_PLUGIN_DIR})
    endif()
endforeach()

file(GLOB pages CONFIGURE_DEPENDS docs/man/*.[1-8])
foreach(page ${pages})
    string(REGEX MATCH "[1-8]$" section ${page})
    msock_install_text(${page} ${CMAKE_INSTALL_MANDIR}/man${section})
endforeach()

install(FILES tools/completion/msock DESTINATION
    ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES tools/completion/_msock DESTINATION
    ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES tools/completion/msock.fish DESTINATION
    ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)

if(system_prefix)
    include(cmake/Package.cmake)
endif()
