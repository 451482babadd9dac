/* SPDX-License-Identifier: Apache-2.0 */
/* A trust file for those who want to know who is in it. */
#include "codec/keyfile.h"
#include "core/trust_state.h"

#include <multisock/identity.h>
#include <multisock/multisock.h>
#include <stdlib.h>
#include <string.h>

static void tell(const struct msock__trusted *trusted,
                 msock_trust_callback *callback, void *user)
{
    char name[MSOCK_NAME_MAX + 1];

    memcpy(name, trusted->name, trusted->name_size);
    name[trusted->name_size] = '\0';
    const msock_trust_entry entry = {
        .name = name, .keep = trusted->keep, .admin = trusted->admin};
    callback(&entry, user);
}

int msock_trust_list(const char *path, msock_trust_callback *callback,
                     void *user)
{
    struct msock__trust *trust = NULL;
    char *text;
    size_t size;
    int code = msock__trustfile_read(path, MSOCK__TRUST_TEXT_MAX, &text, &size);

    if (code < 0) {
        return code;
    }
    code = msock__trust_parse(&trust, text, size, path);
    free(text);
    if (code < 0) {
        return code;
    }
    for (size_t i = 0; callback && i < trust->count; i++) {
        tell(&trust->entries[i], callback, user);
    }
    code = (int)trust->count;
    msock__trust_free(trust);
    return code;
}
