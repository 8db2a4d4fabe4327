#!/bin/sh
# SPDX-License-Identifier: MIT
# One failure, one decision: whoever is asked next, what the breaker counts and
# what the client gets follow from what the upstream itself said.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
export DARIO_KEEPALIVE_MS=200 DARIO_BREAKER_FAILURES=50 DARIO_QUEUE_MS=0
for a in a b c; do
	printf 'sk-ant-api03-%s\n' $a | "$dario" accounts add $a --key-stdin 2>/dev/null
done
for api in openai anthropic responses; do
	"$dario" backend add $api-one --base-url="$provider/b/$api-one/v1" --protocol=$api 2>/dev/null
	"$dario" backend add $api-two --base-url="$provider/b/$api-two/v1" --protocol=$api 2>/dev/null
done
start_router

rules() { # JSON of a rule's further keys: API -> API-one, then API-two
	(umask 077 && python3 - "$1" >"$DARIO_HOME/routes.new" <<-'END'
	import json, sys
	more = json.loads("{" + sys.argv[1] + "}")
	print(json.dumps({"rules": [dict(
	    {"match": f"{a}", "target": f"{a}-one:m", "fallbacks": [f"{a}-two:m"]},
	    **more) for a in ("openai", "anthropic", "responses")]}))
	END
	)
	mv "$DARIO_HOME/routes.new" "$DARIO_HOME/routes.json"
}
# http STATUS TYPE BODY [SECONDS]: an answer as JSON text for "raw"
http() {
	python3 - "$@" <<-'END'
	import json, sys
	status, kind, body = sys.argv[1:4]
	wait = [{"wait": float(sys.argv[4])}] if len(sys.argv) > 4 else []
	head = (f"HTTP/1.1 {status} Word\r\nContent-Type: {kind}\r\n"
	        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
	print(json.dumps({"raw": wait + [head + body]}))
	END
}
stream() { # EVENTS: a stream that ends, as JSON text for "raw"
	python3 - "$1" <<-'END'
	import json, sys
	head = ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	        "Connection: close\r\n\r\n")
	print(json.dumps({"raw": [head + sys.argv[1]]}))
	END
}
faults() { # JSON: {"openai-one": [...]}
	rule "{\"forget\":true,\"faults\":$1}"
	rm -rf "$DARIO_HOME"/state/breaker-*
}
failures() { # BACKEND: as its breaker counts them
	cat "$DARIO_HOME/state/breaker-$1.json" 2>/dev/null | json 'j["failures"]' 2>/dev/null || echo 0
}
asked() {
	seen '" ".join(r["backend"] for r in j["requests"])'
}
ask() { # CLIENT MODEL STREAM: the answer's body
	case $1 in
	openai) post /v1/chat/completions "{\"model\":\"$2\",\"stream\":$3,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" ;;
	anthropic) post /v1/messages "{\"model\":\"$2\",\"max_tokens\":9,\"stream\":$3,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" ;;
	responses) post /v1/responses "{\"model\":\"$2\",\"stream\":$3,\"input\":\"hi\"}" ;;
	esac
}
page='<html><h1>413 Request Entity Too Large</h1></html>'

# The pool: an answer that no account would change goes to one account, however
# late it comes and whatever it is written in.
rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b","sk-ant-api03-c"]}'
for streamed in false true; do
	for status in 413 404 422; do
		step=$(http $status text/html "$page" 0.8)
		rule "{\"forget\":true,\"answers\":{\"sk-ant-api03-a\":[$step],\"sk-ant-api03-b\":[$step],\"sk-ant-api03-c\":[$step]}}"
		rm -rf "$DARIO_HOME"/state/limits-*
		ask anthropic claude-x $streamed >"$tmp/answer"
		is "pool, $status in HTML, stream $streamed: one account" "$(seen 'len(j["requests"])')" 1
	done
done
rule '{"forget":true,"answers":{}}'
ask openai claude-x true >"$tmp/answer" # and is served again
like 'pool: served again' "$(cat "$tmp/answer")" '[DONE]'

