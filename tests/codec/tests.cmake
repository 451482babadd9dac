# SPDX-License-Identifier: Apache-2.0
# Allocation failures on demand; see support/alloc.h.
add_library(msock_test_alloc OBJECT support/alloc.c)
msock_target(msock_test_alloc)
target_include_directories(msock_test_alloc PRIVATE ${PROJECT_SOURCE_DIR})
foreach(allocator malloc calloc realloc strdup strndup sodium_malloc)
    target_link_options(msock_test_alloc INTERFACE
        -Wl,--wrap=${allocator})
endforeach()

foreach(module
        error counter text frame transform hash json json_token json_text utf8
        envelope envelope_strict envelope_encode envelope_names)
    msock_test(codec ${module} msock_codec)
endforeach()
foreach(module keyring keyfile seal)
    msock_test(codec ${module} msock_codec msock_test_alloc)
endforeach()

# What reads JSON of others as a tree does it with cJSON.
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
msock_test(codec differential msock_codec PkgConfig::CJSON)
