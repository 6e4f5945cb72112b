#!/bin/sh
# `make demo`: the order example from a YAML file to rows in Postgres. The first argument is the folder of the `hotmesh` program.
set -eu
PATH="$(cd "$1" && pwd):$PATH"
export PATH

echo_command() {
    printf '\n\033[1m$'
    for word in "$@"; do
        case "$word" in
        *[!A-Za-z0-9_./:=-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\033[0m\n'
}

show() {
    echo_command "$@"
    "$@"
}

refuses() {
    echo_command "$@"
    if "$@"; then
        echo "This should have been refused." >&2
        exit 1
    fi
    echo "(Refused, as it should be: nothing was stored.)"
}

order() { set -- "$1" hotmesh run graphs/order/order.yaml order.requested "{\"itemId\": \"item-123\", \"requestedQty\": $2}" --workers graphs/order/workers.py; "$@"; }

order show 5
order show 5000
order refuses '"five"'
show hotmesh render graphs/order/order.yaml --format ascii
mkdir -p build
show hotmesh render graphs/order/order.yaml -o build/order.svg
show hotmesh jobs
show hotmesh db psql -q -P pager=off -f docs/demo.sql
