/* SPDX-License-Identifier: Apache-2.0 */
/* The lesser and the greater of two numbers: of deadlines the earlier and the
 * later one. */
#ifndef MSOCK_CORE_NUMBER_H
#define MSOCK_CORE_NUMBER_H

#include <stdint.h>

static inline uint64_t msock__least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t msock__most(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

#endif
