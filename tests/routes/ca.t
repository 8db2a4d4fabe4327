#!/bin/sh
# SPDX-License-Identifier: MIT
# Providers with a certificate of their own: SSL_CERT_FILE, and caFile of one
# account or key.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 openssl

# authority NAME, certificate FOLDER AUTHORITY
authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/$1.key" -out "$tmp/$1.pem" \
		-days 2 -subj "/CN=$1" >/dev/null 2>&1
}
certificate() {
	mkdir "$1"
	echo subjectAltName=DNS:localhost >"$1/names"
	openssl req -newkey rsa:2048 -nodes -keyout "$1/key.pem" -subj /CN=localhost 2>/dev/null |
		openssl x509 -req -CA "$tmp/$2.pem" -CAkey "$tmp/$2.key" -CAcreateserial -days 2 \
			-extfile "$1/names" -out "$1/cert.pem" 2>/dev/null
}
authority ours
authority other
certificate "$tmp/tls" ours
export CURL_CA_BUNDLE="$tmp/ours.pem" # of curl the program, not of the router
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
start_provider "$tmp/tls"
mkdir -m 700 "$DARIO_HOME"
subscription accounts/plan.json sk-ant-oat01-plan sk-ant-ort01-plan 1
"$dario" backend add up --base-url="$provider/b/up/v1" 2>/dev/null
key() { # ALIAS [flags]
	alias=$1
	shift
	printf 'sk-%s\n' "$alias" | "$dario" accounts add "$alias" --backend=up --key-stdin "$@" 2>/dev/null
}
chat() {
	post /v1/chat/completions '{"model":"up:m","messages":[{"role":"user","content":"'"$1"'"}]}' >"$tmp/answer"
	echo "$(status) $(header x-dario-account) $(header x-dario-fallback)"
}

# unknown to the system
start_router
chat a >/dev/null
is 'an unknown certificate: a backend' "$(status)" 502
like 'an unknown certificate: it says so' "$(cat "$tmp/answer")" certificate
message claude-sonnet-9 >"$tmp/answer"
is 'an unknown certificate: an account' "$(status)" 503
stop_router

# known by the environment: calls, and the refresh of a token
rm -rf "$DARIO_HOME/state"
SSL_CERT_FILE=$tmp/ours.pem
export SSL_CERT_FILE
start_router
is 'SSL_CERT_FILE: a backend' "$(chat b)" '200  '
message claude-sonnet-9 >/dev/null
is 'SSL_CERT_FILE: an account, with a new token' "$(status) $(header x-dario-account) $(seen 'j["refreshes"]')" '200 plan 1'
like 'SSL_CERT_FILE: dario backend test' "$("$dario" backend test up 2>&1)" 'lists 1 models'
stop_router

# of one account or key alone
unset SSL_CERT_FILE
rm -rf "$DARIO_HOME/state"
key one --priority=1 --ca-file="$tmp/other.pem"
key two --priority=2 --ca-file="$tmp/ours.pem"
start_router
is 'caFile of another authority: the next key' "$(chat c)" '200 two up/one: failed'
"$dario" accounts add one --ca-file="$tmp/ours.pem" 2>/dev/null
is 'caFile is changed: it counts at once' "$(chat d)" '200 one '
"$dario" accounts add one --ca-file= 2>/dev/null
is 'caFile is taken out' "$(chat e)" '200 two up/one: failed'
"$dario" accounts add plan --ca-file="$tmp/ours.pem" 2>/dev/null
message claude-sonnet-9 >/dev/null
is 'caFile of an account' "$(status) $(header x-dario-account)" '200 plan'
"$dario" accounts add plan --ca-file="$tmp/none.pem" 2>/dev/null
message claude-sonnet-9 >"$tmp/answer"
like 'caFile that is not there' "$(cat "$tmp/answer")" caFile
done_testing
