#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests that come at once are spread over accounts that are alike.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_MIN_INTERVAL_MS=300
mkdir -m 700 "$DARIO_HOME"
for alias in a b c; do
	subscription accounts/$alias.json sk-ant-oat01-$alias sk-ant-ort01-$alias 36000000
done
rule '{"accept":["sk-ant-api03-x","sk-ant-api03-y","sk-ant-api03-z"]}'
start_router --workers=2

twelve() { # NAME: first requests of twelve conversations, at once
	clients=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		curl -s -o /dev/null -d "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$1 $i\"}]}" "$url/v1/messages" &
		clients="$clients $!"
	done
	wait $clients
}
answered() { # how many each account got
	seen '(lambda c: sorted(c.count(x) for x in set(c)))([r["credential"] for r in j["requests"]])'
}
rule '{"forget":true,"delay":0.4}'
twelve one
is 'twelve over three subscriptions' "$(answered)" '[4, 4, 4]'
is 'each of them kept its pace' \
	"$(seen 'all(max(t) - min(t) > 0.7 for c in set(r["credential"] for r in j["requests"]) for t in [[r["time"] for r in j["requests"] if r["credential"] == c]])')" True
is 'nothing is in flight any more' "$(curl -s "$url/accounts" | json '[a["inFlight"] for a in j["accounts"]]')" '[0, 0, 0]'

# One after the other: nobody waits for a pace while another idles.
stop_router
rm -rf "$DARIO_HOME/state"
DARIO_MIN_INTERVAL_MS=20000
start_router --workers=2
rule '{"forget":true,"delay":0}'
for i in 1 2 3; do
	curl -s -m 5 -o /dev/null -d "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"seq $i\"}]}" "$url/v1/messages"
done
is 'three in a row: three accounts' "$(answered)" '[1, 1, 1]'
stop_router

# Keys without limits in their answers, of Claude.
rm -rf "$DARIO_HOME"/accounts/* "$DARIO_HOME/state"
for alias in x y z; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done
start_router --workers=2
rule '{"forget":true,"delay":0.4}'
twelve two
is 'twelve over three API keys' "$(answered)" '[4, 4, 4]'

# One after the other, with nothing in flight: they take turns, across the
# workers; a conversation stays.
rule '{"forget":true,"delay":0}'
ask() { # TEXT
	post /v1/messages "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}" >/dev/null
	header x-dario-account
}
order=$(for i in 1 2 3 4 5 6 7 8 9; do ask "turn $i"; done | tr -d '\n')
is 'nine in a row: three each' "$(answered)" '[3, 3, 3]'
is 'nine in a row: in turn' "$order" "$(echo $order | cut -c1-3 | sed 's/.*/&&&/')"
stays=$(ask stays)
is 'a conversation stays' "$(ask stays)$(ask stays)$(ask stays)" "$stays$stays$stays"
after=$(ask after1)$(ask after2)$(ask after3)
is 'and what it had counts as a turn' "$(echo $after | cut -c3)" "$stays"
rule '{"forget":true,"answers":{"sk-ant-api03-x":[{"status":500},{"status":500},{"status":500}]}}'
for i in 1 2 3 4 5 6; do ask "failing $i"; done >/dev/null
is 'one that fails has its turns, too' \
	"$(seen '(lambda c: [c.count(x) for x in ("sk-ant-api03-y", "sk-ant-api03-z")])([r["credential"] for r in j["requests"]])')" '[3, 3]'
rule '{"answers":{}}'

# A worker that is killed gives back what it had in flight.
rule '{"delay":5}'
twelve three &
running=$!
held() { curl -s "$url/accounts" | json 'sum(a["inFlight"] for a in j["accounts"]) >= 12' | grep -q True; }
ok 'twelve are in flight' wait_for 5 held
kill -9 $(worker_pid)
rule '{"delay":0}'
given_back() {
	message claude-x >/dev/null
	curl -s "$url/accounts" | json 'sum(a["inFlight"] for a in j["accounts"])' | grep -q '^0$'
}
ok 'killed: they are not any more' wait_for 15 given_back
wait $running

# Keys of another backend wait in line, too.
stop_router
DARIO_QUEUE_MS=10000
export DARIO_QUEUE_MS
"$dario" backend add groq --base-url="$provider/b/groq/v1" 2>/dev/null
for alias in one two; do
	printf 'gsk-%s\n' $alias | "$dario" accounts add $alias --backend=groq --key-stdin 2>/dev/null
done
start_router
rule '{"keys":{"gsk-one":[{"status":429,"headers":{"retry-after":"2"}}],"gsk-two":[{"status":429,"headers":{"retry-after":"300"}}]}}'
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: in line until the first is free' "$(status) $(header x-dario-account)" '200 one'
"$dario" accounts add two --reserve=50% 2>/dev/null
rm -rf "$DARIO_HOME/state"
rule '{"keys":{"gsk-two":[{"headers":{"x-ratelimit-limit-requests":"10","x-ratelimit-remaining-requests":"4"}}],"gsk-one":[{"status":500}]}}'
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: the other' "$(header x-dario-account)" two
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: what is left is its reserve' "$(header x-dario-account) $(header x-dario-fallback)" 'one groq/two: window'
done_testing
