#!/bin/sh
# SPDX-License-Identifier: MIT
# A provider that repeats the key it was sent: nobody sees it, wherever it
# stands and however it is written. A short key is not looked for in words.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
export DARIO_KEEPALIVE_MS=200 DARIO_QUEUE_MS=0
key='sk-Planted/0123456789+abcdef'
printf '%s\n' "$key" >"$tmp/key"
field='sk-Field-9876543210'
for api in openai anthropic responses; do
	"$dario" backend add $api --base-url="$provider/b/$api/v1" --protocol=$api --key-file="$tmp/key" 2>/dev/null
	python3 - "$DARIO_HOME/backends/$api.json" "$field" <<-'END'
	import json, sys
	o = json.load(open(sys.argv[1]))
	o["headers"] = {"x-second-key": sys.argv[2]}
	open(sys.argv[1], "w").write(json.dumps(o))
	END
done
printf '%s\n' "$key" | "$dario" accounts add pool --key-stdin 2>/dev/null
start_router

# fault PYTHON: `forms` are all ways to write the keys, `answer(status, type,
# body, fields)` is one; what it gives is the next answer of all backends.
fault() {
	python3 - "$key" "$field" "$1" >"$tmp/fault" <<-'END'
	import json, sys
	key, field, text = sys.argv[1:4]
	u = lambda s: "".join("\\u%04x" % ord(c) for c in s)
	forms = [key, field, u(key), u(key).upper().replace("\\U", "\\u"),
	         key[:5] + u(key[5:9]) + key[9:], key.replace("/", "\\/"),
	         u(key).replace("\\", "\\\\"), key.replace("/", "%2F").replace("+", "%2b"),
	         "%73" + key[1:], u(field)]
	every = " ".join(forms)
	def answer(status, kind, body, fields=""):
	    return {"raw": [f"HTTP/1.1 {status} Word\r\nContent-Type: {kind}\r\n{fields}"
	                    f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}"]}
	def stream(*events):
	    return answer(200, "text/event-stream", "".join(events))
	step = eval(text)
	print(json.dumps({"forget": True, "answers": {key: [step]}, "accept": [key],
	                  "faults": {a: [step] for a in ("openai", "anthropic", "responses")}}))
	END
	curl -s -d "@$tmp/fault" "$provider/set" >/dev/null
}
ask() { # CLIENT MODEL STREAM
	case $1 in
	openai) post /v1/chat/completions "{\"model\":\"$2\",\"stream\":$3,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" ;;
	anthropic) post /v1/messages "{\"model\":\"$2\",\"max_tokens\":9,\"stream\":$3,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" ;;
	responses) post /v1/responses "{\"model\":\"$2\",\"stream\":$3,\"input\":\"hi\"}" ;;
	esac
}
# sent: how many of the two keys go to that provider
sent=2
# What of the keys is in a file, in any form that a reader would undo?
leaks() { # FILE...
	python3 - "$key" "$field" "$sent" "$@" <<-'END'
	import re, sys, urllib.parse
	key, field = sys.argv[1:3]
	for name in sys.argv[4:]:
	    text = open(name, "rb").read().decode("utf-8", "replace")
	    for _ in range(3):
	        text += "\n" + re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text).replace("\\/", "/").replace("\\\\", "\\")
	        text = text[-8000000:]
	    text += urllib.parse.unquote(text)
	    for secret in (key, field)[:int(sys.argv[3])]:
	        for part in (secret, secret[:14]):
	            if part in text:
	                print(name.split("/")[-1], text[max(0, text.index(part) - 60):][:140])
	                break
	END
}
for model in openai:m anthropic:m responses:m claude:claude-x; do
	case $model in claude:*) sent=1 ;; esac
	for client in openai anthropic responses; do
		for streamed in false true; do
			case="$client to ${model%%:*}, stream $streamed"
			fault 'answer(400, "application/json", "{\"error\":{\"type\":\"x_error\",\"message\":\"they said " + every + "\"}}", "".join(f"{n}: {every}\r\n" for n in ("x-request-id", "request-id", "retry-after", "anthropic-ratelimit-unified-status", "x-ratelimit-limit-requests", "openai-organization")))'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: a refusal" "$(leaks "$tmp/answer" "$tmp/head")" ''
			like "$case: a refusal comes" "$(cat "$tmp/answer")" 'they said'
			fault 'answer(400, "application/json", "{\"error\":{\"type\":\"" + key + "\",\"code\":\"" + key + "\",\"param\":\"" + key + "\",\"message\":\"" + "they said " * 100 + key + "\"}}")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: in type, code, parameter, at the cut" "$(leaks "$tmp/answer" "$tmp/head")" ''
			fault 'stream("event: error\ndata: {\"type\":\"error\",\"code\":\"x\",\"message\":\"they said " + every + "\",\"error\":{\"type\":\"api_error\",\"message\":\"they said " + every + "\"}}\n\n")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: an error in the stream" "$(leaks "$tmp/answer" "$tmp/head")" ''
			like "$case: an error in the stream comes" "$(cat "$tmp/answer")" 'they said'
			fault 'answer(200, "application/json", "{\"error\":{\"message\":\"they said " + every + "\",\"code\":500}}")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: an error with 200" "$(leaks "$tmp/answer" "$tmp/head")" ''
			fault 'stream("data: {\"error\":\"they said " + every + "\"}\n\n")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: a string for an error" "$(leaks "$tmp/answer" "$tmp/head")" ''
			fault 'stream("event: error\ndata: {\"type\":\"error\",\"code\":\"" + "x" * 45 + key + "\",\"message\":\"m\",\"error\":{\"type\":\"" + "x" * 45 + key + "\",\"code\":\"" + "x" * 45 + key + "\",\"message\":\"maximum context length is 10 resulted in 20 " + "x" * 840 + key + "\"}}\n\n")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: cut in the middle of it" "$(leaks "$tmp/answer" "$tmp/head")" ''
			fault 'answer(200, "application/json", "{\"error\":{\"message\":\"they said " + every + "\"},\"x\":" + "[" * 200 + "]" * 200 + "}")'
			ask $client $model $streamed >"$tmp/answer"
			is "$case: in what cannot be read" "$(leaks "$tmp/answer" "$tmp/head")" ''
		done
	done
