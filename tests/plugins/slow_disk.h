/* SPDX-License-Identifier: Apache-2.0 */
/* A disk that has only what was synced, for tests of what SQLite stores: files
 * of one folder are copied to another one, "the disk", when they are synced,
 * and only then. What is in there is what a power cut would leave. */
#ifndef MSOCK_TESTS_SLOW_DISK_H
#define MSOCK_TESTS_SLOW_DISK_H

/** Registers SQLite's default file system anew, so that it watches `folder` and
 *  copies what is synced to `disk`; both paths are borrowed. */
void slow_disk_watch(const char *folder, const char *disk);

/** How often a file of the folder was synced since. */
unsigned long slow_disk_syncs(void);

#endif
