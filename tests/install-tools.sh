#!/usr/bin/env bash
# install-tools.sh COMMAND='PACKAGE...'...   installs the packages whose command is missing: on Debian, as root.
# Where it cannot, it says what is missing and goes on: the tests decide whether that is a skip or a failure.
set -euo pipefail

missing=() packages=()
for pair in "$@"; do
    command -v "${pair%%=*}" > /dev/null && continue
    missing+=("${pair%%=*}")
    read -ra wanted <<< "${pair#*=}"
    packages+=("${wanted[@]}")
done
((${#missing[@]} > 0)) || exit 0

if ! command -v apt-get > /dev/null || ((EUID != 0)); then
    echo "missing tools: ${missing[*]} (as root on Debian they are installed; here: apt-get install ${packages[*]})" >&2
    exit 0
fi

echo "== installing ${packages[*]}"
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
install() { apt-get install -y --no-install-recommends "${packages[@]}" > "$log" 2>&1; }
if ! install && ! { apt-get update > "$log" 2>&1 && install; }; then
    tail -n 5 "$log" >&2
    echo "could not install: ${packages[*]}" >&2
fi
