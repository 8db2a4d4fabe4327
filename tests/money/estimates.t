#!/bin/sh
# SPDX-License-Identifier: MIT
# Answers that do not tell what they have used: it is estimated by their text,
# and marked; or asked for, with askUsage, and kept from who has not asked.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic --models='claude-*' 2>/dev/null
for name in open asks; do
	"$dario" backend add $name --key=k --base-url="$provider/v1" 2>/dev/null
done
set_askusage() { # VALUE
	python3 - "$DARIO_HOME/backends/asks.json" "$1" <<'PY'
import json, os, sys
j = json.load(open(sys.argv[1]))
j["askUsage"] = json.loads(sys.argv[2])
os.umask(0o077)
json.dump(j, open(sys.argv[1] + ".new", "w"))
os.rename(sys.argv[1] + ".new", sys.argv[1])
PY
}
set_askusage true
start_router

# body MODEL [MEMBERS of the body [of the order]]: 100 in, 50 out, 400 characters
body() {
	printf '{"model":"%s","max_tokens":99,"messages":[{"role":"user","content":"{\\"id\\":1,\\"in\\":100,\\"out\\":50,\\"chars\\":400,\\"end\\":\\"whole\\"%s}"}]%s}' \
		"$1" "${3-}" "${2-}"
}
ask() { # PATH MODEL [MEMBERS [of the order [curl's arguments]]]
	path=$1
	body "$2" "${3-}" "${4-}" >"$tmp/text"
	post "$path" "@$tmp/text" ${5+"$5" "$6"} >"$tmp/answer"
	status
}
stream=',"stream":true'
asked=',\"usage\":\"asked\"'
never=',\"usage\":\"never\"'
# last: input, output and cost of the last request
last() {
	curl -s "$url/requests" | json '(lambda r: (r["tokens"]["input"], r["tokens"]["output"], r["tokens"]["estimated"], round(r["cost"] * 1e9)))(j["requests"][0])'
}
# by_text CHARACTERS of the answer: at 2.5 and 10 dollars for a million. The name
# of the backend is taken out on the way: what is counted is what was sent.
by_text() {
	sed 's/"open:/"/' "$tmp/text" | wc -c | python3 -c 'import sys
i, o = (-(-int(v) // 4) for v in (sys.stdin.read(), sys.argv[1]))
print((i, o, True, i * 2500 + o * 10000))' "$1"
}
was_asked() {
	tail -n 1 "$tmp/bill" | json 'j["asked"]'
}

is 'a stream that was not asked' "$(ask /v1/chat/completions open:gpt-4o "$stream" "$asked") $(was_asked)" '200 False'
is 'it is estimated by its text' "$(last)" "$(by_text 400)"
is 'one that was asked tells' "$(ask /v1/chat/completions open:gpt-4o "$stream,\"stream_options\":{\"include_usage\":true}" "$asked") $(was_asked) $(last)" \
	'200 True (100, 50, False, 750000)'
is 'a whole answer without usage' "$(ask /v1/chat/completions open:gpt-4o '' "$never")" 200
is 'by its text alone' "$(last)" "$(by_text 400)"
is 'a translated one' "$(ask /v1/messages open:gpt-4o '' "$never") $(last | cut -d, -f2-3)" '200  100, True'
is 'a translated stream' "$(ask /v1/messages open:gpt-4o "$stream" "$never") $(last | cut -d, -f2-3)" '200  100, True'
is 'one that breaks off: what came of it' "$(ask /v1/messages claude-opus-5-5 "$stream" ',\"end\":\"cut\"') $(last)" '200 (100, 100, True, 2400000)'
is 'one that is whole tells' "$(ask /v1/messages claude-opus-5-5 "$stream") $(last)" '200 (100, 50, False, 1400000)'

# where it is shown
is '/analytics' "$(curl -s "$url/analytics?by=model&since=2h" | json 'sorted((r["model"], r["requests"], r["usageEstimated"], r["usageUnknown"]) for r in j["rows"])')" \
	"[('claude-opus-5-5', 2, 1, 0), ('gpt-4o', 5, 4, 0)]"
like '/metrics' "$(curl -s "$url/metrics")" 'dario_model_estimated_requests_total{gen_ai_request_model="gpt-4o"} 4'
is 'dario usage --csv' "$("$dario" usage --by=model --csv | python3 -c 'import csv, sys
print(sorted((r["model"], r["requestsEstimated"]) for r in csv.DictReader(sys.stdin)))')" "[('claude-opus-5-5', '1'), ('gpt-4o', '4')]"
is 'dario usage --json' "$("$dario" usage --by=model --json | json 'j["total"]["usageEstimated"]')" 5
like 'dario usage --by' "$("$dario" usage --by=model)" '5 of 7 requests did not tell'
like 'dario usage' "$("$dario" usage)" '5 of 7 requests did not tell'
is 'the history' "$(cat "$DARIO_HOME"/state/history*.jsonl | grep -c '"e":true')" 5

# askUsage
plain() { # MEMBERS of the order: as it comes from the provider
	curl -s -d "$(body gpt-4o "$stream" "$1")" "$provider/v1/chat/completions"
}
plain "$asked" >"$tmp/plain"
for form in '' bytes; do
	is "askUsage $form: asked for" "$(ask /v1/chat/completions asks:gpt-4o "$stream" "$asked,\\\"form\\\":\\\"$form\\\"") $(was_asked)" '200 True'
	ok "askUsage $form: the client sees what it has asked for" cmp "$tmp/plain" "$tmp/answer"
	is "askUsage $form: counted" "$(last)" '(100, 50, False, 750000)'
