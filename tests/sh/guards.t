#!/bin/sh
# SPDX-License-Identifier: MIT
# Who is let in: key, Host, Origin, repeated fields; and what is refused how.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'
start_router --demo

post /v1/chat/completions "$chat" >/dev/null
is 'no key set: open' "$(status)" 200

post /v1/chat/completions "$chat" -H 'Host: evil.example' >/dev/null
is 'foreign Host: 403' "$(status)" 403
for host in localhost "LOCALHOST:$port" 127.0.0.1 127.8.9.10:80 '[::1]:99' \
	dario.localhost '[0:0:0:0:0:0:0:1]:80'; do
	post /v1/chat/completions "$chat" -H "Host: $host" >/dev/null
	is "Host $host: in" "$(status)" 200
done
for host in localhost.evil.example 127.0.0.1.evil.example 127.evil 1127.0.0.1 \
	0.0.0.0 '[::ffff:127.0.0.1]'; do
	post /v1/chat/completions "$chat" -H "Host: $host" >/dev/null
	is "Host $host: 403" "$(status)" 403
done
# lighttpd takes some of these for no host at all.
for host in 127.1 0x7f.1 2130706433 localhost:1@evil localhost:80x localhost:65536 '[::1' '[::1]x' \
	localhost,evil 'localhost evil'; do
	post /v1/chat/completions "$chat" -H "Host: $host" >/dev/null
	case $(status) in
	400 | 403) pass "Host $host: refused" ;;
	*) fail "Host $host: refused" "$(status)" ;;
	esac
done

post /v1/chat/completions "$chat" -H 'Origin: https://evil.example' >/dev/null
is 'foreign Origin: 403' "$(status)" 403
is 'foreign Origin: not let in by CORS' \
	"$(header Access-Control-Allow-Origin)" ''
post /v1/chat/completions "$chat" -H 'Origin: null' >/dev/null
is 'Origin null: 403' "$(status)" 403
post /v1/chat/completions "$chat" -H 'Origin: http://localhost:5173' >/dev/null
is 'Origin on loopback: in' "$(status)" 200
is 'Origin on loopback: CORS names it' \
	"$(header Access-Control-Allow-Origin)" http://localhost:5173

# Only what a browser writes for a page on this machine is one.
for origin in http://localhost https://localhost:8443 http://127.0.0.1:5173 \
	http://127.9.9.9 'http://[::1]:5173' http://app.localhost:3000 \
	http://LOCALHOST; do
	post /v1/chat/completions "$chat" -H "Origin: $origin" >/dev/null
	is "Origin $origin: in" \
		"$(status) $(header Access-Control-Allow-Origin)" "200 $origin"
done
for origin in http://localhost:1@evil http://localhost@evil http://u@localhost \
	javascript://localhost file://localhost ftp://localhost \
	chrome-extension://localhost http://localhost.evil http://localhost. \
	http://.localhost http://localhost: http://localhost:80x \
	http://localhost:0 http://localhost:65536 http://localhost/ \
	http://localhost/x 'http://localhost?x' 'http://localhost#x' \
	'http://[::1' 'http://[::1]x' 'http://[::1]80' http://::1 \
	http://127.0.0.1. http://127.0.0.1.evil http://127.1 http://0x7f.1 \
	http://0x7f000001 http://2130706433 http://127.0.0.01 http://0.0.0.0 \
	'http://localhost http://evil' http://localhost,http://evil \
	http:localhost //localhost localhost null '*' 'x://localhost' \
	'http://localhost\evil' 'http://localhost%2eevil'; do
	post /v1/chat/completions "$chat" -H "Origin: $origin" >/dev/null
	case $origin in *,*) want=400 ;; *) want=403 ;; esac # two origins
	is "Origin $origin: $want" \
		"$(status) $(header Access-Control-Allow-Origin)" "$want "
done

