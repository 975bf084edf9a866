#!/bin/sh
# Installs azprov into an image or into this machine, from the folder of this script.
# It checks the files against SHA256SUMS, finds a Python, and runs
#     azprov.pyz install "$@"            (--help shows the options)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
sums=$here/SHA256SUMS

fail() {
    echo "install.sh: $1" >&2
    exit "$2"
}

# Anyone who may write to the folder could replace the files after the check.
folder=$here
while [ -n "$folder" ]; do
    case $(ls -ld -- "$folder/.") in
        ????????w[!tT]*) fail "anyone may change $folder; copy all of dist/ to a folder of your own" 73 ;;
    esac
    folder=${folder%/*}
done
for file in "$sums" "$here/azprov.pyz" "$here/install.sh"; do
    case $(ls -ld -- "$file" 2>/dev/null) in
        -???????w*) fail "anyone may change $file; copy all of dist/ again" 73 ;;
    esac
done

command -v sha256sum >/dev/null 2>&1 ||
    fail "sha256sum is missing; install coreutils or busybox" 70
[ -f "$sums" ] || fail "there is no $sums; copy all of dist/ again" 73
# sha256sum -c ignores lines that it cannot parse, and files that no line names.
if grep -Evq '^[0-9a-f]{64}  [a-zA-Z0-9.-]+$' "$sums" ||
    [ "$(grep -Ec '  (azprov\.pyz|install\.sh|azure-provisioning\.service)$' "$sums")" != 3 ]
then
    fail "$sums is damaged; copy all of dist/ again" 73
fi
wrong=$(cd -- "$here" && LC_ALL=C sha256sum -c SHA256SUMS 2>/dev/null) ||
    fail "checksum does not match: $(echo "$wrong" | sed -n 's/: FAILED.*//p' | tr '\n' ' ')\
in $here; copy all of dist/ again" 73

for python in python3 /usr/libexec/platform-python \
    python3.30 python3.29 python3.28 python3.27 python3.26 python3.25 python3.24 python3.23 \
    python3.22 python3.21 python3.20 python3.19 python3.18 python3.17 python3.16 python3.15 \
    python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python3.8 python3.7 python3.6
do
    if command -v "$python" >/dev/null 2>&1 &&
        "$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 6))' >/dev/null 2>&1
    then
        exec "$python" -I "$here/azprov.pyz" install "$@"
    fi
done
fail "there is no Python 3.6 or newer on this machine; install python3" 70
