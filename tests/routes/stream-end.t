#!/bin/sh
# SPDX-License-Identifier: MIT
# How a stream ends: whole events only, and no end before the last of them.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
for api in openai anthropic responses; do
	"$dario" backend add $api --base-url="$provider/b/$api/v1" --protocol=$api 2>/dev/null
done
start_router

# script NAME PIECES: the next answer of a backend; PIECES is a python list of
# texts and {"wait": seconds}. What a client must get is in $tmp/wanted: all of
# it, but for pieces after None.
script() {
	python3 - "$tmp/wanted" "$1" "$2" >"$tmp/script" <<-'END'
	import json, sys
	head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
	def e(data, name=None):
	    return (f"event: {name}\n" if name else "") + f"data: {json.dumps(data)}\n\n"
	def bits(text, pause=0.3, n=3):
	    size = len(text) // n + 1
	    out = []
	    for i in range(0, len(text), size):
	        out += [text[i:i + size], {"wait": pause}]
	    return out
	created = e({"type": "response.created", "response": {"id": "r", "status": "in_progress"}}, "response.created")
	delta = e({"type": "response.output_text.delta", "output_index": 0, "delta": "one"}, "response.output_text.delta")
	error = e({"type": "error", "code": "server_error", "message": "it broke", "param": None, "sequence_number": 2}, "error")
	failed = e({"type": "response.failed", "response": {"id": "r", "status": "failed", "error": {"code": "server_error", "message": "it broke"}}}, "response.failed")
	chunk = e({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": "one"}}]})
	chat_error = e({"error": {"message": "it broke", "code": 500}})
	done = "data: [DONE]\n\n"
	start = e({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [], "model": "m"}}, "message_start")
	text = e({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one"}}, "content_block_delta")
	stop = e({"type": "message_stop"}, "message_stop")
	pieces = eval(sys.argv[3])
	wanted = pieces[:pieces.index(None)] if None in pieces else pieces
	open(sys.argv[1], "w").write("".join(p for p in wanted if isinstance(p, str)))
	raw = [head] + [p for p in pieces if p is not None]
	print(json.dumps({"forget": True, "faults": {sys.argv[2]: [{"raw": raw}]}}))
	END
	curl -s -d "@$tmp/script" "$provider/set" >/dev/null
}
ask() { # API: how curl ended
	case $1 in
	openai) path=/v1/chat/completions body='{"model":"openai:m","stream":true,"messages":[{"role":"user","content":"hi"}]}' ;;
	anthropic) path=/v1/messages body='{"model":"anthropic:m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}' ;;
	responses) path=/v1/responses body='{"model":"responses:m","stream":true,"input":"hi"}' ;;
	esac
	curl -sN --max-time 60 -o "$tmp/got" -d "$body" "$url$path"
	echo $?
}
same() { # NAME API: what was wanted, no more, no less
	is "$1: comes to an end" "$(ask "$2")" 0
	if cmp -s "$tmp/wanted" "$tmp/got"; then
		pass "$1"
	else
		fail "$1" "$(diff "$tmp/wanted" "$tmp/got")"
	fi
}

script responses '[created, delta] + bits(error) + bits(failed)'
same 'Responses: an error, and the failed response behind it, in pieces' responses
script responses '[created, delta, error, {"wait": 1}] + bits(failed, 0.5)'
same 'Responses: the failed response comes late' responses
script responses '[created, delta, error, failed]'
same 'Responses: both at once' responses
script responses '[created, delta, error, None, {"wait": 120}]'
same 'Responses: nothing comes behind the error' responses
script responses '[created, delta, error, None, failed[:40], {"wait": 120}]'
same 'Responses: half an event behind the error' responses
script responses '[created, delta, failed, None, error[:20]]'
same 'Responses: half an event behind the end' responses
script openai '[chunk, chat_error, {"wait": 0.6}] + bits(done)'
same 'Chat: an error, and then its end' openai
script openai '[chunk, chat_error, None, {"wait": 120}]'
same 'Chat: nothing comes behind the error' openai
script openai '[chunk, done, None, chunk[:30], {"wait": 120}]'
same 'Chat: half an event behind the end' openai
script anthropic '[start, text, stop, None, text[:60], {"wait": 120}]'
same 'Messages: half an event behind the end' anthropic
script anthropic '[start, text, None, stop[:-25]]'
ask anthropic >/dev/null
like 'Messages: the end is torn: an error' "$(cat "$tmp/got")" 'event: error'
unlike 'Messages: the end is torn: nothing of it' "$(cat "$tmp/got")" message_st'op'
done_testing
