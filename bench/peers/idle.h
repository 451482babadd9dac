/* SPDX-License-Identifier: Apache-2.0 */
/* A subscriber that has nothing to do but to wait for its first message.
 *
 *     idle_SYSTEM
 *
 * It takes the time and starts itself anew, so that loading counts; says READY
 * when it listens, "first_us=..." with its first message, and stays. */
#ifndef BENCH_PEERS_IDLE_H
#define BENCH_PEERS_IDLE_H

/** Where bench/peers publishes, as each system names it. */
#define IDLE_URL "udp://239.255.76.93:7786?iface=lo"
#define IDLE_TOPIC "home/kitchen/lights"
#define IDLE_GROUP "239.255.76.70"
#define IDLE_PORT 7710

/** What a system brings: listens, and runs until it is killed.
 *  Returns -1 if it cannot. */
int idle_run(void);

/** What it calls. */
void idle_ready(void);
void idle_heard(void);

#endif
