#!/bin/sh
# SPDX-License-Identifier: MIT
# The limits of people's keys: what is refused, in which words, before anything
# is sent; and what a person sees of them.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic --models='claude-*' 2>/dev/null
"$dario" backend add open --key=k --base-url="$provider/v1" --models='gpt-*' 2>/dev/null
start_router --workers=2
ids=0
# order OUT [MEMBERS]: a prompt for so many tokens
order() {
	printf '{\\"id\\":%s,\\"in\\":100,\\"out\\":%s,\\"chars\\":80,\\"end\\":\\"whole\\"%s}' "$ids" "$1" "${2-}"
}
# messages KEY OUT [MEMBERS of the body [of the order [PATH]]]: 20 dollars for a million of OUT
messages() {
	ids=$((ids + 1))
	post "${5:-/v1/messages}" "{\"model\":\"${model:-claude-opus-5-5}\",\"max_tokens\":${max:-50},\"messages\":[{\"role\":\"user\",\"content\":\"$(order "$2" "${4-}")\"}]${3-}}" \
		-H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
chat() {
	ids=$((ids + 1))
	post /v1/chat/completions "{\"model\":\"${model:-gpt-4o}\",\"messages\":[{\"role\":\"user\",\"content\":\"$(order "$2" "${4-}")\"}]${3-}}" \
		-H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
error() {
	json "j[\"error\"][\"$1\"]" <"$tmp/answer"
}
sent() {
	wc -l <"$tmp/bill" | tr -d ' '
}
add() {
	"$dario" key add "$@" 2>/dev/null
}
limit() { # NAME: of the fields
	header "anthropic-ratelimit-unified-$1"
}
spent() { # KEY [PERIOD]
	"$dario" key show "$1" --json | json "j['used']['spend']['${2:-month}']"
}
is_spent() { # KEY SUM
	[ "$(spent "$1")" = "$2" ]
}

# models
k=$(add models --models='claude-haiku*,gpt-4o')
model=claude-haiku-4-5
is 'an allowed model' "$(messages "$k" 1)" 200
model=claude-opus-5-5
is 'another one: 400' "$(messages "$k" 1) $(error type)" '400 invalid_request_error'
like 'which are allowed' "$(error message)" 'claude-haiku*, gpt-4o'
is 'nothing was sent' "$(sent)" 1
is 'nor as one to fall back to' "$(model=gpt-4o chat "$k" 1 ',"models":["gpt-4o","o1-pro"]') $(error param)" '400 models'
is 'nor in another spelling' "$(model=gpt-4o chat "$k" 1 ',"model\u0073":["o1-pro"]')" 400
is 'nothing was sent' "$(sent)" 1
for name in Model MODELS Max_Tokens Service_Tier maX_completion_tokens Tools web_ſearch_options 'bac\u212aground' '\u004dodels' N; do
	is "nor is $name taken, which servers read in two ways" "$(model=gpt-4o chat "$k" 1 ",\"$name\":[\"o1-pro\"]")" 400
done
like 'it is named' "$(error message)" 'write n'
is 'nothing was sent' "$(sent)" 1
model=claude-haiku-4-5
is 'nor is an advisor of another model' "$(messages "$k" 1 ',"tools":[{"type":"advisor_20260301","name":"advisor","model":"claude-opus-5-5"}]') $(error type)" '400 invalid_request_error'
like 'it is named, too' "$(error message)" 'the model claude-opus-5-5'
for list in '[{"model":"claude-haiku-4-5"},{"model":"claude-opus-5-5"}]' '["claude-opus-5-5"]' '[{"model":"claude-haiku-4-5","model":"claude-opus-5-5"}]' '[{"max_tokens":1}]'; do
	is "nor is one to fall back to, $list" "$(messages "$k" 1 ",\"fallbacks\":$list")" 400
