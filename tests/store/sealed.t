#!/bin/sh
# SPDX-License-Identifier: MIT
# What is sealed in the store: the key, push and pull, and what nobody but a
# host can put there.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need curl python3 redis-server redis-cli
start_store
start_provider

alias=work
account=accounts/$alias.json
ask_store() {
	timeout 60 redis-cli -s "$store" "$@"
}
on() { # HOST
	export DARIO_HOME="$tmp/host$1"
}
field() { # NAME, of the file here
	json "j.get('$1', '')" <"$DARIO_HOME/$account"
}
refreshes() {
	seen 'j["refreshes"]'
}
here() { # what status says of it
	"$dario" store status --json | json "[x['here'] for x in j['sealed'] if x['name'] == '$1'][0]"
}
same_tokens() { # on all hosts, and the newest
	for host in 1 2 3; do
		on $host
		[ "$(field refreshToken)" = "$1" ] || return 1
	done
}
share() { # MS: a new token, good for so long, on all hosts
	on 1
	round=$((${round-0} + 1))
	subscription "$account" "sk-ant-oat01-$round" "sk-ant-ort01-$round" "$1"
	"$dario" store push $alias --force 2>/dev/null
	for host in 2 3; do
		on $host
		"$dario" store pull $alias --force 2>/dev/null
	done
}

# --- the key -----------------------------------------------------------------

on 1
subscription "$account" sk-ant-oat01-first sk-ant-ort01-first 3600000
"$dario" store push >"$tmp/out" 2>&1
is 'without a key: nothing is pushed' $? 1
like 'without a key: says what to do' "$(cat "$tmp/out")" 'dario store key'
ok 'key' "$dario" store key 2>/dev/null
is 'key: private' "$(stat -c %a "$DARIO_HOME/store.key")" 600
chmod 644 "$DARIO_HOME/store.key"
"$dario" store push >"$tmp/out" 2>&1
is 'key: one that others can read is refused' $? 1
like 'key: and why' "$(cat "$tmp/out")" 'chmod 600'
chmod 600 "$DARIO_HOME/store.key"
printf 'short\n' >"$tmp/short"
chmod 600 "$tmp/short"
like 'key: one that is none' "$(DARIO_STORE_KEY_FILE=$tmp/short "$dario" store push 2>&1)" 'is not one'
for host in 2 3; do
	mkdir -m 700 "$tmp/host$host"
	cp -p "$DARIO_HOME/store.key" "$tmp/host$host/"
done

# --- push, pull, status ------------------------------------------------------

