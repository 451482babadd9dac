# SPDX-License-Identifier: Apache-2.0
# The core's modules, with a logger that takes notes in place of transport/'s.
function(msock_core_test module)
    msock_test(core ${module} msock_core msock_codec ${ARGN})
    target_sources(core_${module}_test PRIVATE support/log_notes.c)
endfunction()

msock_core_test(topic)
msock_core_test(window)
msock_core_test(stats)
msock_core_test(fragment)
msock_core_test(options)

# The engine
msock_core_test(pace)
msock_core_test(outbox)
msock_core_test(engine msock_test_bench)
msock_core_test(log)
msock_core_test(timer)
msock_core_test(session)
msock_core_test(dispatch)
msock_core_test(engine_alloc msock_test_alloc msock_test_bench)
