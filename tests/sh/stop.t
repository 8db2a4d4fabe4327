#!/bin/sh
# SPDX-License-Identifier: MIT
# The end of dario proxy, asked for or not: nobody is cut off without a word,
# nothing is left, nothing takes long.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

up=$(free_port)
start_process "$tmp/provider.log" python3 "$srcdir/tests/sh/load.py" provider "$up" "$tmp/let-go"
wait_for grep -q listening "$tmp/provider.log"
"$dario" backend add up --key=k --base-url="http://127.0.0.1:$up/v1" >/dev/null 2>&1

# What would be waited for to the end of its time takes two minutes.
export DARIO_DRAIN_MS=120000
body='{"model":"up:stream-held","stream":true,"messages":[{"role":"user","content":"x"}]}'
begin_stream() { # it ends when $tmp/let-go is there; sets client
	rm -f "$tmp/let-go"
	: >"$tmp/stream"
	curl -sN -o "$tmp/stream" -d "$body" \
		"$url/v1/chat/completions" &
	client=$!
	wait_for test -s "$tmp/stream"
}
ask() {
	curl -s -m 60 -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" \
		-d '{"model":"up:plain","messages":[{"role":"user","content":"x"}]}' \
		"$url/v1/chat/completions"
}
now_ms() { echo $(($(date +%s%N) / 1000000)); }
count() { json "j.get('$1', 0)" <"$tmp/counts"; }
stopping() { [ "$(ask)" = 503 ]; }
took() { # MS WHAT: the end has taken less, which is far from what it could wait for
	spent=$(($(now_ms) - begin))
	ok "$2 ($spent ms)" test "$spent" -lt "$1"
}

# What runs comes to its end; who comes meanwhile is told when to come back.
for sig in TERM INT; do
	start_router --workers=2
	all=$(pgrep -P "$router")
	begin_stream
	begin=$(now_ms)
	kill -$sig "$router"
	ok "$sig: a new request: 503" wait_for stopping
	left=$((120 - ($(now_ms) - begin) / 1000)) # or more, when it was asked
	ok "$sig: when to come back" test "$(header Retry-After)" -ge "$left" \
		-a "$(header Retry-After)" -le 121
	is "$sig: an error for both" "$(json 'j["type"], j["error"]["code"]' <"$tmp/body")" \
		'error router_stopping'
	closed_to_pages "$sig"
	is "$sig: the connection goes" "$(header Connection)" close
	is "$sig: HEAD, too" "$(curl -sI -m 60 -o /dev/null -w '%{http_code}' "$url/")" 503
	head -c 3000000 /dev/zero >"$tmp/large"
	is "$sig: a large body, too" "$(curl -s -m 60 -o /dev/null -w '%{http_code}' \
		--data-binary "@$tmp/large" "$url/v1/messages")" 503
	touch "$tmp/let-go"
	wait "$client"
	is "$sig: the stream comes to its end" "$?" 0
	like "$sig: it is whole" "$(tail -n 2 "$tmp/stream")" '[DONE]'
	begin=$(now_ms)
	wait "$router"
	is "$sig: exit 0" "$?" 0
	took 60000 "$sig: soon after the stream"
	is "$sig: nothing is left" "$(alive $all)$(ls "$DARIO_HOME/run")" ''
done

# Under load, again and again. The last clients find nobody.
for i in 1 2 3; do
	start_router --workers=2
	begin_stream
	rm -f "$tmp/going.enough"
	: >"$tmp/going"
	python3 "$srcdir/tests/sh/load.py" clients "$url" "$tmp/going" \
		>"$tmp/counts" 2>"$tmp/load.log" &
	clients=$!
	wait_for grep -q '^stream.* ok' "$tmp/going"
	kill -TERM "$router"
	wait_for grep -q busy "$tmp/going"
	touch "$tmp/let-go"
	wait "$client"
	is "load, $i: the stream is whole" "$?" 0
	wait "$router"
	is "load, $i: exit 0" "$?" 0
	wait_for grep -q refused "$tmp/going"
	touch "$tmp/going.enough"
	wait "$clients"
	is "load, $i: nothing is lost" "$(count lost) $(count examples)" '0 []'
	ok "load, $i: some are told to come back ($(count busy))" test "$(count busy)" -gt 0
	ok "load, $i: then nobody is there ($(count refused))" test "$(count refused)" -gt 0
	is "load, $i: no kept connection ends" "$(count raced)" 0
done

# The second Ctrl-C is meant.
start_router
all=$(pgrep -P "$router")
begin_stream
kill -INT "$router"
wait_for stopping
begin=$(now_ms)
kill -INT "$router"
wait "$router"
is 'a second Ctrl-C: exit 0' "$?" 0
took 60000 'a second Ctrl-C: it does not wait'
is 'a second Ctrl-C: nothing is left' "$(alive $all)$(ls "$DARIO_HOME/run")" ''
wait "$client"
ok 'a second Ctrl-C: the stream is no whole one' test "$?" -ne 0

