/* SPDX-License-Identifier: Apache-2.0 */
/* Refuses trains of datagrams (UDP_SEGMENT, UDP_GRO) to the program it is
 * linked into, as a kernel that does not know them: multisock then sends and
 * takes each datagram by itself. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() */
#endif

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* In place of the C library's, for the library too. */
__attribute__((visibility("default"))) int
setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    if (level == IPPROTO_UDP && (name == UDP_SEGMENT || name == UDP_GRO)) {
        errno = ENOPROTOOPT;
        return -1;
    }
    return (int)syscall(SYS_setsockopt, fd, level, name, value, size);
}
