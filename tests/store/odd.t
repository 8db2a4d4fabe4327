#!/bin/sh
# SPDX-License-Identifier: MIT
# A store whose answers are odd, without end, or never whole: the router starts
# and stops, serves, says once that it is away, and keeps none of it.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
start_store
mkfifo "$tmp/say" "$tmp/said"
start_process "$tmp/odd.log" sh -c 'exec python3 "$1" "$2" <"$3" >"$4"' - \
	"$srcdir/tests/store/odd.py" "$store" "$tmp/say" "$tmp/said"
exec 8>"$tmp/say" 9<"$tmp/said"
read -r odd_port <&9
export DARIO_STORE_TIMEOUT_MS=300 DARIO_ON_ERROR=allow DARIO_API_KEY=owner DARIO_QUEUE_MS=0
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a"]}'
printf 'sk-ant-api03-a\n' | DARIO_STORE='' "$dario" accounts add a --key-stdin 2>/dev/null
paid=$(DARIO_STORE='' "$dario" key add paid --spend=1000/month 2>/dev/null)
export DARIO_STORE="redis://127.0.0.1:$odd_port"
ask() { # KEY
	post /v1/messages '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' \
		-m 60 -H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
for how in map nothing noise number nils lists 1970 negative list news loading many long "lists of lists" drip; do
	echo "$how" >&8
	read -r _ <&9
	: >"$tmp/log"
	port=
	ms=300
	said='1 0'
	case $how in
	'lists of lists') ms=5000 ;; # so that time does not end it
	negative) ms=10000 said='0 0' ;; # it is an answer
	many) said= ;;                  # it may be one, on a fast machine
	esac
	DARIO_STORE_TIMEOUT_MS=$ms start_router --workers=1
	is "$how: served" "$(ask owner) $(ask owner)" '200 200'
	got=$(ask "$paid") # by what the store says, or by --on-error
	ok "$how: a key with limits ($got)" test "$got" = 200 -o "$got" = 429
	if ! grep -q '^#define SANITIZED' "$builddir/config.h"; then # it keeps what is freed
		kb=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$(worker_pid)/status")
		ok "$how: little memory ($kb KB)" test "$kb" -lt 150000
	fi
	case $how in
	nothing | list | loading | drip)
		forget_tries
		ok "$how: tried again" wait_for tries 2
		;;
	esac
	[ -z "$said" ] || is "$how: said once that it is away, if it is, and not that it is back" \
		"$(grep -c 'the store is away (' "$tmp/log") $(grep -c 'the store is back' "$tmp/log")" "$said"
	ok "$how: no word of another clock" eval '! grep -q "clock of this host" "$tmp/log"'
	timeout 60 "$dario" store status >"$tmp/out" 2>&1
	ok "$how: status ends ($?)" test $? -ne 124
	stop_router
done
exec 8>&-
done_testing