done
sent=2
for model in openai:m anthropic:m responses:m; do
	fault 'answer(200, "application/json", "{\"x\":\"" + "x" * 1500000 + "\",\"error\":{\"message\":\"they said " + every + "\"}}")'
	ask "${model%:m}" $model false >"$tmp/answer"
	is "$model: a large error with 200" "$(leaks "$tmp/answer" "$tmp/head")" ''
done
# however large
for size in 500 500000 3000000; do
	for model in openai:m anthropic:m; do
		fault "answer(500, 'text/plain', 'x' * $size + every)"
		ask openai $model false >"$tmp/answer"
		is "$model, $size bytes" "$(status) $(leaks "$tmp/answer" "$tmp/head")" '500 '
	done
done
# late: the client's stream has its head by then
fault '{"raw": [{"wait": 0.5}] + answer(400, "application/json", "{\"error\":{\"message\":\"they said " + every + "\"}}")["raw"]}'
ask openai openai:m true >"$tmp/answer"
is 'late, in the stream' "$(leaks "$tmp/answer" "$tmp/head")" ''
like 'late, in the stream: it comes' "$(cat "$tmp/answer")" 'they said'
# the lists of models and the commands
curl -s "$url/v1/models" >"$tmp/models"
fault 'answer(401, "application/json", "{\"error\":{\"message\":\"they said " + every + "\"}}")'
"$dario" backend test openai >"$tmp/test" 2>&1
curl -s "$url/accounts" >"$tmp/accounts"
curl -s "$url/metrics" >"$tmp/metrics"
cat "$DARIO_HOME"/state/*.json* >"$tmp/state" 2>/dev/null
is 'log, state, pages, commands' "$(leaks "$tmp/log" "$tmp/state" "$tmp/models" "$tmp/test" "$tmp/accounts" "$tmp/metrics")" ''

# A key of one letter is in every word.
"$dario" backend add short --base-url="$provider/b/short/v1" --key=k 2>/dev/null
rule '{"faults":{"short":[{"raw":["HTTP/1.1 400 No\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"error\":{\"message\":\"Token k expired\"}}"]}]}}'
like 'a short key leaves words alone' "$(ask openai short:m false)" 'Token k expired'
done_testing
