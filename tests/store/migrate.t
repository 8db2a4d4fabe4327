#!/bin/sh
# SPDX-License-Identifier: MIT
# From the files of a host into a store, and back, while both are in use: what
# keys have used is counted once, whatever is killed, and nothing is lost.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 redis-server redis-cli

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
start_store
remote=$DARIO_STORE
export DARIO_API_KEY=owner
in_files() {
	DARIO_STORE='' "$@"
}
in_files "$dario" backend add anth --key=k --base-url="http://127.0.0.1:$provider_port" --protocol=anthropic --models='claude-*' 2>/dev/null
anna=$(in_files "$dario" key add anna --spend=100/month 2>/dev/null)
slow=$(in_files "$dario" key add slow --rate=8/hour 2>/dev/null)
spent() { # in files, or in the store
	where=$remote
	[ "$1" = store ] || where=
	DARIO_STORE=$where "$dario" key show "$2" --json |
		json "round(float(j['used']['spend'].get('month', 0)) / 0.0054, 6)"
}
ids=0
ask() { # PORT KEY: 0.0054 dollars
	ids=$((ids + 1))
	curl -s -o /dev/null -w '%{http_code}\n' -H "Authorization: Bearer $2" \
		-d "{\"model\":\"claude-opus-5-5\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"{\\\"id\\\":$ids,\\\"in\\\":100,\\\"out\\\":250,\\\"chars\\\":80,\\\"end\\\":\\\"whole\\\"}\"}]}" \
		"http://127.0.0.1:$1/v1/messages"
}
asks() { # PORT KEY N: how many were served
	i=0
	while [ $i -lt "$3" ]; do
		i=$((i + 1))
		ask "$1" "$2"
	done | grep -c 200
}
none_runs() { # what an answer has cost is counted behind it
	for where in '' "$remote"; do
		for name in anna slow; do
			[ "$(DARIO_STORE=$where "$dario" key show $name --json | json 'j["used"]["running"]')" = 0 ] || return 1
		done
	done
}
migrate() {
	"$dario" store migrate "$1" 2>"$tmp/out"
}

like 'where to' "$("$dario" store migrate nowhere 2>&1)" 'dario store migrate files'
like 'no store' "$(in_files "$dario" store migrate store 2>&1)" 'no store is set'

export DARIO_STORE=
start_router --workers=2
files=$port
export DARIO_STORE=$remote
is 'three in files' "$(asks "$files" "$anna" 3)" 3
wait_for none_runs
ok 'into the store' migrate store
like 'and says what' "$(cat "$tmp/out")" 'keys: 1, $0.016200'
is 'they are there' "$(spent store anna)" 3.0
ok 'once more' migrate store
is 'they are counted once' "$(spent store anna)" 3.0
is 'five of eight by rate' "$(asks "$files" "$slow" 5)" 5
wait_for none_runs

# Another worker with the store, while the first goes on with files.
unset port
start_router --workers=2
there=$port
is 'two more in files' "$(asks "$files" "$anna" 2)" 2
is 'four in the store' "$(asks "$there" "$anna" 4)" 4
wait_for none_runs
ok 'into the store again' migrate store
is 'all nine are there' "$(spent store anna)" 9.0
is 'by rate three are left there' "$(asks "$there" "$slow" 5)" 3
wait_for none_runs
ok 'into the files' migrate files
is 'all nine are in files' "$(spent files anna)" 9.0
is 'by rate none is left' "$(asks "$files" "$slow" 2)" 0
migrate files
migrate store
is 'they are counted once, there and here' "$(spent store anna) $(spent files anna)" '9.0 9.0'
asks "$files" "$anna" 1 >/dev/null
asks "$there" "$anna" 1 >/dev/null
wait_for none_runs
migrate files
migrate store
is 'one more on each side' "$(spent store anna) $(spent files anna)" '11.0 11.0'

# --- while both are in use, and killed ---------------------------------------

asks "$files" "$anna" 25 >"$tmp/a" &
first=$!
asks "$there" "$anna" 25 >"$tmp/b" &
second=$!
for way in store files files store files store store files files files store files; do
	for after in 0.01 0.03 0.06; do
		timeout -s KILL $after "$dario" store migrate $way 2>/dev/null
	done
	migrate $way
done
wait $first $second
both() { # have the same, once all is moved
	migrate store && migrate files &&
		[ "$(spent store anna) $(spent files anna)" = "$1 $1" ]
}
total=$((11 + $(cat "$tmp/a") + $(cat "$tmp/b")))
ok "with load, and killed 36 times: each request once ($total)" wait_for both "$total.0"

# A store that is empty, and one that is another, get all of it.
timeout 60 redis-cli -s "$store" flushall >/dev/null
ok 'emptied' migrate store
is 'emptied: all of it is there again' "$(spent store anna)" "$total.0"
ok 'emptied: and back' both "$total.0"

# A key that is made anew under its name begins at nothing.
"$dario" key remove anna 2>/dev/null
in_files "$dario" key add anna --spend=100/month >/dev/null 2>&1
migrate files
is 'made anew: nothing comes back' "$(spent files anna) $(spent store anna)" '0.0 0.0'

# --- the rest ----------------------------------------------------------------

now=$(date +%s)
state=$DARIO_HOME/state
put() { # FILE TEXT
	mkdir -p -m 700 "$(dirname "$state/$1")"
	(umask 077 && printf '%b' "$2" >"$state/$1")
}
put sticky/1f.json "{\"1faa\":[\"here\",${now}000],\"1fbb\":[\"old\",$((now - 60))000]}"
put objects/0a.json "{\n\"file-b\":[\"anth\",\"\",$now,\"anna\"],\n\"file-a\":[\"anth\",\"\",$((now - 9))],\n\"\":0}\n"
put limits-anth.json '{"updatedAt":5,"sign":"s","cause":"none"}'
ok 'texts' migrate store
put sticky/1f.json "{\"1fbb\":[\"new\",${now}000]}"
put objects/0a.json "{\n\"file-c\":[\"anth\",\"\",$((now - 5))],\n\"\":0}\n"
ok 'texts: again' migrate store
text() {
	timeout 60 redis-cli -s "$store" --raw hget "dario:t:$1" x
}
is 'conversations: of each the newest' "$(text sticky/1f | json '[j[k][0] for k in sorted(j)]')" "['here', 'new']"
is 'objects: all, the newest first' "$(text objects/0a | grep -o 'file-.' | tr '\n' ' ')" 'file-b file-c file-a '
rm "$state/sticky/1f.json" "$state/objects/0a.json"
ok 'texts: back' migrate files
is 'conversations: are back' "$(json '[j[k][0] for k in sorted(j)]' <"$state/sticky/1f.json")" "['here', 'new']"
is 'objects: are back' "$(json 'len(j)' <"$state/objects/0a.json")" 4
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
migrate store
is 'a store that is away' $? 1
done_testing
