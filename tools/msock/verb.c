/* SPDX-License-Identifier: Apache-2.0 */
/* A verb as a table: its options and subverbs. */
#include "tools/msock/verb.h"

#include "tools/msock/config.h"
#include "tools/msock/json_out.h"

#include <assert.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_MAX = 64, WORDS_MAX = 64 };

/* What getopt_long() wants, made from the table. */
struct parser {
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 2];
    size_t long_count;
    size_t short_size;
};

static void add_option(const struct verb_option *option, void *user)
{
    struct parser *parser = user;

    if (option->name) {
        assert(parser->long_count < OPTIONS_MAX);
        parser->longs[parser->long_count] = (struct option){
            option->name, option->value ? required_argument : no_argument, NULL,
            option->id};
        parser->long_count++;
    }
    if (option->id < CLI_KEY_FILE) {
        assert(parser->short_size + 2 < sizeof(parser->shorts));
        parser->shorts[parser->short_size++] = (char)option->id;
        if (option->value) {
            parser->shorts[parser->short_size++] = ':';
        }
    }
}

static const struct verb_option *find_option(const struct verb *verb, int id)
{
    const struct verb_option *option = verb->options;

    for (; option && option->id != 0; option++) {
        if (option->id == id) {
            return option;
        }
    }
    return NULL;
}

static int tell_unknown(const struct verb *verb, const struct parser *parser,
                        int id, char **argv)
{
    const char *names[OPTIONS_MAX];

    for (size_t i = 0; i < parser->long_count; i++) {
        names[i] = parser->longs[i].name;
    }
    return cli_unknown_option(verb->name, id, argv, names, parser->long_count);
}

int verb_options(const struct verb *verb, int argc, char **argv,
                 struct cli_channel *names, verb_take *take, void *user,
                 bool *ended)
{
    struct parser parser = {.shorts = ":", .short_size = 1};
    int code = CLI_OK;

    assert(verb->channel == (names != NULL));
    verb_each_option(verb, add_option, &parser);
    opterr = 0;
    while (code == CLI_OK) {
        int id = getopt_long(argc, argv, parser.shorts, parser.longs, NULL);
        if (id == -1) {
            break;
        }
        const struct verb_option *option = find_option(verb, id);
        if (option) {
            code = take(user, id, option->value ? optarg : NULL);
        } else if (id == 'h') {
            *ended = true;
            return verb_print_help(verb);
        } else if (id == ':' || id == '?') {
            code = tell_unknown(verb, &parser, id, argv);
        } else {
            code = cli_channel_take(names, id, optarg);
        }
    }
    if (code == CLI_OK && names && !names->as_given) {
        code = config_apply(names);
    }
    *ended = code != CLI_OK;
    return code;
}

const char *verb_word(const struct verb *verb)
{
    const char *blank = strrchr(verb->name, ' ');

    return blank ? blank + 1 : verb->name;
}

const struct verb *verb_find(const struct verb *const *verbs, const char *word)
{
    for (; *verbs; verbs++) {
        if (strcmp(verb_word(*verbs), word) == 0) {
            return *verbs;
        }
    }
    return NULL;
}

int verb_unknown(const struct verb *const *verbs, const char *after,
                 const char *word)
{
    const char *words[WORDS_MAX];
    size_t count = 0;

    for (; verbs[count] && count < WORDS_MAX; count++) {
        words[count] = verb_word(verbs[count]);
    }
    const char *meant = msock_text_nearest(word, strlen(word), words, count);
    return cli_usage(
        "unknown %s %s%s%s%s%s; see msock %s%s", after[0] ? "word" : "verb",
        word, after[0] ? " after " : "", after, meant ? ", perhaps " : "",
        meant ? meant : "", after[0] ? after : "help", after[0] ? " -h" : "");
}

/* A verb that wants one of its words, and got none. */
static int tell_words(const struct verb *verb)
{
    struct cli_buffer words = {0};

    for (const struct verb *const *sub = verb->verbs; *sub; sub++) {
        json_out_format(&words, "%s%s", sub == verb->verbs ? "" : ", ",
                        verb_word(*sub));
    }
    json_out(&words, "", 1);
    int code = cli_usage("no word after %s: %s; see msock %s -h", verb->name,
                         words.failed ? "" : words.bytes, verb->name);
    free(words.bytes);
    return code;
}

int verb_run_sub(const struct verb *verb, int argc, char **argv)
{
    if (argc < 2) {
        return tell_words(verb);
    }
    if (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
        return verb_print_help(verb);
    }
    const struct verb *found = verb_find(verb->verbs, argv[1]);
    return found ? found->run(argc - 1, argv + 1)
                 : verb_unknown(verb->verbs, verb->name, argv[1]);
}

void verb_each_option(const struct verb *verb,
                      void (*each)(const struct verb_option *option,
                                   void *user),
                      void *user)
{
    static const struct verb_option help = {'h', "help", NULL, "this text",
                                            VERB_ANYTHING};
    const struct verb_option *option = verb->options;

    for (; option && option->id != 0; option++) {
        each(option, user);
    }
    for (option = cli_channel_options; verb->channel && option->id != 0;
         option++) {
        each(option, user);
    }
    each(&help, user);
}
