#!/bin/sh
# SPDX-License-Identifier: MIT
# Two versions on one store: what a newer one has written there beside what this
# one knows stays, and does not disturb it.
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
	timeout 10 redis-cli -s "$store" --raw "$@"
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
ok 'its limits are there' wait_for 10 has 'j["5h"]["used"] == 0.1'
sums=$(in_redis keys 'dario:m:*')

# what a newer version writes
in_redis hget "$limits" x | python3 -c '
import json, sys
j = json.load(sys.stdin)
j["newer"] = {"list": [1, 2.50], "text": "\u00e9"}
j["newerFlag"] = True
print(json.dumps(j))' | timeout 10 redis-cli -s "$store" -x hset "$limits" x >/dev/null
in_redis hset "$limits" newer kept >/dev/null
in_redis eval 'local s = cmsgpack.unpack(redis.call("GET", KEYS[1])) s[48], s[49] = 7, "newer" redis.call("SET", KEYS[1], cmsgpack.pack(s), "PX", 1000000000) return #s' 1 "$sums" >"$tmp/out"
is 'sums: there are more' "$(cat "$tmp/out")" 49
for entry in "$limits"; do # it is news for all
	in_redis eval 'local n = redis.call("INCR", "dario:seq") redis.call("HSET", KEYS[1], "v", n) redis.call("ZADD", "dario:news", n, "t" .. KEYS[1]:sub(9)) return n' 1 "$entry" >/dev/null
done

windows 0.4
is 'this one goes on' "$(ask "$paid")" 200
ok 'and writes' wait_for 10 has 'j["5h"]["used"] == 0.4'
ok 'what is newer stays' has 'j["newer"] == {"list": [1, 2.5], "text": "\u00e9"} and j["newerFlag"] is True'
is 'beside the text, too' "$(in_redis hget "$limits" newer)" kept
is 'and in sums' "$(in_redis eval 'local s = cmsgpack.unpack(redis.call("GET", KEYS[1])) return s[48] .. s[49]' 1 "$sums")" 7newer
done_testing
