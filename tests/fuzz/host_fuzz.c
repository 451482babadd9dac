/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes what a host says of its interfaces, and lists that choose among them:
 * a list for `iface` or `peer`, a NUL, rtnetlink messages. What is chosen and
 * what is missing are parts of what there is and of the list. */
#include "tests/codec/exact.h"
#include "tests/fuzz/fuzz.h"
#include "transport/netif.h"
#include "transport/peers.h"

#include <assert.h>
#include <multisock/multisock.h>

enum { LIST_MAX = 1023, CHOSEN_MAX = 8 };

static void check_netifs(const struct msock__netifs *netifs)
{
    assert(netifs->count <= MSOCK__NETIFS_MAX);
    assert(netifs->address_count <= MSOCK__NETIF_ADDRESSES_MAX);
    for (size_t i = 0; i < netifs->count; i++) {
        const struct msock__netif *one = &netifs->items[i];
        assert(memchr(one->name, '\0', sizeof one->name));
        assert(memchr(one->kind, '\0', sizeof one->kind));
        const struct msock__netif *found =
            msock__netifs_find(netifs, one->index);
        assert(found && found->index == one->index);
    }
}

/* A list that is valid, against the interfaces. */
static void check_choice(const struct msock__netifs *netifs, const char *list,
                         bool ipv6)
{
    unsigned chosen[CHOSEN_MAX];
    char *missing = exact_copy("", 0, strlen(list) + 1);
    size_t count = msock__netif_select(netifs, list, ipv6, chosen, CHOSEN_MAX);

    assert(count <= netifs->count);
    for (size_t i = 0; i < count && i < CHOSEN_MAX; i++) {
        assert(msock__netifs_find(netifs, chosen[i]));
        assert(!ipv6 || msock__netifs_address(netifs, chosen[i], true));
    }
    msock__netif_missing(netifs, list, ipv6, missing);
    assert(missing[0] == '\0' || msock__netif_check(missing) == 0);
    free(missing);
}

static void check_peers(const char *list)
{
    struct msock__peers peers;
    if (msock__peers_read(&peers, list, 7783) < 0) {
        assert(msock_error_detail()[0] != '\0');
        return;
    }
    assert(peers.count <= MSOCK__PEERS_COUNT_MAX);
    for (size_t i = 0; i < peers.count; i++) {
        assert(peers.items[i].port > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct msock__netifs netifs = {0};
    const uint8_t *nul = size > 0 ? memchr(bytes, 0, size) : NULL;
    size_t list_size = nul ? (size_t)(nul - bytes) : size;
    size_t news_size = nul ? size - list_size - 1 : 0;
    if (list_size > LIST_MAX) {
        return 0;
    }
    char *list = exact_copy(bytes, list_size, 1);
    char *news = exact_copy(bytes + size - news_size, news_size, 0);

    int code = msock__netifs_parse(&netifs, (const uint8_t *)news, news_size);
    assert(code <= 1);
    check_netifs(&netifs);
    check_peers(list);
    if (msock__netif_check(list) == 0) {
        check_choice(&netifs, list, false);
        check_choice(&netifs, list, true);
    } else {
        assert(msock_error_detail()[0] != '\0');
    }
    msock__netifs_fini(&netifs);
    free(list);
    free(news);
    return 0;
}
