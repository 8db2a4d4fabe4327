#!/bin/sh
# SPDX-License-Identifier: MIT
# The account commands, the files they keep, and files that are refused.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
rule '{"accept":["sk-ant-api03-one","sk-ant-api03-two","sk-ant-oat01-cc"]}'
start_router

run() { # CODE NAME COMMAND...: exit status and output
	code=$1
	name=$2
	shift 2
	out=$("$@" 2>&1)
	is "$name: exit status" "$?" "$code"
}

message claude-sonnet-9 >"$tmp/none"
is 'no account: 404' "$(status)" 404
like 'no account: says how to get one' "$(cat "$tmp/none")" 'dario login'

# API keys
printf 'sk-ant-api03-one\n' >"$tmp/key"
run 0 'add by key' "$dario" accounts add work --key-file="$tmp/key"
is 'the file' "$(json 'j["alias"], j["apiKey"]' <"$DARIO_HOME/accounts/work.json")" \
	'work sk-ant-api03-one'
is 'the file is private' "$(stat -c %a "$DARIO_HOME/accounts/work.json")" 600
message claude-sonnet-9 >/dev/null
is 'counts on the next request' "$(status) $(header x-dario-account)" '200 work'
is 'an API key goes as x-api-key' \
	"$(seen 'j["requests"][-1]["headers"].get("x-api-key"), "authorization" in j["requests"][-1]["headers"], j["requests"][-1]["headers"].get("anthropic-beta")')" \
	'sk-ant-api03-one False None'
run 0 'a reserve alone' "$dario" accounts add work --reserve=15%
is 'reserve: kept with the key' \
	"$(json 'j["reserve"], j["apiKey"]' <"$DARIO_HOME/accounts/work.json")" '15 sk-ant-api03-one'
printf '{"alias":"extra","apiKey":"sk-ant-api03-two","mine":[1]}' |
	(umask 077 && cat >"$DARIO_HOME/accounts/extra.json")
run 0 'unknown keys stay' "$dario" accounts add extra --reserve=5
is 'unknown keys stay in the file' "$(json 'j["mine"]' <"$DARIO_HOME/accounts/extra.json")" '[1]'
run 0 list "$dario" accounts list
like 'list: the reserve' "$out" '15% reserved'
unlike 'list: no key' "$out" api03
is 'list --json' "$("$dario" accounts list --json | json 'j["mode"], [a["alias"] for a in j["accounts"]], j["healthy"]')" \
	"pool ['extra', 'work'] 2"
run 0 remove "$dario" accounts remove extra
run 1 'remove: not there' "$dario" accounts remove extra
like 'remove: says where to look' "$out" 'dario accounts list'
for alias in ../x 'a b' '' claude-code a.b "$(printf 'a%.0s' $(seq 65))"; do
	run 2 "alias \"$alias\"" "$dario" accounts add "$alias" --key-file="$tmp/key"
done
run 2 'reserve: no number' "$dario" accounts add work --reserve=much
run 1 'resume: not there' "$dario" accounts resume nobody
run 1 'refresh: an API key' "$dario" refresh work
like 'refresh: says why not' "$out" 'it is an API key'

# Files that are refused: by name, and untouched.
file=$DARIO_HOME/accounts/work.json
refused() { # NAME PART
	before=$(stat -c '%i %Y %a' "$file")
	message claude-sonnet-9 >"$tmp/refused"
	is "$1: 503" "$(status)" 503
	like "$1: named" "$("$dario" status)" "$2"
	is "$1: untouched" "$(stat -c '%i %Y %a' "$file")" "$before"
}
chmod 644 "$file"
refused 'world readable' 'open to other users'
run 1 'world readable: not written either' "$dario" accounts add work --key-file="$tmp/key"
chmod 600 "$file"
mv "$file" "$file.real"
ln -s "$file.real" "$file"
refused 'symbolic link' 'symbolic link'
rm "$file"
printf '{"alias":"work","apiK' | (umask 077 && cat >"$file")
refused 'cut short' 'accounts/work.json'
run 1 'cut short: not written over' "$dario" accounts add work --key-file="$tmp/key"
printf 'hello' | (umask 077 && cat >"$file")
refused 'not JSON' 'accounts/work.json'
printf '{"alias":"work","apiKey":"with blank"}' | (umask 077 && cat >"$file")
refused 'a key with a blank' 'apiKey'
printf '[]' | (umask 077 && cat >"$file")
refused 'a list' 'not a JSON object'
run 1 'a list: not written over' "$dario" accounts add work --key-file="$tmp/key"
like 'a list: named' "$out" 'accounts/work.json: not a JSON object'
mv "$file.real" "$file"
message claude-sonnet-9 >/dev/null
is 'mended: served again' "$(status)" 200
is 'health' "$(curl -s "$url/health" | json 'j["status"]')" ok
run 0 'remove the last' "$dario" accounts remove work
is 'health: no account' "$(curl -s "$url/health" | json 'j["status"]')" no_backend

