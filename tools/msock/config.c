/* SPDX-License-Identifier: Apache-2.0 */
/* Which value counts of those that options, environment and files have. */
#include "tools/msock/config.h"

#include <assert.h>
#include <multisock/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct config_word config_words[CONFIG_KEYS] = {
    [CONFIG_CHANNEL] = {"channel", "MSOCK_CHANNEL", false},
    [CONFIG_KEY_FILE] = {"key_file", "MSOCK_KEY_FILE", true},
    [CONFIG_NAME] = {"name", "MSOCK_NAME", false},
    [CONFIG_ID_FILE] = {"id_file", "MSOCK_ID_FILE", true},
    [CONFIG_TRUST_FILE] = {"trust_file", "MSOCK_TRUST_FILE", true},
    [CONFIG_QUIET] = {"quiet", "MSOCK_QUIET", false},
};

static struct config used;

const struct config *config_get(void)
{
    return &used;
}

/* -- Where the files are -- */

static int too_long(void)
{
    return cli_usage("the path of a configuration is over %d bytes",
                     CONFIG_PATH_MAX - 1);
}

static int user_path(struct config_file *file)
{
    const char *named = getenv("MSOCK_CONFIG");
    const char *home = getenv("XDG_CONFIG_HOME");
    const char *below = "";
    int size = 0;

    if (named) {
        if (named[0] == '\0') {
            return cli_usage("MSOCK_CONFIG is empty: name a file in it, or "
                             "unset it");
        }
        file->named = true;
        size = snprintf(file->path, sizeof(file->path), "%s", named);
        return size < CONFIG_PATH_MAX ? CLI_OK : too_long();
    }
    if (!home || home[0] != '/') { /* a relative one counts as none */
        home = getenv("HOME");
        below = "/.config";
    }
    if (home && home[0] == '/') {
        size = snprintf(file->path, sizeof(file->path),
                        "%s%s/multisock/msock.json", home, below);
    }
    return size < CONFIG_PATH_MAX ? CLI_OK : too_long();
}

int config_paths(struct config *config)
{
    const char *named = getenv("MSOCK_SYSTEM_CONFIG");
    int size = snprintf(config->system.path, sizeof(config->system.path), "%s",
                        named && named[0] ? named : MSOCK_SYSTEM_CONFIG_FILE);

    return size < CONFIG_PATH_MAX ? user_path(&config->user) : too_long();
}

int config_load(struct config *config)
{
    int code = config_paths(config);

    if (code == CLI_OK && config->user.path[0] != '\0') {
        code = config_read(&config->user);
    }
    /* Problems of both are told. */
    if (code != CLI_USAGE && config_read(&config->system) != CLI_OK) {
        code = CLI_FAILURE;
    }
    return code;
}

/* -- Contexts -- */

const struct config_context *config_find(const struct config_file *file,
                                         const char *name)
{
    for (size_t i = 0; i < file->context_count; i++) {
        if (strcmp(file->contexts[i].name, name) == 0) {
            return &file->contexts[i];
        }
    }
    return NULL;
}

static size_t collect(const struct config_file *file, const char **names)
{
    for (size_t i = 0; i < file->context_count; i++) {
        names[i] = file->contexts[i].name;
    }
    return file->context_count;
}

int config_unknown_context(const struct config *config, const char *where,
                           const char *name)
{
    const char *names[2 * CONFIG_CONTEXTS_MAX];
    size_t count = collect(&config->user, names);

    count += collect(&config->system, names + count);
    const char *nearest = msock_text_nearest(name, strlen(name), names, count);
    if (nearest) {
        return cli_usage("%s: no context \"%s\"; the nearest is \"%s\"", where,
                         name, nearest);
    }
    return cli_usage("%s: no context \"%s\"; msock context ls tells which "
                     "there are",
                     where, name);
}

static struct config_choice of_file(const struct config_file *file,
                                    const struct config_value *value,
                                    const char *context)
{
    return (struct config_choice){.text = value->text,
                                  .origin = CONFIG_FILE,
                                  .file = file->path,
                                  .line = value->line,
                                  .context = context};
}

struct config_choice config_in_use(const struct config *config,
                                   const char *flag)
{
    const char *variable = getenv("MSOCK_CONTEXT");
    const struct config_file *file =
        config->user.context.line > 0 ? &config->user : &config->system;

    if (flag) {
        return (struct config_choice){.text = flag, .origin = CONFIG_FLAG};
    }
    if (variable && variable[0]) {
        return (struct config_choice){.text = variable,
                                      .origin = CONFIG_ENVIRONMENT};
    }
    return file->context.line > 0
               ? of_file(file, &file->context, NULL)
               : (struct config_choice){.origin = CONFIG_DEFAULT};
}