# What a browser says of the page that asks (Fetch Metadata). A page cannot set
# these fields, and a simple request of a foreign page has no Origin.
asked() { # SITE MODE DEST PATH [curl flags]: the status
	site=$1 mode=$2 dest=$3 path=$4
	shift 4
	curl -s -o "$tmp/body" -w '%{http_code}' -D "$tmp/head" \
		-H "Sec-Fetch-Site: $site" -H "Sec-Fetch-Mode: $mode" \
		-H "Sec-Fetch-Dest: $dest" "$@" "$url$path"
}
for site in cross-site same-site Cross-Site other 'none, cross-site'; do
	is "$site: a simple POST" "$(asked "$site" no-cors empty /v1/chat/completions \
		-H 'Content-Type: text/plain' -d "$chat")" 403
	is "$site: an image" "$(asked "$site" no-cors image /v1/models)" 403
	is "$site: a script" "$(asked "$site" no-cors script /)" 403
	is "$site: a frame" "$(asked "$site" navigate iframe /)" 403
	is "$site: an object" "$(asked "$site" navigate object /callback)" 403
	is "$site: a form" "$(asked "$site" navigate document /v1/messages -d "$chat")" 403
	is "$site: a form that goes to the page" \
		"$(asked "$site" navigate document / -d "$chat")" 403
	is "$site: a form without a body" \
		"$(asked "$site" navigate document /callback -d '')" 403
	is "$site: HEAD" "$(asked "$site" navigate document / -I)" 403
	is "$site: a link to something else" \
		"$(asked "$site" navigate document /v1/models)" 403
	is "$site: the open path" "$(asked "$site" no-cors empty /health)" 403
	is "$site: OPTIONS" "$(asked "$site" no-cors empty /v1/models -X OPTIONS)" 403
	is "$site: a link to the page" "$(asked "$site" navigate document /)" 200
	is "$site: a log-in comes back" \
		"$(asked "$site" navigate document '/callback?state=x&code=y')" 400
	like "$site: to its page" "$(cat "$tmp/body")" 'Unknown log-in'
	is "$site: an origin that may" "$(asked "$site" cors empty /v1/models \
		-H 'Origin: http://localhost:5173')" 200
	is "$site: one that may not" "$(asked "$site" cors empty /v1/models \
		-H 'Origin: https://evil.example')" 403
done
like 'cross-site: says what to set' "$(asked cross-site no-cors image /v1/models
	cat "$tmp/body")" DARIO_CORS_ORIGIN
for site in same-origin none; do
	is "$site: in" "$(asked $site cors empty /v1/models)" 200
	is "$site: any path" "$(asked $site navigate document /health)" 200
done
is 'no Sec-Fetch-Site, as from an SDK: in' "$(curl -s -o /dev/null \
	-w '%{http_code}' -H 'Sec-Fetch-Mode: cors' "$url/v1/models")" 200
