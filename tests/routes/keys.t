#!/bin/sh
# SPDX-License-Identifier: MIT
# Several keys of one backend: a pool, as the Claude accounts are one.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
key() { # ALIAS [flags]: a further key of groq
	alias=$1
	shift
	printf 'gsk-%s\n' "$alias" | "$dario" accounts add "$alias" --backend=groq --key-stdin "$@" 2>&1
}
printf 'gsk-groq\n' | "$dario" backend add groq --base-url="$provider/b/groq/v1" --key-stdin 2>/dev/null
start_router
ask() { # [TEXT [MODEL]]: "STATUS ACCOUNT"
	now_ms >"$tmp/begun"
	post /v1/chat/completions "{\"model\":\"groq:${2:-llama}\",\"messages\":[{\"role\":\"user\",\"content\":\"${1:-hi}\"}]}" >"$tmp/answer"
	echo "$(status) $(header x-dario-account)"
}
# by_key JSON: what each key of the backend is answered next
by_key() {
	rule "{\"forget\":true,\"keys\":$1}"
}
counts_anew() {
	curl -s "$url/accounts" >/dev/null && test -e "$DARIO_HOME/state/table"
}
forget() { # the worker looks now and then whether what it counts in is there
	rm -rf "$DARIO_HOME/state"
	wait_for counts_anew
}
causes() {
	curl -s "$url/accounts" | json '{a["alias"]: a["cause"] for a in j["accounts"] if a["backend"] == "groq"}'
}
credential() {
	seen 'j["requests"][-1]["headers"]["authorization"]'
}

# one key
is 'one key: no account' "$(ask)" '200 '
is 'one key: nothing in /accounts' "$(curl -s "$url/accounts" | json 'j["accounts"], j["mode"]')" "[] single-account"

like 'a second key is added' "$(key two)" 'account two is in the pool'
is 'it lies beside the first' "$(json 'j["alias"], j["apiKey"]' <"$DARIO_HOME/backends/groq/two.json")" 'two gsk-two'
is 'its file is closed' "$(stat -c %a "$DARIO_HOME/backends/groq" "$DARIO_HOME/backends/groq/two.json" | tr '\n' ' ')" '700 600 '
like 'added again: it says so' "$(key two)" 'replaced'
like 'one key twice: refused' "$(printf 'gsk-two\n' | "$dario" accounts add three --backend=groq --key-stdin 2>&1)" 'account two has this key'
like "the first key once more: refused" "$(printf 'gsk-groq\n' | "$dario" accounts add three --backend=groq --key-stdin 2>&1)" 'has this key'
like 'keys do not go to another address' "$("$dario" backend add groq --key=gsk-new --base-url=http://127.0.0.1:9/v1 2>&1)" 'has further keys for'
like 'no such backend' "$(printf 'k\n' | "$dario" accounts add three --backend=none --key-stdin 2>&1)" 'there is no backend none'
key three >/dev/null
is 'three are a pool' "$(curl -s "$url/accounts" | json '[a["alias"] for a in j["accounts"]], j["mode"]')" "['three', 'two', 'groq'] pool"
is 'the first answers, with its own key' "$(ask) $(credential)" '200 three Bearer gsk-three'

# one that cannot serve; in an order, for those that are alike take turns
order() { # PRIORITY of three, of two
	"$dario" accounts add three --priority="$1" 2>/dev/null
	"$dario" accounts add two --priority="$2" 2>/dev/null
}
order 1 2
for case in '401|auth|invalid' '402|credit|Insufficient Balance' '403|none|forbidden' '403|auth|Invalid API key' '429|credit|insufficient_quota' \
	'503|overloaded|overloaded' '500|none|broken' '400|auth|API key not valid' '404|none|model_not_found'; do
	forget
	s=${case%%|*}
	rest=${case#*|}
	by_key "{\"gsk-three\":[{\"status\":$s,\"text\":\"${rest#*|}\"}]}"
	is "$s ${rest#*|}: the next one answers" "$(ask)" '200 two'
	like "$s ${rest#*|}: that is said" "$(header x-dario-fallback)" groq/three
	case ${rest%%|*} in
	overloaded) ;; # of the model alone
	*) is "$s ${rest#*|}: the cause" "$(causes)" "{'three': '${rest%%|*}', 'two': 'none', 'groq': 'none'}" ;;
	esac
