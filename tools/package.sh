#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes Debian packages: libmultisock0, libmultisock-dev, multisock-tools.
#
#     sh tools/package.sh build [DIR]   into DIR, seen from the tree's root
#                                       [build/packages]
#     sh tools/package.sh try           builds them, installs them with apt into
#                                       a fresh Debian, and uses them there:
#                                       as root, with debootstrap and a mirror
#
# $MSOCK_PACKAGE_BUILD names the folder that is compiled in [build/package],
# $MSOCK_SUITE the Debian of `try` [bookworm], $MSOCK_MIRROR where it comes
# from.
set -eu
umask 022

PATH=$PATH:/usr/sbin:/sbin
cd "$(dirname "$0")/.."
build=${MSOCK_PACKAGE_BUILD:-build/package}
suite=${MSOCK_SUITE:-bookworm}
scratch=

fail()
{
    echo "package.sh: $*" >&2
    exit 1
}

usage()
{
    echo "usage: sh tools/package.sh build [DIR] | try" >&2
    exit 2
}

clean_up()
{
    [ -z "$scratch" ] || rm -rf --one-file-system "$scratch"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

# flags KIND: what Debian compiles with, but for what cmake/Hardening.cmake does
# better. The packages carry no debug symbols.
flags()
{
    DEB_BUILD_MAINT_OPTIONS=hardening=-stackprotector,-fortify,-relro \
        dpkg-buildflags --get "$1"
}

build_packages()
{
    for program in dpkg-buildflags dpkg-shlibdeps file; do
        command -v "$program" >/dev/null ||
            fail "needs $program: install dpkg-dev and file"
    done
    # The date of what is packed, so that packing it again gives the same bytes.
    SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct \
        2>/dev/null || date +%s)}
    export SOURCE_DATE_EPOCH
    CFLAGS="$(flags CFLAGS) $(flags CPPFLAGS) -g0" LDFLAGS=$(flags LDFLAGS) \
        cmake -G Ninja -S . -B "$build" -DCMAKE_BUILD_TYPE=None \
        -DCMAKE_INSTALL_PREFIX=/usr -DMSOCK_TESTS=OFF \
        -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON # what is built names no place
    cmake --build "$build" --parallel "${CMAKE_BUILD_PARALLEL_LEVEL:-2}"
    mkdir -p "$1"
    cpack --config "$build/CPackConfig.cmake" -B "$(cd "$1" && pwd)"
    rm -rf "$1/_CPack_Packages"
}

# inside NAMESPACES COMMAND...: runs it in the fresh Debian, in namespaces that
# end with it: -m has its own mounts, -mn no network but lo.
inside()
{
    namespaces=$1
    shift
    # The inner shell expands them.
    # shellcheck disable=SC2016
    env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 \
        DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} \
        unshare "$namespaces" sh -euc 'mount -t proc proc "$0/proc"
            ip link set lo up
            exec chroot "$0" "$@"' "$scratch/root" "$@"
}

# What a user does with the packages; runs in the fresh Debian.
use_packages()
{
    cat <<'EOF'
cd "$(mktemp -d)"
cp -r /packages/consumer/. .
make
cmake -B build
cmake --build build
for program in consumer_c consumer_cc consumer_c_static consumer_cc_static; do
    ./$program
    build/$program
done

(umask 077 && msock key gen >home.key)
export MSOCK_KEY_FILE=home.key
msock sub -v -C 1 -W 20 lights >heard &
tries=100
until [ -s heard ] || [ $((tries -= 1)) -eq 0 ]; do
    msock pub lights '{"on":false}'
    sleep 0.1
done
wait $!
cat heard
test "$(cat heard)" = 'lights {"on":false}'
test -e "$(pkg-config --variable=plugindir multisock)/lights.so"
EOF
}

try_packages()
{
    [ "$(id -u)" -eq 0 ] || fail "try: must be root, to make a root"
    command -v debootstrap >/dev/null || fail "try: needs debootstrap"

    scratch=$(mktemp -d /tmp/multisock-root-XXXXXX)
    build_packages "$scratch/packages"
    # The mirror is one word, or none.
    # shellcheck disable=SC2086
    debootstrap --variant=minbase "$suite" "$scratch/root" ${MSOCK_MIRROR:-}
    mkdir "$scratch/root/packages"
    cp -r "$scratch"/packages/*.deb samples/consumer "$scratch/root/packages"

    inside -m apt-get update
    inside -m sh -c 'apt-get install -y --no-install-recommends /packages/*.deb'
    inside -m apt-get install -y --no-install-recommends \
        g++ make cmake pkg-config
    use_packages >"$scratch/root/packages/use.sh"
    inside -mn sh -eux /packages/use.sh
    echo "package.sh: the packages work in a fresh $suite"
}

case ${1:-} in
build)
    [ $# -le 2 ] || usage
    build_packages "${2:-build/packages}"
    ;;
try)
    [ $# -eq 1 ] || usage
    try_packages
    ;;
*) usage ;;
esac
