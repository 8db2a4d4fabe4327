#!/bin/sh
# SPDX-License-Identifier: MIT
# Tools and template on their way through the router: which account gets what.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
subscription accounts/plan.json sk-ant-oat01-plan sk-ant-ort01-plan 3600000
start_router
rule '{"tool":["Bash",{"command":"ls -l"}]}'

tool='{"name":"process","description":"Runs it.","input_schema":{"type":"object","properties":{"action":{"type":"string"},"sessionId":{"type":"string"}},"required":["action"]}}'
plain='{"role":"user","content":"list the files"}'
ask() { # STREAM [curl flags]: sent has the tool as the model saw it
	stream=$1
	shift
	post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":50,\"stream\":$stream,\"tools\":[$tool],\"messages\":[$plain]}" "$@" >"$tmp/answer"
	sent=$(seen '(lambda t: (t["name"], sorted(t["input_schema"]["properties"])))(j["requests"][-1]["body"]["tools"][0])')
}
call() { # of the last whole answer
	json '[(c["name"], c["input"]) for c in j["content"]]' <"$tmp/answer"
}
streamed() { # name and input of the streamed call
	python3 -c '
import json, sys
name, text = None, ""
for line in sys.stdin:
    if line.startswith("data: "):
        e = json.loads(line[6:])
        if e["type"] == "content_block_start":
            name = e["content_block"]["name"]
        if e["type"] == "content_block_delta":
            text += e["delta"]["partial_json"]
print(name, json.loads(text))' <"$tmp/answer"
}

ask false
is 'mapped: the model sees' "$sent" "('Bash', ['command'])"
is 'mapped: the client gets' "$(call)" "[('process', {'action': 'ls -l'})]"
ask true
is 'mapped, streamed' "$(streamed)" "process {'action': 'ls -l'}"
like 'mapped, streamed: ends well' "$(cat "$tmp/answer")" message_stop
post /v1/chat/completions "{\"model\":\"claude-sonnet-9\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"process\",\"parameters\":{\"type\":\"object\",\"properties\":{\"action\":{\"type\":\"string\"}},\"required\":[\"action\"]}}}],\"messages\":[$plain]}" >"$tmp/answer"
is 'mapped, from Chat' "$(json '[(c["function"]["name"], c["function"]["arguments"]) for c in j["choices"][0]["message"]["tool_calls"]]' <"$tmp/answer")" \
	"[('process', '{\"action\":\"ls -l\"}')]"
post /v1/chat/completions "{\"model\":\"claude-sonnet-9\",\"stream\":true,\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"process\",\"parameters\":{\"type\":\"object\",\"properties\":{\"action\":{\"type\":\"string\"}},\"required\":[\"action\"]}}}],\"messages\":[$plain]}" >"$tmp/answer"
like 'mapped, from Chat, streamed: the name' "$(cat "$tmp/answer")" '"name":"process"'
like 'mapped, from Chat, streamed: the input' "$(cat "$tmp/answer")" '{\"action\":'
post /v1/responses "{\"model\":\"claude-sonnet-9\",\"tools\":[{\"type\":\"function\",\"name\":\"process\",\"parameters\":{\"type\":\"object\",\"properties\":{\"action\":{\"type\":\"string\"}},\"required\":[\"action\"]},\"strict\":false}],\"input\":\"list\"}" >"$tmp/answer"
is 'mapped, from Responses' "$(json '[(c["name"], c["arguments"]) for c in j["output"] if c["type"] == "function_call"]' <"$tmp/answer")" \
	"[('process', '{\"action\":\"ls -l\"}')]"
