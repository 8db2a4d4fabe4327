#!/bin/sh
# SPDX-License-Identifier: MIT
# Accounts' tokens in the store: sealed, refreshed by one host at a time, and
# lost by nobody, whoever sleeps or is cut off.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 redis-server redis-cli
start_store
start_provider

alias=work$$ # in the arguments of the process that asks
account=accounts/$alias.json
ask_store() {
	timeout 60 redis-cli -s "$store" "$@"
}
on() { # HOST
	export DARIO_HOME="$tmp/host$1"
	eval "url=\${url$1-}"
}
field() { # NAME, of the file here
	json "j.get('$1', '')" <"$DARIO_HOME/$account"
}
refreshes() {
	seen 'j["refreshes"]'
}
asks() { # the pid of the process that asks
	pgrep -f -- "^dario.fcgi --refresh=$account\$"
}
is_asked() { # the provider, N times
	[ "$(seen 'j["asked"]')" = "$1" ]
}
hold() { # what is asked is answered after release; sets `before`, `asked`
	rule '{"refresh_hold":true}'
	before=$(refreshes)
	asked=$(seen 'j["asked"]')
}
release() {
	rule '{"refresh_hold":false}'
}
begin() { # on this host: a request that waits for new tokens
	message claude-sonnet-9 -o "$tmp/body0" >/dev/null &
	request=$!
	wait_for is_asked $((asked + 1))
}
has_asked() { # N times, and has been answered
	[ "$(refreshes)" = "$1" ]
}
same_tokens() { # on all hosts, and the newest
	for host in 1 2 3; do
		on $host
		[ "$(field refreshToken)" = "$1" ] || return 1
	done
}
newest_everywhere() {
	same_tokens "$(seen 'j["newest"]')"
}
share() { # MS: a new token, good for so long, on all hosts
	on 1
	round=$((${round-0} + 1))
	subscription "$account" "sk-ant-oat01-$round" "sk-ant-ort01-$round" "$1"
	"$dario" store push $alias --force 2>/dev/null
	for host in 2 3; do
		on $host
		"$dario" store pull $alias --force 2>/dev/null
	done
}

on 1
subscription "$account" sk-ant-oat01-first sk-ant-ort01-first 3600000
"$dario" store key 2>/dev/null
for host in 2 3; do
	mkdir -m 700 "$tmp/host$host"
	cp -p "$DARIO_HOME/store.key" "$tmp/host$host/"
done

# --- one refresh for all hosts -----------------------------------------------

share -1000
for host in 1 2 3; do
	on $host
	unset port
	start_router --workers=2
	eval "url$host=$url"
done
fifty() { # of requests, on three hosts at once
	rm -rf "$tmp/fifty"
	mkdir "$tmp/fifty"
	pids=
	i=0
	while [ $i -lt 50 ]; do
		on $((i % 3 + 1))
		curl -s -o /dev/null -w '%{http_code}\n' -d '{"model":"claude-sonnet-9","max_tokens":50,"messages":[{"role":"user","content":"hi"}]}' \
			"$url/v1/messages" >"$tmp/fifty/$i" &
		pids="$pids $!"
		i=$((i + 1))
	done
}
fifty_end() { # what they got, in $got
	for p in $pids; do
		wait "$p"
	done
	got=$(cat "$tmp"/fifty/* | sort | uniq -c | sed 's/^ *//')
}
share -1000
hold
fifty
wait_for is_asked $((asked + 1))
release
fifty_end
is 'fifty requests on three hosts: served' "$got" '50 200'
is 'fifty requests on three hosts: one refresh' "$(refreshes)" $((before + 1))
is 'no token was used twice' "$(seen 'j["reuses"]')" 0
ok 'all hosts have it in their files' wait_for newest_everywhere

# While one host asks the others serve on.
share 600000
hold
on 1
begin
on 2
message claude-sonnet-9 >/dev/null
is 'due: another host serves on meanwhile' "$(status) $(refreshes)" "200 $before"
is 'due: with the old token' "$(seen 'j["requests"][-1]["credential"]')" "sk-ant-oat01-$round"
release
wait "$request"
is 'due: one refresh' "$(refreshes)" $((before + 1))
ok 'due: all hosts have it' wait_for newest_everywhere

# --- one that sleeps ---------------------------------------------------------

stop_one() { # it has asked, and sleeps while it is answered
	share -1000
	hold
	on "$1"
	begin
	sleeper=$(asks)
	kill -STOP $sleeper
	release
	wait_for has_asked $((before + 1))
}
stop_one 1
fifty
kill -CONT $sleeper
fifty_end
is 'sleeps in its turn: all are served' "$got" '50 200'
is 'sleeps in its turn: one refresh' "$(refreshes) $(seen 'j["reuses"]')" "$((before + 1)) 0"
wait "$request"
ok 'sleeps in its turn: all hosts have it' wait_for newest_everywhere

# Beyond its turn: what another host is told then is not final.
stop_router
on 3
unset port
export DARIO_REFRESH_TURN_MS=300
start_router --workers=1
url3=$url
unset DARIO_REFRESH_TURN_MS
stop_one 3
on 2
message claude-sonnet-9 >"$tmp/out"
is 'beyond its turn: another host asks in vain' "$(status) $(refreshes) $(seen 'j["reuses"]')" "503 $((before + 2)) 1"
unlike 'beyond its turn: and does not give the account up' "$("$dario" status)" needs-login
kill -CONT $sleeper
wait "$request"
ok 'beyond its turn: who wakes stores it' wait_for newest_everywhere
on 2
message claude-sonnet-9 >/dev/null
is 'beyond its turn: and the other host serves' "$(status) $(refreshes)" "200 $((before + 2))"

# --- one that is cut off -----------------------------------------------------

share -1000
hold
on 1
begin
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
release
wait "$request"
is 'cut off in the middle: served' "$(status) $(refreshes)" "200 $((before + 1))"
is 'cut off in the middle: kept here' "$(field refreshToken)" "$(seen 'j["newest"]')"
on 2
message claude-sonnet-9 >"$tmp/out"
is 'cut off: others do not ask' "$(status) $(refreshes)" "503 $((before + 1))"
start_store
ok 'back: it is in the store, and everywhere' wait_for newest_everywhere
on 2
message claude-sonnet-9 >/dev/null
is 'back: others serve' "$(status) $(refreshes)" "200 $((before + 1))"

# A store that has lost all gets it again.
ask_store flushall >/dev/null
in_store_again() {
	[ "$(ask_store exists "dario:v:$account")" = 1 ]
}
ok 'emptied: it is there again' wait_for in_store_again

for word in sk-ant-oat01 sk-ant-ort01; do
	unlike "log: no $word with its tail" "$(sed "s/$word-\*\*\*//g" "$tmp/log")" "$word-"
done
done_testing
