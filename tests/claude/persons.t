#!/bin/sh
# SPDX-License-Identifier: MIT
# What a person with a key sees of the accounts that pay: the windows of the
# whole pool, and of none of them its name, its rest or its organization.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
export DARIO_QUEUE_MS=0 DARIO_API_KEY=the-owner
subscription accounts/acc-one.json sk-ant-oat01-one sk-ant-ort01-one 36000000
subscription accounts/acc-two.json sk-ant-oat01-two sk-ant-ort01-two 36000000
anna=$("$dario" key add anna 2>/dev/null)
rated=$("$dario" key add rated --rate=1000/min 2>/dev/null)
paid=$("$dario" key add paid --spend=1/day 2>/dev/null)
start_router

unified=anthropic-ratelimit-unified
soon=$(($(date +%s) + 600))
later=$(($(date +%s) + 900))
far=$(($(date +%s) + 20000))
more='"anthropic-organization-id":"org-of-the-owner-1","anthropic-ratelimit-requests-remaining":"17","openai-organization":"org-of-the-owner-2","x-ratelimit-remaining-tokens":"99","anthropic-priority-input-tokens-remaining":"98","anthropic-fast-output-tokens-remaining":"97","x-ratelimitbysize-remaining-minute":"96","x-litellm-key-spend":"95","x-codex-primary-used-percent":"93","x-codex-plan-type":"pro","x-codex-turn-state":"kept","llm_provider-x-ratelimit-remaining-requests":"94"'
step() { # STATUS 5H RESET [MORE]
	echo "[{\"status\":$1,\"headers\":{\"$unified-status\":\"allowed\",\"$unified-5h-utilization\":\"$2\",\"$unified-5h-reset\":\"$3\",\"$unified-7d-utilization\":\"0.5\",\"$unified-7d-reset\":\"$far\",$more}${4-}}]"
}
says() { # STATUS [MORE]: what both accounts answer next
	rule "{\"answers\":{\"sk-ant-oat01-one\":$(step "$1" 0.20 "$soon" "${2-}"),\"sk-ant-oat01-two\":$(step "$1" 0.60 "$later" "${2-}")}}"
}
ask() { # KEY [curl flags]: the status
	key=$1
	shift
	message claude-opus-5 -H "x-api-key: $key" "$@" >"$tmp/answer"
	status
}
says 200
is 'the owner is answered' "$(ask the-owner)" 200
is 'and sees the account' "$(header x-dario-account | grep -c '^acc-') $(header anthropic-organization-id)" '1 org-of-the-owner-1'
both() {
	for n in 1 2 3 4 5 6; do
		says 200
		post /v1/messages "{\"model\":\"claude-opus-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"another $n\"}]}" -H 'x-api-key: the-owner' >/dev/null
		header x-dario-account
	done | sort -u | tr '\n' ' '
}
is 'both are asked' "$(both)" 'acc-one acc-two '
says 200
is 'a person is answered' "$(ask "$anna")" 200
is 'and sees no account' "$(header x-dario-account)$(header anthropic-organization-id)$(header openai-organization)" ''
is 'nor how much is left of it' "$(header anthropic-ratelimit-requests-remaining)$(header x-ratelimit-remaining-tokens)" ''
is 'in whatever words' "$(grep -ciE 'priority|fast|bysize|litellm|llm_provider|codex-p' "$tmp/head")" 0
is 'what the client sends back is there' "$(header x-codex-turn-state)" kept
is 'but how much of all is used' "$(header $unified-5h-utilization) $(header $unified-7d-utilization)" '0.40 0.50'
is 'which of them is told' "$(header $unified-status) $(header $unified-representative-claim)" 'allowed seven_day'
is 'until when' "$(header $unified-5h-reset) $(header $unified-7d-reset) $(header $unified-reset)" "$soon $far $far"
is 'each once' "$(grep -ci "^$unified-5h-utilization" "$tmp/head")" 1
is 'with a rate alone, too' "$(ask "$rated") $(header $unified-5h-utilization)" '200 0.40'
is 'with a limit of money: its own' "$(ask "$paid") $(header $unified-5h-utilization) $(header $unified-overage-utilization)" '200  0.00'
post /v1/chat/completions '{"model":"claude-opus-5","messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $anna" >/dev/null
is 'of another API: none' "$(status) $(grep -ci -e ratelimit -e organization -e '^x-dario-account' "$tmp/head")" '200 0'
post /v1/messages '{"model":"claude-opus-5","stream":true,"max_tokens":50,"messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $anna" >/dev/null
is 'in a stream, too' "$(status) $(header $unified-5h-utilization) $(header x-dario-account)" '200 0.40 '

