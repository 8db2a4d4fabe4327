#!/bin/sh
# SPDX-License-Identifier: MIT
# What explain says is what a request does, whatever the configuration.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3
mkdir -m 700 "$DARIO_HOME"
start_router
report explain "$tmp/explain.out" python3 "$srcdir/tests/routes/explain.py" \
	"$url" "$dario" "${SEED-1}"

# In words: what each of them has to do with the decision.
rm -rf "$DARIO_HOME"/backends "$DARIO_HOME"/accounts "$DARIO_HOME"/routes.json "$DARIO_HOME"/config.json "$DARIO_HOME"/state
why() { # TARGET MODEL
	"$dario" explain "$2" --json | json "[c['why'] for c in j['candidates'] if c['target'] == '$1'][-1]"
}
first() { # MODEL: the first line
	"$dario" explain "$1" | head -n 1
}
for name in one two three; do
	printf 'k-%s\n' $name | "$dario" backend add $name --base-url=http://127.0.0.1:9/v1 --key-stdin 2>/dev/null
done
"$dario" route add 'claude-*' claude --fallback=one:m,two:m
is 'no account: claude' "$(why claude claude-opus-5)" 'there is no Claude account'
is 'no account: who answers' "$(why one claude-opus-5)" 'the fallback of a target that cannot answer now'
is 'no account: who comes next' "$(why two claude-opus-5)" 'a fallback, if another cannot answer'
is 'no account: who is not in it' "$(why three claude-opus-5)" 'nothing leads here'
printf 'sk-ant-api03-a\n' | "$dario" accounts add a --key-stdin 2>/dev/null
is 'another model: claude' "$(why claude three:m)" 'nothing leads here'
is 'an account: claude' "$(why claude claude-opus-5)" 'rule "claude-*"'
"$dario" accounts pause a 2>/dev/null
is 'it is paused: claude' "$(why claude claude-opus-5)" 'it comes first, and cannot answer now'
like 'it is paused: who answers' "$(first claude-opus-5)" 'goes to one as m'
like 'it is paused, and alone' "$(first claude:opus)" 'goes to claude, where no account can serve now, as'
is 'it is paused, and alone: in JSON' "$("$dario" explain claude:opus --json | json 'j["serves"], j["account"]')" 'False None'
"$dario" backend add two --key-env=NO_SUCH_VARIABLE_HERE 2>/dev/null
like 'without its key' "$(first two:m)" 'goes to two, which has no key, as m'
is 'without its key: in JSON' "$("$dario" explain two:m --json | json 'j["serves"]')" False
is 'with it: in JSON' "$("$dario" explain three:m --json | json 'j["serves"]')" True
done_testing
