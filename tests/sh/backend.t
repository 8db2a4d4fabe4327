#!/bin/sh
# SPDX-License-Identifier: MIT
# dario backend: files, refusals, and that an edit counts on the next request.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

run() {
	out=$("$dario" "$@" 2>&1)
	rc=$?
}
file=$DARIO_HOME/backends/groq.json

printf 'sk-test-0123456789abcdef\n' >"$tmp/key"
run backend add groq --key-file="$tmp/key" --base-url=https://api.groq.com/openai/v1 --models='llama-*, gemma*'
is 'add: exit 0' "$rc" 0
unlike 'add: the key is not printed' "$out" sk-test
is 'file: 0600' "$(stat -c %a "$file")" 600
is 'folder: 0700' "$(stat -c %a "$DARIO_HOME/backends")" 700
is 'file: fields' "$(json '[j[k] for k in ("provider","name","apiKey","baseUrl","protocol","models")]' <"$file")" \
	"['openai', 'groq', 'sk-test-0123456789abcdef', 'https://api.groq.com/openai/v1', 'openai', ['llama-*', 'gemma*']]"

python3 - "$file" <<'EOF'
import json, sys
j = json.load(open(sys.argv[1]))
j["fromAnotherVersion"] = {"a": [1, None]}
json.dump(j, open(sys.argv[1], "w"))
EOF
run backend add groq --models=x --protocol=openai,responses
is 'change: exit 0' "$rc" 0
is 'change: what was not named is kept' \
	"$(json '[j["apiKey"], j["models"], j["protocol"], j["fromAnotherVersion"]]' <"$file")" \
	"['sk-test-0123456789abcdef', ['x'], 'openai,responses', {'a': [1, None]}]"

run backend list
like 'list: shows the name' "$out" groq
unlike 'list: hides the key' "$out" sk-test
is 'list --json' "$("$dario" backend list --json | json '[j[0][k] for k in ("name","protocols","hasKey")]')" \
	"['groq', ['openai', 'responses'], True]"
run backend add groq --protocol=responses,anthropic,openai
like 'list: all protocols' "$("$dario" backend list)" \
	'responses,anthropic,openai'
is 'list --json: the same' "$("$dario" backend list --json | json 'j[0]["protocols"]')" \
	"['responses', 'anthropic', 'openai']"

known() { # URL: what the file says of the provider there
	"$dario" backend add known --key=k --base-url="$1" 2>/dev/null
	json 'j.get("protocol"), j.get("maxCompletionTokens"), j.get("reasoningContent"), j.get("nineCharacterIds")' \
		<"$DARIO_HOME/backends/known.json"
	"$dario" backend remove known
}
is 'OpenAI is known' "$(known https://api.openai.com/v1)" \
	'openai,responses True None None'
is 'DeepSeek is known' "$(known https://api.deepseek.com/v1)" \
	'openai None True None'
is 'Mistral is known' "$(known https://api.mistral.ai/v1)" \
	'openai None None True'
is 'Anthropic is known' "$(known https://api.anthropic.com)" \
	'anthropic None None None'
is 'Google is known' "$(known https://generativelanguage.googleapis.com/v1beta/openai)" \
	'openai None None None'
"$dario" help --man >"$tmp/man"
is 'a switch of each is documented' "$(for key in $(python3 -c '
import json
print(*sorted({k for r in sum(json.load(open("'"$srcdir"'/share/providers.json")).values(), [])
               for k in {**r.get("set", {}), **r.get("behind", {})}} - {"protocol", "headers"}))'); do
	grep -q "^\.B $key\$" "$tmp/man" || echo "$key"
done)" ''
is 'others are not' "$(known https://llm.example/v1)" 'openai None None None'
run backend add x --key=k --base-url=https://h/v1
"$dario" backend remove x
for name in ../x a/b '' "$(head -c 65 /dev/zero | tr '\0' a)" 'a b' claude demo; do
	run backend add "$name" --key=k
	is "name '$name': exit 2" "$rc" 2
