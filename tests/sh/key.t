#!/bin/sh
# SPDX-License-Identifier: MIT
# dario key: files, limits as flags, the audit; nothing secret is shown.
. "$(dirname "$0")/lib.sh"
need python3

run() {
	out=$("$dario" "$@" 2>"$tmp/err")
	rc=$?
}
err() {
	cat "$tmp/err"
}
file=$DARIO_HOME/keys/anna.json
member() { # NAME [FILE]
	json "j.get('$1')" <"${2:-$file}"
}

run key list
is 'no keys: exit 0' "$rc" 0
like 'no keys: it says so' "$(err)" 'there are no keys'
is 'no keys, as JSON' "$("$dario" key list --json)" '[]'

for refused in 'add anna --rate=abc' 'add anna --expires=2099-02-30' 'change anna --rate=5/min' 'rotate anna' \
	'disable anna' 'remove anna'; do
	run key $refused
	is "no such key, $refused: refused" "$rc" "$([ "${refused%% *}" = add ] && echo 2 || echo 1)"
done
is 'what is refused leaves no file behind' "$(find "$DARIO_HOME" -type f)" ''

run key add anna --models='claude-*, gpt-5' --spend=20/month,5/day --rate=60/min --tokens=1M/day --parallel=4 \
	--priority=10 --expires=2099-12-31
key=$out
is 'add: exit 0' "$rc" 0
is 'add: the key alone is printed' "$(echo "$key" | grep -cE '^sk-dario-[A-Za-z0-9_-]{43}$')" 1
is 'folder: 0700' "$(stat -c %a "$DARIO_HOME/keys")" 700
is 'file: 0600' "$(stat -c %a "$file")" 600
is 'file: the hash is that of the key' "$(member hash)" "sha256:$(printf %s "$key" | sha256sum | cut -d' ' -f1)"
is 'file: the limits' "$(json '[j[k] for k in ("models","spend","rate","tokens","parallel","priority","expires")]' <"$file")" \
	"[['claude-*', 'gpt-5'], '20/month,5/day', '60/min', '1M/day', 4, 10, '2099-12-31T00:00:00Z']"
like 'file: when it was made' "$(member created)" "$(date -u +%Y-)"
run key add anna
is 'add again: exit 2' "$rc" 2
like 'add again: what to do' "$(err)" 'dario key change or rotate'
is 'add again: the key stays' "$(member hash)" "sha256:$(printf %s "$key" | sha256sum | cut -d' ' -f1)"

python3 - "$file" <<'PY'
import json, sys
j = json.load(open(sys.argv[1]))
j["fromAnotherVersion"] = {"a": [1, None]}
json.dump(j, open(sys.argv[1], "w"))
PY
run key change anna --spend=1.50/week --rate= --parallel=
is 'change: exit 0' "$rc" 0
is 'change: what was named is changed, the rest is kept' \
	"$(json '[j.get(k) for k in ("spend","rate","parallel","tokens","models","fromAnotherVersion")]' <"$file")" \
	"['1.5/week', None, None, '1M/day', ['claude-*', 'gpt-5'], {'a': [1, None]}]"
run key change anna
is 'change without a flag: exit 2' "$rc" 2
run key change nobody --rate=1/min
is 'change of nobody: exit 1' "$rc" 1
like 'change of nobody: named' "$(err)" 'there is no key nobody'
is 'change of nobody: no file' "$(ls "$DARIO_HOME/keys" | grep -c '^nobody.json$')" 0

before=$(cat "$file")
for flag in --spend=20 --spend=20/year --spend=-1/day --spend=1/day,2/day --spend=x/day --spend=20/month, --rate=60 --rate=0/min --rate=60/m \
	--rate=1.5/min --tokens=1G/day --tokens=/day --parallel=0 --parallel=-1 --parallel=4x --parallel=1.5 --parallel=10001 --priority=x \
	--expires=tomorrow --expires=2026-02-30 --expires=2026-1-1 --expires=2026-01-01T00:00:00+01:00 --models=, --models=a,,b; do
	run key change anna "$flag"
	is "$flag: exit 2" "$rc" 2
	like "$flag: the flag is named" "$(err)" "${flag%%=*}"
done
is 'after wrong flags the file is as it was' "$(cat "$file")" "$before"
run key add eve --rate=often
is 'add with a wrong flag: no key' "$rc $out $(ls "$DARIO_HOME/keys" | grep -c '^eve.json$')" '2  0'
run key add past --expires=2020-01-01
like 'a day in the past: a warning' "$(err)" 'is in the past'