done
is 'nor is what the provider falls back to by itself' "$(messages "$k" 1 ',"fallbacks":"default"') $(error type)" '400 invalid_request_error'
like 'what is allowed, is said' "$(error message)" 'claude-haiku*, gpt-4o'
for tool in '{"type":"openrouter:advisor","parameters":{"model":"o1-pro"}}' '{"type":"openrouter:fusion","parameters":{"analysis_models":["gpt-4o","o1-pro"]}}' \
	'{"type":"openrouter:fusion","parameters":{"analysis_models":["gpt-4o"],"m\u006fdel":"o1-pro"}}' '{"type":"openrouter:fusion"}' '{"type":"openrouter:fusion","parameters":{"analysis_models":[]}}' \
	'{"type":"openrouter:advisor","parameters":{}}' '{"type":"openrouter:subagent"}' '{"type":"openrouter:image_generation"}' \
	'{"type":"x","a":{"b":[{"judge_model":{"id":"o1-pro"}}]}}' '{"type":"image_generation","model":"o1-pro"}'; do
	is "nor is a tool that asks one, $tool" "$(model=gpt-4o chat "$k" 1 ",\"tools\":[$tool]") $(error param)" '400 tools'
done
for plugin in '{"id":"fusion","analysis_models":["o1-pro"]}' '{"id":"fusion"}' '{"id":"auto-router","allowed_models":["o1-pro"]}'; do
	is "nor is a plugin that does, $plugin" "$(model=gpt-4o chat "$k" 1 ",\"plugins\":[$plugin]") $(error param)" '400 plugins'
done
is 'nothing was sent' "$(sent)" 1
for named in '"fallbacks":[{"gpt-4o":["o1-pro"]}]' '"context_window_fallbacks":[{"gpt-4o":["o1-pro"]}]' '"content_policy_fallbacks":[{"gpt-4o":["gpt-4o","o1-pro"]}]' \
	'"providerOptions":{"gateway":{"models":["o1-pro"]}}' '"provider_options":{"gateway":{"models":["gpt-4o","o1-pro"]}}' '"extra_body":{"models":["o1-pro"]}'; do
	is "nor is one that a gateway would ask, $named" "$(model=gpt-4o chat "$k" 1 ",$named") $(error type)" '400 invalid_request_error'
	like 'which is named' "$(error message)" 'the model o1-pro'
done
is 'nothing was sent' "$(sent)" 1
for list in '"fallbacks":[{"gpt-4o":["gpt-4o"]}],"providerOptions":{"gateway":{"models":["gpt-4o"],"order":["azure"]}}' '"extra_body":{"a":{"b":[1,null]}}' \
	'"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"model":{"type":"string","enum":["o1-pro"]}}}}}]' \
	'"tools":[{"type":"openrouter:advisor","parameters":{"model":"gpt-4o"}},{"type":"openrouter:web_search"}]' \
	'"plugins":[{"id":"web"},{"id":"fusion","analysis_models":["gpt-4o"],"model":"gpt-4o"}]' '"tools":null,"fallbacks":null'; do
	is "what asks no other is taken, $list" "$(model=gpt-4o chat "$k" 1 ",$list")" 200
done
is 'nor does a property of that name' "$(messages "$k" 1 ',"tools":[{"name":"f","input_schema":{"type":"object","properties":{"model":{"type":"string","default":"x"}},"required":["model"]}}]')" 200
is 'an allowed one is' "$(messages "$k" 1 ',"fallbacks":[{"model":"claude-haiku-4-5"}],"tools":[{"type":"advisor_20260301","name":"advisor","model":"claude-haiku-4-5"},{"name":"f","input_schema":{"type":"object"}}]')" 200
model=claude-opus-5-5
is 'other names are as they are' "$(model=gpt-4o chat "$k" 1 ',"Metadata":{"Model":"o1-pro"}')" 200
is 'an allowed one to fall back to' "$(model=gpt-4o chat "$k" 1 ',"models":["gpt-4o"]')" 200
is 'not even by the name of the backend' "$(model=anth:claude-opus-5-5 messages "$k" 1)" 400
is 'nor is another one counted' "$(messages "$k" 7 '' '' /v1/messages/count_tokens) $(error type)" '400 invalid_request_error'
is 'an allowed one is' "$(model=claude-haiku-4-5 messages "$k" 7 '' '' /v1/messages/count_tokens)" 200
model=gpt-4.1
is 'Chat: 400' "$(chat "$k" 1) $(error type) $(error param)" '400 invalid_request_error model'
model=
curl -s -H "x-api-key: $k" "$url/v1/models" >"$tmp/models"
is 'only those are listed' "$(json '[m["id"] for m in j["data"] if not m["id"].startswith("claude-haiku") and m["id"] != "gpt-4o"]' <"$tmp/models")" '[]'
like 'and those are' "$(cat "$tmp/models")" claude-haiku
is 'one that is not: 404' "$(curl -s -o /dev/null -w '%{http_code}' -H "x-api-key: $k" "$url/v1/models/claude-opus-5-5")" 404

