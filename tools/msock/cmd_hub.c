/* SPDX-License-Identifier: Apache-2.0 */
/* msock hub: plugins and a view of the house, as a service. Signals set flags
 * and end the loop's turn; what they ask for is done between two turns. */
#include "tools/msock/hub.h"
#include "tools/msock/hub_notify.h"

#include <getopt.h>
#include <signal.h>
#include <string.h>

#define DEFAULT_FILE "/etc/multisock/hub.json"

static const char help[] =
    "usage: msock hub [--config FILE] [--test-config]\n"
    "Runs plugins on a channel and keeps what nodes last reported, in the\n"
    "foreground, until SIGTERM: as a service manager wants it. SIGHUP reads\n"
    "the configuration and the plugins' files again, SIGUSR1 writes the "
    "status\n"
    "file. The log goes to standard error.\n"
    "      --config FILE  the configuration, see multisock-hub(5)\n"
    "                     [" DEFAULT_FILE "]\n"
    "  -t, --test-config  check it with all that it names, and end\n"
    "  -h, --help         this text\n";

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
    struct hub_problems problems = {0};
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

int cmd_hub(int argc, char **argv)
{
    enum { CONFIG = CLI_OWN };
    static const struct option options[] = {
        {"config", required_argument, NULL, CONFIG},
        {"test-config", no_argument, NULL, 't'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *file = DEFAULT_FILE;
    bool test = false;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":th", options, NULL)) != -1) {
        switch (option) {
        case CONFIG:
            file = optarg;
            break;
        case 't':
            test = true;
            break;
        case 'h':
            return cli_print(help);
        default:
            return cli_unknown_option(option, argv);
        }
    }
    if (optind < argc) {
        return cli_usage("unknown word %s; see msock hub -h", argv[optind]);
    }
    return test ? test_config(file) : run(file);
}
