#!/bin/sh
# SPDX-License-Identifier: MIT
# Somebody writes into the store what no host would: each value in turn is of
# another type, huge, negative, no number, binary, or lacks a part. No worker
# ends, who needs no limit is served, and nothing at home changes.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 redis-server redis-cli
start_provider
start_store
export DARIO_ON_ERROR=allow DARIO_API_KEY=owner DARIO_QUEUE_MS=0
two_accounts
paid=$("$dario" key add paid --spend=1000/month 2>/dev/null)
fast=$("$dario" key add fast --rate=100000/min --tokens=100000000/day 2>/dev/null)
"$dario" store key 2>/dev/null
"$dario" store push 2>/dev/null
export DARIO_STORE_CONFIG=1
start_router --workers=1
worker=$(worker_pid)
ask() { # KEY [CONVERSATION]
	post /v1/messages "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"conversation ${2:-same}\"}]}" \
		-m 60 -H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
redis() {
	timeout 60 redis-cli -s "$store" "$@"
}
matches() { # TEXT EXPRESSION
	expr "$1" : "$2" >/dev/null
}
at_home() { # what must not change
	(cd "$DARIO_HOME" && find . -name state -prune -o -type f -print | sort | xargs cksum)
}
is_status() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/health" | json 'j["store"]["status"]')" = "$1" ]
}
is 'before' "$(ask owner) $(ask "$paid") $(ask "$fast")" '200 200 200'
before=$(at_home)

# sums of a key, as the script packs them: "I=V" changes the I-th of 47
forge_sums() { # KEY I=V...
	name=$1
	shift
	redis eval 'local s = {} for i = 1, 47 do s[i] = 0 end
		for i = 2, #ARGV do
			local at, v = ARGV[i]:match("(%d+)=(.*)")
			s[tonumber(at)] = tonumber(v)
		end
		redis.call("SET", "dario:m:" .. ARGV[1], cmsgpack.pack(s))' 0 "$name" "$@" >/dev/null
}
for sums in 10=5 '10=5 11=-3' '10=-1' '10=16 11=-9000000000000' '29=1 30=77' \
	'10=nan 11=nan' '4=-9e18 5=9e18 6=nan' '7=-9e18 8=9e18 9=-5' '1=9e18 2=-9e18 3=nan' \
	'12=9e18 13=9e18 14=9e18 10=60000'; do
	for key in paid fast; do
		forge_sums $key $sums
	done
	got="$(ask "$paid") $(ask "$fast") $(ask owner)"
	ok "sums of a key, $sums: served or refused ($got)" \
		matches "$got" '[24][02][09] [24][02][09] 200$'
	timeout 90 "$dario" key list >"$tmp/out" 2>&1
	ok "sums of a key, $sums: they are shown ($?)" test $? -lt 2
done
is 'the same worker serves' "$(worker_pid)" "$worker"

# each value
forge() { # KEY HOW
	redis del "$1" >"$tmp/said"
	case $2 in
	text) redis set "$1" hello ;;
	list) redis rpush "$1" a b ;;
	set) redis zadd "$1" 1 a ;;
	nan) redis hset "$1" n nan last nan next nan v nan c nan x nan till nan who nan doubt nan ;;
	huge) redis hset "$1" n 1e300 last 1e300 next 1e300 v 1e300 c x x "$(printf '%070000d' 0)" till 1e300 who x doubt 1e300 ;;
	negative) redis hset "$1" n -9e18 last -9e18 next -9e18 v -9e18 c '' x '{}' till -9e18 who '' doubt -9e18 ;;
	binary) printf '\377\376\0\001' | redis -x hset "$1" x ;;
	json) redis hset "$1" n x last x next x v 7 c x x '{"until":"x","account":["a"],"base_url":"http://evil","keyCommand":["id"]}' ;;
	pack) redis eval 'redis.call("SET", KEYS[1], cmsgpack.pack({ "x", {}, false }))' 1 "$1" ;;
	esac >"$tmp/said" 2>&1
}
keys=$(redis --scan)
ok 'there are values to forge' matches "$keys" ".*dario:[cv]:"
for how in text nan huge binary json pack; do
	for key in $keys; do
		forge "$key" $how
	done
	got="$(ask owner) $(ask owner "$how") $(ask "$paid" "$how 2")"
	ok "all are $how: served ($got)" matches "$got" '200 200 '
	timeout 90 "$dario" store status >"$tmp/out" 2>&1
	ok "all are $how: status ends ($?)" test $? -lt 2
	timeout 90 "$dario" accounts list >"$tmp/out" 2>&1
	ok "all are $how: accounts are listed" grep -q '^b ' "$tmp/out"
	redis flushall >"$tmp/said"
	ok "all are $how: gone, it is well again" wait_for 30 is_status ok
done
for how in set negative; do # one at a time
	ask owner >"$tmp/code"
	ask "$paid" >"$tmp/code"
	for key in $(redis --scan); do
		forge "$key" $how
		got=$(ask owner)
		[ "$got" = 200 ] || fail "$key is $how: served ($got)"
		redis del "$key" >"$tmp/said"
	done
done
is 'nothing at home has changed' "$(at_home)" "$before"
is 'no request went elsewhere' "$(grep -c evil "$tmp/log")" 0
redis flushall >"$tmp/said"
ok 'well again' wait_for 30 is_status ok
is 'served' "$(ask owner) $(ask "$paid") $(ask "$fast")" '200 200 200'
is 'by the same worker' "$(worker_pid)" "$worker"
done_testing
