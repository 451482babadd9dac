/* SPDX-License-Identifier: Apache-2.0 */
/* Error codes: one table gives number, name and sentence.
 *
 * Every function that can fail returns 0 or a count when it worked and one of
 * these negative codes when it did not; the numbers never change. The sentence
 * about one particular failure (which option, which file, what to do) is kept
 * per thread: see msock_error_detail(). */
#ifndef MULTISOCK_ERROR_H
#define MULTISOCK_ERROR_H

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#ifdef __cplusplus
extern "C" {
#endif

#define MSOCK_ERROR_MAP(XX)                                                    \
    XX(EINVAL, 1, "an argument is invalid")                                    \
    XX(ENOMEM, 2, "out of memory")                                             \
    XX(EAGAIN, 3, "the send queue is full; try again later")                   \
    XX(ETOOBIG, 4, "the message is larger than the limit")                     \
    XX(ETOPIC, 5, "not a valid topic")                                         \
    XX(EFILTER, 6, "not a valid topic filter")                                 \
    XX(EJSON, 7, "not valid JSON")                                             \
    XX(EURL, 8, "not a valid channel address")                                 \
    XX(EOPTION, 9, "an option is unknown or out of range")                     \
    XX(EKEY, 10, "the key cannot be used")                                     \
    XX(ENAME, 11, "not a valid node name")                                     \
    XX(ESYSTEM, 12, "the operating system refused")                            \
    XX(ENOENT, 13, "no such subscription, timer, member or file")              \
    XX(ELIMIT, 14, "a stated limit is reached")                                \
    XX(ECLOSED, 15, "the channel is closing")                                  \
    XX(EPLUGIN, 16, "the plugin cannot be used")                               \
    XX(EABI, 17, "the plugin was built for another version")                   \
    XX(EACCESS, 18, "others may write or read the file")                       \
    XX(ENOTSUP, 19, "not supported here")                                      \
    XX(EFORK, 20, "a forked child may not send on its parent's channel")       \
    XX(EBUSY, 21, "already in use")                                            \
    XX(ENOBODY, 22, "nobody listens to that, or waits for it")                 \
    XX(ETIMEDOUT, 23, "the deadline is over")                                  \
    XX(ECANCELED, 24, "it was cancelled")

enum msock_error {
#define MSOCK__XX(name, number, text) MSOCK_##name = -(number),
    MSOCK_ERROR_MAP(MSOCK__XX)
#undef MSOCK__XX
        MSOCK_OK = 0
};

/** Returns the name of an error code ("MSOCK_EURL"), or "MSOCK_UNKNOWN".
 *  Static text.  Thread: any. */
const char *msock_error_name(int code);

/** Returns the sentence of an error code, or "unknown error". Static text.
 *  Thread: any. */
const char *msock_error_text(int code);

/** Returns what exactly went wrong in the last msock_ call that failed on this
 *  thread, and what to do about it: "" if nothing failed yet. One line, which
 *  is safe on a terminal: what it quotes is escaped as by msock_text_escape().
 *  Valid until the next msock_ call on this thread.  Thread: any. */
const char *msock_error_detail(void);

#ifdef __cplusplus
}
#endif

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#endif
