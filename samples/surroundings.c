/* SPDX-License-Identifier: Apache-2.0 */
/* How hub and node find their channel. */
#include "samples/surroundings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char *option_or_env(const char *option, const char *variable)
{
    const char *value = option != NULL ? option : getenv(variable);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

bool is_sealed(const char *url, const char *key_file)
{
    return key_file != NULL ||
           (url != NULL && strstr(url, "key_file=") != NULL);
}
