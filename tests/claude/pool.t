#!/bin/sh
# SPDX-License-Identifier: MIT
# Several accounts as one: who answers, who steps in, who waits.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
account() { # ALIAS: an API key "sk-ant-api03-ALIAS"
	printf 'sk-ant-api03-%s\n' "$1" | "$dario" accounts add "$1" --key-stdin 2>/dev/null
}
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b","sk-ant-api03-c"]}'
account a
account b
start_router

# next JSON: what the accounts answer next, by alias
next() {
	rule "$(printf '%s' "$1" | json 'json.dumps({"answers": {"sk-ant-api03-" + k: v for k, v in j.items()}})')"
}
# talk N: a turn of conversation N; prints "STATUS ACCOUNT"
talk() {
	post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"conversation $1\"}]}" >"$tmp/answer"
	echo "$(status) $(header x-dario-account)"
}
used() { # SHARE SECONDS: header fields of an account's five hours
	echo "\"anthropic-ratelimit-unified-5h-utilization\":\"$1\",\"anthropic-ratelimit-unified-5h-reset\":\"$(($(date +%s) + $2))\",\"anthropic-ratelimit-unified-status\":\"allowed\""
}

# the most headroom, and staying with it
next "{\"a\":[{\"headers\":{$(used 0.6 600)}}]}"
is 'both are free: the first' "$(talk 1)" '200 a'
is 'the other has more left' "$(talk 2)" '200 b'
is 'a conversation stays where its cache is' "$(talk 1)" '200 a'
is 'a binding is known' "$(curl -s "$url/accounts" | json 'j["sticky"], j["bestAccount"], j["mode"]')" '2 b pool'
is 'Chat: the same conversation, the same account' \
	"$(post /v1/chat/completions '{"model":"claude-sonnet-9","messages":[{"role":"user","content":"conversation 1"}]}' >/dev/null; header x-dario-account)" a
is 'Responses, a text: the same conversation' \
	"$(post /v1/responses '{"model":"claude-sonnet-9","input":"conversation 1"}' >/dev/null; header x-dario-account)" a
is 'Responses, a list: the same conversation, whatever follows' \
	"$(post /v1/responses '{"input":[{"role":"user","content":[{"type":"input_text","text":"conversation 1"}]},{"role":"assistant","content":"1"},{"role":"user","content":"2"}],"model":"claude-sonnet-9"}' >/dev/null; header x-dario-account)" a
is 'another system text: another conversation' \
	"$(post /v1/responses '{"model":"claude-sonnet-9","input":"conversation 1","instructions":"other"}' >/dev/null; header x-dario-account)" b

# one that cannot serve
next "{\"a\":[{\"status\":429,\"headers\":{$(used 1.0 600),\"anthropic-ratelimit-unified-status\":\"rejected\"}}]}"
is 'used up: the next one answers' "$(talk 1)" '200 b'
is 'used up: that is said' "$(header x-dario-fallback)" 'claude/a: window'
is 'used up: not asked again' "$(talk 1) $(header x-dario-fallback)" '200 b '
is 'a recovered account does not steal it back' "$(forget_state; talk 3 >/dev/null; talk 4 >/dev/null; talk 1)" '200 a'
forget_state
is 'again a' "$(talk 1)" '200 a'
for case in '529|overloaded' '500|refused' '503|refused' '402|credit' '403|refused' '401|auth'; do
	forget_state
	next "{\"a\":[{\"status\":${case%|*}}]}"
	is "${case%|*}: the next one answers" "$(talk 1)" '200 b'
	is "${case%|*}: that is said" "$(header x-dario-fallback)" "claude/a: ${case#*|}"
done
forget_state
next '{"a":[{"cut":true},{"cut":true}]}' # libcurl tries a kept connection anew
is 'cut before an answer: the next one' "$(talk 1) $(header x-dario-fallback)" '200 b claude/a: failed'
forget_state
next '{"a":[{"status":429}]}'
is 'a bare 429: the next one' "$(talk 1)" '200 b'
is 'a bare 429: no bench' "$(curl -s "$url/accounts" | json 'j["healthy"]')" 2
forget_state
next '{"a":[{"status":400}]}'
is 'a bad request is nobody else'"'"'s' "$(talk 1)" '400 a'
forget_state
next '{"a":[{"status":429,"headers":{"retry-after":"300"}}],"b":[{"status":429,"headers":{"retry-after":"200"}}]}'
talk 1 >"$tmp/last"
is 'all are too fast: the last answer as it is' "$(cat "$tmp/last")" '429 b'
talk 1 >"$tmp/last"
is "all rest: our own 429" "$(cat "$tmp/last")" "429 "
like 'all rest: says when' "$(cat "$tmp/answer")" 'all Claude accounts are exhausted'
ok 'all rest: Retry-After of the earliest' test "$(header Retry-After)" -le 201
is 'causes are shown' "$(curl -s "$url/accounts" | json 'sorted((a["alias"], a["cause"], a["resetsAt"] is not None) for a in j["accounts"])')" \
	"[('a', 'burst', True), ('b', 'burst', True)]"

# a share that is left alone
forget_state
"$dario" accounts add a --reserve=50% 2>/dev/null
next "{\"a\":[{\"headers\":{$(used 0.6 600)}}]}"
is 'reserve: not reached yet' "$(talk 1)" '200 a'
is 'reserve: reached' "$(talk 1)" '200 b'
is 'reserve: that is said' "$(header x-dario-fallback)" 'claude/a: window'
"$dario" accounts add a --reserve=0 2>/dev/null

