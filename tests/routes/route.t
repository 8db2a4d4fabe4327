#!/bin/sh
# SPDX-License-Identifier: MIT
# Routing: the table, the commands, and edits that are refused.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-work"]}'
start_router
# the live list of models, once
printf 'sk-ant-api03-work\n' | "$dario" accounts add work --key-stdin 2>/dev/null
message opus >/dev/null
report table "$tmp/table.out" python3 "$srcdir/tests/routes/table.py" "$dario" "$url" "$provider"

rm -rf "$DARIO_HOME"/backends "$DARIO_HOME"/accounts "$DARIO_HOME"/routes.json "$DARIO_HOME"/config.json
for name in one two; do
	"$dario" backend add $name --base-url="$provider/b/$name/v1" 2>/dev/null
done
refused() { # NAME PART COMMAND...: exit 1, says PART, and nothing has changed
	what=$1
	part=$2
	shift 2
	before=$(cat "$DARIO_HOME/routes.json" 2>/dev/null)
	out=$("$@" 2>&1)
	is "$what: exit status" "$?" "${wanted:-1}"
	like "$what: says so" "$out" "$part"
	is "$what: nothing has changed" "$(cat "$DARIO_HOME/routes.json" 2>/dev/null)" "$before"
}
ask() { # MODEL
	post /v1/chat/completions "{\"model\":\"$1\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" >"$tmp/answer"
	echo "$(status) $(header x-dario-backend) $(header x-dario-model)"
}
ok 'add' "$dario" route add fast one:m1 --fallback=two:m2
is 'add: counts on the next request' "$(ask fast)" '200 one m1'
ok 'add: the same pattern changes its rule' "$dario" route add fast two:m3
is 'add: changed' "$(ask fast)" '200 two m3'
is 'list --json' "$("$dario" route list --json | json '[(r["match"], r["target"], r.get("fallbacks")) for r in j]')" \
	"[('fast', 'two:m3', None)]"
"$dario" route add fast two:m3 --fallback='one:*' --on=model,429
like 'list' "$("$dario" route list)" 'two:m3  else one  on 429,model'
is 'explain: what leads on' "$("$dario" explain fast --json | json 'j["on"], j["fallbacks"][0]["upstreamModel"]')" "['429', 'model'] fast"
"$dario" route add fast two:m3
refused 'an unknown backend' 'there is no backend "nowhere"' "$dario" route add x nowhere
refused 'an unknown fallback' 'rules[1]: fallbacks' "$dario" route add x one --fallback=nowhere
wanted=2
refused 'a loop' 'comes back to "one"' "$dario" route add x one --fallback=two,one
refused 'a bad pattern' 'not a pattern' "$dario" route add 'x[' one
refused 'no model after the colon' 'BACKEND:MODEL' "$dario" route add x one:
refused 'a bad condition' 'not "6xx"' "$dario" route add x one --on=6xx
wanted=1
ok 'a prefix' "$dario" route add 'gpt-*' one
refused 'a rule that is never reached' 'is never reached' "$dario" route add 'gpt-4*' two
refused 'a backend that a rule names is not removed' 'there is no backend "two"' "$dario" backend remove two
refused 'no such rule' 'dario route list' "$dario" route remove nothing
ok remove "$dario" route remove fast
"$dario" explain fast >"$tmp/out" 2>&1
is 'explain: nowhere to go' "$?" 1
like 'explain: says how to mend it' "$(cat "$tmp/out")" 'model not found'
# Who has it is said, as far as the lists that are kept tell.
advice() { # MODEL: what the router and explain say, when both say the same
	post /v1/messages "{\"model\":\"$1\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" >"$tmp/answer"
	said=$(json 'j["error"]["message"]' <"$tmp/answer")
	explained=$("$dario" explain "$1" 2>&1)
	case $explained in
	*"$said"*) echo "$said" ;;
	*) echo "router: $said; explain: $explained" ;;
	esac
}
mkdir -p -m 700 "$DARIO_HOME/state"
kept() { # NAME JSON
	(umask 077 && printf '{"baseUrl":"x","data":%s}' "$2" >"$DARIO_HOME/state/models-$1.json")
}
kept two '[{"id":"qwen3:latest"},{"id":"a b"}]'
is 'a list has it: who, and the command' "$(advice qwen3)" \
	'model not found: qwen3: it is in the list of two: ask for two:qwen3:latest, or once and for all: dario route add qwen3 two:qwen3:latest'
