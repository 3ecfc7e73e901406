#!/bin/sh
# assemble.sh OUTPUT   makes the boot sector: with nasm from its source, and without nasm from the listing beside
# it, which a test holds equal to what nasm makes.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if command -v nasm > /dev/null; then
    exec nasm -f bin -o "$1" "$here/hello.asm"
fi
tr -s ' ' '\n' < "$here/hello.hex" | while read -r byte; do
    printf '%b' "\\0$(printf '%03o' "0x$byte")"
done > "$1"
