#!/bin/sh
# The `coop` command of an installed watch: the same user, settings, token and data as the service.
user=neurocoop
set -- env XDG_CONFIG_HOME=/etc XDG_DATA_HOME=/var/lib XDG_CACHE_HOME=/var/cache \
    MPLCONFIGDIR=/var/cache/neurocoop/matplotlib CREDENTIALS_DIRECTORY=/etc/neurocoop \
    /opt/neurocoop/bin/coop "$@"

[ "$(id -un)" != $user ] || exec "$@"
[ "$(id -u)" -ne 0 ] || exec runuser -u $user -- "$@"
exec sudo -u $user -- "$@"
