#!/bin/sh
# SPDX-License-Identifier: MIT
# The page at "/", in a real browser: log-in, live numbers, both themes; and
# what keeps others out. SHOTS=FOLDER: pictures of it go there.
. "$(dirname "$0")/lib.sh"
. "$srcdir/tests/claude/claude.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 chromium chromedriver

owner=owner-key-0123456789
export DARIO_API_KEY=$owner
start_provider
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-work","sk-ant-api03-home","sk-ant-api03-spare"]}'
for alias in work home spare; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done
for name in groq local; do
	printf 'sk-groq\n' | "$dario" backend add $name --key-stdin \
		--base-url="$provider/b/$name/v1" --models="$name-*" 2>/dev/null
done
"$dario" route add 'fast*' groq:groq-large --fallback=claude:claude-haiku-9
used() { # 5H 7D
	now=$(date +%s)
	echo "\"anthropic-ratelimit-unified-status\":\"allowed\",\"anthropic-ratelimit-unified-5h-utilization\":\"$1\",\"anthropic-ratelimit-unified-5h-reset\":\"$((now + 9000))\",\"anthropic-ratelimit-unified-7d-utilization\":\"$2\",\"anthropic-ratelimit-unified-7d-reset\":\"$((now + 300000))\""
}
rule "{\"answers\":{\"sk-ant-api03-work\":[{\"headers\":{$(used 0.81 0.4)}}],\"sk-ant-api03-home\":[{\"headers\":{$(used 0.34 0.52)}}]}}"
# Two days that have been, for the charts.
nice "$builddir/tests/lib/past" "$DARIO_HOME"
start_router --demo
anna=$("$dario" key add anna --spend=20/month --models='claude-*,groq-*' 2>/dev/null)
ask() { # MODEL KEY
	curl -s -o "$tmp/answer" -H "x-api-key: $2" -d "{\"model\":\"$1\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"hello $1\"}]}" "$url/v1/messages"
}
for model in claude-sonnet-9 claude-haiku-4-5 groq-large local-small fast-one gpt-none/x; do
	ask $model $owner
done
ask claude-opus-9 "$anna"
ask groq-large "$anna"
curl -s -H "x-api-key: $owner" "$url/requests" >"$tmp/requests"
"$dario" accounts pause spare

# what is open, and what is not
page() { curl -s -D "$tmp/head" -o "$tmp/body" -w '%{http_code}' -H 'Accept: text/html' "$@" "$url/"; }
is 'the page: open to a browser' "$(page)" 200
like 'the page: its policy lets nothing in' "$(header Content-Security-Policy)" "default-src 'none'; script-src 'sha256-"
unlike 'the page: nor what is inline' "$(header Content-Security-Policy)" unsafe
is 'the page: no addresses of others' "$(grep -Eo '(src|href)="[a-z]*:?//[^"]*' "$tmp/body")" ''
is 'what is no browser needs the key' "$(curl -s -o "$tmp/answer" -w '%{http_code}' "$url/")" 401
is 'requests need the key' "$(curl -s -o "$tmp/answer" -w '%{http_code}' "$url/requests")" 401
is 'requests: eight, the newest first' "$(json 'len(j["requests"]), j["requests"][0]["key"], j["requests"][0]["model"], j["requests"][0]["backend"]' <"$tmp/requests")" \
	'8 anna groq-large groq'
is 'requests: tokens and time' "$(json 'all(r["tokens"]["output"] > 0 and r["tookMs"] >= r["firstMs"] >= 0 for r in j["requests"] if r["status"] == 200)' <"$tmp/requests")" True
unlike 'requests: nothing of what was in them' "$(cat "$tmp/requests")" hello

