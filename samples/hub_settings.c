/* SPDX-License-Identifier: Apache-2.0 */
/* How a hub was called. */
#include "samples/hub_settings.h"

#include "samples/hub_command.h"
#include "samples/hub_nodes.h"
#include "samples/say.h"

#include <stdlib.h>

static int usage(bool asked, int status)
{
    show_help("usage: hub [--name NAME] [--key-file FILE] [-c CHANNEL]\n"
              "           [--plugins DIR] [--load NAME[=JSON]]...\n"
              "           [--expect NODES] [--wait SECONDS] [COMMAND...]\n"
              "Commands, quoted as one argument each, or lines of standard "
              "input:\n",
              asked);
    show_help(hub_command_help, asked);
    show_help(
        "Orders are confirmed: who has not answered after --wait seconds\n"
        "[1] is silent. For so long a hub that was just started waits for\n"
        "nodes, with --expect only until so many are there, and fewer are a\n"
        "failure, as who is silent or refuses (exit 1). Arguments wait for\n"
        "each other, lines do not. SIGHUP reloads the plugins.\n"
        "A node is up; left, with a bye; down, when it fell silent; gone, if\n"
        "it was never heard, but others tell of its lights (msock pub\n"
        "--clear NODE/lights/state forgets those).\n"
        "Without -c and --key-file, $MSOCK_CHANNEL and $MSOCK_KEY_FILE name\n"
        "them; without a key the channel is open to anybody.\n",
        asked);
    return status;
}

/* Tells what is wrong with the command line.  Returns -1. */
static int refuse(const char *what, const char *value)
{
    complain("hub: %s%s; see hub --help", what, value);
    return -1;
}

/* Reads a number of least..most.  Returns it, or -1. */
static double parse_number(const char *text, double least, double most)
{
    char *end;
    double value = strtod(text, &end);
    bool valid = end != text && *end == '\0' && value >= least;
    return valid && value <= most ? value : -1;
}

static int take_expect(struct hub_settings *settings, const char *value)
{
    double count = parse_number(value, 1, HUB_NODES_MAX);
    if (count < 0 || count != (double)(unsigned)count) {
        return refuse("--expect wants a number from 1 to 256, not ", value);
    }
    settings->expect = (unsigned)count;
    return 0;
}

static int take_wait(struct hub_settings *settings, const char *value)
{
    double seconds = parse_number(value, 0.001, 600);
    if (seconds < 0) {
        return refuse("--wait wants 0.001 to 600 seconds, not ", value);
    }
    settings->wait_ms = (unsigned)(1000 * seconds);
    return 0;
}

/* Takes one option.  Returns 0, or -1 if it is not valid, having told why. */
static int take(struct hub_settings *settings, int letter, char *value)
{
    switch (letter) {
    case 'p':
        settings->plugins = value;
        return 0;
    case 'l':
        if (settings->load_count == HUB_LOADS_MAX) {
            return refuse("too many plugins: --load ", value);
        }
        settings->loads[settings->load_count++] = value;
        return 0;
    case 'e':
        return take_expect(settings, value);
    case 'w':
        return take_wait(settings, value);
    default: /* it was told */
        return -1;
    }
}

/* Looks at the commands before anything is joined.  Returns whether all are
 * understood. */
static bool check_commands(const struct hub_settings *settings)
{
    for (int i = 0; i < settings->word_count; i++) {
        struct hub_command command;
        if (hub_command_parse(&command, settings->words[i]) < 0) {
            complain("hub: not understood: %s", settings->words[i]);
            show_help(hub_command_help, false);
            return false;
        }
    }
    return true;
}

int hub_settings_read(struct hub_settings *settings, int argc, char **argv)
{
    static const struct option more[] = {
        {"plugins", required_argument, NULL, 'p'},
        {"load", required_argument, NULL, 'l'},
        {"expect", required_argument, NULL, 'e'},
        {"wait", required_argument, NULL, 'w'},
        {0}};
    int letter;

    while ((letter = surroundings_next(&settings->at, argc, argv, more)) !=
           -1) {
        if (letter == 'h') {
            return usage(true, 0);
        }
        if (take(settings, letter, optarg) < 0) {
            return 2;
        }
    }
    if (!surroundings_complete(&settings->at, "hub")) {
        return 2;
    }
    settings->words = argv + optind;
    settings->word_count = argc - optind;
    return check_commands(settings) ? -1 : 2;
}
