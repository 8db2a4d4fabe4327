#!/bin/sh
# SPDX-License-Identifier: MIT
# A value in the store is of another type than dario has made it: who needs it
# goes on as if the store were away, and it is said once. Nobody else does, and
# it is well again when the value is gone.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 redis-server redis-cli
start_provider
start_store
export DARIO_ON_ERROR=refuse DARIO_API_KEY=owner DARIO_QUEUE_MS=0
two_accounts
paid=$("$dario" key add paid --spend=1000/month 2>/dev/null)
fast=$("$dario" key add fast --spend=1000/month 2>/dev/null)
"$dario" store key 2>/dev/null
"$dario" store push 2>/dev/null
export DARIO_STORE_CONFIG=1
start_router --workers=1
ask() { # KEY [CONVERSATION]: the status
	post /v1/messages "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"conversation ${2:-same}\"}]}" \
		-m 60 -H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
key_like() { # PATTERN: one of these
	ask_store --scan --pattern "dario:$1" | head -n 1
}
is_status() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/health" | json 'j["store"]["status"]')" = "$1" ]
}
said() { # TEXT: so many lines of the log
	grep -c "$1" "$tmp/log"
}
spent() { # NAME
	"$dario" key show "$1" --json | json 'j["used"]["spend"]["month"]'
}
has_spent() { # NAME MORE THAN
	spent "$1" | python3 -c 'import sys; sys.exit(not float(sys.stdin.read()) > float(sys.argv[1]))' "$2"
}
# beats: the worker has asked so often that whatever comes again has come.
beats() {
	forget_tries
	wait_for tries 24
}
is 'before' "$(ask owner) $(ask "$paid") $(ask "$fast")" '200 200 200'
ok 'the sums are there' wait_for has_spent paid 0

for what in 'm:paid' 'e:*' 'f:*' 'u:h*' 'u:t' 'v:config'; do
	key=$(key_like "$what")
	[ "$key" ] || continue # it is not there at every moment
	: >"$tmp/log"
	ask_store rename "$key" saved >/dev/null
	ask_store rpush "$key" a >/dev/null
	got=$(ask "$paid")
	case $what in
	m:paid | f:*) is "$what: the key is refused, by --on-error" "$got $(header x-should-retry)" '429 false' ;;
	esac
	is "$what: the owner is served" "$(ask owner) $(ask owner "$what")" '200 200'
	case $what in
	e:* | f:*) ;;
	*) is "$what: another key is served" "$(ask "$fast")" 200 ;;
	esac
	ok "$what: time goes by" beats
	case $what in
	m:paid | f:*) like "$what: which it is" "$(cat "$tmp/log")" "$key is a list, not a" ;;
	esac
	is "$what: the store is there" "$(said 'the store is away') $(said 'the store is back')" '0 0'
	ok "$what: and health says so" is_status ok
	ok "$what: it is said at most once" test "$(said 'something in the store')" -le 1
	[ "$what" != m:paid ] || like "$what: doctor names it" "$("$dario" doctor 2>&1)" \
		"fail  key                     keys/paid.json: what it has used cannot be read: the store: it says WRONGTYPE $key is a list"
	ask_store del "$key" >/dev/null
	ask_store rename saved "$key" >/dev/null
	is "$what: well again" "$(ask "$paid")" 200
done

stop_router
: >"$tmp/log"
start_router --workers=1
ask_store rename dario:m:paid saved >/dev/null
ask_store set dario:m:paid hello >/dev/null
is 'a text: the key is refused, others are not' "$(ask "$paid") $(ask "$fast")" '429 200'
like 'a text: which it is' "$(cat "$tmp/log")" 'dario:m:paid holds no sums'
ask_store rename saved dario:m:paid >/dev/null
is 'a text: well again' "$(ask "$paid")" 200

for what in news procs; do # nobody can do without
	: >"$tmp/log"
	ask_store rename dario:$what saved >/dev/null
	ask_store set dario:$what x >/dev/null
	ask owner "$what" >/dev/null
	ok "$what: the store is away" wait_for is_status away
	is "$what: who needs no limit is served" "$(ask owner) $(ask "$paid")" '200 429'
	ok "$what: time goes by" beats
	like "$what: which it is" "$(cat "$tmp/log")" "(it says WRONGTYPE dario:$what is a string, not a zset)"
	is "$what: said once" "$(said 'the store is away (') $(said 'the store is back')" '1 0'
	ask_store del dario:$what >/dev/null
	ok "$what: back" wait_for is_status ok
	is "$what: well again" "$(ask owner) $(ask "$paid")" '200 200'
done

# A process that is gone has left something that nobody can read.
: >"$tmp/log"
worker=$(worker_pid)
kill -9 "$worker"
for what in h f; do
	ask_store set "dario:$what:p$worker-x" x >/dev/null
done
ask_store zadd dario:procs 1 "p$worker-x" >/dev/null
is_reaped() { # by one that holds something
	ask owner >/dev/null
	[ "$(ask_store exists "dario:h:p$worker-x" "dario:f:p$worker-x")" = 0 ]
}
ok 'of a process that is gone: it is tidied away' wait_for is_reaped
ok 'of a process that is gone: the store is there' wait_for is_status ok
is 'of a process that is gone: served' "$(ask owner) $(ask "$paid") $(ask "$fast")" '200 200 200'
is 'of a process that is gone: nobody was stopped by it' "$(said 'the store is away')" 0
done_testing
