#!/bin/sh
# SPDX-License-Identifier: MIT
# The endpoints of a provider beside its dialogues, and /to/NAME/: which backend
# is asked, that everything passes literally, and that no path leads elsewhere.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/upstream.log" sh -c \
	"exec python3 '$srcdir/tests/routes/upstream.py' >'$tmp/port'"
read -r up <"$tmp/port"
base=http://127.0.0.1:$up
export DARIO_ANTHROPIC_BASE_URL=$base/claude
add() { # NAME PATH PROTOCOL
	"$dario" backend add "$1" --base-url="$base/$2" --protocol="$3" \
		--key="sk-$1-0123456789abcdef" 2>/dev/null
}
add a a/v1 openai
add b b/v1 openai,responses
add r r/v1 responses
add an an anthropic
add an2 an2 anthropic
add plain plain/v1 openai
add norm norm/v1 responses
sed -i 's/^{/{"normalize":true,/' "$DARIO_HOME/backends/norm.json"
add bare bare openai # a path without a version
add q 'q/v1?api-version=7' openai
add dead dead/v1 openai
sed -i "s|$base/dead|http://127.0.0.1:1/dead|" "$DARIO_HOME/backends/dead.json"
add pool pool/v1 openai,responses
for n in 1 2 3; do
	"$dario" accounts add "k$n" --backend=pool \
		--key="sk-pool$n-0123456789abcdef" 2>/dev/null
	"$dario" accounts add "c$n" --key="sk-ant-c$n-0123456789abcdef" 2>/dev/null
done
"$dario" route add 'way-*' a:mapped --fallback=b:other 2>/dev/null
"$dario" route add 'batch-*' an2:mapped 2>/dev/null
"$dario" route add 'fall' dead --fallback=b:other 2>/dev/null
export DARIO_KEEPALIVE_MS=300
start_router
cases() { # NAME...
	report "$1" "$tmp/$1.log" python3 "$srcdir/tests/routes/endpoints.py" \
		"$port" "$up" "$DARIO_HOME" "$1"
}
for part in table choice ids stored batches answers bodies; do cases $part; done
start_router_again() {
	stop_router
	start_router "$@"
}
start_router_again
cases remembered
cases hostile
"$dario" usage >"$tmp/usage" 2>&1
is 'usage can be read' "$?" 0
curl -s "$url/analytics" >"$tmp/analytics"
is 'what has no model is a request, and of no model' \
	"$(json '"" in j["window"]["perModel"], j["window"]["sum"]["requests"] > 300' \
		<"$tmp/analytics")" 'False True'

# Who may not ask is refused, whatever the path.
export DARIO_API_KEY=the-right-key-of-the-router
start_router_again
for path in files batches/batch_1 images/generations to/a/x responses/resp_1 \
	audio/speech messages/batches; do
	is "$path: no key, 401" "$(curl -s -o "$tmp/body" -w '%{http_code}' \
		"$url/v1/$path" -d '{}')" 401
	is "$path: foreign Origin, 403" "$(curl -s -o "$tmp/body" \
		-w '%{http_code}' -H "x-api-key: $DARIO_API_KEY" \
		-H 'Origin: https://evil.example' "$url/v1/$path" -d '{}')" 403
	is "$path: foreign Host, 403" "$(curl -s -o "$tmp/body" \
		-w '%{http_code}' -H "x-api-key: $DARIO_API_KEY" \
		-H 'Host: evil.example' "$url/v1/$path" -d '{}')" 403
done
is 'with the key: 200' "$(curl -s -o "$tmp/body" -w '%{http_code}' \
	-H "x-api-key: $DARIO_API_KEY" "$url/to/a/x")" 200
is 'with the key in fields of all names: 200' "$(curl -s -o "$tmp/body" \
	-w '%{http_code}' -H "Authorization: Bearer $DARIO_API_KEY" \
	-H "X-LiteLLM-Key: $DARIO_API_KEY" -H "X-Auth: Token $DARIO_API_KEY" \
	-H "X-Other: passes" "$url/to/a/x")" 200
# Nor in the query, which some clients put it in.
twice=$(printf %s "$DARIO_API_KEY" | sed 's/-/%252D/g')
for query in "key=$DARIO_API_KEY&alt=sse" "alt=sse&key=$DARIO_API_KEY" \
	"a=1&api_key=$(printf %s "$DARIO_API_KEY" | sed 's/-/%2D/g')&alt=sse" \
	"key=$twice&alt=sse" "alt=sse&$DARIO_API_KEY" "alt=sse&x=Bearer%20$DARIO_API_KEY"; do
	for path in to/a/x v1/files v1/chat/completions; do
		is "$path?$query: 200" "$(curl -s -o "$tmp/body" -w '%{http_code}' \
			-H "x-api-key: $DARIO_API_KEY" -H 'x-dario-backend: a' \
			-H 'Content-Type: application/json' \
			-d '{"model":"a:m","messages":[{"role":"user","content":"x"}]}' \
			"$url/$path?$query")" 200
		curl -s "$base/seen" | json 'j[-1]["path"]' >"$tmp/last"
		like "$path?$query: the rest goes on" "$(cat "$tmp/last")" 'alt=sse'
		unlike "$path?$query: no key" "$(cat "$tmp/last")" 'router'
	done
done
unlike 'nor is it in a log' "$(cat "$tmp/log" "$DARIO_HOME"/run/*.log 2>/dev/null)" 'the-right-key'
is 'a query without it: byte for byte' "$(curl -s -o "$tmp/body" \
	-H "x-api-key: $DARIO_API_KEY" "$url/to/a/x?a=%2d&&b=1&" &&
	curl -s "$base/seen" | json 'j[-1]["path"]')" '/a/v1/x?a=%2d&&b=1&'
curl -s "$base/seen" >"$tmp/seen"
unlike "the router's own key goes nowhere" "$(cat "$tmp/seen")" "$DARIO_API_KEY"
like 'what else a field holds does' "$(cat "$tmp/seen")" '"x-other": "passes"'
done_testing
