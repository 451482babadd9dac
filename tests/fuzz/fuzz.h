/* SPDX-License-Identifier: Apache-2.0 */
/* What every fuzz target begins with: its one function, and reading choices,
 * numbers and texts from an input that ends anywhere. Past the end all is 0, so
 * that any bytes are a whole scenario. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Runs one input, whatever it holds; a broken promise ends the process.
 *  Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct fuzz_input {
    const uint8_t *at;
    size_t left;
};

static inline unsigned fuzz_byte(struct fuzz_input *input)
{
    if (input->left == 0) {
        return 0;
    }
    input->left--;
    return *input->at++;
}

/** A big-endian number of `size` bytes, at most 8. */
static inline uint64_t fuzz_number(struct fuzz_input *input, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) {
        number = number << 8 | fuzz_byte(input);
    }
    return number;
}

/** Points *bytes at the next `wanted` bytes, or at those that are left.
 *  Returns how many. */
static inline size_t fuzz_bytes(struct fuzz_input *input, size_t wanted,
                                const uint8_t **bytes)
{
    size_t size = wanted < input->left ? wanted : input->left;
    *bytes = input->at;
    input->at += size;
    input->left -= size;
    return size;
}

#endif
