#!/usr/bin/env bash
# play.sh BUILD-FOLDER   plays the demo: each chapter beside this file, in order, in one temporary folder, with every
# command and its real output. ./run without arguments calls it. It fails when a command does not return what the
# chapter says it returns.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
BUILD=$(cd "$1" && pwd)
export BUILD PATH=$BUILD:$PATH

# The build for the .NET runtime starts through a small native host, which must find the runtime.
if [[ -e $BUILD/vmdk.dll && -z ${DOTNET_ROOT:-} ]]; then
    DOTNET_ROOT=$(dirname "$(readlink -f "$(command -v dotnet)")")
    export DOTNET_ROOT
fi

if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
    bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'
else
    bold='' dim='' plain=''
fi

chapter() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
say() { printf '%s# %s%s\n' "$dim" "$*" "$plain"; }

# show [--returns N] COMMAND: prints a command line and runs it; N is the exit code it must return (0 without).
show() {
    local wanted=0 code=0
    if [[ $1 == --returns ]]; then
        wanted=$2
        shift 2
    fi
    printf '%s$ %s%s\n' "$bold" "$1" "$plain"
    bash -c "$1" 2>&1 || code=$?
    if ((code != 0)); then printf '%s(exit code %s)%s\n' "$dim" "$code" "$plain"; fi
    if ((code != wanted)); then
        echo "the demo expected exit code $wanted of: $1" >&2
        exit 1
    fi
    echo
}

scene=$(mktemp -d "${TMPDIR:-/tmp}/palimpsest-demo-XXXXXX")
trap 'rm -rf "$scene"' EXIT
cd "$scene"
for script in "$here"/[0-9]*.sh; do
    # shellcheck disable=SC1090  # chapters are found by name
    source "$script"
done
say "The end. Everything happened in a temporary folder, which is gone now."
