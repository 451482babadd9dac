/* SPDX-License-Identifier: Apache-2.0 */
/* A house whose nodes have identities: what each may say, and that nobody else
 * can say it. */
#include "tests/support/id_home.h"
#include "tests/support/log_notes.h"
#include "tests/support/sim_node.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { NODES = 4, SECOND = 1000 };

static msock_sim *sim;
static struct sim_node hub, bulb7, lamp, hall;
static struct sim_node *const all[NODES] = {&hub, &bulb7, &lamp, &hall};

/* A hub that commands, a sensor, and two lamps that obey and say nothing. */
static void make_house(void)
{
    static const char *const names[NODES] = {"hub", "bulb7", "lamp", "hall"};
    static const char *const rights[NODES] = {
        "publish lights/# count keep admin", "publish sensors/bulb7", "", ""};

    id_home_make();
    for (int i = 0; i < NODES; i++) {
        id_home_node(names[i]);
        id_home_trust(i == 1 ? "sensors/bulb7" : names[i], names[i], rights[i]);
    }
    cr_assert(zero(int, msock_sim_open(&sim, "house", NULL)));
}

static void leave_house(void)
{
    for (int i = 0; i < NODES; i++) {
        msock_close(all[i]->channel, NULL, NULL);
    }
    msock_sim_close(sim);
    id_home_remove();
}

TestSuite(identity, .init = make_house, .fini = leave_house);

/* Opens all but the bulb, which may be stolen. */
static void open_the_others(void)
{
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    sim_node_open(&hall, "house", "hall", id_home_options("hall"));
}

static void open_all(void)
{
    open_the_others();
    sim_node_open(&bulb7, "house", "sensors/bulb7", id_home_options("bulb7"));
    msock_sim_run(sim, 3 * SECOND);
}

static uint64_t count(const struct sim_node *node, enum msock_counter counter)
{
    return msock_counter_get(node->channel, counter);
}

static void publish(struct sim_node *node, const char *topic, bool reliable)
{
    const msock_publish_options options = {.reliable = reliable};
    int code = msock_publish(node->channel, topic, "1", &options);

    cr_assert(zero(int, code));
    msock_sim_run(sim, SECOND);
}

Test(identity, those_who_may_are_heard_signed)
{
    open_all();

    publish(&hub, "lights/all/off", false);
    publish(&hub, "lights/all/on", true);
    publish(&bulb7, "sensors/bulb7", false);

    cr_expect(eq(sz, lamp.heard, 3));
    cr_expect(eq(sz, hall.heard, 3));
    cr_expect(eq(str, lamp.sender, (char *)"sensors/bulb7"));
    cr_expect(
        eq(int, (int)lamp.flags, MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_SIGNED));
    cr_expect(zero(u64, count(&lamp, MSOCK_DROP_SIGNATURE)));
    cr_expect(zero(u64, count(&lamp, MSOCK_DROP_RIGHTS)));
}

Test(identity, a_stolen_bulb_moves_no_lights_and_is_counted_at_each_node)
{
    open_all();

    publish(&bulb7, "lights/all/off", false);
    publish(&bulb7, "lights/all/off", true);

    cr_expect(zero(sz, hub.heard));
    cr_expect(zero(sz, lamp.heard));
    cr_expect(zero(sz, hall.heard));
    cr_expect(eq(u64, count(&hub, MSOCK_DROP_RIGHTS), 2));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 2));
    cr_expect(eq(u64, count(&hall, MSOCK_DROP_RIGHTS), 2));
}

Test(identity, a_stolen_bulb_is_nobody_as_sender_hub)
{
    msock_options thief = *id_home_options("bulb7");
    thief.trust_file = NULL;
    open_the_others();
    sim_node_open(&bulb7, "house", "hub", &thief);
    msock_sim_run(sim, 3 * SECOND);

    publish(&bulb7, "lights/all/off", false);
    publish(&bulb7, "lights/all/off", true);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(zero(sz, hall.heard));
    cr_expect(zero(sz, hub.heard));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_SIGNATURE), 1));
    cr_expect(ge(u64, count(&hall, MSOCK_DROP_SIGNATURE), 1));
    cr_expect(ge(u64, count(&hub, MSOCK_DROP_SIGNATURE), 1));
}

Test(identity, a_member_without_an_identity_cannot_take_a_name)
{
    open_the_others();
    sim_node_open(&bulb7, "house", "hub",
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);

    publish(&bulb7, "lights/all/off", false);
    publish(&bulb7, "lights/all/off", true);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(zero(sz, hall.heard));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_UNSIGNED), 1));
    cr_expect(ge(u64, count(&hall, MSOCK_DROP_UNSIGNED), 1));
}

