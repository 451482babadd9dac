/* SPDX-License-Identifier: Apache-2.0 */
/* What one may tell a hub. */
#include "samples/hub_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 3, WORD_SIZE = MSOCK_NAME_MAX + 1, DIGITS_MAX = 9 };

const char hub_command_help[] =
    "  lights on|off        everybody's lights; also: all lights on|off\n"
    "  NODE lights on|off   the lights of one node\n"
    "  [NODE] lights 40     how bright: 0 to what their LEDs can\n"
    "  status, nodes        a table: who is there, and their lights\n"
    "  watch                the same, as it changes, until the next line\n"
    "  help, quit\n";

/* Splits a line at blanks.  Returns the number of words, or -1: too many, or
 * one is too long. */
static int split(const char *line, char words[static WORDS_MAX][WORD_SIZE])
{
    static const char blanks[] = " \t\r\n";
    int count = 0;

    for (;;) {
        line += strspn(line, blanks);
        size_t size = strcspn(line, blanks);
        if (size == 0) {
            return count;
        }
        if (count == WORDS_MAX || size >= WORD_SIZE) {
            return -1;
        }
        memcpy(words[count], line, size);
        words[count][size] = '\0';
        count++;
        line += size;
    }
}

static int parse_word(struct hub_command *command, const char *word)
{
    static const struct {
        const char *word;
        enum hub_verb verb;
    } verbs[] = {{"status", HUB_STATUS},
                 {"nodes", HUB_STATUS},
                 {"watch", HUB_WATCH},
                 {"help", HUB_HELP},
                 {"quit", HUB_QUIT}};

    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(word, verbs[i].word) == 0) {
            command->verb = verbs[i].verb;
            return 0;
        }
    }
    return MSOCK_EINVAL;
}

/* Reads on, off or a brightness.  Returns 0 or MSOCK_EINVAL. */
static int parse_lights(struct hub_command *command, const char *word)
{
    size_t size = strlen(word);

    command->brightness = -1;
    command->on = strcmp(word, "on") == 0;
    if (command->on || strcmp(word, "off") == 0) {
        return 0;
    }
    if (size > DIGITS_MAX || strspn(word, "0123456789") != size) {
        return MSOCK_EINVAL;
    }
    command->brightness = atoi(word);
    command->on = command->brightness > 0;
    return 0;
}

int hub_command_parse(struct hub_command *command, const char *line)
{
    char words[WORDS_MAX][WORD_SIZE];
    int count = split(line, words);

    *command = (struct hub_command){.verb = HUB_NOTHING};
    if (count == 0) {
        return 0;
    }
    if (count == 1) {
        return parse_word(command, words[0]);
    }
    if (count < 0 || strcmp(words[count - 2], "lights") != 0) {
        return MSOCK_EINVAL;
    }
    if (count == 3 && strcmp(words[0], "all") != 0) {
        memcpy(command->node, words[0], strlen(words[0]) + 1);
    }
    command->verb = HUB_LIGHTS;
    snprintf(command->text, sizeof command->text, "%s%s%s %s",
             count == 3 ? words[0] : "", count == 3 ? " " : "",
             words[count - 2], words[count - 1]);
    return parse_lights(command, words[count - 1]);
}
