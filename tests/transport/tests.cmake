# SPDX-License-Identifier: Apache-2.0
# The simulated network: its model alone, then with the whole library below it.
function(msock_sim_test module)
    msock_test(transport ${module} msock_transport msock_core msock_codec)
    target_sources(transport_${module}_test PRIVATE support/sim_node.c)
endfunction()
msock_sim_test(sim)
msock_sim_test(sim_alloc)
target_link_libraries(transport_sim_alloc_test PRIVATE msock_test_alloc)
foreach(module identity identity_alloc identity_order identity_thief
        identity_will state_rights)
    msock_sim_test(${module})
    target_sources(transport_${module}_test PRIVATE support/id_home.c)
endforeach()
target_link_libraries(transport_identity_alloc_test PRIVATE msock_test_alloc)
foreach(module push push_alloc)
    msock_sim_test(${module})
    target_sources(transport_${module}_test PRIVATE support/id_home.c
        support/push_house.c)
endforeach()
target_link_libraries(transport_push_alloc_test PRIVATE msock_test_alloc)
foreach(module push identity state_rights)
    target_sources(transport_${module}_test PRIVATE support/log_notes.c)
    target_link_options(transport_${module}_test PRIVATE
        LINKER:--wrap=msock_log)
endforeach()
msock_sim_test(sim_confirm)
msock_sim_test(sim_confirm_state)
msock_sim_test(sim_faults)
msock_sim_test(sim_flow)
msock_sim_test(sim_host)
msock_sim_test(sim_keys)
msock_sim_test(sim_life)
msock_sim_test(sim_model)
msock_sim_test(sim_real)
msock_sim_test(sim_seed)
foreach(module sim_newcomer sim_states)
    msock_sim_test(${module})
    target_sources(transport_${module}_test PRIVATE support/state_house.c)
    set_tests_properties(transport/${module} PROPERTIES TIMEOUT 600)
endforeach()
msock_sim_test(embedding)

# Criterion does not run under ThreadSanitizer: programs of their own.
foreach(module sim_race loop_race post_race identity_race)
    add_executable(transport_${module}_test transport/${module}_test.c)
    msock_target(transport_${module}_test)
    target_link_libraries(transport_${module}_test PRIVATE msock_transport
        msock_core msock_codec PkgConfig::UV PkgConfig::SODIUM
        Threads::Threads)
    add_test(NAME transport/${module} COMMAND transport_${module}_test)
endforeach()
target_sources(transport_identity_race_test PRIVATE support/id_home.c)
target_include_directories(transport_identity_race_test
    PRIVATE ${PROJECT_SOURCE_DIR})

# Real sockets, in network namespaces that the tests make.
function(msock_net_test module)
    msock_test(transport ${module} msock_transport msock_core msock_codec)
    target_sources(transport_${module}_test PRIVATE support/netns.c)
endfunction()
foreach(module loop loop_close loop_turn)
    msock_net_test(${module})
    target_sources(transport_${module}_test PRIVATE support/recorder.c)
endforeach()
msock_net_test(netif)
msock_net_test(multicast_guard)
foreach(module arrival fanout keywatch peers silence train)
    msock_test(transport ${module} msock_transport msock_core msock_codec)
endforeach()
msock_net_test(logger)
msock_net_test(open)
msock_net_test(open_check)
target_sources(transport_open_check_test PRIVATE support/sim_node.c)
foreach(module multicast multicast_iface multicast_change multicast_peer
        multicast_train)
    msock_net_test(${module})
    target_sources(transport_${module}_test PRIVATE
        support/net_node.c support/log_notes.c)
    target_link_options(transport_${module}_test PRIVATE
        LINKER:--wrap=msock_log)
endforeach()
msock_net_test(open_alloc)
target_link_libraries(transport_open_alloc_test PRIVATE msock_test_alloc)
msock_net_test(cycles)
target_sources(transport_cycles_test PRIVATE support/sim_node.c)
# What waits in malloc's thread cache counts as in use.
set_property(TEST transport/cycles APPEND PROPERTY
    ENVIRONMENT GLIBC_TUNABLES=glibc.malloc.tcache_count=0)
