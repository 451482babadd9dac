# SPDX-License-Identifier: Apache-2.0
# The simulator: production engines on a bad network in virtual time.
add_library(msock_sim_world OBJECT
    sim/attacker.c sim/bounds.c sim/crowd.c sim/disguise.c sim/ledger.c
    sim/ledger_check.c sim/nonces.c sim/orders.c sim/questions.c sim/report.c
    sim/roster_check.c sim/runner.c sim/scenario.c sim/shared.c sim/states.c
    sim/story.c sim/traffic.c sim/trouble.c sim/wills.c sim/wire.c sim/world.c)
msock_target(msock_sim_world)
target_include_directories(msock_sim_world PRIVATE
    ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)

# sim_program(NAME SOURCE...): msock-sim, or one like it.
function(sim_program name)
    add_executable(${name} sim/main.c ${ARGN})
    msock_target(${name})
    target_include_directories(${name} PRIVATE
        ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
    target_link_libraries(${name} PRIVATE msock_sim_world msock_transport
        msock_core msock_codec PkgConfig::UV PkgConfig::SODIUM
        Threads::Threads)
endfunction()
sim_program(msock-sim)

# sim_canary(NAME FOUND FUNCTION...): an engine that was broken on purpose,
# functions replaced by those of canary.c, is found out within 100 seeds, with
# these words.
function(sim_canary name found)
    sim_program(msock-sim-canary-${name} sim/canary.c)
    foreach(function ${ARGN})
        target_link_options(msock-sim-canary-${name} PRIVATE
            LINKER:--wrap=msock__${function})
    endforeach()
    add_test(NAME sim/canary_${name}
        COMMAND msock-sim-canary-${name} --count 100)
    set_tests_properties(sim/canary_${name} PROPERTIES
        PASS_REGULAR_EXPRESSION ${found} TIMEOUT 300)
endfunction()
sim_canary(window "heard .* twice" window_check window_mark)
sim_canary(floor "before it was opened" sendtimes_floor)
sim_canary(nonce "before it was opened|twice|for living" control_floor)
sim_canary(late "ms after it had left" age_of)
sim_canary(mute "did not hear" repair_asks)
sim_canary(who "does not know what" engine_query_heard)
sim_canary(loss "told of no loss" engine_event)
sim_canary(will "a second time" engine_will_speak)
sim_canary(words "did not hear the will" roster_take)
sim_canary(deeds "is said to have acted" acts_did)
sim_canary(answers "was silent, and ran it" acts_asked)
sim_canary(asking "asks about" confirms_asked)
sim_canary(deaf "said is not told" requests_find)
sim_canary(greedy "replies came, and it ends" request_count)
sim_canary(stutter "is told a second time" engine_reply_heard)

# Fewer where each takes five times as long.
set(sim_seeds 200)
if(MSOCK_SANITIZE)
    set(sim_seeds 50)
endif()
add_test(NAME sim/seeds COMMAND Python3::Interpreter -B
    ${CMAKE_CURRENT_SOURCE_DIR}/sim/seeds_test.py $<TARGET_FILE:msock-sim>
    ${PROJECT_SOURCE_DIR} ${sim_seeds})

# Promises by name, and figures, in worlds made by hand.
function(msock_sim_story_test module)
    msock_test(sim ${module} msock_sim_world msock_transport msock_core
        msock_codec)
endfunction()
msock_sim_story_test(promises)
msock_sim_story_test(figures)
msock_sim_story_test(crowd)
msock_sim_story_test(world)
# 200 nodes are much work for a sanitizer on a busy machine.
set_tests_properties(sim/figures sim/crowd sim/seeds PROPERTIES TIMEOUT 600)
