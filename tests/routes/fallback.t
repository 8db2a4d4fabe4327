#!/bin/sh
# SPDX-License-Identifier: MIT
# A provider's bad hour: fallbacks, retries, the breaker.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
export DARIO_BREAKER_OPEN_MS=1800000 DARIO_BREAKER_FAILURES=3
start_router
"$dario" backend add one --base-url="$provider/b/one/v1" 2>/dev/null
"$dario" backend add two --base-url="$provider/b/two/v1" --protocol=anthropic 2>/dev/null
"$dario" backend add three --base-url="$provider/b/three/v1" --protocol=responses 2>/dev/null
rules() { # JSON of one rule's further keys
	(umask 077 && echo "{\"rules\":[{\"match\":\"m\",\"target\":\"one\",\"fallbacks\":[\"two:m2\",\"three:m3\"]$1}]}" >"$DARIO_HOME/routes.new")
	mv "$DARIO_HOME/routes.new" "$DARIO_HOME/routes.json"
}
rules ''
faults() { # JSON: {"one": [...]}
	rule "{\"forget\":true,\"faults\":$1}"
	rm -rf "$DARIO_HOME"/state/breaker-*
}
ask() { # [STREAM]: "STATUS BACKEND"
	post /v1/chat/completions "{\"model\":\"m\",\"stream\":${1:-false},\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" >"$tmp/answer"
	echo "$(status) $(header x-dario-backend)"
}
asked() { # who was asked, in order
	seen '" ".join(r["backend"] for r in j["requests"])'
}

for case in '{"status":500}|500' '{"status":503}|503' '{"status":529}|529' \
	'{"status":429}|429' '{"cut":true},{"cut":true}|upstream_reset' \
	'{"garbage":true}|upstream_invalid'; do
	faults "{\"one\":[${case%|*}]}"
	is "${case#*|}: the next one, in another dialect" "$(ask)" '200 two'
	is "${case#*|}: that is said" "$(header x-dario-fallback) $(header x-dario-model)" "one: ${case#*|} m2"
	is "${case#*|}: the answer is in the client's dialect" "$(json 'j["choices"][0]["message"]["content"]' <"$tmp/answer")" 'Hello from the provider.'
done
faults '{"one":[{"status":500}],"two":[{"status":503}]}'
is 'two fail: the third' "$(ask)" '200 three'
is 'two fail: both are named' "$(header x-dario-fallback)" 'one: 500, two: 503'
faults '{"one":[{"status":500}],"two":[{"status":503}],"three":[{"status":502}]}'
is 'all fail: the last error' "$(ask)" '502 three'
faults '{"one":[{"status":400}]}'
is 'a bad request stays where it is' "$(ask) $(asked)" '400 one one'
faults '{"one":[{"status":401}]}'
is 'a refused key is not the client'"'"'s fault' "$(ask) $(asked)" '200 two one two'
for case in '402|no balance' '407|log in at the proxy' '403|forbidden' '400|Billing hard limit has been reached'; do
	faults "{\"one\":[{\"status\":${case%|*},\"text\":\"${case#*|}\"}]}"
	is "${case#*|}: nor is that" "$(ask) $(asked)" '200 two one two'
done
faults '{"one":[{"status":404,"text":"model_not_found"}]}'
is 'a model that is not there: as it is' "$(ask) $(asked)" '404 one one'

# streams
faults '{"one":[{"status":500}]}'
is 'streamed: the next one' "$(ask true)" '200 two'
like 'streamed: whole' "$(cat "$tmp/answer")" '[DONE]'
faults '{"one":[{"cut_at":1}]}'
is 'streamed: cut before content' "$(ask true) $(asked)" '200 two one two'
unlike 'streamed: nothing of the first' "$(cat "$tmp/answer")" of-the-provider
faults '{"one":[{"cut_at":3}]}'
is 'streamed: cut after content: nothing is sent twice' "$(ask true) $(asked)" '200 one one'
like 'streamed: cut after content: it was the first' "$(cat "$tmp/answer")" of-the-provider
like 'streamed: cut after content: an error' "$(cat "$tmp/answer")" '"error"'
unlike 'streamed: cut after content: no end' "$(cat "$tmp/answer")" '[DONE]'

# clocks, conditions, retries
sed -i 's/{/{"firstByteTimeoutMs":200,/' "$DARIO_HOME/backends/one.json" # the other has time
faults '{"one":[{"delay":120}]}'
is 'slow: the next one' "$(ask)" '200 two'
is 'slow: that is said' "$(header x-dario-fallback)" 'one: upstream_timeout'
sed -i 's/"firstByteTimeoutMs":200,//' "$DARIO_HOME/backends/one.json"
rules ',"firstByteTimeoutMs":200,"budgetMs":100'
faults '{"one":[{"delay":120}]}'
is 'slow beyond the budget: nothing else begins' "$(ask) $(asked)" '504 one one'
rules ',"on":["429"]'
faults '{"one":[{"status":500}]}'
is 'another condition: stays' "$(ask)" '500 one'
faults '{"one":[{"status":429}]}'
is 'this condition: moves' "$(ask)" '200 two'
rules ',"retries":2'
faults '{"one":[{"status":500},{"status":500}]}'
is 'retried twice, then served' "$(ask) $(asked)" '200 one one one one'
is 'retried: that is no fallback' "$(header x-dario-fallback)" ''
faults '{"one":[{"status":500},{"status":500},{"status":500}]}'
is 'retried twice, then the next one' "$(ask) $(asked)" '200 two one one one two'
rules ''

