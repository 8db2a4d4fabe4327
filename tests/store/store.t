#!/bin/sh
# SPDX-License-Identifier: MIT
# The store of several hosts: what it is asked, how it fails and comes back, and
# what three hosts see of each other.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 redis-server redis-cli

ask_store() {
	timeout 60 redis-cli -s "$store" ${auth+-a "$auth" --no-auth-warning} "$@"
}
mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
ids=0
messages() { # KEY OUT [curl flags]: 20 dollars for a million of OUT
	ids=$((ids + 1))
	k=$1
	out=$2
	shift 2
	post /v1/messages "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":$ids,\\\"in\\\":100,\\\"out\\\":$out,\\\"chars\\\":80,\\\"end\\\":\\\"whole\\\"}\"}]}" \
		-H "Authorization: Bearer $k" "$@" >"$tmp/answer"
	status
}

# settings that cannot work
for bad in http://x redis:// redis://h:0 redis://h:x 'redis://h/db' 'redis://user@h' unix:rel \
	redis+sentinel://h 'redis://h,i'; do
	like "refused: $bad" "$(DARIO_STORE=$bad "$dario" config 2>&1)" 'DARIO_STORE: store: '
done
like 'TLS: the way out' "$(DARIO_STORE=rediss://h "$dario" config 2>&1)" stunnel
"$dario" proxy --check --store=redis://:hush@h >"$tmp/out" 2>&1
is 'a password as an argument: refused' $? 2
like 'and where it goes' "$(cat "$tmp/out")" '--store-password-file'
DARIO_STORE=redis://u:hush@127.0.0.1:1 "$dario" config --json >"$tmp/out" 2>&1
like 'shown without its password' "$(cat "$tmp/out")" 'redis://***@127.0.0.1:1'
unlike 'nowhere' "$(cat "$tmp/out")" hush

DARIO_STORE=redis://127.0.0.1:1 "$dario" proxy --check >"$tmp/out" 2>&1
is 'proxy --check: a store that is away keeps nobody from starting' $? 0
like 'but it is said' "$(cat "$tmp/out")" 'the store is away (127.0.0.1: '
unlike 'and not that all is in order' "$(cat "$tmp/out")" 'everything is in order'
DARIO_STORE=redis://127.0.0.1:1 DARIO_STORE_PASSWORD_FILE=$tmp/nosuch "$dario" proxy --check >"$tmp/out" 2>&1
isnt_0=$?
ok 'proxy --check: a password file that is not there is an error' test $isnt_0 -ne 0
like 'which is named' "$(cat "$tmp/out")" "$tmp/nosuch"

# with a password
printf 'hush\n' >"$tmp/password"
auth=hush store_auth=hush
start_store --requirepass hush
export DARIO_STORE_PASSWORD_FILE="$tmp/password"
"$dario" store status --json >"$tmp/out" 2>&1
is 'status' "$? $(json 'j["status"]' <"$tmp/out")" '0 ok'
"$dario" proxy --check >"$tmp/out" 2>&1
is 'proxy --check: it is there' "$? $(cat "$tmp/out")" '0 dario: everything is in order'
echo wrong >"$tmp/wrong"
DARIO_STORE_PASSWORD_FILE=$tmp/wrong "$dario" store status --json >"$tmp/out" 2>&1
is 'a wrong password' $? 1
like 'in its words' "$(cat "$tmp/out")" 'WRONGPASS'
unlike 'not in itself' "$(cat "$tmp/out")" 'hush'

# three hosts: homes of their own, the same configuration
export DARIO_ON_ERROR=allow DARIO_API_KEY=owner
"$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
anna=$("$dario" key add anna --spend=0.05/month 2>/dev/null)
free=$("$dario" key add free --rate=100000/min 2>/dev/null)
home=$DARIO_HOME
for host in 1 2 3; do
	cp -r "$home" "$tmp/host$host"
	unset port
	export DARIO_HOME="$tmp/host$host"
	start_router --workers=2
	eval "url$host=$url"
done
on() { # HOST
	eval "url=\$url$1"
	export DARIO_HOME="$tmp/host$1"
}
for n in 1 2 3 4 5 6; do
	on $((n % 3 + 1))
	is "a request, on host $((n % 3 + 1))" "$(messages "$free" 10)" 200
done
spent() {
	"$dario" key show "$1" --json | json "j['used']['spend'].get('month', 0)"
}
none_runs() { # what an answer has cost is counted behind it
	[ "$("$dario" key show anna --json | json 'j["used"]["running"]')" = 0 ]
}
n=0
got=200
while [ "$got" = 200 ] && [ $n -lt 40 ]; do
	n=$((n + 1))
	on $((n % 3 + 1))
	got=$(messages "$anna" 250) # 0.0054 dollars each
	wait_for none_runs
