#!/bin/sh
# SPDX-License-Identifier: MIT
# Tokens are refreshed by one process at a time and are never lost.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
rule '{"refresh_delay":0.15}'

expired() { # NAME
	subscription credentials.json "sk-ant-oat01-$1" "sk-ant-ort01-$1" -1000
}
swarm() { # CASE VICTIMS
	report "$1" "$tmp/swarm.out" python3 "$srcdir/tests/claude/swarm.py" "$1" "$2"
}
file=$DARIO_HOME/credentials.json

expired calm
swarm 'fifty at once' 0
for round in 1 2 3; do
	expired "kill$round"
	swarm "ten of them killed, $round" 10
done
is 'other keys of the file are kept' \
	"$(json 'j["other"], j["claudeAiOauth"]["kept"]' <"$file")" 'True 7'
is 'the file is private' "$(stat -c %a "$file")" 600

# No room on the disk: nothing is asked for, nothing is lost.
if mkdir -m 700 "$tmp/full" && mount -t tmpfs -o size=64k,mode=700 none "$tmp/full" 2>/dev/null; then
	DARIO_HOME=$tmp/full
	export DARIO_HOME
	expired full
	cp "$DARIO_HOME/credentials.json" "$tmp/before"
	dd if=/dev/zero of="$DARIO_HOME/ballast" bs=1k count=100 2>/dev/null
	before=$(seen 'j["refreshes"]')
	err=$("$dario" refresh 2>&1)
	is 'disk full: refused' "$?" 1
	like 'disk full: says so' "$err" 'could not be refreshed'
	like 'disk full: the cause is in the log' "$err" 'No space left'
	is 'disk full: the server was not asked' "$(seen 'j["refreshes"]')" "$before"
	ok 'disk full: the old file is intact' cmp -s "$tmp/before" "$DARIO_HOME/credentials.json"
	rm "$DARIO_HOME/ballast"
	ok 'disk full: works when there is room again' "$dario" refresh 2>/dev/null
	umount "$tmp/full"
	DARIO_HOME=$tmp/home
else
	tests=$((tests + 1))
	echo "ok $tests # SKIP no file system can be mounted here"
fi

# Due before the end, and only then.
start_router
subscription credentials.json sk-ant-oat01-far sk-ant-ort01-far 2400000
before=$(seen 'j["refreshes"]')
message claude-sonnet-9 >/dev/null
is 'good for 40 minutes: used as it is' "$(status) $(seen 'j["refreshes"]')" "200 $before"
subscription credentials.json sk-ant-oat01-near sk-ant-ort01-near 1200000
message claude-sonnet-9 >/dev/null
is 'good for 20 minutes: refreshed' "$(status) $(seen 'j["refreshes"]')" "200 $((before + 1))"

# A transient failure: the old token serves on, and there is a pause.
rule '{"refresh_error":[503,{"error":"unavailable"}]}'
subscription credentials.json sk-ant-oat01-soon sk-ant-ort01-soon 600000
before=$(seen 'j["refreshes"]')
message claude-sonnet-9 >/dev/null
is 'server down: the old token serves on' "$(status)" 200
is 'server down: it was' "$(seen 'j["requests"][-1]["credential"]')" sk-ant-oat01-soon
message claude-sonnet-9 >/dev/null
is 'server down: asked once, then a pause' "$(seen 'j["refreshes"]')" $((before + 1))
rule '{"refresh_error":null}'
ok 'server up: dario refresh does not wait' "$dario" refresh 2>/dev/null

# A void refresh token is final.
rule '{"refresh_error":[400,{"error":"invalid_grant","error_description":"expired"}]}'
expired void
before=$(seen 'j["refreshes"]')
message claude-sonnet-9 >"$tmp/void"
is 'void: 503' "$(status)" 503
like 'void: says what to do' "$(cat "$tmp/void")" 'run dario login'
is 'void: clients need not come back' "$(header x-should-retry)" false
message claude-sonnet-9 >/dev/null
is 'void: asked once only' "$(seen 'j["refreshes"]')" $((before + 1))
is 'void: health says so' "$(curl -s -o /dev/null -w '%{http_code}' "$url/health")" 503
like 'void: status says so' "$("$dario" status)" needs-login
rule '{"refresh_error":null}'
subscription credentials.json sk-ant-oat01-new sk-ant-ort01-new 3600000
message claude-sonnet-9 >/dev/null
is 'void: another log-in mends it at once' "$(status)" 200

# A 401 in flight: one refresh, then the same request again.
subscription credentials.json sk-ant-oat01-gone sk-ant-ort01-gone 3600000
rule '{"access_tokens":{"sk-ant-oat01-gone":0}}'
before=$(seen 'j["refreshes"]')
message claude-sonnet-9 >/dev/null
is '401: refreshed and served' "$(status) $(seen 'j["refreshes"]')" "200 $((before + 1))"
rule '{"accept":[],"expires_in":-5}'
subscription credentials.json sk-ant-oat01-bad sk-ant-ort01-bad 3600000
rule '{"access_tokens":{"sk-ant-oat01-bad":0}}'
message claude-sonnet-9 >"$tmp/bad"
unlike '401 again: not served' "$(status)" 200
rule '{"expires_in":28800}'
like '401: the file is the newest' "$(cat "$file")" "$(seen 'j["newest"]')"

for word in sk-ant-oat01 sk-ant-ort01; do
	unlike "log: no $word with its tail" "$(sed "s/$word-\*\*\*//g" "$tmp/log")" "$word-"
done
done_testing
