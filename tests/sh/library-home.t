#!/bin/sh
# SPDX-License-Identifier: MIT
# The library for other programs, with a folder of dario's: what it tells is
# what the commands tell, tokens are asked for once, and a router that it runs
# is none of the host's business.
. "$(dirname "$0")/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need cc python3 curl
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'sanitizers have to be in the host, too'

cc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$tmp/ask" \
	"$srcdir/tests/lib/ask.c" \
	-I"$srcdir/include" -L"$builddir/lib" -ldario
is 'the test program builds' "$?" 0
export LD_LIBRARY_PATH="$builddir/lib"
ask() {
	"$tmp/ask" "$DARIO_HOME" "$@"
}

start_provider
echo fake-key >"$tmp/key"
"$dario" backend add one --base-url="$provider/v1" --protocol=openai \
	--models='gpt-*' --key-file="$tmp/key" 2>/dev/null
"$dario" accounts add work --key-file="$tmp/key" 2>/dev/null
# What the environment says must not count for a host that has not asked.
oauth="\"tokenUrl\":\"$provider/v1/oauth/token\""
echo "{$oauth}" >"$DARIO_HOME/oauth-config.override.json"
chmod 600 "$DARIO_HOME/oauth-config.override.json"
echo "{\"anthropicBaseUrl\":\"$provider\"}" >"$DARIO_HOME/config.json"
chmod 600 "$DARIO_HOME/config.json"

is 'backends, as the command has them' "$(ask backends | json j)" \
	"$("$dario" backend list --json | json j)"
steady() {
	json "[(a['alias'], a['status'], a['headroom']) for a in j['accounts']]"
}
is 'accounts, as the command has them' "$(ask accounts | steady)" \
	"$("$dario" accounts list --json | steady)"
like 'there is one' "$(ask accounts)" '"work"'
is 'status, as the command has it' "$(ask status | json 'sorted(j)')" \
	"$("$dario" status --json | json 'sorted(j)')"
is 'explain, as the command has it' "$(ask explain gpt-4 | json j)" \
	"$("$dario" explain gpt-4 --json | json j)"
is 'route' "$(ask route gpt-4)" 'one gpt-4 openai 1'
is 'route to Claude' "$(ask route claude-sonnet-4-5)" \
	'claude claude-sonnet-4-5 anthropic 0'
like 'a model of nobody' "$(ask explain llama3:8b)" 'not_found: '
like 'a backend of nobody' "$(ask test nobody)" \
	'not_found: there is no backend nobody'
is 'a backend that works' "$(ask test one)" '3 models'
like 'a folder of a file' "$(DARIO_HOME=/dev/null ask backends)" ': '
like 'a relative folder' "$(DARIO_HOME=x ask backends)" \
	'misuse: the folder x must be an absolute path'

mkdir -m 700 "$tmp/two"
DARIO_HOME=$tmp/two "$dario" backend add other --base-url=http://127.0.0.1:9/v1 \
	--key-file="$tmp/key" 2>/dev/null
like 'a backend that is not there' "$(DARIO_HOME=$tmp/two ask test other)" \
	'network: http://127.0.0.1:9/v1'
is 'two folders in one process' \
	"$(ask two "$tmp/two" | grep -o '"name":"[a-z]*"' | tr '\n' ' ')" \
	'"name":"other" "name":"one" '

# --- tokens -------------------------------------------------------------------
is 'an API key' "$(ask token work)" fake-key
like 'no such account' "$(ask token nobody)" \
	'not_found: there is no account nobody'
rule '{"refresh_delay":0.3}'
subscription accounts/plan.json sk-ant-oat01-old sk-ant-ort01-old -1000
for i in 1 2 3 4 5; do
	ask token plan >"$tmp/token$i" &
	pids="${pids-} $!"
done
wait $pids
is 'five processes get one token' "$(sort -u "$tmp"/token? | wc -l)" 1
like 'a new one' "$(cat "$tmp/token1")" sk-ant-oat01
unlike 'not the old one' "$(cat "$tmp/token1")" sk-ant-oat01-old
is 'it was asked for once' "$(seen 'j["refreshes"]')" 1
is 'and is in the file' "$(json 'j["accessToken"]' \
	<"$DARIO_HOME/accounts/plan.json")" "$(cat "$tmp/token1")"

rule '{"refresh_delay":0,"refresh_error":[500,{"error":"later"}]}'
subscription accounts/soon.json sk-ant-oat01-soon sk-ant-ort01-soon 60000
is 'one that cannot be renewed serves on while it is good' \
	"$(ask token soon)" sk-ant-oat01-soon
subscription accounts/over.json sk-ant-oat01-over sk-ant-ort01-over -1000
unlike 'and no longer' "$(ask token over)" sk-ant-oat01-over
is 'both were asked for' "$(seen 'j["refreshes"]')" 3
rule '{"refresh_error":null}'

# --- a router -----------------------------------------------------------------
if command -v lighttpd >/dev/null; then
	port=$(free_port)
	mkfifo "$tmp/in"
	ask router "--port=$port" <"$tmp/in" >"$tmp/ran" 2>"$tmp/log" &
	asking=$!
	exec 3>"$tmp/in"
	ok 'a router runs' wait_for grep -q ready "$tmp/ran"
	like 'it answers' "$(curl -s "http://127.0.0.1:$port/health")" '"status"'
	echo >&3
	exec 3>&-
	wait "$asking"
	is 'it is ready, stops, and leaves the host alone' "$(cat "$tmp/ran")" \
		"$(printf 'ready 1, running 1\nstopped with 0\nown handler 1, own child 1')"
	ok 'nobody listens any more' wait_for sh -c "! curl -s \
		http://127.0.0.1:$port/health"
	echo | ask router --port=none >"$tmp/ran" 2>"$tmp/log"
	like 'one that does not start' "$(cat "$tmp/ran")" \
		'the router has ended with status 2'
fi

if command -v valgrind >/dev/null; then
	valgrind -q --error-exitcode=9 --leak-check=full \
		--suppressions="$srcdir/tests/lib/valgrind.supp" \
		--errors-for-leak-kinds=definite "$tmp/ask" "$DARIO_HOME" two \
		"$tmp/two" >"$tmp/out" 2>"$tmp/grind"
	is 'two folders under valgrind' "$? $(cat "$tmp/grind")" '0 '
fi
done_testing
