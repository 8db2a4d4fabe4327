#!/bin/sh
# SPDX-License-Identifier: MIT
# What was used: `dario usage` and /analytics by whatever is asked for, the sums
# through killed workers, and that a person sees what is theirs.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

chat='{"model":"demo","user":"anna@example.com","messages":[{"role":"user","content":"hi"}]}'
wrong='{"model":"dead:m","messages":[{"role":"user","content":"hi"}]}'
ask() { # BODY [curl's arguments]
	body=$1
	shift
	post /v1/chat/completions "$body" "$@" >/dev/null
	status
}
rows() { # BY PYTHON [curl's arguments]: of r, the row
	by=$1 what=$2
	shift 2
	curl -s "$@" "$url/analytics?by=$by&since=2h" |
		json "sorted($what for r in j['rows'])"
}

printf 'key\n' | "$dario" backend add dead --base-url=http://127.0.0.1:9/v1 --key-stdin 2>/dev/null
start_router --demo
is 'answers' "$(ask "$chat") $(ask "$chat" -H 'X-Claude-Code-Session-Id: s-1' -H 'X-Claude-Code-Agent-Id: a-1')" '200 200'
is 'and one that fails' "$(ask "$wrong")" 502
is 'by model' "$(rows model '(r["model"], r["requests"], r["errors"], r["status5xx"])')" \
	"[('demo', 2, 0, 0), ('m', 1, 1, 1)]"
is 'by session and agent' "$(rows session,agent '(r["session"], r["agent"])')" "[('', ''), ('s-1', 'a-1')]"
is 'by user: a hash' "$(rows user 'len(r["user"])')" '[0, 12]'
unlike 'by user: no name' "$(curl -s "$url/analytics?by=user")" example.com
is 'by day, backend and account' "$(rows day,backend,account '(len(r["day"]), r["backend"], r["account"])')" \
	"[(10, 'dead', 'dead'), (10, 'demo', 'demo')]"
is 'by hour' "$(rows hour 'r["hour"][10:11] + r["hour"][13:]')" "['T:00Z']"
is 'tokens and times' "$(curl -s "$url/analytics?since=2h" | json 'j["total"]["output"] > 0, j["total"]["duration"]["count"], j["by"], j["rows"]')" \
	'True 3 [] []'
for query in by=nothing by= by=hour,day since=yesterday since=-1d since=2999-01-01 since=2026-02-30 since=2026-11-01T25:00:00Z since=7d7d; do
	is "?$query: refused" "$(curl -s -o "$tmp/body" -w '%{http_code}' "$url/analytics?$query")" 400
	like "?$query: in words" "$(cat "$tmp/body")" 'message'
done
is 'errors, one by one' "$(curl -s "$url/analytics?errors=5" | json '[(x["status"], x["model"]) for x in j["errors"]]')" "[(502, 'm')]"
is 'the history was not needed' "$(rm "$DARIO_HOME/state/history.jsonl"; curl -s "$url/analytics" | json 'j["allTime"]["requests"], j["window"]["sum"]["errors"]')" '3 1'

out=$("$dario" usage --by=model,backend)
like 'usage: the heading' "$out" 'tokens/s'
like 'usage: a row' "$out" 'dead'
is 'usage: the sum' "$(echo "$out" | awk '$1 == "all" { print $2, $3 }')" '3 1'
is 'usage: JSON' "$("$dario" usage --by=key --json | json 'j["total"]["requests"], [r["key"] for r in j["rows"]]')" "3 ['']"
is 'usage: CSV' "$("$dario" usage --by=day,model --csv | python3 -c 'import csv, sys
print(sum(int(r["requests"]) for r in csv.DictReader(sys.stdin)))')" 3
like 'usage: without anything, as before' "$("$dario" usage)" 'All time'
"$dario" usage --by=nothing 2>"$tmp/said"
is 'usage: an unknown name: exit 2' "$?" 2
like 'usage: the known ones' "$(cat "$tmp/said")" 'key, model, backend'
"$dario" usage --json --csv 2>/dev/null
is 'usage: JSON and CSV: exit 2' "$?" 2
for since in 90m 24h 1w 13M 1y 2026-01-01 "$(date -u -d '-2 hours' +%Y-%m-%dT%H:%M:%SZ)"; do
	is "usage: since $since" "$("$dario" usage --by=backend --since="$since" --json | json 'j["total"]["requests"]')" 3
done

# Watching ends with an interrupt, and shows what comes meanwhile.
setsid sh -c 'trap - INT; exec "$0" "$@"' "$dario" usage --by=model --watch >"$tmp/watched" 2>&1 &
watcher=$!
children="$children $watcher"
blocks() { [ "$(grep -c tokens/s "$tmp/watched")" -ge "$1" ]; }
ok 'watch: it shows' wait_for blocks 1
ask "$chat" >/dev/null
four() { awk '$1 == "all" && $2 == 4 { found = 1 } END { exit !found }' "$tmp/watched"; }
ok 'watch: it shows what is new' wait_for four
kill -TERM "$watcher"
wait "$watcher"
is 'watch: it ends well' "$?" 0
is 'watch: when nobody reads, too' "$(timeout 60 "$dario" usage --by=model --watch | head -1 | grep -c requests)" 1
unlike 'watch: a pipe gets no escapes' "$(cat "$tmp/watched")" "$(printf '\033')"

# Workers that are killed take no sums with them.
workers() { pgrep -P "$(pgrep -P "$router" | head -1)" 2>/dev/null; pgrep -P "$router"; }
total() { curl -s "$url/analytics" | json 'j["allTime"]["requests"]' 2>/dev/null; }
is 'before' "$(total)" 4
for pid in $(workers); do
	case $(cat "/proc/$pid/comm" 2>/dev/null) in
	dario.fcgi) kill -9 "$pid" ;;
	esac
done
answers() { [ "$(ask "$chat")" = 200 ]; }
ok 'it serves again' wait_for answers
ok 'and nothing is lost' [ "$(total)" -ge 5 ]
stop_router

anna=$("$dario" key add anna 2>/dev/null)
bob=$("$dario" key add bob/laptop --models=demo 2>/dev/null)
start_router --demo
ask "$chat" -H "x-api-key: $anna" >/dev/null
ask "$chat" -H "x-api-key: $bob" >/dev/null
is 'a model that a key may not have' "$(ask "$wrong" -H "x-api-key: $bob")" 400
is 'a person sees what is theirs' "$(rows key '(r["key"], r["requests"])' -H "x-api-key: $anna")" "[('anna', 1)]"
is 'a device, too' "$(rows key '(r["key"], r["requests"])' -H "x-api-key: $bob")" "[('bob/laptop', 2)]"
is 'without a query, too' "$(curl -s -H "x-api-key: $anna" "$url/analytics" | json 'j["mine"], j["total"]["requests"], j.get("allTime")')" 'True 1 None'
is "others' errors are theirs" "$(curl -s -H "x-api-key: $anna" "$url/analytics?errors=9" | json 'j["errors"]')" '[]'
is "one's own are one's own" "$(curl -s -H "x-api-key: $bob" "$url/analytics?errors=9" | json 'len(j["errors"])')" 1
is 'the owner sees all' "$("$dario" usage --by=key --since=2h --json | json 'len(j["rows"])')" 3
stop_router
is 'the files are private' "$(find "$DARIO_HOME/state/usage" -type f ! -perm 600 | head -1)" ''
done_testing
