/* SPDX-License-Identifier: Apache-2.0 */
/* msock key gen and from-passphrase: new keys, as lines of a key file. */
#include "tools/msock/hidden.h"
#include "tools/msock/key.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_SIZE = 1024, PASSPHRASE_MIN = 8 };

/* Says so at once when the key is written where others may read it. */
static void warn_if_readable(void)
{
    struct stat status;

    if (fstat(fileno(stdout), &status) == 0 && S_ISREG(status.st_mode) &&
        (status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        cli_error("others may read this key file, so channels will refuse it; "
                  "chmod 600 it, or set umask 077 before");
    }
}

/* Prints a key, and forgets it. */
static int print_key(char text[MSOCK_KEY_TEXT_SIZE])
{
    char line[MSOCK_KEY_TEXT_SIZE + 1];

    warn_if_readable();
    snprintf(line, sizeof(line), "%s\n", text);
    setvbuf(stdout, NULL, _IONBF, 0); /* no copy of it in stdio */
    int code = cli_print(line);
    cli_wipe(line, sizeof(line));
    cli_wipe(text, MSOCK_KEY_TEXT_SIZE);
    return code;
}

int key_gen(const struct key_call *call)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    int code = msock_key_generate(text);

    (void)call;
    return code < 0 ? cli_error_code(code) : print_key(text);
}

/* Reads a line of standard input, without its ending, as a text that is called
 * `what`.  Returns CLI_OK, or CLI_FAILURE after having told why. */
static int read_text(const char *what, char text[static TEXT_SIZE])
{
    size_t size = 0;
    int byte = getchar();

    for (; byte != EOF && byte != '\n' && byte != '\0'; byte = getchar()) {
        if (size == TEXT_SIZE - 1) {
            return cli_error("the %s is longer than %d bytes", what,
                             TEXT_SIZE - 1);
        }
        text[size++] = (char)byte;
    }
    if (ferror(stdin)) {
        return cli_error("cannot read standard input: %s", strerror(errno));
    }
    if (byte == '\0') {
        return cli_error("the %s holds a zero byte", what);
    }
    size -= size > 0 && text[size - 1] == '\r';
    text[size] = '\0';
    return size > 0 ? CLI_OK
                    : cli_error("standard input has no %s: give a line with "
                                "the key string and one with the passphrase",
                                what);
}

/* Reads a passphrase from the terminal. */
static int read_hidden(const char *prompt, char text[static TEXT_SIZE])
{
    struct hidden hidden;
    int code = hidden_begin(&hidden, prompt);

    if (code == CLI_OK) {
        code = read_text("passphrase", text);
        hidden_end(&hidden);
    }
    return code;
}

/* Asks for both texts; what nobody saw is typed twice. */
static int ask(char *key_string, char *passphrase)
{
    char again[TEXT_SIZE] = "";

    cli_error("the key string, such as the name of the house:");
    int code = read_text("key string", key_string);
    if (code == CLI_OK) {
        code = read_hidden("the passphrase, which is not shown:", passphrase);
    }
    if (code == CLI_OK) {
        code = read_hidden("once more:", again);
    }
    if (code == CLI_OK && strcmp(passphrase, again) != 0) {
        code = cli_error("the second time it was another one");
    }
    cli_wipe(again, sizeof(again));
    return code;
}

/* Reads both texts, and nothing but them. */
static int read_both(char *key_string, char *passphrase)
{
    int code = read_text("key string", key_string);

    if (code == CLI_OK) {
        code = read_text("passphrase", passphrase);
    }
    return code == CLI_OK && getchar() != EOF
               ? cli_error("more than two lines: which is the passphrase?")
               : code;
}

/* Prints the key of two texts that are read. */
static int make_key(char *key_string, char *passphrase)
{
    char text[MSOCK_KEY_TEXT_SIZE];
    int code = isatty(STDIN_FILENO) ? ask(key_string, passphrase)
                                    : read_both(key_string, passphrase);

    if (code == CLI_OK && strlen(passphrase) < PASSPHRASE_MIN) {
        code =
            cli_error("a passphrase of under %d bytes is soon found: whoever "
                      "records one frame can try them all; take some words, "
                      "or msock key gen",
                      PASSPHRASE_MIN);
    }
    if (code != CLI_OK) {
        return code;
    }
    int result = msock_key_from_passphrase(key_string, passphrase, text);
    return result < 0 ? cli_error_code(result) : print_key(text);
}

int key_from_passphrase(const struct key_call *call)
{
    char key_string[TEXT_SIZE];
    char passphrase[TEXT_SIZE];

    (void)call;
    setvbuf(stdin, NULL, _IONBF, 0); /* no copy of them in stdio */
    int code = make_key(key_string, passphrase);
    cli_wipe(key_string, sizeof(key_string));
    cli_wipe(passphrase, sizeof(passphrase));
    return code;
}
