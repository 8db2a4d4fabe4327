#!/bin/sh
# SPDX-License-Identifier: MIT
# What providers, clients and files say reaches no terminal, log or label as it
# is: escape sequences, C1, marks of direction, separators, half characters.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

foreign() {
	python3 "$srcdir/tests/sh/foreign.py" "$@"
}

start_process "$tmp/provider.log" python3 "$srcdir/tests/sh/foreign.py" serve "$tmp/port"
wait_for test -s "$tmp/port" || exit 1
mkdir -m 700 "$DARIO_HOME"
foreign plant "$DARIO_HOME" "$(cat "$tmp/port")"
bad=$(printf 'x\033]0;pwned\a\302\23332m\342\200\256\342\200\250\377\342\200')
good='r'$(printf '\302\23332m\302\205\342\200\256\342\201\246\342\200\213\342\200\250')x

# shown NAME COMMAND...: both of its outputs are clean.
shown() {
	name=$1
	shift
	"$dario" "$@" >"$tmp/out" 2>"$tmp/err2" </dev/null
	cat "$tmp/err2" >>"$tmp/out"
	is "$name: clean" "$(foreign check "$tmp/out" 2>&1)" ''
}

# shown_json NAME COMMAND...
shown_json() {
	name=$1
	shift
	"$dario" "$@" --json >"$tmp/out" 2>"$tmp/err2" </dev/null
	is "$name --json: clean JSON" "$(foreign check "$tmp/out" json 2>&1)" ''
}

for c in 'backend list' 'accounts list' 'route list' usage config status \
	"explain $good" 'explain claude-x'; do
	# shellcheck disable=SC2086
	shown "$c" $c
	# shellcheck disable=SC2086
	shown_json "$c" $c
done
shown_json doctor doctor
shown doctor doctor
for c in 'backend test evil' 'backend test plain' "backend $bad" \
	"backend add $bad" "backend remove $bad" "backend test $bad" \
	"accounts add $bad" "accounts remove $bad" "accounts resume $bad" \
	"refresh $bad" "route remove $bad" "explain x --api=$bad" "$bad" \
	"help $bad" "config --$bad" "proxy --host=$bad --check" \
	"proxy --template=$bad --check" "proxy --print-config=$bad" \
	"doctor --url=$bad" \
	"backend add new --base-url=$bad --key=k" \
	"backend add new --protocol=$bad --key=k" \
	"accounts add new --reserve=$bad --key=k" \
	"accounts add new --key-file=/$bad"; do
	# shellcheck disable=SC2086
	shown "$(printf %s "$c" | LC_ALL=C tr -cd 'a-z =-')" $c
done
DARIO_PORT=$bad shown 'a setting' config
DARIO_OAUTH_TOKEN_URL=http://127.0.0.1:$(cat "$tmp/port")/json \
	shown 'refused by the authorization server' refresh tok
DARIO_CC_PATH=/$bad shown 'a path' config

# Files that cannot be used, named with what is in them.
for f in routes config template oauth-config.override backends/evil \
	accounts/work; do
	was=$DARIO_HOME/$f.json
	[ ! -e "$was" ] || mv "$was" "$tmp/was"
	for text in '{"\u001b[31m\u009b\u202ekey":1,"rules":[{"match":"\u001b\u202e","target":"no\u001b\u202e:x"}],"clientId":"\u001b\u202e","protocol":"\u001b\u202e","baseUrl":"\u001b\u202e","reserve":"\u001b","model":7,"apiKey":"\u001b"}' \
		"$(printf '{"a":"\033\302\233\377"')"; do
		printf '%s' "$text" >"$was"
		chmod 600 "$was"
		for c in config 'backend list' 'accounts list' 'proxy --check'; do
			# shellcheck disable=SC2086
			"$dario" $c >"$tmp/out" 2>&1 </dev/null
			echo >>"$tmp/out"
			is "a bad $f, $c: clean" \
				"$(foreign check "$tmp/out" 2>&1)" ''
		done
	done
	rm -f "$was"
	[ ! -e "$tmp/was" ] || mv "$tmp/was" "$was"
done

# Log and labels, from a client and from the provider.
python3 - "$tmp" <<'END'
import json, sys
sys.path.insert(0, ".")
bad = "\x1b]0;pwned\x07\x9b32m\x85\u202e\u2066\u200b\u2028\x00"
for i, model in enumerate([
    "evil:" + bad, "plain:" + bad * 60, "\x1b" * 600, "\u202e" * 600,
    "plain:" + "\"\\" * 400, "plain:a" + "\U0001f600" * 300, "nobody:" + bad,
    "plain:" + "x" * 505 + "\u00e9" * 9,
]):
    with open("%s/ask%d" % (sys.argv[1], i), "w") as f:
        json.dump({"model": model, "messages": [
            {"role": "user", "content": "hi"}]}, f)
END
for how in --verbose ''; do
	: >"$tmp/log"
	# shellcheck disable=SC2086
	start_router $how
	for path in chat/completions messages responses; do
		for i in 0 1 2 3 4 5 6 7; do
			curl -s -o /dev/null -d @"$tmp/ask$i" \
				"$url/v1/$path"
		done
	done
	# The web server refuses some of these.
	curl -s -o /dev/null "$url/v1/x%1b%5b31m%c2%9b%e2%80%ae%0a%ff%00"
	curl -s -o /dev/null "$url/v1/x%5b31m%c2%9b%e2%80%ae%ff"
	curl -s -o /dev/null -H "$(printf 'X-Api-Key: \302\233\377\033')" \
		"$url/v1/models"
	curl -s "$url/metrics" >"$tmp/metrics"
	curl -s "$url/" >"$tmp/page"
	curl -s "$url/analytics" >"$tmp/analytics"
	stop_router
	is "log${how:+ as JSON}: clean lines" "$(foreign lines "$tmp/log")" ''
	grep -E '/v1/(chat|messages|responses)' "$tmp/log" >"$tmp/asked"
	is "log${how:+ as JSON}: one line a request" \
		"$(wc -l <"$tmp/asked")" 24
	is "log${how:+ as JSON}: each says how it ended" \
		"$(grep -c 'status' "$tmp/asked")" 24
	is "log${how:+ as JSON}: and why" \
		"$(grep '/v1/chat/completions' "$tmp/log" | grep -c 'cause')" 8
	is '/metrics: clean labels' "$(foreign check "$tmp/metrics")" ''
	is '/: clean page' "$(tr '\t' ' ' <"$tmp/page" >"$tmp/out"; foreign check "$tmp/out")" ''
	is '/analytics: clean JSON' "$(foreign check "$tmp/analytics" json)" ''
done
done_testing
