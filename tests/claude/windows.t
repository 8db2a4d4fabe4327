#!/bin/sh
# SPDX-License-Identifier: MIT
# Windows of a plan: which of them rests whom, and the way back.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
mkdir -m 700 "$DARIO_HOME"
subscription accounts/a.json sk-ant-oat01-a sk-ant-ort01-a 36000000
start_router

unified=anthropic-ratelimit-unified
soon=$(($(date +%s) + 600))
far=$(($(date +%s) + 20000))
# shares STATUS 5H 7D [NAME SHARE STATUS]: header fields of an answer
shares() {
	echo "\"$unified-status\":\"$1\",\"$unified-5h-utilization\":\"$2\",\"$unified-5h-reset\":\"$soon\",\"$unified-7d-utilization\":\"$3\",\"$unified-7d-reset\":\"$far\"${4:+,\"$unified-$4-utilization\":\"$5\",\"$unified-$4-status\":\"$6\",\"$unified-$4-reset\":\"$far\"}"
}
next() { # ALIAS STEP...: what the account answers next
	alias=$1
	shift
	rule "{\"answers\":{\"sk-ant-oat01-$alias\":[$(echo "$@" | sed 's/} {/},{/g')]}}"
}
ask() { # MODEL: "STATUS ACCOUNT"
	message "$1" >"$tmp/answer"
	echo "$(status) $(header x-dario-account)"
}
asked() { # how often the provider was
	seen 'len([r for r in j["requests"] if "messages" in r["path"]])'
}

# One model's window says no: the others are served.
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 0.5 7d_oi 1.0 rejected)}}"
is 'fable is refused' "$(ask claude-fable-5)" '429 a'
is 'opus is served' "$(ask claude-opus-5)" '200 a'
is 'sonnet is served' "$(ask claude-sonnet-5)" '200 a'
before=$(asked)
is 'fable is not asked for again' "$(ask claude-fable-5) $(($(asked) - before))" '429  0'
ok 'fable: when it is free again' test "$(header retry-after)" -gt 19000
is 'the account is well' "$(curl -s "$url/accounts" | json '[(a["cause"], [w["families"] for w in a["windows"] if w["name"] == "7d_oi"]) for a in j["accounts"]]')" \
	"[('none', [['fable']])]"
like 'the list tells' "$("$dario" accounts list)" 'not fable: its window 7d_oi is used up'
is 'explain: opus' "$("$dario" explain claude-opus-5 --json | json 'j["account"]')" a
is 'explain: fable' "$("$dario" explain claude-fable-5 --json | json 'j["account"]')" None

# A window counts for nobody before it has refused somebody.
forget_state
next a "{\"headers\":{$(shares allowed 0.2 0.5 7d_sonnet 1.0 allowed)}}"
is 'full, and nobody was refused' "$(ask claude-opus-5) $(ask claude-sonnet-5)" '200 a 200 a'

# Nor does one that is full for others, and says so.
also="\"$unified-7d_sonnet-utilization\":\"1.0\",\"$unified-7d_sonnet-status\":\"allowed\",\"$unified-7d_sonnet-reset\":\"$far\""
families() { # of each window that is not shared
	curl -s "$url/accounts" | json 'sorted((w["name"], w["families"]) for a in j["accounts"] for w in a["windows"] if "_" in w["name"])'
}
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 0.5 7d_oi 1.0 rejected),$also}}"
is "another's is full beside it" "$(ask claude-fable-5) $(ask claude-sonnet-5)" '429 a 200 a'
is "another's is full beside it: whose they are" "$(families)" "[('7d_oi', ['fable']), ('7d_sonnet', [])]"
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 0.5 7d_oi 1.0 rejected),$(echo "$also" | sed 's/"[^"]*-status":"allowed",//')}}"
is 'another says nothing of itself' "$(ask claude-fable-5) $(families)" "429 a [('7d_oi', ['fable']), ('7d_sonnet', [])]"
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 0.5),\"$unified-reset\":\"$far\",$also}}"
is 'none says no: the family alone' "$(ask claude-fable-5) $(ask claude-sonnet-5) $(ask claude-fable-5) $(families)" "429 a 200 a 429  [('7d_sonnet', [])]"

# Rejected, and no shared window is full: that family alone.
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 0.5),\"$unified-reset\":\"$far\"}}"
is 'rejected without a window' "$(ask claude-fable-5) $(ask claude-opus-5) $(ask claude-fable-5)" '429 a 200 a 429 '

# A window that is shared: all of them.
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 0.2 1.0)}}"
is 'seven days are full' "$(ask claude-fable-5) $(ask claude-opus-5)" '429 a 429 '