# log-in, from outside
login() { # KEY [curl flags]: the status; head in $tmp/head
	key=$1
	shift
	curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' "$@" \
		--data-urlencode "key=$key" "$url/page/login"
}
with() { # COOKIE PATH [curl flags]: the status; with the page's token, $mine
	cookie=$1 path=$2
	shift 2
	curl -s -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' -H "Cookie: $crumb=$cookie" -H "x-dario-token: $mine" "$@" "$url$path"
}
cookie() { sed -n 's/^Set-Cookie: dario-session-[^=]*=\([^;]*\).*/\1/Ip' "$tmp/head" | tr -d '\r'; }
named() { sed -n 's/^Set-Cookie: \([^=]*\)=.*/\1/Ip' "$tmp/head"; }
token() { json 'j.get("token", "")' <"$tmp/body"; }
crumb=dario-session-none mine=none
is 'log-in: a wrong key' "$(login wrong)" 401
is 'log-in: no cookie for that' "$(cookie)" ''
is 'log-in: no key' "$(login '')" 400
is 'log-in: from a page elsewhere' "$(login $owner -H 'Origin: http://127.0.0.1:1')" 403
is 'log-in: not by a GET' "$(curl -s -o "$tmp/body" -w '%{http_code}' "$url/page/login?key=$owner")" 401
is 'log-in' "$(login $owner -H "Origin: $url")" 200
good=$(cookie) crumb=$(named) mine=$(token)
like 'log-in: a closed cookie' "$(header Set-Cookie)" 'Path=/; Max-Age=604800; HttpOnly; SameSite=Strict'
login $owner -H 'X-Forwarded-Proto: https' >/dev/null
like 'log-in by https: the cookie goes nowhere else' "$(header Set-Cookie)" '; Secure'
is 'the secret is ours alone' "$(stat -c %a "$DARIO_HOME/session-secret")" 600
is 'the cookie: good' "$(with "$good" /accounts)" 200
is 'the cookie: not for a model' "$(with "$good" /v1/messages -d '{"model":"demo","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}')" 401
is 'the cookie: not for /v1/accounts' "$(with "$good" /v1/accounts)" 401
is 'the cookie: not beside a wrong key' "$(with "$good" /accounts -H 'x-api-key: wrong')" 401
is 'the cookie: not from another port' "$(with "$good" /accounts -H 'Origin: http://127.0.0.1:1')" 401
bad=0
for other in "${good%?}" "${good}x" "x$good" "$(echo "$good" | sed 's/^\([0-9]*\)/9\1/')" \
	"$(echo "$good" | sed 's/\./.x/2')" "$(echo "$good" | tr 'A-Za-z' 'B-ZAb-za')" \
	'' . .... '9999999999....' "$(echo "$good" | sed 's/[^.]*$//')"; do
	[ "$(with "$other" /accounts)" = 401 ] || { bad=$((bad + 1)); diag "good: $other"; }
