/* SPDX-License-Identifier: Apache-2.0 */
/* msock key: a table of words about keys and key files. */
#include "tools/msock/key.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: msock key gen > FILE\n"
    "       msock key from-passphrase < TEXTS > FILE\n"
    "       msock key show FILE [--json] [--secret]\n"
    "       msock key id FILE\n"
    "       msock key rotate FILE [ID] [--switch [-c URL] [WHO]] [--force]\n"
    "       msock key retire FILE ID -c URL [WHO] [--timeout S] [--force]\n"
    "       msock key list FILE [-c URL] [WHO] [--json]\n"
    "       msock key push FILE [-c URL] --id-file F --trust-file F "
    "[--name ADMIN]\n"
    "                 (--all | --to NAME... | --except NAME...) [--force]\n"
    "                 [--timeout S] [--json]\n"
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
    "  push             give nodes the keys of FILE over the channel, each "
    "sealed\n"
    "                   to the node's own key of the trust file, until all "
    "say\n"
    "                   that they have them\n"
    "\n"
    "To exchange a key: rotate, push, rotate --switch, push, retire, push. "
    "Without\n"
    "identities, copy the file instead.\n"
    "\n"
    "  -c, --channel URL  the channel [$MSOCK_CHANNEL, else\n"
    "                     " MSOCK_DEFAULT_URL "]\n"
    "      --json         print one JSON object a line\n"
    "      --secret       show the keys themselves\n"
    "      --switch       the second step of rotate\n"
    "      --force        do it although something may be lost\n"
    "      --timeout S    wait so long for nodes, 1 to 3600 s [60]\n"
    "\n"
    "WHO says who counts, and who asks (not needed, as for push)\n"
    "      --trust-file F nodes whose keys vouch for their names there, no "
    "others\n"
    "      --id-file F    the identity of this node, called\n"
    "      --name ADMIN   there [host name]\n"
    "      --except NAME  as if this node were not there; again for more (not "
    "list)\n"
    "\n"
    "push also takes\n"
    "      --id-file F    an admin of the trust file\n"
    "      --trust-file F whose keys the boxes are sealed to\n"
    "      --all, --to NAME..., --except NAME...\n"
    "                     to everybody else there, to these, to all but these\n"
    "      --key-file F   the keys to speak with [FILE]\n"
    "  -h, --help         this text\n";

/* Options that a word takes, as bits. */
enum {
    TAKES_JSON = 1,
    TAKES_SECRET = 2,
    TAKES_SWITCH = 4,
    TAKES_FORCE = 8,
    TAKES_CHANNEL = 16,
    TAKES_PUSH = 32,
    TAKES_NODE = 64, /* an identity, and whom it trusts */
    TAKES_EXCEPT = 128,
    TAKES_KEY_FILE = 256,
    TAKES_TIMEOUT = 512
};

enum { TIMEOUT_S = 60, TIMEOUT_MAX_S = 3600, NAMES_MAX = 4097 };

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
    {"rotate", key_rotate,
     "rotate FILE [ID] [--switch [-c URL] [--except NAME] [--trust-file F]] "
     "[--force]",
     1, 2,
     TAKES_SWITCH | TAKES_FORCE | TAKES_CHANNEL | TAKES_EXCEPT | TAKES_NODE},
    {"retire", key_retire,
     "retire FILE ID -c URL [--except NAME] [--trust-file F] [--timeout S] "
     "[--force]",
     2, 2,
     TAKES_FORCE | TAKES_CHANNEL | TAKES_EXCEPT | TAKES_NODE | TAKES_TIMEOUT},
    {"list", key_list, "list FILE [-c URL] [--trust-file F] [--json]", 1, 1,
     TAKES_JSON | TAKES_CHANNEL | TAKES_NODE},
    {"push", key_push,
     "push FILE [-c URL] --id-file F --trust-file F [--name ADMIN] (--all | "
     "--to NAME... | --except NAME...)",
     1, NAMES_MAX,
     TAKES_JSON | TAKES_FORCE | TAKES_CHANNEL | TAKES_PUSH | TAKES_NODE |
         TAKES_EXCEPT | TAKES_KEY_FILE | TAKES_TIMEOUT},
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

/* Takes whom to push to.  Returns CLI_OK or CLI_USAGE. */
static int take_choice(struct key_call *call, int option)
{
    if (call->choice != 0 && call->choice != option) {
        return cli_usage("one of --all, --to and --except; see msock key -h");
    }
    call->choice = option;
    if (option != KEY_ALL) {
        call->names[call->name_count++] = optarg;
    }
    return CLI_OK;
}

static int take_timeout(struct key_call *call)
{
    char *end;
    unsigned long value = strtoul(optarg, &end, 10);

    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || value == 0 ||
        value > TIMEOUT_MAX_S) {
        return cli_usage("--timeout takes a number from 1 to %d, not %s",
                         TIMEOUT_MAX_S, optarg);
    }
    call->timeout_s = (unsigned)value;
    return CLI_OK;
}

