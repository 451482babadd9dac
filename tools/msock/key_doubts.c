/* SPDX-License-Identifier: Apache-2.0 */
/* What a survey of nodes does not know. */
#include "tools/msock/key_doubts.h"

#include <stdio.h>
#include <string.h>

enum { NAMES_TOLD = 8 };

/* Names with commas between, the first few. */
struct names {
    char text[NAMES_TOLD * (MSOCK_NAME_MAX + 2) + 32];
    size_t count;
};

static void add_name(struct names *names, const char *name)
{
    size_t size = strlen(names->text);

    if (names->count < NAMES_TOLD) {
        snprintf(names->text + size, sizeof(names->text) - size, "%s%s",
                 size > 0 ? ", " : "", name);
    } else if (names->count == NAMES_TOLD) {
        snprintf(names->text + size, sizeof(names->text) - size, ", ...");
    }
    names->count++;
}

static bool is_heard(const struct key_survey *survey, const char *name)
{
    bool heard = false;

    for (size_t i = 0; i < survey->node_count; i++) {
        heard |= strcmp(survey->nodes[i].name, name) == 0;
    }
    return heard;
}

static bool is_proved(const struct key_survey *survey, const char *name)
{
    bool proved = false;

    for (size_t i = 0; i < survey->node_count; i++) {
        proved |=
            survey->nodes[i].proved && strcmp(survey->nodes[i].name, name) == 0;
    }
    return proved;
}

/* -- Doubts -- */

static void tell_unproved(const struct key_survey *survey)
{
    struct names names = {.count = 0};

    for (size_t i = 0; survey->trusts && i < survey->node_count; i++) {
        const struct key_node *node = &survey->nodes[i];
        if (!node->proved && !key_names(survey->call, node->name)) {
            add_name(&names, node->name);
        }
    }
    if (names.count > 0) {
        cli_error("not counted, as no key of the trust file vouches for the "
                  "name (%zu): %s",
                  names.count, names.text);
    }
}

/* The nodes of the trust file that were not heard, as they are found. */
struct absent {
    const struct key_survey *survey;
    struct names names;
};

static void on_entry(const msock_trust_entry *entry, void *user)
{
    struct absent *absent = user;
    const struct key_survey *survey = absent->survey;
    const msock_channel *own = survey->channels[0];

    if (!is_proved(survey, entry->name) &&
        !key_names(survey->call, entry->name) &&
        !(own && strcmp(msock_name(own), entry->name) == 0)) {
        add_name(&absent->names, entry->name);
    }
}

static void tell_absent(const struct key_survey *survey)
{
    const char *path = survey->call->channel.trust_file;
    struct absent absent = {.survey = survey};

    if (path && msock_trust_list(path, on_entry, &absent) >= 0 &&
        absent.names.count > 0) {
        cli_error("not heard (%zu of the trust file): %s", absent.names.count,
                  absent.names.text);
    }
}

static void tell_vain_exceptions(const struct key_survey *survey)
{
    for (size_t i = 0; i < survey->call->name_count; i++) {
        const char *name = survey->call->names[i];
        if (!is_heard(survey, name)) {
            cli_error("nobody called %s was heard, whom --except would have "
                      "left out",
                      name);
        }
    }
}

void key_tell_doubts(const struct key_survey *survey)
{
    tell_unproved(survey);
    tell_absent(survey);
    tell_vain_exceptions(survey);
}

/* -- Nobody -- */

int key_tell_nobody(const struct key_survey *survey, const char *hint)
{
    const char *url = cli_channel_url(&survey->call->channel);

    return cli_error("no node answered on %s%s: is it the right channel?%s",
                     url ? url : MSOCK_DEFAULT_URL,
                     survey->trusts ? " whose name is proved" : "", hint);
}

int key_survey_asked(struct key_survey *survey, const struct key_call *call)
{
    int code = key_survey_all(survey, call);

    if (code != CLI_OK) {
        return code;
    }
    key_tell_doubts(survey);
    return key_survey_count(survey) > 0
               ? CLI_OK
               : key_tell_nobody(survey, " --force does it all the same");
}
