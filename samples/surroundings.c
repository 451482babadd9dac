/* SPDX-License-Identifier: Apache-2.0 */
/* How hub and node find their channel. */
#include "samples/surroundings.h"

#include "samples/say.h"

#include <stdlib.h>
#include <string.h>

bool surroundings_complete(const char *program, const char **url,
                           const char **key_file)
{
    const char *source = *key_file != NULL ? "--key-file" : "MSOCK_KEY_FILE";

    if (*url == NULL) {
        *url = getenv("MSOCK_CHANNEL");
    }
    if (*url != NULL && (*url)[0] == '\0') {
        *url = NULL;
    }
    if (*key_file == NULL) {
        *key_file = getenv("MSOCK_KEY_FILE");
    }
    if (*key_file != NULL && (*key_file)[0] == '\0') {
        complain("%s: %s is empty: name a key file, or leave it out", program,
                 source);
        return false;
    }
    return true;
}

bool is_sealed(const char *url, const char *key_file)
{
    return key_file != NULL ||
           (url != NULL && strstr(url, "key_file=") != NULL);
}
