#!/bin/sh
# SPDX-License-Identifier: MIT
# Days, weeks from Monday and months of UTC end when they end: with a clock that
# is set to just before and just behind, also in a leap year.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 "${CC:-cc}"

"${CC:-cc}" -shared -fPIC -o "$tmp/skew.so" "$srcdir/tests/store/skew.c" 2>"$tmp/cc.log" ||
	skip_all "no library can be built: $(cat "$tmp/cc.log")"
mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
"$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
printf '{"prices":[{"match":["claude-*"],"input":0,"output":1000}]}' >"$DARIO_HOME/prices.json"
chmod 600 "$DARIO_HOME/prices.json"
k=$("$dario" key add anna --spend=1/day,1.5/week,2.5/month 2>/dev/null)
last=$("$dario" key add ben --expires=2028-03-01 2>/dev/null)
at() { # TIME: it is that now, for the router and for commands
	SKEW_SECONDS=$(($(date -u -d "$1" +%s) - $(date +%s)))
	export SKEW_SECONDS
	[ -z "${router-}" ] || stop_router
	unset port
	export LD_PRELOAD="$tmp/skew.so"
	start_router
	unset LD_PRELOAD
}
header_of() {
	header "anthropic-ratelimit-unified-$1"
}
utc() {
	[ -z "$1" ] || date -u -d "@$1" +%Y-%m-%dT%H:%M:%SZ
}
spend() { # TENTHS of a dollar: the status, and when which period ends
	post /v1/messages "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":1,\\\"in\\\":1,\\\"out\\\":$(($1 * 100)),\\\"chars\\\":1,\\\"end\\\":\\\"whole\\\"}\"}]}" -H "x-api-key: ${2:-$k}" >"$tmp/answer"
	echo "$(status) $(header_of overage-period) $(utc "$(header_of reset)")"
}
used() {
	LD_PRELOAD=$tmp/skew.so "$dario" key show anna --json >"$tmp/shown"
	json '[round(float(j["used"]["spend"][p]) * 10) for p in ("day", "week", "month")]' <"$tmp/shown"
}
is_used() {
	[ "$(used)" = "$1" ]
}
uses() { # NAME WANTED
	wait_for is_used "$2"
	is "$1" "$(used)" "$2"
}

at 2028-02-26T23:00:00Z # a Saturday
is 'Saturday: one of a dollar' "$(spend 10)" '200  2028-02-27T00:00:00Z'
uses 'Saturday: it counts' '[10, 10, 10]'
is 'Saturday: the day is over' "$(spend 1)" '429 daily 2028-02-27T00:00:00Z'
is 'and when again' "$(($(header retry-after) > 3000 && $(header retry-after) <= 3600))" 1
at 2028-02-27T00:00:30Z
uses 'Sunday: another day of the same week' '[0, 10, 10]'
is 'Sunday: half a dollar more' "$(spend 5 | cut -c1-3)" 200
uses 'Sunday: it counts' '[5, 15, 15]'
is 'Sunday: the week is over' "$(spend 1)" '429 weekly 2028-02-28T00:00:00Z'
at 2028-02-28T00:00:30Z
uses 'Monday: another week of the same month' '[0, 0, 15]'
is 'Monday: a dollar' "$(spend 10 | cut -c1-3)" 200
uses 'Monday: it counts' '[10, 10, 25]'
at 2028-02-29T12:00:00Z
uses 'a day that most years do not have' '[0, 10, 25]'
is 'it is the last of February' "$(spend 1)" '429 monthly 2028-03-01T00:00:00Z'
like 'in words' "$(cat "$tmp/answer")" 'resets Mar 1 '
is 'a key that ends with it is good' "$(spend 1 "$last" | cut -c1-3)" 200
at 2028-03-01T00:00:30Z
uses 'March: the week goes on' '[0, 10, 0]'
is 'March: half a dollar' "$(spend 5 | cut -c1-3)" 200
is 'the key has ended' "$(spend 1 "$last" | cut -c1-3)" 401
uses 'March: it counts' '[5, 15, 5]'
is 'March: the week is over' "$(spend 1)" '429 weekly 2028-03-06T00:00:00Z'
at 2028-02-29T12:00:00Z
is 'a clock that is set back gives nothing back' "$(spend 1 | cut -c1-3)" 429
at 2028-12-31T23:00:00Z # a Sunday
is 'the last hour of a year' "$(spend 10 | cut -c1-3)" 200
uses 'it counts' '[10, 10, 10]'
at 2029-01-01T00:00:30Z
uses 'a new year: nothing is spent' '[0, 0, 0]'
done_testing
