#!/bin/sh
# SPDX-License-Identifier: MIT
# Each event arrives by itself, and a burst beyond the capacity gets a proper
# 429.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 nginx h2load
module=/usr/lib/nginx/modules/ngx_http_echo_module.so
[ -e $module ] || skip_all "the echo module of nginx is missing"

up=$(free_port)
event() {
	echo "echo 'data: {\"choices\":[{\"finish_reason\":$1}]}\n'; echo_flush;"
}
{
	echo "load_module $module; daemon off; worker_processes 1;
	pid $tmp/nginx.pid; error_log stderr error;
	events { worker_connections 4096; }
	http { access_log off;
	client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2;
	fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4;
	scgi_temp_path $tmp/n5;
	server { listen 127.0.0.1:$up backlog=4096;
	default_type text/event-stream;
	location /slow/ { echo_read_request_body;"
	for i in 1 2 3 4; do
		event null
		echo 'echo_sleep 0.5;'
	done
	event '"stop"'
	echo "echo 'data: [DONE]\n'; } } }"
} >"$tmp/nginx.conf"
start_process "$tmp/nginx.log" nginx -p "$tmp" -c "$tmp/nginx.conf"
tcp_open() { python3 -c "import socket; socket.create_connection(('127.0.0.1', $up), 30)"; }
wait_for tcp_open

# Two more: one in step with its client, one that goes on until it is let go.
steps=$(free_port)
start_process "$tmp/steps.log" python3 "$srcdir/tests/servers/steps.py" "$steps" "$tmp"
held=$(free_port)
start_process "$tmp/held.log" python3 "$srcdir/tests/sh/load.py" provider "$held" "$tmp/let-go"
wait_for grep -q listening "$tmp/held.log"

start_router --threads=512
"$dario" backend add slow --base-url="http://127.0.0.1:$up/slow/v1" 2>/dev/null
"$dario" backend add step --base-url="http://127.0.0.1:$steps/v1" 2>/dev/null
"$dario" backend add held --base-url="http://127.0.0.1:$held/v1" 2>/dev/null

curl -sN -o "$tmp/pace.out" -d '{"model":"step:pace","stream":true}' \
	"$url/v1/chat/completions"
is 'each event by itself, and the end' \
	"$(grep -c choices "$tmp/pace.out") $(tail -n 2 "$tmp/pace.out")" '9 data: [DONE]'

load() { # CLIENTS MODEL: h2load with that many at once
	printf '{"model":"%s","stream":true}' "$2" >"$tmp/body.json"
	rm -f "$tmp/h2.log"
	h2load --h1 -n "$1" -c "$1" -t 1 -d "$tmp/body.json" \
		-H 'Content-Type: application/json' \
		--log-file="$tmp/h2.log" "$url/v1/chat/completions" \
		>"$tmp/h2.out"
}
one=$(curl -s -d '{"model":"slow:m","stream":true}' \
	"$url/v1/chat/completions" | wc -c)

load 500 slow:m &
loader=$!
rss() { awk '/VmRSS/ {print $2}' "/proc/$(worker_pid)/status"; }
most=0
while kill -0 $loader 2>/dev/null; do
	now=$(rss)
	[ "${now:-0}" -le "$most" ] || most=$now
	sleep 0.1
done
wait $loader
like '500 slow streams: all answered' "$(cat "$tmp/h2.out")" \
	'500 succeeded, 0 failed'
like '500 slow streams: all 200' "$(cat "$tmp/h2.out")" \
	'status codes: 500 2xx'
like '500 slow streams: not a byte lost' "$(cat "$tmp/h2.out")" \
	"($((one * 500))) data"
diag "worker: $most KiB resident at most"
if grep -q '^#define SANITIZED' "$builddir/config.h"; then
	diag 'not run, the sanitizers need memory: under 64 MiB'
else
	ok '500 slow streams: the worker stays under 64 MiB' \
		test "$most" -lt 65536
fi

load 2000 held:stream-mute &
loader=$!
wait_for grep -q '	429	' "$tmp/h2.log"
touch "$tmp/let-go"
wait $loader
codes=$(awk '{print $2}' "$tmp/h2.log" | sort | uniq -c | awk '{print $2}' |
	tr '\n' ' ')
diag "$(awk '{print $2}' "$tmp/h2.log" | sort | uniq -c)"
is 'burst of 2000: only 200 and 429' "$codes" '200 429 '
like 'burst of 2000: all answered' "$(cat "$tmp/h2.out")" \
	'2000 done, '
like 'burst of 2000: no connection failed' "$(cat "$tmp/h2.out")" \
	'0 errored, 0 timeout'
post /v1/chat/completions '{"model":"slow:m","stream":true}' >/dev/null
is 'after the burst: normal' "$(status)" 200
stop_router

start_router --threads=1
rm "$tmp/let-go"
curl -sN -o "$tmp/first" -d '{"model":"held:stream-held","stream":true}' \
	"$url/v1/chat/completions" &
first=$!
wait_for test -s "$tmp/first"
post /v1/messages '{"model":"slow:m"}' >/dev/null
kill $first
is 'full: 429' "$(status)" 429
is 'full: Retry-After' "$(header Retry-After)" 2
is 'full: in the dialect of the caller' \
	"$(json 'j["error"]["type"]' <"$tmp/body")" rate_limit_error
done_testing
