/* SPDX-License-Identifier: Apache-2.0 */
/* What may be a topic and a node name. */
#include "codec/envelope.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

struct name {
    const char *bytes;
    size_t size;
};

#define NAME(literal)                                                          \
    {                                                                          \
        literal, sizeof literal - 1                                            \
    }

Test(names, topics_of_mqtt_are_valid)
{
    static const struct name topics[] = {
        NAME("a"),
        NAME("/"),
        NAME("//"),
        NAME("home/kitchen/lights"),
        NAME("$reply/0123456789abcdef/1"),
        NAME(" with space "),
        NAME("caf\xC3\xA9/\xE2\x82\xAC/\xF0\x9F\x92\xA1"),
        NAME("\xC2\xA0"),
        NAME("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16"),
        NAME("///////////////"),
    };

    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        cr_expect(msock__topic_valid(topics[i].bytes, topics[i].size), "%s",
                  topics[i].bytes);
    }
}

Test(names, other_topics_are_not)
{
    static const struct name topics[] = {
        NAME(""),
        NAME("+"),
        NAME("a/+"),
        NAME("a#"),
        NAME("#"),
        NAME("a\0b"),
        NAME("a\nb"),
        NAME("\x1F"),
        NAME("\x7F"),
        NAME("\xC2\x80"),
        NAME("a\xC2\x9F"),
        NAME("\xFF"),
        NAME("\xC3"),
        NAME("\xED\xA0\x80"),
        NAME("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"),
        NAME("////////////////"),
    };

    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        cr_expect(not(msock__topic_valid(topics[i].bytes, topics[i].size)),
                  "topic %zu", i);
    }
}

Test(names, sizes_are_bounded)
{
    char letters[256];

    memset(letters, 'x', sizeof letters);

    cr_expect(msock__topic_valid(letters, 255));
    cr_expect(not(msock__topic_valid(letters, 256)));
    cr_expect(msock__name_valid(letters, 63));
    cr_expect(not(msock__name_valid(letters, 64)));
    cr_expect(not(msock__name_valid(letters, 0)));
}

Test(names, a_node_may_be_called_anything_printable)
{
    cr_expect(msock__name_valid("hub", 3));
    cr_expect(msock__name_valid("a/b+c#d", 7));
    cr_expect(msock__name_valid("caf\xC3\xA9", 5));
    cr_expect(not(msock__name_valid("a\tb", 3)));
    cr_expect(not(msock__name_valid("a\x7F", 2)));
    cr_expect(not(msock__name_valid("\xC2\x85", 2)));
    cr_expect(not(msock__name_valid("a\xFF", 2)));
    cr_expect(not(msock__name_valid("a\0", 2)));
}
