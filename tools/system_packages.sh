#!/bin/sh
# What the tests need from the system: a broker, systemd-analyze, a browser, PostgreSQL, a Chinese font, Python's venv.
# Installs what is missing where it may (root, or sudo without a password); otherwise ends with the command to run.
# usage: system_packages.sh PYTHON
set -eu
PATH="$PATH:/usr/sbin:/sbin"
missing=""
need() { missing="$missing $1"; }

command -v mosquitto >/dev/null || need mosquitto
command -v systemd-analyze >/dev/null || need systemd
test -x "${CHROMIUM:-}" || command -v chromium >/dev/null || need chromium
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || need postgresql
has_font() { command -v fc-list >/dev/null && test -n "$(fc-list :lang=zh-cn)"; }
has_font || need fonts-wqy-microhei
test -x .venv/bin/python || "$1" -c 'import ensurepip, venv' 2>/dev/null || need python3-venv
test -n "$missing" || exit 0

install="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null; then
    echo "missing:$missing (Debian's names); install them with this system's package manager" >&2
    exit 1
fi
if test "$(id -u)" = 0; then
    as=""
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    as="sudo -n"
else
    echo "missing:$missing. Run this, then make test again:" >&2
    echo "    sudo apt-get update && sudo $install" >&2
    exit 1
fi
echo "installing:$missing"
$as env DEBIAN_FRONTEND=noninteractive apt-get update -q
# shellcheck disable=SC2086 # words, not one name
$as env DEBIAN_FRONTEND=noninteractive $install
