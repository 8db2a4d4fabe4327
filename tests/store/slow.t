#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that is slow, silent or stopped: no request waits for it longer than
# it may, whatever it asks for, and nobody else waits at all. The time to answer
# is four seconds here, so that a busy machine does not count.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
. "$srcdir/tests/store/slow.sh"
# waits NAME COMMAND...: the store falls silent, then the command is run
waits() {
	name=$1
	shift
	say delay 0
	ok "$name: the store is there" wait_for up
	"$@" >"$tmp/code"
	is "$name: before" "$(cat "$tmp/code")" 200
	say mute
	begun=$(now_ms)
	"$@" >"$tmp/code"
	took=$(($(now_ms) - begun))
	is "$name: served" "$(cat "$tmp/code")" 200
	ok "$name: it waits for one time to answer at most ($took ms)" test "$took" -lt 7800
}

waits 'choose and note' ask owner /v1/messages claude-x
talk=same waits 'sticky' ask owner /v1/messages claude-x
waits 'meter' ask "$paid" /v1/chat/completions plain:m
waits 'meter and choose' ask "$paid" /v1/messages claude-x
waits 'breaker' ask owner /v1/chat/completions plain:m
queue() { # its account rests for a second
	rule '{"answers":{"sk-ant-api03-a":[{"status":429,"headers":{"retry-after":"1"}}],"sk-ant-api03-b":[{"status":429,"headers":{"retry-after":"1"}}]}}'
	ask owner /v1/messages claude-x
}
say delay 0
wait_for up
stop_router
port=
DARIO_QUEUE_MS=60000 start_router --workers=1
is 'in line: before' "$(queue)" 200
say mute
is 'in line: served' "$(queue)" 200
say delay 0

# others do not wait
wait_for up
both_told() { # by two threads
	[ "$(lines 'the store is away (')" = "$(lines 'the store is back')" ]
}
wait_for both_told
before=$(lines 'the store is away (')
say mute
curl -s -o /dev/null -d '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"held up"}]}' \
	-H 'x-api-key: owner' -w '%{http_code}' "$url/v1/messages" >"$tmp/held" &
held=$!
is 'whoever needs no store does not wait' "$(curl -s -m 60 -o /dev/null -w '%{http_code}' "$url/health")" 200
wait "$held"
is 'and the other one is served' "$(cat "$tmp/held")" 200
ok 'one line says that it is away' wait_for sh -c "[ \$(grep -c 'the store is away (' '$tmp/log') -eq $((before + 1)) ]"

stop_router
exec 8>&-
done_testing
