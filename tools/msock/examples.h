/* SPDX-License-Identifier: Apache-2.0 */
/* A cheat sheet of commands, as text: tests/cli/msock_test.py looks whether
 * each of them would be understood. */
#ifndef MSOCK_TOOLS_EXAMPLES_H
#define MSOCK_TOOLS_EXAMPLES_H

extern const char examples[];

#endif