ok 'push' "$dario" store push 2>/dev/null
"$dario" store status >"$tmp/out"
like 'status: a table' "$(grep "^$account " "$tmp/out")" 'the same here'
like 'status: which key' "$(cat "$tmp/out")" "seals with     $(sed 's/.* //' "$DARIO_HOME/store.key"), of 1"
on 2
is 'status: another host' "$(here "$account")" 'not here'
ok 'pull' "$dario" store pull 2>/dev/null
is 'pull: the tokens' "$(field accessToken) $(field refreshToken)" 'sk-ant-oat01-first sk-ant-ort01-first'
is 'pull: the rest of the file' "$(field deviceId) $(field kept)" 'd 7'
is 'pull: private' "$(stat -c %a "$DARIO_HOME/$account")" 600
is 'status: and then' "$(here "$account")" 'the same here'
ask_store --rdb "$tmp/dump.rdb" >/dev/null 2>&1
for file in "$tmp/dump.rdb" "$tmp"/store/appendonlydir/*; do
	[ -e "$file" ] || continue
	grep -aq -e sk-ant -e refreshToken "$file" && fail "in clear: $file"
done
ok 'the store has it' test -n "$(ask_store --scan --pattern "dario:v:$account")"
ok 'and it expires' test "$(ask_store pttl "dario:v:$account")" -gt 0

# Another name, another version, another byte: none of them is opened.
sealed() { # redis-cli reads the value from its standard input
	ask_store --raw hget "dario:v:$account" x | head -c -1
}
forge() { # NAME VERSION TOKEN <sealed
	ask_store hset "dario:v:$1" v "$2" c "$3" >/dev/null
	ask_store -x hset "dario:v:$1" x >/dev/null
	ask_store hset dario:sealed "$1" "$2" >/dev/null
}
sealed >"$tmp/sealed"
version=$(ask_store --raw hget "dario:v:$account" v)
token=$(ask_store --raw hget "dario:v:$account" c)
forge accounts/other.json "$version" "$token" <"$tmp/sealed"
"$dario" store pull other >"$tmp/out" 2>&1
is 'moved to another name: refused' $? 1
like 'moved to another name: says so' "$(cat "$tmp/out")" 'is not what a host of yours has sealed'
ok 'moved to another name: no file' test ! -e "$DARIO_HOME/accounts/other.json"
ask_store del dario:v:accounts/other.json >/dev/null
ask_store hdel dario:sealed accounts/other.json >/dev/null
forge "$account" $((version + 5)) "$token" <"$tmp/sealed"
"$dario" store pull $alias --force >"$tmp/out" 2>&1
is 'as another version: refused' $? 1
known=$(field storeVersion)
"$dario" store pull $alias >"$tmp/out" 2>&1
is 'as another version of the same token: not believed' "$? $(field storeVersion)" "1 $known"
"$dario" store push $alias >"$tmp/out" 2>&1
is 'as another version: nothing is put on it' "$? $(ask_store --raw hget "dario:v:$account" v)" "1 $((version + 5))"
forge "$account" 9000000000000000 "$token" <"$tmp/sealed"
"$dario" store pull $alias >"$tmp/out" 2>&1
is 'as one of a time to come: refused' "$? $(field storeVersion)" "1 $known"
like 'as one of a time to come: says so' "$(cat "$tmp/out")" 'a time to come'
tr 'a-m' 'n-z' <"$tmp/sealed" >"$tmp/other"
forge "$account" "$version" "$token" <"$tmp/other"
"$dario" store pull $alias --force >"$tmp/out" 2>&1
is 'with other bytes: refused' $? 1
is 'the file stays' "$(field refreshToken)" sk-ant-ort01-first
forge "$account" "$version" "$token" <"$tmp/sealed"
ok 'as it was' "$dario" store pull $alias --force 2>/dev/null
for bad in ../../x accounts/../x.json config.json; do
	forge "$bad" 5 "$token" <"$tmp/sealed"
done
ok 'names that are none are passed over' "$dario" store pull 2>/dev/null
for bad in ../../x accounts/../x.json config.json; do
	ask_store del "dario:v:$bad" >/dev/null
	ask_store hdel dario:sealed "$bad" >/dev/null
done

# A host without the store, or without the key, leaves the shared token alone.
share -1000
on 2
before=$(refreshes)
like 'no store: not refreshed' "$(DARIO_STORE='' "$dario" refresh $alias 2>&1)" 'dario store leave'
mv "$DARIO_HOME/store.key" "$tmp/away.key"
like 'no key: not refreshed' "$("$dario" refresh $alias 2>&1)" 'dario store status'
mv "$tmp/away.key" "$DARIO_HOME/store.key"
is 'the server was not asked' "$(refreshes)" "$before"

# --- a new log-in, another key -----------------------------------------------

on 2
subscription "$account" sk-ant-oat01-again sk-ant-ort01-again 3600000
"$dario" store push $alias >"$tmp/out" 2>&1
is 'another log-in of that name: refused' $? 1
ok 'and put with --force' "$dario" store push $alias --force 2>/dev/null
for host in 1 3; do
	on $host
	"$dario" store pull $alias 2>/dev/null
done
ok 'all hosts take it' same_tokens sk-ant-ort01-again
on 1
old=$(tail -n 1 "$DARIO_HOME/store.key")
"$dario" store key 2>/dev/null
for host in 2 3; do
	cp -p "$DARIO_HOME/store.key" "$tmp/host$host/"
done
"$dario" store push 2>/dev/null
grep -vxF -e "$old" "$DARIO_HOME/store.key" >"$tmp/new.key"
for host in 1 2 3; do
	cp "$tmp/new.key" "$tmp/host$host/store.key"
done
on 3
ok 'the old key can go' "$dario" store pull $alias --force 2>/dev/null
ok 'leave' "$dario" store leave $alias 2>/dev/null
is 'leave: the marks are gone' "$(field storeVersion)$(field storeToken)" ''
done_testing
