#!/bin/sh
# SPDX-License-Identifier: MIT
# What goes to a Claude account and what comes back; the SDKs and Claude Code.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 node npm
start_provider
subscription credentials.json sk-ant-oat01-one sk-ant-ort01-one 3600000
start_router
field() { # NAME: of the last request
	seen "j['requests'][-1]['headers'].get('$1')"
}

message claude-sonnet-9 -H 'anthropic-beta: a-1,b-2' -H 'anthropic-version: 2026-10-21' \
	-H 'User-Agent: some-client/1' -H 'x-stainless-lang: js' -H 'x-api-key: mine' >/dev/null
is 'version of the client' "$(field anthropic-version)" 2026-10-21
is 'betas of the client, and the one of the log-in' "$(field anthropic-beta)" 'a-1,b-2,oauth-2025-04-20'
is 'the log-in as Bearer, no other key' "$(field authorization) $(field x-api-key)" \
	'Bearer sk-ant-oat01-one None'
is 'dario names itself behind the client' "$(field user-agent)" "some-client/1 dario/$("$dario" --version | awk '{print $2}')"
is 'other fields go along' "$(field x-stainless-lang)" js
message claude-sonnet-9 -H 'anthropic-beta: oauth-2025-04-20' >/dev/null
is 'the beta is there once' "$(field anthropic-beta)" oauth-2025-04-20
is 'the usual version' "$(field anthropic-version)" 2023-06-01
post '/v1/messages?beta=true' '{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'the query goes along' "$(seen 'j["requests"][-1]["path"]')" '/v1/messages?beta=true'

# names of families
message opus >/dev/null
is 'opus: the newest of the live list' "$(header x-dario-model)" claude-opus-9-1
message sonnet1m >/dev/null
is 'sonnet1m: with the long context' "$(header x-dario-model) $(field anthropic-beta)" \
	'claude-sonnet-9 oauth-2025-04-20,context-1m-2025-08-07'
message haiku >/dev/null
like 'haiku: not in the live list, from the built-in one' "$(header x-dario-model)" claude-haiku-
message claude:opus >/dev/null
is 'claude: as a prefix' "$(header x-dario-model)" claude-opus-9-1
is 'the list was asked for once' "$(seen 'j["models"]')" 1
message some-other-model >/dev/null
is 'any other name goes there too' "$(status) $(header x-dario-backend)" '200 claude'
post /v1/messages/count_tokens '{"model":"sonnet","messages":[{"role":"user","content":"hi"}]}' >"$tmp/count"
is 'count_tokens' "$(cat "$tmp/count")" '{"input_tokens": 42}'

# an error before the answer, and inside it
rule '{"answers":{"sk-ant-oat01-one":[{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 9 tokens > 5 maximum"}}}]}}'
message claude-sonnet-9 >"$tmp/long"
is 'an error of the provider comes as it is' "$(status) $(cat "$tmp/long")" \
	'400 {"type": "error", "error": {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 5 maximum"}}'
ask='{"model":"claude-sonnet-9","max_tokens":50,"stream":true,"messages":[{"role":"user","content":"hi"}]}'
rule '{"answers":{"sk-ant-oat01-one":[{"error_at":0},{}]}}'
post /v1/messages "$ask" >"$tmp/stream"
like 'overloaded before any content: asked again' "$(cat "$tmp/stream")" message_stop
unlike 'overloaded before any content: nothing of it is seen' "$(cat "$tmp/stream")" Overloaded
rule '{"answers":{"sk-ant-oat01-one":[{"error_at":1},{"error_at":1}]}}'
post /v1/messages "$ask" >"$tmp/stream"
like 'overloaded twice: the error as it is' "$(cat "$tmp/stream")" '"message": "Overloaded"'
like 'overloaded twice: behind what came before' "$(cat "$tmp/stream")" 'event: message_start'
before=$(seen 'len(j["requests"])')
rule '{"answers":{"sk-ant-oat01-one":[{"cut_at":4}]}}'
post /v1/messages "$ask" >"$tmp/stream"
like 'cut after content: an error in the stream' "$(cat "$tmp/stream")" 'event: error'
is 'cut after content: nothing is sent twice' "$(seen 'len(j["requests"])')" $((before + 1))