kept one '["qwen3"]'
like 'two lists have it' "$(advice qwen3)" 'in the list of one, two: ask for one:qwen3,'
ok 'the command does it' "$dario" route add qwen3 one:qwen3
is 'and then it is there' "$(ask qwen3)" '200 one qwen3'
"$dario" route remove qwen3
like 'no list has it' "$(advice qwen4)" 'write BACKEND:MODEL with one of one, two'
kept two '[{"id":"x;rm -rf"},7,{"id":7},null]'
like 'a name that is none for a shell stands in no command' "$(advice 'x;rm -rf')" 'write BACKEND:MODEL'
# With a Claude account as well: what another one lists is not sent there.
printf 'sk-ant-api03-work\n' | "$dario" accounts add work --key-stdin 2>/dev/null
kept two '[{"id":"my-tune"}]'
like 'a list has it: not for an account' "$(advice my-tune)" 'it is in the list of two: ask for two:my-tune,'
is 'no list has it: not for an account either' "$(ask my-other)" '404  '
like 'and what to do' "$(advice my-other)" 'write BACKEND:MODEL with one of one, two, claude, or'
is 'a name of Claude: an account' "$(kept two '["claude-opus-9-1"]' && ask claude-opus-9-1)" '200 claude claude-opus-9-1'
kept two '["my-tune"]'
(umask 077 && echo '{"model":"claude-opus-9-1"}' >"$DARIO_HOME/config.json")
is 'with a model set for all: an account' "$(ask my-tune)" '200 claude claude-opus-9-1'
rm -r "$DARIO_HOME/accounts" "$DARIO_HOME/config.json"
# OpenAI's own names have no capitals; whoever else has theirs is asked for them.
"$dario" backend add openai --key=sk-openai-0123456789 2>/dev/null
for name in GPT-5 models/Gpt-5 GPT-5-2025-08-07 Text-Embedding-3-small; do
	bare=${name##*/}
	is "explain $name" "$("$dario" explain "$name" --json | json 'j["backend"], j["upstreamModel"]')" \
		"openai $(echo "$bare" | tr A-Z a-z)"
done
"$dario" backend remove openai 2>/dev/null
"$dario" explain x --api=soap >"$tmp/out" 2>&1
is 'explain: a wrong API' "$?" 2

# An edit by hand that is wrong leaves the old one in force.
"$dario" route add fast one:m1
is 'before a wrong edit' "$(ask fast)" '200 one m1'
echo '{"rules":[{"match":"fast","target":"gone"}]}' >"$DARIO_HOME/routes.json"
is 'a wrong edit: the old rules serve on' "$(ask fast)" '200 one m1'
like 'a wrong edit: health names file and key' "$(curl -s "$url/health")" 'routes.json: rules[0]: target'
"$dario" proxy --check >"$tmp/out" 2>&1
is 'a wrong edit: --check fails' "$?" 1
like 'a wrong edit: --check names it' "$(cat "$tmp/out")" 'routes.json: rules[0]: target'
echo '{"rules":[{"match":"fast","target":"two:m9"}]}' >"$DARIO_HOME/routes.json"
is 'mended: in force on the next request' "$(ask fast)" '200 two m9'
like 'mended: health' "$(curl -s "$url/health")" '"configError":null'

# What a backend's file says of the way to it
file=$DARIO_HOME/backends/one.json
edit() { # PYTHON: of the file's object `j`
	python3 -c "import json,sys
j = json.load(open('$file'))
$1
json.dump(j, open('$file', 'w'))"
}
edit 'j["headers"] = {"X-Team": "red"}; j["organization"] = "org-1"; j["project"] = "proj-2"'
ask one:m >/dev/null
is 'fields of the backend' "$(seen '(lambda h: (h["x-team"], h["openai-organization"], h["openai-project"]))(j["requests"][-1]["headers"])')" \
	"('red', 'org-1', 'proj-2')"
edit 'j["headers"] = {"Host": "x"}'
ask one:m >/dev/null
like 'what each call says is no such field' "$(curl -s "$url/health")" 'Host is not a name'
edit 'j["headers"] = {}; j["proxy"] = "http://127.0.0.1:1"'
is 'a proxy that is down' "$(ask one:m | cut -d' ' -f1)" 502
edit "j['proxy'] = '$provider'"
ask one:m >/dev/null
is 'a proxy gets the whole address' "$(seen 'j["requests"][-1]["address"].startswith("http://")')" True
edit 'j["proxy"] = ""; j["firstByteTimeoutMs"] = 200'
rule '{"faults":{"one":[{"delay":120}]}}'
is "the backend's own clock" "$(ask one:m | cut -d' ' -f1)" 504

# What is written down of a request is the name that its target was asked for,
# or would have been, also where that is none of what came.
printf 'sk-ant-api03-work\n' | "$dario" accounts add work --key-stdin 2>/dev/null
"$dario" accounts pause work 2>/dev/null
"$dario" backend add claudes --base-url="$provider/b/claudes/v1" --protocol=anthropic 2>/dev/null
noted() { # PATH MODEL
	case $1 in
	*responses) post "$1" "{\"model\":\"$2\",\"input\":\"hi\"}" ;;
	*) post "$1" "{\"model\":\"$2\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" ;;
	esac >"$tmp/answer"
	echo "$(status) $(curl -s "$url/requests" | json 'j["requests"][0]["upstreamModel"]')"
}
alone=$(worker_pid)
for path in /v1/messages /v1/chat/completions /v1/responses; do
	is "$path: the long context, of nobody" "$(noted $path 'claude-opus-4-5[1m]')" '503 claude-opus-4-5'
	is "$path: another writing, of nobody" "$(noted $path claude:claude-opus-4.5)" '503 claude-opus-4-5'
	is "$path: the long context" "$(noted $path 'claudes:claude-opus-4-5[1m]')" '200 claude-opus-4-5'
done
is 'and the worker lives' "$(worker_pid)" "$alone"
done_testing
