# SPDX-License-Identifier: Apache-2.0
# The core's modules, with a logger that takes notes in place of transport/'s.
function(msock_core_test module)
    msock_test(core ${module} msock_core msock_codec ${ARGN})
    target_sources(core_${module}_test PRIVATE support/log_notes.c)
endfunction()

msock_core_test(topic)
msock_core_test(window)
msock_core_test(stats)