# A late refusal is no lost connection: not asked again, not counted.
rules '"on":["connect"],"retries":2'
for api in openai anthropic responses; do
	for client in openai anthropic responses; do
		step=$(http 400 text/html "$page" 0.8)
		faults "{\"$api-one\":[$step,$step,$step,$step]}"
		ask $client $api true >"$tmp/answer"
		is "$client to $api, a late 400: one call, no failure" "$(asked) $(failures $api-one)" "$api-one 0"
		like "$client to $api, a late 400: an error in the stream" "$(cat "$tmp/answer")" error
		[ $client = openai ] || like "$client to $api, a late 400: the event says so" "$(cat "$tmp/answer")" '"type":"error"'
		step=$(http 400 application/json '{"error":{"message":"it broke"}}' 0.8)
		faults "{\"$api-one\":[$step]}"
		ask $client $api true >"$tmp/answer"
		like "$client to $api, a late 400 in JSON" "$(cat "$tmp/answer")" 'it broke'
		[ $client = openai ] || like "$client to $api, a late 400 in JSON: the event says so" "$(cat "$tmp/answer")" '"type":"error"'
	done
done

# The upstream's own status decides, not that of the client's dialect.
rules '"on":["529"]'
for client in openai anthropic responses; do
	for api in openai anthropic responses; do
		for streamed in false true; do
			faults "{\"$api-one\":[{\"status\":503}]}"
			ask $client $api $streamed >"$tmp/answer"
			is "$client to $api, 503 is not 529, stream $streamed" "$(asked)" $api-one
			is "$client to $api, a 503 counts once, stream $streamed" "$(failures $api-one)" 1
		done
	done
done
faults '{"openai-one":[{"status":529}]}'
ask openai openai false >"$tmp/answer"
is '529 is 529' "$(asked)" 'openai-one openai-two'
rules '"on":["503"]'
faults '{"anthropic-one":[{"status":503}]}'
ask anthropic anthropic false >"$tmp/answer"
is '503 is 503' "$(asked)" 'anthropic-one anthropic-two'

# Before the first content another can be asked, whatever the beginning was.
rules ''
start='event: message_start
data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}

'
overloaded='event: error
data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}

'
block() { # CONTENT BLOCK
	printf 'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":%s}\n\nx' "$1"
}
for kind in '{"type":"text","text":""}' '{"type":"thinking","thinking":"","signature":""}' \
	'{"type":"tool_use","id":"t","name":"f","input":{}}'; do
	b=$(block "$kind")
	for client in anthropic openai responses; do
		faults "{\"anthropic-one\":[$(stream "$start${b%x}$overloaded")]}"
		ask $client anthropic true >"$tmp/answer"
		is "$client: an error behind an empty ${kind%%,*}" "$(asked)" 'anthropic-one anthropic-two'
		unlike "$client: nothing of it is seen (${kind%%,*})" "$(cat "$tmp/answer")" Overloaded
	done
done
role='data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]}

'
broken='data: {"error":{"message":"it broke","type":"server_error","code":500}}

'
call='data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t","type":"function","function":{"name":"f","arguments":""}}]},"finish_reason":null}]}

'
for client in openai anthropic responses; do
	for begin in "$role" "$role$call"; do
		faults "{\"openai-one\":[$(stream "$begin$broken")]}"
		ask $client openai true >"$tmp/answer"
		is "$client: an error before Chat's first content" "$(asked)" 'openai-one openai-two'
	done
done
created='event: response.created
data: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1","object":"response","status":"in_progress","model":"m","output":[]}}

event: response.output_item.added
data: {"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"in_progress","content":[]}}

event: response.content_part.added
data: {"type":"response.content_part.added","sequence_number":2,"item_id":"msg_1","output_index":0,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}}

'
failed='event: response.failed
data: {"type":"response.failed","sequence_number":3,"response":{"id":"resp_1","object":"response","status":"failed","model":"m","output":[],"error":{"code":"server_error","message":"it broke"}}}

'
for client in responses openai anthropic; do
	faults "{\"responses-one\":[$(stream "$created$failed")]}"
	ask $client responses true >"$tmp/answer"
	is "$client: a failed response before its first content" "$(asked)" 'responses-one responses-two'
done

# What is no answer of the API is none, even with 200.
for api in openai anthropic responses; do
	for client in openai anthropic responses; do
		for streamed in false true; do
			faults "{\"$api-one\":[$(http 200 text/html '<html>Welcome to the proxy</html>')]}"
			ask $client $api $streamed >"$tmp/answer"
			is "$client to $api, a page with 200, stream $streamed: the next one" "$(asked)" "$api-one $api-two"
		done
	done
	faults "{\"$api-one\":[$(http 200 application/json '{"error":{"message":"no capacity","type":"server_error","code":503}}')]}"
	ask $api $api false >"$tmp/answer"
	is "$api, an error with 200: the next one" "$(asked)" "$api-one $api-two"