Test(identity, a_guest_may_publish_what_the_star_says_alone)
{
    id_home_line("* - unsigned hello/+");
    open_the_others();
    sim_node_open(&bulb7, "house", "guest",
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);

    publish(&bulb7, "hello/world", true);
    publish(&bulb7, "lights/all/off", true);
    publish(&hub, "lights/all/off", true);

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
    cr_expect(eq(sz, bulb7.heard - bulb7.own, 1), "it listens as anybody");
}

Test(identity, what_may_be_unsigned_is_when_commands_alone_are_signed)
{
    id_home_distrust();
    id_home_trust("hub", "hub", "publish lights/# unsigned tick/#");
    id_home_trust("lamp", "lamp", "");
    msock_options options = *id_home_options("hub");
    options.sign = "commands";
    sim_node_open(&hub, "house", "hub", &options);
    sim_node_open(&lamp, "house", "lamp", id_home_options("lamp"));
    msock_sim_run(sim, 3 * SECOND);

    publish(&hub, "tick/1", false);
    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(int, (int)lamp.flags, MSOCK_MESSAGE_SEALED));
    publish(&hub, "lights/off", false);
    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(
        eq(int, (int)lamp.flags, MSOCK_MESSAGE_SEALED | MSOCK_MESSAGE_SIGNED));
}

Test(identity, a_message_in_pieces_is_signed_as_a_whole)
{
    static char text[100002];
    memset(text, '7', sizeof(text) - 1);
    open_all();

    for (int reliable = 0; reliable < 2; reliable++) {
        const msock_publish_options options = {.reliable = reliable != 0};
        text[1] = '.';
        cr_assert(zero(
            int, msock_publish(hub.channel, "lights/plan", "1", &options)));
        cr_assert(zero(int, msock_publish(hub.channel, "lights/picture", NULL,
                                          &(msock_publish_options){
                                              .raw = text,
                                              .raw_size = sizeof(text),
                                              .reliable = reliable != 0})));
        msock_sim_run(sim, 2 * SECOND);
        cr_expect(eq(sz, lamp.heard, 2 + 2 * (size_t)reliable));
        cr_expect(eq(sz, lamp.data_size, sizeof(text)));
        cr_expect(ne(int, (int)(lamp.flags & MSOCK_MESSAGE_SIGNED), 0));
    }
}

Test(identity, what_was_published_before_admission_is_looked_at_then)
{
    open_the_others();
    msock_sim_run(sim, 10);
    sim_node_open(&bulb7, "house", "sensors/bulb7", id_home_options("bulb7"));

    publish(&bulb7, "sensors/bulb7", false);
    publish(&bulb7, "lights/all/off", false);
    publish(&hub, "lights/all/off", false);
    msock_sim_run(sim, 3 * SECOND);

    cr_expect(eq(sz, lamp.heard, 2));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
    cr_expect(ne(int, (int)(lamp.flags & MSOCK_MESSAGE_SIGNED), 0));
}

Test(identity, who_has_no_trust_file_hears_all_and_takes_it_for_unsigned)
{
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    sim_node_open(&lamp, "house", "lamp",
                  &(msock_options){.key_file = "home.key"});
    msock_sim_run(sim, 3 * SECOND);

    publish(&hub, "lights/off", false);

    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(int, (int)lamp.flags, MSOCK_MESSAGE_SEALED));
}

/* What the lamp was told of the bulb. */
struct bulb_seen {
    bool up;         /* listed so */
    bool proved;     /* listed so */
    size_t proofs;   /* events UP with a proof */
    size_t guesses;  /* without */
    size_t farewell; /* events DOWN with a proof */
};

static void on_bulb_node(msock_channel *channel, const msock_node *node,
                         void *user)
{
    struct bulb_seen *seen = user;
    bool bulb = node->up && strcmp(node->name, "sensors/bulb7") == 0;
    (void)channel;
    seen->up = seen->up || bulb;
    seen->proved = seen->proved || (bulb && node->proved);
}

static void on_bulb_event(msock_channel *channel, const msock_event *event,
                          void *user)
{
    struct bulb_seen *seen = user;
    bool bulb = strcmp(event->node, "sensors/bulb7") == 0;
    (void)channel;
    seen->proofs += bulb && event->kind == MSOCK_EVENT_UP && event->proved;
    seen->guesses += bulb && event->kind == MSOCK_EVENT_UP && !event->proved;
    seen->farewell += bulb && event->kind == MSOCK_EVENT_DOWN && event->proved;
}

