#!/usr/bin/env bash
# Make the virtual environment that the book, the notebooks and the tests run in.
#
#   scripts/env.sh VENV [PYTHON]      bring VENV up to date; does nothing when it is
#   scripts/env.sh --find [PYTHON]    print the interpreter that would be used, or fail
#
# PYTHON is a command or a path; without it, the first that runs of python3.11, python3.12,
# python3.13 and python3, then pyenv's.  A finished environment carries the file VENV/.complete,
# which names what it was made from: a half-made one has none and is made anew.
set -euo pipefail
cd "$(dirname "$0")/.."

supported="3.11 3.12 3.13"
instead="open the notebooks in Colab, or use the container (README.md, first screen)"

fail() { # WHERE: FOUND; EXPECTED. NEXT STEP
    printf 'error: %s\n' "$1" >&2
    exit 1
}

# --- which Python --------------------------------------------------------------------------------

version_of() { # "3.12" of an interpreter that really runs (a shim may be there and not run)
    "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true
}

is_supported() { case " $supported " in *" $1 "*) [ -n "$1" ] ;; *) false ;; esac; }

locate() { # a command as given if it runs, else pyenv's interpreter of that version, else nothing
    if [ -n "$(version_of "$1")" ]; then
        echo "$1"
    elif [[ $1 =~ ^python(3\.[0-9]+)$ ]] && command -v pyenv >/dev/null; then
        local candidate found=""
        for candidate in "$(pyenv root)/versions/${BASH_REMATCH[1]}".*/bin/python; do
            if [ "$(version_of "$candidate")" = "${BASH_REMATCH[1]}" ]; then found=$candidate; fi
        done
        echo "$found"
    fi
}

find_python() { # $1: what the user asked for, or nothing
    local name python version seen="" get
    get="install Python 3.12 (Debian, Ubuntu: apt-get install python3 python3-venv; elsewhere your package manager, or pyenv) and run make again"
    if [ -n "$1" ]; then
        python=$(locate "$1")
        [ -n "$python" ] || fail "PYTHON=$1: no such interpreter, or it does not run; expected Python ${supported// /, }. Leave PYTHON out and make looks for one, or $get."
        version=$(version_of "$python")
        is_supported "$version" || fail "PYTHON=$1: Python $version; expected one of ${supported// /, }. Leave PYTHON out and make looks for one, or $get."
        echo "$python"
        return
    fi
    for name in python3.11 python3.12 python3.13 python3; do
        python=$(locate "$name")
        [ -n "$python" ] || continue
        version=$(version_of "$python")
        if is_supported "$version"; then
            echo "$python"
            return
        fi
        seen="$seen $name is $version"
    done
    fail "Python:${seen:- none found}; expected one of ${supported// /, }. Next: $get."
}

if [ "${1:-}" = --find ]; then
    find_python "${2:-}"
    exit
fi

venv=${1:?usage: scripts/env.sh VENV [PYTHON]}
asked=${2:-}

# --- is there anything to do? --------------------------------------------------------------------

inputs=(requirements.txt requirements-mxnet.txt constraints/*.txt pyproject.toml scripts/env.sh scripts/link_blas.py)
fingerprint="$(cat "${inputs[@]}" | cksum) in $PWD/$venv"

if [ -f "$venv/.complete" ] && [ "$(cat "$venv/.complete")" = "$fingerprint" ]; then
    now=$(version_of "$venv/bin/python")
    if [ -n "$now" ]; then
        if [ -z "$asked" ]; then exit 0; fi
        python=$(find_python "$asked")
        if [ "$(version_of "$python")" = "$now" ]; then exit 0; fi
    fi
fi

# --- can it work on this machine? ----------------------------------------------------------------

if [ -z "$asked" ] && [ -f "$venv/pyvenv.cfg" ]; then # stay with the Python that it was made with
    made_with=$(sed -n 's/^home *= *//p' "$venv/pyvenv.cfg")/python$(sed -n 's/^version *= *\(3\.[0-9]*\)\..*/\1/p' "$venv/pyvenv.cfg")
    if is_supported "$(version_of "$made_with")"; then asked=$made_with; fi
fi
python=$(find_python "$asked")
version=$(version_of "$python")
constraints=constraints/$version.txt
[ -f "$constraints" ] || fail "$constraints: missing; expected the pins for Python $version. git checkout $constraints"

unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER # the user's own Python stays out of it
system=$("$python" - <<'PY'
import platform, struct, sys
libc = platform.libc_ver()[0] or "no glibc"
print("%s %s %d-bit, %s" % (platform.system(), platform.machine(), struct.calcsize("P") * 8, libc))
PY
)
case $system in
    "Linux x86_64 64-bit, glibc" | "Linux aarch64 64-bit, glibc" | "Darwin x86_64 64-bit"*) ;;
    *) fail "this system: $system; MXNet 1.9.1 exists for Linux x86-64 and aarch64 (with glibc) and Intel macOS. Here, $instead." ;;