done
faults "{\"openai-one\":[$(http 200 text/html '<html>hello</html>')],\"openai-two\":[$(http 200 text/html '<html>hello</html>')]}"
ask openai openai false >"$tmp/answer"
is 'a page alone: 502' "$(status)" 502
like 'a page alone: what it was' "$(cat "$tmp/answer")" text/html

# What has begun to come is paid: nobody else is asked for it.
for api in openai anthropic responses; do
	for client in openai anthropic responses; do
		faults "{\"$api-one\":[{\"raw\":[\"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: 500\\r\\n\\r\\n{\\\"id\\\":\\\"x\\\",\"]}]}"
		ask $client $api false >"$tmp/answer"
		is "$client to $api, a whole answer breaks off: asked once" "$(status) $(asked)" "502 $api-one"
	done
done
step='{"raw":["HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":"]}'
rule "{\"forget\":true,\"answers\":{\"sk-ant-api03-a\":[$step],\"sk-ant-api03-b\":[$step],\"sk-ant-api03-c\":[$step]}}"
rm -rf "$DARIO_HOME"/state/limits-* "$DARIO_HOME"/state/sticky
ask anthropic claude-x false >"$tmp/answer"
is 'pool, a whole answer breaks off: one account' "$(status) $(seen 'len(j["requests"])')" '502 1'

# More than is kept back before content: what is there goes out.
filler=$(python3 -c 'print("x" * 300000)')
big="event: response.created
data: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\",\"instructions\":\"$filler\"}}

event: response.completed
data: {\"type\":\"response.completed\",\"response\":{\"id\":\"resp_1\",\"status\":\"completed\",\"output\":[]}}

"
printf '%s' "$big" >"$tmp/big"
python3 - "$tmp/big" >"$tmp/fault" <<'END'
import json, sys
head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
print(json.dumps({"forget": True, "faults": {"responses-one": [{"raw": [head + open(sys.argv[1]).read()]}]}}))
END
curl -s -d "@$tmp/fault" "$provider/set" >/dev/null
ask responses responses true >"$tmp/answer"
ok 'a large beginning goes through' cmp -s "$tmp/big" "$tmp/answer"
is 'a large beginning: asked once' "$(asked)" responses-one

# A whole answer to a stream that has its head by then: paid, and not asked for
# again.
rules '"on":["connect"],"retries":2'
step=$(http 200 application/json '{"id":"x","choices":[],"content":[],"output":[]}' 0.8)
for api in openai anthropic responses; do
	faults "{\"$api-one\":[$step,$step,$step,$step]}"
	ask $api $api true >"$tmp/answer"
	is "$api, a whole answer comes late: asked once" "$(asked)" $api-one
done
rule "{\"forget\":true,\"answers\":{\"sk-ant-api03-a\":[$step],\"sk-ant-api03-b\":[$step],\"sk-ant-api03-c\":[$step]}}"
ask anthropic claude-x true >"$tmp/answer"
is 'pool, a whole answer comes late: one account' "$(seen 'len(j["requests"])')" 1

# The first event with content is torn.
for half in '{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi the'; do
	for client in openai anthropic responses; do
		step=$(stream "${role}data: $half")
		faults "{\"openai-one\":[$step,$step,$step,$step]}"
		ask $client openai true >"$tmp/answer"
		is "$client: content that is torn: asked once" "$(asked)" openai-one
	done
done
torn='event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hi the'
for client in anthropic openai responses; do
	step=$(stream "$start$torn")
	faults "{\"anthropic-one\":[$step,$step,$step,$step]}"
	ask $client anthropic true >"$tmp/answer"
	is "$client: a torn delta: asked once" "$(asked)" anthropic-one
done

# Errors in other shapes: as a string, behind the default event's name, as
# another kind of object.
rules ''
for shape in '{"error":"it broke"}' '{"object":"error","message":"it broke","code":500}' \
	'{"x_groq":{"error":"it broke"}}'; do
	for client in openai anthropic responses; do
		faults "{\"openai-one\":[$(stream "${role}data: $shape

")]}"
		ask $client openai true >"$tmp/answer"
		is "$client: $shape in a stream" "$(asked)" 'openai-one openai-two'
	done
done
faults "{\"anthropic-one\":[$(stream "${start}event: message
data: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"it broke\"}}

")]}"
ask anthropic anthropic true >"$tmp/answer"
is "an error behind the default event's name" "$(asked)" 'anthropic-one anthropic-two'

# Nobody takes over: all that the upstream said comes.
rules '"on":["connect"]'
said='event: error
data: {"type":"error","code":"server_error","message":"it broke","param":null,"sequence_number":3}

'
faults "{\"responses-one\":[$(stream "$created$said$failed")]}"
ask responses responses true >"$tmp/answer"
like 'an error before content that is given out: it comes' "$(cat "$tmp/answer")" '"sequence_number":3'
like 'an error before content that is given out: what follows comes' "$(cat "$tmp/answer")" response.failed

# A page is none, however large; nor is nothing.
rules ''
large=$(python3 -c 'print("<html>" + "x" * 1200000)')
printf '{"forget":true,"faults":{"openai-one":[{"raw":["HTTP/1.1 200 OK\\r\\nContent-Type: text/html\\r\\nConnection: close\\r\\n\\r\\n%s"]}]}}' "$large" >"$tmp/fault"
for streamed in false true; do
	curl -s -d "@$tmp/fault" "$provider/set" >/dev/null
	ask openai openai $streamed >"$tmp/answer"
	is "a large page, stream $streamed: the next one" "$(asked)" 'openai-one openai-two'
	faults "{\"openai-one\":[$(http 200 application/json '')]}"
	ask openai openai $streamed >"$tmp/answer"
	is "nothing with 200, stream $streamed: the next one" "$(asked)" 'openai-one openai-two'
done

# More than can be looked at whole is passed on all the same.
printf '{"forget":true,"faults":{"openai-one":[{"raw":["HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nConnection: close\\r\\nContent-Length: 68000024\\r\\n\\r\\n{\\"a\\":{\\"error\\":1},\\"b\\":\\"",68000000,"\\"}"]}]}}' >"$tmp/fault"
curl -s -d "@$tmp/fault" "$provider/set" >/dev/null
ask openai openai false >"$tmp/answer"
is 'a very large answer goes through' "$(status) $(wc -c <"$tmp/answer")" '200 68000024'

# What one target had no place for is not said of another.
faults '{"openai-one":[{"status":500}]}'
(umask 077 && echo '{"rules":[{"match":"mixed","target":"openai-one:m","fallbacks":["anthropic-two:m"]}]}' >"$DARIO_HOME/routes.json")
post /v1/messages '{"model":"mixed","max_tokens":9,"top_k":5,"messages":[{"role":"user","content":"hi"}]}' >"$tmp/answer"
is 'dropped by the first only' "$(status) $(header x-dario-backend) $(header x-dario-dropped)" '200 anthropic-two '
rules ''

# A client that leaves at the final event has been served.
faults "{\"openai-one\":[{\"status\":500}]}"
ask openai openai-one:m false >"$tmp/answer"
rule "$(python3 - <<-'END'
	import json
	head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
	chunk = json.dumps({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "one"}}]})
	print(json.dumps({"faults": {"openai-one": [{"raw": [head + f"data: {chunk}\n\ndata: [DONE]\n\n", {"wait": 0.15}]}]}}))
	END
)"
python3 - "$port" <<'END'
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
body = b'{"model":"openai-one:m","stream":true,"messages":[{"role":"user","content":"hi"}]}'
s.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
got = b""
while b"[DONE]" not in got:
    got += s.recv(65536)
