/* SPDX-License-Identifier: Apache-2.0 */
/* msock context: named sets of what names a channel. */
#include "tools/msock/as_json.h"
#include "tools/msock/config_edit.h"
#include "tools/msock/config_write.h"
#include "tools/msock/json_out.h"
#include "tools/msock/verbs.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FORCE = CLI_OWN, NONE, JSON, NAMES };

static const struct verb verb_context_add;
static const struct verb verb_context_use;
static const struct verb verb_context_ls;
static const struct verb verb_context_rm;

/** What is asked for. */
struct call {
    const char *name;
    const char *object; /* of add */
    bool set;           /* --force, --none or --json was given */
    bool names;         /* --names was */
};

static int take(void *user, int id, const char *value)
{
    struct call *call = user;

    (void)value;
    if (id == NAMES) {
        call->names = true;
    } else {
        call->set = true;
    }
    return CLI_OK;
}

static bool in_user_file(const struct config *config, const char *name)
{
    return config_find(&config->user, name) != NULL;
}

/* -- add -- */

static int edit_add(const struct config *config, const char *text,
                    char **changed, void *user)
{
    const struct call *call = user;

    if (in_user_file(config, call->name) && !call->set) {
        return cli_error("%s:%u: there is a context \"%s\"; --force replaces "
                         "it",
                         config->user.path,
                         config_find(&config->user, call->name)->line,
                         call->name);
    }
    const struct config_context *old = config_find(&config->user, call->name);
    if (old && old->values[CONFIG_KEY_FILE].text &&
        !strstr(call->object, "\"key_file\"")) {
        cli_error("context \"%s\" had the key file %s, and has none now: give "
                  "--key-file, too, to keep it",
                  call->name, old->values[CONFIG_KEY_FILE].text);
    }
    *changed = config_edit_add(text, call->name, call->object);
    return CLI_OK;
}

static int check_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t size = strlen(name);

    return size > 0 && size <= MSOCK_NAME_MAX && name[0] != '-' &&
                   strspn(name, letters) == size
               ? CLI_OK
               : cli_usage("a context's name has 1 to %d letters, digits, "
                           "dots, underscores and hyphens, none of these "
                           "first, not \"%s\"",
                           MSOCK_NAME_MAX, name);
}

/* Puts text, which JSON holds only if it is UTF-8: a path that is not would
 * become another one. */
static void put_text(struct cli_buffer *out, const char *text, size_t size)
{
    struct cli_buffer quoted = {0};
    const char *json;

    int code = as_json_try(text, size, &quoted, &json);
    if (code == 0) {
        json_out_text(out, text, size);
    } else if (code != MSOCK_ENOMEM) { /* else it was told */
        cli_error("%.*s: a configuration holds only names that are UTF-8: give "
                  "the file such a one",
                  (int)size, text);
    }
    out->failed |= code != 0;
    free(quoted.bytes);
}

static void put(struct cli_buffer *out, enum config_key key, const char *text)
{
    char folder[CONFIG_PATH_MAX] = "";

    if (!text) {
        return;
    }
    json_out_format(out, "%s\n      \"%s\": ", out->size > 1 ? "," : "",
                    config_words[key].key);
    if (key == CONFIG_QUIET) {
        json_out_format(out, "true");
        return;
    }
    if (!config_words[key].path || text[0] == '/' ||
        strncmp(text, "~/", 2) == 0) {
        put_text(out, text, strlen(text));
        return;
    }
    struct cli_buffer path = {0};
    if (!getcwd(folder, sizeof(folder))) {
        cli_error("cannot tell the folder of %s: %s", text, strerror(errno));
        out->failed = true;
        return;
    }
    json_out(&path, folder, strlen(folder));
    json_out(&path, "/", 1);
    json_out(&path, text, strlen(text));
    out->failed |= path.failed;
    if (!out->failed) {
        put_text(out, path.bytes, path.size);
    }
    free(path.bytes);
}

static void put_object(struct cli_buffer *out, const struct cli_channel *names)
{
    json_out(out, "{", 1);
    put(out, CONFIG_CHANNEL, names->url);
    put(out, CONFIG_KEY_FILE, names->key_file);
    put(out, CONFIG_NAME, names->name);
    put(out, CONFIG_ID_FILE, names->id_file);
    put(out, CONFIG_TRUST_FILE, names->trust_file);
    put(out, CONFIG_QUIET, names->quiet ? "true" : NULL);
    json_out(out, out->size > 1 ? "\n    }" : "}",
             out->size > 1 ? strlen("\n    }") : 1);
    json_out(out, "", 1); /* the NUL */
}

