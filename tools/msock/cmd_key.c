/* SPDX-License-Identifier: Apache-2.0 */
/* msock key: makes keys, and exchanges those of key files. */
#include "tools/msock/config.h"
#include "tools/msock/key.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdlib.h>

enum { TIMEOUT_S = 60, TIMEOUT_MAX_S = 3600, NAMES_MAX = 4097 };

/* A word, and what it takes beside its options. */
struct key_word {
    struct verb verb;
    int (*run)(const struct key_call *call);
    int names_min; /* what is no option: FILE, ID */
    int names_max;
    bool speaks; /* over a channel */
};

static int usage_of(const struct key_word *word)
{
    return cli_usage("usage: msock %s %s; see msock %s -h", word->verb.name,
                     word->verb.forms[0], word->verb.name);
}

/* Takes whom to push to.  Returns CLI_OK or CLI_USAGE. */
static int take_choice(struct key_call *call, int id, const char *name)
{
    if (call->choice != 0 && call->choice != id) {
        return cli_usage("one of --all, --to and --except; see msock key "
                         "push -h");
    }
    call->choice = id;
    if (id != KEY_ALL) {
        call->names[call->name_count++] = name;
    }
    return CLI_OK;
}

static int take_timeout(struct key_call *call, const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value == 0 ||
        value > TIMEOUT_MAX_S) {
        return cli_usage("--timeout takes a number from 1 to %d, not %s",
                         TIMEOUT_MAX_S, text);
    }
    call->timeout_s = (unsigned)value;
    return CLI_OK;
}

static int take(void *user, int id, const char *value)
{
    struct key_call *call = user;

    switch (id) {
    case KEY_JSON:
        call->json = true;
        return CLI_OK;
    case KEY_SECRET:
        call->secret = true;
        return CLI_OK;
    case KEY_SWITCH:
        call->switches = true;
        return CLI_OK;
    case KEY_FORCE:
        call->force = true;
        return CLI_OK;
    case KEY_ALL:
    case KEY_TO:
    case KEY_EXCEPT:
        return take_choice(call, id, value);
    case KEY_TIMEOUT:
        return take_timeout(call, value);
    default:
        return cli_channel_take(&call->channel, id, value);
    }
}

/* Takes what is no option: a file, a key's id, more names.  Returns CLI_OK or
 * CLI_USAGE. */
