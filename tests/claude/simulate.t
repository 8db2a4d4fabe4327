#!/bin/sh
# SPDX-License-Identifier: MIT
# The pool under load, and what is left of it after kill -9.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
# SIMULATE=busy: the machine has other work, what is on its way is not counted.
[ "${SIMULATE-}" != busy ] || export DARIO_SIMULATION_BUSY=1
mkdir -m 700 "$DARIO_HOME"
account() { # ALIAS: an API key
	printf 'sk-ant-api03-%s\n' "$1" | "$dario" accounts add "$1" --key-stdin 2>/dev/null
}
# with STRATEGY NAME ARGUMENTS...: a part of the simulation, with a router that
# knows nothing yet
with() {
	rm -rf "$DARIO_HOME/state"
	start_router --workers=4 --strategy="$1"
	shift
	name=$1
	shift
	report "$name" "$tmp/simulate.out" python3 "$srcdir/tests/claude/simulate.py" "$@" "$url"
	stop_router
}
# against KIND STRATEGIES: these, and rules that know nothing of limits
against() {
	export DARIO_SIMULATION="$tmp/rows-$1"
	for strategy in $2; do
		with $strategy "$1, $strategy" race "$1" $strategy
	done
	for rule in 'round robin' 'least in flight'; do
		report "$1, $rule" "$tmp/simulate.out" python3 "$srcdir/tests/claude/simulate.py" race "$1" "$rule"
	done
	report "$1" "$tmp/table.out" python3 "$srcdir/tests/claude/simulate.py" table "$1"
}

rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b","sk-ant-api03-c","sk-ant-api03-paid","sk-ant-api03-spare"]}'
for alias in plan small; do
	subscription "accounts/$alias.json" "sk-ant-oat01-$alias" "sk-ant-ort01-$alias" 36000000
done
account paid
account spare
with headroom claude whole claude
with headroom 'claude, all full' full claude
against claude 'headroom fill-first soonest-reset'
rm -rf "$DARIO_HOME/state" "$DARIO_HOME"/accounts/*

"$dario" backend add groq --base-url="$provider/b/groq/v1" 2>/dev/null
for alias in one two three; do
	printf 'gsk-%s\n' $alias | "$dario" accounts add $alias --backend=groq --key-stdin 2>/dev/null
done
with headroom keys whole keys
with headroom 'keys, all full' full keys
against keys 'headroom fill-first' # without windows none ends sooner
rm -rf "$DARIO_HOME/state" "$DARIO_HOME"/backends/*

for alias in a b c; do
	account $alias
done
report survival "$tmp/survive.out" python3 "$srcdir/tests/claude/survive.py" "$dario"
done_testing
