#!/usr/bin/env bash
# Write constraints/3.11.txt, 3.12.txt and 3.13.txt anew: resolve requirements.txt in an empty
# environment of each Python and record every version.  Needs all three Pythons and the network;
# review the difference and run the tests before committing it.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for version in 3.11 3.12 3.13; do
    python=$(scripts/env.sh --find "python$version")
    "$python" -m venv "$work/$version"
    pip=("$work/$version/bin/python" -m pip --require-virtualenv --disable-pip-version-check)
    "${pip[@]}" install --quiet -r requirements.txt
    "${pip[@]}" install --quiet --no-deps -r requirements-mxnet.txt
    {
        echo "# Every version on Python $version.  Written by \`make constraints\`; do not edit."
        "${pip[@]}" freeze --all | grep -vE '^pip=='
    } >"$work/$version.txt"
    mv "$work/$version.txt" "constraints/$version.txt"
    echo "constraints/$version.txt: $(grep -c == "constraints/$version.txt") packages"
done
