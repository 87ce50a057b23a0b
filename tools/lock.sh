#!/bin/sh
# Renews requirements.txt: one set of releases for Python 3.11 to 3.13 on every system, each with its hashes, from wherever this machine takes packages.
# Says nothing of that place: no address of an index, no path. Options go to `uv pip compile` (--upgrade, --upgrade-package NAME).
set -eu

VENV=${VENV:-.venv}
if command -v uv >/dev/null 2>&1; then
    uv=uv
elif [ -x "$VENV/bin/uv" ]; then
    uv="$VENV/bin/uv"
else
    echo "lock: this needs uv (pip install uv)" >&2
    exit 1
fi

"$uv" pip compile pyproject.toml --extra encryption --group lab --group test \
    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
    --custom-compile-command "make lock" --quiet --output-file requirements.txt "$@"

# Lines that begin with an option would carry the address of an index or a folder of this machine.
sed '/^-/d' requirements.txt >requirements.txt.new
mv requirements.txt.new requirements.txt
echo "lock: $(grep -c '^[a-z]' requirements.txt) packages in requirements.txt"
