#!/bin/sh
# Prints the path of a Chromium that runs: the variable CHROMIUM, else one that is installed, else (root on Debian or Ubuntu) a newly installed one.
# Ends with an error and the name of the missing package where there is none: the browser's tests are never left out in silence.
set -eu

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Chromium.app/Contents/MacOS/Chromium" "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" --version >/dev/null 2>&1; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

if [ -n "${CHROMIUM:-}" ]; then
    if command -v "$CHROMIUM" >/dev/null 2>&1 && "$CHROMIUM" --version >/dev/null 2>&1; then
        command -v "$CHROMIUM"
        exit 0
    fi
    echo "browser: CHROMIUM is \`$CHROMIUM\`, which does not run. Name one that does, or unset it." >&2
    exit 1
fi

find_browser && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "browser: installing Debian's package chromium" >&2
    if DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2; then
        find_browser && exit 0
    fi
fi

echo "browser: the browser's tests need Chromium and none was found. Install the package \`chromium\` (Debian, Ubuntu: apt install chromium)," >&2
echo "browser: or name a Chromium or Chrome: CHROMIUM=path make test. Without a browser: make test-fast" >&2
exit 1
