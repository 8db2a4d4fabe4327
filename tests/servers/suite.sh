# SPDX-License-Identifier: MIT
# What has to work behind every web server, the same cases for each. A file
# NAME.t sets `server` and sources this one.
. "$(dirname "$0")/server.sh"

module=/usr/lib/nginx/modules/ngx_http_echo_module.so
[ -e $module ] || skip_all "the echo module of nginx is missing"

# --- upstream -----------------------------------------------------------
# Each kind listens on a port of its own and keeps no connection: a connection
# to it is a request that runs.

kinds='pace flow begun mute size'
chunk='{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}'
say() { echo "echo 'data: $1\n'; echo_flush;"; }
last() {
	say '{"choices":[{"delta":{},"finish_reason":"stop"}]}'
	echo "echo 'data: [DONE]\n';"
}
events() { # COUNT SECONDS
	for i in $(seq "$1"); do
		say "$chunk"
		echo "echo_sleep $2;"
	done
	last
}
listen() { # KIND TYPE DIRECTIVES
	eval "up_$1=$(free_port)"
	eval "echo \"server { listen 127.0.0.1:\$up_$1 backlog=1024;\""
	echo "location ~ /models { return 200 '{\"data\":[]}'; }"
	echo "default_type $2; location / { echo_read_request_body; $3 } }"
}
write_upstream() {
	echo "load_module $module; daemon off; worker_processes 1;
	pid $tmp/upstream.pid; error_log stderr crit;
	events { worker_connections 2048; }
	http { access_log off; keepalive_timeout 0; client_max_body_size 99m;
	client_body_temp_path $tmp/u1; proxy_temp_path $tmp/u2;
	fastcgi_temp_path $tmp/u3; uwsgi_temp_path $tmp/u4;
	scgi_temp_path $tmp/u5;"
	test "$(id -u)" != 0 || echo 'user root;'
	listen pace text/event-stream "$(events 8 0.25)"
	listen flow text/event-stream "$(events 40 0.25)"
	listen begun text/event-stream "$(say "$chunk") echo_sleep 600;"
	listen mute text/event-stream 'echo_sleep 600;'
	listen size application/json \
		"echo '{\"size\":\$http_content_length}';"
	echo '}'
}
write_upstream >"$tmp/upstream.conf"
start_process "$tmp/upstream.log" nginx -p "$tmp" -c "$tmp/upstream.conf"
up_step=$(free_port)
start_process "$tmp/steps.log" python3 "$(dirname "$0")/steps.py" "$up_step" "$tmp"

settings() { # JSON members
	printf '{"demo":true,%s}' "$1" >"$tmp/home/config.new"
	chmod 600 "$tmp/home/config.new"
	mv "$tmp/home/config.new" "$tmp/home/config.json"
}
fast='"keepaliveMs":300'
slow='"keepaliveMs":60000'
settings "$fast"
for kind in $kinds step; do
	eval "up=\$up_$kind"
	"$dario" backend add "$kind" --base-url="http://127.0.0.1:$up/v1" \
		2>/dev/null
done
"$dario" backend add down --base-url=http://127.0.0.1:1/v1 2>/dev/null

# --- helpers ------------------------------------------------------------

start_server
ask() { # KIND [NAME]
	printf '{"model":"%s:%s","stream":true,"messages":[]}' "$1" "${2:-m}"
}

# stream KIND NAME [curl flags]: in the background; its lines go to NAME.out
# with the milliseconds since the start in front, curl's status to NAME.rc.
# Sets client, curl's pid.
stream() {
	body=$(ask "$1" "$2")
	out=$tmp/$2
	shift 2
	mkfifo "$out.pipe"
	python3 -c '
import sys, time
start = float(sys.argv[1])
for line in sys.stdin:
    if line.strip():
        print(int((time.time() - start) * 1000), line.strip(),
              flush=True)' "$(date +%s.%N)" <"$out.pipe" >"$out.out" &
	(
		curl -sN -d "$body" "$@" "$url/v1/chat/completions" \
			>"$out.pipe" 2>"$out.err" &
		echo $! >"$out.pid"
		wait $!
		echo $? >"$out.rc"
	) 2>/dev/null &
	wait_for test -s "$out.pid"
	client=$(cat "$out.pid")
	children="$children $client"
}
ended() { test -s "$tmp/$1.rc"; }
rc_of() { wait_for ended "$1" && cat "$tmp/$1.rc"; }
begun() { grep -q choices "$tmp/$1.out"; }
runs() { # KIND: a request to that upstream
	eval "up=\$up_$1"
	ss -Htn state established "dport = :$up" | grep -q .
}
over() { ! runs "$1"; }

# CASE reason, of this server; empty where there is none.
limit() { limits | sed -n "s/^$1 //p"; }
# unless_limited CASE NAME: false, with the reason, where the server cannot.
unless_limited() {
	why=$(limit "$1")
	[ -n "$why" ] || return 0
	tests=$((tests + 1))
	echo "ok $tests - $2 # SKIP $why"
	return 1
}
code() { # PATH [curl flags]
	path=$1
	shift
	curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" "$url$path"
}
is_json() { json 'True' <"$tmp/body" >/dev/null 2>&1; }
whole() { grep -q 'DONE' "$tmp/$1.out"; }

# --- the cases ----------------------------------------------------------

# Connections to the worker, while nothing else runs.
worker_inodes() {
	ss -Hxn state established | awk -v s="$sock" '$4 == s { print $5 }' |
		sort
}
unless_limited reuse 'one request after the other: one connection' && {
	code /v1/models >/dev/null
	before=$(worker_inodes)
	for i in 1 2 3 4 5 6; do code /v1/models >/dev/null; done
	is 'one request after the other: one connection' \
		"$(worker_inodes)" "$before"
	ok 'it is kept' test -n "$before"
}

# Streams that need time run while other cases are tried.
# The server compresses what it can: not this.
stream step pace -H 'Accept-Encoding: gzip'
(
	url=http://127.0.0.1:$h2_port$prefix
	stream step h2 --http2-prior-knowledge -w '%{stderr}%{http_version}'
) &
stream mute keepalive
keepalive=$client
stream begun ping
ping=$client

# Prefix.
is 'prefix: /v1/models' "$(code /v1/models)" 200
is 'prefix: without /v1' "$(code /models)" 200
is 'prefix: with /v1 twice' "$(code /v1/v1/models)" 200
is 'prefix: the root' "$(code /)" 200
is 'prefix: a model with a slash' "$(code /v1/models/a/b)" 404
ok 'prefix: a model with a slash: JSON' is_json
unless_limited slash 'prefix: a model with %2F' &&
	is 'prefix: a model with %2F' "$(code /v1/models/a%2Fb | tail -c 3
		json 'j["error"]["code"]' <"$tmp/body")" 404model_not_found
