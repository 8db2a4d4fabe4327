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

# as it is without a setting: 50 ms
unset DARIO_STORE_TIMEOUT_MS
for ms in 30 60 5000; do
	say delay $ms
	: >"$tmp/log"
	port=
	start_router --workers=1
	codes=
	for n in 1 2 3 4; do
		codes="$codes$(ask "$paid" /v1/messages claude-x) "
	done
	is "$ms ms late: served" "$codes" '200 200 200 200 '
	ok "$ms ms late: said once, each time that it is away" \
		test "$(lines 'the store is away (')" -le $((1 + $(lines 'the store is back')))
	stop_router
done
exec 8>&-
done_testing
