#!/bin/sh
# SPDX-License-Identifier: MIT
# Signing a program in, step by step: discovery, codes, the page, tokens,
# their refresh and their end; who may, and what is kept of it.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

export DARIO_API_KEY=owner-key-0123456789
chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'
matches() { # TEXT EXPRESSION
	echo "$1" | grep -Eq "$2"
}
form() { # PATH [curl flags]: status, and the answer in $tmp/body
	path=$1
	shift
	curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" "$url$path"
}
get() { # MEMBER of $tmp/body
	json "j.get('$1', '')" <"$tmp/body"
}
begin() { # sets device, user
	form /oauth/device_authorization -d surface=claude_code >"$tmp/status"
	device=$(get device_code)
	user=$(get user_code)
}
grant=urn:ietf:params:oauth:grant-type:device_code
poll() { # status and error
	s=$(form /oauth/token -d "grant_type=$grant" --data-urlencode "device_code=$device")
	echo "$s $(get error)"
}
approve() { # KEY [NAME [curl flags]]: status
	key=$1
	name=${2-}
	[ $# -lt 2 ] && shift || shift 2
	form /device --data-urlencode "user_code=$user" --data-urlencode "key=$key" \
		--data-urlencode "name=$name" -d action=approve "$@"
}
ask() { # TOKEN: status
	curl -s -o "$tmp/answer" -w '%{http_code}' -H "Authorization: Bearer $1" -d "$chat" "$url/v1/chat/completions"
}
refresh() { # TOKEN: status
	form /oauth/token -d grant_type=refresh_token --data-urlencode "refresh_token=$1"
}
sign_in() { # KEY [NAME]: sets access, renew
	begin
	approve "$@" >"$tmp/status"
	poll >"$tmp/poll"
	access=$(get access_token)
	renew=$(get refresh_token)
}
start_router --demo --workers=2
anna=$("$dario" key add anna 2>/dev/null)

is 'how it is asked is no secret' "$(curl -s -o "$tmp/answer" -w '%{http_code}' "$url/oauth/token") $(json 'j["error"]["type"]' <"$tmp/answer")" '405 invalid_request_error'
is 'discovery' "$(form /.well-known/oauth-authorization-server)" 200
for m in issuer: device_authorization_endpoint:/oauth/device_authorization \
	token_endpoint:/oauth/token revocation_endpoint:/oauth/revoke; do
	is "discovery: ${m%%:*}" "$(get "${m%%:*}")" "$url${m#*:}"
done
begin
is 'a sign-in begins' "$(status)" 200
ok 'a user code as people read it' matches "$user" '^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$'
is 'a device code of 256 bits' "${#device}" 43
is 'where to answer' "$(get verification_uri) $(get verification_uri_complete)" \
	"$url/device $url/device?user_code=$user"
is 'how long, how often' "$(get expires_in) $(get interval)" '600 5'
like 'not to be kept' "$(header Cache-Control)" no-store
is 'nobody has answered' "$(poll)" '400 authorization_pending'
too_soon() { # twice within five seconds, unless the machine is slower than that
	poll >/dev/null
	[ "$(poll)" = '400 slow_down' ]
}
ok 'asked too soon' wait_for too_soon

is 'the page' "$(form "/device?user_code=$user")" 200
like 'the page: the code is filled in' "$(cat "$tmp/body")" "value=\"$user\""
unlike 'the page: no script' "$(cat "$tmp/body")" '<script'
like 'the page: its policy' "$(header Content-Security-Policy)" "default-src 'none'"
like 'the page: the form goes here only' "$(header Content-Security-Policy)" "form-action 'self'"
is 'the page: in no frame' "$(header X-Frame-Options)" DENY
form '/device?user_code=%22%3E%3Cb%3E' >/dev/null
unlike 'the page: what is no code is not repeated' "$(cat "$tmp/body")" '<b>'
is 'a link from elsewhere leads to it' "$(form /device -H 'Sec-Fetch-Site: cross-site' -H 'Sec-Fetch-Mode: navigate' -H 'Sec-Fetch-Dest: document')" 200

is 'another site sends the form' "$(approve "$anna" '' -H 'Sec-Fetch-Site: cross-site' -H 'Origin: https://evil.example')" 403
is 'another port of this machine, too' "$(approve "$anna" '' -H 'Sec-Fetch-Site: same-site' -H 'Origin: http://127.0.0.1:1')" 403
is 'or without more than its origin' "$(approve "$anna" '' -H 'Origin: http://localhost:1')" 403
is 'a wrong key' "$(approve sk-dario-wrong)" 403
is 'none' "$(approve '')" 403
is "the owner's, for nobody" "$(approve "$DARIO_API_KEY")" 400
like 'it asks for whom' "$(cat "$tmp/body")" 'name of the person'
is 'still nobody has answered' "$(poll | cut -d' ' -f1)" 400
is 'the page itself, in a browser' "$(approve "$anna" '' -H 'Sec-Fetch-Site: same-origin' -H "Origin: $url")" 200
like 'it says as whom' "$(cat "$tmp/body")" 'as anna'
is 'answered once' "$(approve "$anna")" 400
is 'the program gets its tokens' "$(poll)" '200 '
access=$(get access_token)
renew=$(get refresh_token)
is 'as bearer, for an hour' "$(get token_type) $(get expires_in)" 'Bearer 3600'
is 'a device code is good once' "$(poll)" '400 invalid_grant'
for n in 1 2 3 4; do
	is "the token is a key, $n" "$(ask "$access")" 200
done
is 'the token to refresh with is none' "$(ask "$renew")" 401
is 'nor is one that is cut' "$(ask "${access%?}")" 401
is 'nor another one' "$(ask "${access%????}aaaa")" 401
is 'a refused token is not tried again' "$(curl -s -o /dev/null -D - -H "Authorization: Bearer ${access%????}aaaa" -d "$chat" "$url/v1/chat/completions" | tr -d '\r' | sed -n 's/^x-should-retry: //Ip')" false
"$dario" key change anna --models='other-*'
is "it has the key's limits" "$(ask "$access")" 400
"$dario" key change anna --models=

is 'refreshed' "$(refresh "$renew")" 200
access2=$(get access_token)
renew2=$(get refresh_token)
ok 'another pair' test "$access" != "$access2" -a "$renew" != "$renew2"
is 'the new token' "$(ask "$access2")" 200
is 'the one before, which other programs have' "$(ask "$access")" 200
is 'an old token to refresh with' "$(refresh "$renew")" 401
is 'that is' "$(get error)" invalid_grant
is 'ends the sign-in: the new one to refresh with' "$(refresh "$renew2")" 401
is 'and all tokens' "$(ask "$access2") $(ask "$access")" '401 401'

sign_in "$DARIO_API_KEY" anna
is 'the owner signs a person in' "$(ask "$access")" 200
curl -s -o "$tmp/body" -H "Authorization: Bearer $access" "$url/accounts" -w '%{http_code}' >"$tmp/status"
is 'who is no owner by that' "$(status)" 403
"$dario" key disable anna
is 'a disabled key: the next request' "$(ask "$access")" 401
is 'a disabled key: no refresh' "$(refresh "$renew")" 401
"$dario" key enable anna
is 'enabled again' "$(ask "$access")" 200
is 'revoked' "$(form /oauth/revoke --data-urlencode "token=$access")" 200
is 'revoked: the token' "$(ask "$access")" 401
is 'revoked: the other one' "$(refresh "$renew")" 401
is 'revoking what is none' "$(form /oauth/revoke -d token=x)" 200

sign_in "$anna"
kept=$access
key=$("$dario" key rotate anna 2>/dev/null)
is 'a rotated key ends its sign-ins' "$(ask "$access") $(refresh "$renew")" '401 401'
sign_in "$key"
"$dario" key remove anna
is 'a removed key: the next request' "$(ask "$access")" 401
key=$("$dario" key add anna 2>/dev/null)
is 'another key of that name is another' "$(ask "$access") $(refresh "$renew")" '401 401'

code=$("$dario" key invite anna 2>/dev/null)
ok 'an invitation' matches "$code" '^([B-Z]{4}-){4}[B-Z]{4}$'
begin
is 'an invitation, as it is typed' "$(approve "$(echo "$code" | tr 'A-Z-' 'a-z ')")" 200
is 'it signs in' "$(poll)" '200 '
access=$(get access_token)
is 'as its key' "$(ask "$access")" 200
begin
is 'it is good once' "$(approve "$code")" 403
code=$("$dario" key invite anna --expires=2020-01-01 2>/dev/null)
is 'it expires' "$(approve "$code")" 403
"$dario" key invite nobody 2>"$tmp/err"
is 'who has no key is not invited' "$?" 1
like 'that says what to do' "$(cat "$tmp/err")" 'dario key add'
is 'refused on the page' "$(form /device --data-urlencode "user_code=$user" -d action=deny)" 200
is 'the program is told' "$(poll)" '400 access_denied'
begin
python3 - "$DARIO_HOME/state/sign-ins.json" <<'EOF'
import json, os, sys
with open(sys.argv[1]) as f:
    j = json.load(f)
for one in j["waiting"]:
    one["until"] -= 601000
with open(sys.argv[1] + ".tmp", "w", opener=lambda p, f: os.open(p, f, 0o600)) as f:
    json.dump(j, f)
os.rename(sys.argv[1] + ".tmp", sys.argv[1])
EOF
is 'nobody answered in time' "$(poll)" '400 expired_token'
is 'nor may anybody now' "$(approve "$key")" 400

is 'no grant type' "$(form /oauth/token -d x=1)" 400
is 'another one' "$(form /oauth/token -d grant_type=password) $(get error)" '400 unsupported_grant_type'
is 'a form that is too large' "$(head -c 20000 /dev/zero | tr '\0' a | form /oauth/token --data-binary @-)" 413
# Guesses are capped, and keep nobody out who shows what cannot be guessed. Ten
# are free, and another one in every 15 seconds: it may be there at any moment.
until_capped() { # COMMAND...: how many it took, 200 at most
	n=0
	until [ "$("$@" | cut -d' ' -f1)" = 429 ] || [ $n -ge 200 ]; do
		n=$((n + 1))
	done
	echo $n
}
ok 'guesses are capped' test "$(until_capped approve guess)" -lt 20
ok 'also those of a key that is none' test "$(until_capped approve sk-dario-wrong)" -lt 8
invited=$("$dario" key invite anna 2>/dev/null)
begin
is 'who has a key is not kept out' "$(approve "$key") $(poll)" '200 200 '
begin
is 'nor who was invited' "$(approve "$invited")" 200
ok 'an invitation that was used is a guess' test "$(until_capped approve "$invited")" -lt 8
begin
is 'nor the owner' "$(approve "$DARIO_API_KEY" anna)" 200
user=BBBB-BBBB
ok 'wrong codes with a key are capped, too' test "$(until_capped approve "$key")" -lt 20
good_one() {
	user=BBBB-BBBB
	until_capped approve "$key" >/dev/null
	begin
	[ "$(approve "$key")" = 429 ]
}
ok 'a good one as well, by then' wait_for good_one
is 'which is no matter of others' "$(approve "$DARIO_API_KEY" anna)" 200
behind() { # ADDRESS [curl flags]: a guess, as a proxy on this machine hands it on
	form /device -H "X-Forwarded-For: $1" --data-urlencode 'user_code=BBBB-BBBB' -d key=guess -d action=approve
}
is 'behind a proxy each has its own' "$(behind 192.0.2.1)" 403
ok 'and its own cap' test "$(until_capped behind '203.0.113.9, 192.0.2.1')" -lt 20
is 'by the address that the proxy has seen' "$(behind '203.0.113.9, 192.0.2.2')" 403
several() { # of 200 addresses, in a row
	for i in $(seq 200); do
		[ "$i" = 1 ] || echo next
		echo "url = $url/device"
		echo "header = \"X-Forwarded-For: 198.51.100.$i\""
		echo 'data = "user_code=BBBB-BBBB&key=guess&action=approve"'
		echo 'write-out = "%{http_code}\n"'
		echo "output = $tmp/body"
	done | curl -s -K -
}
ok 'all together have one as well' test "$(several | grep -c 429)" -gt 0

# The same for the codes that programs bring.
begin
mine=$device
approve "$DARIO_API_KEY" anna >"$tmp/status"
guess() {
	device=none-such
	poll
}
is 'a device code that is none' "$(guess)" '400 invalid_grant'
ok 'these are capped' test "$(until_capped guess)" -lt 200
like 'capped: it is said' "$(cat "$tmp/body")" 'from this address were none'
is 'capped: when to come again' "$(header Retry-After)" 15
ok 'capped: tokens to refresh with' test "$(until_capped refresh "sk-dario-rt-$(printf '%068d' 0)")" -lt 20
device=$mine
is 'who brings a right one is not kept out' "$(poll)" '200 '
renew=$(get refresh_token)
is 'nor is who refreshes' "$(refresh "$renew")" 200
is 'an old one ends the sign-in all the same' "$(refresh "$renew")" 401

audit=$("$dario" key audit)
like 'the audit: by a key' "$audit" 'anna         sign-in'
like 'the audit: by the owner' "$audit" 'owner        sign-in'
like 'the audit: by invitation' "$audit" 'invitation   sign-in'
like 'the audit: an invitation' "$audit" 'invite   anna'
is 'files are private' "$(find "$DARIO_HOME/state" -type f -perm /077)" ''
for secret in "$access" "$kept" "$renew" "$renew2" "$device" "$code" "$key" "$(echo "$code" | tr -d -)" \
	"$(printf %s "$access" | sha256sum | cut -d' ' -f1)"; do
	unlike 'no secret in the log' "$(cat "$tmp/log")" "$secret"
	case $secret in
	sk-*) unlike 'and as its hash alone in files' "$(cat "$DARIO_HOME"/state/*.json)" "$secret" ;;
	esac
