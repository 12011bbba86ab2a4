#!/bin/sh
# What the tests need from the system. On Debian, as root or with sudo that asks no question, missing packages are
# installed; elsewhere the tests that will be skipped are listed. With CI=true an absence that stays is an error.
set -u

# package        what would be skipped without it
needs='
ffmpeg                          streams over HTTP, and checks of written videos
python3-gi                      cameras over RTSP
gir1.2-gst-rtsp-server-1.0      cameras over RTSP
gstreamer1.0-plugins-base       cameras over RTSP
gstreamer1.0-plugins-good       cameras over RTSP
gstreamer1.0-plugins-bad        cameras over RTSP
postgresql                      the store on PostgreSQL
chromium                        the labelling page and clips, in a browser
fonts-dejavu-core               text in pictures of pages
fonts-noto-color-emoji          the signs (emoji) of messages in pictures of pages
libfaketime                     clocks that jump
systemd                         the checks of the service unit
shellcheck                      the checks of the shell scripts
'

packages() { printf '%s\n' "$needs" | awk 'NF { print $1 }'; }

absent() {
    # shellcheck disable=SC2046 # package names are words
    present=$(dpkg-query --show --showformat '${db:Status-Status} ${Package}\n' $(packages) 2>/dev/null |
        awk '$1 == "installed" { print $2 }')
    for package in $(packages); do
        printf '%s\n' "$present" | grep -qxF "$package" || printf '%s\n' "$package"
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    case ${ID:-} in debian | raspbian) ;; *) return 1 ;; esac
    command -v apt-get >/dev/null && as_root true 2>/dev/null
}

tell_skipped() {
    printf 'Not installed, so these tests will be skipped:\n'
    for package in $1; do
        printf '%s\n' "$needs" | awk -v name="$package" '$1 == name { $1 = ""; printf "  %s:%s\n", name, $0 }'
    done
}

if ! command -v dpkg-query >/dev/null; then
    printf 'This is not Debian: tests of what is not installed (%s) will be skipped.\n' "$(packages | paste -sd ' ' -)"
    [ "${CI:-}" != true ]
    exit
fi

missing=$(absent)
[ -n "$missing" ] || exit 0
# shellcheck source=/dev/null
ID=$(. /etc/os-release 2>/dev/null && printf '%s' "${ID:-}")
if may_install; then
    printf 'Installing for the tests: %s\n' "$(printf '%s' "$missing" | paste -sd ' ' -)"
    # shellcheck disable=SC2086 # package names are words
    { as_root apt-get update -q &&
        as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing; } >&2
    missing=$(absent)
    [ -n "$missing" ] || exit 0
fi
tell_skipped "$missing"
[ "${CI:-}" != true ]
exit_status=$?
[ $exit_status -eq 0 ] || printf 'CI=true: nothing may be skipped.\n' >&2
exit $exit_status
