#!/usr/bin/env bash
# never-silently-wrong.sh [--check]   makes the README's table "Never silently wrong": for each row it builds a disk,
# converts it to raw with our command and with the installed qemu-img, and says what came of it. With --check it
# changes nothing, and fails where a row or our column differs from the README. It always fails where ours is wrong,
# or refuses without a finding.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
readme=$root/README.md
command -v qemu-img > /dev/null || { echo "this needs qemu-img (Debian: qemu-utils)" >&2; exit 1; }
scene=$(mktemp -d)
trap 'rm -rf "$scene"' EXIT
readonly MiB=$((1 << 20)) extent_sectors=2048

# --- building blocks; each row runs in an empty folder and leaves the disk in disk.vmdk

# block WORD [MiB]: data that can be told from any other block's, and from zeros
block() { yes "$1" | head -c $((${2:-1} * MiB)) || true; }
zeros() { head -c $MiB /dev/zero; }

# descriptor EXTENT...: a descriptor of the usual shape with these extent lines
descriptor() {
    printf '# Disk DescriptorFile\nversion=1\nCID=1a2b3c4d\nparentCID=ffffffff\ncreateType="%s"\n' \
        "${create_type:-monolithicFlat}"
    printf '\n# Extent description\n'
    printf '%s\n' "$@"
    printf '\n# The Disk Data Base\n#DDB\n\nddb.adapterType = "lsilogic"\nddb.virtualHWVersion = "4"\n'
}
flat() { echo "RW $extent_sectors FLAT \"$1-flat.vmdk\" 0"; }

# chain: base.vmdk (a, b) and a delta disk.vmdk with a text descriptor, whose first half is c
chain() {
    block a > a-flat.vmdk
    block b > b-flat.vmdk
    create_type=twoGbMaxExtentFlat descriptor "$(flat a)" "$(flat b)" > base.vmdk
    qemu-img create -q -f vmdk -o subformat=twoGbMaxExtentSparse -b base.vmdk -F vmdk disk.vmdk
    block c > c.raw
    qemu-io -f vmdk -c "write -q -s c.raw 0 1M" disk.vmdk
    { block c; block b; } > truth
}

# --- the rows. truth: what a right answer is; without that file nothing but a refusal is right.

short_flat() { block a > a-flat.vmdk; descriptor "RW 4096 FLAT \"a-flat.vmdk\" 0" > disk.vmdk; }
long_flat() { block a 2 > a-flat.vmdk; descriptor "$(flat a)" > disk.vmdk; block a > truth; }
two_extents() {
    block b > b-flat.vmdk
    create_type=custom descriptor "$1" "$(flat b)" > disk.vmdk
    block b | cat "$2" - > truth
}
rdonly_first() {
    block a > a-flat.vmdk
    two_extents "RDONLY $extent_sectors FLAT \"a-flat.vmdk\" 0" a-flat.vmdk
    sed -i 's/custom/twoGbMaxExtentFlat/' disk.vmdk
}
zero_first() {
    zeros > nothing
    two_extents "RW $extent_sectors ZERO" nothing
    sed -i 's/custom/twoGbMaxExtentFlat/' disk.vmdk
}
noaccess() {
    zeros > nothing
    block a > a-flat.vmdk
    two_extents "NOACCESS $extent_sectors FLAT \"a-flat.vmdk\" 0" nothing
    sed -i 's/custom/twoGbMaxExtentFlat/' disk.vmdk
}
unknown_type() {
    block a > a-new.vmdk
    two_extents "RW $extent_sectors NEWSPARSE \"a-new.vmdk\"" a-new.vmdk
    sed -i 's/custom/twoGbMaxExtentFlat/' disk.vmdk
    rm truth
}
lower_case() {
    block a > a-flat.vmdk
    descriptor "rw $extent_sectors flat \"a-flat.vmdk\" 0" > disk.vmdk
    cp a-flat.vmdk truth
}
whole() { block a > a-flat.vmdk; descriptor "$(flat a)" > disk.vmdk; cp a-flat.vmdk truth; }
blank_before_version() { whole; sed -i 's/^version=/\n&/' disk.vmdk; }
encoding_before_version() { whole; sed -i 's/^version=/encoding="UTF-8"\n&/' disk.vmdk; }
blank_before_extent() { whole; sed -i 's/^RW /\n&/' disk.vmdk; }
version_4() { whole; rm truth; sed -i 's/^version=1/version=4/' disk.vmdk; }
parent_cid_first() {
    chain
    local cid
    cid=$(grep '^CID=' base.vmdk)
    sed -i -e '/^CID=/d' -e "s/^parentCID=.*/&\n$cid/" base.vmdk
}
cid_mismatch() { chain; rm truth; sed -i 's/^CID=.*/CID=5e6f7a8b/' base.vmdk; }
missing_parent() { chain; rm truth base.vmdk; }
vmfs_offset() {
    whole
    create_type=vmfs descriptor "RW $extent_sectors VMFS \"a-flat.vmdk\" 0" > disk.vmdk
}
truncated_stream() {
    { seq 1 300000; block a; } | head -c $((2 * MiB)) > plain.raw
    qemu-img convert -O vmdk -o subformat=streamOptimized plain.raw disk.vmdk
    truncate --size "$(($(stat -c %s disk.vmdk) / 2))" disk.vmdk
}

