/* SPDX-License-Identifier: Apache-2.0 */
/* Trains of datagrams on real sockets: they leave and arrive in one piece where
 * the system can do that, and nobody sees the difference where it cannot. */
#define _GNU_SOURCE
#include "tests/support/net_node.h"
#include "tests/support/netns.h"
#include "transport/multicast_state.h"
#include "transport/train.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

enum { FRAMES = 40, FRAME_SIZE = 1400, SIZE_MAX_HERE = 3000, WAIT_MS = 5000 };

static uint8_t bytes[FRAMES][SIZE_MAX_HERE];
static struct msock__outgoing frames[FRAMES];

/* Frames of one size that begin with their number, but for the last. */
static void make_frames(size_t size, size_t last)
{
    for (size_t i = 0; i < FRAMES; i++) {
        memset(bytes[i], 0xff, sizeof bytes[i]);
        bytes[i][0] = (uint8_t)i;
        frames[i] = (struct msock__outgoing){bytes[i], size};
    }
    frames[FRAMES - 1].size = last;
}

static void send_frames(struct node *node)
{
    size_t done = node->transport->ops->send(node->transport, frames, FRAMES);

    cr_assert(eq(sz, done, FRAMES));
}

static struct msock__sender *sender_of(const struct node *node)
{
    return ((struct msock__multicast *)node->transport)->senders[0];
}

static void enter(void)
{
    test_netns_enter();
    test_netns_set("lo", true);
}

/* -- A socket that is read by hand -- */

struct ear {
    int fd;
    struct msock__receiver receiver;
    struct msock__clocks empty;
    struct msock__arrival arrival; /* of the last */
    struct msock__datagram last;
    bool whole;
};

static void ear_open(struct ear *ear)
{
    struct msock__group group;

    cr_assert(msock__group_read(&group, "239.255.77.83", 7783) == 0);
    *ear = (struct ear){.fd = msock__group_receiver(&group, 1 << 20)};
    cr_assert(ear->fd >= 0);
    cr_assert(msock__group_join(&group, ear->fd, if_nametoindex("lo")) == 0);
    cr_assert(msock__receiver_init(&ear->receiver) == 0);
    ear->empty = msock__clocks_read();
}

static void ear_close(struct ear *ear)
{
    msock__receiver_fini(&ear->receiver);
    msock__socket_close(&ear->fd);
}

/* Reads one batch.  Returns how many it has. */
static size_t ear_read(struct ear *ear)
{
    struct pollfd wait = {.fd = ear->fd, .events = POLLIN};
    bool more;

    cr_assert(poll(&wait, 1, WAIT_MS) == 1, "nothing came");
    size_t count =
        msock__receiver_read(&ear->receiver, ear->fd, &ear->empty, &more);
    cr_assert(ge(sz, count, 1));
    ear->whole = msock__receiver_get(&ear->receiver, 0, false, &ear->arrival,
                                     &ear->last);
    return count;
}

Test(multicast_train, what_leaves_at_once_arrives_in_one_piece)
{
    struct node writer;
    struct msock__config config = config_of("239.255.77.83", "lo");
    struct ear ear;
    size_t offset = 0;
    enter();
    ear_open(&ear);
    msock__socket_take_trains(ear.fd);
    node_open(&writer, &config);
    make_frames(FRAME_SIZE, 7);

    send_frames(&writer);
    size_t count = ear_read(&ear);

    cr_expect(eq(sz, count, 1));
    cr_expect(ear.whole);
    cr_expect(eq(sz, ear.arrival.segment, FRAME_SIZE));
    cr_assert(eq(sz, ear.last.size, (FRAMES - 1) * FRAME_SIZE + 7));
    for (size_t i = 0; i < FRAMES; i++) {
        struct msock__datagram one =
            msock__train_take(&ear.last, FRAME_SIZE, &offset);
        cr_expect(eq(sz, one.size, frames[i].size));
        cr_expect(memcmp(one.bytes, bytes[i], one.size) == 0);
    }
    ear_close(&ear);
    node_close(&writer);
}

Test(multicast_train, without_its_ancillary_data_it_is_not_whole)
{
    const int level[] = {IPPROTO_IP, IPPROTO_IP, IPPROTO_IP, SOL_SOCKET};
    const int name[] = {IP_RECVTTL, IP_RECVTOS, IP_RECVORIGDSTADDR,
                        SO_TIMESTAMPING};
    const int value[] = {1, 1, 1, 0x18}; /* stamps of software, three times */
    struct node writer;
    struct msock__config config = config_of("239.255.77.83", "lo");
    struct ear ear;
    enter();
    ear_open(&ear);
    msock__socket_take_trains(ear.fd);
    for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
        cr_assert(setsockopt(ear.fd, level[i], name[i], &value[i],
                             sizeof value[i]) == 0);
    }
    node_open(&writer, &config);
    make_frames(FRAME_SIZE, 7);

    send_frames(&writer);
    (void)ear_read(&ear);

    cr_expect(not(ear.whole));
    ear_close(&ear);
    node_close(&writer);
}

/* -- From channel to channel -- */

static void check_all_arrive(struct node *writer, size_t size, size_t last)
{
    struct node reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.rcvbuf = 1 << 20;
    node_open(&reader, &config);
    make_frames(size, last);

    send_frames(writer);
    run_until(&reader, has_received, FRAMES);
    node_send(writer, "the last");
    run_until(&reader, has_received, FRAMES + 1);

    cr_expect(eq(sz, reader.count, FRAMES + 1));
    cr_expect(memcmp(reader.bytes, "the last", 8) == 0);
    cr_expect(eq(u64, reader.counters[MSOCK_DROP_TRUNCATED], 0));
    cr_expect(eq(u64, writer->counters[MSOCK_TX_ERRORS], 0));
    node_close(&reader);
}

