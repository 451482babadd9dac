#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes what is made from the tables of msock's verbs: the manual pages
# docs/man/msock-VERB.1, and the completions of shells in tools/completion.
#
#     sh tools/man.sh [MSOCK]    MSOCK: the program [build/dev/bin/msock]
#
# They stay in the tree, as who compiles for another machine cannot run what he
# built; the test cli/pages compares them.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
msock=${1:-$root/build/dev/bin/msock}

for verb in $("$msock" help --verbs); do
    "$msock" help --mdoc "$verb" >"$root/docs/man/msock-$verb.1"
done
mkdir -p "$root/tools/completion"
"$msock" completion bash >"$root/tools/completion/msock"
"$msock" completion zsh >"$root/tools/completion/_msock"
"$msock" completion fish >"$root/tools/completion/msock.fish"
