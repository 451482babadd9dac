/* SPDX-License-Identifier: Apache-2.0 */
/* The hub's view of itself and the house, as one JSON object in a file that is
 * replaced as a whole: who reads it never sees a half. Its members are in
 * docs/man/multisock-hub.5. */
#ifndef MSOCK_TOOLS_HUB_STATUS_H
#define MSOCK_TOOLS_HUB_STATUS_H

#include "tools/msock/hub_config.h"
#include "tools/msock/hub_reports.h"

#include <multisock/host.h>

/** What is to be shown; all of it is borrowed. */
struct hub_view {
    const char *state; /* "running", "stopped" */
    const char *channel_url;
    time_t started; /* wall clock */
    const msock_channel *channel;
    const msock_host *host;
    const struct hub_config *config;  /* its plugins that are not loaded */
    const struct cli_buffer *plugins; /* as they were, as rendered; or NULL */
    const struct hub_reports *reports;
};

/** Writes the list of plugins alone to *out, for a status that comes when they
 *  have ended. */
void hub_status_render_plugins(const struct hub_view *view,
                               struct cli_buffer *out);

/** Writes the object to *out, in place of what it holds; out->failed says that
 *  memory was short. */
void hub_status_render(const struct hub_view *view, struct cli_buffer *out);

/** Claims `file` for this process, by a lock on `file`.lock, which stays there.
 *  *fd is the caller's to close, which ends the claim; negative: there is none.
 *  Returns 0, EWOULDBLOCK (another process has it), or another errno. */
int hub_status_claim(const char *file, int *fd);

/** Puts the text in the place of `file`.  Returns 0, or an errno. */
int hub_status_write(const char *file, const struct cli_buffer *text);

#endif