# nothing listens there at all
faults '{}'
sed -i 's#/b/one/v1#/nowhere#; s#127.0.0.1:[0-9]*#127.0.0.1:1#' "$DARIO_HOME/backends/one.json"
is 'down: the next one' "$(ask) $(header x-dario-fallback)" '200 two one: upstream_unreachable'
"$dario" backend add one --base-url="$provider/b/one/v1" 2>/dev/null

# the breaker: three failures open it, a probe closes it. Its time is half an
# hour, which over ends.
breaker=$DARIO_HOME/state/breaker-one.json
until_in() { # EARLIEST LATEST: it is open until half an hour after these
	open_until=$(json 'j["until"]' <"$breaker")
	[ $(($1 + 1800000)) -le "$open_until" ] && [ "$open_until" -le $(($2 + 1800000)) ]
}
over() { sed -i "s/\"until\":[0-9]*/\"until\":$(now_ms)/" "$breaker"; }
faults '{"one":[{"status":500},{"status":500},{"status":500},{"status":500}]}'
begun=$(now_ms)
for i in 1 2 3; do ask >/dev/null; done
is 'breaker: three failures were seen' "$(asked)" 'one two one two one two'
ok 'breaker: open for as long as is said' until_in "$begun" "$(now_ms)"
rule '{"forget":true}'
is 'breaker: open' "$(ask) $(asked)" '200 two two'
is 'breaker: that is said' "$(header x-dario-fallback)" 'one: its breaker is open'
is 'breaker: explain shows it' "$("$dario" explain m --json | json 'j["backend"], j["passed"][0]["backend"]')" 'two one'
over
begun=$(now_ms)
is 'breaker: tried again when its time is over' "$(ask) $(asked)" '200 two two one two'
ok 'breaker: the probe failed, as long again' until_in "$begun" "$(now_ms)"
rule '{"forget":true}'
is 'breaker: the probe failed, open again' "$(ask) $(asked)" '200 two two'
rule '{"forget":true}'
over
is 'breaker: the probe went well' "$(ask) $(asked)" '200 one one'
is 'breaker: closed' "$(ask)" '200 one'
is 'breaker: nothing is left of it' "$(ls "$breaker" 2>/dev/null)" ''
post /v1/chat/completions '{"model":"one:x","messages":[{"role":"user","content":"hi"}]}' >/dev/null
faults '{"one":[{"status":500},{"status":500},{"status":500},{"status":500}]}'
for i in 1 2 3; do post /v1/chat/completions '{"model":"one:x","messages":[]}' >/dev/null; done
is 'breaker: without another target it is asked all the same' \
	"$(post /v1/chat/completions '{"model":"one:x","messages":[]}' >/dev/null; status)" 500

faults '{"one":[{"status":500},{"status":500},{"status":500}]}'
for i in 1 2 3; do post /v1/chat/completions '{"model":"one:x","messages":[]}' >/dev/null; done
is 'breaker: errors that are passed on open it too' "$(ask) $(header x-dario-fallback)" '200 two one: its breaker is open'
echo '{"failures":9,"until":9999999999999}' >"$DARIO_HOME/state/breaker-one.json"
is 'breaker: a clock that was set back is not waited for' "$(ask)" '200 one'
# The first retry comes after 200 ms.
rules ',"retries":5,"budgetMs":100'
faults '{"one":[{"status":500},{"status":500},{"status":500},{"status":500},{"status":500},{"status":500}]}'
ask >/dev/null
is 'retries: none begins after the budget' "$(seen '[r["backend"] for r in j["requests"]].count("one")')" 1
rules ''

# from Claude to another provider, and back
faults '{}'
printf 'sk-ant-api03-a\n' | "$dario" accounts add a --key-stdin 2>/dev/null
"$dario" route add smart claude:claude-opus-9 --fallback=one:gpt-x
rule '{"accept":["sk-ant-api03-a"],"answers":{"sk-ant-api03-a":[{"status":429,"headers":{"retry-after":"30"}}]}}'
smart() {
	post /v1/messages '{"model":"smart","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >"$tmp/answer"
	echo "$(status) $(header x-dario-backend) $(header x-dario-model)"
}
is 'Claude is exhausted: another provider' "$(smart)" '200 one gpt-x'
is 'Claude is exhausted: that is said' "$(header x-dario-fallback)" 'claude/a: burst'
is 'Claude is still exhausted: at once' "$(smart) $(header x-dario-fallback)" '200 one gpt-x claude: exhausted'
is 'the answer is in the caller'"'"'s dialect' "$(json 'j["content"][0]["text"]' <"$tmp/answer")" 'Hello from the provider.'
is 'analytics counts fallbacks' "$(curl -s "$url/analytics" | json 'j["allTime"]["fallbacks"] > 5')" True
ok 'the log says so' wait_for grep -q 'fallback="claude/a: burst"' "$tmp/log"
done_testing
