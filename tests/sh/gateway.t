#!/bin/sh
# SPDX-License-Identifier: MIT
# What Claude Code asks a gateway about the person who is signed in: money,
# settings; and the reports that it sends.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
python3 "$srcdir/tests/claude/spender.py" >"$tmp/port" 2>"$tmp/spender.log" &
children="$children $!"
read -r spender_port <"$tmp/port"
spender=http://127.0.0.1:$spender_port
export DARIO_API_KEY=owner-key-0123456789
"$dario" backend add spend --base-url="$spender/v1" --protocol=anthropic --key=none 2>/dev/null
anna=$("$dario" key add anna 2>/dev/null)
phone=$("$dario" key add anna/phone 2>/dev/null)
start_router

spend() { # KEY: status of a message
	post /v1/messages '{"model":"spend:claude-opus-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $1" >/dev/null
	status
	wait_for has_settled
}
has_settled() { # what an answer has cost is counted behind it
	[ "$("$dario" key show anna --json | json 'j["used"]["running"]')" = 0 ]
}
used() { # EXPRESSION [KEY]: of /api/oauth/usage
	curl -s -D "$tmp/head" -H "Authorization: Bearer ${2:-$anna}" "$url/api/oauth/usage" | json "$1"
}
with() { # PATH [curl flags]: status, body in $tmp/body
	path=$1
	shift
	curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" "$url$path"
}
is 'usage: not without a key' "$(with /api/oauth/usage)" 401
is 'usage: without a limit' "$(used 'j["limits"], j["extra_usage"]')" \
	"[] {'is_enabled': True, 'monthly_limit': None, 'used_credits': 0, 'utilization': None, 'currency': 'USD', 'daily': {'limit': None, 'used_credits': 0, 'utilization': None}, 'weekly': {'limit': None, 'used_credits': 0, 'utilization': None}}"
like 'usage: not to be kept' "$(header Cache-Control)" no-store

# Two million tokens; what they cost is read, not known.
curl -s -d '{"input": 2000000}' "$spender/set" >/dev/null
"$dario" key change anna --spend=1000/month
is 'something is spent' "$(spend "$anna")" 200
cents=$("$dario" key show anna --json | json 'int(float(j["used"]["spend"]["month"]) * 100)')
ok 'it costs' test "$cents" -gt 100
"$dario" key change anna --spend="$(python3 -c "print(round($cents / 80, 2))")/month,1000/day"
is 'usage: at 80 percent' "$(used '[(l["kind"], l["group"], l["percent"], l["severity"], l["is_active"]) for l in j["limits"] if l["is_active"]]')" \
	"[('spend', 'monthly', 80, 'warning', True)]"
is 'usage: a row for each limit' "$(used 'sorted(l["group"] for l in j["limits"])')" "['daily', 'monthly']"
is 'usage: cents' "$(used 'j["extra_usage"]["used_credits"], j["extra_usage"]["utilization"], j["extra_usage"]["currency"]')" "$cents 80 USD"
curl -s -d '{"input": 1}' "$spender/set" >/dev/null
is 'one more, for its header' "$(spend "$anna")" 200
is 'usage: the reset is that of the header' "$(used '[l["resets_at"] for l in j["limits"] if l["is_active"]][0]')" \
	"$(post /v1/messages '{"model":"spend:claude-opus-4-5","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $anna" >/dev/null; date -u -d "@$(header anthropic-ratelimit-unified-overage-reset)" +%Y-%m-%dT%H:%M:%S.000Z)"
is "usage: a device sees its person's limits" "$(used '[l["percent"] for l in j["limits"] if l["is_active"]]' "$phone")" '[80]'
"$dario" key change anna --spend=0.01/month
is 'usage: over it' "$(used '[(l["percent"] > 100, l["severity"]) for l in j["limits"]]')" "[(True, 'critical')]"
is 'usage: of the owner' "$(used 'j["limits"]' "$DARIO_API_KEY")" '[]'

