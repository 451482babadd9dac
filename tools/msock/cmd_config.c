/* SPDX-License-Identifier: Apache-2.0 */
/* msock config: what the verbs use, and who says so. */
#include "tools/msock/config.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ORIGIN = CLI_OWN, JSON };

enum { WHERE_SIZE = 2 * CONFIG_PATH_MAX };

static const struct verb verb_config_show;
static const struct verb verb_config_path;

struct show {
    bool origin;
    bool json;
};

static int take(void *user, int id, const char *value)
{
    struct show *show = user;

    (void)value;
    if (id == JSON) {
        show->json = true;
    } else {
        show->origin = true;
    }
    return CLI_OK;
}

/* -- show -- */

static const char *default_of(const char *key)
{
    return strcmp(key, "channel") == 0 ? MSOCK_DEFAULT_URL
           : strcmp(key, "quiet") == 0 ? "false"
                                       : NULL;
}

static void write_origin(char where[static WHERE_SIZE], const char *flag,
                         const char *variable,
                         const struct config_choice *choice)
{
    switch (choice->origin) {
    case CONFIG_FLAG:
        snprintf(where, WHERE_SIZE, "--%s", flag);
        break;
    case CONFIG_ENVIRONMENT:
        snprintf(where, WHERE_SIZE, "$%s", variable);
        break;
    case CONFIG_FILE:
        snprintf(where, WHERE_SIZE, "%s:%u%s%.*s", choice->file, choice->line,
                 choice->context ? ", context " : "", MSOCK_NAME_MAX,
                 choice->context ? choice->context : "");
        break;
    case CONFIG_DEFAULT:
        snprintf(where, WHERE_SIZE, "default");
        break;
    }
}

static int tell_json(const char *key, const char *text,
                     const struct config_choice *choice)
{
    static const char *const origins[] = {
        [CONFIG_DEFAULT] = "default",
        [CONFIG_FLAG] = "flag",
        [CONFIG_ENVIRONMENT] = "environment",
        [CONFIG_FILE] = "file",
    };
    struct cli_buffer out = {0};

    json_out_format(&out, "{\"key\":\"%s\",\"value\":", key);
    if (!text || strcmp(key, "quiet") == 0) {
        json_out_format(&out, "%s", text ? text : "null");
    } else {
        json_out_text(&out, text, strlen(text));
    }
    json_out_format(&out, ",\"origin\":\"%s\"", origins[choice->origin]);
    if (choice->origin == CONFIG_FILE) {
        json_out_format(&out, ",\"file\":");
        json_out_text(&out, choice->file, strlen(choice->file));
        json_out_format(&out, ",\"line\":%u", choice->line);
    }
    if (choice->context) {
        json_out_format(&out, ",\"context\":");
        json_out_text(&out, choice->context, strlen(choice->context));
    }
    json_out(&out, "}\n", sizeof("}\n")); /* with the NUL */
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int tell(const struct show *show, const char *key, const char *variable,
                const struct config_choice *choice)
{
    const char *text = choice->text ? choice->text : default_of(key);
    char where[WHERE_SIZE];
    char flag[16];

    if (show->json) {
        return tell_json(key, text, choice);
    }
    snprintf(flag, sizeof(flag), "%s", key);
    for (char *at = flag; *at != '\0'; at++) {
        *at = *at == '_' ? '-' : *at;
    }
    write_origin(where, flag, variable, choice);
    return cli_line("%-10s  %s%s%s%s", key, text ? text : "none",
                    show->origin ? "  (" : "", show->origin ? where : "",
                    show->origin ? ")" : "");
}

static int run_show(int argc, char **argv)
{
    struct cli_channel names = {.verb = "config"};
    struct show show = {.json = false};
    bool ended = false;
    int code = verb_options(&verb_config_show, argc, argv, &names, take, &show,
                            &ended);

    if (ended) {
        return code;
    }
    if (argc != optind) {
        return cli_usage("%s: msock config show takes only options",
                         argv[optind]);
    }
    const struct config *config = config_get();
    code = tell(&show, "context", "MSOCK_CONTEXT", &config->context);
    for (int i = 0; i < CONFIG_KEYS && code == CLI_OK; i++) {
        code = tell(&show, config_words[i].key, config_words[i].variable,
                    &config->choices[i]);
    }
    return code;
}

/* -- path -- */

static int tell_path(const struct config_file *file, const char *who, bool json)
{
    struct cli_buffer out = {0};

    if (!json) {
        return file->path[0] ? cli_line("%s", file->path) : CLI_OK;
    }
    json_out_format(&out, "{\"whose\":\"%s\",\"file\":", who);
    if (file->path[0] != '\0') {
        json_out_text(&out, file->path, strlen(file->path));
    } else {
        json_out_format(&out, "null");
    }
    json_out(&out, "}\n", sizeof("}\n")); /* with the NUL */
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int run_path(int argc, char **argv)
{
    static struct config config;
    struct show show = {.json = false};
    bool ended = false;
    int code =
        verb_options(&verb_config_path, argc, argv, NULL, take, &show, &ended);

    if (ended) {
        return code;
    }
    if (argc != optind) {
        return cli_usage("%s: msock config path takes only --json",
                         argv[optind]);
    }
    code = config_paths(&config);
    if (code == CLI_OK) {
        code = tell_path(&config.user, "user", show.json);
    }
    return code == CLI_OK ? tell_path(&config.system, "system", show.json)
                          : code;
}

/* -- The table -- */

static int run(int argc, char **argv)
{
    return verb_run_sub(&verb_config, argc, argv);
}

static const char *const show_forms[] = {"[OPTION]...", NULL};
static const char *const path_forms[] = {"[--json]", NULL};
static const char *const forms[] = {"show | path ...", NULL};

static const struct verb_option show_options[] = {
    {ORIGIN, "origin", NULL, "tell behind each value who says so",
     VERB_ANYTHING},
    {JSON, "json", NULL, "an object a line, with \"origin\"", VERB_ANYTHING},
    {0},
};

static const struct verb_option path_options[] = {
    {JSON, "json", NULL, "an object a line", VERB_ANYTHING},
    {0},
};

static const struct verb verb_config_show = {
    .name = "config show",
    .summary = "print what a verb would use",
    .forms = show_forms,
    .text = "Prints the context and each value that a verb with the same "
            "options would use. With --json each object has \"key\", "
            "\"value\", \"origin\" (flag, environment, file or default), and "
            "of a file \"file\", \"line\" and the \"context\" in it.",
    .options = show_options,
    .channel = true,
    .run = run_show,
};

static const struct verb verb_config_path = {
    .name = "config path",
    .summary = "print the names of the files",
    .forms = path_forms,
    .text = "Prints the name of the user's file and that of the system's, "
            "whether they are there or not. With --json each object has "
            "\"whose\" (user or system) and \"file\", null where HOME is not "
            "set.",
    .options = path_options,
    .run = run_path,
};

static const struct verb *const words[] = {&verb_config_show, &verb_config_path,
                                           NULL};

const struct verb verb_config = {
    .name = "config",
    .summary = "tell what the verbs use, and who says so",
    .forms = forms,
    .text = "Tells what names the channel of a verb: an option, else the "
            "environment, else the context in use, else the user's file, else "
            "the system's; multisock-config(5).",
    .verbs = words,
    .run = run,
};
