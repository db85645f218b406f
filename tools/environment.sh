#!/bin/sh
# Makes .venv with chainrule in it; "test" adds the test extra. "bench" makes .venv-bench, with the tools that
# chainrule is measured against. Does nothing when that is already so.
# usage: [PYTHON=/path/to/python] sh tools/environment.sh run|test|bench
set -eu
cd "$(dirname "$0")/.."

wanted=${1:-run}
folder=.venv
case $wanted in
run) package=. ;;
test) package='.[test]' ;;
bench) package='.[bench]' folder=.venv-bench ;;
*)
    echo "set-up: \"$wanted\" is no environment: ask for run, test or bench" >&2
    exit 2
    ;;
esac
here=$(pwd -P)
state="$here $(cksum <pyproject.toml)"
suits='import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
identity='import platform, sys; print(platform.python_version(), sys.base_prefix)'

stop() {
    echo "set-up: $1" >&2
    exit 2
}

# A name on PATH proves nothing (pyenv's shims fail when run), so each candidate is run.
find_python() {
    if [ -n "${PYTHON:-}" ]; then
        "$PYTHON" -c "$suits" 2>/dev/null ||
            stop "PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13 with venv: name another with make PYTHON=/path/to/python"
        python=$PYTHON
        return
    fi
    for python in python3 python3.13 python3.12 python3.11; do
        if "$python" -c "$suits" 2>/dev/null; then return; fi
    done
    stop "no Python 3.11, 3.12 or 3.13 with venv runs here (tried python3, python3.13, python3.12, python3.11): \
install one (on Debian and Ubuntu also python3-venv), or name it with make PYTHON=/path/to/python"
}

is_ready() {
    [ -x $folder/bin/python ] && [ "$(cat "$folder/.ready-$1" 2>/dev/null)" = "$state" ] && is_from_asked_python
}

is_from_asked_python() {
    [ -z "${PYTHON:-}" ] || [ "$($folder/bin/python -c "$identity")" = "$("$PYTHON" -c "$identity" 2>/dev/null)" ]
}

# A copied environment still starts the tools of the folder it came from.
is_sound() {
    grep -qF "$here/$folder" $folder/bin/activate 2>/dev/null &&
        grep -q 'include-system-site-packages = false' $folder/pyvenv.cfg &&
        $folder/bin/python -c "$suits" && $folder/bin/python -m pip --version >/dev/null 2>&1 &&
        is_from_asked_python
}

# A killed process can linger as a zombie, which is not alive.
is_alive() {
    [ -n "$1" ] && kill -0 "$1" 2>/dev/null || return 1
    case $(ps -o stat= -p "$1" 2>/dev/null) in Z*) return 1 ;; esac
}

# The busy folder stays behind when a set-up is interrupted: what it left cannot be trusted, and is made again.
begin() {
    if ! mkdir $folder-busy 2>/dev/null; then
        owner=$(cat $folder-busy/process 2>/dev/null || true)
        if is_alive "$owner"; then
            stop "process $owner is setting up $folder: wait for it, or delete $folder-busy if it is not"
        fi
        rm -rf $folder
    fi
    echo $$ >$folder-busy/process
    rm -f $folder/.ready-*
}

# The page tests need a browser and the accessibility checker axe-core; where neither can be had they say so.
axe=axe-core-4.14.1
get_browser() {
    if ! command -v chromium >/dev/null && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
        echo "set-up: installing Chromium, for the page tests"
        { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends chromium; } \
            >/dev/null 2>&1 || echo "set-up: Chromium could not be installed: the page tests will be left out" >&2
    fi
    if [ ! -f ".cache/axe/$axe.js" ] && command -v npm >/dev/null && command -v tar >/dev/null; then
        echo "set-up: fetching $axe, for the page tests"
        rm -rf .cache/axe && mkdir -p .cache/axe
        { (cd .cache/axe && npm pack --silent --fetch-retries=1 --fetch-timeout=20000 "axe-core@${axe#axe-core-}" && tar -xzf "$axe.tgz" package/axe.min.js) &&
            cp .cache/axe/package/axe.min.js ".cache/axe/$axe.js"; } >/dev/null 2>&1 ||
            echo "set-up: $axe could not be fetched: its test will be left out" >&2
        rm -rf .cache/axe/package ".cache/axe/$axe.tgz"
    fi
}
if [ "$wanted" = test ]; then get_browser; fi

# The test environment holds everything that running needs.
if is_ready "$wanted" || { [ "$wanted" = run ] && is_ready test; }; then exit 0; fi

find_python
begin
if ! is_sound; then
    echo "set-up: making $folder with $("$python" -V)"
    rm -rf $folder
    "$python" -m venv $folder || stop "$python could not make $folder: see the lines above"
fi
echo "set-up: installing chainrule and what it needs, once"
if ! $folder/bin/python -m pip install -q --disable-pip-version-check -e "$package" >$folder/pip.log 2>&1; then
    cat $folder/pip.log >&2
    stop "the packages could not be installed: see pip's lines above, then run make again"
fi
echo "$state" >"$folder/.ready-$wanted"
rm -rf $folder-busy