done
is 'the cookie: nothing like it is' "$bad" 0
# The cookie goes to all ports of the host: whoever has it has nothing.
alone() { # PATH [curl flags]: the status
	path=$1
	shift
	curl -s -o "$tmp/body" -w '%{http_code}' -H "Cookie: $crumb=$good" "$@" "$url$path"
}
for path in /accounts /analytics /requests /metrics /status /page/setup; do
	is "the cookie alone: not $path" "$(alone $path)" 401
	is "the cookie and a wrong token: not $path" "$(alone $path -H "x-dario-token: .${mine#?}")" 401
done
is 'the cookie alone: nobody' "$(alone /page/session) $(json 'j["role"], j["loggedIn"], j.get("token")' <"$tmp/body")" '200 none False None'
is 'the cookie alone: no log-out' "$(alone /page/logout -d '') $(with "$good" /accounts)" '200 200'
unlike 'the cookie alone: no details' "$(alone /health >/dev/null; cat "$tmp/body")" busy
is 'the token alone: nobody' "$(curl -s -o "$tmp/body" -w '%{http_code}' -H "x-dario-token: $mine" "$url/accounts")" 401
is 'by another name it is none' "$(curl -s -o "$tmp/body" -w '%{http_code}' -H "Cookie: dario-session=$good; ${crumb}x=$good" -H "x-dario-token: $mine" "$url/accounts")" 401
is 'beside cookies of others' "$(curl -s -o "$tmp/body" -w '%{http_code}' -H "Cookie: a=b; dario-session-0=x; $crumb=$good;c" -H "x-dario-token: $mine" "$url/accounts")" 200
# what changes something comes from the page's origin, too
is 'the token: not told again' "$(with "$good" /page/session) $(json 'j["role"], j.get("token")' <"$tmp/body")" '200 owner None'
pause() { # COOKIE TOKEN: the status
	curl -s -o "$tmp/body" -w '%{http_code}' -H "Cookie: $crumb=$1" -H "x-dario-token: $2" -d 'alias=home&backend=claude' "$url/page/actions/account-pause"
}
paused() { grep -c '"paused"' "$DARIO_HOME/accounts/home.json"; }
is 'an action: without a token' "$(alone /page/actions/account-pause -d 'alias=home')" 401
is 'an action: with a wrong one' "$(pause "$good" "x$mine")" 401
is 'an action: from another origin' "$(with "$good" /page/actions/account-pause -d 'alias=home' -H 'Origin: http://localhost:1')" 401
is 'an action: not a form' "$(with "$good" /page/actions/account-pause -d '{"alias":"home"}' -H 'Content-Type: text/plain')" 400
is 'an action: not by a GET' "$(with "$good" '/page/actions/account-pause?alias=home')" 401
is 'an action: nothing was done' "$(paused)" 0
is 'an action: with the token' "$(pause "$good" "$mine") $(paused)" '200 1'
is 'an action: with the key, as a program' "$(with '' /page/actions/account-resume -d alias=home -H "x-api-key: $owner") $(paused)" '200 0'
is 'an action: there is no such' "$(with "$good" /page/actions/nothing -d alias=home)" 404
is 'a key is added' "$(with "$good" /page/actions/account-add -d 'alias=more&key=sk-ant-api03-more') $(stat -c %a "$DARIO_HOME/accounts/more.json")" '200 600'
is 'the same key is not' "$(with "$good" /page/actions/account-add -d 'alias=again&key=sk-ant-api03-more')" 400
like 'and it is said why' "$(cat "$tmp/body")" 'account more has this key already'
is 'nor a bad alias' "$(with "$good" /page/actions/account-add -d 'alias=../x&key=sk-ant-api03-x')" 400
is 'nor a key as an alias' "$(with "$good" /page/actions/account-add -d 'alias=sk-ant-api03-aaaaaaaaaaaaaaaaaaaaaaaa&key=k')" 400
unlike 'which is not repeated' "$(cat "$tmp/body")" aaaa
"$dario" accounts remove more 2>/dev/null
is 'no program is named on the page' "$(with "$good" /page/actions/backend-add -d 'name=prog&base-url=http://127.0.0.1:9/v1&key-command=id') $(grep -c keyCommand "$DARIO_HOME/backends/prog.json")" '200 0'
"$dario" backend remove prog 2>/dev/null

# a log-in: its address, and the code that the provider shows there
is 'a log-in: its address' "$(with "$good" /page/actions/account-login -d alias=sub) $(json 'j["url"].split("?")[0], "code_challenge_method=S256" in j["url"]' <"$tmp/body")" "200 $provider/authorize True"
code_of() { # the code that the provider shows at the address in $tmp/body
	curl -s "$(json 'j["url"]' <"$tmp/body")" | sed -n 's/.*<code id="code">\([^<]*\)<.*/\1/p'
}
code=$(code_of)
end() { with "$good" /page/actions/account-login-code -d alias=sub --data-urlencode "code=$1"; }
is 'a log-in: not with a code of another one' "$(end "${code%#*}#$(echo "${code#*#}" | sed 's/^x/y/;t;s/^./x/')") $(json 'j["error"]["message"]' <"$tmp/body" | grep -c invalid_grant)" '502 1'
is 'a log-in: not with half of it' "$(end "${code%#*}")" 400
like 'and it is said why' "$(cat "$tmp/body")" 'CODE#STATE'
is 'a log-in: nothing is there' "$(ls "$DARIO_HOME/accounts" | grep -c sub)" 0
with "$good" /page/actions/account-login -d alias=sub >"$tmp/status"
code=$(code_of)
is 'a log-in: with its code' "$(end " $code ") $(stat -c %a "$DARIO_HOME/accounts/sub.json")" '200 600'
like 'and it is said for how long' "$(cat "$tmp/body")" 'good for'
unlike 'and no token' "$(cat "$tmp/body")" sk-ant-o
is 'a log-in: once' "$(end "$code")" 502
"$dario" accounts remove sub 2>/dev/null

# keys of people
is 'a key of a person is made, and told once' "$(with "$good" /page/actions/key-add -d 'name=ben&spend=5/day&models=groq-*&rate=') $(json 'j["key"][:9], j["said"]' <"$tmp/body")" '200 sk-dario- None'
ben=$(json 'j["key"]' <"$tmp/body")
is 'it is good for what it may' "$(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $ben" "$url/v1/models") $("$dario" key show ben --json | json 'j["spend"], j["models"], j["rate"]')" "200 5/day ['groq-*'] None"
is 'a second one of that name is not' "$(with "$good" /page/actions/key-add -d name=ben)" 400
is 'nor one with a field that is too long' "$(with "$good" /page/actions/key-add -d "name=dora&models=$(head -c 9000 /dev/zero | tr '\0' x)") $(with "$good" /page/actions/key-add -d 'name=dora&models=a%00b') $(ls "$DARIO_HOME/keys" | grep -c dora)" '413 413 0'
is 'nor a limit that is none' "$(with "$good" /page/actions/key-change -d 'name=ben&spend=5/year')" 400
like 'and it is said why' "$(cat "$tmp/body")" spend
is 'a limit is changed, one that is empty goes' "$(with "$good" /page/actions/key-change -d 'name=ben&spend=&parallel=2') $("$dario" key show ben --json | json 'j["spend"], j["parallel"], j["models"]')" "200 None 2 ['groq-*']"
is 'it is disabled' "$(with "$good" /page/actions/key-disable -d name=ben) $(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $ben" "$url/v1/models")" '200 401'
is 'it is enabled' "$(with "$good" /page/actions/key-enable -d name=ben) $(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $ben" "$url/v1/models")" '200 200'
is 'another one takes its place' "$(with "$good" /page/actions/key-rotate -d name=ben) $(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $ben" "$url/v1/models") $(curl -s -o "$tmp/answer" -w '%{http_code}' -H "x-api-key: $(json 'j["key"]' <"$tmp/body")" "$url/v1/models")" '200 401 200'
is 'it is removed' "$(with "$good" /page/actions/key-remove -d name=ben) $(with "$good" /page/actions/key-remove -d name=ben)" '200 400'
is 'who did it stands in the audit' "$("$dario" key audit ben --json | json '[(a["actor"], a["action"]) for a in j]')" \
	"[('owner', 'add'), ('owner', 'change'), ('owner', 'disable'), ('owner', 'enable'), ('owner', 'rotate'), ('owner', 'remove')]"

