#!/usr/bin/env bash
# compare.sh [ROW...]   times whole commands, ours beside a peer's, and writes bench/results/compare.{json,md}.
#
# Each row runs both commands in turn, ROUNDS times (default 5), the first of a pair alternating, and gives the median
# of the ratios ours/peer: below 1 is faster than the peer. Losses are shown like the rest. One run of each before the
# rounds warms the caches, measures peak memory and checks that both results are equal; then everything is warm.
# Nothing is evicted from any cache, and what was written is flushed before, not during, each timed run.
#
#   compare.sh --list       the rows
#   compare.sh --clean      removes the inputs
#   ROUNDS=N                rounds per row
#   BENCH_FOLDER=FOLDER     where inputs and outputs lie (default /var/tmp/palimpsest-bench): a disk, not memory
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
rounds=${ROUNDS:-5}
folder=${BENCH_FOLDER:-/var/tmp/palimpsest-bench}
results=$root/bench/results
readonly MiB=$((1 << 20)) disk_mib=4096 segment_mib=64 needed_gib=32

# name | what | target ratio | runs per measurement | input
readonly rows='
info|info of a flat disk, 4 GiB|1.5|20|flat
convert-flat|convert flat to flat, beside cp --sparse=auto|1.0|1|flat
convert-raw|convert flat to raw, beside cp --sparse=auto|1.0|1|flat
convert-durable|convert flat to raw, beside cp --sparse=auto and sync: both durable|1.0|1|flat
convert-unsafe|convert flat to raw with -t unsafe, beside cp --sparse=auto: neither durable|1.0|1|flat
clone-unsafe|clone flat with -t unsafe, beside cp --reflink=auto --sparse=auto: neither durable|1.0|1|flat
clone-durable|clone flat, beside cp --reflink=auto --sparse=auto and sync: both durable|1.0|1|flat
sparse-raw|convert a chain of three sparse links to raw|0.7|1|chain
map|map of a chain of three sparse links|0.2|3|chain
compare|compare of two equal disks, 4 GiB|1.0|1|flat copy
stream-write|convert flat to streamOptimized|0.4|1|flat
stream-read|convert streamOptimized to raw|0.6|1|stream
seal|seal a flat disk of 4 GiB of noise, beside openssl dgst -sha256 on every core, each with its share of the file|1.0|1|noise
verify|verify the same disk, beside the same|1.0|1|noise sealed
seal-whole|seal it with the hash of the whole, beside one openssl dgst -sha256|-|1|noise
seal-holes|seal a chain of three sparse links, beside sha256sum of its raw copy|-|1|chain chain-raw
huge-info|info of a sparse disk of 62 TiB|-|10|huge
huge-map|map of a sparse disk of 62 TiB (the peer is stopped after 20 s)|-|1|huge
'

# --- the commands of each row. Outputs are out/ours... and out/peer...

ours() {
    case $1 in
        info) vmdk info flat.vmdk ;;
        convert-flat) vmdk convert flat.vmdk out/ours.vmdk ;;
        convert-raw | convert-durable) vmdk convert -O raw flat.vmdk out/ours.raw ;;
        convert-unsafe) vmdk convert -t unsafe -O raw flat.vmdk out/ours.raw ;;
        clone-unsafe) vmdk clone -t unsafe flat.vmdk out/ours.vmdk ;;
        clone-durable) vmdk clone flat.vmdk out/ours.vmdk ;;
        sparse-raw) vmdk convert -O raw chain-000002.vmdk out/ours.raw ;;
        map) vmdk map --json chain-000002.vmdk ;;
        compare) vmdk compare flat.vmdk copy.raw ;;
        stream-write) vmdk convert -O streamOptimized flat.vmdk out/ours.vmdk ;;
        stream-read) vmdk convert -O raw stream.vmdk out/ours.raw ;;
        seal) vmdk seal noise.vmdk --replace --out out/ours.seal ;;
        verify) vmdk verify noise.vmdk --seal sealed.seal ;;
        seal-whole) vmdk seal noise.vmdk --whole --replace --out out/ours.seal ;;
        seal-holes) vmdk seal chain-000002.vmdk --replace --out out/ours.seal ;;
        huge-info) vmdk info huge.vmdk ;;
        huge-map) vmdk map huge.vmdk ;;
    esac
}

