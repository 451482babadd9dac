#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds multisock and runs every test.
#
#     sh tests/run.sh         the preset dev
#     sh tests/run.sh asan    the same tests under ASan, LeakSanitizer and UBSan
set -eu

case ${1:-check} in
check | asan) workflow=${1:-check} ;;
*)
    echo "usage: sh tests/run.sh [asan]" >&2
    exit 2
    ;;
esac

# Plugins that a group may write are refused, as they should be.
umask 022
cd "$(dirname "$0")/.."
sh tools/deps.sh test
exec cmake --workflow --preset "$workflow"
