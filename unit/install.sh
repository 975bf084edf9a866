#!/bin/sh
# Puts azprov into an image, or into this machine, from the folder that it lies in:
# checks the files against SHA256SUMS, finds a Python, and hands over to
#     azprov.pyz install "$@"            (--help shows the options)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

fail() {
    echo "install.sh: $1" >&2
    exit "$2"
}

command -v sha256sum >/dev/null 2>&1 ||
    fail "there is no sha256sum to check the files with; install coreutils or busybox" 70
(cd -- "$here" && sha256sum -c SHA256SUMS >/dev/null 2>&1) ||
    fail "the files beside install.sh are not those of SHA256SUMS; copy the whole of dist/ again" 73

for python in python3 /usr/libexec/platform-python \
    python3.30 python3.29 python3.28 python3.27 python3.26 python3.25 python3.24 python3.23 \
    python3.22 python3.21 python3.20 python3.19 python3.18 python3.17 python3.16 python3.15 \
    python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 python3.7 python3.6
do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1
    then
        exec "$python" -I "$here/azprov.pyz" install "$@"
    fi
done
fail "there is no Python 3.6 or newer on this machine; install python3" 70