peer() {
    case $1 in
        info) qemu-img info flat.vmdk ;;
        convert-flat) cp --sparse=auto flat-flat.vmdk out/peer.raw && cp flat.vmdk out/peer.vmdk ;;
        convert-raw | convert-unsafe) cp --sparse=auto flat-flat.vmdk out/peer.raw ;;
        convert-durable) cp --sparse=auto flat-flat.vmdk out/peer.raw && sync -d out/peer.raw ;;
        clone-unsafe) cp --reflink=auto --sparse=auto flat-flat.vmdk out/peer.raw ;;
        clone-durable) cp --reflink=auto --sparse=auto flat-flat.vmdk out/peer.raw && sync -d out/peer.raw ;;
        sparse-raw) qemu-img convert -f vmdk -O raw chain-000002.vmdk out/peer.raw ;;
        map) qemu-img map --output=json chain-000002.vmdk ;;
        compare) qemu-img compare -f vmdk -F raw flat.vmdk copy.raw ;;
        stream-write) qemu-img convert -f vmdk -O vmdk -o subformat=streamOptimized flat.vmdk out/peer.vmdk ;;
        stream-read) qemu-img convert -f vmdk -O raw stream.vmdk out/peer.raw ;;
        seal | verify) on_each_share openssl dgst -sha256 ;;
        seal-whole) openssl dgst -sha256 noise-flat.vmdk ;;
        seal-holes) sha256sum chain-raw.raw ;;
        huge-info) qemu-img info huge.vmdk ;;
        huge-map) timeout 20 qemu-img map --output=json huge.vmdk || true ;;
    esac
}

# One process for each share of the noise, all at the same time.
on_each_share() {
    local share
    for share in noise.share.*; do "$@" "$share" & done
    wait
}

# Fails when the two results are not the same disk, or ours said nothing where it should.
verify() {
    case $1 in
        info | map | huge-*) [[ -s out/ours.said ]] ;;
        convert-flat | clone-*) cmp flat-flat.vmdk out/ours-flat.vmdk ;;
        convert-raw | convert-durable | convert-unsafe) cmp flat-flat.vmdk out/ours.raw ;;
        sparse-raw | stream-read) cmp out/peer.raw out/ours.raw ;;
        seal) cmp <(jq -r '.chunks[].sha256[]' out/ours.seal) <(hash_chunks noise-flat.vmdk) ;;
        verify) grep -q '^as sealed' out/ours.said ;;
        seal-whole) [[ $(jq -r .wholeSha256 out/ours.seal) == "$(sed 's/.*= //' out/peer.said)" ]] ;;
        seal-holes) vmdk verify chain-raw.raw --seal out/ours.seal ;;
        stream-write) qemu-img compare -q out/ours.vmdk flat-flat.vmdk -f vmdk -F raw ;;
    esac
}

# hash_chunks FILE: the SHA-256 of every MiB of it
hash_chunks() { split --bytes=1M --filter='sha256sum | cut -c -64' "$1"; }

# --- inputs, each made once

logs() { seq -f 'Jan  1 00:00:01 web01 sshd[%.0f]: Accepted publickey for admin from 192.0.2.7 port 52114' "$1" 99999999; }

# segment NUMBER: 64 MiB of what disks hold, in turn: text, programs, noise, nothing, programs, zeros, text, nothing
segment() {
    local bytes=$((segment_mib * MiB))
    case $(($1 % 8)) in
        0 | 6) logs "$1" | head -c $bytes ;;
        1 | 4) find /usr/lib /usr/share -type f -name '*.so*' -print0 | sort -z | xargs -0 cat 2> /dev/null | tail -c "+$((1 + $1 * MiB))" \
            | head -c $bytes ;;
        2) head -c $bytes /dev/urandom ;;
        5) head -c $bytes /dev/zero ;;
    esac || true
}

make_flat() {
    local number
    truncate --size ${disk_mib}M flat-flat.vmdk
    for ((number = 0; number < disk_mib / segment_mib; number++)); do
        segment "$number" | dd of=flat-flat.vmdk bs=1M seek=$((number * segment_mib)) conv=notrunc iflag=fullblock status=none
    done
    flat_descriptor flat > flat.vmdk
}

# flat_descriptor NAME: of a disk whose data is NAME-flat.vmdk
flat_descriptor() {
    cat << END
# Disk DescriptorFile
version=1
CID=1a2b3c4d
parentCID=ffffffff
createType="monolithicFlat"

# Extent description
RW $((disk_mib * MiB / 512)) FLAT "$1-flat.vmdk" 0

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "522"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.virtualHWVersion = "14"
END
}

make_copy() { need flat; cp --sparse=auto flat-flat.vmdk copy.raw; }
make_stream() { need flat; qemu-img convert -O vmdk -o subformat=streamOptimized flat.vmdk stream.vmdk; }
make_huge() { vmdk create huge.vmdk --size 62T --kind monolithicSparse; }

