# shellcheck shell=bash
#
# Functions for the scripts that run clients against a server. They source this file from the repository's
# root, after they set `work`, the folder for what they install and write.

mkdir -p "$work"
work=$(cd "$work" && pwd)
server=

. .ci/twice.sh

# start PROGRAM ARGS...: runs a server. Sets `server` to its process id, and `url` to the URL that it
# prints as the last word of its first line. Its stderr goes to $work/server.log.
start() {
    printf -- '-- %s\n' "${*##*/}"
    : >"$work/server.out"
    "$@" >"$work/server.out" 2>"$work/server.log" &
    server=$!
    for _ in {1..600}; do
        url=$(sed -n '1s/.* //p' "$work/server.out")
        [ -z "$url" ] || return 0
        sleep 0.1
    done
    echo 'the server did not start in 60 s'
    return 1
}

# ends: fails unless the server, which was interrupted, ends with status 0 within 5 s.
ends() {
    for _ in {1..50}; do
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    if kill -0 "$server" 2>/dev/null; then
        echo 'the server still runs 5 s after the interrupt'
        return 1
    fi
    wait "$server"
    server=
    echo 'the server ended with status 0'
}

# install_clients: puts tests/clients and the SDKs that it uses into $work, where they stay for the next run.
install_clients() {
    cp tests/clients/*.* "$work/"
    for sdk in requirements requirements-1; do
        python3 -m venv "$work/$sdk"
        twice "$work/$sdk/bin/pip" install --quiet --disable-pip-version-check -r "$work/$sdk.txt"
    done
    twice npm install --prefix "$work" --no-audit --no-fund --no-package-lock --loglevel=error
}

stop_server() {
    local status=$?
    [ -z "$server" ] || kill -9 "$server" 2>/dev/null || true
    if [ "$status" -ne 0 ] && [ -s "$work/server.log" ]; then
        echo 'The last lines that the server logged:'
        tail -n 30 "$work/server.log"
    fi
}
trap stop_server EXIT