static int take_words(struct key_call *call, const struct key_word *word,
                      char **names, int count)
{
    if (count < word->names_min || count > word->names_max) {
        return usage_of(word);
    }
    call->file = count > 0 ? names[0] : NULL;
    if (word->names_max < NAMES_MAX) {
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
static int check_call(const struct key_call *call, const struct key_word *word)
{
    if (word->speaks && cli_channel_says(&call->channel, "key_file")) {
        /* It would be stronger. */
        return cli_usage("the channel's URL names a key_file: take it out, "
                         "FILE says which keys are meant");
    }
    if (call->channel.name && !call->channel.id_file &&
        !cli_channel_says(&call->channel, "id_file")) {
        return cli_usage("--name goes with --id-file; see msock %s -h",
                         word->verb.name);
    }
    return CLI_OK;
}

/* Takes the channel alone from the configuration: FILE says which keys are
 * meant, and who asks is said by options. */
static int find_channel(struct key_call *call, const struct key_word *word)
{
    struct cli_channel names = {.url = call->channel.url,
                                .context = call->channel.context};
    const struct verb_option *option = word->verb.options;

    while (option && option->id != 0 && option->id != 'c') {
        option++;
    }
    if (!option || option->id == 0) {
        return CLI_OK;
    }
    int code = config_apply(&names);
    call->channel.url = names.url;
    call->channel.resolved = names.resolved;
    return code;
}

/* Runs a word with the arguments behind it. */
static int run_word(const struct key_word *word, int argc, char **argv)
{
    struct key_call call = {.id = "", .timeout_s = TIMEOUT_S};
    bool ended = false;

    call.names = calloc((size_t)argc, sizeof(*call.names));
    if (!call.names) {
        return cli_error("out of memory");
    }
    int code = verb_options(&word->verb, argc, argv, NULL, take, &call, &ended);
    if (!ended) {
        code = take_words(&call, word, argv + optind, argc - optind);
    }
    if (!ended && code == CLI_OK) {
        code = find_channel(&call, word);
    }
    if (!ended && code == CLI_OK) {
        code = check_call(&call, word);
        code = code == CLI_OK ? word->run(&call) : code;
    }
    free(call.names);
    return code;
}

/* -- The words -- */

#define OPTIONS_CHANNEL                                                        \
    {'c', "channel", "URL",                                                    \
     "the channel [$MSOCK_CHANNEL, multisock-config(5), " MSOCK_DEFAULT_URL    \
     "]",                                                                      \
     VERB_ANYTHING},                                                           \
    {                                                                          \
        CLI_CONTEXT, "context", "NAME",                                        \
            "use the channel of this context of multisock-config(5)",          \
            VERB_CONTEXT                                                       \
    }
#define OPTION_JSON                                                            \
    {                                                                          \
        KEY_JSON, "json", NULL, "print one JSON object a line", VERB_ANYTHING  \
    }
#define OPTION_FORCE                                                           \
    {                                                                          \
        KEY_FORCE, "force", NULL, "do it although something may be lost",      \
            VERB_ANYTHING                                                      \
    }
#define OPTION_TIMEOUT                                                         \
    {                                                                          \
        KEY_TIMEOUT, "timeout", "S",                                           \
            "wait so long for nodes, 1 to 3600 s [60]", VERB_ANYTHING          \
    }
#define OPTION_EXCEPT                                                          \
    {                                                                          \
        KEY_EXCEPT, "except", "NAME",                                          \
            "as if this node were not there, a stolen one; again for more",    \
            VERB_ANYTHING                                                      \
    }
/* Who counts, and who asks. */
#define OPTIONS_WHO                                                            \
    {CLI_TRUST_FILE, "trust-file", "FILE",                                     \
     "only nodes whose keys vouch for their names there count", VERB_FILE},    \
        {CLI_ID_FILE, "id-file", "FILE", "the identity of this node",          \
         VERB_FILE},                                                           \
    {                                                                          \
        CLI_NAME, "name", "ADMIN", "what it is called there [host name]",      \
            VERB_ANYTHING                                                      \
    }

#define WORD(id)                                                               \
    static const struct key_word id;                                           \
    static int run_##id(int argc, char **argv)                                 \
    {                                                                          \
        return run_word(&id, argc, argv);                                      \
    }

WORD(gen)
static const char *const gen_forms[] = {"> FILE", NULL};
static const struct key_word gen = {
    .verb = {.name = "key gen",
             .summary = "print a new random key, a line of a key file",
             .forms = gen_forms,
             .text = "Prints a new random key, a line of a key file. Key files "
                     "that others may read are refused, so make one with\n\n"
                     " (umask 077; msock key gen > home.key)\n",
             .run = run_gen},
    .run = key_gen};

WORD(from_passphrase)
static const char *const from_forms[] = {"< TEXTS > FILE", NULL};
static const struct key_word from_passphrase = {
    .verb =
        {.name = "key from-passphrase",
         .summary = "print the key that belongs to a key string and a "
                    "passphrase",
         .forms = from_forms,
         .text =
             "Prints the key that belongs to the two lines of standard "
             "input, a key string and a passphrase; everywhere the same. On "
             "a terminal they are asked for, the passphrase twice and "
             "without being shown. Whoever records one frame can try "
             "passphrases, so make it a long one; under 8 bytes it is "
             "refused.",
         .run = run_from_passphrase},
    .run = key_from_passphrase};

WORD(show)
static const char *const show_forms[] = {"FILE [--json] [--secret]", NULL};
static const struct verb_option show_options[] = {
    OPTION_JSON,
    {KEY_SECRET, "secret", NULL, "show the keys themselves", VERB_ANYTHING},
    {0}};
static const struct key_word show = {
    .verb = {.name = "key show",
             .summary = "list the keys of FILE, the sealing one first",
             .forms = show_forms,
             .text = "Lists the keys of FILE: the id, which every frame "
                     "carries, whether it seals, and the comment.",
             .options = show_options,
             .run = run_show},
    .run = key_show,
    .names_min = 1,
    .names_max = 1};

WORD(id)
static const char *const id_forms[] = {"FILE", NULL};
static const struct key_word id = {
    .verb = {.name = "key id",
             .summary = "print the id of the key that seals",
             .forms = id_forms,
             .text = "Prints the id of the key of FILE that seals.",
             .run = run_id},
    .run = key_id,
    .names_min = 1,
    .names_max = 1};

WORD(rotate)
static const char *const rotate_forms[] = {
    "FILE [ID] [--switch [-c URL] [--except NAME] [--trust-file FILE]] "
    "[--force]",
    NULL};
static const struct verb_option rotate_options[] = {
    {KEY_SWITCH, "switch", NULL,
     "the second step: have the newest key, or ID, seal, if no node lacks it",
     VERB_ANYTHING},
    OPTIONS_CHANNEL,
    OPTION_EXCEPT,
    OPTIONS_WHO,
    OPTION_FORCE,
    {0}};
static const struct key_word rotate = {
    .verb = {.name = "key rotate",
             .summary = "add a new key; with --switch, have it seal",
             .forms = rotate_forms,
             .text =
                 "Adds a new key behind the others, with a comment of when, "
                 "and prints its id. Every node has to have it before the next "
                 "step, by push or a copy of the file.\n\n"
                 "With --switch the newest key, or ID, seals from now on. A "
                 "node without it would hear nothing of this one any more: "
                 "those of the channel are asked, and named if they lack it. "
                 "If nobody answers, nothing is done: the URL may be mistyped. "
                 "Without a channel, or to do it all the same: --force.",
             .options = rotate_options,
             .run = run_rotate},
    .run = key_rotate,
    .names_min = 1,
    .names_max = 2,
    .speaks = true};

WORD(retire)
static const char *const retire_forms[] = {
    "FILE ID -c URL [--except NAME] [--trust-file FILE] [--timeout S] "
    "[--force]",
    NULL};
static const struct verb_option retire_options[] = {
    OPTIONS_CHANNEL, OPTION_EXCEPT, OPTIONS_WHO,
    OPTION_TIMEOUT,  OPTION_FORCE,  {0}};
static const struct key_word retire = {
    .verb = {.name = "key retire",
             .summary = "take a key out that nobody seals with any more",
             .forms = retire_forms,
             .text =
                 "Takes a key out that does not seal: once no node that is up "
                 "seals with it, and when what was sent under it is too old to "
                 "be asked for again: 15 s later, or 5 s and the history_ms "
                 "that URL names, which all nodes of a channel have alike. "
                 "--force does not wait at all.\n\nWho still seals with it "
                 "after --timeout is named, and nothing is done. Nodes that "
                 "lack the key that seals are named, and nothing is done, nor "
                 "if nobody answers; those behind --except do not count. Only "
                 "with --force is no channel needed.",
             .options = retire_options,
             .run = run_retire},
    .run = key_retire,
    .names_min = 2,
    .names_max = 2,
    .speaks = true};

WORD(list)
static const char *const list_forms[] = {
    "FILE [-c URL] [--trust-file FILE] [--json]", NULL};
static const struct verb_option list_options[] = {
    OPTIONS_CHANNEL, OPTIONS_WHO, OPTION_JSON, {0}};
static const struct key_word list = {
    .verb = {.name = "key list",
             .summary = "say which nodes hold which keys of FILE",
             .forms = list_forms,
             .text =
                 "Says which nodes that are up hold and lack which keys of "
                 "FILE, and with which they seal. They are asked by challenges "
                 "under each of the keys, so whoever is listed has what it "
                 "holds, and that takes 8 s. With a --trust-file it is told, "
                 "too, whose name is proved (--json says so always, as "
                 "\"proved\"). A node that holds none of the keys cannot be "
                 "seen; how many frames were sealed with other keys is told.",
             .options = list_options,
             .run = run_list},
    .run = key_list,
    .names_min = 1,
    .names_max = 1,
    .speaks = true};

WORD(push)
static const char *const push_forms[] = {
    "FILE [-c URL] --id-file FILE --trust-file FILE [--name ADMIN] (--all | "
    "--to NAME... | --except NAME...)",
    NULL};
static const struct verb_option push_options[] = {
    OPTIONS_CHANNEL,
    {CLI_ID_FILE, "id-file", "FILE",
     "the identity of an admin of the trust file", VERB_FILE},
    {CLI_TRUST_FILE, "trust-file", "FILE", "whose keys the boxes are sealed to",
     VERB_FILE},
    {CLI_NAME, "name", "ADMIN", "what this node is called there [host name]",
     VERB_ANYTHING},
    {CLI_KEY_FILE, "key-file", "FILE", "the keys to speak with [FILE]",
     VERB_FILE},
    {KEY_ALL, "all", NULL, "to everybody else of the trust file",
     VERB_ANYTHING},
    {KEY_TO, "to", "NAME...", "to these", VERB_ANYTHING},
    {KEY_EXCEPT, "except", "NAME...", "to all but these", VERB_ANYTHING},
    OPTION_TIMEOUT,
    OPTION_FORCE,
    OPTION_JSON,
    {0}};
static const struct key_word push = {
    .verb = {.name = "key push",
             .summary = "give nodes the keys of FILE over the channel",
             .forms = push_forms,
             .text =
                 "Gives nodes the keys of FILE, in its order, over the channel:"
                 " each in a box that its node alone can open, in place of the "
                 "keys it has, in its key file too if it can write that (a "
                 "warning in its log says if not). They take keys from a node "
                 "with the right admin in their trust file: this one is called "
                 "--name, has the key of --id-file, and takes theirs from "
                 "--trust-file. It speaks with the keys of FILE, or those of "
                 "--key-file, and hears all of them.\n\nChosen are all others "
                 "of the trust file that have a key (--all), those that are "
                 "named (--to), or all but those (--except). They are pushed to"
                 " every 500 ms until each says that it has these keys and no "
                 "others, or until --timeout. Then the nodes are listed, with "
                 "--json as objects with \"node\" and \"state\", which is "
                 "\"has\", \"waits\" (it has others, and takes these from an "
                 "admin of its own trust file), \"lacks\" (without the first "
                 "key of FILE), \"silent\" (up, and did not say) or \"absent\" "
                 "(not up, without any of the keys, or without an id_file). If "
                 "one does not have them, the program ends with 1.\n\nKeys that"
                 " are only added cut off nobody, and are pushed to those that "
                 "are up. But if a node would come to seal with another key, or"
                 " lose one, while another chosen one is not known to have the "
                 "key that is to seal, nothing is pushed after 8 s of waiting, "
                 "except with --force.",
             .options = push_options,
             .run = run_push},
    .run = key_push,
    .names_min = 1,
    .names_max = NAMES_MAX,
    .speaks = true};

/* -- The verb -- */

static const struct verb *const verbs[] = {
    &gen.verb,    &from_passphrase.verb, &show.verb, &id.verb,
    &rotate.verb, &retire.verb,          &list.verb, &push.verb,
    NULL};

static int key(int argc, char **argv)
{
    return verb_run_sub(&verb_key, argc, argv);
}

static const char *const forms[] = {"WORD ...", NULL};

static const struct verb_section sections[] = {
    {"Exchanging a key",
     "To exchange a key without losing a message, with P for the words that"
     " say how to push and OLD for the id that msock key id tells at "
     "first:\n\n msock key rotate FILE\n msock key push FILE -c URL P\n "
     "msock key rotate FILE --switch -c URL --trust-file F\n msock key push"
     " FILE -c URL P\n msock key retire FILE OLD -c URL --trust-file F\n "
     "msock key push FILE -c URL P\n\nWithout identities, copy the file to "
     "every node in place of each push; when msock key list shows that "
     "nobody lacks the new key, go on."},
    {"Whose word counts",
     "Any member of a group may bear any name and say that it has a key, or"
     " not. So where there are identities, list, the switch and retire take"
     " a --trust-file, and count the nodes whose own keys vouch for their "
     "names there, under their signatures, and no others. They tell whom "
     "they did not count, and who of that file was not heard. --id-file and"
     " --name say who asks, as for push, and are not needed."},
    {0},
};

const struct verb verb_key = {
    .name = "key",
    .summary = "make and exchange keys",
    .forms = forms,
    .text =
        "Makes keys, and exchanges those of key files while their channels run."
        " A key file holds one to eight keys, one a line, with comments from # "
        "on. The first one seals what the channel sends, and all of them open "
        "what it receives. A channel reads its file again when it changes; a "
        "file that cannot be used is told on standard error (of a service, in "
        "its log), and the old keys stay. Several programs may change one file "
        "at the same time and lose nothing of each other's; an editor may, if "
        "it writes what it read before.",
    .sections = sections,
    .verbs = verbs,
    .run = key,
};
