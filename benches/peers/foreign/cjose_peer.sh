#!/bin/sh
# Compiles cjose_peer.c for this machine and starts it; exits with 3 where libcjose or a C compiler is missing.
command -v "${CC:-cc}" >/dev/null 2>&1 || exit 3
flags=$(pkg-config --cflags --libs cjose jansson 2>/dev/null) || exit 3
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
# shellcheck disable=SC2086  # Several options.
"${CC:-cc}" -O2 -o "$folder/peer" "$(dirname "$0")/cjose_peer.c" $flags || exit 1
"$folder/peer"