done
is 'a model that it lacks: others are served there' "$(ask other qwen)" '200 three'
is 'a model that it lacks: it is not asked for it' "$(ask other llama)" '200 two'
like 'a model that it lacks: the list tells' "$("$dario" accounts list 2>/dev/null)" 'not llama: it does not have this model, free again in 59m'
forget
by_key '{"gsk-three":[{"status":400,"text":"messages: required"}]}'
is 'a bad request is nobody else'"'"'s' "$(ask)" '400 three'

# one that is dead
rests() { # [SECONDS]: why, and how long: so long from some time in the last request
	curl -s "$url/accounts" >"$tmp/accounts"
	json '[(a["cause"], '"${1-0}"' if '"$(cat "$tmp/begun")"' <= (a["resetsAt"] or 0) - '"${1-0}"'000 <= '"$(now_ms)"' else a["resetsAt"] or 0) for a in j["accounts"] if a["alias"] == "three"][0]' <"$tmp/accounts"
}
for case in '{"status":500,"text":"broken"}' '{"status":408,"text":"late"}' '{"cut":1}'; do
	forget
	# what was kept open and is closed is tried once more
	by_key "{\"gsk-three\":[$case,$case,$case,$case,$case,$case]}"
	is "dead, $case: the first time it is nothing" "$(ask l) $(rests)" "200 two ('none', 0)"
	is "dead, $case: again" "$(ask m) $(rests 10)" "200 two ('failing', 10)"
	is "dead, $case: it rests" "$(ask n) $(header x-dario-fallback)" '200 two '
done
forget
by_key '{"gsk-three":[{"status":503,"text":"down","headers":{"retry-after":"77"}}]}'
is 'dead, and says until when' "$(ask l) $(rests 77)" "200 two ('failing', 77)"
forget
by_key '{"gsk-three":[{"status":500,"text":"x"},{},{"status":500,"text":"x"}]}'
is 'it fails now and then' "$(ask l) $(ask m) $(ask n) $(rests)" "200 two 200 three 200 two ('none', 0)"
forget
broken='{"status":500,"text":"x"},{"status":500,"text":"x"}'
by_key "{\"gsk-three\":[$broken],\"gsk-two\":[$broken],\"gsk-groq\":[$broken]}"
ask l >/dev/null
ask m >/dev/null
is 'all rest: they are asked all the same' "$(ask n | cut -d' ' -f1)" 200

# A pool that fails all the time is passed over, and explain says so.
"$dario" backend add spare --base-url="$provider/b/spare/v1" 2>/dev/null
"$dario" route add 'open-*' groq --fallback=spare:m
forget
rule '{"dead":{"gsk-three":{"status":500},"gsk-two":{"status":500},"gsk-groq":{"status":500}}}'
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	post /v1/chat/completions '{"model":"open-x","messages":[{"role":"user","content":"'$i'"}]}' >/dev/null
done
is 'its breaker is open: the fallback' "$(header x-dario-backend) $(header x-dario-fallback)" 'spare groq: its breaker is open'
is 'its breaker is open: explain' "$("$dario" explain open-x --json | json 'j["backend"], j["passed"][0]["why"]')" 'spare its breaker is open'
rule '{"dead":{}}'
"$dario" route remove 'open-*'
"$dario" backend remove spare 2>/dev/null