# beyond the plan
subscription accounts/plan.json sk-ant-oat01-plan sk-ant-ort01-plan 3600000
"$dario" accounts remove a
"$dario" accounts remove b
forget_state
over='{"answers":{"sk-ant-oat01-plan":[{"headers":{"anthropic-ratelimit-unified-status":"allowed","anthropic-ratelimit-unified-overage-in-use":"true","anthropic-ratelimit-unified-representative-claim":"overage"}}]}}'
rule "$over"
is 'beyond the plan: that answer comes' "$(talk 1)" '200 plan'
is 'beyond the plan: the next does not' "$(talk 1)" '503 '
like 'beyond the plan: explained' "$(cat "$tmp/answer")" 'dario accounts resume plan'
like 'beyond the plan: shown' "$("$dario" accounts list)" 'billed beyond its plan'
is 'beyond the plan: health' "$(curl -s -o /dev/null -w '%{http_code}' "$url/health")" 503
"$dario" accounts resume plan
is 'beyond the plan: resumed' "$(talk 1)" '200 plan'
stop_router
start_router --overage=warn
rule "$over"
is 'warn: goes on' "$(talk 1) $(talk 1)" '200 plan 200 plan'
ok 'warn: said in the log' wait_for grep -q 'billed beyond its plan' "$tmp/log"
stop_router
"$dario" accounts remove plan

# in line
DARIO_QUEUE_MS=300000
account a
forget_state
start_router
next '{"a":[{"status":429,"headers":{"retry-after":"2"}}]}'
is 'in line: served when the account is free' "$(talk 1)" '200 a'
is 'in line: by the first choice after all' "$(header x-dario-fallback)" ''
next '{"a":[{"status":529}]}'
is 'overloaded, and nobody else: asked again' "$(talk 1) $(header x-dario-fallback)" '200 a '
account b
next '{"a":[{"status":429,"headers":{"retry-after":"2"}}],"b":[{"status":429,"headers":{"retry-after":"300"}}]}'
is 'in line: for the first that is free, not for the last that was asked' \
	"$(talk 1)" '200 a'
"$dario" accounts remove b
# A subscription keeps its pace: one comes well behind the other.
"$dario" accounts remove a
subscription accounts/line.json sk-ant-oat01-line sk-ant-ort01-line 3600000
rule '{"answers":{"sk-ant-oat01-line":[{"status":429,"headers":{"retry-after":"250"}}]}}'
stop_router
DARIO_MIN_INTERVAL_MS=1000
start_router
for i in 1 2 3; do
	curl -s -o "$tmp/wait$i" -d "{\"model\":\"claude-x\",\"messages\":[{\"role\":\"user\",\"content\":\"waiter $i\"}]}" "$url/v1/messages" &
	waiters="${waiters:-} $!"
	wait_for sh -c "curl -s $url/accounts | grep -q '\"queued\":$i'"
done
"$dario" accounts resume line
wait $waiters
is 'in line: first come, first served' \
	"$(seen '[w for r in j["requests"][-3:] for w in ("waiter 1", "waiter 2", "waiter 3") if w in str(r["body"])]')" \
	"['waiter 1', 'waiter 2', 'waiter 3']"
stop_router
DARIO_MIN_INTERVAL_MS=0
"$dario" accounts remove line
account a
start_router
is 'in line: nobody is left' "$(curl -s "$url/accounts" | json 'j["queued"]')" 0
next '{"a":[{"status":429,"headers":{"retry-after":"250"}}]}'
before=$(seen 'len(j["requests"])')
curl -s -o /dev/null -d '{"model":"claude-x","stream":true,"messages":[{"role":"user","content":"leaves"}]}' "$url/v1/messages" &
leaves=$!
in_line() { [ "$(curl -s "$url/accounts" | json 'j["queued"]')" = "$1" ]; }
ok 'in line: one waits' wait_for in_line 1
kill $leaves
ok 'in line: who has left is not kept there' wait_for in_line 0
is 'in line: and not asked for' "$(seen 'len(j["requests"])')" $((before + 1))
next '{"a":[]}'
stop_router
DARIO_QUEUE_MS=0
forget_state

# one home, two routers, one limit
rule "{\"windows\":{\"sk-ant-api03-a\":{\"5h\":{\"limit\":10,\"used\":0,\"length\":600,\"reset\":$(($(date +%s) + 600))}}}}"
start_router
one=$url
port=
start_router
two=$url
codes=
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	for url in "$one" "$two"; do
		codes="$codes $(talk "$i" | cut -d' ' -f1)"
	done
done
is 'two routers: one limit' "$(echo $codes | tr ' ' '\n' | sort | uniq -c | awk '{print $2 "x" $1}' | tr '\n' ' ')" '200x10 429x14 '
is 'two routers: the account was left alone when it was full' \
	"$(seen 'sum(r["credential"] == "sk-ant-api03-a" for r in j["requests"][-40:] if "conversation" in str(r["body"]))' | awk '{print ($1 <= 24)}')" 1
is 'analytics: counts both' "$(curl -s "$url/analytics" | json 'j["allTime"]["requests"] >= 20, 60 <= j["window"]["minutes"] < 120, j["perModel"]["claude-sonnet-9"]["cost"]')" \
	'True True unknown'
metrics=$(curl -s "$url/metrics")
like 'metrics: requests' "$metrics" 'dario_account_requests_total{gen_ai_provider_name="claude",account="a",status="2xx"}'
like 'metrics: tokens' "$metrics" 'dario_model_tokens_total{gen_ai_request_model="claude-sonnet-9",gen_ai_token_type="cache_read"}'
like 'metrics: headroom' "$metrics" 'dario_account_headroom_ratio{gen_ai_provider_name="claude",account="a"}'
accounts=$(curl -s "$url/accounts")
like 'accounts: its state' "$accounts" 'its limit is used up'
unlike 'accounts: no key' "$accounts" api03
like 'dario usage' "$("$dario" usage)" 'cost unknown'
done_testing