# thinking that was signed elsewhere
rule '{"answers":{"sk-ant-oat01-one":[{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}}]}}'
post /v1/messages '{"model":"claude-sonnet-9","max_tokens":50,"thinking":{"type":"adaptive"},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"other"},{"type":"text","text":"yo"}]},{"role":"user","content":"go"}]}' >/dev/null
is 'a foreign signature: sent again without that thinking' \
	"$(status) $(seen 'j["requests"][-1]["body"]["messages"][1]["content"], j["requests"][-1]["body"]["thinking"]["type"]')" \
	"200 [{'type': 'text', 'text': 'yo'}] adaptive"

rule '{"answers":{"sk-ant-oat01-one":[{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}}}]}}'
post /v1/messages '{"model":"claude-sonnet-9","max_tokens":50,"thinking":{"type":"adaptive"},"context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"},{"type":"clear_tool_uses_20250919"}]},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"other"},{"type":"tool_use","id":"toolu_1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"1"}]}]}' >/dev/null
is 'a foreign signature before a call: without what needs thinking' \
	"$(status) $(seen '"thinking" in j["requests"][-1]["body"], [e["type"] for e in j["requests"][-1]["body"]["context_management"]["edits"]]')" \
	"200 False ['clear_tool_uses_20250919']"

# Only what was refused goes, one after the other; what is signed stays.
refusal() { # BLOCK of message 1
	printf '{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.%s: Invalid `signature` in `thinking` block"}}}' "$1"
}
thought() {
	printf '{"type":"thinking","thinking":"%s","signature":"S%s"}' "$1" "$1"
}
rule "{\"answers\":{\"sk-ant-oat01-one\":[$(refusal 1),$(refusal 2)]}}"
post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":50,\"thinking\":{\"type\":\"adaptive\"},\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":[$(thought 0),$(thought 1),$(thought 2),$(thought 3),{\"type\":\"text\",\"text\":\"yo\"}]},{\"role\":\"user\",\"content\":\"go\"}]}" >/dev/null
is 'two refused signatures: the others stay' \
	"$(status) $(seen '[b.get("thinking") for b in j["requests"][-1]["body"]["messages"][1]["content"]]')" \
	"200 ['0', '2', None]"
like 'refused thinking: that is said' "$(header x-dario-mended) $(header x-dario-dropped)" 'thinking thinking'
many=$(for i in 1 2 3; do refusal 0; echo ,; done)
rule "{\"answers\":{\"sk-ant-oat01-one\":[${many%,}]}}"
many=$(for i in 1 2 3 4 5 6 7 8 9 10 11 12; do thought $i; echo ,; done)
post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":[$many{\"type\":\"text\",\"text\":\"yo\"}]},{\"role\":\"user\",\"content\":\"go\"}]}" >/dev/null
is 'refused again and again: none is left at the end' \
	"$(status) $(seen 'len(j["requests"][-1]["body"]["messages"][1]["content"])')" '200 1'
rule '{"answers":{"sk-ant-oat01-one":[{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`"}}}]}}'
post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":50,\"thinking\":{\"type\":\"adaptive\"},\"messages\":[{\"role\":\"user\",\"content\":\"hi\"},{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"toolu_1\",\"content\":\"1\"}]}]}" >/dev/null
is 'thinking that must come first and cannot: left off' \
	"$(status) $(seen '"thinking" in j["requests"][-1]["body"]')" '200 False'

# What is shaped for a subscription keeps the bytes that are not.
post /v1/messages '{"model":"claude-sonnet-9","max_tokens":50,"metadata":{"a" : 123456789012345678901234567890, "b":-0,"b":1.50},"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"f","input":{"n":123456789012345678901234567890,"z":-0.0,"k":1,"k":"\u00e9\/"}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_1","content":"1"}]}],"tools":[{"name":"f","input_schema":{"type":"object","properties":{"n":{"type":"integer","maximum":99999999999999999999}}}}]}' >/dev/null
sent=$(seen 'j["requests"][-1]["text"]')
like 'shaped: a large number in an input' "$sent" '{"n":123456789012345678901234567890,"z":-0.0,"k":1,"k":"\u00e9\/"}'
like 'shaped: a large number in a schema' "$sent" '"maximum":99999999999999999999'

# at least so long between two requests
stop_router
DARIO_MIN_INTERVAL_MS=300
start_router
rule '{"forget":true}'
begun=$(now_ms)
for i in 1 2 3 4; do
	curl -s -o /dev/null -d "$ask" "$url/v1/messages" &
	racers="${racers:-} $!"
done
wait $racers
is 'four at once: 300 ms apart' "$(seen "(lambda t: (len(t), all(t[i] * 1000 - $begun >= 300 * i for i in range(4))))(sorted(r[\"time\"] for r in j[\"requests\"]))")" \
	'(4, True)'
stop_router
DARIO_MIN_INTERVAL_MS=0

start_router --model=claude-opus-9
message claude-sonnet-9 >/dev/null
is '--model speaks for the accounts' "$(header x-dario-model)" claude-opus-9
stop_router

start_router --thin
post /v1/messages '{"model": "opus",  "max_tokens":50,"messages":[{"role":"user","content":"hi"}]}' \
	-H 'User-Agent: thing/2' -H 'x-app: y' >/dev/null
is '--thin: the body as it came' "$(seen 'j["requests"][-1]["model"]')" opus
like '--thin: the client is named, and dario' "$(field user-agent)" 'thing/2 dario/'
stop_router

start_router --verbose
rule '{"tool":["get_weather",{"city":"demo"}]}'
with_npm report npm "$tmp/npm.out" node "$deps/claude-sdk.mjs" "$url"
with_pip report PyPI "$tmp/pip.out" "$deps/venv/bin/python" "$srcdir/tests/claude/sdk.py" "$url"

claude_code() {
	rule '{"tool":["Bash",{"command":"echo marker-$((40+2))","description":"say"}],"text":"All done.","forget":true}'
	mkdir -p "$tmp/work"
	(cd "$tmp/work" && ANTHROPIC_BASE_URL=$url ANTHROPIC_AUTH_TOKEN=any \
		CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1 DISABLE_AUTOUPDATER=1 \
		timeout 90 "$deps/claude-code/node_modules/.bin/claude" -p 'run it' \
		--allowedTools Bash --model claude-sonnet-9 </dev/null) >"$tmp/claude.out" 2>&1
	is 'Claude Code: ends well' "$?" 0
	like 'Claude Code: the answer' "$(cat "$tmp/claude.out")" 'Alldone.'
	like 'Claude Code: its tool ran' "$(seen 'j["requests"][-1]["body"]["messages"]')" marker-42
	like 'Claude Code: named as it is, and dario' "$(field user-agent)" ' dario/'
	like 'Claude Code: its session goes along' "$(field x-claude-code-session-id)" -
	like 'Claude Code: its betas and ours' "$(field anthropic-beta)" 'oauth-2025-04-20'
	is 'Claude Code: its tools are its own' \
		"$(seen '"Bash" in [t["name"] for t in j["requests"][-1]["body"]["tools"]]')" True
	DARIO_CC_PATH=$(readlink -f "$deps/claude-code/node_modules/.bin/claude")
	export DARIO_CC_PATH
	is 'Claude Code: its OAuth settings are found' \
		"$("$dario" config --json | json 'j["oauth.clientId"]["source"]')" 'Claude Code'
}
with_sdk npm install_claude_code claude_code

for word in sk-ant-oat01-one sk-ant-ort01-one; do
	unlike "log: no $word" "$(cat "$tmp/log" "$tmp"/*.out)" "$word"
	found=
	for p in $(pgrep -P "$router") "$router"; do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF -- "$word" && found=$p
	done
	is "process list: no $word" "$found" ''
done
done_testing