is 'prefix: a query' "$(code '/v1/messages/count_tokens?beta=true' \
	-d '{"model":"pace:m","messages":[{"role":"user","content":"x"}]}')" 200
is 'prefix: a query is no argument' "$(code '/v1/models?--version')" 200
is 'the other site is still there' "$(curl -s "$site/")" 'the other site'
is 'nothing of ours outside the prefix' \
	"$(curl -s -o /dev/null -w '%{http_code}' "$site/v1/models")" 404

# Methods.
is 'HEAD: 200' "$(code /v1/models -I)" 200
is 'HEAD of the root: 200' "$(code / -I)" 200
is 'GET after HEAD on one connection' "$(curl -s -I -o /dev/null \
	-w '%{http_code} ' "$url/" --next -s -o /dev/null \
	-w '%{http_code} %{num_connects}' "$url/v1/models")" '200 200 0'
is 'OPTIONS: preflight' "$(code /v1/messages -X OPTIONS \
	-H 'Origin: http://localhost:1' \
	-H 'Access-Control-Request-Method: POST')" 204
like 'OPTIONS: key headers are allowed' \
	"$(header Access-Control-Allow-Headers)" x-api-key
is 'wrong method: 405' "$(code /v1/messages -X PUT -d '{}')" 405
is 'wrong method: Allow' "$(header Allow)" POST
is 'WebSocket: 426' "$(code /v1/responses -H 'Connection: Upgrade' \
	-H 'Upgrade: websocket' -H 'Sec-WebSocket-Key: x' \
	-H 'Sec-WebSocket-Version: 13')" 426

# Closed to pages of other origins, each field once.
code /v1/models >/dev/null
closed_to_pages 'an answer'
code /v1/nothing >/dev/null
closed_to_pages 'an error'
code /v1/models -H 'Origin: https://evil.example' >/dev/null
closed_to_pages 'a refused origin'
is 'a page of another origin: refused' \
	"$(code /v1/models -H 'Sec-Fetch-Site: cross-site')" 403

# Error bodies, as the router wrote them.
is 'error: bad JSON' "$(code /v1/messages -d '{"model":')" 400
is 'error: of the Anthropic API' \
	"$(json 'j["type"], j["error"]["type"]' <"$tmp/body")" \
	'error invalid_request_error'