done
is 'askUsage: it is said' "$(header x-dario-mended)" stream_options
plain "$asked,\\\"form\\\":\\\"crlf\\\"" >"$tmp/plain"
ask /v1/chat/completions asks:gpt-4o "$stream" "$asked,\\\"form\\\":\\\"crlf\\\"" >/dev/null
is 'askUsage: lines may end in CR LF' "$(tr -d '\r' <"$tmp/answer" | grep -v '^$')" "$(tr -d '\r' <"$tmp/plain" | grep -v '^$')"
for options in '{}' null '{"include_usage":false}' '{"include_obfuscation":false}' '{"include_usage":false,"include_obfuscation":false}'; do
	is "askUsage: stream_options $options" "$(ask /v1/chat/completions asks:gpt-4o "$stream,\"stream_options\":$options" "$asked") $(was_asked) $(grep -c '"choices": \[\]' "$tmp/answer")" \
		'200 True 0'
done
is 'askUsage: who asks sees it' "$(ask /v1/chat/completions asks:gpt-4o "$stream,\"stream_options\":{\"include_usage\":true}" "$asked") $(grep -c '"choices": \[\]' "$tmp/answer")" '200 1'
is 'and nothing is mended' "$(header x-dario-mended)" ''
is 'askUsage: not of a whole answer' "$(ask /v1/chat/completions asks:gpt-4o '' "$asked") $(was_asked)" '200 False'
is 'askUsage: nor of a stream that is not one' "$(ask /v1/chat/completions asks:gpt-4o ',"stream":false' "$asked") $(was_asked)" '200 False'
set_askusage false
is 'without it nothing is asked' "$(ask /v1/chat/completions asks:gpt-4o "$stream" "$asked") $(was_asked)" '200 False'
set_askusage '"yes"'
"$dario" backend list >/dev/null 2>"$tmp/said"
like 'another value is an error that names it' "$(cat "$tmp/said")" 'askUsage must be true or false'

# Who leaves before anything of the answer has come: the provider has the whole
# request, and bills what it has read.
bills() {
	wc -l <"$tmp/bill"
}
more_bills() {
	[ "$(bills)" -gt "$before" ]
}
seen_leaving() {
	[ "$(curl -s "$url/requests" | json 'j["requests"][0]["id"] != "'"$newest"'"')" = True ]
}
leave() { # PATH MODEL [MEMBERS [curl's arguments]]
	before=$(bills)
	newest=$(curl -s "$url/requests" | json 'j["requests"][0]["id"]')
	path=$1
	body "$2" "${3-}" ',\"end\":\"hold\"' >"$tmp/text"
	curl -s -d "@$tmp/text" -H 'Content-Type: application/json' ${4+"$4" "$5"} "$url$path" >/dev/null 2>&1 &
	client=$!
	wait_for more_bills
	kill "$client"
	wait "$client" 2>/dev/null
	wait_for seen_leaving
}
for members in '' "$stream"; do
	leave /v1/chat/completions open:gpt-4o "$members"
	is "who leaves before an answer has read$members" "$(last)" "$(by_text 0)"
	leave /v1/messages open:gpt-4o "$members"
	is "translated, too$members" "$(last | cut -d, -f2-3)" ' 0, True'
done
leave /v1/messages claude-opus-5-5
is 'of Claude' "$(last | cut -d, -f2-3)" ' 0, True'
leave /v1/embeddings open:text-embedding-3-small ',"input":"x"'
is 'an embedding' "$(last | cut -d, -f2-3)" ' 0, True'
is 'who is refused has read nothing' "$(ask /v1/chat/completions open:gpt-4o '' ',\"end\":400') $(curl -s "$url/requests" | json 'j["requests"][0]["tokens"]')" '400 None'

# a key with limits pays by the same counts
k=$("$dario" key add anna --spend=5/month 2>/dev/null)
export DARIO_API_KEY=
spent() {
	"$dario" key show anna --json | json "j['used']['spend']['month']"
}
is 'a key: a stream without usage' "$(ask /v1/chat/completions open:gpt-4o "$stream" "$never" -H "x-api-key: $k")" 200
sum=$(by_text 400 | sed 's/.*, //; s/)//')
was_spent() {
	[ "$(spent)" = "$(printf '0.%09d' "$sum")" ]
}
wait_for was_spent
is 'it pays what is shown' "$(spent)" "$(printf '0.%09d' "$sum")"
is 'a key: a translated stream without usage' "$(ask /v1/messages open:gpt-4o "$stream" "$never" -H "x-api-key: $k")" 200
more() {
	[ "$(spent)" != "$(printf '0.%09d' "$sum")" ]
}
ok 'it pays, too' wait_for more
paid=$(spent)
before=$(bills)
curl -s -d "$(body open:gpt-4o '' ',\"end\":\"hold\"')" -H 'Content-Type: application/json' -H "x-api-key: $k" "$url/v1/chat/completions" >/dev/null 2>&1 &
client=$!
wait_for more_bills
kill "$client"
wait "$client" 2>/dev/null
still() {
	[ "$(spent)" = "$paid" ]
}
paid_more() {
	! still
}
ok 'a key: who leaves before an answer pays what was read' wait_for paid_more
done_testing
