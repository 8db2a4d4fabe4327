#!/bin/sh
# SPDX-License-Identifier: MIT
# What is wrong in the files of the home, and who says so: proxy --check, config,
# the page, /health and the log.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

put() { # FILE TEXT
	mkdir -p "$DARIO_HOME/$(dirname "$1")"
	chmod 700 "$DARIO_HOME" "$DARIO_HOME/$(dirname "$1")"
	(umask 077 && printf '%s' "$2" >"$tmp/put")
	mv "$tmp/put" "$DARIO_HOME/$1"
}
check() { # sets out, rc
	out=$("$dario" proxy --check 2>&1)
	rc=$?
}

# --check names unknown keys of our own files, with the one that is meant.
url_key='"apiKey":"k","baseUrl":"http://127.0.0.1:1"'
found() { # FILE TEXT WHAT: must fail, and say WHAT
	put "$1" "$2"
	check
	is "$1 $2: exit 1" "$rc" 1
	like "$1 $2: said" "$out" "$3"
	rm "$DARIO_HOME/$1"
}
found config.json '{"apikey":"a-secret-0123456789"}' \
	'dario: config.json: unknown key "apikey": did you mean "apiKey"?'
unlike 'the value is not shown' "$out" a-secret-0123456789
found config.json '{"zzz":1}' 'config.json: unknown key "zzz"'
unlike 'nothing is near: nothing is meant' "$out" mean
found backends/x.json "{$url_key,\"idleTimeout\":5}" \
	'backends/x.json: unknown key "idleTimeout": did you mean "idleTimeoutMs"?'
found backends/x.json "{$url_key,\"noStrictTool\":true}" \
	'did you mean "noStrictTools"?'
found routes.json '{"rules":[],"rule":1}' \
	'routes.json: unknown key "rule": did you mean "rules"?'
found oauth-config.override.json '{"clientID":"x","tokenURI":"y"}' \
	'oauth-config.override.json: unknown key "clientID": did you mean "clientId"?'
found accounts/a.json '{"apikey":"k"}' 'accounts/a.json: there is no token in it'
like 'an account without its key: the key that it has' "$out" \
	'did you mean "apiKey"?'
put backends/x.json "{$url_key}"
found routes.json '{"rules":[{"match":"a","target":"x"},{"match":"b","target":"x","retry":1}]}' \
	'routes.json: rules[1]: unknown key "retry"'
put routes.json '{"rules":[],"a":1,"b":2}'
put config.json '{"c":3}'
check
like 'all are named: the first' "$out" '"a"'
like 'all are named: the second' "$out" '"b"'
like 'all are named: in the other file' "$out" 'config.json: unknown key "c"'
rm "$DARIO_HOME/routes.json" "$DARIO_HOME/config.json"

# What other programs write, remarks, and what we write ourselves.
put accounts/a.json '{"alias":"a","apiKey":"sk-x","subscriptionType":"max"}'
put credentials.json '{"claudeAiOauth":{"accessToken":"t","rateLimitTier":1},"other":1}'
put config.json '{"_remark":"x","$schema":"y","demo":true}'
check
is 'keys of another program, and remarks: exit 0' "$rc" 0
like 'a key of an account: named' "$out" \
	'accounts/a.json: unknown key "subscriptionType"'
unlike 'not so those of the log-in' "$out" rateLimitTier
unlike 'nor remarks' "$out" _remark
rm -r "$DARIO_HOME/accounts" "$DARIO_HOME/credentials.json" \
	"$DARIO_HOME/config.json"
printf 'k\n' >"$tmp/key"
python3 -c '
import json, sys
for p in json.load(open(sys.argv[1]))["providers"]:
    url = p["baseUrl"][0]
    if "//*" in url:
        url = url.replace("*", "localhost", 1)
    print(url.replace("*", ""))' "$srcdir/share/providers.json" >"$tmp/urls"
n=0
while read -r base; do
	n=$((n + 1))
	"$dario" backend add "p$n" --key-file="$tmp/key" --base-url="$base" \
		2>/dev/null
done <"$tmp/urls"
ok 'providers were added' test "$(ls "$DARIO_HOME/backends" | grep -c '^p.*json$')" -gt 5
check
is 'what backend add writes is known' "$rc$out" '0dario: everything is in order'
rm -r "$DARIO_HOME"

# A mistyped key that loads all the same: everybody says so.
put config.json '{"apikey":"a-secret-0123456789"}'
typo='config.json: unknown key "apikey": did you mean "apiKey"?'
out=$("$dario" config 2>&1)
is 'config: exit 0' "$?" 0
like 'config: says so' "$out" "$typo"
out=$("$dario" config --json 2>"$tmp/err")
is 'config --json: is JSON' "$(printf %s "$out" | json 'j["apiKey"]["value"]')" ''
like 'config --json: says so beside it' "$(cat "$tmp/err")" "$typo"
start_router
like 'health: says so' \
	"$(curl -s "$url/health" | json 'j["configWarnings"][0]')" "$typo"
like 'the page: says so' "$(curl -s -H 'Accept: text/html' "$url/")" \
	'unknown key &quot;apikey&quot;'
put config.json '{"apiKey":"a-secret-0123456789","<b>":1}'
is 'health: only with the key' "$(curl -s "$url/health")" \
	'{"status":"no_backend"}'
like 'the page: no markup of the file' "$(curl -s -H 'Accept: text/html' \
	-H 'x-api-key: a-secret-0123456789' "$url/")" '&lt;b>'
stop_router
done_testing
