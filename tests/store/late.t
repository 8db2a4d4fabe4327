#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that is slow, or stopped: requests are served, it is said once that it
# is away, and what many have waited is not added up.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
. "$srcdir/tests/store/slow.sh"
# Many requests of one loop, each of which waits a little.
say delay 60
i=0
while [ $i -lt 25 ]; do
	ask owner /v1/messages claude-x >"$tmp/code"
	i=$((i + 1))
done
is 'what requests have waited is not added up' "$(lines 'the store is away (')" 0
# Twice 600 ms of a second: a machine that is held up has more tries.
say delay 0
stop_router
port=
DARIO_STORE_TIMEOUT_MS=1000 start_router --workers=1
waits_twice() {
	wait_for up
	said=$(lines 'the store is away (')
	say delay 600
	ask "$paid" /v1/messages claude-x >"$tmp/code"
	say delay 0
	[ "$(cat "$tmp/code") $(lines 'the store is away (')" = "200 $said" ]
}
ok 'one that has waited for it long enough does not say that it is away' \
	wait_for waits_twice

# stopped, as by a debugger or a full disk
stop_router
port=
start_router --workers=1
wait_for up
kill -STOP "$store_pid"
begun=$(now_ms)
is 'stopped: served' "$(ask "$paid" /v1/messages claude-x)" 200
took=$(($(now_ms) - begun))
ok "stopped: it waits for one time to answer at most ($took ms)" test "$took" -lt 7800
kill -CONT "$store_pid"
ok 'stopped: back' wait_for up
stop_router

# As it is without a setting: 50 ms. One that was away comes back when it answers
# in half of them, so none of these does, on whatever machine.
unset DARIO_STORE_TIMEOUT_MS
said() { echo "$(lines 'the store is away (') $(lines 'the store is back')"; }
gone() {
	ask "$paid" /v1/messages claude-x >"$tmp/code"
	[ "$(lines 'the store is away (')" -gt "$(lines 'the store is back')" ]
}
for ms in 30 60 5000; do
	many=5
	[ $ms != 5000 ] || many=2 # each takes long
	say delay $ms
	: >"$tmp/log"
	port=
	start_router --workers=1
	codes=
	for n in 1 2 3 4; do
		codes="$codes$(ask "$paid" /v1/messages claude-x) "
	done
	is "$ms ms late: served" "$codes" '200 200 200 200 '
	[ $ms = 30 ] || is "$ms ms late: said once that it is away" "$(said)" '1 0'
	say delay 5000
	wait_for gone
	: >"$tmp/log"
	say delay $ms
	forget_tries
	ok "$ms ms late: tried again and again" wait_for tries $many
	is "$ms ms late: it stays away" "$(said)" '0 0'
	stop_router
done
exec 8>&-
done_testing
