# SPDX-License-Identifier: Apache-2.0
# What a build for users has against faults that nobody has found yet:
# docs/security.md, "The build". Linked by msock_target() into all of ours,
# plugins and samples too; tests/house/hardening_test.py reads the result.
#
# Not in a debug build, and not beside sanitizers or coverage: they find more,
# and glibc's checks hide calls from AddressSanitizer.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)
include(CheckLinkerFlag)
include(CheckPIESupported)

# Programs are position independent, whatever the compiler's own default.
check_pie_supported(LANGUAGES C)

add_library(msock_hardening INTERFACE)
set(MSOCK_HARDENED OFF)
if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT MSOCK_SANITIZE
   AND NOT MSOCK_COVERAGE AND NOT MSOCK_FUZZ)
    set(MSOCK_HARDENED ON)
endif()

# msock_harden_compile(FLAG...): those that the compiler has.
function(msock_harden_compile)
    foreach(flag ${ARGN})
        string(MAKE_C_IDENTIFIER "MSOCK_HAS${flag}" variable)
        check_c_compiler_flag(${flag} ${variable})
        if(${variable})
            target_compile_options(msock_hardening INTERFACE ${flag})
        endif()
    endforeach()
endfunction()

function(msock_harden_link)
    foreach(flag ${ARGN})
        string(MAKE_C_IDENTIFIER "MSOCK_HAS${flag}" variable)
        check_linker_flag(C ${flag} ${variable})
        if(${variable})
            target_link_options(msock_hardening INTERFACE ${flag})
        endif()
    endforeach()
endfunction()

# The strongest checks of the C library's calls that it has. They need an
# optimiser ("None" is what packages are built as, with flags of their own), and
# a distribution's compiler may have set a level already.
function(msock_harden_calls)
    set(CMAKE_REQUIRED_FLAGS "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
    check_c_source_compiles("
        #include <stdio.h>
        #if __USE_FORTIFY_LEVEL < 3
        #error \"treated as less\"
        #endif
        int main(void) { return 0; }" MSOCK_HAS_FORTIFY_3)
    set(level 2)
    if(MSOCK_HAS_FORTIFY_3)
        set(level 3)
    endif()
    set(optimised "$<CONFIG:Release,RelWithDebInfo,MinSizeRel,None>")
    target_compile_options(msock_hardening INTERFACE
        "$<${optimised}:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=${level}>")
endfunction()

if(MSOCK_HARDENED)
    msock_harden_compile(-fstack-protector-strong -fstack-clash-protection
        -Wformat-security)
    if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i[3-6]86)$")
        msock_harden_compile(-fcf-protection=full)
    elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
        msock_harden_compile(-mbranch-protection=standard)
    endif()
    msock_harden_calls()
    msock_harden_link(-Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
endif()
