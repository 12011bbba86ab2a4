#!/bin/sh
# Installs the coop watch as a system service on a Debian box, from this checkout. Running it again updates.
#
#   sudo deploy/install.sh                 install or update, and start
#   deploy/install.sh --root DIR           lay everything out below DIR, to look at, and touch nothing else
#   --prefix DIR    where the program goes (default /opt/neurocoop)
#   --python FILE   the Python to use (default python3; 3.11 or newer)
#   --train         with TensorFlow, so that the nightly training tunes the network itself (2 GB of disk more)
#   --no-pip        leave the program itself alone: only settings, units and wrapper
#
# Settings that exist are never changed.
set -eu

checkout=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
user=neurocoop
root=
prefix=/opt/neurocoop
python=python3
pip=yes
extra=

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
        --root | --prefix | --python)
            [ $# -ge 2 ] || fail "$1 needs a value"
            case $1 in
                --root) root=$2 ;;
                --prefix) prefix=$2 ;;
                --python) python=$2 ;;
            esac
            shift 2
            ;;
        --no-pip) pip=no; shift ;;
        --train) extra='[train]'; shift ;;
        -h | --help) sed -n '2,/^set -eu/s/^# \{0,1\}//p' "$0"; exit 0 ;;
        *) fail "unknown option $1; see --help" ;;
    esac
done

case $prefix in
    /*[!A-Za-z0-9/._-]*) fail "--prefix may hold letters, digits and / . _ - only. Received: $prefix" ;;
    /*) ;;
    *) fail "--prefix must be an absolute path. Received: $prefix" ;;
esac
[ -n "$root" ] || [ "$(id -u)" -eq 0 ] || fail "run it as root (sudo $0), or with --root DIR to try it out"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
    fail "$python is not Python 3.11 or newer; install one and name it with --python"

add_user() {
    getent passwd "$user" >/dev/null && return
    useradd --system --user-group --groups video --home-dir /var/lib/$user --no-create-home \
        --shell /usr/sbin/nologin $user
    say "added the system user $user"
}

# place MODE SOURCE TARGET: copy with a mode, owned by root and readable for the service's group.
place() {
    install -m "$1" "$2" "$root$3"
    [ -n "$root" ] || chown "root:$user" "$3"
}

install_program() {
    "$python" -m venv --help >/dev/null 2>&1 || fail "$python has no venv; on Debian: apt-get install python3-venv"
    [ -x "$root$prefix/bin/python" ] || "$python" -m venv "$root$prefix"
    "$root$prefix/bin/python" -m pip install --quiet --disable-pip-version-check \
        --constraint "$checkout/constraints.txt" --upgrade "$checkout$extra"
    say "installed the program in $root$prefix"
}

install_settings() {
    install -d -m 0750 "$root/etc/neurocoop"
    [ -n "$root" ] || chown "root:$user" /etc/neurocoop
    if [ -e "$root/etc/neurocoop/coop.toml" ]; then
        say "kept $root/etc/neurocoop/coop.toml"
    else
        place 0640 "$checkout/deploy/coop.toml" /etc/neurocoop/coop.toml
        say "wrote $root/etc/neurocoop/coop.toml: put your cameras there"
    fi
    if [ ! -e "$root/etc/neurocoop/telegram-token" ]; then
        place 0640 /dev/null /etc/neurocoop/telegram-token
        say "made $root/etc/neurocoop/telegram-token: write the bot's token into it"
    fi
}

install_unit() {
    install -d "$root/etc/systemd/system" "$root/usr/local/bin"
    for unit in coop.service coop-nightly.service coop-nightly.timer; do
        sed "s|/opt/neurocoop/|$prefix/|" "$checkout/deploy/$unit" >"$root/etc/systemd/system/$unit"
        chmod 0644 "$root/etc/systemd/system/$unit"
    done
    sed "s|/opt/neurocoop/|$prefix/|" "$checkout/deploy/coop-command.sh" >"$root/usr/local/bin/coop"
    chmod 0755 "$root/usr/local/bin/coop"
    say "installed the service, the nightly training and the command coop"
}

start() {
    if ! [ -d /run/systemd/system ]; then
        say "systemd does not run here: start the watch with 'coop run'"
        return
    fi
    systemctl daemon-reload
    systemctl enable --quiet coop.service
    systemctl restart coop.service
    systemctl enable --quiet --now coop-nightly.timer
    say "started; see 'coop check' and 'journalctl -u coop'"
}

[ -n "$root" ] || add_user
[ $pip = no ] || install_program
install_settings
install -d -m 0750 "$root/var/lib/neurocoop"
[ -n "$root" ] || chown $user:$user /var/lib/neurocoop
install_unit
[ -n "$root" ] || start
