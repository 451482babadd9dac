# SPDX-License-Identifier: Apache-2.0
# 32-bit ARM with floating point: size_t has 32 bits.
set(MSOCK_MACHINE armhf)
set(MSOCK_TRIPLET arm-linux-gnueabihf)
set(MSOCK_QEMU qemu-arm)
set(CMAKE_SYSTEM_PROCESSOR armv7l)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