done
is 'money: all hosts come to the limit together' "$n $got" '11 429'
for host in 1 2 3; do
	on $host
	is "money: host $host knows the sum" "$(spent anna)" "$(on 1 && spent anna)"
	is "money: host $host refuses" "$(messages "$anna" 1)" 429
done

# it is asked once before, and told once after
on 1
count_scripts() { # what 20 requests ask of it, but for beats
	timeout 300 redis-cli -s "$store" -a hush --no-auth-warning monitor >"$tmp/monitor" &
	monitor=$!
	wait_for grep -q OK "$tmp/monitor"
	for n in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		messages "$1" 1 >/dev/null
	done
	ok 'each is told of once it has ended' wait_for ends_are 20
	kill $monitor
}
ends_are() {
	[ "$(grep -c '"EVALSHA".*"mend"' "$tmp/monitor")" -ge "$1" ]
}
count_scripts "$free"
asked=$(grep '"EVALSHA"' "$tmp/monitor" | grep -Ec '"(mtake|take|sync|get|turn)"')
ok "round trips before an answer: $asked for 20 requests" test "$asked" -le 26

# slow: no request waits for it longer than it may
cp -r "$home" "$tmp/host4"
unset port
export DARIO_HOME="$tmp/host4" DARIO_STORE_TIMEOUT_MS=50
start_router --workers=1
is 'slow: before' "$(messages "$free" 1)" 200
kill -STOP "$store_pid"
begun=$(date +%s%N)
is 'slow: the request is served' "$(messages "$free" 1)" 200
took=$((($(date +%s%N) - begun) / 1000000))
kill -CONT "$store_pid"
ok "slow: and does not wait for it ($took ms)" test "$took" -lt 60000
stop_router
wait_for in_store ping

# away
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
for host in 1 2 3; do
	on $host
	is "away: host $host serves" "$(messages "$free" 1)" 200
	is "away: host $host, money with --on-error=allow" "$(messages "$anna" 250)" 200
done
ok 'away: the log says it' wait_for grep -q 'the store is away' "$tmp/log"
owner() { # PATH
	curl -s -H 'x-api-key: owner' "$url$1"
}
is 'away: health tells' "$(owner /health | json 'j["store"]["status"]')" away
like 'away: and why' "$(owner /health | json 'j["store"]["why"]')" ' '
is 'away: metrics tell' "$(owner /metrics | grep '^dario_store_up')" 'dario_store_up 0'
"$dario" doctor >"$tmp/out" 2>&1
like 'away: doctor tells' "$(cat "$tmp/out")" 'each host goes by what it knows'
start_store --requirepass hush
back() {
	[ "$(grep -c 'the store is back' "$tmp/log")" -ge 3 ]
}
wait_for back
sums_are() {
	[ "$(spent anna)" = "$1" ]
}
wait_for sums_are 0.070200000 # 10 and 3 requests of 0.0054 dollars
for host in 1 2 3; do
	on $host
	is "back: what was let through is counted once, seen by host $host" "$(spent anna)" 0.070200000
	is "back: host $host refuses again" "$(messages "$anna" 1)" 429
done
is 'back: health tells' "$(owner /health | json 'j["store"]["status"]')" ok
is 'back: metrics tell' "$(owner /metrics | grep '^dario_store' | tr '\n' ' ')" \
	'dario_store_up 1 dario_store_waiting 0 '
"$dario" doctor >"$tmp/out" 2>&1
like 'doctor: nothing is lost' "$(cat "$tmp/out")" 'appendfsync always: a crash of it loses nothing'
unlike 'doctor: it evicts nothing' "$(cat "$tmp/out")" noeviction
ask_store config set maxmemory 1gb >"$tmp/said"
ask_store config set maxmemory-policy allkeys-lru >"$tmp/said"
"$dario" doctor >"$tmp/out" 2>&1
ask_store config set appendfsync everysec >"$tmp/said"
"$dario" doctor >"$tmp/out" 2>&1
like 'doctor: what may be lost' "$(cat "$tmp/out")" 'loses the sums and places of the last second'
like 'doctor: what to set' "$(cat "$tmp/out")" 'set appendfsync always in its redis.conf'
like 'doctor: what it would evict' "$(cat "$tmp/out")" 'maxmemory-policy noeviction'
unlike 'the password is in no log' "$(cat "$tmp/log" "$tmp/out")" hush
keys=$(ask_store --scan)
for key in $keys; do
	[ "$(ask_store pttl "$key")" -gt 0 ] || fail "no expiry: $key"
done
ok 'there are keys, and each expires' test -n "$keys"
done_testing
