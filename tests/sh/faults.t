#!/bin/sh
# SPDX-License-Identifier: MIT
# Upstreams that cannot be reached: each a distinct error, in both dialects.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 openssl

start_router
add() {
	"$dario" backend add "$@" --key=sk-test-0123456789abcdef \
		--protocol=openai,anthropic,responses 2>/dev/null
}
code() { # BACKEND: error code to a Chat client
	post /v1/chat/completions "{\"model\":\"$1:m\",\"stream\":true}" |
		json 'j["error"]["code"]'
}

add refused --base-url=http://127.0.0.1:1
is 'refused' "$(code refused)" upstream_unreachable
is 'refused: 502' "$(status)" 502
add dns --base-url=https://no-such-host.invalid/v1
is 'unknown name' "$(code dns)" upstream_dns
like 'unknown name: it is named' "$(cat "$tmp/body")" no-such-host.invalid

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/k.pem" \
	-out "$tmp/c.pem" -days 1 -subj /CN=localhost 2>/dev/null
tls=$(free_port)
start_process "$tmp/tls.log" openssl s_server -accept "127.0.0.1:$tls" \
	-key "$tmp/k.pem" -cert "$tmp/c.pem" -quiet
tcp_open() { python3 -c "import socket; socket.create_connection(('127.0.0.1', $1), 30)"; }
wait_for tcp_open "$tls"
add selfsigned --base-url="https://localhost:$tls/v1"
is 'self-signed certificate' "$(code selfsigned)" upstream_tls
add plain --base-url="https://127.0.0.1:$port/v1"
is 'TLS to a server without it' "$(code plain)" upstream_tls

# A listener whose queue is full lets nobody connect.
full=$(free_port)
start_process "$tmp/full.log" python3 -c "
import signal, socket
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('127.0.0.1', $full))
s.listen(0)
waiting = []
for _ in range(4):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(('127.0.0.1', $full))
    waiting.append(c)
print('full', flush=True)
signal.pause()"
wait_for grep -q full "$tmp/full.log"
add slow --base-url="http://127.0.0.1:$full/v1"
stop_router
export DARIO_CONNECT_TIMEOUT_MS=500
start_router
is 'no connection in time' "$(code slow)" upstream_timeout
is 'no connection in time: 504' "$(status)" 504
post /v1/messages '{"model":"slow:m"}' >/dev/null
is 'the same for an Anthropic client' \
	"$(json 'j["error"]["type"]' <"$tmp/body")" timeout_error

# The client leaves while the router still connects.
stop_router
export DARIO_CONNECT_TIMEOUT_MS=600000 DARIO_KEEPALIVE_MS=200
start_router
worker=$(worker_pid)
ours() { ss -Htnp state syn-sent "dport = :$full" | grep -q "pid=$worker,"; }
idle() { ! ours; }
if command -v ss >/dev/null; then
	start_process "$tmp/curl.log" curl -s -d '{"model":"slow:m","stream":true}' \
		"$url/v1/chat/completions"
	wait_for ours
	kill "$pid"
	wait "$pid" 2>/dev/null
	ok 'client gone while connecting: given up, long before the timeout' \
		wait_for idle
else
	diag 'not run, ss is missing: client gone while connecting'
fi
unlike 'no key in the log' "$(cat "$tmp/log")" sk-test-0123456789abcdef
done_testing