# limits in header fields
order 20 20
limits() { # REMAINING RESET
	echo "\"x-ratelimit-limit-requests\":\"100\",\"x-ratelimit-remaining-requests\":\"$1\",\"x-ratelimit-reset-requests\":\"$2\""
}
forget
by_key "{\"gsk-three\":[{\"headers\":{$(limits 10 6m0s)}}]}"
is 'limits: the first' "$(ask a)" '200 three'
is 'limits: another has more left' "$(ask b)" '200 two'
is 'a conversation stays' "$(ask a)" '200 three'
is 'limits: shown' "$(curl -s "$url/accounts" | json '[round(a["headroom"], 2) for a in j["accounts"]][0]')" 0.1
by_key "{\"gsk-three\":[{\"headers\":{$(limits 0 6m0s)}}]}"
ask a >/dev/null
is 'limits: used up' "$(ask a)" '200 groq'
is 'limits: that is said' "$(header x-dario-fallback)" 'groq/three: window'
like 'limits: of one model alone' "$(ask c qwen) $(ask d qwen) $(ask e qwen)" '200 three'
chosen=$("$dario" explain groq:llama --json | json 'j["account"]')
is 'explain: the account that is chosen then' "$(ask f)" "200 $chosen"
like 'explain: not the one that is used up' 'two groq' "$chosen"
forget
by_key '{"gsk-three":[{"status":429,"text":"Rate limit reached","headers":{"retry-after":"40"}}],"gsk-two":[{"status":429,"text":"x","headers":{"x-ratelimit-remaining-tokens":"0","x-ratelimit-limit-tokens":"1000","x-ratelimit-reset-tokens":"20"}}],"gsk-groq":[{"status":429,"text":"x","headers":{"X-RateLimit-Remaining":"0","X-RateLimit-Limit":"50","X-RateLimit-Reset":"'$(($(now_ms) + 30000))'"}}]}'
is 'all are used up: the last answer' "$(ask d)" '429 groq'
is 'all are used up: our own 429' "$(ask d)" '429 '
like 'all are used up: whose' "$(cat "$tmp/answer")" 'all keys of groq are exhausted'
ok 'all are used up: the first is free' test "$(header retry-after)" -le 21
is 'another model is served' "$(ask d qwen)" '200 three'

# A limit is of the model that was refused, whose name may be long.
order 1 20
refused() { # MODEL: by the first key
	forget
	by_key "{\"gsk-three\":[{\"status\":429,\"headers\":{$(limits 0 6m0s)}}]}"
	ask a "$1" >/dev/null
	header x-dario-fallback
}
long=deepseek-ai/DeepSeek-R1-Distill
is 'a long name: refused' "$(refused $long-Llama-70B)" 'groq/three: window'
is 'a long name: another that begins so is served' "$(ask b $long-Qwen-32B)" '200 three'
is 'a long name: it is not asked for again' "$(ask c $long-Llama-70B | grep -c three)" 0

# Nor is a limit forgotten with many models.
refused m0 >/dev/null
with_limits="{\"headers\":{$(limits 80 6m0s)}}"
by_key "{\"gsk-three\":[$with_limits,$with_limits,$with_limits,$with_limits,$with_limits,$with_limits]}"
is 'six other models are served' "$(for m in 1 2 3 4 5 6; do ask a m$m; done | sort | uniq -c | sed 's/^ *//')" '6 200 three'
is 'the first is not asked for again' "$(ask b m0 | grep -c three)" 0

# OpenRouter counts its free models together; what a provider behind it refuses
# is of one model.
free_models() { # STEP, that the first key answers: what it serves then
	forget
	by_key "{\"gsk-three\":[$1]}"
	ask a x/a:free >/dev/null
	for m in x/b:free x/a:free x/a; do
		[ "$(ask "$m" "$m")" != '200 three' ] || echo $m
	done | tr '\n' ' '
}
in_ms=\"X-RateLimit-Limit\":\"50\",\"X-RateLimit-Remaining\":\"0\",\"X-RateLimit-Reset\":\"$(($(now_ms) + 600000))\"
is 'free models: in fields' "$(free_models "{\"status\":429,\"text\":\"Rate limit exceeded: free-models-per-day\",\"headers\":{$in_ms}}")" 'x/a '
is 'free models: in the error' "$(free_models "{\"status\":429,\"body\":{\"error\":{\"message\":\"Rate limit exceeded: free-models-per-min. \",\"code\":429,\"metadata\":{\"headers\":{$in_ms}}}}}")" 'x/a '
like 'free models: the list tells' "$("$dario" accounts list 2>/dev/null)" 'not *:free: too many requests at a time'
is 'free models: one alone' "$(free_models '{"status":429,"body":{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"x/a:free is temporarily rate-limited upstream","provider_name":"V","headers":{"Retry-After":"29"}}}}}')" 'x/b:free x/a '
is 'free models: one is overloaded' "$(free_models '{"status":503,"text":"overloaded"}')" 'x/b:free x/a '

