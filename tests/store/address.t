#!/bin/sh
# SPDX-License-Identifier: MIT
# Where a store may be and who asks it: addresses in numbers, odd sockets and
# prefixes, users that may do what doc/store.md says and no more.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 redis-server redis-cli redis-sentinel
start_provider
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a"]}'
echo sk-ant-api03-a | "$dario" accounts add a --key-stdin 2>/dev/null
"$dario" backend add plain --key=k --base-url="$provider/b/plain/v1" 2>/dev/null
export DARIO_API_KEY=owner DARIO_STORE_TIMEOUT_MS=5000 # a busy machine
paid=$("$dario" key add paid --spend=1000/month --rate=100000/min --parallel=9 2>/dev/null)

# A server at all of its addresses; the default user is ours.
odd="$tmp/a 100% o'clock%20 \"q\""
mkdir "$odd"
store="$odd/s"
number=$(free_port)
six=::1
python3 -c 'import socket; socket.socket(socket.AF_INET6).bind(("::1", 0))' 2>/dev/null || six=
start_process "$tmp/store.log" redis-server --bind 127.0.0.1 $six --port "$number" \
	--unixsocket "$store" --dir "$tmp" --save '' --appendonly yes
wait_for in_store ping
cli() {
	timeout 60 redis-cli -s "$store" "$@"
}
count() { # what of the store begins so
	cli --scan | python3 -c 'import sys
print(sum(line.startswith(sys.argv[1]) for line in sys.stdin))' "$1"
}
unset port
# serves NAME ADDRESS [PREFIX]: a router on it counts there
serves() {
	export DARIO_STORE=$2 DARIO_STORE_PREFIX="${3-dario:}"
	is "$1: status" "$("$dario" store status --json 2>"$tmp/err" | json 'j["status"]')" ok
	cli flushall >/dev/null
	: >"$tmp/log"
	start_router --workers=1
	is "$1: served" "$(message claude-x -H "x-api-key: $paid" >/dev/null; status)" 200
	stop_router
	unlike "$1: it was there" "$(cat "$tmp/log")" 'the store is away'
	ok "$1: what was used is there" test "$(count "$DARIO_STORE_PREFIX"m:)" -ge 1
	is "$1: and nothing else" "$(count '')" "$(count "$DARIO_STORE_PREFIX")"
}
serves 'a socket with an odd name' "unix:$store"
serves 'and the same with a database' "unix:$store?db=0"
if [ "$six" ]; then
	serves 'IPv6' "redis://[::1]:$number"
	serves 'IPv6 with a database' "redis://[::1]:$number/0"
fi
export DARIO_STORE="redis://[::1"
like 'no end of an IPv6 address' "$("$dario" config 2>&1)" 'its host cannot be read'
export DARIO_STORE="unix:$store?user=a"
like 'a user who is nobody' "$("$dario" store status 2>&1)" 'user'
export DARIO_STORE="unix:$store?dbs=1"
like 'what no socket has' "$("$dario" config 2>&1)" 'behind ? stands'

# Prefixes of any kind: of several in one store none sees another's.
long=$(printf '%064d' 7)
i=0
for prefix in 'a b: ' '{x}:y{' 'ключ€:' '%s%n%%:' '"q"\n:' '*?[a]:' "$long"; do
	i=$((i + 1))
	cli flushall >/dev/null
	export DARIO_STORE="unix:$store" DARIO_STORE_PREFIX=other
	put_state limits-a.json "{\"updatedAt\":1$i,\"5h\":{\"used\":0.1,\"reset\":$(($(now_ms) + 600000))}}"
	"$dario" store migrate store 2>/dev/null
	export DARIO_STORE_PREFIX=$prefix
	put_state limits-a.json "{\"updatedAt\":2$i,\"5h\":{\"used\":0.${i}5,\"reset\":$(($(now_ms) + 600000))}}"
	"$dario" store migrate store 2>/dev/null
	find "$DARIO_HOME/state" -name 'limits-*' -exec rm {} +
	is "prefix $prefix: its own" "$("$dario" accounts list --json 2>&1 | json 'j["accounts"][0]["util5h"]')" "0.${i}5"
	ok "prefix $prefix: begins each key" test "$(($(count "$prefix") + $(count other)))" -eq "$(count '')"
done
serves 'a long prefix' "unix:$store" "ä {b} %s 'c' \"d\" $(printf '%.45s' "$long")"
export DARIO_STORE="unix:$store" DARIO_STORE_PREFIX="$long+"
like 'one that is too long' "$("$dario" store status 2>&1)" 'storePrefix: it is longer than 64 bytes'
unset DARIO_STORE_PREFIX

