# SPDX-License-Identifier: Apache-2.0
# The core's modules, with a logger that takes notes in place of transport/'s.
function(msock_core_test module)
    msock_test(core ${module} msock_core msock_codec ${ARGN})
    target_sources(core_${module}_test PRIVATE support/log_notes.c)
endfunction()

foreach(module topic window stats log timer session dispatch dispatch_model
        fragment options options_url)
    msock_core_test(${module})
endforeach()
msock_core_test(alloc msock_test_alloc)
msock_core_test(age)
foreach(module marks sync repair repair_loss repair_model response)
    msock_core_test(${module})
endforeach()
foreach(module repair repair_loss)
    target_sources(core_${module}_test PRIVATE core/repair_probe.c)
endforeach()
set_source_files_properties(core/repair_probe.c PROPERTIES
    COMPILE_OPTIONS "-Wno-conversion;-Wno-sign-conversion")
foreach(module history repair_bounds)
    msock_core_test(${module} msock_test_alloc)
endforeach()
foreach(module heap schedule copies sendtimes admission pending
        held answers)
    msock_core_test(${module} msock_test_alloc)
endforeach()

# The engine
msock_core_test(pace)
msock_core_test(outbox)
msock_core_test(post)
foreach(part engine engine_refuse engine_calls)
    msock_core_test(${part} msock_test_bench)
endforeach()
msock_core_test(engine_bounds msock_test_alloc msock_test_bench)
msock_core_test(engine_post msock_test_alloc msock_test_bench)
msock_core_test(engine_alloc msock_test_alloc msock_test_bench)
msock_core_test(vectors msock_test_bench PkgConfig::CJSON)
target_sources(core_vectors_test PRIVATE codec/vector_case.c)
foreach(part admission presence stream times)
    msock_core_test(engine_${part} msock_test_bench)
endforeach()
