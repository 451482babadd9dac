/* SPDX-License-Identifier: Apache-2.0 */
/* Publishes one message:  publish TOPIC JSON [CHANNEL [KEY-FILE]] */
#include <multisock/multisock.h>
#include <stdio.h>
#include <string.h>

static int fail(void)
{
    fprintf(stderr, "publish: %s\n", msock_error_detail());
    return 1;
}

int main(int argc, char **argv)
{
    bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
    if (argc < 3 || argc > 5) {
        fprintf(help ? stdout : stderr,
                "usage: publish TOPIC JSON [CHANNEL [KEY-FILE]]\n");
        return help ? 0 : 2;
    }
    const char *url = argc > 3 ? argv[3] : NULL;
    msock_options options = {.key_file = argc > 4 ? argv[4] : NULL};
    msock_channel *channel;

    if (msock_open(&channel, url, &options) < 0) {
        return fail();
    }
    int result = msock_publish(channel, argv[1], argv[2], NULL);
    int status = result < 0 ? fail() : 0;
    if (msock_joined(channel) == 0) {
        fprintf(stderr, "publish: no network: nobody will hear it\n");
        status = 1;
    }
    msock_close(channel, NULL, NULL); /* sends what is queued first */
    return status;
}
