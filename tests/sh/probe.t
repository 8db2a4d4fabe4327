#!/bin/sh
# SPDX-License-Identifier: MIT
# dario backend probe: finds what a provider refuses, says so, and writes it.
. "$(dirname "$0")/lib.sh"
need python3

python3 "$srcdir/tests/sh/probe.py" "$tmp/port" "$tmp/asked" \
	>"$tmp/provider.log" 2>&1 &
children="$children $!"
wait_for test -s "$tmp/port"
base=http://127.0.0.1:$(cat "$tmp/port")
file=$DARIO_HOME/backends/p.json

# probe SWITCHES [PROTOCOL [FLAG...]]
probe() {
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
	(umask 077 && cat >"$file") <<-EOB
	{"provider": "openai", "name": "p", "apiKey": "key-0123456789",
	 "baseUrl": "$base/$1/v1", "protocol": "${2:-openai}", "kept": 1}
	EOB
	: >"$tmp/asked"
	shift
	[ $# -eq 0 ] || shift
	out=$("$dario" backend probe p "$@" 2>"$tmp/said")
	rc=$?
}

found() {
	echo "$out" | sed -n 's/^switches: //p'
}

probe none
is 'nothing is refused: exit 0' "$rc" 0
like 'nothing is refused: says so' "$out" 'backend p needs no switch'
like 'costs are shown' "$(head -n 1 "$tmp/said")" ' questions to first at '
is 'the first model of its list is asked' "$(sort -u "$tmp/asked")" first
announced=$(sed -n 's/^dario: up to \([0-9]*\) questions.*/\1/p' "$tmp/said")
ok 'no more questions than announced' \
	test "$(wc -l <"$tmp/asked")" -gt 15 -a \
	"$(wc -l <"$tmp/asked")" -le "$announced"
unlike 'the key is not shown' "$out$(cat "$tmp/said")" key-0123456789

for s in maxCompletionTokens noStreamUsage oneSystemMessage systemBeforeTurns \
	alternate userLast noEmptyMessages reasoningContent nineCharacterIds \
	emptyContent uniqueIds noNamedTool noStrictTools foreignFieldsRefused \
	noImages normalize customTools developerRole callsPaired jsonArguments \
	thoughtSignatures reasoningDetails thinkingParts; do
	probe $s
	is "$s: found, and nothing else" "$(found)" "{\"$s\":true}"
done
probe noCustom,noDeveloper
is 'what it has not is said, too' "$(found)" \
	'{"customTools":false,"developerRole":false}'
probe noIds
is 'a stream without ids is to be written anew' "$(found)" \
	'{"normalize":true}'
probe toolIdMax
is 'toolIdMax' "$(found)" '{"toolIdMax":40}'
probe reasons
is 'reasoning in its answers' "$(found)" \
	'{"reasoningContent":true,"reasoningOptional":true}'
probe reasons,foreignFieldsRefused
is 'reasoning in its answers that it refuses' "$(found)" \
	'{"foreignFieldsRefused":true}'
probe reasons,reasoningContent
is 'reasoning that calls need' "$(found)" '{"reasoningContent":true}'
probe extraFieldsRefused,noTopK
is 'extraFieldsRefused: what is taken all the same' "$(found)" \
	'{"extraFieldsRefused":true,"topK":false,"reasoning":true}'
probe strictMessages anthropic --json
is 'as JSON' "$(echo "$out" | json 'j["switches"], j["written"], j["questions"][0]["api"]')" \
	"{'strictMessages': True} False anthropic"
probe strictMessages anthropic
is 'strictMessages' "$(found)" '{"strictMessages":true}'

# Each switch is asked about, or there is a reason why not: of one model
# (maxTokens), of several keys (keysApart), what costs more (webSearch), lists
# (topFields), the address (noVersion), what is of this router (mend, askUsage),
# what says no more than a number (tellsCost),
# and what no answer shows (reasoningOptional: found beside reasoningContent).
grep -o '"[a-zA-Z]*", [a-z_]*,$\|FLAG("[a-zA-Z]*"\|ROW("[a-zA-Z]*"' \
	"$srcdir/common/dialect/quirks.c" | grep -o '"[a-zA-Z]*"' | tr -d '"' \
	>"$tmp/keys"
ok 'the switches are listed' test "$(wc -l <"$tmp/keys")" -gt 30
missing=
for key in $(cat "$tmp/keys"); do
	case $key in
	maxTokens | keysApart | webSearch | topFields | noVersion | mend | \
		askUsage | tellsCost | reasoningOptional)
		continue
		;;
	esac
	grep -q "\"$key\"" "$srcdir/cli/probe-questions.c" "$srcdir/cli/probe.c" ||
		missing="$missing $key"
done
is 'every switch is asked about' "$missing" ''

probe noImages,500
is 'a refusal that comes as a 500' "$(found)" '{"noImages":true}'
probe noImages,alternate,noStreamUsage
is 'several' "$(found)" \
	'{"noStreamUsage":true,"alternate":true,"noImages":true}'
probe formatByChat,noNamedTool anthropic
is 'Messages' "$(found)" '{"noNamedTool":true,"formatByChat":true}'
probe minOutputTokens,noImages,functionsOnly responses
is 'Responses' "$(found)" \
	'{"minOutputTokens":16,"functionsOnly":true,"noImages":true}'
probe minOutputTokens,noImages,formatByChat openai,responses,anthropic
is 'all three' "$(found)" \
	'{"noImages":true,"minOutputTokens":16,"formatByChat":true}'

probe noImages,alternate
is 'without --write the file stays' "$(json 'j.get("noImages"), j["kept"]' <"$file")" 'None 1'
like 'without --write: says how' "$(cat "$tmp/said")" --write
probe noImages,minOutputTokens openai,responses --write --model=other
is '--write: the switches are there' \
	"$(json 'j["noImages"], j["minOutputTokens"], j["kept"]' <"$file")" \
	'True 16 1'
is '--model' "$(sort -u "$tmp/asked")" other
is '--write: the file stays closed' "$(stat -c %a "$file")" 600

probe everything
is 'no answer at all: exit 1' "$rc" 1
like 'no answer at all: says so' "$(cat "$tmp/said")" 'does not answer first'
probe key openai --write
is 'a wrong key: exit 1' "$rc" 1
is 'a wrong key: one question' "$(wc -l <"$tmp/asked")" 1
is 'a wrong key: nothing is written' "$(json 'len(j)' <"$file")" 6
out=$("$dario" backend probe nobody 2>&1)
is 'an unknown name: exit 1' "$?" 1
like 'an unknown name: says so' "$out" 'no backend nobody'
done_testing