is 'a person logs in' "$(login "$anna")" 200
hers=$(cookie) owners=$mine mine=$(token)
is "a person: not with the owner's token" "$(pause "$hers" "$owners")" 401
is 'a person: her requests' "$(with "$hers" /requests) $(json 'sorted({r["key"] for r in j["requests"]})' <"$tmp/body")" "200 ['anna']"
is 'a person: not the accounts' "$(with "$hers" /accounts)" 403
is 'a person: no action' "$(with "$hers" /page/actions/account-pause -d alias=home)" 403
is 'a person: no log-in of an account' "$(with "$hers" /page/actions/account-login -d alias=sub)" 403
is 'a person: no key for herself' "$(with "$hers" /page/actions/key-add -d name=carl) $(ls "$DARIO_HOME/keys" | grep -c carl)" '403 0'
is 'a person: not the set-up' "$(with "$hers" /page/setup)" 403
new=$("$dario" key rotate anna 2>/dev/null)
is 'another key ends her session' "$(with "$hers" /requests)" 401
mine=$owners
is 'and no other' "$(with "$good" /accounts)" 200
is 'log-out' "$(with "$good" /page/logout -d "")" 200
is 'log-out: the cookie is good for nothing' "$(with "$good" /accounts)" 401

# A log-out stays one, however many follow, until the session would have ended.
ended=$DARIO_HOME/sessions-ended
is 'log-out: kept with its end' "$(cut -d' ' -f1 "$ended") $(stat -c %a "$ended")" "$(echo "$good" | cut -d. -f2) 600"
out() { # logs in and out
	login $owner >"$tmp/status"
	out=$(cookie) mine=$(token)
	with "$out" /page/logout -d '' >"$tmp/status"
}
more() { # N LINES, each of a session that ends a second later than the one before
	(umask 077 && python3 - "$ended" "$1" "$(echo "$good" | cut -d. -f1)" <<-'END'
	import os, sys
	path, n, first = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	with open(path) as f:
	    had = f.read()
	with open(path + ".new", "w") as f:
	    f.writelines(f"{i:024} {first + i}\n" for i in range(1, n + 1))
	    f.write(had)
	os.rename(path + ".new", path)
	END
	)
}
more 5000
out
mine=$owners
is 'log-out: 5,000 more do not undo it' "$(with "$good" /accounts) $(wc -l <"$ended")" '401 5002'
login $owner >"$tmp/status"
late=$(cookie) late_token=$(token)
sed -i "s/ [0-9]*$/ $(date +%s)/" "$ended"
out
is 'log-out: what would have ended is forgotten' "$(wc -l <"$ended")" 1
more 20000
out
mine=$owners
is 'log-out: too many, and it still is one' "$(with "$good" /accounts)" 401
mine=$late_token
is 'log-out: those that end first are over' "$(with "$late" /accounts)" 401
ok 'log-out: the file has a limit' test "$(stat -c %s "$ended")" -lt 500000
(umask 077 && : >"$ended.new" && mv "$ended.new" "$ended")
login $owner >"$tmp/status"
good=$(cookie) mine=$(token)
is 'log-in anew' "$(with "$good" /accounts)" 200
(umask 077 && echo damaged >"$ended.new" && mv "$ended.new" "$ended")
is 'a list that cannot be read: no log-in is good' "$(with "$good" /accounts)" 401
is 'and none is made' "$(login $owner)" 500
like 'and it is said why' "$(cat "$tmp/body" "$tmp/log")" 'sessions-ended is damaged: remove it and session-secret'
rm "$ended" && mkfifo -m 600 "$ended"
is 'nor one that is no file' "$(with "$good" /accounts)" 401
rm "$ended"
is 'what was not ended is good again' "$(with "$good" /accounts)" 200

