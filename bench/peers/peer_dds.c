/* SPDX-License-Identifier: Apache-2.0 */
/* Cyclone DDS, a topic a channel, all history kept. Settings: reliable [0],
 * batch [0; 1: write batching]. Its interface comes from CYCLONEDDS_URI. */
#include "bench/peers/peer.h"

#include "blob.h"

#include <dds/dds.h>

enum { BURST = 64, BLOCK_S = 10 };

const unsigned peer_turn = 0;

static const char *const names[2] = {"home_kitchen_lights",
                                     "home_kitchen_echo"};
static dds_entity_t writer, reader, waitset;

static dds_entity_t make_topic(dds_entity_t participant, int channel)
{
    return dds_create_topic(participant, &bench_Blob_desc, names[channel], NULL,
                            NULL);
}

int peer_open(const struct peer_role *role)
{
    bool reliable = role_number("reliable", 0) > 0;
    dds_qos_t *quality = dds_create_qos();
    dds_entity_t participant =
        dds_create_participant(DDS_DOMAIN_DEFAULT, NULL, NULL);

    dds_qset_reliability(quality,
                         reliable ? DDS_RELIABILITY_RELIABLE
                                  : DDS_RELIABILITY_BEST_EFFORT,
                         DDS_SECS(BLOCK_S));
    dds_qset_history(quality, DDS_HISTORY_KEEP_ALL, 0);
    dds_write_set_batch(role_number("batch", 0) > 0);
    if (role->publishes != PEER_NONE) {
        writer = dds_create_writer(participant,
                                   make_topic(participant, role->publishes),
                                   quality, NULL);
    }
    if (role->listens != PEER_NONE) {
        reader = dds_create_reader(
            participant, make_topic(participant, role->listens), quality, NULL);
        dds_set_status_mask(reader, DDS_DATA_AVAILABLE_STATUS);
        waitset = dds_create_waitset(participant);
        dds_waitset_attach(waitset, reader, 0);
    }
    dds_delete_qos(quality);
    return participant < 0 || writer < 0 || reader < 0
               ? role_fail("dds", "cannot be opened")
               : 0;
}

enum peer_sent peer_send(const char *text, size_t size)
{
    bench_Blob blob = {.data = {._maximum = (uint32_t)size,
                                ._length = (uint32_t)size,
                                ._buffer = (uint8_t *)(uintptr_t)text}};

    return dds_write(writer, &blob) < 0 ? PEER_LOST : PEER_SENT;
}

void peer_flush(void)
{
    if (writer > 0) {
        dds_write_flush(writer);
    }
}

static dds_return_t take(void)
{
    void *samples[BURST] = {NULL};
    dds_sample_info_t infos[BURST];
    dds_return_t count = dds_take(reader, samples, infos, BURST, BURST);

    for (dds_return_t i = 0; i < count; i++) {
        const bench_Blob *blob = samples[i];
        if (infos[i].valid_data) {
            role_heard((const char *)blob->data._buffer, blob->data._length);
        }
    }
    if (count > 0) {
        dds_return_loan(reader, samples, count);
    }
    return count;
}

void peer_poll(bool wait)
{
    if (reader <= 0 || !wait ||
        dds_waitset_wait(waitset, NULL, 0, DDS_MSECS(PEER_WAIT_MS)) <= 0) {
        return;
    }
    while (take() == BURST) {
    }
}

int peer_listeners(void)
{
    dds_publication_matched_status_t status;

    return writer > 0 &&
                   dds_get_publication_matched_status(writer, &status) == 0
               ? (int)status.current_count
               : 0;
}
