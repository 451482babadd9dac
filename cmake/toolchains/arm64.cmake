# SPDX-License-Identifier: Apache-2.0
# 64-bit ARM: a Raspberry Pi 3 or later, most single-board computers.
set(MSOCK_MACHINE arm64)
set(MSOCK_TRIPLET aarch64-linux-gnu)
set(MSOCK_QEMU qemu-aarch64)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/debian.cmake)
