# SPDX-License-Identifier: Apache-2.0
# Debian packages of a build that was configured for /usr: one of each component
# of Install.cmake. `sh tools/package.sh` configures, builds and packs.
set(library_package libmultisock${PROJECT_VERSION_MAJOR})
set(same "(= ${PROJECT_VERSION})")

# A program built with this version runs with later ones that are compatible.
math(EXPR next_major "${PROJECT_VERSION_MAJOR} + 1")
math(EXPR next_minor "${PROJECT_VERSION_MINOR} + 1")
set(next ${next_major})
if(PROJECT_VERSION_MAJOR EQUAL 0)
    set(next 0.${next_minor})
endif()
set(shlibs ${PROJECT_BINARY_DIR}/cmake/shlibs)
configure_file(cmake/debian/shlibs.in ${shlibs} @ONLY)

set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL library development tools)
set(CPACK_PACKAGING_INSTALL_PREFIX ${CMAKE_INSTALL_PREFIX})
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY ${PROJECT_DESCRIPTION})
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    ${CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS})
if(NOT CPACK_PACKAGE_CONTACT)
    set(CPACK_PACKAGE_CONTACT "multisock <maintainers@multisock.invalid>")
endif()

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE multisock)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME ${library_package})
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_CONTROL_EXTRA
    ${shlibs} ${PROJECT_SOURCE_DIR}/cmake/debian/triggers)
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION
"Programs on one network publish and subscribe over encrypted UDP multicast,
without a broker. This package holds the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libmultisock-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "${library_package} ${same}, libuv1-dev, libsodium-dev")
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION
"This package holds what building a program takes: headers, the static library,
the files that CMake and pkg-config find it by, documents and samples.")

set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME multisock-tools)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION net)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS
    ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}) # msock's own library
set(CPACK_DEBIAN_TOOLS_PACKAGE_DEPENDS "${library_package} ${same}")
set(CPACK_COMPONENT_TOOLS_DESCRIPTION
"This package holds the command msock, its manual, and the plugins that come
with multisock.")

# What Debian wants in every package; the date is that of $SOURCE_DATE_EPOCH.
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
set(changelog ${PROJECT_BINARY_DIR}/cmake/changelog)
configure_file(cmake/debian/changelog.in ${changelog} @ONLY)
execute_process(COMMAND gzip -9nf ${changelog} COMMAND_ERROR_IS_FATAL ANY)
foreach(component LIBRARY DEVELOPMENT TOOLS)
    set(package ${CPACK_DEBIAN_${component}_PACKAGE_NAME})
    string(TOLOWER ${component} name)
    install(FILES cmake/debian/copyright ${changelog}.gz COMPONENT ${name}
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package})
endforeach()
include(CPack)
