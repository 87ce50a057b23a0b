#!/bin/sh
# Makes a second virtual environment that differs from the first in one thing: DuckDB 2.x, for which there is no encryption at rest from the package index yet.
# VENV: the first one, whose Python it is built on; DUCKDB: which release.
set -eu

VENV=${VENV:-.venv}
SECOND=$VENV-duckdb2
DUCKDB=${DUCKDB:-duckdb>=2,<2.1}

wanted=$(pwd; cat requirements.txt pyproject.toml | cksum; echo "$DUCKDB")
if [ -f "$SECOND/.setup-stamp" ] && [ "$(cat "$SECOND/.setup-stamp")" = "$wanted" ]; then
    exit 0
fi
base=$("$VENV/bin/python" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)')
"$base" -m venv --clear "$SECOND"
# The lock without the two packages that differ; hashes stay demanded for all of it.
awk '/^[a-z]/ { keep = !/^duckdb/ } /^#/ { keep = 1 } keep' requirements.txt >"$SECOND/requirements.txt"
"$SECOND/bin/python" -m pip install --disable-pip-version-check --quiet --require-hashes -r "$SECOND/requirements.txt"
"$SECOND/bin/python" -m pip install --disable-pip-version-check --quiet --no-deps "$DUCKDB"
"$SECOND/bin/python" -m pip install --disable-pip-version-check --quiet --no-build-isolation --no-deps --editable .
echo "$wanted" >"$SECOND/.setup-stamp"
