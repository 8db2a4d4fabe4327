#!/bin/sh
# SPDX-License-Identifier: MIT
# One answer from several calls: nothing twice, nothing mixed, nothing old.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b"]}'
account() {
	printf 'sk-ant-api03-%s\n' "$1" | "$dario" accounts add "$1" --key-stdin 2>/dev/null
}
export DARIO_KEEPALIVE_MS=300 DARIO_QUEUE_MS=0
account a
account b
start_router
ask='{"model":"claude-x","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
head='HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n'

# A client never has a part of an event: the next one goes on from there.
rule "{\"forget\":true,\"answers\":{\"sk-ant-api03-a\":[{\"raw\":[\"${head}event: message_start\\ndata: {\\\"type\\\":\\\"message_start\\\",\\\"pad\\\":\\\"\",300000]}]}}"
post /v1/messages "$ask" >"$tmp/answer"
is 'a torn first event: another account' "$(seen '" ".join(r["credential"][-1] for r in j["requests"])')" 'a b'
unlike 'a torn first event: nothing of it' "$(cat "$tmp/answer")" '"pad"'
like 'a torn first event: whole' "$(tail -c 300 "$tmp/answer")" message_stop
# Nor later: what has come of a large one is not seen.
rule "$(
	python3 - <<-'END'
	import json
	head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\nContent-Length: 9999999\r\n\r\n"
	events = [{"type": "message_start"},
	          {"type": "content_block_delta", "delta": {"text": "a"}}]
	text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
	step = {"raw": [head + text + 'event: x\ndata: {"pad":"', 300000]}
	print(json.dumps({"forget": True, "answers": {"sk-ant-api03-a": [step], "sk-ant-api03-b": [step]}}))
	END
)"
post /v1/messages "$ask" >"$tmp/answer"
is 'a torn later event: nothing is sent again' "$(seen 'len(j["requests"])')" 1
unlike 'a torn later event: nothing of it' "$(cat "$tmp/answer")" '"pad"'
like 'a torn later event: an error' "$(tail -c 300 "$tmp/answer")" 'event: error'

# Keep-alive bytes between two calls come behind a proper head.
rule '{"forget":true,"answers":{"sk-ant-api03-a":[{"error_at":0}],"sk-ant-api03-b":[{"error_at":0},{"pause_at":0,"pause":1}]}}'
post /v1/messages "$ask" >"$tmp/answer"
like 'overloaded twice: served in the end' "$(cat "$tmp/answer")" message_stop
like 'overloaded twice: a stream by its head' "$(header Content-Type)" text/event-stream

# An old answer does not overwrite what has been learnt since.
"$dario" accounts remove b
forget_state
reset=$(($(date +%s) + 600))
fields() { echo "\"anthropic-ratelimit-unified-5h-utilization\":\"$1\",\"anthropic-ratelimit-unified-5h-reset\":\"$reset\",\"anthropic-ratelimit-unified-status\":\"$2\""; }
rule "{\"answers\":{\"sk-ant-api03-a\":[{\"headers\":{$(fields 0.1 allowed)},\"pause_at\":3,\"pause\":3},{\"status\":429,\"headers\":{$(fields 1.0 rejected)}}]}}"
curl -sN -o "$tmp/long" -d "$ask" "$url/v1/messages" &
long=$!
wait_for grep -q content_block_start "$tmp/long"
message claude-x >/dev/null
is 'meanwhile: the window is used up' "$(status)" 429
wait $long
like 'the long answer came' "$(cat "$tmp/long")" message_stop
is 'and what it knew was old' "$("$dario" accounts list --json | json 'j["accounts"][0]["cause"]')" window

# Whoever waits for Opus is not in the way of Sonnet.
stop_router
DARIO_QUEUE_MS=300000
start_router
forget_state
put_state limits-a.json "{\"updatedAt\":$(now_ms),\"7d_opus\":{\"used\":1.0,\"reset\":$(($(now_ms) + 250000))}}"
curl -s -o "$tmp/opus" -d '{"model":"claude-opus-9","max_tokens":9,"messages":[{"role":"user","content":"x"}]}' "$url/v1/messages" &
opus=$!
queued() { curl -s "$url/accounts" | grep -q '"queued":1'; }
ok 'Opus waits in line' wait_for queued
message claude-sonnet-9 >/dev/null
is 'Sonnet does not' "$(status)" 200
ok 'Opus still does' queued
"$dario" accounts resume a
wait $opus
like 'and is served in the end' "$(cat "$tmp/opus")" 'Hello from'

# Counting is no stream, whatever the body says.
"$dario" backend add chat --base-url="$provider/b/chat/v1" 2>/dev/null
"$dario" backend add anth --base-url="$provider/b/anth/v1" --protocol=anthropic 2>/dev/null
"$dario" route add m anth --fallback=chat
rule '{"faults":{"anth":[{"delay":1,"status":500}]}}'
post /v1/messages/count_tokens '{"model":"m","stream":true,"messages":[{"role":"user","content":"hello there"}]}' >"$tmp/answer"
is 'a count is a count' "$(status) $(json 'j["input_tokens"] > 0' <"$tmp/answer")" '200 True'

# A provider that repeats the key in an error gets it masked, in streams too.
printf 'sk-planted-0123456789\n' >"$tmp/key"
for api in openai anthropic; do
	"$dario" backend add echo --base-url="$provider/b/echo/v1" --protocol=$api --key-file="$tmp/key" 2>/dev/null
	rule '{"faults":{"echo":[{"raw":["HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\nevent: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"bad key sk-planted-0123456789\"}}\n\n"]}]}}'
	post /v1/messages '{"model":"echo:m","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >"$tmp/answer"
	like "$api: the error comes" "$(cat "$tmp/answer")" 'bad key'
	unlike "$api: without the key" "$(cat "$tmp/answer")" planted
done

# A client that leaves is seen while a token is being refreshed.
"$dario" accounts remove a
subscription credentials.json sk-ant-oat01-slow sk-ant-ort01-slow -1000
rule '{"refresh_hold":true,"faults":{"anth":[{"delay":0}]}}'
curl -s -o /dev/null -d '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"x"}]}' "$url/v1/messages" &
slow=$!
asking() { pgrep -f -- '--refresh=credentials.json' >"$tmp/asking"; }
ok 'a refresh runs' wait_for asking
sockets() { ls -l "/proc/$1/fd" | grep -o 'socket:.*' | sort; }
sockets "$(head -n 1 "$tmp/asking")" >"$tmp/its"
sockets "$(worker_pid)" >"$tmp/ours"
is 'it holds no connection of the worker' "$(comm -12 "$tmp/its" "$tmp/ours")" ''
rule '{"refresh_hold":false}'
wait $slow
done_testing
