#!/bin/sh
# SPDX-License-Identifier: MIT
# A provider that tells what an answer has cost: that counts, and no price, for
# limits and in usage. Elsewhere a member of that name is anybody's.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
for name in tells silent; do
	"$dario" backend add $name --key=k --base-url="$provider/v1" 2>/dev/null
done
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic 2>/dev/null
for name in tells anth; do
	python3 - "$DARIO_HOME/backends/$name.json" <<'PY'
import json, os, sys
j = json.load(open(sys.argv[1]))
j["tellsCost"] = True
os.umask(0o077)
json.dump(j, open(sys.argv[1] + ".new", "w"))
os.rename(sys.argv[1] + ".new", sys.argv[1])
PY
done
k=$("$dario" key add anna --spend=1000/month 2>/dev/null)
start_router

# ask PATH MODEL ORDER [MEMBERS of the body]: 100 in, 50 out, 400 characters
ask() {
	python3 - "$2" "$3" "${4-}" >"$tmp/text" <<'PY'
import json, sys
order = {"id": 1, "in": 100, "out": 50, "chars": 400, "end": "whole", **json.loads(sys.argv[2])}
print(json.dumps({"model": sys.argv[1], "max_tokens": 99, "messages": [
    {"role": "user", "content": json.dumps(order)}], **json.loads(sys.argv[3] or "{}")}))
PY
	post "$1" "@$tmp/text" -H "x-api-key: $k" >"$tmp/answer"
	status
}
spent() { # billionths of a dollar
	"$dario" key show anna --json | json 'round(float(j["used"]["spend"]["month"]) * 1e9)'
}
has_settled() {
	[ "$("$dario" key show anna --json | json 'j["used"]["running"]')" = 0 ]
}
# costs NAME BILLIONTHS PATH MODEL ORDER [MEMBERS]: for the key, and as it is shown
costs() {
	name=$1
	wanted=$2
	shift 2
	before=$(spent)
	is "$name: answered" "$(ask "$@")" 200
	wait_for has_settled
	is "$name" "$(($(spent) - before)) $(curl -s -H "x-api-key: $k" "$url/requests" | json 'round(j["requests"][0]["cost"] * 1e9)')" "$wanted $wanted"
}
stream='{"stream":true}'
price=750000 # of 100 and 50 tokens at 2.5 and 10 for a million

for how in '' "$stream"; do
	costs "a cost$how" 123456789 /v1/chat/completions tells:gpt-4o '{"told":{"cost":0.123456789}}' "$how"
	costs "more than its price$how" 2500000000 /v1/chat/completions tells:gpt-4o '{"told":{"cost":2.5}}' "$how"
	costs "nothing$how" 0 /v1/chat/completions tells:gpt-4o '{"told":{"cost":0}}' "$how"
	costs "with the fee for a key of the user's own$how" 1050000 /v1/chat/completions tells:gpt-4o \
		'{"told":{"cost":0.00005,"is_byok":true,"cost_details":{"upstream_inference_cost":0.001}}}' "$how"
	costs "which is in it otherwise$how" 1000000 /v1/chat/completions tells:gpt-4o \
		'{"told":{"cost":0.001,"is_byok":false,"cost_details":{"upstream_inference_cost":0.001}}}' "$how"
	costs "DeepInfra's$how" 7700 /v1/chat/completions tells:gpt-4o '{"told":{"estimated_cost":0.0000077}}' "$how"
	costs "ticks$how" 3775600 /v1/chat/completions tells:gpt-4o '{"told":{"cost_in_usd_ticks":37756000}}' "$how"
	costs "a sum of parts$how" 6000000 /v1/chat/completions tells:gpt-4o \
		'{"told":{"cost":{"input_tokens_cost":0.0005,"request_cost":0.005,"total_cost":0.006}}}' "$how"
	costs "a model that has no price$how" 4000000 /v1/chat/completions tells:nobody-knows-1 '{"told":{"cost":0.004}}' "$how"
	costs "translated$how" 4000000 /v1/messages tells:gpt-4o '{"told":{"cost":0.004}}' "$how"
	for odd in '"cost":-1' '"cost":"free"' '"cost":null' '"cost":{}' '"cost":1e300' '"cost":NaN' '"cost_in_usd_ticks":[]'; do
		costs "none, $odd$how" $price /v1/chat/completions tells:gpt-4o "{\"told\":{$odd}}" "$how"
	done
	costs "none is told$how" $price /v1/chat/completions tells:gpt-4o '{}' "$how"
	costs "who is not known to tell it$how" $price /v1/chat/completions silent:gpt-4o '{"told":{"cost":9}}' "$how"
done
field='"head":{"x-litellm-response-cost":'
costs 'in the head' 28500 /v1/chat/completions tells:gpt-4o "{$field\"2.85e-05\"}}"
costs 'in the head: nothing' 0 /v1/chat/completions tells:gpt-4o "{$field\"0.0\"}}"
costs 'in the head, translated' 28500 /v1/messages tells:gpt-4o "{$field\"2.85e-05\"}}"
costs 'in the head: what the usage tells goes before it' 4000000 /v1/chat/completions tells:gpt-4o "{\"told\":{\"cost\":0.004},$field\"9\"}}"
for odd in None '' -1 1x nan inf 1e9 0x10; do
	costs "in the head: none, $odd" $price /v1/chat/completions tells:gpt-4o "{$field\"$odd\"}}"
done
costs 'in the head of who is not known to tell it' $price /v1/chat/completions silent:gpt-4o "{$field\"9\"}}"
costs 'Messages' 7000000 /v1/messages anth:claude-opus-5-5 '{"told":{"cost":0.007}}'
costs 'Messages, a stream' 7000000 /v1/messages anth:claude-opus-5-5 '{"told":{"cost":0.007}}' "$stream"
is 'nothing is estimated' "$("$dario" usage --by=model --json | json 'j["total"]["usageEstimated"]')" 0
costs 'in the head, of an answer without usage' 28500 /v1/chat/completions tells:gpt-4o "{\"usage\":\"never\",$field\"2.85e-05\"}}"

# 100 characters more than what was told
costs 'with every chunk' 5000000 /v1/chat/completions tells:gpt-4o '{"told":{"cost":0.005},"every":true}' "$stream"
costs 'of one that breaks off by its text' 1250000 /v1/chat/completions tells:gpt-4o \
	'{"told":{"cost":0.000001},"every":true,"end":"cut"}' "$stream"

# limits go by it
k=$("$dario" key add ben --spend=0.01/day 2>/dev/null)
is 'a first one' "$(ask /v1/chat/completions tells:gpt-4o '{"told":{"cost":0.02}}')" 200
is_spent() {
	[ "$(ask /v1/chat/completions tells:gpt-4o '{}')" = 429 ]
}
ok 'has spent it all' wait_for is_spent
like 'which is said' "$(cat "$tmp/answer")" 'spend limit reached'

# what is known of providers
for name in openrouter xai perplexity; do
	"$dario" backend add $name --key=k 2>/dev/null
	is "$name tells it" "$(json 'j["tellsCost"]' <"$DARIO_HOME/backends/$name.json")" True
done
done_testing
