#!/bin/sh
# SPDX-License-Identifier: MIT
# What an answer teaches of its account, whatever becomes of the answer.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
mkdir -m 700 "$DARIO_HOME"
account() { # ALIAS [KEY]
	printf '%s\n' "${2-sk-ant-api03-$1}" | "$dario" accounts add "$1" --key-stdin 2>/dev/null
}
rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b","sk-ant-api03-new"]}'
account a
start_router

unified='anthropic-ratelimit-unified'
shares() { # STATUS 5H SECONDS 7D: header fields as JSON
	echo "\"$unified-status\":\"$1\",\"$unified-5h-utilization\":\"$2\",\"$unified-5h-reset\":\"$(($(date +%s) + $3))\",\"$unified-7d-utilization\":\"$4\",\"$unified-7d-reset\":\"$(($(date +%s) + 86400))\""
}
answers() { # CREDENTIAL ANSWERS...
	credential=$1
	shift
	rule "{\"answers\":{\"$credential\":[$(echo "$@" | sed 's/ {/,{/g')]}}"
}
state() { # of the accounts: alias, cause
	curl -s "$url/accounts" | json '[(a["alias"], a["cause"]) for a in j["accounts"]]'
}
ask() { # [TEXT [curl flags]]
	text=${1-hi}
	[ $# -eq 0 ] || shift
	post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":9,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"$text\"}]}" "$@" >"$tmp/answer"
}
free() { [ "$(state)" = "[('a', 'none')]" ]; }

# A 429 that says nothing is no bench, whatever stood in an earlier one.
answers sk-ant-api03-a "{\"status\":429,\"headers\":{$(shares rejected 1.0 15 0.5)}}"
ask
is 'used up' "$(state)" "[('a', 'window')]"
wait_for free
answers sk-ant-api03-a '{"status":429}'
ask
is 'a bare 429: answered as it is' "$(status)" 429
is 'a bare 429 after a rejection: no bench' "$(state)" "[('a', 'none')]"

# One family's window is used up: the other models are served.
forget_state
opus() {
	post /v1/messages '{"model":"claude-opus-9","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
	status
}
answers sk-ant-api03-a "{\"status\":429,\"headers\":{$(shares rejected 0.1 6000 0.2),\"$unified-7d_opus-utilization\":\"1.0\",\"$unified-7d_opus-reset\":\"$(($(date +%s) + 400000))\"}}"
is 'Opus is used up: 429' "$(opus)" 429
ask
is 'Opus is used up: Sonnet is served' "$(status)" 200
is 'Opus is used up: not asked again' "$(opus) $(seen 'j["requests"][-1]["body"]["model"]')" \
	'429 claude-sonnet-9'

# Rejected, and all that is told is when that ends.
forget_state
answers sk-ant-api03-a "{\"status\":429,\"headers\":{\"$unified-status\":\"rejected\",\"$unified-reset\":\"$(($(date +%s) + 9000))\"}}"
ask
ask
ok 'rejected until then' test "$(header retry-after)" -gt 8900

# An overloaded account is asked all the same, a used-up one is not.
forget_state
answers sk-ant-api03-a "{\"status\":529,\"headers\":{$(shares allowed 1.0 6000 0.1)}}" \
	"{\"status\":529,\"headers\":{$(shares allowed 1.0 6000 0.1)}}"
ask
before=$(seen 'len(j["requests"])')
ask
is 'overloaded and used up: not asked' "$(status) $(seen 'len(j["requests"])')" "429 $before"

# Counting has limits of its own.
forget_state
answers sk-ant-api03-a '{"status":429,"headers":{"retry-after":"250"}}'
post /v1/messages/count_tokens '{"model":"claude-sonnet-9","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'counted too fast: answered as it is' "$(status)" 429
is 'counted too fast: no bench' "$(state)" "[('a', 'none')]"

# The sum that its owner allows a key is spent.
forget_state
answers sk-ant-api03-a '{"status":400,"body":{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2027-01-01 at 00:00 UTC."}}}'
ask
is 'spent: no credit' "$(status) $(state)" "400 [('a', 'credit')]"

# Others know what the head says while the answer still runs.
forget_state
answers sk-ant-api03-a "{\"pause_at\":3,\"pause\":120,\"headers\":{$(shares allowed 1.0 6000 0.1)}}"
curl -sN -o "$tmp/long" -d '{"model":"claude-sonnet-9","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"long"}]}' "$url/v1/messages" &
long=$!
wait_for grep -q message_start "$tmp/long"
is 'a head counts at once' "$(state)" "[('a', 'window')]"
kill "$long"
wait "$long"

# A new key starts anew where the old one had no credit.
forget_state
answers sk-ant-api03-a '{"status":402}'
ask
is 'no credit' "$(state)" "[('a', 'credit')]"
account a sk-ant-api03-new
is 'no credit: a new key has' "$(state)" "[('a', 'none')]"
ask
is 'a new key serves' "$(status)" 200
account a

# Refused, and no other account: the next target of the route.
"$dario" backend add spare --base-url="$provider/b/spare/v1" 2>/dev/null
"$dario" route add claude-sonnet-9 claude --fallback=spare:m 2>/dev/null
for case in '401|auth' '402|credit'; do
	forget_state
	answers sk-ant-api03-a "{\"status\":${case%|*}}"
	ask
	is "${case%|*}: the fallback answers" "$(status) $(header x-dario-backend)" '200 spare'
	is "${case%|*}: that is said" "$(header x-dario-fallback)" "claude/a: ${case#*|}"
done
"$dario" route remove claude-sonnet-9 2>/dev/null

# What one account says of itself and of tokens is not another's.
account b
forget_state
start='{"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":1000,"output_tokens":1,"cache_creation_input_tokens":900,"cache_creation":{"ephemeral_1h_input_tokens":900}}}}'
rule "$(START="$start" python3 -c '
import json, os
error = {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}
text = "".join("event: %s\ndata: %s\n\n" % (e["type"], json.dumps(e)) for e in (json.loads(os.environ["START"]), error))
head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nanthropic-ratelimit-unified-5h-utilization: 0.9\r\nConnection: close\r\n\r\n"
print(json.dumps({"answers": {"sk-ant-api03-a": [{"raw": [head + text]}]}}))')"
ask first
is 'an error first: the other answers' "$(status) $(header x-dario-account)" '200 b'
is 'its tokens are its own' \
	"$(curl -s "$url/analytics" | json '(lambda t: (t["write1h"], t["write5m"], t["uncached"]))(j["perAccount"]["b"])')" \
	'(0, 20, 12)'

# A beginning without its end is no answer: the other account is asked.
rule "$(START="$start" python3 -c '
import json, os
head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
print(json.dumps({"answers": {"sk-ant-api03-a": [{"raw": [head + "event: message_start\ndata: " + os.environ["START"] + "\n"]}]}}))')"
forget_state
ask second
is 'ended after its first event: the other answers' "$(status) $(header x-dario-account)" '200 b'

# Different pictures begin different conversations.
picture() { # DATA
	post /v1/messages "{\"model\":\"claude-sonnet-9\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image\",\"source\":{\"type\":\"base64\",\"media_type\":\"image/png\",\"data\":\"$1\"}$2}]}]}" >/dev/null
}
forget_state
picture iVBORw0KGgo= ''
picture iVBORw0KGgp= ''
picture iVBORw0KGgo= ',"cache_control":{"type":"ephemeral"}'
is 'pictures tell conversations apart, cache marks do not' \
	"$(curl -s "$url/accounts" | json 'j["sticky"]')" 2
stop_router

# An answer billed beyond the plan halts the account, also one that broke off.
"$dario" accounts remove a
"$dario" accounts remove b
subscription accounts/plan.json sk-ant-oat01-plan sk-ant-ort01-plan 3600000
forget_state
start_router
answers sk-ant-oat01-plan "{\"cut_at\":3,\"headers\":{\"$unified-status\":\"allowed\",\"$unified-overage-in-use\":\"true\"}}"
ask
is 'beyond the plan, and cut: halted' "$(state)" "[('plan', 'overage')]"
answers sk-ant-oat01-plan '{"status":429,"headers":{"retry-after":"1"}}'
ask
is 'beyond the plan: nothing goes there' "$(status)" 503
"$dario" accounts resume plan
answers sk-ant-oat01-plan "{\"headers\":{\"$unified-status\":\"rejected\",\"$unified-overage-status\":\"allowed\"}}"
ask
is 'rejected, and served all the same: beyond the plan' "$(status) $(state)" \
	"200 [('plan', 'overage')]"
done_testing