is 'error: Content-Type' "$(header Content-Type)" application/json
is 'error: nothing there' "$(code /v1/nothing)" 404
is 'error: of the OpenAI API' "$(json 'j["error"]["code"]' <"$tmp/body")" \
	not_found
is 'error: upstream down' "$(code /v1/chat/completions -d "$(ask down)")" 502
is 'error: upstream down: JSON' "$(json 'j["error"]["code"]' <"$tmp/body")" \
	upstream_unreachable

# Bodies.
body_of() { # MIB
	python3 -c '
import sys
sys.stdout.write("{\"model\":\"size:m\",\"messages\":[{\"role\":\"user\",\"content\":\"")
for i in range(int(sys.argv[1])):
    sys.stdout.write("x" * (1 << 20))
sys.stdout.write("\"}]}")' "$1"
}
body_of 10 >"$tmp/10"
body_of 1 >"$tmp/1"
sent() { # FILE: what the upstream gets of it: "size:m" is there "m"
	echo $(($(wc -c <"$1") - 5))
}
is '10 MiB: 200' "$(code /v1/chat/completions -d "@$tmp/10")" 200
is '10 MiB: all of it' "$(json 'j["size"]' <"$tmp/body")" "$(sent "$tmp/10")"
is 'chunked body: 200' "$(code /v1/chat/completions -d "@$tmp/1" \
	-H 'Transfer-Encoding: chunked')" 200
is 'chunked body: all of it' "$(json 'j["size"]' <"$tmp/body")" \
	"$(sent "$tmp/1")"
body_of 65 >"$tmp/65"
is '65 MiB: 413' "$(code /v1/messages -d "@$tmp/65")" 413
ok '65 MiB: JSON' is_json
closed_to_pages '65 MiB, refused by whoever it was'
unless_limited large-file 'a file of 65 MiB streams through' &&
	is 'a file of 65 MiB streams through' "$(code /to/size/x \
		--data-binary "@$tmp/65" -H 'Content-Type: audio/x') $(
		json 'j["size"]' <"$tmp/body")" "200 $(wc -c <"$tmp/65")"
rm "$tmp/65" "$tmp/10"

# Credentials.
key=router-key-0123456789
settings "$fast,\"apiKey\":\"$key\""
is 'no key: 401' "$(code /v1/models)" 401
is 'x-api-key' "$(code /v1/models -H "x-api-key: $key")" 200
is 'Authorization' "$(code /v1/models -H "Authorization: Bearer $key")" 200
# The page's log-in, wherever its path begins.
is 'log-in' "$(code /page/login --data-urlencode "key=$key")" 200
crumb=$(sed -n 's/^Set-Cookie: \([^;]*\).*/\1/Ip' "$tmp/head" | tr -d '\r')
token="x-dario-token: $(json 'j["token"]' <"$tmp/body")"
is 'log-in: good with its token' \
	"$(code /accounts -H "Cookie: $crumb" -H "$token")" 200
is 'log-in: not without' "$(code /accounts -H "Cookie: $crumb")" 401
is 'log-out' "$(code /page/logout -d '' -H "Cookie: $crumb" -H "$token")" 200
is 'log-out: it is over' \
	"$(code /accounts -H "Cookie: $crumb" -H "$token")" 401
is 'wrong Authorization: 401' \
	"$(code /v1/models -H 'Authorization: Bearer x')" 401
is 'x-api-key twice: 400' \
	"$(code /v1/models -H "x-api-key: $key" -H 'x-api-key: x')" 400
case $(code /v1/models -H "Authorization: Bearer $key" \
	-H 'Authorization: Bearer x') in
400 | 401) pass 'Authorization twice: refused' ;;
*) fail 'Authorization twice: refused' "$(cat "$tmp/head")" ;;
esac
case $(code /v1/models -H 'x-api-key: x' -H "X_Api_Key: $key") in
400 | 401) pass 'a second name for x-api-key: refused' ;;
*) fail 'a second name for x-api-key: refused' "$(cat "$tmp/head")" ;;
esac
settings "$fast"
is 'a field Proxy has no effect' "$(code /v1/chat/completions \
	-d "@$tmp/1" -H 'Proxy: http://127.0.0.1:1')" 200

# The upstream sends an event when the client has seen the one before.
is 'pace: the stream ends well' "$(rc_of pace)" 0
ok 'pace: each event by itself' whole pace
is 'HTTP/2: the stream ends well' "$(rc_of h2)" 0
is 'HTTP/2: it was that' "$(cat "$tmp/h2.err")" 2
ok 'HTTP/2: each event by itself' whole h2