# Claude Code's log-in is borrowed.
mkdir -m 700 "$HOME/.claude"
code() { # EXPIRES
	(umask 077 && printf '{"claudeAiOauth":{"accessToken":"sk-ant-oat01-cc","refreshToken":"sk-ant-ort01-cc","expiresAt":%s}}' \
		"$1" >"$HOME/.claude/.credentials.json")
}
code $(($(now_ms) + 3600000))
message claude-sonnet-9 >/dev/null
is 'borrowed: served' "$(status) $(header x-dario-account)" '200 claude-code'
run 0 'borrowed: login uses it' "$dario" login
like 'borrowed: login says so' "$out" "Claude Code's log-in is used"
like 'login: the terms decide' "$out" "provider's terms decide"
like 'login: a key is the unrestricted way' "$out" 'unrestricted way'
run 1 'borrowed: logout is not ours' "$dario" logout
run 1 'borrowed: nor is refresh' "$dario" refresh
code $(($(now_ms) + 60000))
before=$(seen 'j["refreshes"]')
message claude-sonnet-9 >/dev/null
is 'borrowed: never refreshed by us' "$(status) $(seen 'j["refreshes"]')" "200 $before"
code $(($(now_ms) - 1000))
message claude-sonnet-9 >"$tmp/expired"
is 'borrowed and expired: 503' "$(status)" 503
like 'borrowed and expired: says what to do' "$(cat "$tmp/expired")" 'run claude once, or dario login'
rm "$HOME/.claude/.credentials.json"

# The desktop's key store
mkdir "$tmp/bin"
cat >"$tmp/bin/secret-tool" <<-END
	#!/bin/sh
	[ "\$*" = "lookup service Claude Code-credentials" ] || exit 1
	echo '{"claudeAiOauth":{"accessToken":"sk-ant-oat01-cc","expiresAt":$(($(now_ms) + 3600000))}}'
END
chmod +x "$tmp/bin/secret-tool"
like 'key store: asked when it is there' "$(PATH=$tmp/bin:$PATH "$dario" status)" claude-code

# The log-in and its copy in the pool are one account: a refresh token that two
# files hold would be burnt.
subscription credentials.json sk-ant-oat01-a sk-ant-ort01-a 3600000
subscription accounts/login.json sk-ant-oat01-a sk-ant-ort01-a 3600000
is 'pool and log-in: counted once' "$("$dario" accounts list --json | json 'len(j["accounts"])')" 1
mv "$DARIO_HOME/accounts/login.json" "$DARIO_HOME/accounts/other.json"
is 'the same token twice: counted once' "$("$dario" accounts list --json | json 'len(j["accounts"])')" 1
rm "$DARIO_HOME/accounts/other.json"
is '/status' "$(curl -s "$url/status" | json 'j["authenticated"], j["status"], j["accounts"][0]["canRefresh"]')" \
	'True healthy True'
run 0 logout "$dario" logout
ok 'logout: the file is gone' test ! -e "$DARIO_HOME/credentials.json"
is '/status: none' "$(curl -s "$url/status" | json 'j["authenticated"], j["status"]')" 'False none'

# OAuth settings: environment, override, Claude Code, built in.
unset DARIO_OAUTH_TOKEN_URL DARIO_OAUTH_AUTHORIZE_URL
oauth() { "$dario" config --json | json "j['oauth.$1']['value'], j['oauth.$1']['source']"; }
is 'oauth: built in' "$(oauth tokenUrl)" 'https://platform.claude.com/v1/oauth/token built in'
{
	head -c 100000 /dev/zero
	printf 'x={BASE_API_URL:"http://localhost:8000",CLIENT_ID:"00000000-0000-0000-0000-000000000000"};'
	head -c 70000 /dev/zero
	printf 'y={BASE_API_URL:"https://api.anthropic.com",CLAUDE_AI_AUTHORIZE_URL:"https://claude.example/a",TOKEN_URL:"https://platform.example/t",CLIENT_ID:"11111111-2222-3333-4444-555555555555"}'
} >"$tmp/claude-program"
export DARIO_CC_PATH=$tmp/claude-program
is 'oauth: found in the program' "$(oauth clientId)" '11111111-2222-3333-4444-555555555555 Claude Code'
is 'oauth: the token URL too' "$(oauth tokenUrl)" 'https://platform.example/t Claude Code'
is 'oauth: kept with a fingerprint' \
	"$(json 'len(j["hash"]), j["config"]["clientId"]' <"$DARIO_HOME/cc-oauth-cache-v3.json")" \
	'16 11111111-2222-3333-4444-555555555555'
printf '{"clientId":"mine"}' | (umask 077 && cat >"$DARIO_HOME/oauth-config.override.json")
is 'oauth: the override wins' "$(oauth clientId)" 'mine oauth-config.override.json'
is 'oauth: one value only' "$(oauth authorizeUrl)" 'https://claude.example/a Claude Code'
export DARIO_OAUTH_CLIENT_ID=theirs
is 'oauth: the environment wins over that' "$(oauth clientId)" 'theirs environment'
DARIO_OAUTH_TOKEN_URL=http://example.org/t run 1 'oauth: plain http is refused' "$dario" config
like 'oauth: by name' "$out" DARIO_OAUTH_TOKEN_URL
done_testing