# What says no in a stream, before its first content, means the same.
in_stream() { # JSON: who answers instead, why, and what rests of the first key
	forget
	rule "$(EVENT=$1 python3 -c '
import json, os
head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: PROCESSING\n\ndata: "
print(json.dumps({"keys": {"gsk-three": [{"raw": [head + os.environ["EVENT"] + "\n\n"]}]}}))')"
	post "${2-/v1/chat/completions}" '{"model":"groq:x/a:free","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"hi"}]}' >/dev/null
	echo "$(status) $(header x-dario-fallback)" \
		"$(curl -s "$url/accounts" | json '[(a["cause"], [(r["model"], r["cause"]) for r in a["resting"]]) for a in j["accounts"] if a["alias"] == "three"]')"
}
limited='{"error":{"message":"Rate limit exceeded: free-models-per-min","code":429,"metadata":{"headers":{"X-RateLimit-Reset":"'$(($(now_ms) + 600000))'"}}}}'
for path in /v1/chat/completions /v1/messages; do
	is "in a stream, $path: a limit" "$(in_stream "$limited" $path)" "200 groq/three: burst [('none', [('*:free', 'burst')])]"
	is "in a stream, $path: a wrong key" "$(in_stream '{"error":{"message":"no","type":"invalid_request_error","code":"invalid_api_key"}}' $path)" \
		"200 groq/three: auth [('auth', [])]"
done
order 20 20

# order
forget
"$dario" accounts add two --priority=5 2>/dev/null
is 'priority' "$(ask e)" '200 two'
like 'priority: the list tells' "$("$dario" accounts list 2>/dev/null | grep '^two ')" 'priority 5    ready'
is 'explain: who could serve, and who does' "$("$dario" explain groq:llama --json |
	json '[(c["target"], c["ok"], c["chosen"], "another" in c["why"]) for c in j["candidates"] if c["target"].startswith("groq/")]')" \
	"[('groq/three', True, False, True), ('groq/two', True, True, False), ('groq/groq', True, False, True)]"
"$dario" accounts pause two
is 'explain: who could not' "$("$dario" explain groq:llama --json |
	json '[(c["ok"], c["chosen"]) for c in j["candidates"] if c["target"] == "groq/two"]')" '[(False, False)]'
is 'paused' "$(ask e) $(header x-dario-fallback)" '200 three groq/two: not usable'
like 'paused: the list tells' "$("$dario" accounts list 2>/dev/null)" 'it is paused'
"$dario" accounts resume two
is 'resumed' "$(ask f)" '200 two'
like 'the first key is not removed alone' "$("$dario" accounts remove groq 2>&1)" 'first key'
# a way of its own to the provider
forget
"$dario" accounts add two --proxy=http://127.0.0.1:1 2>/dev/null
is 'a proxy of its own, which is down' "$(ask g) $(header x-dario-fallback)" '200 three groq/two: failed'
"$dario" accounts add two --proxy="$provider" 2>/dev/null
is 'a proxy of its own' "$(ask h) $(seen 'j["requests"][-1]["address"].startswith("http://")')" '200 two True'
like 'a wrong proxy: refused' "$("$dario" accounts add two --proxy=nonsense 2>&1)" 'must be a URL'
like 'a wrong file: refused' "$("$dario" accounts add two --ca-file=here.pem 2>&1)" 'absolute path'
like 'metrics: which pool' "$(curl -s "$url/metrics")" 'dario_account_headroom_ratio{gen_ai_provider_name="groq",account="two"}'
is 'health: its keys' "$(curl -s "$url/health" | json '[b["keys"] for b in j["backends"] if b["name"] == "groq"]')" '[3]'
used_three() { ask "usage $(date +%N)" >/dev/null; "$dario" usage | grep -q '^three '; }
"$dario" accounts pause two
ok 'usage: by key' wait_for used_three
"$dario" accounts resume two
# one name in two pools: each has its own
printf 'sk-ant-api03-two\n' | "$dario" accounts add two --key-stdin 2>/dev/null
printf 'sk-ant-api03-groq\n' | "$dario" accounts add groq --key-stdin 2>/dev/null
rule '{"accept":["sk-ant-api03-two","sk-ant-api03-groq"]}'
"$dario" accounts pause three
"$dario" accounts pause two --backend=groq
"$dario" accounts pause two --backend=claude
ask first >/dev/null
is 'one name: the key' "$(header x-dario-backend) $(header x-dario-account)" 'groq groq'
message claude-x >/dev/null
is 'one name: the account' "$(header x-dario-backend) $(header x-dario-account)" 'claude groq'
for change in pause resume remove; do
	like "one name: $change: which?" "$("$dario" accounts $change two 2>&1 | tr '\n' ' ')" \
		'account two of claude and one of groq: say which with --backend=claude or --backend=groq'