done
run backend add x --key=k --base-url=ftp://h
is 'ftp URL: refused' "$rc" 2
run backend add x --key=k --base-url=https://u:p@h/v1
is 'URL with a password: refused' "$rc" 2
run backend add x --base-url=https://h/v1 --key=k --protocol=soap
like 'unknown protocol: named' "$out" '"soap"'
run backend add x --base-url=https://h/v1
is 'no key for a remote host: exit 2' "$rc" 2
run backend add x --base-url=https://h/v1 --key=k --key-stdin
is 'two keys: exit 2' "$rc" 2
run backend add x --base-url=https://h/v1 --key="a
b"
is 'key with a line end: refused' "$rc" 2
ok 'nothing of all that was stored' test ! -e "$DARIO_HOME/backends/x.json"
run backend add x --key=k --base-url=http://192.0.2.1/v1
like 'key over plain http: a warning' "$out" unencrypted
run backend remove x
is 'remove: exit 0' "$rc" 0
run backend remove x
is 'remove again: exit 1' "$rc" 1
like 'remove again: named' "$out" 'no backend x'
run backend
is 'no word: exit 2' "$rc" 2
run backend frob
is 'unknown word: exit 2' "$rc" 2

# A running router.
start_router
chat='{"model":"groq:m"}'
rm "$file"
post /v1/chat/completions "$chat" >/dev/null
is 'no backend: 404' "$(status)" 404
like 'no backend: says which command adds one' "$(cat "$tmp/body")" \
	'dario backend add'
is 'no backend: health is 503' \
	"$(curl -s -o /dev/null -w '%{http_code}' "$url/health")" 503
"$dario" backend add groq --base-url=http://127.0.0.1:1 2>/dev/null
post /v1/chat/completions "$chat" >/dev/null
is 'added: used by the next request' \
	"$(json 'j["error"]["code"]' <"$tmp/body")" upstream_unreachable
like 'refused: the backend is named' "$(cat "$tmp/body")" 'backend groq: '
"$dario" backend add two --base-url=http://127.0.0.1:1 2>/dev/null
post /v1/chat/completions '{"model":"zzz"}' >/dev/null
is 'two backends, unknown model: 404' "$(status)" 404
like 'the candidates are named' "$(cat "$tmp/body")" 'groq, two'
(umask 077; printf '{' >"$file")
post /v1/chat/completions "$chat" >/dev/null
is 'broken edit: the old configuration serves' "$(status)" 502
like 'broken edit: health names the file' "$(curl -s "$url/health")" \
	'backends/groq.json'
rm "$file"
"$dario" backend add anth --base-url=http://127.0.0.1:1 --protocol=anthropic \
	2>/dev/null
post /v1/embeddings '{"model":"anth:m"}' >/dev/null
is 'nothing like it there: 400' "$(status)" 400
like 'nothing like it there: says so' "$(cat "$tmp/body")" \
	'backend anth speaks anthropic and has nothing like /embeddings'
"$dario" backend add resp --base-url=http://127.0.0.1:1 --protocol=responses \
	2>/dev/null
for path in embeddings completions; do
	post /v1/$path '{"model":"resp:m"}' >/dev/null
	is "responses alone: /v1/$path goes there all the same" \
		"$(json 'j["error"]["code"]' <"$tmp/body")" upstream_unreachable
done
is 'health names all protocols' \
	"$("$dario" backend add resp --protocol=responses,anthropic 2>/dev/null
	curl -s "$url/health" | json '[b["protocols"] for b in j["backends"] if b["name"] == "resp"]')" \
	"[['responses', 'anthropic']]"
"$dario" backend remove resp
post /v1/messages/count_tokens \
	'{"model":"two:m","messages":[{"role":"user","content":"some words here"}]}' \
	>/dev/null
is 'count_tokens without a counter: an estimate' "$(status)" 200
is 'count_tokens: marked' "$(header x-dario-estimated)" input_tokens
ok 'count_tokens: a number' test "$(json 'j["input_tokens"]' <"$tmp/body")" -gt 3
"$dario" backend remove anth
"$dario" backend remove two
post /v1/chat/completions '{"model":"two:m"}' >/dev/null
is 'removed: gone for the next request' "$(status)" 404

run config
like 'config: shows a default' "$out" '3456'
is 'config --json: source' \
	"$(DARIO_PORT=4000 "$dario" config --json | json 'j["port"]["value"], j["port"]["source"]')" \
	'4000 environment'
unlike 'config: no secret' "$(DARIO_API_KEY=secret-key-1 "$dario" config)" secret-key
done_testing