# What the web server refuses by itself is JSON for both kinds of client.
python3 - "$port" >"$tmp/refused" <<'END'
import json, socket, sys
for name, request in [
    ("HTTP/3.0", "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"),
    ("no HTTP/1.1", "GET / HTTP/9.9\r\n\r\n"),
    ("a method", "FOO / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("a length", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"),
    ("no length", "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("much", "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
    ("a coding", "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: x\r\n\r\n"),
    ("a control character", "GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("fields", "GET / HTTP/1.1\r\nHost: localhost\r\nx: " + "y" * 99999 + "\r\n\r\n"),
]:
    data = b""
    with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 90) as s:
        s.sendall(request.encode())
        s.shutdown(socket.SHUT_WR)
        while True:
            try:
                more = s.recv(65536)
            except ConnectionError:
                break
            if not more:
                break
            data += more
    head, _, body = data.partition(b"\r\n\r\n")
    try:
        o = json.loads(body)
        good = o["type"] == "error" and o["error"]["message"] and o["error"]["code"]
    except ValueError:
        good = False
    print("PASS" if good else "FAIL", name, head[:40], body[:60])
END
is 'refused by the web server: JSON' "$(grep -v ^PASS "$tmp/refused")" ''
is 'refused by the web server: all asked' "$(wc -l <"$tmp/refused")" 10

# Paths and methods, in the caller's dialect.
for path in /v1/chat/completions /chat/completions /v1/v1/chat/completions; do
	post $path "$chat" >/dev/null
	is "$path is served" "$(status)" 200
done
post /v1/nothing '{}' >/dev/null
is 'unknown path: 404' "$(status)" 404
is 'unknown path: OpenAI error' \
	"$(json 'j["error"]["code"]' <"$tmp/body")" not_found
post /v1/nothing '{}' -H 'anthropic-version: 2023-06-01' >/dev/null
is 'unknown path: Anthropic error for its clients' \
	"$(json 'j["type"] + j["error"]["type"]' <"$tmp/body")" \
	errornot_found_error
ok 'Anthropic error: request_id is the header request-id' \
	test "$(json 'j["request_id"]' <"$tmp/body")" = "$(header request-id)"
for path in /v1/../v1/messages/ //etc/passwd /v1/messages/x '/%2e%2e/x'; do
	post "$path" '{}' --path-as-is >/dev/null
	is "$path: 404" "$(status)" 404
done
post /v1/messages '' -X GET >/dev/null
is 'wrong method: 405' "$(status)" 405
is 'wrong method: Allow' "$(header Allow)" POST
post /v1/messages '{}' -X PUT >/dev/null
is 'PUT: 405' "$(status)" 405
is 'HEAD /: 200' "$(curl -sI -o /dev/null -w '%{http_code}' "$url/")" 200
curl -s -X OPTIONS -D "$tmp/head" -H 'Origin: http://localhost:1' \
	-H 'Access-Control-Request-Method: POST' "$url/v1/messages"
like 'preflight: 204' "$(head -1 "$tmp/head")" 204
like 'preflight: key headers are allowed' \
	"$(header Access-Control-Allow-Headers)" x-api-key
curl -s -X OPTIONS -D "$tmp/head" -H 'Origin: http://localhost:1' \
	-H 'Access-Control-Request-Method: POST' \
	-H 'Access-Control-Request-Headers: x-api-key,x-stainless-os' \
	"$url/v1/messages"
is "preflight: a library's own fields are allowed" \
	"$(header Access-Control-Allow-Headers)" x-api-key,x-stainless-os
curl -s -o "$tmp/body" -w '%{http_code}' -D "$tmp/head" \
	-H 'Connection: Upgrade' -H 'Upgrade: websocket' \
	-H 'Sec-WebSocket-Key: x' -H 'Sec-WebSocket-Version: 13' \
	"$url/v1/responses" >"$tmp/status"
is 'WebSocket: 426' "$(status)" 426
for path in /v1/responses /v1/realtime '/v1/realtime?model=x'; do
	is "WebSocket with capitals, $path: 426" "$(curl -s -o "$tmp/body" -w '%{http_code}' \
		-H 'Connection: Upgrade' -H 'Upgrade: WebSocket' "$url$path")" 426
done

# Every answer is closed to pages of other origins: the worker's, and those that
# lighttpd gives by itself.
seen() { # NAME STATUS [curl flags] PATH
	name=$1 want=$2
	shift 2
	is "$name: $want" "$(curl -s -o "$tmp/body" -D "$tmp/head" \
		-w '%{http_code}' "$@")" "$want"
	closed_to_pages "$name"
}
seen 'an answer' 200 -d "$chat" "$url/v1/chat/completions"
seen 'a stream' 200 -d "{\"stream\":true,${chat#?}" "$url/v1/chat/completions"
seen 'a list' 200 "$url/v1/models"
seen 'HEAD' 200 -I "$url/"
seen 'the page' 200 -H 'Accept: text/html' "$url/"
like 'the page: in no frame' "$(header Content-Security-Policy)" \
	"frame-ancestors 'none'"
seen 'the end of a log-in' 400 "$url/callback"
seen 'a refused origin' 403 -H 'Origin: https://evil.example' "$url/v1/models"
seen 'OPTIONS' 204 -X OPTIONS -H 'Origin: http://localhost:1' "$url/v1/models"
seen 'an origin that may: with CORS' 200 -H 'Origin: http://localhost:1' \
	"$url/v1/models"
seen 'nothing there' 404 "$url/v1/nothing"
seen 'lighttpd: a header that is too large' 431 \
	-H "x-big: $(head -c 40000 /dev/zero | tr '\0' x)" "$url/v1/models"
seen 'lighttpd: no such Host' 400 -H 'Host: a b' "$url/v1/models"
seen 'lighttpd: no length' 411 -X POST "$url/v1/messages"
seen 'lighttpd: a body that is too large' 413 -H 'Content-Length: 99999999999' \
	-d x "$url/v1/messages"
seen 'lighttpd: no such method' 501 -X NONSENSE "$url/v1/messages"

seen 'lighttpd: nothing is at the path of its own' 404 "$url/.lighttpd-error"
seen 'the worker: HEAD of nothing' 404 -I "$url/v1/nothing"
is 'the worker: it was that' "$(header x-dario-request-id | cut -c 1-4)" req_

# Bodies.
post /v1/messages '{"model":"demo"' >/dev/null
is 'bad JSON: 400' "$(status)" 400
like 'bad JSON: the byte is named' "$(cat "$tmp/body")" 'at byte 15'
post /v1/messages '' >/dev/null
like 'empty body: said so' "$(cat "$tmp/body")" 'body is empty'
post /v1/responses '{"input":"x"}' >/dev/null
is 'no model: param' "$(json 'j["error"]["param"]' <"$tmp/body")" model
printf 'of no coding that we know' >"$tmp/gz"
post /v1/chat/completions "@$tmp/gz" -H 'Content-Encoding: br' \
	--data-binary "@$tmp/gz" >/dev/null
is 'br: 415' "$(status)" 415
like 'br: says what to send' "$(cat "$tmp/body")" uncompressed
post /v1/chat/completions "$chat" -H 'Content-Encoding: identity' >/dev/null
is 'identity: 200' "$(status)" 200
post /v1/chat/completions "$chat" -H 'Transfer-Encoding: chunked' >/dev/null
is 'chunked body: 200' "$(status)" 200
python3 - "$tmp/10" "$tmp/65" <<'EOF'
import sys
for path, mib in ((sys.argv[1], 10), (sys.argv[2], 65)):
    with open(path, "w") as f:
        f.write('{"model":"demo","messages":[{"role":"user","content":"')
        f.write("x" * (mib << 20))
        f.write('"}]}')
EOF
post /v1/chat/completions "@$tmp/10" >/dev/null
is '10 MiB: 200' "$(status)" 200
post /v1/messages "@$tmp/65" >/dev/null
is '65 MiB: 413' "$(status)" 413
like '65 MiB: whose limit it is' "$(cat "$tmp/body")" 'larger than 64 MiB'
is '65 MiB: JSON' "$(json 'j["error"]["type"]' <"$tmp/body")" \
	request_too_large
post /v1/messages "@$tmp/65" -H 'Transfer-Encoding: chunked' >/dev/null
is '65 MiB chunked: 413' "$(status)" 413
like '65 MiB chunked: whose limit it is' "$(cat "$tmp/body")" '16 MiB where there is no Content-Length'
post /v1/messages "$chat" -H "x-big: $(head -c 40000 /dev/zero | tr '\0' x)" \
	>/dev/null
is 'header of 40 KB: 431' "$(status)" 431
is 'header of 40 KB: JSON' "$(json 'j["error"]["code"]' <"$tmp/body")" \
	header_too_large
post /v1/chat/completions "$chat" -H 'Proxy: http://127.0.0.1:1' >/dev/null
is 'a Proxy field has no effect' "$(status)" 200
# One whose worker is gone answers by itself.
curl -s "$url/v1/models" >/dev/null
kill -STOP "$(lighttpd_pid)"
kill -KILL "$(worker_pid)"
mv "$DARIO_HOME/run/$port" "$tmp/moved"
kill -CONT "$(lighttpd_pid)"
seen 'lighttpd: no worker' 503 "$url/v1/models"
mv "$tmp/moved" "$DARIO_HOME/run/$port"
stop_router

# With a key.
export DARIO_API_KEY=router-key-0123456789 DARIO_CORS_ORIGIN=https://app.example
export DARIO_ALLOWED_HOSTS='my.box,other fd00::5, [fd00::6] *.wild.example'
start_router --demo --prefix=/llm
post /llm/v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" >/dev/null
is 'below a prefix, too' "$(status)" 200
post /llmx/v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" >/dev/null
is 'not below another one' "$(status)" 404
post /v1/chat/completions "$chat" >/dev/null
is 'no key: 401' "$(status)" 401
is 'no key: clients shall not retry' "$(header x-should-retry)" false
post /v1/messages "$chat" -H 'x-api-key: wrong' >/dev/null
is 'wrong key: 401' "$(status)" 401
is 'wrong key: Anthropic type' "$(json 'j["error"]["type"]' <"$tmp/body")" \
	authentication_error
unlike 'wrong key: not repeated' "$(cat "$tmp/body" "$tmp/head")" \
	router-key-0123456789
for field in "x-api-key: $DARIO_API_KEY" \
	"Authorization: Bearer $DARIO_API_KEY" \
	"authorization: bearer $DARIO_API_KEY"; do
	post /v1/chat/completions "$chat" -H "$field" >/dev/null
	is "${field%%:*}: in" "$(status)" 200
done
post /v1/chat/completions "$chat" -H 'x-api-key: wrong' \
	-H "Authorization: Bearer $DARIO_API_KEY" >/dev/null
is 'one of two different fields is right: in' "$(status)" 200
for host in '[FD00::5]:3456' '[fd00::5]' '[fd00::6]:80' '[fd00::7]' \
	other a.wild.example:3456 A.B.WILD.example a.wild.example.evil:7 7wild.example \
	wild.example:7; do
	post /v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" \
		-H "Host: $host" >/dev/null
	case $host in *7*) want=403 ;; *) want=200 ;; esac
	is "Host $host: $want" "$(status)" $want