Test(identity, it_is_told_whether_a_name_is_proved)
{
    struct bulb_seen seen = {0};
    open_the_others();
    cr_assert(zero(int, msock_watch(lamp.channel, on_bulb_event, &seen)));
    sim_node_open(&bulb7, "house", "sensors/bulb7", id_home_options("bulb7"));
    msock_sim_run(sim, 3 * SECOND);

    (void)msock_nodes(lamp.channel, on_bulb_node, &seen);
    cr_expect(seen.up && seen.proved);
    cr_expect(eq(sz, seen.proofs, 1));

    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    cr_expect(eq(int, msock_keys_reload(lamp.channel), 1));
    msock_sim_run(sim, 20 * SECOND);
    seen.up = seen.proved = false;
    (void)msock_nodes(lamp.channel, on_bulb_node, &seen);
    cr_expect(seen.up && !seen.proved);
    cr_expect(eq(sz, seen.farewell, 1), "it went as whom it came");
    cr_expect(eq(sz, seen.guesses, 1));
}

Test(identity, a_revoked_name_ends_when_the_file_is_read_again)
{
    open_all();
    publish(&bulb7, "sensors/bulb7", true);
    cr_expect(eq(sz, lamp.heard, 1));

    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    id_home_trust("hub", "hub", "publish lights/#");
    cr_expect(eq(int, msock_keys_reload(lamp.channel), 1));
    cr_expect(zero(int, msock_keys_reload(lamp.channel)));
    uint64_t sessions = count(&lamp, MSOCK_SESSIONS);
    msock_sim_run(sim, 20 * SECOND);
    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS), sessions + 2),
              "bulb7 and hall are admitted anew, as nobody");
    cr_expect(zero(u64, count(&lamp, MSOCK_SESSIONS_EVICTED)));
    publish(&bulb7, "sensors/bulb7", true);
    cr_expect(eq(sz, lamp.heard, 1));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));

    publish(&hub, "lights/on", true);
    cr_expect(eq(sz, lamp.heard, 2));
}

Test(identity, a_key_file_that_cannot_be_used_saves_no_revoked_name)
{
    open_all();
    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    id_home_trust("hub", "hub", "publish lights/#");

    cr_assert(zero(int, rename("home.key", "away.key")));
    int code = msock_keys_reload(lamp.channel);
    cr_assert(zero(int, rename("away.key", "home.key")));
    msock_sim_run(sim, 20 * SECOND);
    publish(&bulb7, "sensors/bulb7", true);

    cr_expect(eq(int, code, MSOCK_EKEY));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "home.key"), NULL), "%s",
              msock_error_detail());
    cr_expect(zero(sz, lamp.heard));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
}

/* The key of the hub is another one from now on. */
static void change_hub(void)
{
    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    id_home_trust("hub", "hall", "publish lights/#");
    cr_expect(eq(int, msock_keys_reload(lamp.channel), 1));
}

Test(identity, another_key_for_a_name_ends_the_old_one)
{
    open_all();

    change_hub();
    publish(&hub, "lights/on", true);
    publish(&hub, "lights/on", false);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(ge(u64, count(&lamp, MSOCK_DROP_SIGNATURE), 2));
}

/* Publishes what waits 20 s for its moment. */
static void publish_ahead(void)
{
    const msock_publish_options options = {.after_ms = 20 * SECOND};

    cr_assert(
        zero(int, msock_publish(hub.channel, "lights/on", "1", &options)));
    msock_sim_run(sim, SECOND);
}

Test(identity, what_waits_for_its_moment_ends_with_its_key)
{
    open_all();
    publish_ahead();

    change_hub();
    msock_sim_run(sim, 30 * SECOND);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(eq(sz, hall.heard, 1));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_SCHEDULED), 1));
}

/* Has the lamp forget the hub, whose message waits. */
static void forget_hub(void)
{
    msock_options options = *id_home_options("lamp");
    options.sessions_max = 1;
    sim_node_open(&lamp, "house", "lamp", &options);
    sim_node_open(&hub, "house", "hub", id_home_options("hub"));
    msock_sim_run(sim, 3 * SECOND);
    publish_ahead();
    sim_node_close(&hub);
    msock_sim_run(sim, 3 * SECOND);
    sim_node_open(&hall, "house", "hall", id_home_options("hall"));
    msock_sim_run(sim, 3 * SECOND);
    cr_expect(eq(u64, count(&lamp, MSOCK_SESSIONS_EVICTED), 1));
}