static int add(int argc, char **argv)
{
    struct cli_channel names = {.verb = "context", .as_given = true};
    struct call call = {.set = false};
    struct cli_buffer out = {0};
    bool ended = false;
    int code = verb_options(&verb_context_add, argc, argv, &names, take, &call,
                            &ended);

    if (ended) {
        return code;
    }
    if (argc - optind != 1) {
        return cli_usage("usage: msock context add NAME OPTION...");
    }
    if (names.context) {
        return cli_usage("--context: a context holds no other");
    }
    call.name = argv[optind];
    code = check_name(call.name);
    msock_options options = {.struct_size = sizeof(options),
                             .name = names.name};
    if (code == CLI_OK && msock_check(names.url, &options) < 0) {
        code = cli_usage("%s", msock_error_detail());
    }
    if (code != CLI_OK) {
        return code;
    }
    put_object(&out, &names);
    call.object = out.bytes;
    if (out.failed) {
        code = CLI_FAILURE;
    } else if (strcmp(out.bytes, "{}") == 0) {
        code = cli_usage("a context without an option says nothing: give -c "
                         "URL, --key-file FILE or others; see msock context "
                         "add -h");
    } else {
        code = config_write(edit_add, &call);
    }
    free(out.bytes);
    return code;
}

/* -- use -- */

static int edit_use(const struct config *config, const char *text,
                    char **changed, void *user)
{
    const struct call *call = user;

    if (call->name && !in_user_file(config, call->name) &&
        !config_find(&config->system, call->name)) {
        return config_unknown_context(config, "use", call->name);
    }
    *changed = config_edit_use(text, call->name);
    return CLI_OK;
}

static int use(int argc, char **argv)
{
    struct call call = {.set = false};
    bool ended = false;
    int code =
        verb_options(&verb_context_use, argc, argv, NULL, take, &call, &ended);

    if (ended) {
        return code;
    }
    if (argc - optind != (call.set ? 0 : 1)) {
        return cli_usage("usage: msock context use NAME | --none");
    }
    call.name = call.set ? NULL : argv[optind];
    return config_write(edit_use, &call);
}

/* -- rm -- */

static int edit_rm(const struct config *config, const char *text,
                   char **changed, void *user)
{
    const struct call *call = user;
    const char *name = call->name;
    const struct config_value *context = config->user.context.line > 0
                                             ? &config->user.context
                                             : &config->system.context;
    bool elsewhere = config_find(&config->system, name) != NULL;

    if (!in_user_file(config, name)) {
        return elsewhere
                   ? cli_error("%s:%u: context \"%s\" is the system's",
                               config->system.path,
                               config_find(&config->system, name)->line, name)
                   : config_unknown_context(config, "rm", name);
    }
    if (context->text && strcmp(context->text, name) == 0 && !elsewhere) {
        return cli_error("context \"%s\" is in use: msock context use another "
                         "or --none first",
                         name);
    }
    *changed = config_edit_remove(text, name);
    return CLI_OK;
}

static int rm(int argc, char **argv)
{
    struct call call = {.set = false};
    bool ended = false;
    int code =
        verb_options(&verb_context_rm, argc, argv, NULL, NULL, NULL, &ended);

    if (ended) {
        return code;
    }
    if (argc - optind != 1) {
        return cli_usage("usage: msock context rm NAME");
    }
    call.name = argv[optind];
    return config_write(edit_rm, &call);
}

/* -- ls -- */

static int tell_json(const struct config_file *file,
                     const struct config_context *context, bool in_use)
{
    struct cli_buffer out = {0};

    json_out_format(&out, "{\"context\":");
    json_out_text(&out, context->name, strlen(context->name));
    json_out_format(&out, ",\"in_use\":%s", in_use ? "true" : "false");
    for (int i = 0; i < CONFIG_KEYS; i++) {
        const struct config_value *value = &context->values[i];
        if (value->line == 0) {
            continue;
        }
        json_out_format(&out, ",\"%s\":", config_words[i].key);
        if (!value->text || i == CONFIG_QUIET) {
            json_out_format(&out, "%s", value->text ? value->text : "null");
        } else {
            json_out_text(&out, value->text, strlen(value->text));
        }
    }
    json_out_format(&out, ",\"file\":");
    json_out_text(&out, file->path, strlen(file->path));
    json_out_format(&out, ",\"line\":%u}\n", context->line);
    json_out(&out, "", 1); /* the NUL */
    int code = out.failed ? CLI_FAILURE : cli_print(out.bytes);
    free(out.bytes);
    return code;
}

