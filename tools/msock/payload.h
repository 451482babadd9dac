/* SPDX-License-Identifier: Apache-2.0 */
/* What a message holds, as the verbs that send are told it: DATA, or one of
 * mosquitto's letters (-m, -f, -s, -n, -l), --raw and --string.
 *
 * Text that is JSON goes as it is, and other text as a JSON string. A file that
 * is no text goes as raw bytes. What mosquitto's letters find empty is a
 * message without data, which MQTT does not tell from empty text. */
#ifndef MSOCK_TOOLS_PAYLOAD_H
#define MSOCK_TOOLS_PAYLOAD_H

#include "tools/msock/input.h"

/** The options that have no letter; a verb's own begin at PAYLOAD_OWN. */
enum {
    PAYLOAD_RAW = CLI_OWN, /* --raw FILE */
    PAYLOAD_TYPE,          /* --type TYPE */
    PAYLOAD_STRING,        /* --string */
    PAYLOAD_CLEAR,         /* --clear: as -n */
    PAYLOAD_OWN
};

enum payload_kind {
    PAYLOAD_UNSAID,
    PAYLOAD_TEXT,  /* DATA, -m */
    PAYLOAD_FILE,  /* -f, -s: text or bytes */
    PAYLOAD_BYTES, /* --raw */
    PAYLOAD_NULL,  /* -n, --clear */
    PAYLOAD_LINES  /* -l, or - for DATA */
};

/** Zeros at first; payload_fini() frees. */
struct payload {
    enum payload_kind kind;
    const char *option; /* which one said so, for the user */
    const char *text;   /* TEXT; FILE, BYTES: the file's name */
    const char *type;   /* of BYTES, or NULL */
    bool string;        /* also JSON goes as a JSON string */
    bool noted;         /* that JSON which is none goes as a string */
    struct input file;
    struct cli_buffer quoted;
};

/** Takes an option: 'm', 'f', 's', 'n', 'l' or one of the above.  Returns
 *  CLI_OK, or CLI_USAGE after having told why: a message has one of them. */
int payload_take(struct payload *payload, int id, const char *value);

/** Takes DATA, as an argument.  Returns as payload_take(). */
int payload_take_data(struct payload *payload, const char *data);

/** Takes what is no option: the topic, if `topic` is NULL, and DATA.  Returns
 *  as payload_take(). */
int payload_arguments(struct payload *payload, int argc, char **argv,
                      const char **topic);

/** Holds its options together.  Returns as payload_take(). */
int payload_check(const struct payload *payload);

/** Reads its file, if there is one.  Returns CLI_OK, or CLI_FAILURE after
 *  having told why. */
int payload_read(struct payload *payload);

/** Makes a text, with a NUL behind its `size` bytes, a message's *json; NULL:
 *  no data. It is valid until the next call.  Returns 0, or an error code after
 *  having told why. */
int payload_text(struct payload *payload, const char *text, size_t size,
                 const char **json);

/** Makes what was taken and read a message: *json, or raw bytes in `how`; not
 *  of LINES.  Returns as payload_text(). */
int payload_make(struct payload *payload, msock_publish_options *how,
                 const char **json);

/** Frees what it holds. */
void payload_fini(struct payload *payload);

#endif