static void check_sizes(struct node *writer)
{
    check_all_arrive(writer, FRAME_SIZE, FRAME_SIZE);
    check_all_arrive(writer, 13, 1);
    check_all_arrive(writer, 1, 1);
    check_all_arrive(writer, 10, FRAME_SIZE);
}

Test(multicast_train, each_datagram_of_one_arrives)
{
    struct node writer;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    node_open(&writer, &config);

    check_sizes(&writer);

    cr_expect(sender_of(&writer)->trains);
    cr_expect(not(sender_of(&writer)->refused));
    node_close(&writer);
}

Test(multicast_train, an_older_kernel_sends_datagrams)
{
    struct node writer;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    node_open(&writer, &config);
    sender_of(&writer)->trains = false;

    check_sizes(&writer);

    node_close(&writer);
}

Test(multicast_train, one_that_is_refused_leaves_as_datagrams)
{
    struct node writer;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.mtu = SIZE_MAX_HERE + 28;
    enter();
    test_netns_ip("link set lo mtu 1500");
    node_open(&writer, &config);

    check_all_arrive(&writer, SIZE_MAX_HERE, SIZE_MAX_HERE);

    cr_expect(sender_of(&writer)->refused);
    node_close(&writer);
}

Test(multicast_train, what_nothing_can_carry_is_an_error_by_itself)
{
    struct node writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    test_netns_ip("link set lo mtu 1500");
    node_open(&writer, &config);
    node_open(&reader, &config);
    make_frames(SIZE_MAX_HERE, 7);

    send_frames(&writer);
    run_until(&reader, has_received, 1);

    cr_expect(eq(u64, writer.counters[MSOCK_TX_ERRORS], FRAMES - 1));
    cr_expect(eq(sz, reader.size, 7));
    cr_expect(eq(sz, reader.count, 1));
    node_close(&writer);
    node_close(&reader);
}

Test(multicast_train, ones_own_come_back_as_ones_own)
{
    struct node node;
    struct msock__config config = config_of("239.255.77.83", "lo");
    config.rcvbuf = 1 << 20;
    enter();
    node_open(&node, &config);
    make_frames(FRAME_SIZE, 7);

    send_frames(&node);
    run_until(&node, has_received, FRAMES);

    cr_expect(eq(sz, node.count, FRAMES));
    cr_expect(node.own);
    node_close(&node);
}

Test(multicast_train, what_the_kernel_drops_of_them_is_counted)
{
    enum { TRAINS = 50 };
    struct node writer, reader;
    struct msock__config config = config_of("239.255.77.83", "lo");
    enter();
    node_open(&writer, &config);
    node_open(&reader, &config);
    make_frames(FRAME_SIZE, FRAME_SIZE);

    for (int i = 0; i < TRAINS; i++) {
        send_frames(&writer);
    }
    run_until(&reader, has_received, 1);
    size_t before = reader.count;
    send_frames(&writer);
    run_until(&reader, has_received, before + FRAMES);

    uint64_t dropped = reader.counters[MSOCK_DROP_KERNEL];
    cr_expect(ge(u64, dropped, 1));
    cr_expect(eq(u64, reader.count + dropped * FRAMES,
                 (uint64_t)(TRAINS + 1) * FRAMES));
    node_close(&writer);
    node_close(&reader);
}

/* -- To callbacks -- */

static struct {
    size_t count;
    char text[FRAMES][4];
} heard;

static int on_payload(msock_channel *channel, const msock_message *message,
                      void *user)
{
    (void)user;
    cr_assert(eq(sz, message->data_size, 3));
    cr_assert(eq(chr, message->data[3], '\0'));
    memcpy(heard.text[heard.count++], message->data, 4);
    if (heard.count == FRAMES) {
        msock_stop(channel);
    }
    return 0;
}

static void on_late(msock_channel *channel, void *user)
{
    (void)user;
    msock_stop(channel);
}

Test(multicast_train, a_raw_payload_of_one_ends_with_nul)
{
    const char *url = "udp://239.255.77.83:7783?codec=raw&iface=lo";
    msock_channel *writer, *reader;
    char text[4] = "a-0";
    enter();
    cr_assert(msock_open(&writer, url, NULL) == 0, "%s", msock_error_detail());
    cr_assert(msock_open(&reader, url, NULL) == 0);
    cr_assert(ge(int, msock_subscribe(reader, "#", on_payload, NULL, NULL), 0));
    cr_assert(msock_timer_start(reader, WAIT_MS, 0, on_late, NULL) >= 0);

    for (int i = 0; i < FRAMES; i++) {
        text[2] = (char)('0' + i);
        msock_publish_options options = {.raw = text, .raw_size = 3};
        cr_assert(msock_publish(writer, "t", NULL, &options) == 0, "%s",
                  msock_error_detail());
    }
    msock_dispatch(writer);
    msock_run(reader);

    cr_assert(eq(sz, heard.count, FRAMES));
    for (int i = 0; i < FRAMES; i++) {
        text[2] = (char)('0' + i);
        cr_expect(eq(str, heard.text[i], text));
    }
    msock_close(writer, NULL, NULL);
    msock_close(reader, NULL, NULL);
}
