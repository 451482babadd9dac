/* SPDX-License-Identifier: Apache-2.0 */
/* msock hub: plugins and a view of the house, as a service. Signals set flags
 * and end the loop's turn; what they ask for is done between two turns. */
#include "tools/msock/hub.h"
#include "tools/msock/hub_notify.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

#define DEFAULT_FILE "/etc/multisock/hub.json"

static volatile sig_atomic_t stop_wanted;
static volatile sig_atomic_t reload_wanted;
static volatile sig_atomic_t report_wanted;
static msock_channel *volatile signal_channel; /* that a signal wakes */

static void on_signal(int number)
{
    msock_channel *channel = signal_channel;

    if (number == SIGHUP) {
        reload_wanted = 1;
    } else if (number == SIGUSR1) {
        report_wanted = 1;
    } else {
        stop_wanted = 1;
    }
    if (channel) {
        msock_stop(channel);
    }
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    action.sa_handler = SIG_IGN; /* a reader of the log that went away */
    sigaction(SIGPIPE, &action, NULL);
    action.sa_handler = SIG_DFL; /* ignored by a parent, children leave none */
    sigaction(SIGCHLD, &action, NULL);
}

/* Turns the loop until a signal ends it.  Returns an exit code. */
static int serve(struct hub *hub)
{
    int code = 0;

    /* A signal that comes behind these looks ends the next turn at once. */
    while (!stop_wanted && code == 0) {
        if (reload_wanted) {
            reload_wanted = 0;
            hub_reload(hub);
        }
        if (report_wanted) {
            report_wanted = 0;
            hub_report(hub);
        }
        code = msock_run(hub->channel);
    }
    if (code < 0) {
        msock_log(hub->logger, MSOCK_FATAL, "the channel ended: %s",
                  msock_error_detail());
        return CLI_FAILURE;
    }
    return CLI_OK;
}

static int run(const char *file)
{
    static struct hub hub; /* too large for a stack to be sure of */

    catch_signals();
    hub_notify_init();
    int code = hub_open(&hub, file);
    if (code == CLI_OK) {
        signal_channel = hub.channel;
        code = serve(&hub);
        signal_channel = NULL;
    }
    hub_close(&hub);
    return code;
}

/* What a configuration without problems means for who may speak. */
static const char *verdict(const struct hub_config *config, bool awaited)
{
    if (awaited) {
        return "configuration ok, if the service manager loads the key as the "
               "credential \"key\"\n";
    }
    return hub_config_has_key(config)
               ? "configuration ok\n"
               : "configuration ok, with an open channel: \"key_file\" is "
                 "null, anybody may speak\n";
}

static int test_config(const char *file)
{
    struct hub_config config;
    struct problems problems = {0};
    bool awaited = false;

    hub_config_read(&config, file, &problems);
    if (config.whole) {
        awaited = hub_config_await_key(&config);
        hub_config_check(&config, HUB_TESTS, awaited, &problems);
    }
    int code =
        problems.count > 0 ? CLI_CONFIG : cli_print(verdict(&config, awaited));
    hub_config_fini(&config);
    return code;
}

enum { CONFIG = CLI_OWN };

struct call {
    const char *file;
    bool test;
};

static int take(void *user, int id, const char *value)
{
    struct call *call = user;

    if (id == CONFIG) {
        call->file = value;
    } else {
        call->test = true;
    }
    return CLI_OK;
}

static int hub(int argc, char **argv)
{
    struct call call = {.file = DEFAULT_FILE};
    bool ended = false;
    int code = verb_options(&verb_hub, argc, argv, NULL, take, &call, &ended);

    if (ended) {
        return code;
    }
    if (optind < argc) {
        return cli_usage("unknown word %s; see msock hub -h", argv[optind]);
    }
    return call.test ? test_config(call.file) : run(call.file);
}

static const char *const forms[] = {"[--config FILE] [--test-config]", NULL};

static const struct verb_option options[] = {
    {CONFIG, "config", "FILE",
     "the configuration, see multisock-hub(5) [" DEFAULT_FILE "]", VERB_FILE},
    {'t', "test-config", NULL, "check it with all that it names, and end",
     VERB_ANYTHING},
    {0},
};

static const struct verb_section sections[] = {
    {"Environment",
     "CREDENTIALS_DIRECTORY is where the file key is looked for if the "
     "configuration names none."},
    {"Exit status",
     "0 after SIGTERM; 1 when something failed; 2 for a wrong command line; 78 "
     "when the configuration, or something that it names, is wrong: to start "
     "it again is vain."},
    {0},
};

const struct verb verb_hub = {
    .name = "hub",
    .summary = "run plugins as a service",
    .forms = forms,
    .text =
        "Runs plugins on a channel and keeps what nodes last reported, in the "
        "foreground, until SIGTERM: as a service manager wants it. SIGHUP "
        "reads the configuration and the plugins' files again, SIGUSR1 writes "
        "the status file. The log goes to standard error.",
    .options = options,
    .sections = sections,
    .run = hub,
};
