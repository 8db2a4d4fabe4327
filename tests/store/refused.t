#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that answers and refuses: one that has forgotten its scripts serves on
# unnoticed; one that is full, or a replica by now, is away until it takes
# something, and that is said once.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
start_store
export DARIO_API_KEY=owner DARIO_QUEUE_MS=0
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
lines() { # WORDS: how often the log says it
	grep -c "$1" "$tmp/log"
}
is_status() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/health" | json 'j["store"]["status"]')" = "$1" ]
}
is 'before' "$(ask "$paid") $(ask owner)" '200 200'

# With --on-error=deny, as it is without a setting, each of them would fail.
codes=
for n in 1 2 3 4 5; do
	in_store script flush
	codes="$codes$(ask "$paid") $(ask owner) "
done
is 'scripts forgotten: each request is served' "$codes" \
	'200 200 200 200 200 200 200 200 200 200 '
is 'scripts forgotten: and nothing is away' "$(lines 'the store is away')" 0

in_store config set maxmemory 1
ok 'full: away' wait_for is_status away
is 'full: who needs no limit is served' "$(ask owner)" 200
isnt_served=$(ask "$paid")
ok "full: a key with limits is not ($isnt_served)" test "$isnt_served" != 200
beats() { # answers that a keeper has got since
	[ "$(timeout 60 redis-cli -s "$store" info commandstats | sed -n 's/^cmdstat_evalsha:calls=\([0-9]*\).*/\1/p')" -ge "$1" ]
}
timeout 60 redis-cli -s "$store" config resetstat >/dev/null
ok 'full: it is looked at again' wait_for beats 5
is 'full: said once' "$(lines 'the store is away (it says OOM')$(lines 'the store is back')" 10
in_store config set maxmemory 0
ok 'full no more: back' wait_for is_status ok
is 'full no more: served' "$(ask "$paid")" 200

before=$(lines 'the store is away (')
in_store replicaof 127.0.0.1 1
ok 'a replica by now: away' wait_for is_status away
is 'a replica by now: served' "$(ask owner)" 200
in_store replicaof no one
ok 'a master again: back' wait_for is_status ok
is 'a replica by now: said once' "$(lines 'the store is away (')" $((before + 1))
is 'a master again: served' "$(ask "$paid")" 200

is 'an address of which half is missing' \
	"$(DARIO_STORE='redis://[::1' "$dario" config 2>&1 | grep -c 'its host cannot be read')" 1
done_testing