make_noise() {
    head -c ${disk_mib}M /dev/urandom > noise-flat.vmdk
    split --number="$(nproc)" noise-flat.vmdk noise.share.
    flat_descriptor noise > noise.vmdk
}

make_sealed() { need noise; vmdk seal noise.vmdk --replace --out sealed.seal; }
make_chain-raw() { need chain; qemu-img convert -f vmdk -O raw chain-000002.vmdk chain-raw.raw; }

# Writes spread over the disk, from a seed: 2000 of 64 KiB.
scatter() {
    awk -v seed="$1" -v mib="$disk_mib" 'BEGIN {
        srand(seed)
        for (i = 0; i < 2000; i++) printf "write -q -P %d %dk 64k\n", 1 + i % 200, int(rand() * mib * 16) * 64
    }'
}

make_chain() {
    need flat
    qemu-img convert -O vmdk -o subformat=monolithicSparse flat.vmdk chain.vmdk
    qemu-img create -q -f vmdk -b chain.vmdk -F vmdk chain-000001.vmdk
    scatter 1 | qemu-io -f vmdk chain-000001.vmdk > /dev/null
    qemu-img create -q -f vmdk -b chain-000001.vmdk -F vmdk chain-000002.vmdk
    scatter 2 | qemu-io -f vmdk chain-000002.vmdk > /dev/null
}

# need INPUT: makes it unless it is there, whole
need() {
    if [[ -e $1.made ]]; then return; fi
    echo "  making the input: $1"
    rm -f "$1".vmdk "$1"-*.vmdk "$1".share.*
    "make_$1"
    touch "$1.made"
}

# --- measuring

clean_output() { rm -rf out; mkdir out; sync -f .; }
microseconds() { local now=$EPOCHREALTIME; echo "${now/[.,]/}"; }

# timed SIDE ROW REPEAT: microseconds of one run, the mean of REPEAT
timed() {
    local begun ended i
    clean_output
    begun=$(microseconds)
    for ((i = 0; i < $3; i++)); do "$1" "$2" > /dev/null; done
    ended=$(microseconds)
    echo $(((ended - begun) / $3))
}

# peak_kib SIDE ROW: peak resident memory of one run
peak_kib() {
    local report=$folder/peak
    # A shell function cannot be measured from outside: the wrapper is a command that calls it.
    SIDE=$1 ROW=$2 /usr/bin/time -f %M -o "$report" bash "$root/bench/compare.sh" --run-one > "out/$1.said" || return 1
    tail -n 1 "$report"
}

median() { sort -n | awk '{ value[NR] = $1 } END { print NR % 2 ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'; }