# An answer that takes longer than it may does not hold the end up.
export DARIO_DRAIN_MS=500
start_router
begin_stream
begin=$(now_ms)
kill -TERM "$router"
wait "$router"
is 'a long stream: exit 0' "$?" 0
took 60000 'a long stream: it has an end'
wait "$client"
unlike 'a long stream: no good end' "$(cat "$tmp/stream")" '[DONE]'
like 'a long stream: an error that says why' "$(tail -n 2 "$tmp/stream")" \
	'"code":"router_stopping"'
export DARIO_DRAIN_MS=120000

# A client that connects and says nothing, and one that does not read.
start_router
python3 - "$port" <<'EOF' >"$tmp/silent.log" 2>&1 &
import socket, sys, time
silent = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
half = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
half.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
print("there", flush=True)
time.sleep(600)
EOF
silent=$!
wait_for grep -q there "$tmp/silent.log"
begin=$(now_ms)
kill -TERM "$router"
wait "$router"
is 'silent clients: exit 0' "$?" 0
took 50000 'silent clients: they hold nothing up'
kill "$silent"

# At any time of the start: no trace, and no error.
for ms in 0 5 10 20 40 80 160; do
	"$dario" proxy --port="$port" >"$tmp/early.log" 2>&1 &
	router=$!
	children="$children $router"
	wait_for test -d "$DARIO_HOME/run/$port" || fail "stop after $ms ms: not begun"
	python3 -c "import time; time.sleep($ms / 1000)"
	all=$(pgrep -P "$router")
	begin=$(now_ms)
	kill -TERM "$router"
	wait "$router"
	is "stop after $ms ms: exit 0" "$?" 0
	took 60000 "stop after $ms ms: soon"
	is "stop after $ms ms: nothing is left" "$(alive $all)$(ls "$DARIO_HOME/run")" ''
done

# What systemd hears (sd_notify(3)), and what its reload does.
cat >"$tmp/notify.py" <<'EOF'
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(1000).decode(), flush=True)
EOF
start_process "$tmp/notified" python3 "$tmp/notify.py" "$tmp/notify"
wait_for test -S "$tmp/notify"
export NOTIFY_SOCKET=$tmp/notify
start_router --workers=2
unset NOTIFY_SOCKET
heard() { grep -q "$1" "$tmp/notified"; }
ok 'systemd: it serves' wait_for heard READY=1
old=$(worker_pid)
kill -HUP "$router"
replaced() { [ -z "$(alive $old)" ]; }
ok 'systemd: a reload' wait_for replaced
stop_router
ok 'systemd: it ends' wait_for heard STOPPING=1
is 'systemd: nothing else, and nothing of the workers' \
	"$(tr '\n' ' ' <"$tmp/notified")" 'READY=1 STOPPING=1 '

# What cannot start is named.
mkdir "$tmp/libexec"
for broken in 'exit 3' 'kill -9 $$' 'exec 3>&-; exec sleep 1000'; do
	printf '#!/bin/sh\n%s\n' "$broken" >"$tmp/libexec/dario.fcgi"
	chmod 755 "$tmp/libexec/dario.fcgi"
	begin=$(now_ms)
	out=$(DARIO_LIBEXECDIR=$tmp/libexec "$dario" proxy --port="$port" 2>&1)
	is "a worker that fails ($broken): exit 1" "$?" 1
	like "a worker that fails ($broken): named" "$out" \
		"the worker $tmp/libexec/dario.fcgi does not start"
	took 90000 "a worker that fails ($broken): soon"
	is "a worker that fails ($broken): nothing is left" "$(ls "$DARIO_HOME/run")" ''
done
mkdir "$tmp/bin"
printf '#!/bin/sh\ncase $1 in -tt) exit 0 ;; esac\nexit 7\n' >"$tmp/bin/lighttpd"
chmod 755 "$tmp/bin/lighttpd"
out=$(PATH=$tmp/bin:$PATH "$dario" proxy --port="$port" 2>&1)
is 'lighttpd fails: exit 1' "$?" 1
like 'lighttpd fails: said' "$out" 'lighttpd ended with status 7'
printf '#!/bin/sh\nexec sleep 1000\n' >"$tmp/bin/lighttpd"
begin=$(now_ms)
out=$(PATH=$tmp/bin:$PATH "$dario" proxy --port="$port" --check 2>&1)
is 'lighttpd hangs: exit 1' "$?" 1
took 90000 'lighttpd hangs: not for ever'
done_testing
