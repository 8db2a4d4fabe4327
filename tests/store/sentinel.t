#!/bin/sh
# SPDX-License-Identifier: MIT
# A master, a replica and a sentinel: all addresses are tried, and when the
# master is killed in mid-load no request fails and the replica has the state.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 redis-server redis-cli redis-sentinel

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
server() { # NAME [FLAGS]: sets pid and port
	name=$1
	shift
	port=$(free_port)
	mkdir "$tmp/$name"
	start_process "$tmp/$name.log" redis-server --bind 127.0.0.1 --port "$port" --dir "$tmp/$name" \
		--save '' --repl-diskless-sync-delay 0 --requirepass hush --masterauth hush "$@"
}
cli() { # PORT COMMAND...
	at=$1
	shift
	timeout 60 redis-cli -p "$at" -a hush --no-auth-warning "$@"
}
server master
master=$port master_pid=$pid
server replica --replicaof 127.0.0.1 "$master"
replica=$port
linked() {
	cli "$replica" info replication | grep -q '^master_link_status:up'
}
wait_for linked
sentinel=$(free_port)
cat >"$tmp/sentinel.conf" <<-END
	bind 127.0.0.1
	port $sentinel
	dir $tmp
	sentinel monitor shop 127.0.0.1 $master 1
	sentinel auth-pass shop hush
	sentinel down-after-milliseconds shop 1000
	sentinel failover-timeout shop 5000
END
start_process "$tmp/sentinel.log" redis-sentinel "$tmp/sentinel.conf"
knows() { # PORT: the sentinel, as the master's
	timeout 60 redis-cli -p "$sentinel" sentinel get-master-addr-by-name shop | grep -qx "$1"
}
wait_for knows "$master"
sees_replica() {
	timeout 60 redis-cli -p "$sentinel" sentinel replicas shop | grep -qx "$replica"
}
wait_for sees_replica

printf 'hush\n' >"$tmp/password"
export DARIO_STORE_PASSWORD_FILE="$tmp/password" DARIO_STORE_TIMEOUT_MS=3000
nobody=$(free_port)
export DARIO_STORE="redis+sentinel://127.0.0.1:$nobody,127.0.0.1:$sentinel/nosuch"
"$dario" store status >"$tmp/out" 2>&1
is 'a master that it does not know' $? 1
like 'it is named' "$(cat "$tmp/out")" 'does not know the master nosuch'
DARIO_STORE="redis://127.0.0.1:$replica" "$dario" store status >"$tmp/out" 2>&1
is 'a replica is no store' $? 1
like 'and that is said' "$(cat "$tmp/out")" 'it is a replica'
export DARIO_STORE="redis+sentinel://127.0.0.1:$nobody,127.0.0.1:$sentinel/shop"
"$dario" store status --json >"$tmp/out" 2>&1
is 'the first sentinel is gone: the second is asked' "$? $(json 'j["status"]' <"$tmp/out")" '0 ok'

export DARIO_ON_ERROR=allow
"$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
anna=$("$dario" key add anna --spend=1000/month 2>/dev/null)
unset port
start_router --workers=2
ids=0
one() { # 100 in at 4, 250 out at 20 for a million: 0.0054 dollars
	ids=$((ids + 1))
	post /v1/messages "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":$ids,\\\"in\\\":100,\\\"out\\\":250,\\\"chars\\\":80,\\\"end\\\":\\\"whole\\\"}\"}]}" \
		-H "Authorization: Bearer $anna" >"$tmp/answer"
	codes="$codes$(status)
"
}
spent() {
	"$dario" key show anna --json | json "j['used']['spend'].get('month', 0)"
}
spent_is() { # REQUESTS
	[ "$(spent)" = "$(python3 -c "print('%.9f' % (0.0054 * $1))")" ]
}
codes=
for n in 1 2 3 4 5 6 7 8 9 10; do
	one
done
ok 'before: each is counted' wait_for spent_is 10
offset() { # what has reached a server
	cli "$1" info replication | sed -n "s/^$2:\([0-9]*\).*/\1/p"
}
caught_up() {
	[ "$(offset "$replica" slave_repl_offset)" = "$(offset "$master" master_repl_offset)" ]
}
wait_for caught_up
kill -KILL "$master_pid"
wait "$master_pid" 2>/dev/null
back() {
	one
	grep -q 'the store is back' "$tmp/log"
}
ok 'the replica takes its place in mid-load' wait_for back
ok 'the sentinel says so, too' knows "$replica"
lines() {
	grep -c 'the store is away (' "$tmp/log"
}
for n in 1 2 3 4 5; do
	one
done
is 'no request has failed' "$(printf '%s' "$codes" | sort -u)" 200
ok "all that were let through are counted once: $ids" wait_for spent_is "$ids"
is 'as the provider has counted' "$(wc -l <"$tmp/bill" | tr -d ' ')" "$ids"

# the old master comes back as a replica
start_process "$tmp/old.log" redis-server --bind 127.0.0.1 --port "$master" --dir "$tmp/master" \
	--save '' --requirepass hush --masterauth hush
is_replica() {
	[ "$(cli "$master" role | head -1)" = slave ]
}
wait_for is_replica
before=$(lines)
codes=
one
is 'the old master is back: nothing changes' "$codes$(lines)" "200
$before"

# it becomes the master again because somebody says so: the other one lives, and
# takes for some seconds what is lost then
hand_over() {
	timeout 60 redis-cli -p "$sentinel" sentinel failover shop | grep -q '^OK'
}
ok 'the master is another one on demand' wait_for hand_over
follows() {
	one
	grep -q 'its sentinels name another master' "$tmp/log" &&
		[ "$(grep -c 'the store is back' "$tmp/log")" -ge "$(grep -c 'the store is away (' "$tmp/log")" ]
}
codes=
ok 'the router hears of it' wait_for follows
one
is 'no request has failed' "$(printf '%s' "$codes" | sort -u)" 200
ok "each is counted once, also what the other one has got: $ids" wait_for spent_is "$ids"
unlike 'the password is in no log' "$(cat "$tmp/log" "$tmp/out")" hush
done_testing
