/* SPDX-License-Identifier: Apache-2.0 */
/* What the public calls of a channel check before they do anything. */
#ifndef MSOCK_CORE_CHANNEL_H
#define MSOCK_CORE_CHANNEL_H

#include "codec/json.h"

#include <multisock/multisock.h>

struct msock__publication;

/** Whether the channel takes calls, and from this thread.
 *  Returns 0, MSOCK_EBUSY, MSOCK_ECLOSED; the detail is set. */
int msock__channel_check(const msock_channel *channel);

/** Whether it is a topic of the application's (NULL is none).
 *  Returns 0, MSOCK_ETOPIC; the detail is set. */
int msock__channel_topic(const char *topic);

/** Whether it is a filter (NULL is none).
 *  Returns 0, MSOCK_EFILTER; the detail is set. */
int msock__channel_filter(const char *filter);

/** Scans JSON and cuts the white space around it.
 *  Returns 0, MSOCK_EJSON; the detail is set. */
int msock__channel_json(const char *json, struct msock__json_slice *value);

/** Whether a struct of options is that of this version, of `known` bytes, or of
 *  a caller that says nothing.  Returns 0, MSOCK_EINVAL; the detail is set. */
int msock__channel_struct(size_t struct_size, size_t known, const char *name);

/** Checks all that may be published; touches nothing but *publication.
 *  Returns 0, or as msock_publish() before it looks for room.  Thread: any. */
int msock__channel_publication(const msock_channel *channel, const char *topic,
                               const char *json,
                               const msock_publish_options *options,
                               struct msock__publication *publication);

#endif