# money: 100 in at 4, 5000 out at 20 for a million
k=$(add spend --spend=0.25/day)
is 'the first is let in' "$(messages "$k" 5000)" 200
is 'its fields' "$(limit status) $(limit representative-claim) $(limit overage-status) $(limit overage-utilization)" 'allowed overage allowed 0.00'
is 'no threshold yet' "$(limit overage-surpassed-threshold)" ''
end=$(date -u -d tomorrow +%s)
end=$((end - end % 86400))
is 'when it is reset' "$(limit reset) $(limit overage-reset)" "$end $end"
is "the account's own limits are not shown" "$(header anthropic-ratelimit-requests-remaining)" ''
wait_for is_spent spend 0.100400000
is 'every cent is counted' "$(spent spend)" 0.100400000
is 'the second' "$(messages "$k" 5000) $(limit status) $(limit overage-utilization)" '200 allowed 0.40'
wait_for is_spent spend 0.200800000
is 'the third: a warning' "$(messages "$k" 5000) $(limit status) $(limit overage-utilization) $(limit overage-surpassed-threshold)" '200 allowed_warning 0.80 0.75'
wait_for is_spent spend 0.301200000
n=$(sent)
is 'the fourth: 429' "$(messages "$k" 1 ',"stream":true') $(error type)" '429 billing_error'
like 'as JSON, of a stream too' "$(header content-type)" json
like 'what, until when' "$(error message)" "spend limit reached · resets $(date -u -d @"$end" '+%b %-d') · "
is 'no retry' "$(header x-should-retry)" false
left=$(($(header retry-after) - (end - $(date +%s))))
is 'retry-after is the end of the day' "$([ $left -ge -60 ] && [ $left -le 60 ] && echo yes)" yes
is 'rejected' "$(limit status) $(limit overage-period) $(limit overage-disabled-reason) $(limit overage-surpassed-threshold)" 'rejected daily org_spend_cap_reached 1'
is 'when it is reset, again' "$(limit reset) $(limit overage-reset)" "$end $end"
is 'how much' "$(limit overage-utilization)" 1.20
is 'what would hide the message is not there' "$(limit representative-claim)$(limit overage-status)" ''
is 'Chat: in its own words' "$(chat "$k" 1) $(error type) $(error code)" '429 insufficient_quota insufficient_quota'
is 'Chat: no retry' "$(header x-should-retry)" false
post /v1/responses '{"model":"gpt-4o","input":"x"}' -H "x-api-key: $k" >"$tmp/answer"
is 'Responses, too' "$(status) $(error code)" '429 insufficient_quota'
is 'nothing of that was sent' "$(sent)" "$n"
is 'counting is free' "$(messages "$k" 7 '' '' /v1/messages/count_tokens)" 200
"$dario" key change spend --spend=1/day
is 'a higher limit counts at once' "$(messages "$k" 1)" 200
n=$(sent)
is 'nor may a limit be read in two ways' "$(messages "$k" 1 ',"Max_Tokens":99999') $(error type)" '400 invalid_request_error'
is 'nor may the size of a model that may be asked for' "$(chat "$k" 1 ',"MAX_TOKENS":99999') $(error param)" '400 max_tokens'
is 'nothing of that was sent either' "$(sent)" "$n"
k=$(add nothing --spend=0/month)
is 'nothing at all' "$(messages "$k" 1) $(limit overage-period)" '429 monthly'

