#!/bin/sh
# SPDX-License-Identifier: MIT
# Planted keys appear in no log, answer, process list or core, and the access
# log has one line a request with what is needed.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

up=sk-planted-upstream-0123456789
ours=planted-router-9876543210
export DARIO_API_KEY=$ours
start_router --demo --verbose
curl -s -o /dev/null "$url/$(python3 -c 'print("%22" * 9000)')"
wait_for grep -q '"status":401' "$tmp/log"
is 'a long path: the line is whole' \
	"$(tail -n 1 "$tmp/log" | json 'len(j["path"]) < 1000, j["status"], "total_ms" in j')" \
	'True 401 True'
printf '%s\n' "$up" >"$tmp/key"
"$dario" backend add bad --key-file="$tmp/key" --base-url=http://127.0.0.1:1 \
	2>"$tmp/cli"
"$dario" backend list >>"$tmp/cli" 2>&1
"$dario" backend list --json >>"$tmp/cli" 2>&1
"$dario" backend test bad >>"$tmp/cli" 2>&1
"$dario" config >>"$tmp/cli" 2>&1

# A key in the wrong place, once of a known shape and once of none.
for key in "$up" 0badc0de0badc0de0badc0de0badc0de; do
	for words in "backend add x --api-key=$key" "backend add x $key" \
		"backend add x --key-file=$key --base-url=http://127.0.0.1:1" \
		"accounts add work --key-file=$key" "accounts add work $key" \
		"proxy --api-key=$key"; do
		# shellcheck disable=SC2086
		"$dario" $words >"$tmp/wrong" 2>&1
		is "${words%[ =]*}: refused" $(($? > 0)) 1
		unlike "${words%[ =]*}: without the key" "$(cat "$tmp/wrong")" "$key"
	done
done
for words in "backend $up" "$up" "backend remove $up" \
	"accounts remove $up" "explain --$up"; do
	# shellcheck disable=SC2086
	"$dario" $words >"$tmp/wrong" 2>&1 </dev/null
	unlike "${words%"$up"}: without the key" "$(cat "$tmp/wrong")" "$up"
done

# A key where a name belongs: refused, not repeated, nothing is stored.
for key in sk-ant-api03-abcdefghij sk-proj-0123456789 xai-abcdefgh12345678 \
	0badc0de0badc0de0badc0de0badc0de AIzaSyA1234567890abcdefghijklmnop; do
	for words in 'accounts add' 'accounts remove' 'accounts resume' \
		'backend add' 'backend remove' 'backend test' refresh \
		'route add' 'route remove' explain; do
		target=
		[ "$words" != 'route add' ] || target=bad
		printf 'k\n' | "$dario" $words $key $target >"$tmp/wrong" 2>&1
		is "$words, a key for a name: refused" "$?" 2
		unlike "$words, a key for a name: not repeated" \
			"$(cat "$tmp/wrong")" "${key#*-}"
		like "$words, a key for a name: what to do" \
			"$(cat "$tmp/wrong")" --key-file=FILE
	done
done
is 'a key for a name: no file of it' \
	"$(find "$DARIO_HOME" -name 'sk-*' -o -name 'xai*' -o -name '0bad*' -o -name 'AIza*')" ''
# What an earlier version took can be removed.
printf '{"alias":"x","apiKey":"k"}' >"$DARIO_HOME/accounts/sk-ant-oldoldold.json"
chmod 600 "$DARIO_HOME/accounts/sk-ant-oldoldold.json"
"$dario" accounts remove sk-ant-oldoldold 2>"$tmp/wrong"
is 'an alias that is a key: removed' "$?" 0
ok 'an alias that is a key: gone' \
	test ! -e "$DARIO_HOME/accounts/sk-ant-oldoldold.json"

ask() { # MODEL [curl flags]
	m=$1
	shift
	post /v1/chat/completions \
		"{\"model\":\"$m\",\"messages\":[{\"role\":\"user\",\"content\":\"secret body text\"}]}" \
		"$@" >>"$tmp/answers"
	cat "$tmp/head" >>"$tmp/answers"
}
before=$(wc -l <"$tmp/log")
ask demo -H "x-api-key: $ours"
ask bad:m -H "Authorization: Bearer $ours"
ask "$up" -H "x-api-key: $ours"
ask demo -H "x-api-key: x$ours"
ask demo -H "x-api-key: $ours" -H "x-api-key: $ours"
curl -s -o "$tmp/body" "$url/v1/$up?key=$up" -H "x-api-key: $ours"

# Five requests and the demo's own one, after the router was up.
lines() { tail -n +$((before + 1)) "$tmp/log" | grep -c '"id"'; }
logged() { [ "$(lines)" -ge 7 ]; }
wait_for logged
for key in "$up" "$ours"; do
	unlike "log: no ${key%-*}" "$(cat "$tmp/log")" "$key"
	unlike "commands: no ${key%-*}" "$(cat "$tmp/cli")" "$key"
	found=
	for p in $(pgrep -P "$router") "$router"; do
		tr '\0' ' ' <"/proc/$p/cmdline" | grep -qF -- "$key" && found=$p
	done
	is "process list: no ${key%-*}" "$found" ''
done
unlike 'answers: no router key' "$(cat "$tmp/answers")" "$ours"
unlike 'log: no text of a body' "$(cat "$tmp/log")" 'secret body'
is 'worker: no core file' \
	"$(awk '/Max core file size/ {print $5}' "/proc/$(worker_pid)/limits")" 0

is 'one line a request' "$(lines)" 7
line=$(grep '"backend":"bad"' "$tmp/log" | head -n 1)
is 'the line is JSON with what is needed' "$(printf '%s' "$line" | json \
	'j["method"], j["path"], j["status"], j["model"], j["upstream_model"], j["error"], "total_ms" in j, j["bytes_in"] > 0, j["bytes_out"] > 0')" \
	'POST /v1/chat/completions 502 bad:m m upstream_unreachable True True True'
like 'the id is that of the answer' "$(cat "$tmp/answers")" \
	"$(printf '%s' "$line" | json 'j["id"]')"
done_testing
