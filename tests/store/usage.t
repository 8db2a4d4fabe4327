#!/bin/sh
# SPDX-License-Identifier: MIT
# What all hosts have used, on each of them: once, whoever tells it again.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3
mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
start_store
export DARIO_API_KEY=owner
"$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
anna=$("$dario" key add anna 2>/dev/null)
home=$DARIO_HOME
on() { # HOST
	export DARIO_HOME="$tmp/host$1"
	eval "url=\${url$1-}"
}
for host in 1 2; do
	cp -r "$home" "$tmp/host$host"
	on $host
	port=
	start_router --workers=2
	eval "url$host=$url router$host=$router"
done
ids=0
ask() { # HOST: 100 in, 10 out
	on "$1"
	ids=$((ids + 1))
	post /v1/messages "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":$ids,\\\"in\\\":100,\\\"out\\\":10,\\\"chars\\\":8,\\\"end\\\":\\\"whole\\\"}\"}]}" \
		-H "Authorization: Bearer $anna" >"$tmp/answer"
	status
}
usage() { # HOST: requests and tokens of anna's, by day
	on "$1"
	"$dario" usage --by=key,day --json | json '[(r["key"], r["requests"], r["uncached"], r["output"]) for r in j["rows"]]'
}
shows() { # HOST REQUESTS
	[ "$(usage "$1")" = "[('anna', $2, $(($2 * 100)), $(($2 * 10)))]" ]
}
ever() {
	[ "$("$dario" usage --json | json 'j["allTime"]["requests"]')" = "$1" ]
}
page() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/analytics" | json 'j["allTime"]["requests"]')" = "$1" ]
}
codes=
for host in 1 1 1 2 2; do
	codes="$codes$(ask $host) "
done
is 'five requests' "$codes" '200 200 200 200 200 '
for host in 1 2; do
	ok "host $host shows those of both" wait_for shows $host 5
	ok "host $host: since all time" wait_for ever 5
	ok "host $host: its page" wait_for page 5
done
like 'a price of all' "$(on 1 && "$dario" usage)" '5 requests      500 in'

# a worker is killed, and another one tells
on 1
kill -KILL $(pgrep -P "$router1" dario.fcgi)
again() {
	[ "$(ask 1)" = 200 ]
}
ok 'host 1: workers are killed, others come' wait_for again
n=$(wc -l <"$tmp/bill")
for host in 1 2; do
	ok "host $host: each is there once" wait_for shows $host "$((n))"
done

# the store loses all
in_store flushdb
ok 'told again' wait_for shows 2 "$((n))"
ok 'by both' wait_for shows 1 "$((n))"

# a newer version's row, and what is none
hour=$(($(date +%s) / 3600 * 3600000))
newer() { # FIELD TEXT
	timeout 60 redis-cli -s "$store" hset "dario:u:h$hour" "$1" "$2" >/dev/null
}
counts=$(python3 -c 'print([1, 0, 0, 1] + [0] * 60)')
newer other/1 "{\"names\":[\"anna\",\"m\",\"b\",\"a\",\"\",\"\",\"\",\"newer\"],\"counts\":$counts,\"hists\":[],\"newer\":{\"x\":1}}"
newer other/2 'no json'
newer other/3 '{"names":[1,2,3,4,5,6,7],"counts":[-5]}'
newer other/4 '{"counts":[7]}'
total() {
	on 1
	[ "$("$dario" usage --by=key --json | json 'j["total"]["requests"]')" = "$1" ]
}
ok 'a row of a newer version counts, what is none does not' total "$((n + 1))"
for key in $(timeout 60 redis-cli -s "$store" --scan --pattern 'dario:u:*'); do
	[ "$key" = "dario:u:h$hour" ] || [ "$(timeout 60 redis-cli -s "$store" pttl "$key")" -gt 0 ] || fail "no expiry: $key"
done

# away: its own
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
on 2
ok 'away: its own requests' test "$("$dario" usage --by=key --json 2>/dev/null | json 'j["total"]["requests"]')" = 2
done_testing
