#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that comes back as it was some moments ago, as from a snapshot or as a
# replica that has become master: what has ended meanwhile is ended there, too,
# and what is lost alone does not let more in.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 redis-server redis-cli

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
start_store --appendonly no
export DARIO_API_KEY=owner
"$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
printf 'k2\n' | "$dario" accounts add two --backend=anth --key-stdin 2>/dev/null
one=$("$dario" key add one --spend=100/month --parallel=1 2>/dev/null)
start_router --workers=1
ids=0
ask() { # END
	ids=$((ids + 1))
	post /v1/messages "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":$ids,\\\"in\\\":100,\\\"out\\\":250,\\\"chars\\\":80,\\\"end\\\":\\\"$1\\\"}\"}]}" \
		-N -H "Authorization: Bearer $one" >"$tmp/answer.$1"
	status
}
used() { # NAME
	"$dario" key show one --json | json "j['used']['$1']"
}
running_is() {
	[ "$(used running)" = "$1" ]
}
hang() { # sets `hangs`
	ask hang >"$tmp/hung" &
	hangs=$!
	ok "$1: a request is under way" wait_for running_is 1
}
end_it() {
	pkill -P "$hangs" curl
	wait "$hangs" 2>/dev/null
	ok "$1: it has ended" wait_for running_is 0
	wait_for all_is_noted
}

hang 'a snapshot'
is 'a snapshot: there is no place for another' "$(ask whole)" 429
is 'it is made' "$(ask_store save)" OK
end_it 'a snapshot'
spent=$(used spend)
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
start_store --appendonly no
ok 'a snapshot: what has ended since then is ended' wait_for running_is 0
ok 'nothing is held of an account' wait_for all_is_noted
is 'its cost is counted, once' "$(used spend)" "$spent"
is 'there is a place' "$(ask whole)" 200
is 'and the same worker serves' "$(grep -c 'the store is back' "$tmp/log")" 1

hang 'lost sums'
ask_store del dario:m:one >/dev/null
end_it 'lost sums'
hang 'after lost sums'
is 'after lost sums: there is no place for another' "$(ask whole)" 429
end_it 'after lost sums'
is 'and then there is' "$(ask whole)" 200

hang 'forged'
flights=$(ask_store --scan --pattern 'dario:f:*')
ok 'forged: there is one to forge' test -n "$flights"
ask_store hset "$flights" x y >"$tmp/said" # it is nobody's
ask_store client kill type normal >"$tmp/said"
lines() {
	grep -c "the store is $1" "$tmp/log"
}
backs() {
	[ "$(lines back)" -ge "$1" ]
}
not_there() {
	[ "$(ask_store hexists "$flights" x)" = 0 ]
}
ok 'forged: the store is back' wait_for backs 2
ok 'forged: what is nobody'"'"'s goes' wait_for not_there
ask_store set "$flights" x >"$tmp/said"
ask_store client kill type normal >"$tmp/said"
ok 'forged, of another type: the store is back' wait_for backs 3
before=$(lines 'away (')
forget_tries
ok 'forged: it is asked further' wait_for tries 10
is 'forged: it does not come and go' "$(lines 'away (')" "$before"
ask_store del "$flights" >"$tmp/said"
pkill -P "$hangs" curl
wait "$hangs" 2>/dev/null
done_testing