is 'settings: none' "$(with /managed/settings -H "x-api-key: $anna")" 404
file=$DARIO_HOME/managed-settings.json
printf '{ "permissions": {"deny": ["Bash(rm *)"]}, "env": {"Z": "ä/\\"", "A": "1"},\n"n": 1.5 }' >"$file"
chmod 600 "$file"
is 'settings: there' "$(with /managed/settings -H "x-api-key: $anna")" 200
is 'settings: as they are' "$(json 'j["settings"] == json.load(open("'"$file"'"))' <"$tmp/body")" True
sum=sha256:$(python3 -c 'import json,hashlib,sys
text = json.dumps(json.load(open(sys.argv[1])), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
print(hashlib.sha256(text.encode()).hexdigest())' "$file")
is 'settings: their checksum, as the client takes it' "$(json 'j["checksum"]' <"$tmp/body")" "$sum"
is 'settings: their tag' "$(header ETag)" "\"$sum\""
is 'settings: known already' "$(with /managed/settings -H "x-api-key: $anna" -H "If-None-Match: \"$sum\"")" 304
is 'settings: others are known' "$(with /managed/settings -H "x-api-key: $anna" -H 'If-None-Match: "sha256:0"')" 200
printf '{"b":[1e3,-0.0,1.50,100000000000000000000.0],"a":1.0,"c":{"y":-2.5e-1,"x":0.00001,"w":0.1,"v":123456.789}}' >"$file"
with /managed/settings -H "x-api-key: $anna" >/dev/null
is 'settings: numbers as the client writes them' "$(json 'j["checksum"]' <"$tmp/body")" \
	"sha256:$(printf '{"a":1,"b":[1000,0,1.5,100000000000000000000],"c":{"v":123456.789,"w":0.1,"x":0.00001,"y":-0.25}}' | sha256sum | cut -d' ' -f1)"
is 'settings: not without a key' "$(with /managed/settings)" 401
echo '[]' >"$file"
is 'settings: a wrong file' "$(with /managed/settings -H "x-api-key: $anna")" 500
like 'settings: a person is told whom to ask' "$(cat "$tmp/body")" 'settings of this router is wrong: ask its owner'
unlike 'settings: and nothing of accounts' "$(cat "$tmp/body")" account
with /managed/settings -H "x-api-key: $DARIO_API_KEY" >/dev/null
like 'settings: it is named to the owner' "$(cat "$tmp/body")" managed-settings.json
is 'errors are as Anthropic has them' "$(json 'j.get("type")' <"$tmp/body")" error

for path in metrics logs traces; do
	is "reports, $path: taken" "$(with "/v1/$path" -H "x-api-key: $anna" -H 'Content-Type: application/x-protobuf' -d x)" 200
	is "reports, $path: not without a key" "$(with "/v1/$path" -d x)" 401
done
is 'reports as JSON: so is the answer' "$(with /v1/logs -H "x-api-key: $anna" -H 'Content-Type: application/json' -d '{}'; cat "$tmp/body")" '200{}'
is 'the page for Prometheus is still there' "$(with /metrics -H "x-api-key: $DARIO_API_KEY")" 200
is 'a report that is too large' "$(head -c 5000000 /dev/zero | with /v1/logs -H "x-api-key: $anna" --data-binary @-)" 413
is 'nothing goes on by itself' "$(curl -s "$spender/seen" | json '[s[0] for s in j if "messages" not in s[0]]')" '[]'
stop_router
DARIO_OTLP_URL=$spender/otel
export DARIO_OTLP_URL
start_router
is 'a collector: taken' "$(with /v1/traces -H "x-api-key: $anna" -H 'Content-Type: application/json' -d '{"a":1}')" 200
is 'a collector: it has it, and no key' "$(curl -s "$spender/seen" | json '[(s[0], s[1]["content-type"], s[2], "authorization" in s[1], "x-api-key" in s[1]) for s in j if "messages" not in s[0]]')" \
	"[('/otel/v1/traces', 'application/json', '{\"a\":1}', False, False)]"
stop_router
DARIO_OTLP_URL=http://127.0.0.1:1
start_router
is 'a collector that is dead: taken all the same' "$(with /v1/traces -H "x-api-key: $anna" -d x)" 200
ok 'the log says so' wait_for grep -q 'otlpUrl:' "$tmp/log"
stop_router
for bad in ftp://x http://example.com 'https://u@h' 'https://h/?q'; do
	is "no collector: $bad" "$(DARIO_OTLP_URL=$bad "$dario" proxy --check --port="$(free_port)" >"$tmp/check" 2>&1; echo $?)" 1
done
done_testing