for name in '' / a/ /a a/b/c ../x 'a b' a.b "$(head -c 65 /dev/zero | tr '\0' a)"; do
	run key add "$name"
	is "name '$name': exit 2" "$rc $out" '2 '
done
run key add "$key"
unlike 'a key in the place of a name is not repeated' "$(err)" "$key"

run key add anna/laptop --json
is 'a device: JSON' "$(echo "$out" | json 'j["name"], j["key"][:9]')" "anna/laptop sk-dario-"
is 'a device: its file' "$(stat -c %a "$DARIO_HOME/keys/anna" "$DARIO_HOME/keys/anna/laptop.json" | tr '\n' ' ')" '700 600 '
run key add anna/phone --rate=5/min

run key rotate anna
is 'rotate: another key' "$(echo "$out" | grep -cE '^sk-dario-[A-Za-z0-9_-]{43}$') $([ "$out" = "$key" ] || echo new)" '1 new'
is 'rotate: its hash' "$(member hash)" "sha256:$(printf %s "$out" | sha256sum | cut -d' ' -f1)"
is 'rotate: the limits stay' "$(member spend)" 1.5/week
run key disable anna
is 'disable' "$rc $(member disabled)" '0 True'
is 'disable: it is shown' "$("$dario" key show anna --json | json 'j["state"]')" disabled
run key enable anna
is 'enable' "$rc $(member disabled)" '0 None'

is 'list --json' "$("$dario" key list --json | json '[(k["name"], k["state"]) for k in j]')" \
	"[('anna', 'active'), ('anna/laptop', 'active'), ('anna/phone', 'active'), ('past', 'expired')]"
is 'show --json' "$("$dario" key show anna --json | json '[j[k] for k in ("models","spend","rate","tokens","parallel","priority","expires")]')" \
	"[['claude-*', 'gpt-5'], '1.5/week', None, '1M/day', None, 10, '2099-12-31T00:00:00Z']"
like 'list: limits' "$("$dario" key list)" 'spend 1.5/week'
run key show nobody
is 'show nobody: exit 1' "$rc" 1
hash=$(member hash)
for what in list 'list --json' 'show anna' 'show anna --json' audit 'audit --json'; do
	# shellcheck disable=SC2086
	run key $what
	unlike "key $what: no hash" "$out$(err)" "${hash#sha256:}"
	unlike "key $what: no key" "$out$(err)" sk-dario-
done

echo '{"hash":1}' >"$DARIO_HOME/keys/bad.json"
chmod 600 "$DARIO_HOME/keys/bad.json"
run key list
is 'a wrong file: the others are listed' "$rc" 0
like 'a wrong file: named' "$(err)" keys/bad.json
like 'a wrong file: its state' "$out" 'wrong file'
like 'a wrong file: dario doctor names it' "$("$dario" doctor 2>&1)" keys/bad.json
run key remove bad
is 'a wrong file can be removed' "$rc" 0

run key remove anna
is 'remove: exit 0' "$rc" 0
like 'remove: the devices go, too' "$(err)" anna/laptop
is 'remove: all gone' "$("$dario" key list --json | json '[k["name"] for k in j]')" "['past']"
run key remove anna
is 'remove nobody: exit 1' "$rc" 1

audit=$("$dario" key audit --json)
is 'audit: who' "$(echo "$audit" | json 'sorted(set(a["actor"] for a in j))')" "['$(id -un)']"
is 'audit: what, in order' "$(echo "$audit" | json '" ".join(a["action"] for a in j if a["key"] == "anna")')" \
	'add change rotate disable enable remove'
is 'audit: before and after' "$(echo "$audit" | json '[(a["before"]["spend"], a["after"]["spend"]) for a in j if a["action"] == "change"]')" \
	"[('20/month,5/day', '1.5/week')]"
is 'audit: nothing before, nothing after' "$(echo "$audit" | json 'j[0]["before"], j[-1]["after"]')" 'None None'
is 'audit of one' "$("$dario" key audit anna/phone --json | json '[a["action"] for a in j]')" "['add', 'remove']"
unlike 'audit: no hash in the file' "$(cat "$DARIO_HOME/keys/audit.jsonl")" hash
is 'audit: 0600' "$(stat -c %a "$DARIO_HOME/keys/audit.jsonl")" 600
chmod 644 "$DARIO_HOME/keys/audit.jsonl"
run key add zoe
is 'no audit, no change' "$rc $(ls "$DARIO_HOME/keys" | grep -c '^zoe.json$')" '1 0'

done_testing
