#!/bin/sh
# Makes the virtual environment from the lock: with uv where there is one, else with pip. Does nothing when it is up to date.
# PYTHON: the interpreter to build on; VENV: the folder. Both come from the Makefile.
set -eu

PYTHON=${PYTHON:-python3}
VENV=${VENV:-.venv}
STAMP="$VENV/.setup-stamp"

# A virtual environment cannot be moved, so its place is part of what must be the same.
wanted=$(pwd; cat requirements.txt pyproject.toml | cksum)
if [ -f "$STAMP" ] && [ "$(cat "$STAMP")" = "$wanted" ] && "$VENV/bin/python" -c '' 2>/dev/null; then
    exit 0
fi

fits='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'
if ! command -v "$PYTHON" >/dev/null 2>&1; then
    echo "setup: there is no \`$PYTHON\` here. Install Python 3.11, 3.12 or 3.13, or name one: make setup PYTHON=python3.12" >&2
    exit 1
fi
if ! "$PYTHON" -c "$fits"; then
    echo "setup: Python 3.11, 3.12 or 3.13 is needed; \`$PYTHON\` is $("$PYTHON" --version 2>&1). Name another: make setup PYTHON=python3.12" >&2
    exit 1
fi

# The interpreter itself, past shims and symbolic links of version managers.
base=$("$PYTHON" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)')

say() { echo "setup $1/3: $2"; }

usable() { # an environment that runs a Python we support and was not made somewhere else
    [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c "$fits" 2>/dev/null && { [ ! -f "$STAMP" ] || [ "$(head -n 1 "$STAMP")" = "$(pwd)" ]; }
}

with_uv() {
    usable || { rm -rf "$VENV" && uv venv --quiet --python "$base" "$VENV"; } || return 1
    # Compiled here, as pip does unasked: else the first start of the command does it, and every start where nobody may write to the environment.
    uv pip install --compile-bytecode --python "$VENV/bin/python" --require-hashes -r requirements.txt || return 1
    say 3 "the project itself"
    uv pip install --quiet --python "$VENV/bin/python" --no-build-isolation --no-deps --editable .
}

with_pip() {
    if ! { usable && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }; then
        if ! "$base" -m venv --clear "$VENV"; then
            echo "setup: \`$base -m venv\` failed. On Debian and Ubuntu: apt install python3-venv" >&2
            return 1
        fi
    fi
    "$VENV/bin/python" -m pip install --disable-pip-version-check --require-hashes -r requirements.txt || return 1
    say 3 "the project itself"
    "$VENV/bin/python" -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps --editable .
}

say 1 "virtual environment $VENV on $("$base" --version)"
if command -v uv >/dev/null 2>&1; then
    say 2 "the packages of requirements.txt, with uv"
    # pip may know a package index that uv does not: its own configuration counts.
    with_uv || { echo "setup: uv could not do it; trying pip" >&2; with_pip; }
else
    say 2 "the packages of requirements.txt, with pip (a few minutes the first time)"
    with_pip
fi
echo "$wanted" >"$STAMP"
echo "setup: ready"