done
for pair in "x-api-key: $DARIO_API_KEY|x-api-key: x" \
	"x-api-key: x|X_Api_Key: $DARIO_API_KEY" \
	"Authorization: Bearer $DARIO_API_KEY|Authorization: Bearer x"; do
	post /v1/chat/completions "$chat" -H "${pair%%|*}" -H "${pair#*|}" \
		>/dev/null
	is "repeated: ${pair#*|}" "$(status)" 400
done
is 'health is open' "$(curl -s "$url/health")" '{"status":"ok"}'
like 'health: details with the key' \
	"$(curl -s -H "x-api-key: $DARIO_API_KEY" "$url/health")" '"backends"'
# A body without a length is asked for before it comes: as any other one.
chunked() { # PATH BODY [curl flags]: its status
	chunked_path=$1
	printf '%s' "$2" >"$tmp/chunked"
	shift 2
	curl -s -o "$tmp/body" -w '%{http_code}' -T - -X POST \
		-H 'Transfer-Encoding: chunked' "$@" "$url$chunked_path" \
		<"$tmp/chunked"
}
form='Content-Type: application/x-www-form-urlencoded'
for place in /oauth/token /llm/oauth/token; do
	is "no length, no key, $place: it is open" \
		"$(chunked $place grant_type=nothing -H "$form") $(json 'j["error"]' <"$tmp/body")" \
		'400 unsupported_grant_type'