# A user that may do what the document says.
echo hush >"$tmp/password"
export DARIO_STORE_PASSWORD_FILE="$tmp/password"
setuser=$(sed -n 's/^ACL SETUSER dario on >PASSWORD //p' "$srcdir/doc/store.md")
ok 'the document says what it needs' test -n "$setuser"
set -f
cli acl setuser dario on '>hush' $setuser >/dev/null
cli acl setuser poor on '>hush' $setuser '-script|load' >/dev/null
set +f
cli acl setuser default off >/dev/null
store_user() {
	timeout 60 redis-cli -s "$store" --user dario -a hush --no-auth-warning "$@"
}
wait_user() {
	is "$1: status" "$("$dario" store status --json 2>"$tmp/err" | json 'j["status"]')" ok
}
export DARIO_STORE="redis://dario:@127.0.0.1:$number"
wait_user 'a user, by address'
export DARIO_STORE="unix:$store?db=0&user=dario"
wait_user 'a user, by socket'
"$dario" proxy --check --store="redis://dario:@127.0.0.1:$number" >"$tmp/out" 2>&1
is 'a user alone is no secret' "$? $(grep -c 'everything is in order' "$tmp/out")" '0 1'
DARIO_STORE="redis://poor:@127.0.0.1:$number" "$dario" store status >"$tmp/out" 2>&1
is 'a user that may not: refused' $? 1
like 'and what it may not' "$(cat "$tmp/out")" "'script|load'"
DARIO_STORE="redis://nobody:@127.0.0.1:$number" "$dario" store status >"$tmp/out" 2>&1
like 'nobody: refused' "$? $(cat "$tmp/out")" '1 '

# Whatever is asked of it, as that user.
: >"$tmp/log"
DARIO_QUEUE_MS=60000 start_router --workers=1
is 'as a user: pool and meter' "$(message claude-x -H "x-api-key: $paid" >/dev/null; status)" 200
is 'as a user: breaker' "$(post /v1/chat/completions '{"model":"plain:m","messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $paid" >/dev/null; status)" 200
rule '{"answers":{"sk-ant-api03-a":[{"status":429,"headers":{"retry-after":"1"}}]}}'
is 'as a user: in line' "$(message claude-x -H 'x-api-key: owner' >/dev/null; status)" 200
for command in 'store key' 'store push' 'store pull' 'store status' 'store migrate store' \
	'store migrate files' 'usage' 'key show paid' 'key remove paid' 'accounts resume a' 'accounts list'; do
	$dario $command >"$tmp/out" 2>&1
	is "as a user: $command" "$? $(grep -i 'noperm\|acl\|permission' "$tmp/out")" '0 '
done
"$dario" doctor >"$tmp/out" 2>&1
like 'as a user: doctor' "$(cat "$tmp/out")" ' answers, within'
like 'as a user: doctor knows what may be lost, but not how it writes' \
	"$(cat "$tmp/out")" 'which it is it does not tell'
stop_router
unlike 'as a user: it was there' "$(cat "$tmp/log")" 'the store is away'
unlike 'the password is in no log' "$(cat "$tmp/log" "$tmp/out")" hush
is 'as a user: nothing was refused' "$(store_user info stats |
	sed -n 's/^acl_access_denied_[a-z]*:\([1-9][0-9]*\).*/\1/p')" ''

# A sentinel that wants to know who asks.
sentinel=$(free_port)
cat >"$tmp/sentinel.conf" <<-END
	bind 127.0.0.1
	port $sentinel
	dir $tmp
	user default off
	user dario on >hush -@all +auth +sentinel|get-master-addr-by-name
	user poor on >hush -@all +auth
	sentinel monitor shop 127.0.0.1 $number 1
	sentinel auth-user shop dario
	sentinel auth-pass shop hush
END
start_process "$tmp/sentinel.log" redis-sentinel "$tmp/sentinel.conf"
knows() {
	[ "$("$dario" store status --json 2>"$tmp/err" | json 'j["status"]')" = ok ]
}
export DARIO_STORE="redis+sentinel://dario:@127.0.0.1:$sentinel/shop"
ok 'a sentinel with users' wait_for knows
unset DARIO_STORE_PASSWORD_FILE
export DARIO_STORE="redis+sentinel://dario:hush@127.0.0.1:$sentinel/shop/0"
ok 'the password in the address' knows
for who in poor: nobody:hush poor:hush; do
	DARIO_STORE="redis+sentinel://$who@127.0.0.1:$sentinel/shop" "$dario" store status >"$tmp/out" 2>&1
	is "a sentinel, $who: refused" $? 1
	like "a sentinel, $who: who says so" "$(cat "$tmp/out")" '127.0.0.1'
	unlike "a sentinel, $who: no secret" "$(cat "$tmp/out")" hush
done
done_testing
