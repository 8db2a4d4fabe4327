#!/bin/sh
# SPDX-License-Identifier: MIT
# GET /v1/models: what can be asked for, at once, whoever is dead or silent;
# and each name of the list leads to the model that it stands for.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

start_process "$tmp/port" python3 "$srcdir/tests/sh/models.py" "$tmp/asked"
wait_for test -s "$tmp/port"
there=http://127.0.0.1:$(cat "$tmp/port")
dead=http://127.0.0.1:$(free_port)
add() { # NAME FOLDER [FLAGS]
	name=$1
	folder=$2
	shift 2
	"$dario" backend add "$name" --base-url="$there/$folder/v1" "$@" 2>>"$tmp/said"
}
only() { # remove all backends and rules, and what is kept
	rm -rf "$DARIO_HOME"/backends "$DARIO_HOME"/routes.json "$DARIO_HOME"/state
}
get() { # PATH [CURL FLAGS]
	path=$1
	shift
	curl -s -o "$tmp/body" -w '%{http_code} %{time_total}\n' "$@" "$url$path" >"$tmp/told"
}
code() { cut -d' ' -f1 "$tmp/told"; }
ids() { json '" ".join(m["id"] for m in j["data"])' <"$tmp/body"; }
of() { # ID EXPRESSION of its entry `m`
	json "[($2) for m in j['data'] if m['id'] == '$1']" <"$tmp/body"
}
asks() { grep -c "^$1\$" "$tmp/asked"; }
same() { get /v1/models && [ "$(ids)" = "$1" ]; }
was_asked() { [ "$(asks "$1")" -ge "$2" ]; }
version='anthropic-version: 2023-06-01'
as_claude_code="-A claude-code/2.1.330 -H x-api-key:k"

# --- one dead, one silent ---------------------------------------------------
add good good
add other other
"$dario" backend add dead --base-url="$dead/v1" 2>>"$tmp/said"
add silent silent
start_router
all='good:org/m-1 good:shared other:shared other:m-2'
# New addresses, which were never asked; a busy machine may need more of them.
took() { cut -d' ' -f2 "$tmp/told" | tr -d .; }
round() { # NUMBER: nobody has waited for the silent one, whom others leave after 4 s
	add good "good-$1"
	add other "other-$1"
	"$dario" backend add dead --base-url="$dead/$1/v1" 2>>"$tmp/said"
	add silent "silent-$1"
	get '/v1/models?limit=1000'
	diag "round $1: $(cat "$tmp/told")"
	[ "$(took)" -lt 3000000 ]
}
i=1
until round $i || [ $i -eq 20 ]; do
	i=$((i + 1))
done
ok 'dead and silent: not waited for' test "$(took)" -lt 3000000
ok 'dead and silent: all others' wait_for same "$all"
get /v1/models
is 'dead and silent: they are not asked again at once' "$(asks silent-$i) $(asks good-$i)" '1 1'
is 'the OpenAI shape' "$(json 'sorted(j), j["object"], j["data"][0]' <"$tmp/body")" \
	"['data', 'object'] list {'id': 'good:org/m-1', 'object': 'model', 'created': 86400, 'owned_by': 'good'}"

# What takes longer than a client waits is there the next time.
# A machine that is held up for so long has more tries.
slow=0
slow_is_left() {
	slow=$((slow + 1))
	only
	add slow slow-$slow
	get /v1/models
	[ "$(code) $(ids)" = '200 ' ]
}
ok 'slow: not waited for' wait_for slow_is_left
has_slow() { get /v1/models && [ -n "$(ids)" ]; }
ok 'slow: there when it has come' wait_for has_slow
is 'slow: asked once' "$(asks slow-$slow)" 1

# --- one provider under two names, with one key -----------------------------
only
add one twins
add two twins
get /v1/models
ok 'two at one address: both are asked' wait_for was_asked twins 2