rule '{"answers":{"sk-ant-oat01-plan":[{"cut_at":3}]}}'
ask true
is 'cut before the client has any of it: an error in its place' "$(status)" 502
cut() { # a text, and a call whose input breaks off
	python3 - <<-'END'
	import json
	head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
	events = [
	    {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "c", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}},
	    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
	    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Look:"}},
	    {"type": "content_block_stop", "index": 0},
	    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}},
	    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{\"command\": \"ls -l\""}}]
	text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events)
	print(json.dumps({"answers": {"sk-ant-oat01-plan": [{"raw": [head + text]}]}}))
	END
}
rule "$(cut)"
ask true
like 'cut: the input as it came' "$(cat "$tmp/answer")" 'ls -l'
like 'cut: then the error' "$(tail -n 3 "$tmp/answer")" '"type":"error"'
# An error that repeats the token, before and after the first content.
leak() { # EVENTS before the error
	rule "$(EVENTS="$1" python3 -c '
import json, os
head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
error = {"type": "error", "error": {"type": "api_error", "message": "bad token sk-ant-oat01-plan given"}}
text = "".join("event: %s\ndata: %s\n\n" % (e["type"], json.dumps(e)) for e in json.loads(os.environ["EVENTS"]) + [error])
print(json.dumps({"answers": {"sk-ant-oat01-plan": [{"raw": [head + text]}]}}))')"
	ask true
	grep -c -e sk-ant-oat01-plan "$tmp/answer"
}
begin='{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":1,"output_tokens":1}}}'
is 'a token in an error: hidden' "$(leak "[$begin]")" 0
like 'a token in an error: the error itself is not' "$(cat "$tmp/answer")" 'bad token ***'
is 'a token in a later error: hidden' "$(leak "[$begin,{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"Bash\",\"input\":{}}}]")" 0
like 'a token in a later error: the error itself is not' "$(cat "$tmp/answer")" 'bad token ***'
ask false -H 'User-Agent: claude-cli/2.1 (external, cli)' -H 'x-claude-code-session-id: s'
is 'Claude Code: its tools are left alone' "$sent" "('process', ['action', 'sessionId'])"

ask false -H 'User-Agent: claude-cli/0.24 (qwen)'
is 'one that borrows its name: its tools are mapped' "$sent" "('Bash', ['command'])"

# cache breakpoints, where the client has none
is 'the default: breakpoints on tools and turns' \
	"$(ask false; seen '(lambda b: ("cache_control" in b["tools"][-1], "cache_control" in str(b["messages"][-1]), "system" in b))(j["requests"][-1]["body"])')" \
	'(True, True, False)'
is "the client's breakpoints are enough" \
	"$(post /v1/messages '{"model":"claude-x","max_tokens":9,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":"hi"}]}' >/dev/null; seen 'str(j["requests"][-1]["body"]).count("cache_control")')" 1
is 'Claude Code: no breakpoints' \
	"$(ask false -H 'User-Agent: claude-cli/2.1' -H 'x-claude-code-session-id: s'; seen '"cache_control" in str(j["requests"][-1]["body"])')" False

# an API key gets what the client sent, byte for byte
printf 'sk-ant-api03-key\n' | "$dario" accounts add key --key-stdin 2>/dev/null
rule '{"accept":["sk-ant-api03-key"],"tool":["process",{"action":"x"}]}'
mv "$DARIO_HOME/accounts/plan.json" "$tmp/plan.json"
ask false
is 'an API key: preserved' "$sent" "('process', ['action', 'sessionId'])"
is 'an API key: no breakpoints' "$(seen '"cache_control" in str(j["requests"][-1]["body"])')" False

# the user's template, on the next request
(umask 077 && printf '{"system":"Be brief.","max_tokens":77,"betas":["b-9"],"cache":false}' >"$DARIO_HOME/template.json")
post /v1/messages '{"model":"claude-x","system":"Mine.","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'template: before the own system text, and the default' \
	"$(seen '(lambda b: ([s["text"] for s in b["system"]], b["max_tokens"]))(j["requests"][-1]["body"])')" \
	"(['Be brief.', 'Mine.'], 77)"