k=$(add little --spend=0.000000001/day)
messages "$k" 1 >/dev/null
wait_for is_spent little 0.000420000
is 'the least there is' "$(messages "$k" 1)" 429
like 'it is told to the last digit' "$(error message)" 'may spend $0.000000001 a day'

# what a rule of the owner makes of a name that is allowed is allowed
"$dario" route add quick open:gpt-4.1 --fallback=anth:claude-haiku-4-5 2>/dev/null
k=$(add ruled --models=quick --spend=5/month)
is 'a rule to a model that the key could not ask for' "$(model=quick chat "$k" 1) $(header x-dario-model)" '200 gpt-4.1'
is 'it could not' "$(model=gpt-4.1 chat "$k" 1)" 400
wait_for is_spent ruled 0.000208000
is 'it pays for what has answered' "$(spent ruled)" 0.000208000
is 'what failed is not answered by nobody' "$(model=quick chat "$k" 1 '' ',\"end\":\"500\"') $(header x-dario-fallback)" '500 open: 500'
is 'and costs nothing, however often it was tried' "$(spent ruled)" 0.000208000

# without limits it counts all the same: those that are set later hold for all of it
k=$(add free)
d=$(add free/d)
is 'no limits' "$(messages "$k" 5000) $(limit status)" '200 '
is 'nor of a device' "$(messages "$d" 5000) $(limit status)" '200 '
wait_for is_spent free 0.200800000
is 'what they have spent' "$(spent free)" 0.200800000
wait_for is_spent free/d 0.100400000
is 'and the device alone' "$(spent free/d)" 0.100400000
like 'it is listed' "$("$dario" key list | grep '^free ')" 'spent 0.20 today'
is 'they see it, in cents' "$(curl -s -H "x-api-key: $k" "$url/api/oauth/usage" | json 'j["extra_usage"]["used_credits"], j["extra_usage"]["daily"]["used_credits"]')" '20 20'
"$dario" key change free --spend=0.2/month
n=$(sent)
is 'a limit of less than that' "$(messages "$k" 1) $(limit overage-utilization)" '429 1.00'
is 'it holds for the device' "$(messages "$d" 1)" 429
"$dario" key change free --spend=
"$dario" key change free/d --spend=0.11/day
is 'it is taken back; and one for the device' "$(messages "$k" 1) $(messages "$d" 1) $(limit overage-utilization)" '200 200 0.91'
is 'both were sent' "$(($(sent) - n))" 2
wait_for is_spent free 0.201640000
is 'both count' "$(spent free)" 0.201640000
wait_for is_spent free/d 0.100820000
is 'once' "$(spent free/d)" 0.100820000
is 'a model without a price counts by the default' "$(model=open:nobodys chat "$k" 1) $(header x-dario-price)" '200 '
wait_for is_spent free 0.202165000
is 'which is 5 and 25' "$(spent free)" 0.202165000

# a person and the devices
add anna --spend=0.05/month >/dev/null
a=$(add anna/a)
b=$(add anna/b --spend=0.01/week)
is 'a device, by the limit of its person' "$(messages "$a" 2000) $(limit status)" '200 allowed'
wait_for is_spent anna 0.040400000
is 'another device is counted, too' "$(messages "$b" 600) $(limit overage-utilization)" '200 0.81'
wait_for is_spent anna 0.052800000
is 'then all of them are refused' "$(messages "$a" 1) $(limit overage-period)" '429 monthly'
wait_for is_spent anna/b 0.012400000
is 'and only what was sent is counted' "$(spent anna/b)" 0.012400000