Test(identity, what_waits_of_a_forgotten_session_comes)
{
    forget_hub();
    msock_sim_run(sim, 30 * SECOND);
    cr_expect(eq(sz, lamp.heard, 1));
}

Test(identity, what_waits_of_a_forgotten_session_needs_the_right_of_its_name)
{
    forget_hub();

    id_home_distrust();
    id_home_trust("lamp", "lamp", "");
    id_home_trust("hub", "hub", "");
    cr_expect(eq(int, msock_keys_reload(lamp.channel), 1));
    msock_sim_run(sim, 30 * SECOND);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
}

Test(identity, what_waits_of_a_forgotten_session_ends_with_its_key)
{
    forget_hub();

    change_hub();
    msock_sim_run(sim, 30 * SECOND);

    cr_expect(zero(sz, lamp.heard));
    cr_expect(eq(u64, count(&lamp, MSOCK_DROP_RIGHTS), 1));
}

Test(identity, a_bad_file_leaves_the_old_rights)
{
    open_all();

    id_home_line("nonsense");
    cr_expect(eq(int, msock_keys_reload(lamp.channel), MSOCK_EKEY));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "trust:5:"), NULL), "%s",
              msock_error_detail());
    publish(&hub, "lights/on", false);

    cr_expect(eq(sz, lamp.heard, 1));
}

Test(identity, a_node_is_told_what_nobody_with_its_trust_file_hears)
{
    msock_options options = *id_home_options("hub");
    options.logger = log_notes_logger();
    sim_node_open(&hub, "house", "hub", &options);

    log_notes_reset();
    publish(&hub, "lights/on", true);
    cr_expect(eq(str, (char *)log_notes_find("does not hear"), (char *)""));
    publish(&hub, "sensors/bulb7", true);
    publish(&hub, "sensors/bulb7", true);

    cr_expect(ne(ptr,
                 strstr(log_notes_find("does not hear"),
                        "\"sensors/bulb7\": its name has no such right"),
                 NULL));
}

/* What opening and checking say of an own entry. */
static int open_as(const char *name, const msock_options *options)
{
    msock_options named = *options;
    msock_channel *channel = NULL;
    named.name = name;
    int checked = msock_check("sim://house", &named);
    int opened = msock_open(&channel, "sim://house", &named);
    cr_expect(eq(int, checked, opened));
    msock_close(channel, NULL, NULL);
    return opened;
}

Test(identity, a_node_whose_own_entry_is_not_its_own_does_not_open)
{
    msock_options silent = *id_home_options("hub");
    silent.sign = "never";

    cr_expect(zero(int, open_as("hub", id_home_options("hub"))));
    cr_expect(zero(int, open_as("guest", id_home_options(NULL))));
    cr_expect(zero(int, open_as("guest", id_home_options("hub"))));
    cr_expect(eq(int, open_as("hub", id_home_options("lamp")), MSOCK_EKEY));
    cr_expect(ne(ptr, strstr(msock_error_detail(), "msock id show"), NULL));
    cr_expect(eq(int, open_as("hub", id_home_options(NULL)), MSOCK_EKEY));
    cr_expect(eq(int, open_as("hub", &silent), MSOCK_EKEY));
}

Test(identity, a_trust_file_that_others_may_write_is_refused)
{
    cr_assert(zero(int, chmod("trust", 0664)));
    cr_expect(eq(int, open_as("guest", id_home_options(NULL)), MSOCK_EACCESS));
    cr_assert(zero(int, chmod("trust", 0644)));
    cr_expect(zero(int, open_as("guest", id_home_options(NULL))));
    id_home_distrust();
    cr_expect(eq(int, open_as("guest", id_home_options(NULL)), MSOCK_EKEY));
}

Test(identity, an_open_channel_has_no_identities)
{
    msock_options options = *id_home_options("hub");
    options.key_file = NULL;
    cr_expect(eq(int, open_as("hub", &options), MSOCK_EOPTION));
    options.id_file = NULL;
    cr_expect(eq(int, open_as("hub", &options), MSOCK_EOPTION));
    options = (msock_options){.key_file = "home.key", .sign = "all"};
    cr_expect(eq(int, open_as("hub", &options), MSOCK_EOPTION));
    options.sign = "some";
    cr_expect(eq(int, open_as("hub", &options), MSOCK_EOPTION));
}