measure() {
    local name=$1 what=$2 target=$3 repeat=$4 our_peak peer_peak round first
    local our_times=() peer_times=() ratios=()
    clean_output
    our_peak=$(peak_kib ours "$name") || { echo "  ours failed"; return 1; }
    if ! peer_peak=$(peak_kib peer "$name"); then peer_peak=null; fi
    verify "$name" || { echo "  the results differ"; return 1; }
    for ((round = 0; round < rounds; round++)); do
        first=$((round % 2))
        if ((first == 0)); then our_times+=("$(timed ours "$name" "$repeat")"); fi
        if [[ $peer_peak != null ]]; then peer_times+=("$(timed peer "$name" "$repeat")"); fi
        if ((first == 1)); then our_times+=("$(timed ours "$name" "$repeat")"); fi
        if [[ $peer_peak != null ]]; then
            ratios+=("$(awk "BEGIN { printf \"%.3f\", ${our_times[round]} / ${peer_times[round]} }")")
        fi
    done
    record "$name" "$what" "$target" "$our_peak" "$peer_peak" \
        "$(printf '%s\n' "${our_times[@]}" | median)" "$(printf '%s\n' "${peer_times[@]:-null}" | median)" \
        "$(printf '%s\n' "${ratios[@]:-null}" | median)"
}

# One object a line, so that a row measured alone replaces its own line.
record() {
    local target=$3
    [[ $target == - ]] && target=null
    touch "$results/compare.json"
    {
        grep -F '"row"' "$results/compare.json" | grep -vF "\"row\":\"$1\"" | sed 's/,$//' || true
        printf '{"row":"%s","what":"%s","target":%s,"ourPeakKib":%s,"peerPeakKib":%s,' "$1" "$2" "$target" "$4" "$5"
        printf '"ourMicroseconds":%.0f,"peerMicroseconds":%s,"ratio":%s,"rounds":%s}\n' "$6" "$7" "$8" "$rounds"
    } > "$results/compare.lines"
    { echo '['; sed '$!s/$/,/' "$results/compare.lines"; echo ']'; } > "$results/compare.json"
    rm "$results/compare.lines"
    echo "  ours $6 us, peer $7 us, ratio $8 (target $3), peak $4 KiB (peer $5)"
}

value() { sed -E "s/.*\"$2\":\"?([^,\"}]*).*/\1/" <<< "$1"; }
milliseconds() { if [[ $1 == null ]]; then echo -; else awk "BEGIN { printf \"%.1f ms\", $1 / 1000 }"; fi; }
mebibytes() { if [[ $1 == null ]]; then echo -; else awk "BEGIN { printf \"%.1f MiB\", $1 / 1024 }"; fi; }

write_page() {
    local name what line ratio target verdict
    {
        echo '# Whole commands, beside the peers'
        echo
        echo "Made by \`bench/compare.sh\`, which says how. $(nproc) processors, $(free -g | awk '/^Mem/ { print $2 }') GiB of"
        echo "memory, $(stat -f -c %T "$folder") file system, $(qemu-img --version | head -n 1 | sed 's/ (.*//'), warm caches. Ratio: ours/peer,"
        echo 'median over the pairs; below 1 is faster than the peer.'
        echo
        echo '| row | ours | peer | ratio | target | | our peak memory | peer'"'"'s |'
        echo '|---|---|---|---|---|---|---|---|'
        while IFS='|' read -r name what _; do
            line=$(grep -F "\"row\":\"$name\"" "$results/compare.json") || continue
            ratio=$(value "$line" ratio) target=$(value "$line" target) verdict=''
            if [[ $target != null && $ratio != null ]]; then
                verdict=$(awk "BEGIN { print ($ratio <= $target) ? \"met\" : \"**missed**\" }")
            fi
            echo "| $what | $(milliseconds "$(value "$line" ourMicroseconds)") |" \
                "$(milliseconds "$(value "$line" peerMicroseconds)") | ${ratio/null/-} | ${target/null/-} | $verdict |" \
                "$(mebibytes "$(value "$line" ourPeakKib)") | $(mebibytes "$(value "$line" peerPeakKib)") |"
        done <<< "${rows#$'\n'}"
    } > "$results/compare.md"
}

prepare() {
    "$root/tests/install-tools.sh" qemu-img=qemu-utils /usr/bin/time=time openssl=openssl jq=jq
    [[ -x /usr/bin/time ]] || { echo "compare.sh needs GNU time (Debian: time)" >&2; exit 1; }
    "$root/run" --version > /dev/null
    [[ -x $root/artifacts/run/vmdk && ! -e $root/artifacts/run/vmdk.dll ]] \
        || echo "this is not the native build: start-up times are those of the .NET runtime" >&2
    mkdir -p "$folder"
    case $(stat -f -c %T "$folder") in
        tmpfs | ramfs) echo "$folder lies in memory: name a folder on a disk with BENCH_FOLDER" >&2; exit 1 ;;
    esac
    local free_kib
    free_kib=$(df -k --output=avail "$folder" | tail -n 1)
    ((free_kib >= needed_gib << 20)) || { echo "$folder: $needed_gib GiB must be free" >&2; exit 1; }
    mkdir -p "$results"
}

vmdk() { "$root/artifacts/run/vmdk" "$@"; }

case ${1:-} in
    -h | --help) sed -n '2,/^set /{/^#/s/^# \{0,1\}//p}' "$0"; exit ;;
    --list) sed -n 's/^\([a-z-]*\)|\([^|]*\)|.*/\1\t\2/p' <<< "$rows"; exit ;;
    --clean) rm -rf "$folder"; exit ;;
    --run-one) cd "$folder"; "$SIDE" "$ROW"; exit ;;
esac

for name in "$@"; do
    grep -q "^$name|" <<< "$rows" || { echo "no row $name (compare.sh --list)" >&2; exit 2; }
done
prepare
cd "$folder"
failures=0
while IFS='|' read -r name what target repeat inputs <&3; do
    [[ -n $name ]] || continue
    if (($# > 0)) && [[ " $* " != *" $name "* ]]; then continue; fi
    echo "$name: $what"
    read -ra wanted <<< "$inputs"
    for input in "${wanted[@]}"; do need "$input"; done
    if ! measure "$name" "$what" "$target" "$repeat"; then failures=$((failures + 1)); fi
done 3<<< "$rows"
rm -rf out
write_page
echo "written: bench/results/compare.md"
((failures == 0))
