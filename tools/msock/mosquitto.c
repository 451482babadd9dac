/* SPDX-License-Identifier: Apache-2.0 */
/* What mosquitto's options are here. */
#include "tools/msock/mosquitto.h"

#include <string.h>

struct hint {
    char letter;
    const char *name; /* long, without the dashes; "": it has none */
    const char *text;
};

/* Those that this program has not, or not with all of its verbs. */
static const struct hint hints[] = {
    {'r', "retain",
     "--state makes DATA the state of its topic, which later "
     "subscribers are told as well"},
    {'q', "qos", "-q is --quiet; --reliable delivers once and in order"},
    {'h', "host",
     "-h is --help; there is no broker, and -c URL names the "
     "channel"},
    {'p', "port",
     "there is no broker; -c URL names the channel, with its "
     "port"},
    {'L', "url", "-c URL names the channel, and -t the topic"},
    {'i', "id", "--name NAME names this node"},
    {'I', "id-prefix", "--name NAME names this node"},
    {'A', "", "iface=NAME in the channel's URL names the interface"},
    {'u', "username",
     "--key-file names the key that a channel's members have, "
     "and --id-file who this one is"},
    {'P', "pw", "--key-file names the key that a channel's members have"},
    {'e', "", "a request has a topic of its own for replies; leave it away"},
    {'E', "", "msock sub says nothing of when it listens; -W ends it"},
    {'U', "unsubscribe", "-T FILTER leaves out what matches"},
    {'d', "debug", "what goes wrong is told without being asked for"},
    {'k', "keepalive", "there is no connection to keep"},
    {'V', "protocol-version", "there is one version of the protocol"},
    {'D', "property", "there are no properties; see --type and --expires"},
    {'M', "max-inflight",
     "pace= in the channel's URL says how fast reliable "
     "messages go"},
    {'S', "", "there is no broker to look for"},
    {'\0', "cafile", "--key-file names a key; there is no TLS"},
    {'\0', "cert", "--key-file names a key; there is no TLS"},
    {'\0', "key", "--key-file names a key; there is no TLS"},
    {'\0', "will-topic", "will_topic= and will= in the channel's URL"},
    {'\0', "retained-only", "-F %r tells which ones are; -R leaves them out"},
    {'\0', "remove-retained", "msock pub --clear TOPIC does that"},
};

/* What is looked for among a verb's options. */
struct wanted {
    char letter;
    const char *name;
    size_t size; /* of the name */
    bool found;
    bool has_value;
};

static void look(const struct verb_option *option, void *user)
{
    struct wanted *wanted = user;
    bool same = wanted->name
                    ? option->name &&
                          strncmp(option->name, wanted->name, wanted->size) == 0
                    : option->id == wanted->letter;

    if (same && !wanted->found) {
        wanted->found = true;
        wanted->has_value = option->value != NULL;
    }
}

static int tell(const struct hint *hint, const char *word)
{
    /* Not what stands behind =, which may be a password. */
    return cli_usage("%.*s is mosquitto's; here %s", (int)strcspn(word, "="),
                     word, hint->text);
}

static int tell_letter(char letter)
{
    const char word[] = {'-', letter, '\0'};

    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (letter != '\0' && hints[i].letter == letter) {
            return tell(&hints[i], word);
        }
    }
    return CLI_OK; /* who reads the options tells it */
}

/* The hint for a long name, or NULL. */
static const struct hint *find_name(const char *name, size_t size)
{
    for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
        if (size > 0 && strlen(hints[i].name) == size &&
            strncmp(hints[i].name, name, size) == 0) {
            return &hints[i];
        }
    }
    return NULL;
}

/* Looks at an argument that begins with one dash.  Sets *skip if the next one
 * is its value. */
static int check_letters(const struct verb *verb, const char *word, bool *skip)
{
    for (const char *at = word + 1; *at != '\0'; at++) {
        struct wanted wanted = {.letter = *at};
        verb_each_option(verb, look, &wanted);
        if (!wanted.found) {
            return tell_letter(*at);
        }
        if (wanted.has_value) {
            *skip = at[1] == '\0';
            break;
        }
    }
    return CLI_OK;
}

/* The same for two dashes. What mosquitto calls so is no abbreviation of ours.
 */
static int check_name(const struct verb *verb, const char *word,
                      const char *next, bool *skip)
{
    const char *name = word + 2;
    size_t size = strcspn(name, "=");
    const struct hint *hint = find_name(name, size);
    struct wanted wanted = {.name = name, .size = size};

    if (hint) {
        const char *value = name[size] == '=' ? name + size + 1 : next;
        int code = value ? cli_check_file(hint->name, value) : CLI_OK;
        return code == CLI_OK ? tell(hint, word) : code;
    }
    verb_each_option(verb, look, &wanted);
    *skip = wanted.found && wanted.has_value && name[size] == '\0';
    return CLI_OK;
}

/* -q and -h have values there, behind them or the next word, and none here. */
static int check_value(const char *word, const char *next)
{
    bool letter = word[1] == 'q' || word[1] == 'h';
    const char *value = word[2] != '\0' ? word + 2 : next;

    if (!letter || !value) {
        return CLI_OK;
    }
    if (word[1] == 'q') {
        return strlen(value) == 1 && strchr("012", *value) ? tell_letter('q')
                                                           : CLI_OK;
    }
    return value[0] != '-' ? tell_letter('h') : CLI_OK;
}

int mosquitto_check(const struct verb *verb, int argc, char **argv)
{
    int code = CLI_OK;

    for (int i = 1; i < argc && code == CLI_OK; i++) {
        const char *word = argv[i];
        bool skip = false;
        if (word[0] != '-' || word[1] == '\0') {
            continue;
        }
        if (strcmp(word, "--") == 0) {
            break;
        }
        code = check_value(word, argv[i + 1]);
        if (code == CLI_OK) {
            code = word[1] == '-' ? check_name(verb, word, argv[i + 1], &skip)
                                  : check_letters(verb, word, &skip);
        }
        i += skip;
    }
    return code;
}