done
stop_router
DARIO_API_KEY=short-key-0123 start_router
begin
until_capped approve guess >"$tmp/status"
is "the owner's key that can be guessed is kept out as well" "$(approve short-key-0123 anna)" 429
stop_router

# Behind web servers: only over TLS, or from this machine by its own name.
cgi() { # VARIABLE...: the answer
	env -i DARIO_HOME="$DARIO_HOME" DARIO_DATADIR="$srcdir" DARIO_ALLOWED_HOSTS=gw.example \
		GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 \
		REQUEST_METHOD=GET SCRIPT_NAME=/llm PATH_INFO=/.well-known/oauth-authorization-server "$@" \
		"$builddir/dario.fcgi" </dev/null 2>>"$tmp/log"
}
like 'over TLS' "$(cgi REMOTE_ADDR=192.0.2.1 HTTP_HOST=gw.example HTTPS=on)" '"token_endpoint":"https://gw.example/llm/oauth/token"'
like 'a proxy on this machine says so' "$(cgi REMOTE_ADDR=127.0.0.1 HTTP_HOST=gw.example HTTP_X_FORWARDED_PROTO=https)" '"issuer":"https://gw.example/llm"'
like 'plain, from elsewhere' "$(cgi REMOTE_ADDR=192.0.2.1 HTTP_HOST=gw.example)" 'Status: 403'
like 'who says TLS from elsewhere' "$(cgi REMOTE_ADDR=192.0.2.1 HTTP_HOST=gw.example HTTP_X_FORWARDED_PROTO=https)" 'Status: 403'
like 'plain, through a proxy' "$(cgi REMOTE_ADDR=127.0.0.1 HTTP_HOST=gw.example)" 'Status: 403'
like 'plain, here' "$(cgi REMOTE_ADDR=127.0.0.1 HTTP_HOST=localhost)" 'Status: 200'
done_testing
