#!/bin/sh
# SPDX-License-Identifier: MIT
# Three hosts with two workers each on one store: the pool's simulation, and
# beside it one host with files. HOSTS=long: all of it.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
. "$srcdir/tests/store/hosts.sh"
need lighttpd curl python3 pgrep redis-server redis-cli
hosts_need
start_provider
export DARIO_QUEUE_MS=0
mkdir -m 700 "$DARIO_HOME"
hosts_up 3 "$provider_port"

# the pool
rule '{"accept":["sk-ant-api03-paid","sk-ant-api03-spare"]}'
for alias in plan small; do
	subscription "accounts/$alias.json" "sk-ant-oat01-$alias" "sk-ant-ort01-$alias" 36000000
done
for alias in paid spare; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done
simulate() { # NAME URL PART KIND
	report "$1" "$tmp/simulate.out" python3 "$srcdir/tests/claude/simulate.py" "$3" "$4" "$2"
}
part=full
[ "${HOSTS-}" = long ] && part=whole || export DARIO_SIMULATION_BUSY=1
start_router --workers=4
simulate 'one host with files' "$url" $part claude
stop_router
rm -rf "$DARIO_HOME/state"
hosts_store
hosts_start --workers=2
simulate 'three hosts' "$balanced_requests" $part claude
done_testing
