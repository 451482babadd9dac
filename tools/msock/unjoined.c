/* SPDX-License-Identifier: Apache-2.0 */
/* Says which interfaces a channel waits for. */
#include "tools/msock/unjoined.h"

#include "tools/msock/cli.h"

#include <net/if.h>
#include <string.h>

/* Finds the value of `iface` in a URL.  Returns its size, 0 if there is none.
 */
static size_t find_ifaces(const char *url, const char **value)
{
    static const char key[] = "iface=";
    const char *option = url ? strchr(url, '?') : NULL;

    while (option) {
        option++;
        if (strncmp(option, key, strlen(key)) == 0) {
            *value = option + strlen(key);
            return strcspn(*value, "&");
        }
        option = strchr(option, '&');
    }
    return 0;
}

/* Whether a piece of `iface` is a name that no interface has: it is neither an
 * address nor %-encoded, which may be names too, but not likely. */
static bool is_no_interface(const char *name)
{
    return !strpbrk(name, "./:%") && strcmp(name, "all") != 0 &&
           strcmp(name, "auto") != 0 && if_nametoindex(name) == 0;
}

int unjoined_tell(const char *url, const char *then)
{
    const char *value = "";
    size_t size = find_ifaces(url, &value);
    const char *end = value + size;

    if (size == 0) {
        return cli_error("no network: no interface has joined the channel "
                         "(iface= in its URL names one); %s",
                         then);
    }
    cli_error("no network: iface=%.*s has not joined the channel; %s",
              (int)size, value, then);
    while (value < end) {
        char name[IF_NAMESIZE];
        size_t length = strcspn(value, ",&");
        if (length < sizeof(name)) {
            memcpy(name, value, length);
            name[length] = '\0';
            if (is_no_interface(name)) {
                cli_error("there is no interface %s now", name);
            }
        }
        value += length + 1;
    }
    return CLI_FAILURE;
}
