# SPDX-License-Identifier: Apache-2.0
# Helpers of the build: warnings, sanitizers, and the shape of our targets.
include(${CMAKE_CURRENT_LIST_DIR}/Hardening.cmake)

add_library(msock_flags INTERFACE)
target_compile_features(msock_flags INTERFACE c_std_11)
target_compile_options(msock_flags INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion
    -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef
    # assertions name files as the repository does, not where it was built
    -fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=
    $<$<BOOL:${MSOCK_WERROR}>:-Werror>)
if(MSOCK_SANITIZE)
    set(sanitize -fsanitize=${MSOCK_SANITIZE} -fno-omit-frame-pointer)
    if(MSOCK_SANITIZE MATCHES "undefined")
        list(APPEND sanitize -fno-sanitize-recover=undefined)
    endif()
    target_compile_options(msock_flags INTERFACE ${sanitize})
    target_link_options(msock_flags INTERFACE ${sanitize})
endif()
if(MSOCK_COVERAGE)
    target_compile_options(msock_flags INTERFACE --coverage)
    target_link_options(msock_flags INTERFACE --coverage)
endif()

# The shared library is optimised as a whole (a fifth less time a message). Fat
# objects: the static one serves whoever links it, with any compiler.
set(optimised "$<CONFIG:Release,RelWithDebInfo,MinSizeRel>")
if(CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT MSOCK_SANITIZE
        AND NOT MSOCK_COVERAGE)
    set(MSOCK_LTO_COMPILE "$<${optimised}:-flto=auto;-ffat-lto-objects>")
    set(MSOCK_LTO_LINK "$<${optimised}:-flto=auto>")
    set(MSOCK_LTO_NONE "$<${optimised}:-fno-lto>") # links in an instant
endif()

# msock_target(NAME): C11 without GNU extensions, hidden symbols, our warnings,
# and asserts in every build type.
function(msock_target name)
    set_target_properties(${name} PROPERTIES
        C_STANDARD 11 C_EXTENSIONS OFF C_VISIBILITY_PRESET hidden)
    # Large files' numbers and times after 2038 on 32-bit machines too.
    target_compile_definitions(${name} PRIVATE _POSIX_C_SOURCE=200809L
        _FILE_OFFSET_BITS=64 _TIME_BITS=64)
    target_compile_options(${name} PRIVATE -UNDEBUG)
    target_link_options(${name} PRIVATE "${MSOCK_LTO_NONE}")
    target_link_libraries(${name} PRIVATE $<BUILD_INTERFACE:msock_flags>
        $<BUILD_INTERFACE:msock_hardening>)
endfunction()

# msock_folder(NAME SOURCE...): one folder of the house as an object library.
function(msock_folder name)
    add_library(${name} OBJECT ${ARGN})
    msock_target(${name})
    target_compile_options(${name} PRIVATE "${MSOCK_LTO_COMPILE}")
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}
        PUBLIC ${PROJECT_SOURCE_DIR}/include)
endfunction()

# msock_library(NAME SHARED|STATIC): the whole library of all folders. What an
# installed static one needs is found by cmake/multisockConfig.cmake.in.
function(msock_library name kind)
    add_library(${name} ${kind}
        $<TARGET_OBJECTS:msock_codec> $<TARGET_OBJECTS:msock_core>
        $<TARGET_OBJECTS:msock_transport> $<TARGET_OBJECTS:msock_host>)
    msock_target(${name})
    set_target_properties(${name} PROPERTIES LINK_OPTIONS "${MSOCK_LTO_LINK}")
    target_include_directories(${name} INTERFACE
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
        $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
    target_link_libraries(${name} PRIVATE
        $<BUILD_INTERFACE:PkgConfig::UV>
        $<BUILD_INTERFACE:PkgConfig::SODIUM>
        $<INSTALL_INTERFACE:PkgConfig::multisock_needs>
        Threads::Threads ${CMAKE_DL_LIBS})
endfunction()

# msock_program(NAME SOURCE...): a program that uses the library as users do.
function(msock_program name)
    add_executable(${name} ${ARGN})
    msock_target(${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} PRIVATE multisock)
endfunction()

# msock_plugin(NAME SOURCE...): a handler plugin; it links nothing of ours.
function(msock_plugin name)
    add_library(${name} MODULE ${ARGN})
    msock_target(${name})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/include)
    set_target_properties(${name} PROPERTIES PREFIX ""
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    # The host refuses what others may write, whatever the umask is here.
    add_custom_command(TARGET ${name} POST_BUILD COMMAND chmod go-w
        $<TARGET_FILE:${name}> $<TARGET_FILE_DIR:${name}> VERBATIM)
endfunction()