# what costs nothing, what breaks off
k=$(add broken --spend=100/month)
is 'a refusal of the provider costs nothing' "$(messages "$k" 9 '' ',\"end\":\"400\"')" 400
is 'nor does a failure' "$(messages "$k" 9 '' ',\"end\":\"500\"')" 500
is 'it does not' "$(spent broken)" 0.000000000
messages "$k" 5000 ',"stream":true' ',\"end\":\"cut\",\"chars\":4000' >/dev/null
like 'a stream that is cut' "$(tail -c 300 "$tmp/answer")" error
wait_for is_spent broken 0.020400000
is 'it costs what came of it: 100 in, 4000 characters' "$(spent broken)" 0.020400000
messages "$k" 5000 ',"stream":true' ',\"chars\":4000' >/dev/null
wait_for is_spent broken 0.120800000
is 'a whole one costs what it says' "$(spent broken)" 0.120800000
chat "$k" 500 ',"stream":true,"stream_options":{"include_usage":true}' >/dev/null
wait_for is_spent broken 0.126050000
is 'Chat, at its own price' "$(spent broken)" 0.126050000
model=gpt-unknown chat "$k" 1000 >/dev/null
wait_for is_spent broken 0.151550000
is 'an unknown model costs what a large one does' "$(spent broken)" 0.151550000
model=claude-opus-5-5
post /v1/chat/completions "{\"model\":\"claude-opus-5-5\",\"messages\":[{\"role\":\"user\",\"content\":\"$(order 1000)\"}]}" -H "x-api-key: $k" >/dev/null
wait_for is_spent broken 0.171950000
is 'translated, it costs the same' "$(spent broken)" 0.171950000

# other prices
own() { # the text of prices.json
	printf '%s' "$1" >"$DARIO_HOME/new.json"
	chmod 600 "$DARIO_HOME/new.json"
	mv "$DARIO_HOME/new.json" "$DARIO_HOME/prices.json"
}
k=$(add own --spend=100/month)
model=gpt-4o
own '{"defaultPrice":{"input":1,"output":2},"prices":[{"match":["gpt-4o"],"input":10,"output":100},{"match":["mine-*"],"input":0,"output":0}]}'
is 'own prices count on the next request' "$(chat "$k" 1000)" 200
wait_for is_spent own 0.101000000
is 'own prices: before ours' "$(spent own)" 0.101000000
is 'of a known model nothing is said' "$(header x-dario-price)" ''
model=gpt-unknown chat "$k" 1000 >/dev/null
model=gpt-4o
like 'a price that is not known is said to be so' "$(header x-dario-price)" default
wait_for is_spent own 0.103100000
is 'it counts by defaultPrice' "$(spent own)" 0.103100000
model=claude-opus-5-5
messages "$k" 1000 >/dev/null
model=gpt-4o
wait_for is_spent own 0.123500000
is 'what is not said there costs as before' "$(spent own)" 0.123500000
named() {
	grep -c prices.json "$tmp/log"
}
is_named() { # once more
	[ "$(named)" -gt "$before" ]
}
for wrong in '{' '[]x' '{"prices":{}}' '{"prices":[{"match":"gpt-4o","input":1,"output":1}]}' '{"prices":[{"match":["x"],"input":-1,"output":1}]}' \
	'{"prices":[{"match":["x"],"output":1}]}' '{"prices":[{"match":["x"],"input":1,"output":1,"from":"soon"}]}' \
	'{"prices":[{"match":["x"],"input":1,"output":1,"from":"2027-02-29"}]}' '{"prices":[{"match":["x"],"input":1,"output":1,"from":20260101}]}' \
	'{"defaultPrice":{"input":"1","output":2}}'; do
	before=$(named)
	own "$wrong"
	is "a wrong file, $wrong: the last one holds" "$(chat "$k" 0)" 200
	ok 'it is named' wait_for is_named