static int tell(const struct config_context *context, bool in_use, bool names)
{
    const char *url = context->values[CONFIG_CHANNEL].text;

    if (names) {
        return cli_line("%s", context->name);
    }
    const struct cli_channel channel = {.url = url};
    bool sealed = context->values[CONFIG_KEY_FILE].text ||
                  cli_channel_says(&channel, "key_file");
    return cli_line("%-16s %c %-6s %s", context->name, in_use ? '*' : ' ',
                    sealed ? "sealed" : "-", url ? url : "-");
}

static int tell_file(const struct config *config,
                     const struct config_file *file, const struct call *call)
{
    const char *used = config_in_use(config, NULL).text;
    int code = CLI_OK;

    for (size_t i = 0; i < file->context_count && code == CLI_OK; i++) {
        const struct config_context *context = &file->contexts[i];
        bool in_use = used && strcmp(used, context->name) == 0;
        if (call->set) {
            code = tell_json(file, context, in_use);
        } else if (file == &config->user ||
                   !in_user_file(config, context->name)) {
            code = tell(context, in_use, call->names);
        }
    }
    return code;
}

static int ls(int argc, char **argv)
{
    static struct config config;
    struct call call = {.set = false};
    bool ended = false;
    int code =
        verb_options(&verb_context_ls, argc, argv, NULL, take, &call, &ended);

    if (ended) {
        return code;
    }
    if (argc != optind || (call.set && call.names)) {
        return cli_usage("usage: msock context ls [--json | --names]");
    }
    code = config_load(&config);
    if (code == CLI_OK) {
        code = tell_file(&config, &config.user, &call);
    }
    if (code == CLI_OK) {
        code = tell_file(&config, &config.system, &call);
    }
    config_file_fini(&config.user);
    config_file_fini(&config.system);
    return code;
}

/* -- The table -- */

static int run(int argc, char **argv)
{
    return verb_run_sub(&verb_context, argc, argv);
}

static const char *const add_forms[] = {"[OPTION]... NAME", NULL};
static const char *const use_forms[] = {"NAME", "--none", NULL};
static const char *const ls_forms[] = {"[--json | --names]", NULL};
static const char *const rm_forms[] = {"NAME", NULL};
static const char *const forms[] = {"add | use | ls | rm ...", NULL};

static const struct verb_option add_options[] = {
    {FORCE, "force", NULL, "replace the context of this name, if there is one",
     VERB_ANYTHING},
    {0},
};

static const struct verb_option use_options[] = {
    {NONE, "none", NULL, "use none", VERB_ANYTHING},
    {0},
};

static const struct verb_option ls_options[] = {
    {JSON, "json", NULL, "an object a line", VERB_ANYTHING},
    {NAMES, "names", NULL, "only the names", VERB_ANYTHING},
    {0},
};

static const struct verb verb_context_add = {
    .name = "context add",
    .summary = "note the options of a channel as NAME",
    .forms = add_forms,
    .text = "Notes the options of a channel that are given here, and nothing "
            "else, as the context NAME. Names of files become absolute. A URL "
            "that is not valid is refused; files need not be there yet.",
    .options = add_options,
    .channel = true,
    .run = add,
};

static const struct verb verb_context_use = {
    .name = "context use",
    .summary = "have all verbs use the context NAME",
    .forms = use_forms,
    .text = "Has all verbs use the context NAME, unless --context or "
            "$MSOCK_CONTEXT name another; --none has them use none.",
    .options = use_options,
    .run = use,
};

static const struct verb verb_context_ls = {
    .name = "context ls",
    .summary = "print the contexts",
    .forms = ls_forms,
    .text = "Prints a line for each context: its name, an asterisk if it is "
            "in use, \"sealed\" if it names a key file, and its channel. With "
            "--json each object has \"context\", "
            "\"in_use\", what the context says, \"file\" and \"line\".",
    .options = ls_options,
    .run = ls,
};

static const struct verb verb_context_rm = {
    .name = "context rm",
    .summary = "forget the context NAME",
    .forms = rm_forms,
    .text = "Removes the context NAME from the user's file, with the comments "
            "inside of it. One that is in use stays.",
    .run = rm,
};

static const struct verb *const words[] = {&verb_context_add, &verb_context_use,
                                           &verb_context_ls, &verb_context_rm,
                                           NULL};

const struct verb verb_context = {
    .name = "context",
    .summary = "keep the options of channels under names",
    .forms = forms,
    .text = "Keeps the options of a channel under a name, in the user's file "
            "of multisock-config(5), which is written as a whole or not at "
            "all. Comments and order in it stay.\n\n"
            " msock context add home -c udp://239.1.2.3:7783 \\\n"
            "     --key-file home.key\n"
            " msock context use home\n",
    .verbs = words,
    .run = run,
};