/* Which words take an option, as a bit; 0: none does. */
static unsigned bit_of(int option)
{
    static const struct {
        int option;
        unsigned bit;
    } bits[] = {{KEY_JSON, TAKES_JSON},       {KEY_SECRET, TAKES_SECRET},
                {KEY_SWITCH, TAKES_SWITCH},   {'c', TAKES_CHANNEL},
                {KEY_FORCE, TAKES_FORCE},     {KEY_ALL, TAKES_PUSH},
                {KEY_TO, TAKES_PUSH},         {KEY_EXCEPT, TAKES_EXCEPT},
                {KEY_TIMEOUT, TAKES_TIMEOUT}, {CLI_KEY_FILE, TAKES_KEY_FILE},
                {CLI_NAME, TAKES_NODE},       {CLI_ID_FILE, TAKES_NODE},
                {CLI_TRUST_FILE, TAKES_NODE}};
    unsigned bit = 0;

    for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
        bit |= bits[i].option == option ? bits[i].bit : 0;
    }
    return bit;
}

/* Takes one option.  Returns CLI_OK, or CLI_USAGE after having told why. */
static int take_option(struct key_call *call, const struct word *word,
                       int option, char **argv)
{
    unsigned bit = bit_of(option);

    if (bit == 0) {
        return cli_unknown_option(option, argv);
    }
    if ((word->takes & bit) == 0) {
        return usage_of(word);
    }
    if (bit == TAKES_CHANNEL || bit == TAKES_NODE || bit == TAKES_KEY_FILE) {
        return cli_channel_option(&call->channel, option, argv);
    }
    if (bit == TAKES_TIMEOUT) {
        return take_timeout(call);
    }
    if (bit == TAKES_PUSH || bit == TAKES_EXCEPT) {
        return take_choice(call, option);
    }
    call->json |= bit == TAKES_JSON;
    call->secret |= bit == TAKES_SECRET;
    call->switches |= bit == TAKES_SWITCH;
    call->force |= bit == TAKES_FORCE;
    return CLI_OK;
}

/* Takes what is no option: a file, a key's id, more names.  Returns CLI_OK or
 * CLI_USAGE. */
static int take_words(struct key_call *call, const struct word *word,
                      char **names, int count)
{
    if (count < word->names_min || count > word->names_max) {
        return usage_of(word);
    }
    call->file = count > 0 ? names[0] : NULL;
    if ((word->takes & TAKES_PUSH) == 0) {
        call->id = count > 1 ? names[1] : "";
        return CLI_OK;
    }
    if (count > 1 && call->name_count == 0) {
        return usage_of(word);
    }
    for (int i = 1; i < count; i++) {
        call->names[call->name_count++] = names[i];
    }
    return CLI_OK;
}

/* Looks whether the options go together. */
static int check_call(const struct key_call *call, const struct word *word)
{
    if ((word->takes & TAKES_CHANNEL) != 0 &&
        cli_channel_says(&call->channel, "key_file")) {
        /* It would be stronger. */
        return cli_usage("the channel's URL names a key_file: take it out, "
                         "FILE says which keys are meant");
    }
    if (call->channel.name && !call->channel.id_file &&
        !cli_channel_says(&call->channel, "id_file")) {
        return cli_usage("--name goes with --id-file; see msock key -h");
    }
    return CLI_OK;
}

/* Takes the arguments behind a word.  Returns CLI_OK or CLI_USAGE. */
static int take_all(struct key_call *call, const struct word *word, int argc,
                    char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, KEY_JSON},
        {"secret", no_argument, NULL, KEY_SECRET},
        {"switch", no_argument, NULL, KEY_SWITCH},
        {"force", no_argument, NULL, KEY_FORCE},
        {"all", no_argument, NULL, KEY_ALL},
        {"to", required_argument, NULL, KEY_TO},
        {"except", required_argument, NULL, KEY_EXCEPT},
        {"timeout", required_argument, NULL, KEY_TIMEOUT},
        {"channel", required_argument, NULL, 'c'},
        {"key-file", required_argument, NULL, CLI_KEY_FILE},
        {"name", required_argument, NULL, CLI_NAME},
        {"id-file", required_argument, NULL, CLI_ID_FILE},
        {"trust-file", required_argument, NULL, CLI_TRUST_FILE},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, CLI_SHORT_OPTIONS, options,
                                 NULL)) != -1) {
        if (option == 'h') {
            call->help = true;
            return CLI_OK;
        }
        int code = take_option(call, word, option, argv);
        if (code != CLI_OK) {
            return code;
        }
    }
    return take_words(call, word, argv + optind, argc - optind);
}

/* Runs a word with the arguments behind it. */
static int run_word(const struct word *word, int argc, char **argv)
{
    struct key_call call = {.id = "", .timeout_s = TIMEOUT_S};

    call.names = calloc((size_t)argc, sizeof(*call.names));
    if (!call.names) {
        return cli_error("out of memory");
    }
    int code = take_all(&call, word, argc, argv);
    if (code == CLI_OK && call.help) {
        code = cli_print(help);
    } else if (code == CLI_OK) {
        code = check_call(&call, word);
        code = code == CLI_OK ? word->run(&call) : code;
    }
    free(call.names);
    return code;
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
    if (!word) {
        return cli_usage("unknown word %s after key; see msock key -h",
                         argv[1]);
    }
    argv[1] = argv[0]; /* whose help is told of */
    return run_word(word, argc - 1, argv + 1);
}
