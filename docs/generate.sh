#!/usr/bin/env bash
# docs/generate.sh [--check]   makes the pages that come out of the program anew: the README's picture and its
# table "never silently wrong". With --check it changes nothing and fails where one of them is out of date.
set -euo pipefail
docs=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
code=0
for page in "$docs"/generate/*.sh; do
    "$page" "$@" || code=1
done
exit "$code"
