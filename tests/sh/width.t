#!/bin/sh
# SPDX-License-Identifier: MIT
# What commands print fits the terminal's width, and has no colour or mark that
# is not ASCII where the locale has none; a pipe gets each line whole. As JSON
# it is JSON, whatever the width.
. "$(dirname "$0")/lib.sh"
need python3
unset NO_COLOR COLUMNS LINES

echo sk-0123456789abcdef >"$tmp/key"
far=https://a.very.long.host.name.example.org/some/prefix/v1
"$dario" backend add groq --key-file="$tmp/key" 2>/dev/null
"$dario" backend add a-backend-whose-name-is-rather-long --base-url=$far \
	--key-file="$tmp/key" --models='llama-*,qwen-*,mistral-*,deepseek-*' 2>/dev/null
for account in work home; do
	"$dario" accounts add $account --key-file="$tmp/key" --reserve=15% 2>/dev/null
done
"$dario" accounts pause home 2>/dev/null
"$dario" route add 'fast*' groq:llama --fallback=a-backend-whose-name-is-rather-long:qwen,claude 2>/dev/null
"$dario" key add anna --spend=5/day,60/month --models='claude-*,gpt-*' >/dev/null 2>&1
"$dario" usage --errors >"$tmp/out" 2>"$tmp/err"
is 'no errors: nothing is printed' "$(cat "$tmp/out")" ''
like 'no errors: it is said' "$(cat "$tmp/err")" 'no request has failed'
"$builddir/tests/lib/past" "$DARIO_HOME"
printf '{"t":%s000,"a":"work","b":"claude","m":"claude-sonnet-9-of-a-long-name","s":529,"ms":5}\n' \
	"$(date +%s)" >"$DARIO_HOME/state/history.jsonl"
chmod 600 "$DARIO_HOME/state/history.jsonl"

widest() { # FILE
	awk 'length > w { w = length } END { print w + 0 }' "$1"
}
as_lines='accounts list
backend list
route list
key list
key show anna
key audit
usage
usage --by=key,model
usage --by=model,hour --since=6h
usage --errors
top
status
config
explain fast1
explain claude-opus-4
store status
help
help key'
echo "$as_lines" >"$tmp/commands"
while read -r command; do
	for columns in 40 60 80; do
		COLUMNS=$columns "$dario" $command >"$tmp/out" 2>/dev/null
		# An example is a command, to be taken as it is.
		sed '/^Examples/,$d' "$tmp/out" >"$tmp/lines"
		ok "$command: there is something at $columns" test -s "$tmp/lines"
		ok "$command: it fits $columns columns" \
			test "$(widest "$tmp/lines")" -le $columns
	done
	is "$command: ASCII, and no escapes" \
		"$(LC_ALL=C grep -c '[^ -~]' "$tmp/out")" 0
done <"$tmp/commands"

# All that it tells is there at any width.
for command in 'backend list' 'route list' 'key list' 'explain claude-opus-4'; do
	"$dario" $command >"$tmp/whole"
	COLUMNS=40 "$dario" $command >"$tmp/narrow"
	is "$command: folded, and the same" "$(tr -d ' \n' <"$tmp/narrow")" \
		"$(tr -d ' \n' <"$tmp/whole")"
done
is 'a pipe: a line for each rule' "$("$dario" route list | wc -l)" 1
ok 'a pipe: whole' test "$("$dario" route list | widest -)" -gt 120
is 'a pipe: numbers are written out' "$("$dario" usage --by=key,model | head -n 1 |
	tr -s ' ')" 'key model requests errors in cached out cost first s tokens/s'
is '40 columns: the least of a table' "$(COLUMNS=40 "$dario" usage --by=key,model |
	head -n 1 | tr -s ' ')" 'key model requests cost'
is '60 columns: tokens, too' "$(COLUMNS=60 "$dario" usage --by=key |
	head -n 1 | tr -s ' ')" 'key requests errors in cached out cost'

while read -r command; do
	case $command in help*) continue ;; esac
	COLUMNS=40 "$dario" $command --json >"$tmp/out" 2>/dev/null
	is "$command: as JSON" "$(json 'j is not None' <"$tmp/out" 2>&1)" True
done <"$tmp/commands"
done_testing