done
rm "$DARIO_HOME/prices.json"
k=$(add extras --spend=100/month)
chat "$k" 1000 >/dev/null
wait_for is_spent extras 0.010250000
is 'without extras' "$(spent extras)" 0.010250000
chat "$k" 1000 ',"service_tier":"flex"' >/dev/null
wait_for is_spent extras 0.020500000
is 'a cheaper tier counts as the usual one, which may answer' "$(spent extras)" 0.020500000
chat "$k" 1000 ',"service_tier":"priority"' >/dev/null
wait_for is_spent extras 0.041000000
is 'priority counts twice' "$(spent extras)" 0.041000000
chat "$k" 1000 ',"service_ti\u0065r":"priority"' >/dev/null
wait_for is_spent extras 0.102500000
is 'no name is overlooked' "$(spent extras)" 0.102500000
chat "$k" 1000 ',"plugins":[{"id":"web"}]' >/dev/null
wait_for is_spent extras 0.152750000
is 'searches cost' "$(spent extras)" 0.152750000
post /v1/messages "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"speed\":\"fast\",\"messages\":[{\"role\":\"user\",\"content\":\"$(order 1000)\"}]}" -H "x-api-key: $k" >/dev/null
wait_for is_spent extras 0.275150000
is 'fast mode costs six times as much' "$(spent extras)" 0.275150000
model=claude-opus-5-5

# the largest possible cost
k=$(add small --spend=0.02/month)
is 'let through, though it could cost more than is left' "$(max=100000 messages "$k" 1)" 200
wait_for is_spent small 0.000420000
stop_router
export DARIO_PREFLIGHT=refuse
start_router --workers=2
is 'with --preflight=refuse it is not' "$(max=100000 messages "$k" 1) $(error type)" '429 billing_error'
like 'and what to do' "$(error message)" 'lower max_tokens'
is 'a smaller one is' "$(max=10 messages "$k" 1)" 200
is 'Chat: in its own words' "$(chat "$k" 1 ',"max_tokens":100000') $(error code) $(header x-should-retry)" '429 insufficient_quota false'
like 'Chat: and what to do' "$(error message)" 'lower max_tokens'
is 'Chat: nor several of them' "$(chat "$k" 1 ',"max_tokens":100,"n":100') $(error code)" '429 insufficient_quota'
is 'Chat: a small one' "$(chat "$k" 1 ',"max_tokens":10')" 200
# 128 of 100 million tokens, at a dollar each: more than a sum has room for
printf '{"prices":[{"match":["gpt-dear"],"input":1,"output":1000000}]}' >"$DARIO_HOME/prices.json"
chmod 600 "$DARIO_HOME/prices.json"
is 'Chat: nor what costs more than all limits' "$(model=open:gpt-dear chat "$k" 1 ',"max_tokens":100000000,"n":128') $(error code)" '429 insufficient_quota'
rm "$DARIO_HOME/prices.json"
post /v1/responses '{"model":"gpt-4o","input":"x","max_output_tokens":100000}' -H "x-api-key: $k" >"$tmp/answer"
is 'Responses, too' "$(status) $(error code)" '429 insufficient_quota'
# What a model can write is the most, whatever is asked for: 128,000 at 20 for a million.
k=$(add large --spend=3/month)
for max in 5000000 1e6 99999999999; do
	is "more than the model can write, $max: what it can" "$(messages "$k" 1)" 200
done
max=50
for max in 5000000 99999999999 1e30; do
	is "of a model that nobody knows, $max" "$(model=gpt-unknown chat "$k" 1 ",\"max_tokens\":$max") $(error code)" '429 insufficient_quota'
done
max=50
is 'nothing is asked for: what the model can' "$(model=gpt-5 chat "$k" 1)" 200
is 'nothing is asked for, twice: as often' "$(model=gpt-5 chat "$k" 1 ',"n":4') $(error code)" '429 insufficient_quota'
k=$(add less --spend=1/month)
is 'nothing is asked for: more than is left' "$(model=gpt-5 chat "$k" 1) $(error code)" '429 insufficient_quota'
is 'nothing is asked for, of a newer one' "$(model=gpt-6-sol chat "$k" 1) $(error code)" '429 insufficient_quota'
is 'nothing is asked for: one that can write less' "$(model=gpt-4o chat "$k" 1)" 200
unset DARIO_PREFLIGHT

