# SPDX-License-Identifier: Apache-2.0
"""What the parts of a message's way are called, and the files of each.

"LIBRARY:FILE" is what a library spent for lines of a file. A file is in the
first group that names it; one that none names is "other": no pattern here takes
all that core/ or codec/ may once hold.
"""

import fnmatch

OTHER = "other"
SCAN = ("scan of the data", "codec/json*", "codec/plain.h", "codec/utf8.*")
CIPHER = ("ChaCha20-Poly1305 (libsodium)", "libsodium:codec/seal.c")
BENCH = "bench/peers/*"

# Frames, who sends them, when, and what is due otherwise: the same for both.
FRAMES = """
    codec/bytes.h codec/control* codec/counter.c codec/frame.* codec/hash.*
    codec/keyring.* codec/ring.* codec/seal.* codec/sign.* codec/transform.*
    core/admission.* core/age.* core/announce.* core/answers.* core/ask.*
    core/asking.h core/audience.* core/copies.* core/dice.* core/driver.h
    core/engine.* core/engine_answerer.c core/engine_ask.*
    core/engine_audience.c core/engine_confirm.* core/engine_control.c
    core/engine_flow.* core/engine_keys.c core/engine_nodes.c
    core/engine_post.c core/engine_presence.c core/engine_profile.*
    core/engine_push.* core/engine_rx.c core/engine_share.c
    core/engine_state.h core/engine_stream.* core/engine_tell.*
    core/engine_tx.c core/flow.* core/heap.* core/hearsay.* core/held.*
    core/history.* core/intake.* core/marks.* core/number.h core/pace.*
    core/pending.* core/profile.* core/push.* core/rate.h
    core/reorder* core/repair* core/roster.* core/sendtimes.* core/session.*
    core/share.* core/stats.*
    core/sync.* core/table.h core/tell.* core/timer.* core/verify.*
    core/window.* transport/*""".split()

# What a message may be, and who it is from or for, besides the files of a side.
MESSAGE = """
    codec/envelope* codec/error.* codec/escape.c codec/head.* codec/text.c
    codec/told.* core/acts.* core/address.* core/channel*.* core/confirm.*
    core/engine_identity.* core/engine_request.* core/engine_values.*
    core/engine_will.* core/post.* core/requests.* core/topic.* core/trust*
    core/value.* core/values.* core/will.*""".split()

GROUPS = {
    "publisher": (
        SCAN, CIPHER,
        ("checks, room in a frame, head and data copied", *MESSAGE,
         "core/dispatch*", "core/engine_encode.c", "core/engine_publish.c",
         "core/fragment.*", "core/outbox.*"),
        ("frames, the loop", *FRAMES),
        ("the benchmark itself", BENCH)),
    "listener": (
        SCAN, CIPHER,
        ("head compared, cut, checked", *MESSAGE, "core/engine_message.c"),
        ("dispatch and the callback", "core/dispatch*",
         "core/engine_confirm.*", BENCH),
        ("frames, sessions, window, the loop", *FRAMES,
         "core/engine_publish.c")),
}


def group_of(role, library, file):
    """The name of the group of a line's costs; library: None, or who spent
    them for it."""
    for pattern in ([f"{library}:{file}"] if library else []) + [file]:
        for name, *patterns in GROUPS[role]:
            if any(fnmatch.fnmatchcase(pattern, each) for each in patterns):
                return name
    return OTHER