done
is 'no length, no key: the log-in' \
	"$(chunked /page/login "key=$DARIO_API_KEY" -H "$form" -H "Origin: $url")" \
	"$(curl -s -o /dev/null -w '%{http_code}' -H "Origin: $url" -d "key=$DARIO_API_KEY" "$url/page/login")"
is 'no length, no key: but nothing large' \
	"$(chunked /oauth/token "$(head -c 100000 /dev/zero | tr '\0' x)" -H "$form")" 413
is 'no length, no key, not open' "$(chunked /v1/chat/completions "$chat")" 401
is 'no length, no key, what only ends so' \
	"$(chunked '/v1/files/oauth/token' "$chat")" 401
is 'no length, with the key' \
	"$(chunked /v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY")" 200
is 'unknown path needs the key too' \
	"$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/nothing")" 401
is 'the demo needs the key too' \
	"$(curl -s -o /dev/null -w '%{http_code}' -d "$chat" \
		"$url/demo/v1/chat/completions")" 401
post /v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" \
	-H 'Host: my.box:99' -H 'Origin: https://app.example' >/dev/null
is 'configured Host and Origin: in' "$(status)" 200
is 'configured Origin: CORS' "$(header Access-Control-Allow-Origin)" \
	https://app.example
stop_router

# Several origins, in any form that a browser's may match; and what could match
# none is refused before anything is served.
DARIO_CORS_ORIGIN='https://app.example:443, http://B.example:8080' start_router --demo
for origin in https://app.example http://b.example:8080; do
	post /v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" \
		-H "Origin: $origin" >/dev/null
	is "one of several origins: $origin" \
		"$(status) $(header Access-Control-Allow-Origin)" "200 $origin"
done
for origin in http://app.example https://app.example:444 http://b.example \
	https://a.app.example null; do
	post /v1/chat/completions "$chat" -H "x-api-key: $DARIO_API_KEY" \
		-H "Origin: $origin" >/dev/null
	is "none of several origins: $origin" "$(status)" 403
done
for origin in null '*' https://app.example/ app.example; do
	out=$(DARIO_CORS_ORIGIN=$origin "$dario" proxy --check 2>&1)
	is "DARIO_CORS_ORIGIN=$origin: exit 1" "$?" 1
	like "DARIO_CORS_ORIGIN=$origin: says what to write" "$out" \
		'DARIO_CORS_ORIGIN: '
	like "DARIO_CORS_ORIGIN=$origin: as in" "$out" https://app.example
done
unlike 'the key is not in the log' "$(cat "$tmp/log")" router-key-0123456789
done_testing
