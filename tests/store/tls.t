#!/bin/sh
# SPDX-License-Identifier: MIT
# A store that is reached by TLS: by whom it is signed and for which name counts,
# for commands and for a worker's loops; a host can have a certificate of its
# own. Without hiredis 1.0 the setting is refused, as store.t looks.
. "$(dirname "$0")/../sh/lib.sh"
grep -q '^#define HAVE_HIREDIS_SSL' "$builddir/config.h" ||
	skip_all 'built without hiredis 1.0 or later and its hiredis_ssl.pc: no TLS to a store'
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3 openssl redis-server redis-cli
start_provider

authority() { # NAME
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.pem" 2>/dev/null
}
certificate() { # NAME AUTHORITY SUBJECT-ALT-NAME
	openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" \
		-keyout "$tmp/$1.key" -out "$tmp/$1.csr" 2>/dev/null
	printf 'subjectAltName=%s\n' "$3" >"$tmp/$1.ext"
	openssl x509 -req -days 2 -in "$tmp/$1.csr" -CA "$tmp/$2.pem" -CAkey "$tmp/$2.key" \
		-set_serial "0x$(openssl rand -hex 8)" -extfile "$tmp/$1.ext" -out "$tmp/$1.pem" 2>/dev/null
}
authority ours
authority theirs
certificate name ours DNS:localhost
certificate number ours IP:127.0.0.1
certificate host ours DNS:host-of-dario
certificate stranger theirs DNS:host-of-dario
cat "$tmp/host.pem" "$tmp/host.key" >"$tmp/both.pem"
printf 'hush\n' >"$tmp/password"

# tls_store CERTIFICATE CLIENTS: sets store_port
tls_store() {
	store_port=${store_port:-$(free_port)}
	mkdir -p "$tmp/store"
	start_process "$tmp/store.log" redis-server --port 0 --tls-port "$store_port" \
		--bind 127.0.0.1 --tls-cert-file "$tmp/$1.pem" --tls-key-file "$tmp/$1.key" \
		--tls-ca-cert-file "$tmp/ours.pem" --tls-auth-clients "$2" --requirepass hush \
		--dir "$tmp/store" --save '' --appendonly yes --appendfsync always
	store_pid=$pid
	wait_for grep -q 'Ready to accept' "$tmp/store.log" || skip_all "no redis-server with TLS: $(tail -n 1 "$tmp/store.log")"
}
end_store() {
	kill -KILL "$store_pid"
	wait "$store_pid" 2>/dev/null
}
export DARIO_STORE_PASSWORD_FILE="$tmp/password" DARIO_STORE_TIMEOUT_MS=5000
seen() { # HOST [SETTINGS...]: what status says of it
	at=$1
	shift
	env "DARIO_STORE=rediss://$at:$store_port/2" "$@" "$dario" store status --json >"$tmp/out" 2>&1
	echo "$? $(grep -q '"status":"ok"' "$tmp/out" && echo yes || echo no)"
}
ca="DARIO_STORE_CA_FILE=$tmp/ours.pem"

tls_store name no
is 'a certificate for the name' "$(seen localhost "$ca")" '0 yes'
is 'not for the address' "$(seen 127.0.0.1 "$ca")" '1 no'
like 'which is said' "$(cat "$tmp/out")" 'its certificate is not accepted'
is 'of an authority that is not ours' "$(seen localhost "DARIO_STORE_CA_FILE=$tmp/theirs.pem")" '1 no'
like 'that is said, too' "$(cat "$tmp/out")" 'its certificate is not accepted'
is 'nor of one that the system trusts' "$(seen localhost)" '1 no'
seen localhost "DARIO_STORE_CA_FILE=$tmp/nosuch.pem" >"$tmp/code"
like 'a file that is not there is named' "$(cat "$tmp/out")" "$tmp/nosuch.pem: "
seen localhost "DARIO_STORE_CA_FILE=$tmp/password" >"$tmp/code"
like 'nor is one without a certificate' "$(cat "$tmp/out")" "$tmp/password: "
DARIO_STORE="redis://localhost:$store_port" DARIO_STORE_CA_FILE=$tmp/ours.pem "$dario" store status >"$tmp/out" 2>&1
like 'a certificate, and no TLS: refused' "$(cat "$tmp/out")" 'are for rediss:// alone'
DARIO_STORE="redis://localhost:$store_port" "$dario" store status >"$tmp/out" 2>&1
is 'no TLS to a server that speaks nothing else' $? 1