done
like 'one name: a priority: whose?' "$("$dario" accounts add two --priority=7 2>&1)" 'say which with --backend=claude'
is 'one name: nothing is changed' "$(curl -s "$url/accounts" | json 'sorted((a["backend"], a["paused"], a["priority"]) for a in j["accounts"] if a["alias"] == "two")')" \
	"[('claude', True, 20), ('groq', True, 5)]"
both() { curl -s "$url/analytics" | json '{"claude/groq", "groq/groq"} <= set(j["perAccount"])' | grep -q True; }
ok 'one name: usage of both' wait_for both
is 'one name: usage: whose' "$(curl -s "$url/analytics" | json '[(v["backend"], v["account"]) for k, v in sorted(j["perAccount"].items()) if k.endswith("/groq")]')" \
	"[('claude', 'groq'), ('groq', 'groq')]"
is 'one name: usage: not added up' "$(curl -s "$url/analytics" | json 'j["perAccount"]["claude/groq"]["requests"]')" 1
is 'one name: requests in the list' "$(curl -s "$url/accounts" | json '[a["requestCount"] for a in j["accounts"] if (a["backend"], a["alias"]) == ("claude", "groq")]')" '[1]'
like 'one name: metrics: the account' "$(curl -s "$url/metrics")" 'dario_account_requests_total{gen_ai_provider_name="claude",account="groq",status="2xx"} 1
'
like 'one name: metrics: the key' "$(curl -s "$url/metrics")" 'dario_account_tokens_total{gen_ai_provider_name="groq",account="groq",gen_ai_token_type="output"}'
like 'one name: dario usage' "$("$dario" usage)" 'claude/groq '
"$dario" accounts resume two --backend=groq
"$dario" accounts remove two --backend=claude
is 'one name: the other is left' "$(curl -s "$url/accounts" | json '[(a["backend"], a["paused"]) for a in j["accounts"] if a["alias"] == "two"]')" "[('groq', False)]"
"$dario" accounts remove groq --backend=claude
like 'one name: the log-in is told' "$("$dario" accounts remove login 2>&1)" 'there is no account login'
"$dario" accounts resume three
# the strategy is a setting
stop_router
start_router --strategy=fill-first
"$dario" accounts add two --priority=20 --proxy= 2>/dev/null
forget
by_key "{\"gsk-three\":[{\"headers\":{$(limits 10 6m0s)}}]}"
is 'fill-first: the first, though another has more left' "$(ask i) $(ask j)" '200 three 200 three'
like 'a strategy that there is none of' "$("$dario" proxy --strategy=best --check 2>&1)" 'headroom|fill-first|soonest-reset'
forget
by_key '{"gsk-two":[{"status":404,"text":"model_not_found"}],"gsk-three":[{"status":404,"text":"model_not_found"}],"gsk-groq":[{"status":404,"text":"model_not_found"}]}'
ask k none >"$tmp/last"
is 'nobody has the model: the last answer' "$(cut -d' ' -f1 "$tmp/last")" 404
is 'nobody has the model: still' "$(ask k none) $(json 'j["error"]["code"]' <"$tmp/answer")" '404  model_not_found'
is 'nobody has the model: another is served' "$(ask k other | cut -d' ' -f1)" 200
"$dario" accounts remove two
"$dario" accounts remove three
is 'one key again: no account' "$(ask)" '200 '
is 'and its own' "$(credential)" 'Bearer gsk-groq'
key two >/dev/null
"$dario" backend remove groq
is 'removed: its keys with it' "$(find "$DARIO_HOME/backends" -name '*.json')" ''
done_testing
