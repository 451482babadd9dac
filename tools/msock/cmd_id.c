/* SPDX-License-Identifier: Apache-2.0 */
/* msock id: makes the key of one node, and shows its public half. */
#include "tools/msock/cli.h"

#include <errno.h>
#include <getopt.h>
#include <multisock/text.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char help[] =
    "usage: msock id gen [NAME | --name NAME] > FILE\n"
    "       msock id show FILE [--name NAME]\n"
    "Makes the key of one node alone, by which others know what came from it.\n"
    "Channels refuse an id file that others may read:\n"
    "(umask 077; msock id gen > hub.id)\n"
    "\n"
    "  gen                print a new random identity, with NAME as a comment\n"
    "  show               print the public key of FILE as a line of a trust\n"
    "                     file; what the node may do is written behind it\n"
    "\n"
    "      --name NAME    name of the node [show: the one that gen wrote into\n"
    "                     FILE, else that of the host]\n"
    "  -h, --help         this text\n";

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

/* Runs the word of `count` others. */
static int run_word(char **words, int count, const char *name)
{
    bool gen = count >= 1 && strcmp(words[0], "gen") == 0;
    bool show = count >= 1 && strcmp(words[0], "show") == 0;

    if (gen && count + (name != NULL) <= 2) {
        return id_gen(count == 2 ? words[1] : name);
    }
    if (show && count == 2) {
        return id_show(words[1], name);
    }
    return cli_usage(show ? "usage: msock id show FILE [--name NAME]"
                          : "usage: msock id gen [NAME | --name NAME] > FILE");
}

int cmd_id(int argc, char **argv)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, ID_NAME},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    const char *name = NULL;
    int option;

    opterr = 0;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h') {
            return cli_print(help);
        }
        if (option != ID_NAME) {
            return cli_unknown_option(option, argv);
        }
        name = optarg;
    }
    return run_word(argv + optind, argc - optind, name);
}
