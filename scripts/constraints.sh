#!/usr/bin/env bash
# Write constraints/3.11.txt, 3.12.txt and 3.13.txt anew: resolve requirements.txt in an empty
# environment of each Python, record every version, and look whether each has a wheel for every
# supported system and for the first release of that Python.  Needs all three Pythons and a network.
# Review the difference and run the tests before committing it.
#
#   scripts/constraints.sh            write the files, then check them
#   scripts/constraints.sh --check    check them only
set -euo pipefail
cd "$(dirname "$0")/.."

versions="3.11 3.12 3.13"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

resolve() { # 3.12
    local python pip
    python=$(scripts/env.sh --find "python$1")
    "$python" -m venv "$work/$1"
    pip=("$work/$1/bin/python" -m pip --require-virtualenv --disable-pip-version-check)
    "${pip[@]}" install --quiet -r requirements.txt
    "${pip[@]}" install --quiet --no-deps -r requirements-mxnet.txt
    {
        echo "# Every version on Python $1.  Written by \`make constraints\`; do not edit."
        "${pip[@]}" freeze --all | grep -vE '^pip=='
    } >"$work/$1.txt"
    mv "$work/$1.txt" "constraints/$1.txt"
    echo "constraints/$1.txt: $(grep -c == "constraints/$1.txt") packages"
}

platforms() { # every wheel tag that a system takes, as options of pip
    local tag
    case $1 in
        Intel-macOS)
            for tag in 10_6 10_9 10_10 10_12 10_13 10_15 11_0 12_0 13_0; do
                printf -- '--platform macosx_%s_x86_64 --platform macosx_%s_universal2 ' $tag $tag
            done
            ;;
        *) for tag in manylinux{1,2010,2014,_2_12,_2_17,_2_24,_2_27,_2_28}; do
            printf -- '--platform %s_%s ' "$tag" "$1"
        done ;;
    esac
}

check() { # 3.12: name every pin without a wheel, on every system
    local python system answer missing status=0
    python=$(scripts/env.sh --find "python$1")
    for system in x86_64 aarch64 Intel-macOS; do
        grep -v '^#' "constraints/$1.txt" >"$work/pins"
        if [ $system = aarch64 ]; then sed -i '/^shellcheck.py==/d' "$work/pins"; fi
        while :; do
            # shellcheck disable=SC2046 # the options are words
            answer=$("$python" -m pip install --dry-run --no-deps --quiet --target "$work/target" \
                --only-binary :all: --python-version "$1.0" $(platforms $system) -r "$work/pins" 2>&1) && break
            missing=$(sed -n 's/^ERROR: No matching distribution found for //p' <<<"$answer")
            [ -n "$missing" ] || { echo "$answer" >&2; exit 1; }
            echo "constraints/$1.txt: $missing has no wheel for $system, Python $1.0; cap it in requirements.txt" >&2
            sed -i "/^$missing\$/d" "$work/pins"
            status=1
        done
    done
    return $status
}

if [ "${1:-}" != --check ]; then
    for version in $versions; do resolve "$version"; done
fi
failed=0
for version in $versions; do check "$version" || failed=1; done
exit $failed