esac

"$python" -c 'import venv, ensurepip' 2>/dev/null || fail "$python: cannot make virtual environments (no ensurepip); expected Python's venv. Debian, Ubuntu: apt-get install python$version-venv, then run make again."

loads() { "$python" -c "import ctypes; ctypes.CDLL('$1')" 2>/dev/null; }

missing=
if [ "${system%% *}" = Linux ] && ! loads libgomp.so.1; then missing="$missing libgomp1"; fi
case $system in
    "Linux x86_64"*) loads libquadmath.so.0 || missing="$missing libquadmath0" ;;
    "Linux aarch64"*) "$python" scripts/link_blas.py --check || missing="$missing libopenblas0-pthread liblapacke" ;;
esac
[ -z "$missing" ] || fail "system libraries:$missing not found; MXNet needs them. Install them (Debian, Ubuntu: apt-get install$missing; elsewhere the packages of like names), then run make again."

# --- make it -------------------------------------------------------------------------------------

if [ -e "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv")" ]; then
    fail "$venv: a folder that is no virtual environment; expected none, or one made here. Move it away, or choose another name: make VENV=NAME."
fi

started=$SECONDS
clear=
if [ ! -f "$venv/.complete" ] || [ "$(version_of "$venv/bin/python")" != "$version" ] ||
    [ "$(sed 's/.* in //' "$venv/.complete")" != "$PWD/$venv" ]; then
    clear=--clear # half-made, of another Python, or moved
fi
rm -f "$venv/.complete"
if [ -n "$clear" ]; then
    echo "Making $venv with Python $version"
    "$python" -m venv --clear "$venv" || fail "$venv: $python -m venv failed; the lines above say why. Mend that, then run make again."
fi
log=$venv/install.log
: >"$log"

progress() { # one line that says which package pip is at; nothing where nobody watches
    if [ -t 1 ]; then
        awk '/^ *(Collecting|Using cached|Downloading|Installing) / { printf "\r\033[K  %.70s", $0; fflush() } END { printf "\r\033[K" }'
    else
        cat >/dev/null
    fi
}

pip_install() {
    if ! "$venv/bin/python" -m pip install --require-virtualenv --disable-pip-version-check \
        --no-input -c "$constraints" "$@" 2>&1 | tee -a "$log" | progress; then
        if grep -q 'No space left on device' "$log"; then
            fail "$venv: the disk is full; expected about 1 GB free. Make room, then run make again."
        elif grep -qE 'NewConnectionError|name resolution|nodename nor servname|Connection refused|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable|Max retries exceeded' "$log"; then
            fail "pip: the package index cannot be reached; expected a network. Check the connection and the proxy settings, or point pip at a mirror or a folder of wheels (PIP_INDEX_URL, PIP_FIND_LINKS), then run make again. What pip said: $log"
        elif grep -qE 'ResolutionImpossible|No matching distribution' "$log"; then
            fail "pip: a pinned package is not to be had (see $log); expected a package index that has wheels for $system, Python $version. If pip is set up to use no index (PIP_NO_INDEX) or a mirror, change that; else try another Python (make PYTHON=python3.12), or $instead."
        fi
        echo "The end of $log:" >&2
        grep -vE '^[[:space:]]*$|━|^(WARNING: Location|Collecting|  Downloading|  Using cached|Requirement already)' "$log" | tail -n 6 | cut -c -300 | sed 's/^/    /' >&2
        fail "pip: the installation failed, see $log. Mend that, then run make again: it starts afresh."
    fi
}

echo "Installing what requirements.txt names, at the versions in $constraints (1 to 3 minutes the first time)"
pip_install -r requirements.txt
echo "Installing MXNet and d2l, without their own pins"
pip_install --no-deps -r requirements-mxnet.txt
"$venv/bin/python" scripts/link_blas.py
pip_install --no-deps --no-build-isolation --editable .

# The compiled library must load, or nothing in the book runs.  The first import compiles MXNet's
# functions, and keeps them for all that follow, whatever the user's settings.
PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" - <<'PY' || fail "MXNet: its library does not load on this system. Install what the line above names, then run make again; or $instead."
import ctypes, glob, sys, sysconfig
for path in glob.glob(sysconfig.get_path("purelib") + "/mxnet/libmxnet.*"):
    try:
        ctypes.CDLL(path)
        break
    except OSError as error:
        sys.exit("    " + str(error))
else:
    sys.exit("    libmxnet: not among the installed files")
import d2lres.live
PY

echo "$fingerprint" >"$venv/.complete"
echo "$venv is ready (Python $version, $((SECONDS - started)) s)"
