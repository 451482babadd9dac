/* SPDX-License-Identifier: Apache-2.0 */
/* msock id: makes the key of one node, and shows its public half. */
#include "tools/msock/verbs.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ID_NAME = CLI_OWN, LINE_SIZE = 1024 };

static bool has_control(const char *text)
{
    char shown[LINE_SIZE];

    return msock_text_escape(text, strlen(text), shown, sizeof(shown)) !=
           strlen(text);
}

static bool is_name(const char *name)
{
    return name[0] != '\0' && strlen(name) <= MSOCK_NAME_MAX &&
           !has_control(name);
}

/* Says so at once when the key is written where others may read it. */
static void warn_if_readable(void)
{
    struct stat status;

    if (fstat(fileno(stdout), &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        cli_error("others may read this id file, so channels will refuse it; "
                  "chmod 600 it, or set umask 077 before");
    }
}

static int id_gen(const char *name)
{
    if (name && name[0] == '\0') {
        return cli_usage("the name is empty: leave it out, or name the node");
    }
    char text[MSOCK_ID_TEXT_SIZE];
    char comment[LINE_SIZE / 2] = "";
    char lines[LINE_SIZE];
    int code = msock_id_generate(text);

    if (code < 0) {
        return cli_error_code(code);
    }
    warn_if_readable();
    if (name) {
        msock_text_escape(name, strlen(name), comment, sizeof(comment));
    }
    snprintf(lines, sizeof(lines), "%s%s%s%s\n", name ? "# " : "", comment,
             name ? "\n" : "", text);
    setvbuf(stdout, NULL, _IONBF, 0); /* no copy of it in stdio */
    code = cli_print(lines);
    cli_wipe(lines, sizeof(lines));
    cli_wipe(text, sizeof(text));
    return code;
}

/* Whether a name has to stand between quotation marks in a trust file. */
static bool needs_quotes(const char *name)
{
    return strpbrk(name, " \t\"\\#") != NULL || strcmp(name, "*") == 0;
}

/* Writes a name as a word of a trust file. */
static void write_name(const char *name, char out[static LINE_SIZE])
{
    size_t size = 0;

    if (!needs_quotes(name)) {
        snprintf(out, LINE_SIZE, "%s", name);
        return;
    }
    out[size++] = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"' || *name == '\\') {
            out[size++] = '\\';
        }
        out[size++] = *name;
    }
    out[size++] = '"';
    out[size] = '\0';
}

/* Reads the name that `gen` wrote above the key; "" if there is none. */
static void read_name(const char *path, char name[static LINE_SIZE])
{
    FILE *file = fopen(path, "r");
    char line[LINE_SIZE] = "";

    name[0] = '\0';
    if (!file) {
        return;
    }
    setvbuf(file, NULL, _IONBF, 0); /* the line may be the key */
    if (fgets(line, sizeof(line), file) && strncmp(line, "# ", 2) == 0) {
        line[strcspn(line, "\r\n")] = '\0';
        strcpy(name, line + 2);
    }
    fclose(file);
    cli_wipe(line, sizeof(line));
}

/* Finds the name of a node of which only the id file is known. */
static int find_name(const char *path, char name[static LINE_SIZE])
{
    read_name(path, name);
    if (!is_name(name)) {
        memset(name, 0, LINE_SIZE);
        if (gethostname(name, MSOCK_NAME_MAX) < 0) {
            return cli_error("host name: %s; use --name", strerror(errno));
        }
    }
    return CLI_OK;
}

static int id_show(const char *path, const char *name)
{
    char found[LINE_SIZE] = "";
    char key[MSOCK_ID_PUBLIC_SIZE];
    char word[LINE_SIZE];
    char line[LINE_SIZE + MSOCK_ID_PUBLIC_SIZE + 16];

    if (!name && find_name(path, found) != CLI_OK) {
        return CLI_FAILURE;
    }
    name = name ? name : found;
    if (!is_name(name)) {
        return cli_usage("a node name has 1 to %d bytes and no control "
                         "characters: use --name",
                         MSOCK_NAME_MAX);
    }
    int code = msock_id_public(path, key);
    if (code < 0) {
        return cli_error_code(code);
    }
    write_name(name, word);
    snprintf(line, sizeof(line), "%s ed25519 %s\n", word, key);
    return cli_print(line);
}

static const struct verb verb_id_gen;
static const struct verb verb_id_show;

static int take(void *user, int id, const char *value)
{
    const char **name = user;

    assert(id == ID_NAME);
    *name = value;
    return CLI_OK;
}

static int gen(int argc, char **argv)
{
    const char *name = NULL;
    bool ended = false;
    int code =
        verb_options(&verb_id_gen, argc, argv, NULL, take, &name, &ended);
    int count = argc - optind;

    if (ended) {
        return code;
    }
    if (count + (name != NULL) > 1) {
        return cli_usage("usage: msock id gen [NAME | --name NAME] > FILE");
    }
    return id_gen(count == 1 ? argv[optind] : name);
}

static int show(int argc, char **argv)
{
    const char *name = NULL;
    bool ended = false;
    int code =
        verb_options(&verb_id_show, argc, argv, NULL, take, &name, &ended);

    if (ended) {
        return code;
    }
    if (argc - optind != 1) {
        return cli_usage("usage: msock id show FILE [--name NAME]");
    }
    return id_show(argv[optind], name);
}

static int run(int argc, char **argv)
{
    return verb_run_sub(&verb_id, argc, argv);
}

static const char *const gen_forms[] = {"[NAME | --name NAME] > FILE", NULL};
static const char *const show_forms[] = {"FILE [--name NAME]", NULL};
static const char *const forms[] = {"gen | show ...", NULL};

static const struct verb_option gen_options[] = {
    {ID_NAME, "name", "NAME", "name of the node, the same as NAME alone",
     VERB_ANYTHING},
    {0},
};

static const struct verb_option show_options[] = {
    {ID_NAME, "name", "NAME",
     "name of the node [the one that gen wrote into FILE, else that of the "
     "host]",
     VERB_ANYTHING},
    {0},
};

static const struct verb verb_id_gen = {
    .name = "id gen",
    .summary = "print a new random identity, with NAME as a comment",
    .forms = gen_forms,
    .text = "Prints a new random identity, the one line of an id file, with "
            "NAME as a comment. Channels refuse an id file that others may "
            "read:\n\n (umask 077; msock id gen hub > hub.id)\n",
    .options = gen_options,
    .run = gen,
};

static const struct verb verb_id_show = {
    .name = "id show",
    .summary = "print the public key of FILE as a line of a trust file",
    .forms = show_forms,
    .text = "Prints the public key of FILE as a line of a trust file; what the "
            "node may do is written behind it.",
    .options = show_options,
    .run = show,
};

static const struct verb *const verbs[] = {&verb_id_gen, &verb_id_show, NULL};

const struct verb verb_id = {
    .name = "id",
    .summary = "make an identity of one node",
    .forms = forms,
    .text = "Makes the key of one node alone, by which others know what came "
            "from it. Trust files are described in msock(1).",
    .verbs = verbs,
    .run = run,
};