# A proxy on the way may write the names of fields as it likes.
forget_state
next a "{\"status\":429,\"headers\":{$(shares rejected 1.0 0.5 | sed 's/anthropic-ratelimit-unified/Anthropic-Ratelimit-Unified/g; s/5h/5H/g')}}"
is 'a shared window in capitals' "$(ask claude-fable-5) $(ask claude-opus-5)" '429 a 429 '

# With a second account only what was refused goes there.
subscription accounts/b.json sk-ant-oat01-b sk-ant-ort01-b 36000000
forget_state
# With hosts that share a store it is said a moment later that nothing is under
# way any more: until then the other account is the better one.
idle() {
	test "$(curl -s "$url/accounts" | json 'sum(a["inFlight"] for a in j["accounts"])')" = 0
}
wait_for idle
next a "{\"status\":429,\"headers\":{$(shares rejected 0.0 0.0 7d_oi 1.0 rejected)}}"
is 'fable goes to the other' "$(ask claude-fable-5) $(ask claude-fable-5)" '200 b 200 b'
wait_for idle
is 'opus stays' "$(ask claude-opus-5)" '200 a'
"$dario" accounts remove b

# The way back: what was learnt of windows is void with another credential,
# after a refresh, and when a person says so.
full() {
	forget_state
	next a "{\"status\":429,\"headers\":{$(shares rejected 1.0 1.0 7d_oi 1.0 rejected)}}"
	ask claude-fable-5 >/dev/null
	ask claude-opus-5
}
is 'full' "$(full)" '429 '
"$dario" accounts resume a
is 'resumed: asked again' "$(ask claude-opus-5) $(ask claude-fable-5)" '200 a 200 a'
is 'full again' "$(full)" '429 '
subscription accounts/a.json sk-ant-oat01-new sk-ant-ort01-new 36000000
is 'another log-in: asked again' "$(ask claude-opus-5)" '200 a'
subscription accounts/a.json sk-ant-oat01-a sk-ant-ort01-a 36000000
is 'full once more' "$(full)" '429 '
"$dario" refresh a 2>/dev/null
is 'refreshed: asked again' "$(ask claude-opus-5)" '200 a'

# While nobody can serve one request may try an account whose reset is far.
subscription accounts/a.json sk-ant-oat01-a sk-ant-ort01-a 36000000
forget_state
state="{\"updatedAt\":1,\"links\":[],\"5h\":{\"used\":1,\"reset\":$(($(now_ms) + 3600000))}}"
put_state limits-a.json "$state"
next a "{\"status\":429,\"headers\":{$(shares rejected 1.0 1.0)}}"
before=$(asked)
try() { "$dario" explain claude-opus-5 --json | json '[(c["ok"], c["chosen"]) for c in j["candidates"] if c["target"] == "claude/a"], j["account"]'; }
is 'explain: it would be tried' "$(try)" "[(True, True)] a"
like 'explain: it says so' "$("$dario" explain claude-opus-5)" 'used up, free again in 59m, and is asked all the same'
is 'a try, that says no' "$(ask claude-opus-5)" '429 a'
is 'explain: it is not tried again' "$(try)" "[(False, False)] None"
is 'and no other' "$(ask claude-opus-5) $(ask claude-opus-5) $(($(asked) - before))" '429  429  1'
forget_state
put_state limits-a.json "$state"
is 'a try, that is served' "$(ask claude-opus-5)" '200 a'
is 'its answer counts' "$(ask claude-opus-5)" '200 a'
forget_state
put_state limits-a.json "$(echo "$state" | sed "s/\"reset\":[0-9]*/\"reset\":$(($(now_ms) + 600000))/")"
is 'not one whose reset is near' "$(ask claude-opus-5)" '429 '

# Where there is no account explain says who answers.
"$dario" backend add openai --base-url="$provider/b/openai/v1" 2>/dev/null
"$dario" route add 'claude-*' claude --fallback=openai:gpt-5
is 'explain: the account' "$("$dario" explain claude-opus-5 --json | json 'j["backend"]')" openai
forget_state
is 'explain: again' "$("$dario" explain claude-opus-5 --json | json 'j["backend"], j["account"]')" 'claude a'
like 'explain: what is added' "$("$dario" explain claude-opus-5 --json)" oauth-2025-04-20
"$dario" accounts pause a
is 'paused: the fallback' "$(message claude-opus-5 >/dev/null; header x-dario-backend)" openai
is 'explain: paused' "$("$dario" explain claude-opus-5 --json | json 'j["backend"], j["upstreamModel"], j["passed"]')" \
	"openai gpt-5 [{'backend': 'claude', 'why': 'no account can serve now'}]"
"$dario" accounts resume a
"$dario" accounts remove a
is 'explain: no account' "$("$dario" explain claude-opus-5 --json | json 'j["backend"], j["passed"][0]["why"]')" 'openai there is no account'
is 'and so it is' "$(message claude-opus-5 >/dev/null; header x-dario-backend)" openai
done_testing
