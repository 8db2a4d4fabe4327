#!/bin/sh
# SPDX-License-Identifier: MIT
# Life and death of worker and web server: no orphan, no silent end.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

up=$(free_port)
start_process "$tmp/provider.log" python3 "$srcdir/tests/sh/load.py" provider \
	"$up" "$tmp/let-go"
wait_for grep -q listening "$tmp/provider.log"
"$dario" backend add up --key=k --base-url="http://127.0.0.1:$up/v1" >/dev/null 2>&1
export DARIO_DRAIN_MS=120000
ask='{"model":"up:stream-held","stream":true,"messages":[{"role":"user","content":"hi"}]}'

# A stream that has begun and goes on until let_go: its output is $tmp/stream,
# its pid is $client.
let_go() { touch "$tmp/let-go"; }
begin_stream() {
	rm -f "$tmp/let-go"
	: >"$tmp/stream"
	curl -sN -d "$ask" -o "$tmp/stream" "$url/v1/chat/completions" &
	client=$!
	wait_for test -s "$tmp/stream"
}
same_worker() { test "$(worker_pid)" = "$1"; }
# One alone, for the one that ends may still be there.
other_worker() {
	w=$(worker_pid) && test "$w" != "$1" && test "$(echo "$w" | wc -l)" = 1
}
gone() { test -z "$(alive "$@")"; }
serves() {
	test "$(curl -s -o /dev/null -w '%{http_code}' -d '{"model":"demo","input":"x"}' \
		"$url/v1/responses")" = 200
}

start_router --demo

# A clean end: what runs is finished, then the worker goes.
worker=$(worker_pid)
begin_stream
kill -TERM "$worker"
let_go
wait "$client"
is 'worker TERM: the stream comes to its end' "$?" 0
like 'worker TERM: it is whole' "$(tail -n 2 "$tmp/stream")" '[DONE]'
ok 'worker TERM: it has left' wait_for other_worker "$worker"
ok 'worker TERM: the next request works' wait_for serves

worker=$(worker_pid)
begin_stream
kill -KILL "$worker"
wait "$client"
ok 'worker KILL: the client sees an error, no clean end' test "$?" -ne 0
unlike 'worker KILL: no [DONE]' "$(cat "$tmp/stream")" '[DONE]'
ok 'worker KILL: another one is there' wait_for other_worker "$worker"
ok 'worker KILL: the next request works' serves

worker=$(worker_pid)
kill -KILL "$worker"
ok 'idle worker KILL: another one is there' wait_for other_worker "$worker"
ok 'idle worker KILL: the next request works' serves

# One after the other, each as soon as it has served.
lost=
for i in 1 2 3 4 5 6 7; do
	kill -KILL "$(worker_pid)"
	serves || lost="$lost $i"
done
is 'idle workers KILL, in a row: the next request works each time' "$lost" ''

for sig in TERM INT KILL; do
	[ -n "$router" ] || start_router --demo
	server=$(lighttpd_pid)
	all=$(pgrep -P "$router")
	begin_stream
	kill -$sig "$server"
	if [ $sig = INT ]; then # lighttpd lets requests finish
		let_go
		wait "$client"
		is 'server INT: the stream is finished' "$?" 0
	else
		wait "$client"
		ok "server $sig: the client sees an error" test "$?" -ne 0
		unlike "server $sig: no [DONE]" "$(cat "$tmp/stream")" '[DONE]'
	fi
	wait "$router"
	is "server $sig: dario proxy says so and exits 1" "$?" 1
	is "server $sig: nothing is left" "$(alive $all)" ''
	start_router --demo
	ok "server $sig: the next start works" serves
	stop_router
	router=
done

# A request body that a killed lighttpd leaves does not stay on the disk. Only one
# without a length is put there.
uploads() {
	find "$DARIO_HOME/run" -name 'lighttpd-upload-*' | grep -q .
}
start_router --demo
head -c 4000000 /dev/zero | curl -s --limit-rate 200K -X POST -T - \
	-o /dev/null "$url/v1/messages" &
client=$!
ok 'upload: it passes through the disk' wait_for uploads
all=$(pgrep -P "$router")
kill -STOP "$router" # it would clean up
kill -KILL $(lighttpd_pid) "$router"
wait "$client"
wait "$router"
wait_for gone $all
ok 'upload: what was killed has left it' uploads
start_router --demo
ok 'upload: the next start takes it away' test -z \
	"$(find "$DARIO_HOME/run" -name 'lighttpd-upload-*')"
stop_router
is 'after the end nothing is left in run/' "$(ls "$DARIO_HOME/run")" ''

# dario proxy itself is killed: everything goes.
start_router --demo
all=$(pgrep -P "$router")
begin_stream
kill -KILL "$router"
wait "$client"
ok 'proxy KILL: the client sees an error' test "$?" -ne 0
ok 'proxy KILL: no orphan is left' wait_for gone $all
start_router --demo
ok 'proxy KILL: the next start works' serves
stop_router

like 'the log says that a client left or a server ended' "$(cat "$tmp/log")" \
	'lighttpd ended'
done_testing