# rate, tokens, parallel
k=$(add rate --rate=3/hour)
is 'three an hour' "$(messages "$k" 1) $(messages "$k" 1) $(messages "$k" 1)" '200 200 200'
is 'no fields of money' "$(limit status)" ''
is 'the fourth' "$(messages "$k" 1) $(error type)" '429 rate_limit_error'
like 'how many it may have' "$(error message)" 3/hour
is 'nor is more counted' "$(messages "$k" 7 '' '' /v1/messages/count_tokens) $(error type)" '429 rate_limit_error'
messages "$k" 1 >/dev/null
like 'when again' "$(header retry-after)" 3
is 'not by itself: it is long' "$(header x-should-retry)" false
is 'Chat: none is to wait for so long' "$(chat "$k" 1) $(error code) $(header x-should-retry)" '429 insufficient_quota false'
k=$(add often --rate=1/min)
is 'Chat: one a minute' "$(chat "$k" 1)" 200
is 'Chat: its code' "$(chat "$k" 1) $(error code)" '429 rate_limit_exceeded'
k=$(add tokens --tokens=1K/day)
is 'tokens' "$(messages "$k" 950)" 200
used_tokens() {
	[ "$("$dario" key show tokens --json | json 'j["used"]["tokens"]')" = 1050 ]
}
wait_for used_tokens
is 'tokens: no more' "$(messages "$k" 1) $(error type)" '429 rate_limit_error'
k=$(add parallel --parallel=1)
ids=$((ids + 1))
curl -sN -o "$tmp/stream" -H "x-api-key: $k" -d "{\"model\":\"claude-opus-5-5\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$(order 9 ',\"end\":\"hang\"')\"}]}" "$url/v1/messages" &
hanging=$!
streams() {
	grep -q text_delta "$tmp/stream"
}
wait_for streams
is 'one at a time' "$(messages "$k" 1) $(error type)" '429 rate_limit_error'
like 'one at a time: it says so' "$(error message)" 'too many requests at a time'
kill $hanging
wait $hanging 2>/dev/null
free() {
	[ "$(messages "$k" 1)" = 200 ]
}
ok 'it ends with the one that ran' wait_for free
curl -sN -o "$tmp/stream" -H "x-api-key: $k" -d "{\"model\":\"claude-opus-5-5\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$(order 9 ',\"end\":\"hang\"')\"}]}" "$url/v1/messages" &
children="$children $!"
: >"$tmp/stream"
wait_for streams
is 'one at a time, again' "$(messages "$k" 1)" 429
for p in $(worker_pid); do
	kill -9 "$p"
done
ok 'or with its process' wait_for free

# what cannot be counted
for path in /v1/files /v1/batches /v1/messages/batches /v1/fine_tuning/jobs /to/open/v1/models; do
	post "$path" '{}' -H "x-api-key: $k" >"$tmp/answer"
	is "$path is refused to a key with limits" "$(status)" 400
	like "$path: why" "$(error message)" 'has limits'
done

for value in true 1; do
	post /v1/responses '{"model":"gpt-4o","input":"x","background":'$value'}' -H "x-api-key: $k" >"$tmp/answer"
	is "nor an answer in the background, $value" "$(status) $(error type)" '400 invalid_request_error'
done
like 'it says why' "$(error message)" 'cannot be counted'

# counters that cannot be read
if [ "${STORE-}" = redis ]; then
	kill -KILL "$store_pid"
	cannot='the store'
else
	chmod 644 "$DARIO_HOME/keys/meters.bin"
	cannot='meters.bin cannot be used'
fi
is 'counters that cannot be read: refused' "$(messages "$k" 1) $(error type) $(limit overage-disabled-reason) $(header x-should-retry)" \
	'429 billing_error fetch_error false'
ok 'the log says why' wait_for grep -q "$cannot.*requests of keys with limits are refused" "$tmp/log"
stop_router
export DARIO_ON_ERROR=allow
start_router
is 'with --on-error=allow: let through' "$(messages "$k" 1)" 200
for secret in "$a" "$k"; do
	is 'no key in any file or log' "$(grep -rlF -e "$secret" "$DARIO_HOME" "$tmp/log" "$tmp/bill")" ''
done
done_testing
