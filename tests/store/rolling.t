#!/bin/sh
# SPDX-License-Identifier: MIT
# Two versions on one store: what a newer one has written there beside what this
# one knows stays, and does not disturb it. OLD=FOLDER: the build of an older
# version, which serves beside this one while it is upgraded, with load.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
start_store
export DARIO_QUEUE_MS=0 DARIO_API_KEY=owner
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a"]}'
printf 'sk-ant-api03-a\n' | "$dario" accounts add a --key-stdin 2>/dev/null
paid=$("$dario" key add paid --spend=1000/month 2>/dev/null)
start_router --workers=1
ask() { # KEY
	post /v1/messages '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' \
		-H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
in_redis() {
	timeout 60 redis-cli -s "$store" --raw "$@"
}
reset=$(($(date +%s) + 600))
windows() { # USED
	rule "{\"answers\":{\"sk-ant-api03-a\":[{\"headers\":{\"anthropic-ratelimit-unified-5h-utilization\":\"$1\",\"anthropic-ratelimit-unified-5h-reset\":\"$reset\",\"anthropic-ratelimit-unified-status\":\"allowed\"}}]}}"
}
windows 0.1
is 'a request' "$(ask owner)" 200
is 'one of a key' "$(ask "$paid")" 200
limits=$(in_redis keys 'dario:t:limits-*')
has() { # EXPRESSION: of the account's limits
	[ "$(in_redis hget "$limits" x | json "$1")" = True ]
}
ok 'its limits are there' wait_for has 'j["5h"]["used"] == 0.1'
sums=$(in_redis keys 'dario:m:*')

# what a newer version writes
in_redis hget "$limits" x | python3 -c '
import json, sys
j = json.load(sys.stdin)
j["newer"] = {"list": [1, 2.50], "text": "\u00e9"}
j["newerFlag"] = True
print(json.dumps(j))' | timeout 60 redis-cli -s "$store" -x hset "$limits" x >/dev/null
in_redis hset "$limits" newer kept >/dev/null
in_redis eval 'local s = cmsgpack.unpack(redis.call("GET", KEYS[1])) s[48], s[49] = 7, "newer" redis.call("SET", KEYS[1], cmsgpack.pack(s), "PX", 1000000000) return #s' 1 "$sums" >"$tmp/out"
is 'sums: there are more' "$(cat "$tmp/out")" 49
for entry in "$limits"; do # it is news for all
	in_redis eval 'local n = redis.call("INCR", "dario:seq") redis.call("HSET", KEYS[1], "v", n) redis.call("ZADD", "dario:news", n, "t" .. KEYS[1]:sub(9)) return n' 1 "$entry" >/dev/null
done

windows 0.4
is 'this one goes on' "$(ask "$paid")" 200
ok 'and writes' wait_for has 'j["5h"]["used"] == 0.4'
ok 'what is newer stays' has 'j["newer"] == {"list": [1, 2.5], "text": "\u00e9"} and j["newerFlag"] is True'
is 'beside the text, too' "$(in_redis hget "$limits" newer)" kept
is 'and in sums' "$(in_redis eval 'local s = cmsgpack.unpack(redis.call("GET", KEYS[1])) return s[48] .. s[49]' 1 "$sums")" 7newer

# --- an older version beside this one -----------------------------------------

if [ ! -x "${OLD-}/dario.fcgi" ]; then
	pass 'an older version beside this one # SKIP give the folder of its build: OLD=FOLDER'
	done_testing
fi
stop_router
in_store flushdb
mkfifo "$tmp/bill.port"
start_process "$tmp/bill.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/bill.port"
read -r bill_port <"$tmp/bill.port"
new=$dario
export DARIO_ANTHROPIC_BASE_URL="http://127.0.0.1:$bill_port"
for alias in b c; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done
small=$("$dario" key add small --spend=0.05/month 2>/dev/null)
fast=$("$dario" key add fast --rate=12/hour 2>/dev/null)
home=$DARIO_HOME
host() { # NAME BUILD: starts it there; sets url_NAME, router_NAME
	[ -d "$tmp/$1" ] || cp -r "$home" "$tmp/$1"
	export DARIO_HOME="$tmp/$1"
	dario=$2/dario
	port=
	start_router --workers=2
	eval "url_$1=\$url router_$1=\$router"
	dario=$new
}
ids=0
cost() { # HOST KEY [DIGITS, of its id]: 0.0054 dollars; prints the status
	ids=$((ids + 1))
	eval "at=\$url_$1"
	curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $2" \
		-d "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":${3-9}$ids,\\\"in\\\":100,\\\"out\\\":250,\\\"chars\\\":80,\\\"end\\\":\\\"whole\\\"}\"}]}" \
		"$at/v1/messages"
}
load() { # HOST N: in the background, so many requests of `paid`
	(
		ids=0
		i=0
		while [ $i -lt "$2" ]; do
			i=$((i + 1))
			cost "$1" "$paid" "$load_no"
		done
	) >>"$tmp/codes" &
	loads="$loads $!"
	load_no=$((load_no + 1))
}
spent() { # BUILD KEY, in requests
	DARIO_HOME=$tmp/second "$1/dario" key show "$2" --json |
		json "round(float(j['used']['spend'].get('month', 0)) / 0.0054, 6)"
}
spent_is() { # BUILD REQUESTS
	[ "$(spent "$1" paid)" = "$2.0" ]
}
in_flight() { # HOST
	eval "at=\$url_$1"
	curl -s -H 'x-api-key: owner' "$at/accounts" | json 'sum(a["inFlight"] for a in j["accounts"])'
}
none_in_flight() {
	[ "$(in_flight first)$(in_flight second)" = 00 ]
}
codes() {
	sort "$tmp/codes" | uniq -c | sed 's/^ *//'
}
loads='' load_no=1
: >"$tmp/codes"
host first "$OLD"
host second "$OLD"
load first 30
load first 30
load second 30
wait_for grep -q 200 "$tmp/codes"
url=$url_second router=$router_second
wait $(echo "$loads" | cut -d' ' -f4)
stop_router # the second host is upgraded, while the first has load
host second "$builddir"
load second 30
load second 30
wait $loads
is 'two versions: all are served' "$(codes)" '150 200'
ok 'two versions: each is counted once' wait_for spent_is "$builddir" 150
is 'two versions: the older one sees the same' "$(spent "$OLD" paid)" 150.0
is 'two versions: as the provider has counted' "$(wc -l <"$tmp/bill" | tr -d ' ')" 150
ok 'two versions: nothing is in flight' wait_for none_in_flight
got=
for n in 1 2 3 4 5 6 7; do
	got="$got$(cost first "$small") $(cost second "$small") "
done
is 'two versions: they come to a limit of money together' "$got" \
	'200 200 200 200 200 200 200 200 200 200 429 429 429 429 '
got=
for n in 1 2 3 4 5 6 7; do
	got="$got$(cost first "$fast") $(cost second "$fast") "
done
is 'two versions: and to one of rate' "$got" \
	'200 200 200 200 200 200 200 200 200 200 200 200 429 429 '

# The other one follows, killed in mid-load.
: >"$tmp/codes"
loads=
load second 40
load first 40
killed=$!
wait_for eval '[ "$(wc -l <"$tmp/codes")" -ge 20 ]'
kill -KILL "$router_first" $(pgrep -P "$router_first")
kill "$killed"
wait "$killed" 2>/dev/null
host first "$builddir"
load first 20
wait $loads 2>/dev/null
is 'upgraded: both serve' "$(cost first "$paid") $(cost second "$paid")" '200 200'
ok 'upgraded: nothing is in flight' wait_for none_in_flight
done_testing
