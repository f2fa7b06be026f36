#!/bin/sh
# Puts a counter or a centre onto this machine: users, directories, programs, units, names of serial adapters.
# Running it again changes nothing that is right already. Settings that are there are never touched.
# usage: install.sh [--dry-run] [--root DIR] counter|centre|broker
set -eu

dry=""
root=""
while test $# -gt 0; do
    case "$1" in
        --dry-run) dry=1 ;;
        --root) root="$2"; shift ;;
        counter | centre | broker) role="$1" ;;
        *) echo "usage: install.sh [--dry-run] [--root DIR] counter|centre|broker" >&2; exit 2 ;;
    esac
    shift
done
test -n "${role:-}" || { echo "usage: install.sh [--dry-run] [--root DIR] counter|centre|broker" >&2; exit 2; }
here=$(cd "$(dirname "$0")/.." && pwd)
if test -z "$dry" && test -z "$root" && test "$(id -u)" != 0; then
    echo "install.sh changes the system: run it as root, or look first with --dry-run" >&2
    exit 77
fi

# What is done, or with --dry-run only said.
run() {
    if test -n "$dry"; then echo "would: $*"; else "$@"; fi
}
# place SOURCE TARGET MODE: only where it differs.
place() {
    cmp -s "$1" "$root$2" && return 0
    run install -D -m "$3" "$1" "$root$2"
}
# Only on the machine itself, never under --root.
system() {
    test -n "$root" || run "$@"
}
user() {
    test -z "$root" || return 0
    getent passwd "$1" >/dev/null || run useradd --system --home-dir "/var/lib/$1" --shell /usr/sbin/nologin "$1"
}
directory() {
    test -d "$root$1" || run install -d -m "$2" "$root$1"
    if test -z "$root" && getent passwd "$3" >/dev/null; then run chown "$3:$3" "$1"; fi
}
program() {
    test -x "$root/opt/counter/bin/$1" && return 0
    test -z "$root" || return 0
    test -x /opt/counter/bin/python || run python3 -m venv /opt/counter
    run /opt/counter/bin/pip install --disable-pip-version-check "$here"
}
sample() {
    test -e "$root/etc/counter/$1" || run install -D -m 0644 "$here/config/$1" "$root/etc/counter/$1"
}

case "$role" in
    counter)
        user counter
        directory /var/lib/counter 0700 counter
        program counter
        for name in counter.toml catalogue.csv planogram.toml roster.toml; do sample "$name"; done
        for unit in counter.service counter-bridge.service counter-enrol.service counter-enrol.timer; do
            place "$here/config/systemd/$unit" "/etc/systemd/system/$unit" 0644
        done
        place "$here/config/udev/70-counter.rules" /etc/udev/rules.d/70-counter.rules 0644
        system udevadm control --reload
        system systemctl daemon-reload
        system systemctl enable counter.service counter-bridge.service counter-enrol.timer
        ;;
    centre)
        user counter-central
        directory /var/lib/counter-central 0700 counter-central
        program counter-central
        sample central.toml
        # Of the pages apart and the workers the operator enables as many as it takes (docs/sizing.md).
        for unit in counter-central.service counter-central-web.service counter-central-worker@.service \
            counter-webhooks.service; do
            place "$here/config/systemd/$unit" "/etc/systemd/system/$unit" 0644
        done
        system systemctl daemon-reload
        system systemctl enable counter-central.service counter-webhooks.service
        ;;
    broker)
        place "$here/config/systemd/mosquitto.service.d/counter.conf" \
            /etc/systemd/system/mosquitto.service.d/counter.conf 0644
        for unit in counter-broker-crl.path counter-broker-crl.service; do
            place "$here/config/systemd/$unit" "/etc/systemd/system/$unit" 0644
        done
        system systemctl daemon-reload
        system systemctl enable counter-broker-crl.path
        ;;
esac
echo "$role: installed${dry:+ (nothing was changed: --dry-run)}; next: docs/operations.md, 'Services'"
