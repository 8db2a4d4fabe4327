#!/bin/sh
# SPDX-License-Identifier: MIT
# dario top, and what it shares with dario usage --watch: live on a terminal,
# once elsewhere, from a router or from the state.
. "$(dirname "$0")/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
unset NO_COLOR COLUMNS LINES

"$dario" top >"$tmp/out" 2>&1
is 'without a terminal: once, status 0' "$?" 0
like 'nothing is there: what to do' "$(cat "$tmp/out")" 'dario setup'
"$dario" accounts add work --key=sk-ant-api03-0123456789 2>/dev/null
printf '{"alias":"plan","accessToken":"sk-ant-oat-0123456789","refreshToken":"r","expiresAt":%s000,"scopes":[]}' \
	$(($(date +%s) + 7200)) >"$DARIO_HOME/accounts/plan.json"
chmod 600 "$DARIO_HOME/accounts/plan.json"
"$dario" backend add nowhere --base-url=http://127.0.0.1:9/v1 2>/dev/null

# --- a router -----------------------------------------------------------------
start_router --demo
chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'
post /v1/chat/completions "$chat" >/dev/null
post /v1/chat/completions '{"model":"nowhere:bad-model","messages":[]}' >/dev/null
export DARIO_PORT=$port
"$dario" top >"$tmp/out" 2>&1
like 'from the router: where it is' "$(head -n 1 "$tmp/out")" "http://127.0.0.1:$port"
like 'from the router: how busy it is' "$(head -n 1 "$tmp/out")" ' of '
like 'the last hour' "$(cat "$tmp/out")" 'requests'
like 'an account' "$(cat "$tmp/out")" 'plan '
like 'a backend' "$(cat "$tmp/out")" 'nowhere '
like 'a request' "$(cat "$tmp/out")" ' demo '
like 'one that failed, and why' "$(grep bad-model "$tmp/out")" ' 502 '
is 'no escapes' "$(grep -c "$(printf '\033')" "$tmp/out")" 0
ok 'it fits 80 columns' test "$(awk 'length > w { w = length } END { print w + 0 }' "$tmp/out")" -le 80
COLUMNS=40 "$dario" top >"$tmp/out" 2>&1
ok 'and 40' test "$(awk 'length > w { w = length } END { print w + 0 }' "$tmp/out")" -le 40
"$dario" top --json >"$tmp/out" 2>/dev/null
is 'as JSON: the same four answers' "$(json 'sorted(j), j["health"]["status"] != "stopped", len(j["requests"]["requests"])' <"$tmp/out")" \
	"['accounts', 'analytics', 'health', 'requests'] True 2"
for secret in sk-ant-api03 sk-ant-oat; do
	unlike "no $secret" "$(cat "$tmp/out")" "$secret"
done
for how in key:q key:ctrl-c signal:TERM signal:HUP stop resize; do
	report "top, $how" "$tmp/report" python3 "$srcdir/tests/sh/live.py" "$how" "$dario" top
done
report 'top without colour' "$tmp/report" env NO_COLOR=1 \
	python3 "$srcdir/tests/sh/live.py" key:q "$dario" top
for how in key:q stop; do
	report "usage --watch, $how" "$tmp/report" python3 "$srcdir/tests/sh/live.py" \
		"$how" "$dario" usage --by=model --watch
done
TERM=dumb "$dario" top --url="$url" >"$tmp/out" 2>&1
like '--url' "$(cat "$tmp/out")" "$url"

# --- another key, and none ----------------------------------------------------
stop_router
"$dario" top --url="$url" >"$tmp/out" 2>"$tmp/err"
is '--url of nobody: status 1' "$?" 1
like '--url of nobody: it is named' "$(cat "$tmp/err")" "$url"
"$dario" top >"$tmp/out" 2>&1
like 'no router: from the state' "$(head -n 1 "$tmp/out")" 'no router runs'
unlike 'no router: nothing is busy' "$(head -n 1 "$tmp/out")" busy
like 'no router: what was asked' "$(cat "$tmp/out")" ' demo '
like 'no router: accounts' "$(cat "$tmp/out")" 'work '
export DARIO_API_KEY=router-key-0123456789
start_router --demo
"$dario" top --json >"$tmp/out" 2>/dev/null
is "the router's key is taken from the settings" "$(json 'j["health"]["status"] != "stopped"' <"$tmp/out")" True
"$dario" key add anna 2>/dev/null | grep -o 'sk-dario-[A-Za-z0-9_-]*' | head -n 1 >"$tmp/anna"
wait_for sh -c "curl -s -H 'x-api-key: $(cat "$tmp/anna")' $url/requests | grep -q requests"
post /v1/chat/completions "$chat" -H "x-api-key: $(cat "$tmp/anna")" >/dev/null
"$dario" top --url="$url" >"$tmp/out" 2>"$tmp/err"
is "the router's own key goes to no address that is given: status 1" "$?" 1
like "the router's own key: what to do" "$(cat "$tmp/err")" '--key-file'
unset DARIO_API_KEY
"$dario" top --url="$url" --key-file="$tmp/anna" >"$tmp/out" 2>&1
is 'a person: status 0' "$?" 0
is "a person: one's own requests" "$(grep -c ' demo ' "$tmp/out")" 1
unlike 'a person: nothing of accounts' "$(cat "$tmp/out")" account
"$dario" key remove anna 2>/dev/null
echo wrong-key >"$tmp/key"
"$dario" top --url="$url" --key-file="$tmp/key" >"$tmp/out" 2>"$tmp/err"
is 'a wrong key: status 1' "$?" 1
like 'a wrong key: what to do' "$(cat "$tmp/err")" '--key-file'
unlike 'a wrong key is not shown' "$(cat "$tmp/err" "$tmp/out")" wrong-key
done_testing
