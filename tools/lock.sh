#!/bin/sh
# Renews requirements.txt and deploy/requirements.txt: one set of releases for Python 3.11 to 3.13 on every system, each with its hashes, from wherever this machine takes packages.
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

# What a server is installed from: the same releases, without tests and laboratory; hatchling builds the project itself, offline.
echo "hatchling" | "$uv" pip compile pyproject.toml - --extra encryption --constraints requirements.txt \
    --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-annotate \
    --custom-compile-command "make lock" --quiet --output-file deploy/requirements.txt

# Lines that begin with an option would carry the address of an index or a folder of this machine.
for file in requirements.txt deploy/requirements.txt; do
    sed '/^-/d' "$file" >"$file.new"
    mv "$file.new" "$file"
    echo "lock: $(grep -c '^[a-z]' "$file") packages in $file"
done
