#!/bin/sh
# SPDX-License-Identifier: MIT
# Exit status 2, and a word on what is wrong, for every wrong value on the command
# line; 1 for what is right and cannot be done; nothing is changed by either.
. "$(dirname "$0")/lib.sh"
need python3
unset DARIO_API_KEY
"$dario" backend add b --base-url=http://127.0.0.1:9/v1 2>/dev/null
"$dario" accounts add work --key=sk-ant-api03-x 2>/dev/null
"$dario" route add fast b:m 2>/dev/null
state() {
	find "$DARIO_HOME" -type f -size +0c ! -name '*.lock' ! -path '*/state/*' \
		-exec cksum {} + | sort
}
before=$(state)
gives() { # STATUS WORDS...
	wanted=$1
	shift
	out=$(timeout 60 "$dario" "$@" 2>&1 </dev/null)
	is "$*: exit status" "$?" "$wanted"
	like "$*: says why" "$out" 'dario: '
	is "$*: nothing is changed" "$(state)" "$before"
}
# Each line: a command, its words with blanks between them. EMPTY stands for "".
while read -r words; do
	set -f
	# shellcheck disable=SC2086 # its words
	set -- $words
	set +f
	for word; do
		shift
		case $word in
		EMPTY) word= ;;
		*=EMPTY) word=${word%EMPTY} ;;
		esac
		set -- "$@" "$(printf %s "$word" | tr _ ' ')"
	done
	gives 2 "$@"
done <<'END'
backend
backend frob
backend add
backend add a_b --key=k --base-url=https://h/v1
backend add claude --key=k --base-url=https://h/v1
backend add c --key=k --base-url=ftp://x
backend add c --key=k --base-url=notaurl
backend add c --key=k --base-url=EMPTY
backend add c --key=k --base-url=https://
backend add c --key=k --base-url=https://u:p@h/v1
backend add c --key=a_b --base-url=https://h/v1
backend add c --key=EMPTY --base-url=https://h/v1
backend add c --key=k --base-url=https://h/v1 --protocol=soap
backend add c --key=k --base-url=https://h/v1 --protocol=EMPTY
backend add c --key=k --base-url=https://h/v1 --protocol=openai,soap
backend add c --key=k --base-url=https://h/v1 --models=[
backend add c --key=k --base-url=https://h/v1 --models=a,,b
backend add c --key=k --base-url=https://h/v1 --models=,
backend add c --key-env=1X --base-url=https://h/v1
backend add c --key-env=EMPTY --base-url=https://h/v1
backend add c --key-command="x --base-url=https://h/v1
backend add c --key-command=EMPTY --base-url=https://h/v1
backend add c --key=k --key-env=X --base-url=https://h/v1
backend add c --nonsense --base-url=https://h/v1
backend remove a_b
backend test a_b
backend test EMPTY
backend probe a_b
backend list --json=x
route add x
route add x b c
route add x[ b
route add EMPTY b
route add x b:
route add x EMPTY
route add x :m
route add x b:*m
route add x b --fallback=EMPTY
route add x b --fallback=,
route add x b --fallback=b
route add x b --on=EMPTY
route add x b --on=6xx
route add x b --on=429,,5xx
route remove
explain
explain EMPTY
explain x --api=soap
explain x --api=EMPTY
accounts add a_b --key=k
accounts add x --key=EMPTY
accounts add x --key=a_b
accounts add x --backend=a_b --key=k
accounts add x --key=k --reserve=x
accounts add x --key=k --reserve=101%
accounts add x --key=k --priority=-1
accounts add x --key=k --proxy=x
accounts add x --key=k --ca-file=x
accounts pause a_b
accounts pause work --backend=a_b
accounts resume EMPTY
accounts remove ../x
accounts frob
refresh a_b
key add a_b
key add EMPTY
key add anna --spend=x
key add anna --spend=1/year
key add anna --rate=0/min
key add anna --tokens=1M
key add anna --parallel=0
key add anna --priority=x
key add anna --expires=soon
key add anna --models=[
key add anna --models=a,,b
key show a_b
key rotate a/b/c
key change anna
proxy --check --port=x
proxy --check --port=0
proxy --check --port=70000
proxy --check --port=EMPTY
proxy --check --host=EMPTY
proxy --check --overage=x
proxy --check --overage=EMPTY
proxy --check --strategy=EMPTY
proxy --check --workers=-1
proxy --check --threads=x
proxy --check --demo=x
proxy --check --nonsense
proxy --check extra
proxy --check --preserve-tools --hybrid-tools
proxy --print-config=frob
login extra
logout --x
status --json=1
usage --frob
doctor extra
config extra
help nosuch
nosuch
--nonsense
END
while read -r words; do
	# shellcheck disable=SC2086 # its words
	gives 1 $words
done <<'END'
backend remove nobody
backend test nobody
backend probe nobody
backend add c --key-file=/nonexistent --base-url=https://h/v1
route add x nowhere
route add x b --fallback=nowhere
route remove nothing
accounts pause nobody
accounts add x --backend=nobody --key=k
key show nobody
refresh nobody
END
like 'a value where none belongs: said as that' \
	"$("$dario" backend list --json=x 2>&1)" 'no value belongs to --json'
"$dario" backend add c --base-url=https://h.example/v1 --key-command=no-such-program 2>"$tmp/said"
is 'a program that is not there: stored' "$?" 0
like 'and said' "$(cat "$tmp/said")" 'there is no program no-such-program here'
"$dario" backend add c --key-command='cat /etc/hostname' 2>"$tmp/said"
unlike 'one that is there: nothing to say' "$(cat "$tmp/said")" warning
is 'backend add: all protocols' "$("$dario" backend add d --key=k \
	--base-url=https://h.example/v1 --protocol=openai,responses,anthropic 2>&1)" \
	'dario: backend d: https://h.example/v1 (openai,anthropic,responses)'
for case in 'https://h.example/v1/messages?beta=true https://h.example/v1' \
	'https://h.example/v1?beta=true https://h.example/v1?beta=true' \
	'https://h.example/v1/messages?x=1 https://h.example/v1?x=1'; do
	"$dario" backend add e --key=k --base-url="${case% *}" 2>/dev/null
	is "${case% *}" "$(json 'j["baseUrl"]' <"$DARIO_HOME/backends/e.json")" "${case#* }"
done
done_testing
