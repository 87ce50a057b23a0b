#!/bin/sh
# Prints the path of an nginx that runs: the variable NGINX, else one that is installed. Where there is none it says plainly what is not tested without it and
# prints nothing; with --install (continuous integration) it installs Debian's package, and ends with an error where that cannot be done.
set -eu

find_nginx() {
    for name in ${NGINX:-} nginx /usr/sbin/nginx; do
        path=$(command -v "$name" 2>/dev/null) || continue
        if "$path" -v >/dev/null 2>&1; then
            echo "$path"
            return 0
        fi
    done
    return 1
}

find_nginx && exit 0

if [ "${1:-}" = --install ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "nginx: installing Debian's package nginx" >&2
        # The package would start a server of its own; only the program is wanted.
        if DEBIAN_FRONTEND=noninteractive apt-get update -qq >&2 && RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx >&2; then
            find_nginx && exit 0
        fi
    fi
    echo "nginx: it is not installed and could not be installed here. Install the package \`nginx\`, or name one: NGINX=path" >&2
    exit 1
fi

echo "nginx: not installed, so the shipped nginx configuration, two processes behind it and the identity provider are NOT tested (tests/deploy)." >&2
echo "nginx: install the package \`nginx\` (Debian, Ubuntu: apt install nginx) to have them tested too." >&2