/* Looks whether there is a context of that name. */
static int check_context(const struct config *config)
{
    const struct config_choice *context = &config->context;
    char where[CONFIG_PATH_MAX + 16] = "--context";

    if (!context->text || config_find(&config->user, context->text) ||
        config_find(&config->system, context->text)) {
        return CLI_OK;
    }
    if (context->origin == CONFIG_ENVIRONMENT) {
        snprintf(where, sizeof(where), "MSOCK_CONTEXT");
    } else if (context->origin == CONFIG_FILE) {
        snprintf(where, sizeof(where), "%s:%u", context->file, context->line);
    }
    return config_unknown_context(config, where, context->text);
}

/* -- Values -- */

/* Each of these returns whether there is a value, which it has then set. */

static bool from_context(const struct config *config, enum config_key key,
                         struct config_choice *choice)
{
    const struct config_file *files[] = {&config->user, &config->system};
    const char *name = config->context.text;

    for (size_t i = 0; name && i < 2; i++) {
        const struct config_context *context = config_find(files[i], name);
        if (context && context->values[key].line > 0) {
            *choice = of_file(files[i], &context->values[key], context->name);
            return true;
        }
    }
    return false;
}

static bool from_files(const struct config *config, enum config_key key,
                       struct config_choice *choice)
{
    const struct config_file *files[] = {&config->user, &config->system};

    for (size_t i = 0; i < 2; i++) {
        if (files[i]->values[key].line > 0) {
            *choice = of_file(files[i], &files[i]->values[key], NULL);
            return true;
        }
    }
    return false;
}

static bool from_environment(enum config_key key, struct config_choice *choice)
{
    const char *text = getenv(config_words[key].variable);

    /* An empty one that names a file is refused, below. */
    if (!text || (text[0] == '\0' && !config_words[key].path)) {
        return false;
    }
    *choice =
        (struct config_choice){.text = text, .origin = CONFIG_ENVIRONMENT};
    return true;
}

static struct config_choice choose(const struct config *config,
                                   enum config_key key, const char *flag)
{
    struct config_choice choice = {.text = flag, .origin = CONFIG_FLAG};
    bool first = config->context.origin == CONFIG_FLAG;

    if (flag || (first && from_context(config, key, &choice)) ||
        from_environment(key, &choice) || from_context(config, key, &choice) ||
        from_files(config, key, &choice)) {
        return choice;
    }
    return (struct config_choice){.origin = CONFIG_DEFAULT};
}

/* Looks at what only its text can show. */
static int check(const struct config_word *word,
                 const struct config_choice *choice)
{
    char where[CONFIG_PATH_MAX + 64];
    const char *text = choice->text;

    if (!text || choice->origin == CONFIG_FLAG) {
        return CLI_OK;
    }
    if (choice->origin == CONFIG_ENVIRONMENT) {
        snprintf(where, sizeof(where), "%s", word->variable);
    } else {
        snprintf(where, sizeof(where), "%s:%u: \"%s\"", choice->file,
                 choice->line, word->key);
    }
    if (text[0] == '\0') {
        return cli_usage("%s is empty: name a file in it, or unset it to do "
                         "without",
                         where);
    }
    if (word == &config_words[CONFIG_QUIET] && strcmp(text, "true") != 0 &&
        strcmp(text, "false") != 0) {
        return cli_usage("%s must be true or false, not %s", where, text);
    }
    return word->path ? cli_check_file(where, text) : CLI_OK;
}

int config_apply(struct cli_channel *names)
{
    const char *flags[CONFIG_KEYS] = {
        [CONFIG_CHANNEL] = names->url,
        [CONFIG_KEY_FILE] = names->key_file,
        [CONFIG_NAME] = names->name,
        [CONFIG_ID_FILE] = names->id_file,
        [CONFIG_TRUST_FILE] = names->trust_file,
        [CONFIG_QUIET] = names->quiet ? "true" : NULL,
    };
    int code = config_load(&used);

    assert(!names->resolved); /* once */
    if (code == CLI_OK) {
        used.context = config_in_use(&used, names->context);
        code = check_context(&used);
    }
    for (int i = 0; i < CONFIG_KEYS && code == CLI_OK; i++) {
        used.choices[i] = choose(&used, (enum config_key)i, flags[i]);
        code = check(&config_words[i], &used.choices[i]);
    }
    if (code != CLI_OK) {
        return code;
    }
    names->url = used.choices[CONFIG_CHANNEL].text;
    names->key_file = used.choices[CONFIG_KEY_FILE].text;
    names->name = used.choices[CONFIG_NAME].text;
    names->id_file = used.choices[CONFIG_ID_FILE].text;
    names->trust_file = used.choices[CONFIG_TRUST_FILE].text;
    names->quiet = used.choices[CONFIG_QUIET].text &&
                   strcmp(used.choices[CONFIG_QUIET].text, "true") == 0;
    names->resolved = true;
    return CLI_OK;
}
