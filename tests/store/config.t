#!/bin/sh
# SPDX-License-Identifier: MIT
# One configuration for several hosts, sealed in their store: what is pushed is
# live on the others, and nobody but a host can put one there.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 redis-server redis-cli
start_store

ask_store() {
	timeout 60 redis-cli -s "$store" "$@"
}
on() { # HOST
	export DARIO_HOME="$tmp/host$1"
}
here() { # what status says of it
	"$dario" store status --json | json "[x['here'] for x in j['sealed'] if x['name'] == 'config'][0]"
}
backend() { # NAME PORT
	"$dario" backend add "$1" --key="secret-of-$1" --base-url="http://127.0.0.1:$2/v1" 2>/dev/null
}
has() { # NAME: is it among the backends of the running router?
	curl -s -H 'x-api-key: owner' "$url/health" | grep -q "\"$1\""
}
has_not() {
	! has "$1"
}

on 1
export DARIO_API_KEY=owner
backend one 1
"$dario" backend add pooled --key=first --base-url=http://127.0.0.1:1/v1 2>/dev/null
"$dario" accounts add second --backend=pooled --key=further 2>/dev/null
"$dario" route add 'm*' one 2>/dev/null
"$dario" key add anna --spend=5/month >/dev/null 2>&1
"$dario" store key 2>/dev/null
for host in 2 3; do
	mkdir -m 700 "$tmp/host$host"
	cp -p "$DARIO_HOME/store.key" "$tmp/host$host/"
done
"$dario" store push 2>"$tmp/out"
is 'push' $? 0
like 'push: says how much' "$(cat "$tmp/out")" 'of 5 files'
ok 'nothing of it is in clear' test -z "$(ask_store --raw hget dario:v:config x | grep -a -o secret-of-one)"

on 2
is 'status: not taken yet' "$(here)" 'not here'
ok 'pull' "$dario" store pull 2>/dev/null
for file in backends/one.json backends/pooled.json backends/pooled/second.json keys/anna.json routes.json; do
	ok "pull: $file" cmp -s "$tmp/host1/$file" "$DARIO_HOME/$file"
	is "pull: $file is private" "$(stat -c %a "$DARIO_HOME/$file")" 600
done
ok 'pull: config.json is each host'"'s own" test ! -e "$DARIO_HOME/config.json"
is 'status: taken' "$(here)" 'the same here'

# A host that takes every version.
DARIO_STORE_CONFIG=1 start_router --workers=2
ok 'live: what was taken' wait_for has one
backend local 2
on 1
backend two 2
"$dario" route remove 'm*' 2>/dev/null
"$dario" backend remove one 2>/dev/null
"$dario" store push 2>/dev/null
ok 'live: a new backend, for the next request' has two
ok 'live: one that was removed is gone' has_not one
ok 'live: one of that host alone stays' has local
on 2
ok 'live: the rules' wait_for cmp -s "$tmp/host1/routes.json" "$DARIO_HOME/routes.json"
ok 'live: the file is gone' wait_for test ! -e "$DARIO_HOME/backends/one.json"
is 'live: status' "$(here)" 'the same here'

# A push of who has not taken the last version.
on 3
backend three 3
"$dario" store push >"$tmp/out" 2>&1
is 'push of who has another: refused' $? 1
like 'push of who has another: says what to do' "$(cat "$tmp/out")" '--force'
is 'push of who has another: nothing has come' "$(cd "$DARIO_HOME/backends" && echo *.json)" three.json
ok 'push of who has taken it' eval '"$dario" store pull 2>/dev/null && "$dario" store push 2>/dev/null'
ok 'live: and that' has three
for n in 1 2 3; do
	backend "next$n" 4
	"$dario" store push 2>/dev/null
	ok "live: the next request, $n" has "next$n"
done

# What was changed here since it was taken is not brought back by a pull.
on 1
"$dario" store pull 2>/dev/null
"$dario" key add bob >"$tmp/bob" 2>/dev/null
"$dario" store push 2>/dev/null
on 2
"$dario" store pull 2>/dev/null
ok 'a key comes along' test -e "$DARIO_HOME/keys/bob.json"
"$dario" key disable bob
on 1
backend five 5
"$dario" store push 2>/dev/null
on 2
"$dario" store pull >"$tmp/out" 2>&1
is 'changed here: nothing is pulled over it' "$? $(grep -c disabled "$DARIO_HOME/keys/bob.json")" '1 1'
like 'changed here: it is named' "$(cat "$tmp/out")" 'keys/bob.json was changed on this host'
like 'changed here: status says so, and what to do' "$("$dario" store status)" 'not taken: keys/bob.json was changed on this host, and another has pushed meanwhile: dario store push --force'
like 'changed here: for programs, too' "$("$dario" store status --json | json 'j["refused"]')" 'keys/bob.json'
like 'changed here: and doctor' "$("$dario" doctor --json 2>&1)" 'keys/bob.json was changed on this host, and another'
"$dario" key remove bob
"$dario" store pull >"$tmp/out" 2>&1
is 'removed here: it does not come back' "$? $(ls "$DARIO_HOME/keys" | grep -c bob.json$)" '1 0'
ok 'with --force it does' eval '"$dario" store pull --force 2>/dev/null && test -e "$DARIO_HOME/keys/bob.json"'
on 1
"$dario" key remove bob 2>/dev/null
"$dario" backend remove five 2>/dev/null
"$dario" store push 2>/dev/null
on 2
ok 'and what is the same is taken' "$dario" store pull 2>/dev/null
unlike 'taken: status says no more' "$("$dario" store status)" 'not taken'
unlike 'taken: nor doctor' "$("$dario" doctor --json 2>&1)" 'was changed'
on 3
"$dario" store pull 2>/dev/null

# Who can write to the store cannot make one, change one, or bring one back.
ask_store --raw hget dario:v:config x | head -c -1 >"$tmp/older"
old=$(ask_store --raw hget dario:v:config v)
on 1
"$dario" store pull 2>/dev/null
backend four 4
"$dario" store push 2>/dev/null
on 2
wait_for has four
last=$(ask_store --raw hget dario:v:config v)
forge() { # VERSION <sealed
	ask_store hset dario:v:config v "$1" c '' >/dev/null
	ask_store -x hset dario:v:config x >/dev/null
	ask_store hset dario:sealed config "$1" >/dev/null
}
forge "$old" <"$tmp/older"
"$dario" store pull >"$tmp/out" 2>&1
is 'an older one: refused' $? 1
like 'an older one: says so' "$(cat "$tmp/out")" 'older configuration'
forge $((last + 5)) <"$tmp/older"
"$dario" store pull --force >"$tmp/out" 2>&1
is 'an older one as a newer: refused' $? 1
printf '{"backends/evil.json":"{\\"baseUrl\\":\\"http://127.0.0.1:9\\"}"}' | forge $((last + 6))
"$dario" store pull --force >"$tmp/out" 2>&1
is 'one that is not sealed: refused' $? 1
ok 'and nothing of them is here' has four
ok 'nor of the forged one' has_not evil
unlike 'no secret in the log' "$(cat "$tmp/log")" secret-of
done_testing
