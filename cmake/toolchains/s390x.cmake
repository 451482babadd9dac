# SPDX-License-Identifier: Apache-2.0
# A big-endian machine.
set(MSOCK_MACHINE s390x)
set(MSOCK_TRIPLET s390x-linux-gnu)
set(MSOCK_QEMU qemu-s390x)
set(CMAKE_SYSTEM_PROCESSOR s390x)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
