# SPDX-License-Identifier: Apache-2.0
# What Debian's cross compilers have in common. A toolchain file beside this
# one sets MSOCK_MACHINE (Debian's name), MSOCK_TRIPLET and MSOCK_QEMU first.
#
# Libraries of the machine are in build/cross/MACHINE/sysroot, where
# tools/cross.sh unpacks them. Its programs run in QEMU's user mode, so that
# ctest works as if they were of this machine.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${MSOCK_TRIPLET}-gcc)
set(CMAKE_CXX_COMPILER ${MSOCK_TRIPLET}-g++)
set(CMAKE_LIBRARY_ARCHITECTURE ${MSOCK_TRIPLET})

cmake_path(SET CMAKE_SYSROOT NORMALIZE
    ${CMAKE_CURRENT_LIST_DIR}/../../build/cross/${MSOCK_MACHINE}/sysroot)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${CMAKE_SYSROOT}/usr/lib/${MSOCK_TRIPLET}/pkgconfig)

find_program(MSOCK_EMULATOR NAMES ${MSOCK_QEMU} ${MSOCK_QEMU}-static)
set(CMAKE_CROSSCOMPILING_EMULATOR ${MSOCK_EMULATOR} -L ${CMAKE_SYSROOT})