# --- what came of it

size_text() { if (($1 % MiB == 0)); then echo "$(($1 / MiB)) MiB"; else echo "$1 bytes"; fi; }

# outcome CODE WORDS: what a conversion to out.raw that returned CODE has done; WORDS is what it said when it failed
outcome() {
    local bytes
    if (($1 != 0)); then echo "$2"; return; fi
    if [[ -e truth ]] && cmp -s truth out.raw; then echo "right"; return; fi
    bytes=$(stat -c %s out.raw)
    if [[ -e truth && $bytes -ne $(stat -c %s truth) ]]; then
        echo "**silently wrong**: $(size_text "$bytes") instead of $(size_text "$(stat -c %s truth)")"
    elif [[ -e truth ]]; then
        echo "**silently wrong**: other bytes"
    else
        echo "**silently wrong**: $(size_text "$bytes"), and no error"
    fi
}

codes() { grep -oE 'VMDK[0-9]{4}' | sort -u | paste -sd ' ' || true; }

ours() {
    local code=0 found
    rm -f out.raw
    "$root/run" convert -O raw disk.vmdk out.raw > said 2>&1 || code=$?
    found=$(codes < said)
    if ((code == 0)); then
        found=$("$root/run" check disk.vmdk 2>&1 | codes)
        echo "$(outcome 0)${found:+, with a finding: $found}"
    else
        outcome "$code" "refused: ${found:-**no finding**}, exit code $code"
    fi
}

theirs() {
    local code=0
    rm -f out.raw
    qemu-img convert -O raw disk.vmdk out.raw > said 2>&1 || code=$?
    outcome "$code" "fails: $(tail -n 1 said | sed -e 's/^qemu-img: //' -e "s|$PWD/||g" -e 's/|/\\|/g')"
}

row() {
    local title=$1 build=$2 our_words
    mkdir "$scene/$build"
    cd "$scene/$build"
    "$build"
    our_words=$(ours)
    echo "| $title | $our_words | $(theirs) |"
}

# shellcheck disable=SC2016  # the backquotes are Markdown's
make_table() {
    echo "| disk | ours | qemu-img $(qemu-img --version | sed -n 's/^qemu-img version \([0-9.]*\).*/\1/p') |"
    echo "|---|---|---|"
    row 'flat file shorter than its extent' short_flat
    row 'flat file longer than its extent' long_flat
    row 'RDONLY extent first' rdonly_first
    row 'ZERO extent first' zero_first
    row 'NOACCESS extent (reads as zeros)' noaccess
    row 'extent of an unknown type' unknown_type
    row 'extent line in lower case' lower_case
    row 'blank line before the extent line' blank_before_extent
    row 'blank line before `version=`' blank_before_version
    row '`encoding=` before `version=`' encoding_before_version
    row '`version=4`' version_4
    row '`parentCID` before `CID`, in a parent' parent_cid_first
    row 'parent changed under its child (CIDs differ)' cid_mismatch
    row 'parent missing' missing_parent
    row '`VMFS` extent with an offset' vmfs_offset
    row 'stream cut short' truncated_stream
}

without_peer() { cut -d '|' -f 1-3 | tail -n +3; }
published() { sed -n '/^<!-- never-silently-wrong -->$/,/^<!-- \/never-silently-wrong -->$/{/^|/p}' "$readme"; }

"$root/run" --version > /dev/null    # builds where that is needed, so that no row shows the build's message
make_table > "$scene/table"
if cut -d '|' -f 3 "$scene/table" | grep -E 'silently wrong|no finding'; then
    cat "$scene/table"
    echo "ours is wrong, or silent, in a row above" >&2
    exit 1
fi
if [[ ${1:-} == --check ]]; then
    if ! diff <(published | without_peer) <(without_peer < "$scene/table"); then
        echo "README.md is out of date: run docs/generate.sh" >&2
        exit 1
    fi
    exit 0
fi
sed -i -e '/^<!-- never-silently-wrong -->$/,/^<!-- \/never-silently-wrong -->$/{/^|/d}' \
    -e "/^<!-- never-silently-wrong -->\$/r $scene/table" "$readme"