# --- kept -------------------------------------------------------------------
only
add good good-kept
first='org/m-1 shared'
ok 'one alone' wait_for same "$first"
stop_router
start_router
get /v1/models
is 'kept over a restart' "$(ids)" "$first"
is 'kept over a restart: not asked again' "$(asks good-kept)" 1
file=$DARIO_HOME/state/models-good.json
aged() { # SECONDS: what is kept is so much older
	(umask 077 && python3 - "$file" "$1" <<-'END'
	import json, os, sys
	j = json.load(open(sys.argv[1]))
	j["asked"] -= int(sys.argv[2]) * 1000
	with open(sys.argv[1] + ".new", "w") as f:
	    json.dump(j, f)
	os.rename(sys.argv[1] + ".new", sys.argv[1])
	END
	)
}
aged 4000
get /v1/models
is 'stale: shown' "$(ids)" "$first"
shown_and_asked() { get /v1/models && was_asked good-kept 2; }
ok 'stale: asked again beside it' wait_for shown_and_asked
is_fresh() { python3 -c "
import json, time, sys
sys.exit(time.time() * 1000 - json.load(open('$file'))['asked'] > 60000)"; }
wait_for is_fresh
add good gone-1
get /v1/models
is 'moved to where no list is: nothing is invented' "$(ids)" ''
add good good-kept
ok 'back again' wait_for same "$first"
echo '{"broken' >"$file"
ok 'a broken file is as good as none' wait_for same "$first"
unlike 'no address and no key in it' "$(cat "$file")" "$there"
"$dario" backend remove good
ok 'removed: forgotten' test ! -e "$file"

# --- rules, patterns, one name each -----------------------------------------
only
add good good-r
add other other-r --models='shared,named-in-its-file'
"$dario" route add fast good:org/m-1 --fallback=other
"$dario" route add 'never-*' other
"$dario" route add lost claude
ok 'rules and patterns' wait_for same \
	'fast good:org/m-1 good:shared shared other:m-2 named-in-its-file'
is 'no family without an account' "$(of opus 1)" '[]'
explains() { "$dario" explain "$1" >"$tmp/explained"; }
for id in $(ids); do
	get "/v1/models/$id"
	is "/v1/models/$id" "$(json 'j["id"], j["object"]' <"$tmp/body")" "$id model"
	ok "explain knows $id" explains "$id"
done
for path in /v1/models/ /models/ /models /v1/v1/models; do
	get "$path"
	is "the list at $path" "$(code) $(json 'len(j["data"])' <"$tmp/body")" '200 6'
done
get /v1/models/fast/
is 'a slash behind a name' "$(json 'j["id"]' <"$tmp/body")" fast
get /v1/models/lost
is 'what nobody would serve: 404' "$(code)" 404
like '404: says where to look' "$(cat "$tmp/body")" 'GET /v1/models'
get /v1/models/good:nope
is 'a prefix and a name that is not there: 404' "$(code)" 404
get /v1/models/good/shared
get /v1/models/fast -H "$version"
is 'one in the other shape' "$(json 'j["type"], j["id"]' <"$tmp/body")" 'model fast'

# --- Claude Code ------------------------------------------------------------
add described described-c
has() { get /v1/models && [ "$(of "$1" 1)" = '[1]' ]; }
wait_for has described:silly
get '/v1/models?limit=1000' -H "$version" $as_claude_code
is 'Claude Code: every id is one that it shows, but those it has itself' \
	"$(json '[m["id"] for m in j["data"] if not m["id"].startswith("claude")]' <"$tmp/body")" "['fast']"
is 'Claude Code: what a picker shows' "$(of claude-at-good:org/m-1 'm["display_name"]')" "['org/m-1 (good)']"
is 'Claude Code: both of one name' "$(of claude-at-good:shared 1)$(of claude-at-other:shared 1)" '[1][1]'
is 'Claude Code: each once' "$(json 'len(j["data"]) - len({m["id"] for m in j["data"]})' <"$tmp/body")" 0
is 'Claude Code: a name of Claude is as it is' \
	"$(of described:claude-there 1)$(of claude-at-described:claude-there 1)" '[][1]'
get /v1/models/claude-at-good:shared
is 'claude-at of anybody' "$(json 'j["id"]' <"$tmp/body")" claude-at-good:shared
said() {
	post /v1/chat/completions "{\"model\":\"$1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" |
		json 'j["choices"][0]["message"]["content"]'
}
is 'claude-at routes' "$(said claude-at-other:shared)" 'other-r shared'
is 'claude-at routes any model' "$(said claude-at-good:a:b)" 'good-r a:b'
is 'claude-at: explain' "$("$dario" explain claude-at-good:shared --json | json 'j["backend"], j["upstreamModel"]')" \
	'good shared'
is 'the plain name routes as the list says' "$(said shared)" 'other-r shared'

# --- what is known of them --------------------------------------------------
get '/v1/models?limit=1000' -H "$version"
is 'a name for people and a window' "$(of described:a/window 'm["display_name"], m["max_input_tokens"]')" "[('A Window', 131072)]"
is 'a window by another name' "$(of described:groq-like 'm["max_input_tokens"], m["created_at"]')" "[(8192, '2023-11-14T22:13:20Z')]"
is 'and by another' "$(of described:vllm-like 'm["max_input_tokens"]')" '[4096]'
is 'nonsense is not shown' "$(of described:silly '"max_input_tokens" in m, m["created_at"]')" "[(False, '1970-01-01T00:00:00Z')]"
is 'a date' "$(of described:claude-there 'm["created_at"]')" "['2025-01-02T03:04:05Z']"
get /v1/models
is 'in the OpenAI shape too' "$(of described:a/window 'm["display_name"], m["max_input_tokens"]')" "[('A Window', 131072)]"

# --- other shapes of lists --------------------------------------------------
only
for kind in bare google ollama llamacpp; do
	add $kind $kind-s
done
ok 'lists of other shapes' wait_for same 'bare:one bare:two google:gemini-9 llamacpp:x.gguf ollama:llama3:latest ollama:qwen:8b'
for ask in ollama:llama3=ollama:llama3 llama3=ollama:llama3:latest \
	llamacpp:short=llamacpp:short other=llamacpp:x.gguf \
	qwen:8b=ollama:qwen:8b; do
	get "/v1/models/${ask%%=*}"
	is "found: ${ask%%=*}" "$(json 'j["id"]' <"$tmp/body")" "${ask#*=}"
done
get /v1/models/qwen
is 'not found: another tag' "$(code)" 404

only
add dated dated-s
wait_for has gpt-x
for name in gpt-x-2025-08-07 gpt-x-latest dated:claude-y-4-5; do
	get "/v1/models/$name"
	is "a date does not count: $name" "$(code) $(json 'j["id"]' <"$tmp/body")" "200 $name"
done
get /v1/models/dated:claude-y-4-5-20240101
is 'not found: another date' "$(code)" 404
get /v1/models/dated:claude-y-4-5 -H "$version"
is 'what is known of the dated one' "$(json 'j["display_name"]' <"$tmp/body")" 'Y, dated'
get /v1/models/dated:claude-w -H "$version"
is 'the name itself comes first' "$(json 'j["display_name"]' <"$tmp/body")" 'W, itself'

# --- pages ------------------------------------------------------------------
only
add paged paged-p
wait_for has p24
page() { get "/v1/models?$1" -H "$version"; }
show() { json 'j["data"][0]["id"] if j["data"] else None, len(j["data"]), j["has_more"], j["first_id"], j["last_id"]' <"$tmp/body"; }
page ''
is 'a page as Anthropic has it' "$(show)" 'p00 20 True p00 p19'
page limit=1000
is 'all' "$(show)" 'p00 25 False p00 p24'
page 'limit=10&after_id=p09'
is 'after' "$(show)" 'p10 10 True p10 p19'
page 'after_id=p19&limit=10'
is 'the last page' "$(show)" 'p20 5 False p20 p24'
page 'after_id=p24'
is 'after the last' "$(show)" 'None 0 False None None'
page 'before_id=p20&limit=10'
is 'before' "$(show)" 'p10 10 True p10 p19'
page 'before_id=p05&limit=10'
is 'before, the first page' "$(show)" 'p00 5 False p00 p04'
page 'after_id=&before_id=&limit=10'
is 'after and before nothing' "$(show)" 'p00 10 True p00 p09'
page 'after_id=nope'
is 'after what is not there: 400' "$(code)" 400
get '/v1/models?limit=3'
is 'OpenAI shape: a limit counts' "$(json 'len(j["data"]), j["object"], j["has_more"]' <"$tmp/body")" '3 list True'
get '/v1/models'
is 'OpenAI shape: all else' "$(json 'len(j["data"]), "has_more" in j' <"$tmp/body")" '25 False'

# --- hostile lists ----------------------------------------------------------
only
for kind in hostile page cut deep text empty drip million gone; do
	add $kind $kind-h
done
add fine good-h
get /v1/models
is 'hostile: an answer' "$(code)" 200
ok 'hostile: the good one is there' wait_for has fine:org/m-1
settled() {
	[ "$(ls "$DARIO_HOME/state" | grep -c '^models-.*json$')" -eq 10 ]
}
ok 'hostile: all have ended' wait_for settled
get /v1/models
is 'hostile: of names those that can be asked for' \
	"$(json '[m["id"] for m in j["data"] if m["owned_by"] == "hostile"]' <"$tmp/body")" \
	"['hostile:quote\"\\\\', 'hostile:named', 'hostile:fine']"
is 'hostile: nothing of what is no list' \
	"$(json '{m["owned_by"] for m in j["data"]} - {"hostile", "fine", "cut"}' <"$tmp/body")" 'set()'
unlike 'hostile: nothing that a terminal obeys' "$(cat "$tmp/body")" "$(printf '\033')"
only
add many many-m
get /v1/models
has_many() { get /v1/models && [ "$(json 'len(j["data"])' <"$tmp/body")" -gt 1000 ]; }
ok 'many: as many as can be kept' wait_for has_many
ok 'many: the file has a limit' test "$(stat -c %s "$DARIO_HOME/state/models-many.json")" -lt 1048577
get /v1/models -H "$version"
is 'many: a page of them' "$(json 'len(j["data"]), j["has_more"]' <"$tmp/body")" '20 True'

# --- how they are asked -----------------------------------------------------
only
add chat good-chat --key=sk-chat-0123456789
add anth other-anth --key=sk-anth-0123456789 --protocol=anthropic
python3 - "$DARIO_HOME/backends/anth.json" <<-'END'
import json, sys
j = json.load(open(sys.argv[1]))
j["headers"] = {"X-Mine": "here"}
json.dump(j, open(sys.argv[1], "w"))
END
ok 'both' wait_for same 'anth:shared anth:m-2 chat:org/m-1 chat:shared'
is 'a Chat provider' "$(grep chat "$tmp/asked.how")" '/good-chat/v1/models Bearer sk-chat-0123456789 None None'
is 'a Messages provider' "$(grep anth "$tmp/asked.how")" '/other-anth/v1/models?limit=1000 None sk-anth-0123456789 here'
unlike 'no key is kept with the lists' "$(cat "$DARIO_HOME"/state/models-*)" sk-

# --- Claude accounts --------------------------------------------------------
. "$srcdir/tests/claude/claude.sh"
stop_router
only
rm "$tmp/port"
start_provider
rule '{"accept":["sk-ant-api03-work"]}'
add good good-l
start_router
get /v1/models
is 'no account: none of Claude, no family' \
	"$(json '[m["id"] for m in j["data"] if m["owned_by"] == "claude"]' <"$tmp/body")" '[]'
printf 'sk-ant-api03-work\n' | "$dario" accounts add work --key-stdin 2>/dev/null
ok 'an account: its models' wait_for has claude-opus-9-1
is 'families, where they are served' "$(of opus 'm["owned_by"]')$(of sonnet 1)$(of haiku 1)" "['claude'][1][1]"
get /v1/models/opus -H "$version"
is 'a family by its name' "$(json 'j["id"]' <"$tmp/body")" opus
get /v1/models/claude:opus
is 'a family behind a prefix' "$(code)" 200
get '/v1/models?limit=1000' -H "$version" $as_claude_code
is 'Claude Code: the accounts models as they are, others by claude-at' \
	"$(of claude-opus-9-1 1)$(of claude-at-claude:claude-opus-9-1 1)$(of claude-at-good:shared 1)" '[1][][1]'
"$dario" route add quick claude:haiku
"$dario" accounts pause work 2>/dev/null
get /v1/models
is 'a rule to Claude' "$(of quick 'm["owned_by"]')" "['claude']"
rm -r "$DARIO_HOME/accounts"
get /v1/models
is 'no account any more: not the rule either' "$(of quick 1)$(of opus 1)" '[][]'

# --- ends -------------------------------------------------------------------
# One that is left by who stops is not one that has said nothing in its time. A
# machine on which four seconds are over before the end has more tries.
ends=0
stops_meanwhile() {
	ends=$((ends + 1))
	stop_router
	only
	add silent "silent-end-$ends"
	start_router
	get /v1/models
	wait_for was_asked "silent-end-$ends" 1 || return
	stop_router
	! grep -q '"failed"' "$DARIO_HOME"/state/models-silent*
}
export DARIO_DRAIN_MS=120000
wait_for stops_meanwhile
is 'a router that still asks stops all the same' "$?" 0
done_testing
