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
found template.json '{"max_token":5}' \
	'template.json: unknown key "max_token": did you mean "max_tokens"?'
found tools.json '{"mapp":[]}' 'unknown key "mapp": did you mean "map"?'
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

# A file that cannot be loaded.
put backends/x.json '{"apiKey":1}'
out=$("$dario" config 2>&1)
is 'config: a refused file: exit 1' "$?" 1
like 'config: a refused file: file and key' "$out" 'backends/x.json: apiKey must'
rm "$DARIO_HOME/backends/x.json"

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
put config.json '{"apiKey":"a-secret-0123456789","<b>":1}'
is 'health: only with the key' "$(curl -s "$url/health")" \
	'{"status":"no_backend"}'
stop_router

# The log: each fault once from each process, the file and the key by name, and
# what is in force; and when it is mended.
rm -r "$DARIO_HOME"
: >"$tmp/log"
lines() { grep -cF -- "$1" "$tmp/log"; }
ask() { # some of them at once, so that every process gets one
	seq 24 | xargs -P 8 -I '{}' curl -s -o /dev/null "$url/v1/models"
}
reached() { # TEXT COUNT
	ask
	[ "$(lines "$1")" -ge "$2" ]
}
# said NAME TEXT [COUNT]: by each of the three processes, once
said() {
	wait_for reached "$2" "${3-3}"
	ask
	is "$1" "$(lines "$2")" "${3-3}"
}
put config.json '{"demo":true}'
start_router --workers=3
ask
is 'nothing wrong: nothing said' "$(lines 'dario: ')" 1 # that it listens
refused='an edit was refused, the last good state stays in force: '
put config.json '{"demo":true,"port":"x"}'
said 'a wrong value: said' "${refused}config.json: port"
is 'a wrong value: the old state serves' \
	"$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/models")" 200
touch "$DARIO_HOME/config.json"
put accounts/new.json '{"apiKey":"sk-x"}'
said 'another file changes: not said again' "$refused"
put config.json '{"demo":true,"port":'
said 'another fault: said' "$refused" 6
put config.json '{"demo":true}'
said 'mended: said' 'what was refused is mended'
rm "$DARIO_HOME/accounts/new.json"
put config.json '{"demo":true,"apikey":"a-secret-0123456789"}'
said 'an unknown key: said' "$typo"
put backends/x.json "{$url_key}"
put accounts/bad.json '{'
said 'an account that cannot be used: said' 'accounts/bad.json: '
rm "$DARIO_HOME/accounts/bad.json"
put config.json '{"demo":true}'
said 'mended: said too' 'no file has a fault any more'
for fault in 'backends/x.json {"apiKey":1} backends/x.json: apiKey must' \
	'backends/x.json {"apiKey":"k"} backends/x.json: baseUrl' \
	'routes.json {"rules":[{"match":"a","target":"none"}]} routes.json: rules[0]: target' \
	'routes.json [] routes.json: must' \
	'template.json {"max":1} template.json' \
	'tools.json {"mapp":[]} tools.json' \
	'config.json {"corsOrigin":"*"} config.json: corsOrigin' \
	'config.json {"apiKey":"a,b"} config.json: apiKey' \
	'config.json {"anthropicBaseUrl":"http://x.example"} config.json: anthropicBaseUrl' \
	'config.json {"preserveTools":true,"hybridTools":true} config.json: preserveTools'; do
	file=${fault%% *}
	text=${fault#* }
	put "$file" "${text%% *}"
	said "refused, named: $fault" "$refused${text#* }"
	rm "$DARIO_HOME/$file"
done
chmod 755 "$DARIO_HOME/backends"
said 'refused: a folder that is open' "$refused$DARIO_HOME/backends is open"
stop_router

# What an edit brings that is refused is not just missing.
rm -r "$DARIO_HOME"
start_router
put backends/x.json '{"baseUrl":nonsense}'
missing() { # MODEL: status and message
	post /v1/chat/completions "{\"model\":\"$1\",\"messages\":[]}" >/dev/null
	echo "$(status) $(json 'j["error"]["message"]' <"$tmp/body")"
}
like 'a file with a fault before the first request: named, with the place' \
	"$(missing x:m)" '500 backends/x.json: not JSON at byte'
like 'the same for a name that it might claim' "$(missing gpt-5)" \
	'500 backends/x.json: not JSON at byte'
put backends/x.json '{"baseUrl":"http://127.0.0.1:1"}'
like 'mended: what is missing is missing' "$(missing nothing-has-this)" '502 '
rm "$DARIO_HOME/backends/x.json"
like 'without a fault: what there is to do' "$(missing x:m)" 'dario backend add'
put prices.json '{"prices":5}'
like 'a file that no model comes from: what is missing is missing' \
	"$(missing x:m)" 'dario backend add'
rm "$DARIO_HOME/prices.json"
stop_router
unlike 'no value is in the log' "$(cat "$tmp/log")" a-secret-0123456789

# From the start: nothing is in force. As JSON, too.
: >"$tmp/log"
export DARIO_VERBOSE=1
chmod 700 "$DARIO_HOME/backends"
put config.json '{"demo":true}'
start_router
put config.json '{'
kill "$(worker_pid)"
wait_for sh -c "curl -s '$url/health' | grep -q config.json"
ask
is 'wrong from the start: said once' \
	"$(lines 'no request can be served: config.json: ')" 1
put config.json '{"demo":true}'
ask
is 'wrong from the start: mended' "$(lines 'what was refused is mended')" 1
stop_router
unset DARIO_VERBOSE
is 'wrong from the start: said as JSON, as the environment wants it' \
	"$(lines '"msg":"no request can be served') $(lines 'Z dario: ')" '1 0'

# A CGI program says it in the line of the request, and nothing beside it.
put config.json '{"apikey":1,"port":"x"}'
for i in 1 2; do
	REQUEST_METHOD=GET SCRIPT_NAME=/v1/models HTTP_HOST=localhost \
		REMOTE_ADDR=127.0.0.1 "$builddir/dario.fcgi" >"$tmp/cgi.out" \
		2>"$tmp/cgi.log" </dev/null
done
is 'CGI: one line' "$(wc -l <"$tmp/cgi.log")" 1
like 'CGI: it names file and key' "$(cat "$tmp/cgi.log")" 'config.json: port'
like 'CGI: so does the answer' "$(cat "$tmp/cgi.out")" 'config.json: port'
done_testing
