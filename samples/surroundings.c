/* SPDX-License-Identifier: Apache-2.0 */
/* How hub, node and sensor find their channel. */
#include "samples/surroundings.h"

#include "samples/say.h"

#include <stdlib.h>
#include <string.h>

/* Takes an option that all have.  Returns whether it is one. */
static bool take(struct surroundings *surroundings, int letter)
{
    switch (letter) {
    case 'n':
        surroundings->name = optarg;
        return true;
    case 'k':
        surroundings->key_file = optarg;
        return true;
    case 'c':
        surroundings->url = optarg;
        return true;
    default:
        return false;
    }
}

int surroundings_next(struct surroundings *surroundings, int argc, char **argv,
                      const struct option *more)
{
    struct option options[4 + SURROUNDINGS_MORE_MAX + 1] = {
        {"name", required_argument, NULL, 'n'},
        {"key-file", required_argument, NULL, 'k'},
        {"channel", required_argument, NULL, 'c'},
        {"help", no_argument, NULL, 'h'}};
    int letter;

    for (size_t i = 0; i < SURROUNDINGS_MORE_MAX && more[i].name != NULL; i++) {
        options[4 + i] = more[i];
    }
    do {
        letter = getopt_long(argc, argv, "c:h", options, NULL);
    } while (take(surroundings, letter));
    return letter;
}

bool surroundings_complete(struct surroundings *surroundings,
                           const char *program)
{
    const char *source =
        surroundings->key_file != NULL ? "--key-file" : "MSOCK_KEY_FILE";

    if (surroundings->url == NULL) {
        surroundings->url = getenv("MSOCK_CHANNEL");
    }
    if (surroundings->url != NULL && surroundings->url[0] == '\0') {
        surroundings->url = NULL;
    }
    if (surroundings->key_file == NULL) {
        surroundings->key_file = getenv("MSOCK_KEY_FILE");
    }
    if (surroundings->key_file != NULL && surroundings->key_file[0] == '\0') {
        complain("%s: %s is empty: name a key file, or leave it out", program,
                 source);
        return false;
    }
    return true;
}

bool is_sealed(const struct surroundings *surroundings)
{
    const char *url = surroundings->url;

    return surroundings->key_file != NULL ||
           (url != NULL && strstr(url, "key_file=") != NULL);
}
