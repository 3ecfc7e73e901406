#!/usr/bin/env bash
# picture.sh [--check]   makes the README's picture: a terminal session run for real, drawn as SVG. What differs from
# one machine or run to the next (inode, identifiers, times, extents on the host) is masked. With --check it changes
# nothing, and fails where the picture in the repository is not what the commands say today.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
picture=$root/docs/images/story.svg
scene=$(mktemp -d)
trap 'rm -rf "$scene"' EXIT
"$root/run" --version > /dev/null    # builds where that is needed, so that the picture does not show it

vmdk() { NO_COLOR=1 "$root/run" "$@"; }
show() {
    echo "\$ $*"
    "$@" 2>&1 || true
    echo
}

session() {
    cd "$scene"
    cp "$root/artifacts/run/boot/hello.bin" .
    show vmdk create web01.vmdk --size 64M --adapter lsilogic --boot-sector hello.bin
    show vmdk web01.vmdk
    truncate --size 40M web01-flat.vmdk
    show vmdk check web01.vmdk
}

mask() {
    sed -E \
        -e "s|$scene/?||g" \
        -e 's/\b(CID ?=?)[0-9a-f]{8}\b/\11a2b3c4d/g' \
        -e 's/60 00 c2 9[0-9a-f -]+/60 00 c2 9x .../Ig' \
        -e 's/[0-9]+ physical extents?/1 physical extent/; s| on ext2/3/4$||' \
        -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?(\.[0-9]+)?Z?/2026-01-01 00:00/g' \
        -e 's/(inode:?  *)[0-9]+/\11234567/I' \
        -e 's/(device:?  *)[0-9]+:[0-9]+/\18:1/I'
}

# draw COLUMNS: one text element per line; prompts, headings and finding codes each have their colour
draw() {
    awk -v columns="$1" '
        function escape(text) {
            gsub(/&/, "\\&amp;", text); gsub(/</, "\\&lt;", text); gsub(/>/, "\\&gt;", text)
            gsub(/ /, "\\&#160;", text)    # plain blanks are drawn as one
            return text
        }
        { line[NR] = $0 }
        END {
            advance = 8.4; height = 19; margin = 16; bar = 30
            while (NR > 0 && line[NR] == "") NR--
            printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" ", \
                columns * advance + 2 * margin, NR * height + 2 * margin + bar
            print "font-family=\"ui-monospace, Menlo, Consolas, monospace\" font-size=\"14\">"
            print "<style>text{white-space:pre;fill:#d8dee9}.p{fill:#a3be8c;font-weight:bold}.f{fill:#ebcb8b}</style>"
            print "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#20242c\"/>"
            for (dot = 0; dot < 3; dot++)
                printf "<circle cx=\"%d\" cy=\"20\" r=\"5\" fill=\"#4c566a\"/>\n", margin + 6 + 18 * dot
            for (i = 1; i <= NR; i++) {
                if (line[i] == "") continue
                text = escape(line[i])
                gsub(/VMDK[0-9][0-9][0-9][0-9]/, "<tspan class=\"f\">&</tspan>", text)
                class = substr(line[i], 1, 2) == "$ " ? " class=\"p\"" : ""
                printf "<text x=\"%d\" y=\"%d\"%s>%s</text>\n", margin, bar + margin + i * height - 5, class, text
            }
            print "</svg>"
        }'
}

readonly columns=110
session | mask | fold -s -w "$columns" | draw "$columns" > "$scene/story.svg"
if [[ ${1:-} == --check ]]; then
    if ! diff "$picture" "$scene/story.svg"; then
        echo "docs/images/story.svg is out of date: run docs/generate.sh" >&2
        exit 1
    fi
    exit 0
fi
mkdir -p "$(dirname "$picture")"
cp "$scene/story.svg" "$picture"
echo '![The story of a disk, as the command tells it](docs/images/story.svg)' > "$scene/line"
sed -i -e '/^<!-- picture -->$/,/^<!-- \/picture -->$/{/^!/d}' -e "/^<!-- picture -->\$/r $scene/line" "$root/README.md"
