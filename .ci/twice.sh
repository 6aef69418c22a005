# shellcheck shell=bash
#
# Registries fail at times. Scripts that install something source this file.
twice() {
    "$@" || { echo "once more: $*"; sleep 5; "$@"; }
}