# a worker's loops
export DARIO_STORE="rediss://localhost:$store_port/2" DARIO_STORE_CA_FILE="$tmp/ours.pem"
export DARIO_API_KEY=owner DARIO_QUEUE_MS=0
mkdir -p -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a"]}'
printf 'sk-ant-api03-a\n' | "$dario" accounts add a --key-stdin 2>/dev/null
paid=$("$dario" key add paid --spend=1000/month 2>/dev/null)
start_router --workers=2
ask() { # KEY
	post /v1/messages '{"model":"claude-x","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}' \
		-H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
is_status() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/health" | json 'j["store"]["status"]')" = "$1" ]
}
codes=
for n in 1 2 3 4 5 6 7 8; do
	codes="$codes$(ask "$paid") $(ask owner) " # refused, if the store is away
done
is 'requests are served' "$codes" "$(printf '200 %.0s' 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)"
is 'and nothing was away' "$(grep -c 'the store is away' "$tmp/log")" 0
in_tls() {
	timeout 60 redis-cli -p "$store_port" -n 2 -a hush --no-auth-warning --tls --cacert "$tmp/ours.pem" "$@"
}
ok 'they are in the store' sh -c "[ -n '$(in_tls --scan --pattern 'dario:m:*')' ]"
end_store
ok 'gone: away' wait_for is_status away
is 'gone: served' "$(ask owner)" 200
tls_store name no
ok 'back' wait_for is_status ok
is 'back: served' "$(ask "$paid") $(ask owner)" '200 200'

# somebody else in its place
end_store
ok 'gone once more: away' wait_for is_status away
store_port=$store_port tls_store number no
is 'another certificate: served' "$(ask owner)" 200
isnt=$(ask "$paid")
ok "another certificate: a key with limits is not ($isnt)" test "$isnt" != 200
like 'and why is told' "$(curl -s -H 'x-api-key: owner' "$url/health")" '"status":"away"'
ok 'it is asked for nothing' test -z "$(timeout 60 redis-cli -h 127.0.0.1 -p "$store_port" -a hush \
	--no-auth-warning --tls --cacert "$tmp/ours.pem" info commandstats | grep evalsha)"
stop_router
is 'a certificate for the address' "$(seen 127.0.0.1 "$ca")" '0 yes'
is 'not for the name' "$(seen localhost "$ca")" '1 no'
end_store

# certificates of hosts
tls_store name yes
is 'it wants to see a certificate' "$(seen localhost "$ca")" '1 no'
is 'ours' "$(seen localhost "$ca" "DARIO_STORE_CERT_FILE=$tmp/host.pem" "DARIO_STORE_CERT_KEY_FILE=$tmp/host.key")" '0 yes'
is 'ours, in one file' "$(seen localhost "$ca" "DARIO_STORE_CERT_FILE=$tmp/both.pem")" '0 yes'
is 'of another authority' "$(seen localhost "$ca" "DARIO_STORE_CERT_FILE=$tmp/stranger.pem" "DARIO_STORE_CERT_KEY_FILE=$tmp/stranger.key")" '1 no'
seen localhost "$ca" "DARIO_STORE_CERT_FILE=$tmp/host.pem" "DARIO_STORE_CERT_KEY_FILE=$tmp/name.key" >"$tmp/code"
like 'a key of another certificate is named' "$(cat "$tmp/out")" "$tmp/name.key: "
unlike 'no password is told' "$(cat "$tmp/out" "$tmp/log")" hush
export DARIO_STORE_CERT_FILE="$tmp/both.pem"
port=
start_router --workers=1
is 'a worker shows it, too' "$(ask "$paid") $(ask owner)" '200 200'
stop_router
done_testing
