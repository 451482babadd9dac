/* SPDX-License-Identifier: Apache-2.0 */
/* Prints the keys of a CURVE server and client as settings of peer_zmq. */
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { KEY_SIZE = 41 };

static int print_pair(const char *who)
{
    char public_key[KEY_SIZE], secret_key[KEY_SIZE];

    if (zmq_curve_keypair(public_key, secret_key) != 0) {
        fprintf(stderr, "curve_keys: %s\n", zmq_strerror(zmq_errno()));
        return -1;
    }
    printf("%s_public=%s\n%s_secret=%s\n", who, public_key, who, secret_key);
    return 0;
}

int main(void)
{
    return print_pair("server") < 0 || print_pair("client") < 0 ? EXIT_FAILURE
                                                                : EXIT_SUCCESS;
}