s.close()
END
logged() { tail -n 1 "$tmp/log" | grep -q 'stream=1'; }
wait_for logged
unlike 'left at the end: no error' "$(tail -n 1 "$tmp/log")" error=
is 'left at the end: an answer to the breaker' "$(failures openai-one)" 0

# What is short here is nobody else's failure.
worker=$(worker_pid)
rules ''
faults '{}'
for spare in 0 1 2 3 4; do
	prlimit --pid "$worker" --nofile=$(($(ls "/proc/$worker/fd" | wc -l) + spare)):
	ask openai openai false >>"$tmp/short"
	header x-dario-fallback >>"$tmp/short"
done
prlimit --pid "$worker" --nofile=4096:
unlike 'few descriptors: no upstream is blamed' "$(cat "$tmp/short") ok" upstream_
unlike 'few descriptors: nobody else is asked for that' "$(cat "$tmp/short") ok" 'openai-one:'

# The breaker closes with an answer and counts a stream that broke.
rules ''
faults "{\"openai-one\":[{\"cut_at\":3}]}"
ask openai openai true >"$tmp/answer"
is 'a stream that broke in the middle counts' "$(failures openai-one)" 1
ask openai openai true >"$tmp/answer"
is 'an answer ends the count' "$(failures openai-one)" 0
faults '{"openai-one":[{"status":500},{"status":400}]}'
ask openai openai-one:m false >"$tmp/answer"
ask openai openai-one:m false >"$tmp/answer"
is 'so does a refusal' "$(failures openai-one)" 0
done_testing
