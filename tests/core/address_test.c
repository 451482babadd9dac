/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses as text. */
#include "core/address.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static const struct {
    struct msock__address address;
    const char *text;
} cases[] = {
    {{.port = 0}, ""},
    {{{[10] = 0xff, [11] = 0xff, 192, 168, 0, 9}, 7783}, "192.168.0.9:7783"},
    {{{[10] = 0xff, [11] = 0xff, 255, 255, 255, 255}, 65535},
     "255.255.255.255:65535"},
    {{{[15] = 1}, 1}, "[::1]:1"},
    {{{0}, 1}, "[::]:1"},
    {{{0xfe, 0x80, [11] = 0xff, 0xfe, 0, 0x12, 0x34}, 9},
     "[fe80::ff:fe00:1234]:9"},
    {{{0x20, 0x01, 0x0d, 0xb8, [7] = 1, [11] = 1, [15] = 1}, 9},
     "[2001:db8:0:1:0:1:0:1]:9"},
    {{{0x20, 0x01, [6] = 0, 1, [15] = 1}, 9}, "[2001:0:0:1::1]:9"},
    {{{1, [6] = 1, [14] = 1}, 9}, "[100:0:0:100::100]:9"},
    {{{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7}, 9}, "[1:2:3:4:5:6:7:0]:9"},
    {{{0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6}, 9}, "[1:2:3:4:5:6::]:9"},
    {{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
       0xff, 0xff, 0xff, 0xff},
      65535},
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
};

Test(address, each_is_written_as_people_write_it)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[MSOCK__ADDRESS_SIZE];

        msock__address_write(&cases[i].address, text);

        cr_expect(eq(str, text, (char *)cases[i].text));
    }
}