axe=$deps/axe/node_modules/axe-core/axe.min.js
locked install_axe >"$tmp/install.log" 2>&1 || axe=
[ -n "$axe" ] || diag "not run, axe-core cannot be had from npm: $(tail -n 1 "$tmp/install.log")"
OWNER=$owner PERSON=$new AXE=$axe URL=$url DARIO=$dario python3 - >"$tmp/told" <<'EOF'
import json, os
e = os.environ
body = json.dumps({"model": "demo", "max_tokens": 5,
                   "messages": [{"role": "user", "content": "hi"}]})
print(json.dumps({
    "owner": e["OWNER"], "person": e["PERSON"], "axe": e["AXE"],
    "shots": e.get("SHOTS", ""), "remove": f"'{e['DARIO']}' key remove anna",
    "ask": f"curl -s -o /dev/null -H 'x-api-key: {e['OWNER']}' -d '{body}' "
           f"{e['URL']}/v1/messages"}))
EOF
report browser "$tmp/browser" sh -c "python3 -B '$srcdir/tests/sh/page.py' $url <'$tmp/told'"

# a newcomer: nothing is there
stop_router
rm -r "$DARIO_HOME"
unset DARIO_API_KEY
start_router
AXE=$axe DARIO=$dario python3 -c 'import json, os
print(json.dumps({"newcomer": True, "axe": os.environ["AXE"],
                  "add": "%s backend add ollama" % os.environ["DARIO"]}))' >"$tmp/told"
report newcomer "$tmp/newcomer" sh -c "python3 -B '$srcdir/tests/sh/page.py' $url <'$tmp/told'"

# without a key nobody is known as the owner: everybody here could change things
stop_router
rm -r "$DARIO_HOME"
unset DARIO_API_KEY
start_router
add() { with '' /page/actions/backend-add -d name=ollama "$@"; }
is 'no key: there is no token' "$(with '' /page/session >/dev/null; token)" ''
is 'no key: nothing can be changed' "$(add -H "Origin: $url")" 403
like 'no key: what to do' "$(cat "$tmp/body")" 'set DARIO_API_KEY'
is 'no key: nor with a log-in of before' "$(with "$good" /page/actions/backend-add -d name=ollama -H "Origin: $url")" 403
is 'no key: nor with anything for a key' "$(add -H 'x-api-key: x')" 403
is 'no key: nothing was' "$(curl -s "$url/health" | json 'j["backends"]')" '[]'
done_testing
