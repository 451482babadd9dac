/* SPDX-License-Identifier: Apache-2.0 */
/* msock key: a table of words about keys and key files. */
#include "tools/msock/key.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: msock key gen > FILE\n"
    "       msock key from-passphrase < TEXTS > FILE\n"
    "       msock key show FILE [--json] [--secret]\n"
    "       msock key id FILE\n"
    "       msock key rotate FILE [ID] [--switch [-c URL]] [--force]\n"
    "       msock key retire FILE ID [-c URL] [--force]\n"
    "       msock key list FILE [-c URL] [--json]\n"
    "Makes keys, and exchanges those of a key file while its channels run. "
    "The\n"
    "first key of a file seals, all of them open; channels refuse a key file\n"
    "that others may read: (umask 077; msock key gen > home.key)\n"
    "\n"
    "  gen              print a new random key, a line of a key file\n"
    "  from-passphrase  print the key that belongs to the two lines of "
    "standard\n"
    "                   input, a key string and a passphrase\n"
    "  show             list the keys of FILE, the sealing one first\n"
    "  id               print the id of the key that seals\n"
    "  rotate           add a new key behind the others; with --switch, have "
    "the\n"
    "                   newest key (or ID) seal, if no node lacks it\n"
    "  retire           wait until no node seals with the key ID and nothing\n"
    "                   under it can be asked for again, and take it out\n"
    "  list             say which nodes hold which keys of FILE\n"
    "\n"
    "  -c, --channel URL  the channel [$MSOCK_CHANNEL, else\n"
    "                     " MSOCK_DEFAULT_URL "]\n"
    "      --json         print one JSON object a line\n"
    "      --secret       show the keys themselves\n"
    "      --switch       the second step of rotate\n"
    "      --force        do it although something may be lost\n"
    "  -h, --help         this text\n";

enum { KEY_JSON = CLI_OWN, KEY_SECRET, KEY_SWITCH, KEY_FORCE };

/* Options that a word takes, as bits. */
enum {
    TAKES_JSON = 1,
    TAKES_SECRET = 2,
    TAKES_SWITCH = 4,
    TAKES_FORCE = 8,
    TAKES_CHANNEL = 16
};

static const struct word {
    const char *name;
    int (*run)(const struct key_call *call);
    const char *usage;
    int names_min; /* what is no option: FILE, ID */
    int names_max;
    unsigned takes;
} words[] = {
    {"gen", key_gen, "gen > FILE", 0, 0, 0},
    {"from-passphrase", key_from_passphrase, "from-passphrase < TEXTS > FILE",
     0, 0, 0},
    {"show", key_show, "show FILE [--json] [--secret]", 1, 1,
     TAKES_JSON | TAKES_SECRET},
    {"id", key_id, "id FILE", 1, 1, 0},
    {"rotate", key_rotate, "rotate FILE [ID] [--switch [-c URL]] [--force]", 1,
     2, TAKES_SWITCH | TAKES_FORCE | TAKES_CHANNEL},
    {"retire", key_retire, "retire FILE ID [-c URL] [--force]", 2, 2,
     TAKES_FORCE | TAKES_CHANNEL},
    {"list", key_list, "list FILE [-c URL] [--json]", 1, 1,
     TAKES_JSON | TAKES_CHANNEL},
};
enum { WORD_COUNT = sizeof(words) / sizeof(words[0]) };

static const struct word *find_word(const char *name)
{
    for (int i = 0; i < WORD_COUNT; i++) {
        if (strcmp(name, words[i].name) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

static int usage_of(const struct word *word)
{
    return cli_usage("usage: msock key %s; see msock key -h", word->usage);
}

/* Takes one option.  Returns CLI_OK, or CLI_USAGE after having told why. */
static int take_option(struct key_call *call, const struct word *word,
                       int option, char **argv)
{
    static const struct {
        int option;
        unsigned bit;
    } bits[] = {{KEY_JSON, TAKES_JSON},
                {KEY_SECRET, TAKES_SECRET},
                {KEY_SWITCH, TAKES_SWITCH},
                {'c', TAKES_CHANNEL},
                {KEY_FORCE, TAKES_FORCE}};
    unsigned bit = 0;

    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        bit |= bits[i].option == option ? bits[i].bit : 0;
    }
    if (bit == 0) {
        return cli_unknown_option(option, argv);
    }
    if ((word->takes & bit) == 0) {
        return usage_of(word);
    }
    if (bit == TAKES_CHANNEL) {
        return cli_channel_option(&call->channel, option, argv);
    }
    call->json |= bit == TAKES_JSON;
    call->secret |= bit == TAKES_SECRET;
    call->switches |= bit == TAKES_SWITCH;
    call->force |= bit == TAKES_FORCE;
    return CLI_OK;
}

/* Runs a word with the arguments behind it. */
static int run_word(const struct word *word, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, KEY_JSON},
        {"secret", no_argument, NULL, KEY_SECRET},
        {"switch", no_argument, NULL, KEY_SWITCH},
        {"force", no_argument, NULL, KEY_FORCE},
        {"channel", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    struct key_call call = {.id = ""};
    int option;

    while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, options,
                                 NULL)) != -1) {
        int code = CLI_OK;
        if (option == 'h') {
            return cli_print(help);
        }
        code = take_option(&call, word, option, argv);
        if (code != CLI_OK) {
            return code;
        }
    }
    int names = argc - optind;
    if (names < word->names_min || names > word->names_max) {
        return usage_of(word);
    }
    call.file = names > 0 ? argv[optind] : NULL;
    call.id = names > 1 ? argv[optind + 1] : "";
    return word->run(&call);
}

int cmd_key(int argc, char **argv)
{
    if (argc < 2) {
        return cli_usage("no word after key, such as gen; see msock key -h");
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        return cli_print(help);
    }
    const struct word *word = find_word(argv[1]);
    return word ? run_word(word, argc - 1, argv + 1)
                : cli_usage("unknown word %s after key; see msock key -h",
                            argv[1]);
}
