#!/bin/sh
# As the official image: options alone are redis-server's, and clients from elsewhere are let in.
set -e
case "$1" in -*|*.conf) set -- redis-server "$@" ;; esac
if [ "$1" = redis-server ]; then set -- "$@" --protected-mode no; fi
exec "$@"
