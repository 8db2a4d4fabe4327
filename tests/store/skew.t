#!/bin/sh
# SPDX-License-Identifier: MIT
# Hosts whose clocks are wrong: the store's is the one that counts, for sums,
# for windows, and for how long an account rests.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 "${CC:-cc}"
"${CC:-cc}" -shared -fPIC -o "$tmp/skew.so" "$srcdir/tests/store/skew.c" 2>"$tmp/cc.log" ||
	skip_all "no library can be built: $(cat "$tmp/cc.log")"
start_provider
start_store
export DARIO_QUEUE_MS=0 DARIO_API_KEY=owner
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a"]}'
printf 'sk-ant-api03-a\n' | "$dario" accounts add a --key-stdin 2>/dev/null
"$dario" backend add plain --key=k --base-url="$provider/b/plain/v1" 2>/dev/null
day=$("$dario" key add day --spend=0.0001/day 2>/dev/null)
rate=$("$dario" key add rate --rate=3/hour 2>/dev/null)
at() { # SECONDS COMMAND...: with a clock that is so far off
	off=$1
	shift
	SKEW_SECONDS=$off LD_PRELOAD=$tmp/skew.so "$@"
}
ok 'a clock can be wrong' test "$(at 86400 date +%s)" -gt $(($(date +%s) + 80000))
home=$DARIO_HOME
for host in right:0 ahead:172800 behind:-1800; do
	cp -r "$home" "$tmp/${host%:*}"
	export DARIO_HOME="$tmp/${host%:*}"
	port=
	SKEW_SECONDS=${host#*:} LD_PRELOAD=$tmp/skew.so start_router --workers=1
	eval "url_${host%:*}=\$url"
done
on() { # HOST KEY MODEL
	eval "url=\$url_$1"
	post /v1/messages "{\"model\":\"$3\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}" \
		-H "Authorization: Bearer $2" >"$tmp/answer"
	status
}
ok 'it is said' wait_for grep -q 'the clock of this host is 17[0-9]* s ahead of the store' "$tmp/log"
ok 'both ways' wait_for grep -q 'the clock of this host is 1[78][0-9]* s behind the store' "$tmp/log"

# a day's sum
spent() {
	"$@" "$dario" key show day --json | json "j['used']['spend'].get('day', 0)"
}
used() { # in the end: what it may cost is held before
	[ "$("$dario" key show day --json | json 'j["used"]["running"], j["used"]["spend"].get("day", 0) != 0')" = '0 True' ]
}
is 'a day: the first request' "$(on right "$day" claude-opus-5-5)" 200
wait_for used
sum=$(spent env)
for host in ahead behind right; do
	is "a day: used up, host $host" "$(on $host "$day" claude-opus-5-5)" 429
done
for off in 172800 -172800; do
	is "a day: a command $off s off sees it" "$(spent at $off)" "$sum"
done

# a window
codes=
for host in right ahead behind right ahead behind; do
	codes="$codes$(on $host "$rate" plain:m) "
done
is 'an hour: three, whoever is asked' "$codes" '200 200 200 429 429 429 '

# an account that rests for ten minutes
rule '{"answers":{"sk-ant-api03-a":[{"status":429,"headers":{"retry-after":"600"}}]}}'
on behind owner claude-x >"$tmp/code"
asked=$(seen 'len(j["requests"])')
for host in right ahead behind; do
	on $host owner claude-x >"$tmp/code"
	is "it rests: host $host" "$(cat "$tmp/code")" 429
	ok "it rests: host $host says how long" test "$(header Retry-After)" -le 601 -a "$(header Retry-After)" -gt 500
done
is 'it rests: nobody asks it' "$(seen 'len(j["requests"])')" "$asked"
done_testing
