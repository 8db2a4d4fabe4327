#!/bin/sh
# SPDX-License-Identifier: MIT
# How often a request waits for the store before its provider is asked, beside
# another host that changes what is known: counted in the store.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 redis-server redis-cli
start_provider
start_store
export DARIO_QUEUE_MS=0 DARIO_API_KEY=owner
two_accounts
"$dario" backend add plain --key=k --base-url="$provider/b/plain/v1" 2>/dev/null
paid=$("$dario" key add paid --spend=1000/month --rate=100000/min 2>/dev/null)
home=$DARIO_HOME
for host in 1 2; do
	cp -r "$home" "$tmp/host$host"
	export DARIO_HOME="$tmp/host$host"
	port=
	start_router --workers=1
	eval "url$host=$url router$host=$router"
done
turn=0
ask() { # HOST KEY PATH MODEL [TURN]
	eval "url=\$url$1"
	turn=$((turn + 1))
	post "$3" "{\"model\":\"$4\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"conversation ${5:-$turn}\"}]}" \
		-H "Authorization: Bearer $2" >"$tmp/answer"
	status
}
# trips NAME KEY PATH MODEL [TURN]: the median of what host 1 has waited for in
# requests that follow ones of host 2
trips() {
	name=$1
	shift
	: >"$tmp/counts"
	for n in 1 2 3 4 5; do
		ask 2 "$@" >/dev/null
		timeout 300 redis-cli -s "$store" monitor >"$tmp/monitor" &
		monitor=$!
		wait_for grep -q OK "$tmp/monitor"
		ask 1 "$@" >"$tmp/code"
		wait_for grep -Eq '"(mend|beat)"' "$tmp/monitor"
		kill $monitor
		wait $monitor 2>/dev/null
		worker=$(pgrep -P "$router1" dario.fcgi)
		grep '"EVALSHA"' "$tmp/monitor" | grep -E "\"p$worker-|\"(sync|get)\" \"\"" | grep -Ec '"(mtake|take|sync|get|turn|join|length)"' >>"$tmp/counts"
	done
	median=$(sort -n "$tmp/counts" | sed -n 3p)
	ok "$name: waits for it $median times (all: $(sort -n "$tmp/counts" | tr '\n' ' '))" test "$median" -le 1
}
trips 'an account' owner /v1/messages claude-x
trips 'a limited key' "$paid" /v1/chat/completions plain:m
trips 'both' "$paid" /v1/messages claude-x
trips 'a conversation that another host has gone on with' owner /v1/messages claude-x same
done_testing
