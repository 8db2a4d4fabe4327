#!/bin/sh
# SPDX-License-Identifier: MIT
# A key that is dead is the key's trouble: not the backend's, nor that of the
# other keys. When all are, the backend cannot serve, and that is said.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS DARIO_BREAKER_FAILURES=2
mkdir -m 700 "$DARIO_HOME"
printf 'gsk-groq\n' | "$dario" backend add groq --base-url="$provider/b/groq/v1" --key-stdin 2>/dev/null
for alias in one two; do
	printf 'gsk-%s\n' $alias | "$dario" accounts add $alias --backend=groq --key-stdin 2>/dev/null
done
"$dario" backend add other --base-url="$provider/b/other/v1" 2>/dev/null
"$dario" route add m groq:m --fallback=other:m 2>/dev/null
start_router --strategy=fill-first

n=0
ask() { # "STATUS BACKEND ACCOUNT" of a conversation of its own
	n=$((n + 1))
	post /v1/chat/completions "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi $n\"}]}" >"$tmp/answer"
	echo "$(status) $(header x-dario-backend) $(header x-dario-account)"
}
dead() { # STEP KEY...: each of them answers that, always
	step=$1
	shift
	rule "{\"forget\":true,\"dead\":{$(for k; do printf '"gsk-%s":%s,' "$k" "$step"; done | sed 's/,$//')}}"
}
forget() {
	rm -rf "$DARIO_HOME/state"
}
breaker() { # is there any? One that works has no file.
	ls "$DARIO_HOME/state" | grep -c '^breaker-'
}
health() {
	curl -s -o "$tmp/health" -w '%{http_code} ' "$url/health"
	json 'j["status"]' <"$tmp/health"
}
key='{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}'

# one of three
for case in "{\"status\":401,\"body\":$key}" '{"status":402}' '{"status":403}' \
	'{"status":429,"headers":{"retry-after":"0"}}' '{"status":407}' '{"status":401,"body":""}' \
	'{"status":500}' '{"cut":true}'; do
	forget
	dead "$case" one
	for i in 1 2 3 4 5; do ask; done | sort | uniq -c >"$tmp/answers"
	is "one is dead, $case: the others serve" "$(sed 's/^ *//' "$tmp/answers")" '5 200 groq two'
	is "one is dead, $case: the breaker is closed" "$(breaker)" 0
done

# all of them
for case in "{\"status\":401,\"body\":$key}" '{"status":402}' '{"status":403,"text":"Invalid API key"}'; do
	forget
	dead "$case" one two groq
	is "all are dead, $case: the fallback serves" "$(ask)" '200 other '
	is "all are dead, $case: they are not asked again" \
		"$(ask) $(seen '[r["backend"] for r in j["requests"]].count("groq")')" '200 other  3'
	is "all are dead, $case: the breaker is closed" "$(breaker)" 0
done
forget
dead '{"status":500}' one two groq
ask >/dev/null
is 'all fail: one request is one failure' "$(json 'j["failures"]' <"$DARIO_HOME/state/breaker-groq.json")" 1
ask >/dev/null
is 'all fail: the breaker opens' "$(json 'j["until"] > 0' <"$DARIO_HOME/state/breaker-groq.json")" True

# what a probe is told
forget
dead '{}' none
is 'health: another backend could serve' "$(health)" '200 ok'
"$dario" route remove m 2>/dev/null
"$dario" backend remove other
"$dario" route add m groq:m 2>/dev/null
is 'health: its keys could serve' "$(health)" '200 ok'
dead "{\"status\":401,\"body\":$key}" one two
ask >/dev/null
is 'health: one of them could' "$(health)" '200 ok'
dead "{\"status\":401,\"body\":$key}" one two groq
ask >/dev/null
is 'health: all are dead' "$(health)" '503 no_account'
is 'health: nor is a request served' "$(ask | cut -d' ' -f1)" 503
"$dario" accounts resume one
dead '{}' none
is 'health: one is back' "$(health) $(ask)" '200 ok 200 groq one'
for alias in one two groq; do "$dario" accounts pause $alias; done
is 'health: all are paused' "$(health)" '503 no_account'
printf 'sk-ant-api03-x\n' | "$dario" accounts add work --key-stdin 2>/dev/null
is 'health: a Claude account could serve' "$(health)" '200 ok'
"$dario" accounts pause work
is 'health: that is paused, too' "$(health)" '503 no_account'
"$dario" accounts resume two
is 'health: a key is resumed' "$(health)" '200 ok'
for alias in one groq work; do "$dario" accounts resume $alias; done

# the models
asked() { # NAME: anew, until it has been
	rm -rf "$DARIO_HOME/state"
	curl -s -o /dev/null "$url/v1/models"
	wait_for test -e "$DARIO_HOME/state/models-$1.json"
}
models() {
	asked groq
	curl -s "$url/v1/models" | json 'sorted(m["id"] for m in j["data"] if "of-" in m["id"])'
}
dead '{}' none
is 'models: by the first key' "$(models)" "['groq:of-gsk-one']"
for case in "{\"status\":401,\"body\":$key}" '{"status":402}' '{"status":403}' '{"status":429}'; do
	dead "$case" one
	is "models, $case: by the next" "$(models)" "['groq:of-gsk-two']"
done
dead '{"status":401}' one two
is 'models: by the last' "$(models)" "['groq:of-gsk-groq']"
dead '{}' none
"$dario" accounts pause one
is 'models: not by one that is paused' "$(models)" "['groq:of-gsk-two']"
dead '{"status":401}' one two groq
is 'models: by none of them' "$(models)" '[]'
printf 'sk-ant-api03-y\n' | "$dario" accounts add home --key-stdin 2>/dev/null
rule '{"dead":{"sk-ant-api03-x":{},"sk-ant-api03-y":{}}}'
claude() {
	asked claude
	curl -s "$url/v1/models" | json '[m["id"] for m in j["data"] if m["id"] == "claude-opus-9-1"]'
}
is 'models of Claude: by none' "$(claude)" '[]'
rule '{"dead":{"sk-ant-api03-y":{}}}'
is 'models of Claude: by the next' "$(claude)" "['claude-opus-9-1']"
done_testing