# errors
refusal=',"body":{"type":"error","error":{"type":"invalid_request_error","message":"This organization (org-0123456789abc, proj_0123456789) has no access to that"}}'
says 400 "$refusal"
is 'a refusal of the provider' "$(ask "$anna")" 400
like 'is passed on' "$(cat "$tmp/answer")" 'has no access to that'
unlike 'without the organization' "$(cat "$tmp/answer" "$tmp/head")" 0123456789
says 400 "$refusal"
ask the-owner >/dev/null
like 'the owner sees it' "$(cat "$tmp/answer")" org-0123456789abc
"$dario" accounts pause acc-one 2>/dev/null
"$dario" accounts pause acc-two 2>/dev/null
is 'nobody can serve' "$(ask "$anna")" "$(ask the-owner)"
like 'the owner is told who' "$(cat "$tmp/answer")" acc-one
ask "$anna" >/dev/null
unlike 'a person is not' "$(cat "$tmp/answer" "$tmp/head")" acc-
like 'but whom to ask' "$(cat "$tmp/answer")" 'ask its owner'
ok 'and the log says it' wait_for grep -q 'acc-one: it is paused' "$tmp/log"
"$dario" accounts resume acc-one 2>/dev/null
says 429 ',"body":{"type":"error","error":{"type":"rate_limit_error","message":"Rate limit reached in organization org-0123456789abc"}}'
ask "$anna" >/dev/null
unlike 'nor by a limit' "$(cat "$tmp/answer" "$tmp/head")" acc-
unlike 'nor is the organization told by one' "$(cat "$tmp/answer" "$tmp/head")" org-0
for path in /v1/models /v1/models/claude-opus-5 /accounts /status /health \
	/requests '/analytics?errors=9' '/analytics?by=account'; do
	curl -s -D "$tmp/h" -H "x-api-key: $anna" "$url$path" >"$tmp/answer"
	unlike "no account in $path" "$(cat "$tmp/answer" "$tmp/h")" acc-
done
"$dario" accounts resume acc-two 2>/dev/null
like 'the owner sees who paid' "$(curl -s -H 'x-api-key: the-owner' "$url/requests")" '"account":"acc-'

# To count is free, but no way to have more at a time: the first count waits at
# the provider until the second has been refused.
slow=$("$dario" key add slow --parallel=1 --spend=0/month 2>/dev/null)
count() { # OUT
	curl -s -o "$1" -w '%{http_code}' -H "x-api-key: $slow" \
		-d '{"model":"claude-opus-5","messages":[{"role":"user","content":"hi"}]}' "$url/v1/messages/count_tokens"
}
rule '{"forget":true,"answers":{},"gather":1000}'
count "$tmp/first" >"$tmp/first.status" &
first=$!
is_there() {
	[ "$(seen 'len(j["requests"])')" = 1 ]
}
ok 'a count is at the provider' wait_for is_there
is 'another one is too many' "$(count "$tmp/answer") $(json 'j["error"]["type"]' <"$tmp/answer")" '429 rate_limit_error'
like 'how many there may be' "$(cat "$tmp/answer")" 'this key may have 1'
is 'it was not sent' "$(seen 'len(j["requests"])')" 1
rule '{"gather":0}'
wait "$first"
is 'the first is answered' "$(cat "$tmp/first.status") $(json 'j["input_tokens"]' <"$tmp/first")" '200 42'
counts_again() {
	[ "$(count "$tmp/answer")" = 200 ]
}
ok 'and makes room' wait_for counts_again
is 'it has cost nothing' "$("$dario" key show slow --json | json 'j["used"]["spend"]["month"]')" 0.000000000
done_testing
