#!/bin/sh
# SPDX-License-Identifier: MIT
# Errors that a person or a client must understand: a prompt that is too long in
# any provider's words, and our own where a client has words in their place.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
export DARIO_BREAKER_FAILURES=1000
for api in openai anthropic responses; do
	"$dario" backend add $api --base-url="$provider/b/$api/v1" --protocol=$api 2>/dev/null
done
start_router
report errors "$tmp/errors.out" python3 "$srcdir/tests/routes/errors.py" "$url" "$provider"

ask() { # MODEL [curl flags]: status, type and message
	message "$@" | json 'j["error"]["type"], j["error"]["message"]'
	status
}
like 'a model that nobody has: 404' "$(ask nothing)" "not_found_error"
is 'a model that nobody has: the status' "$(status)" 404
like 'a model that nobody has: the header says what to do' "$(header x-dario-error)" \
	'model not found: nothing: write BACKEND:MODEL with one of'
like 'to Claude Code: a 400' "$(ask nothing -H 'User-Agent: claude-cli/2.1 (external, cli)')" \
	'invalid_request_error model not found: nothing: write'
is 'to Claude Code: its status' "$(status)" 400
ask nothing -H 'Host: elsewhere.example' >"$tmp/answer"
is 'another host: 403' "$(status)" 403
like 'another host: the header' "$(header x-dario-error)" 'is not served here'
like 'another host, to Claude Code' "$(ask m -H 'Host: elsewhere.example' -H 'User-Agent: claude-cli/2')" 'is not served here'
is 'another host, to Claude Code: its status' "$(status)" 400
"$dario" backend add passed --base-url="$provider/b/openai/v1" 2>/dev/null
rule '{"faults":{"openai":[{"status":404,"text":"no such thing"}]}}'
message passed:m >"$tmp/answer"
is "an upstream's own is not ours" "$(status) $(header x-dario-error)" '404 '
curl -s -o "$tmp/answer" -D "$tmp/head" "$url/n%C3%A9w"
like 'bytes above ASCII do not come into the header' "$(header x-dario-error)" 'nothing is served at /n??w: '
message 'a\r\nX-Evil: 1/x' >"$tmp/answer"
like 'nor do line ends' "$(header x-dario-error)" 'model must be a name'
is 'no field is put in' "$(header x-evil)" ''

# An account's refusal that names the field, told by the pool in our words.
rule '{"answers":{"sk-ant-api03-bad":[{"status":401,"body":{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}}]}}'
printf 'sk-ant-api03-bad\n' | "$dario" accounts add bad --key-stdin 2>/dev/null
message claude-x >/dev/null
message claude-x >"$tmp/answer"
like 'the pool tells why' "$(cat "$tmp/answer")" 'no Claude account can serve'
unlike "without the field's name" "$(cat "$tmp/answer") $(header x-dario-error)" x-api-key
stop_router
DARIO_API_KEY=a-router-key
export DARIO_API_KEY
start_router
for sent in 'x-other: 1' 'x-api-key: wrong' 'Authorization: Bearer wrong'; do
	message m -H "$sent" >"$tmp/answer"
	is "$sent: 401" "$(status)" 401
	like "$sent: what to send" "$(cat "$tmp/answer")" "the router's key"
	unlike "$sent: without the field's name" "$(cat "$tmp/answer") $(cat "$tmp/head")" x-api-key
done
done_testing