# Silence: bytes come before the first event, and between two.
comments() { test "$(grep -c "$1" "$tmp/$2.out")" -ge 3; }
ok 'silence before the answer: keep-alive bytes' \
	wait_for comments '[0-9] :' keepalive
ok 'silence inside the answer: keep-alive bytes' \
	wait_for comments '[0-9] :' ping

# The client leaves: while keep-alive bytes are all there is, inside an answer
# that is silent, inside one that flows, and before anything was sent.
kill "$keepalive"
ok 'client gone before the answer: the upstream is left' \
	wait_for over mute
kill "$ping"
ok 'client gone in a silence: the upstream is left' wait_for over begun
stream flow abort
wait_for begun abort
kill "$client"
ok 'client gone in mid-stream: the upstream is left' wait_for over flow
site_was=$url
url=http://127.0.0.1:$h2_port$prefix
stream begun h2-gone --http2-prior-knowledge
url=$site_was
wait_for begun h2-gone
kill "$client"
ok 'HTTP/2: client gone in a silence: the upstream is left' \
	wait_for over begun
# Nothing is written to a client before keep-alive bytes are due (in an answer
# after 10 s, before it after 60 s): it is the kernel that says who has gone.
before() { # SECONDS COMMAND...: it comes true, and no later
	limit=$(($(date +%s) + $1))
	shift
	wait_for "$@" && test "$(date +%s)" -lt "$limit"
}
settings "$slow"
unless_limited gone-at-once 'client gone in a silence: at once' && {
	stream begun at-once
	wait_for begun at-once
	kill "$client"
	ok 'client gone in a silence: at once' before 9 over begun
}
unless_limited gone-silent 'client gone before any byte: the upstream is left' && {
	stream mute early
	wait_for runs mute
	kill "$client"
	ok 'client gone before any byte: the upstream is left' \
		before 50 over mute
}

# Many streams at once: none begins before the last has come. Fewer, where each
# is a process, which the server starts at its own pace.
case $server in
apache-fcgid | *-cgi) many=20 ;;
*) many=100 ;;
esac
ask step all-$many >"$tmp/all.json"
mkdir "$tmp/all"
is "$many streams at once: all 200" "$(curl -sN --parallel --parallel-immediate \
	--parallel-max $many -d "@$tmp/all.json" -o "$tmp/all/#1" \
	-w '%{http_code}\n' "$url/v1/chat/completions?n=[1-$many]" 2>"$tmp/all.err" |
	sort | uniq -c | tr -s ' ')" " $many 200"
stream step all-1 -o "$tmp/one"
rc_of all-1 >/dev/null
without_comments() { # FILES
	sed '/^:/,/^$/d' "$@"
}
is "$many streams at once: each is whole" "$(without_comments "$tmp"/all/* |
	cksum)" "$(for i in $(seq $many); do without_comments "$tmp/one"; done |
	cksum)"
ok "$many streams at once: to their end" grep -q DONE "$tmp/one"

settings "$fast"

# The web server is reloaded while a stream runs.
serves() { test "$(code /v1/models)" = 200; }
stream pace reload
wait_for begun reload
reload_server
rc=$(rc_of reload)
if [ "$rc" = 0 ]; then
	ok 'reload in mid-stream: whole, or the client sees an error' \
		whole reload
else
	pass 'reload in mid-stream: whole, or the client sees an error'
fi
unless_limited reload-whole 'reload in mid-stream: the stream is finished' &&
	is 'reload in mid-stream: the stream is finished' "$rc" 0
ok 'reload: the next request works' wait_for serves

# The worker is killed while a stream runs.
stream begun crash
wait_for begun crash
kill -KILL $(worker_pids)
rc=$(rc_of crash)
unless_limited crash 'worker killed: the client sees an error' &&
	ok 'worker killed: the client sees an error' test "${rc:-0}" -ne 0
code /v1/models >"$tmp/status"
ok 'worker killed: JSON from a new one, or an error' is_json
closed_to_pages 'worker killed'
[ -z "${worker-}" ] || {
	like 'worker killed: it says where to look' "$(cat "$tmp/body")" \
		'journalctl -u dario.service and the error log of'
	start_worker # as systemd would
}
ok 'worker killed: the next request works' wait_for serves

no_zombies() { test -z "$(zombies)"; }
# mod_fcgid looks after its dead every few seconds.
ok 'no process is left behind' wait_for no_zombies

# What a server has started may still write when it has gone itself.
left=$(descendants "$server_pid")
none_left() { ! kill -0 $left; }
stop_children
[ -z "$left" ] || {
	kill $left 2>/dev/null
	wait_for none_left
}
done_testing