is 'template: its betas' "$(seen 'j["requests"][-1]["headers"]["anthropic-beta"]')" b-9
post /v1/messages '{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}' -H 'anthropic-beta: xb-9, c-1' >/dev/null
is "template: its betas behind the client's, each once" "$(seen 'j["requests"][-1]["headers"]["anthropic-beta"]')" 'xb-9, c-1,b-9'
rule '{"answers":{"sk-ant-api03-key":[{"status":529}]}}'
message claude-x >/dev/null
is 'template: asked again, its betas once' "$(seen '[r["headers"]["anthropic-beta"] for r in j["requests"][-2:]]')" "['b-9', 'b-9']"
post /v1/chat/completions '{"model":"claude-x","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'template: a limit for Chat clients that set none' "$(seen 'j["requests"][-1]["body"]["max_tokens"]')" 77
post /v1/chat/completions '{"model":"claude-x","max_tokens":99,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
is "template: a Chat client's own limit" "$(seen 'j["requests"][-1]["body"]["max_tokens"]')" 99
printf '{"thinking":{"type":"enabled","budget_tokens":2048},"effort":"max"}' >"$DARIO_HOME/template.json"
post /v1/chat/completions '{"model":"claude-sonnet-4-5","reasoning_effort":"none","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is "template: a Chat client's effort is its own" \
	"$(seen '[k for k in ("thinking", "output_config") if k in j["requests"][-1]["body"]]')" '[]'
post /v1/chat/completions '{"model":"claude-sonnet-4-5","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'template: effort for a Chat client that says nothing' \
	"$(seen 'j["requests"][-1]["body"]["output_config"]["effort"]')" max
printf '{"max_tokens":"many"}' >"$DARIO_HOME/template.json"
message claude-x >/dev/null
is 'template: a wrong one leaves the last one in force' "$(status)" 200
like 'template: health names it' "$(curl -s "$url/health")" 'template.json'
rm "$DARIO_HOME/template.json"
stop_router
mv "$tmp/plan.json" "$DARIO_HOME/accounts/plan.json"
"$dario" accounts remove key

rule '{"tool":["Bash",{"command":"ls -l"}]}'
start_router --hybrid-tools
ask false -H 'x-session-id: s-17'
is 'hybrid: the model sees' "$sent" "('Bash', ['command'])"
is 'hybrid: the session is filled in' "$(call)" "[('process', {'action': 'ls -l', 'sessionId': 's-17'})]"
ask true -H 'x-session-id: s-17'
is 'hybrid, streamed' "$(streamed)" "process {'action': 'ls -l', 'sessionId': 's-17'}"
stop_router
rule '{"tool":["process",{"action":"x"}]}'
start_router --preserve-tools
ask false
is 'preserve: untouched' "$sent" "('process', ['action', 'sessionId'])"
is 'preserve: the client gets what the model said' "$(call)" "[('process', {'action': 'x'})]"
stop_router
"$dario" proxy --preserve-tools --hybrid-tools --check 2>"$tmp/both"
is 'both: exit status' "$?" 2
like 'both: says so' "$(cat "$tmp/both")" 'exclude each other'
DARIO_HYBRID_TOOLS=1 "$dario" proxy --preserve-tools --check 2>"$tmp/both"
is 'a flag goes over the other in the environment' "$?" 0
printf '{"system":"One."}' >"$tmp/mine.json"
chmod 600 "$tmp/mine.json"
start_router --template="$tmp/mine.json"
post /v1/messages '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
is '--template: in force' "$(seen 'j["requests"][-1]["body"]["system"][0]["text"]')" One.
printf '{"system":7}' >"$tmp/mine.json"
like '--template: a wrong edit is named' "$(curl -s "$url/health")" 'mine.json'
printf '{"system":"Two."}' >"$tmp/mine.json"
post /v1/messages '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
is '--template: mended, in force again' "$(seen 'j["requests"][-1]["body"]["system"][0]["text"]')" Two.
stop_router
printf '{"effort":"lots"}' >"$tmp/mine.json"
chmod 600 "$tmp/mine.json"
(cd "$tmp" && "$dario" proxy --template=mine.json --check 2>"$tmp/mine.err")
is 'a wrong template: exit status' "$?" 1
like 'a wrong template: named' "$(cat "$tmp/mine.err")" effort
done_testing
