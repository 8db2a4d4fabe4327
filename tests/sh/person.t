#!/bin/sh
# SPDX-License-Identifier: MIT
# People's keys at the door: who is let in, what is the owner's alone, and that
# a change counts on the next request of every worker.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'
ask() { # [curl flags]: the status
	post /v1/chat/completions "$chat" "$@" >"$tmp/answer"
	status
}
with() { # KEY [PATH]: the status of a GET
	curl -s -o "$tmp/body" -w '%{http_code}' -H "Authorization: Bearer $1" "$url$2"
}
start_router --demo --workers=2
is 'without keys: open to this machine' "$(ask)" 200
is 'without keys: any key is as good' "$(ask -H 'x-api-key: anything')" 200

anna=$("$dario" key add anna 2>/dev/null)
bob=$("$dario" key add bob/laptop 2>/dev/null)
is 'the first key closes the door at once' "$(ask)" 401
like 'the refusal says what to do' "$(cat "$tmp/answer")" 'missing API key'
unlike 'and does not name the field that clients look for' "$(cat "$tmp/answer")" x-api-key
is 'no retry of a 401' "$(header x-should-retry)" false
for n in 1 2 3 4; do
	is "Bearer, $n" "$(ask -H "Authorization: Bearer $anna")" 200
	is "x-api-key, $n" "$(ask -H "x-api-key: $anna")" 200
done
is "a device's key" "$(ask -H "x-api-key: $bob")" 200
is 'both, one of them wrong' "$(ask -H "x-api-key: wrong" -H "Authorization: Bearer $anna")" 200
is 'a wrong key' "$(ask -H 'x-api-key: sk-dario-wrong')" 401
like 'it is called wrong' "$(cat "$tmp/answer")" 'wrong API key'
is 'an empty key' "$(ask -H 'x-api-key;')" 401
is 'the hash is no key' "$(ask -H "x-api-key: $(printf %s "$anna" | sha256sum | cut -d' ' -f1)")" 401
post /v1/messages '{"model":"demo","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $anna" >/dev/null
is 'Messages, too' "$(status)" 200
is 'health is open' "$(with wrong /health)" 200
unlike 'but not its details' "$(cat "$tmp/body")" '"backends"'
is 'models need a key' "$(with wrong /v1/models) $(with "$anna" /v1/models)" '401 200'
for path in / /status /accounts /metrics /demo/v1/models; do
	is "$path is not for people" "$(with "$anna" "$path")" 403
	like "$path: why" "$(cat "$tmp/body")" 'for the owner of this router alone'
	is "$path is not for anybody" "$(with wrong "$path")" 401
done
shown() { python3 -c 'import json, sys
print(*sorted({r["key"] for r in json.load(open(sys.argv[1]))["requests"]}))' "$tmp/body"; }
is 'the last requests: a person' "$(with "$anna" /requests) $(shown)" '200 anna'
is 'the last requests: a device' "$(with "$bob" /requests) $(shown)" '200 bob/laptop'
is 'the last requests: nobody else' "$(with wrong /requests)" 401
is '/analytics is for all' "$(with wrong /analytics) $(with "$anna" /analytics)" '401 200'
with "$anna" '/analytics?by=key' >/dev/null
is 'of what is their own' "$(json '[r["key"] for r in j["rows"]], j["mine"]' <"$tmp/body")" "['anna'] True"
post /demo/v1/chat/completions "$chat" -H "x-api-key: $anna" >/dev/null
is 'nor is the demo, past the router' "$(status)" 403

"$dario" key disable anna
is 'disabled' "$(ask -H "x-api-key: $anna")" 401
like 'disabled: it says so' "$(cat "$tmp/answer")" 'this key is disabled'
"$dario" key enable anna
is 'enabled' "$(ask -H "x-api-key: $anna")" 200
"$dario" key change anna --expires=2020-02-03 2>/dev/null
is 'expired' "$(ask -H "x-api-key: $anna")" 401
like 'expired: it says when' "$(cat "$tmp/answer")" 'expired on 2020-02-03'
"$dario" key change anna --expires=2099-01-01
is 'not expired yet' "$(ask -H "x-api-key: $anna")" 200
new=$("$dario" key rotate anna 2>/dev/null)
is 'rotated: the old one' "$(ask -H "x-api-key: $anna")" 401
is 'rotated: the new one' "$(ask -H "x-api-key: $new")" 200
cp "$DARIO_HOME/keys/anna.json" "$tmp/good"
echo '{' >"$DARIO_HOME/keys/anna.json"
is 'a wrong file closes its key' "$(ask -H "x-api-key: $new")" 401
is 'and no other' "$(ask -H "x-api-key: $bob")" 200
cat "$tmp/good" >"$DARIO_HOME/keys/anna.json"
is 'it is mended' "$(ask -H "x-api-key: $new")" 200
for n in 1 2 3 4 5 6 7 8; do
	k=$("$dario" key add "p$n" 2>/dev/null)
	a=$(ask -H "x-api-key: $k")
	"$dario" key remove "p$n"
	is "added, then removed: the next request, $n" "$a $(ask -H "x-api-key: $k")" '200 401'
done

uma=$("$dario" key add uma 2>/dev/null)
is 'the last requests: one of uma' "$(ask -H "x-api-key: $uma") $(with "$uma" /requests) $(json 'len(j["requests"])' <"$tmp/body")" '200 200 1'
"$dario" key remove uma
uma=$("$dario" key add uma 2>/dev/null)
python3 - "$DARIO_HOME/keys/uma.json" <<-'EOF'
	import datetime, json, sys
	j = json.load(open(sys.argv[1]))
	later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
	j["created"] = later.strftime("%Y-%m-%dT%H:%M:%SZ")  # the next second, at least
	json.dump(j, open(sys.argv[1], "w"))
EOF
is 'the last requests: not those of an earlier one of that name' "$(with "$uma" /requests) $(json 'len(j["requests"])' <"$tmp/body")" '200 0'
"$dario" key remove uma

stop_router
export DARIO_API_KEY=owner-key
start_router --demo
is 'the owner has a key' "$(ask -H 'x-api-key: owner-key')" 200
is 'people, too' "$(ask -H "x-api-key: $new")" 200
is 'without: no' "$(ask)" 401
for path in / /status /accounts /metrics /demo/v1/models; do
	is "$path is the owner's" "$(with owner-key "$path") $(with "$new" "$path")" '200 403'
done
unset DARIO_API_KEY
stop_router

is 'with keys it may be bound beyond loopback' "$(DARIO_HOST=0.0.0.0 "$dario" proxy --check --port="$(free_port)" >"$tmp/check" 2>&1; echo $?)" 0
"$dario" key remove anna
"$dario" key remove bob 2>/dev/null
is 'without any it may not' "$(DARIO_HOST=0.0.0.0 "$dario" proxy --check --port="$(free_port)" >"$tmp/check" 2>&1; echo $?)" 1
like 'and that says what to do' "$(cat "$tmp/check")" 'dario key add'
is 'the log has the name of the key' "$(grep -o 'person=bob/laptop' "$tmp/log" | sort -u)" person=bob/laptop
is 'and the history' "$(sed -n 's/.*"k":"\([^"]*\)".*/\1/p' "$DARIO_HOME"/state/history*.jsonl | sort -u | grep -c -e '^anna$' -e '^bob/laptop$')" 2
for secret in "$anna" "$new" "$bob" "$(printf %s "$new" | sha256sum | cut -d' ' -f1)"; do
	unlike 'no key and no hash in the log' "$(cat "$tmp/log")" "$secret"
done
done_testing
