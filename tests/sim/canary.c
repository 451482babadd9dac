/* SPDX-License-Identifier: Apache-2.0 */
/* Faults for canaries: the linker puts one of these in place of a function of
 * the engine (--wrap), and the simulator has to find out. */
#include "core/window.h"

int __wrap_msock__window_check(const struct msock__window *window,
                               uint64_t counter);
void __wrap_msock__window_mark(struct msock__window *window, uint64_t counter);

/** Nothing was ever seen. */
int __wrap_msock__window_check(const struct msock__window *window,
                               uint64_t counter)
{
    (void)window;
    (void)counter;
    return 0;
}

/** Nothing is remembered. */
void __wrap_msock__window_mark(struct msock__window *window, uint64_t counter)
{
    (void)window;
    (void)counter;
}
