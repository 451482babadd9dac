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
        base64 error counter text escape frame transform hash json json_token
        json_text plain utf8
        envelope envelope_strict envelope_encode envelope_names
        control control_strict head reply told)
    msock_test(codec ${module} msock_codec)
endforeach()
foreach(module identity sign keyring keyfile ring ringbox seal seal_keys)
    msock_test(codec ${module} msock_codec msock_test_alloc)
endforeach()
target_link_options(codec_keyring_test PRIVATE -Wl,--wrap=crypto_generichash)
msock_test(codec secrets msock_codec)
target_link_options(codec_secrets_test PRIVATE
    -Wl,--wrap=msock__base64_decode -Wl,--wrap=msock__keyfile_write
    -Wl,-z,now)
msock_test(codec rfc8259 msock_codec)
target_sources(codec_rfc8259_test PRIVATE support/rfc8259.c
    codec/rfc8259_accepted.c codec/rfc8259_refused.c)

# The scanner in all ways, over the seeds of the fuzz targets.
set(json_ways
    support/json_bytes.c support/json_ways.c support/json_words.c)
msock_test(codec json_ways msock_codec)
target_sources(codec_json_ways_test PRIVATE ${json_ways})
add_dependencies(codec_json_ways_test fuzz_seeds)

# What reads JSON of others as a tree does it with cJSON.
pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
msock_test(codec differential msock_codec PkgConfig::CJSON)
foreach(module vectors control_vectors key_vectors)
    msock_test(codec ${module} msock_codec PkgConfig::CJSON)
    target_sources(codec_${module}_test PRIVATE codec/vector_case.c)
endforeach()
set_source_files_properties(codec/vector_case.c PROPERTIES
    COMPILE_OPTIONS "-Wno-conversion;-Wno-sign-conversion")

# The committed vectors are what the independent encoder makes.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_test(NAME codec/make_vectors
    COMMAND ${Python3_EXECUTABLE}
        ${PROJECT_SOURCE_DIR}/tests/vectors/make_vectors.py --check)
set_tests_properties(codec/make_vectors PROPERTIES
    ENVIRONMENT PYTHONDONTWRITEBYTECODE=1)
