#!/bin/sh
# SPDX-License-Identifier: MIT
# dario run and dario top send a key to the router of DARIO_HOME alone: another
# program that has its port learns nothing, however it answers.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
export PYTHONDONTWRITEBYTECODE=1

mkdir "$tmp/bin"
printf '#!/bin/sh\necho "$OPENAI_API_KEY" >>"$RAN"\n' >"$tmp/bin/tool"
cp "$tmp/bin/tool" "$tmp/bin/opencode" # which is told the models' names
chmod 755 "$tmp/bin/tool" "$tmp/bin/opencode"
PATH=$tmp/bin:$PATH RAN=$tmp/ran
export PATH RAN

other() { # what has the port of our settings; with the router that it asks
	: >"$tmp/seen"
	DARIO_PORT=$(free_port)
	export DARIO_PORT
	start_process "$tmp/other.log" python3 "$srcdir/tests/sh/meet.py" \
		"$DARIO_PORT" "$tmp/seen" "$@"
	other=$pid
	wait_for listens "$DARIO_PORT"
}

# kept_from_it NAME SECRET: nobody but the router of our home gets anything
kept_from_it() {
	for program in tool opencode; do
		rm -f "$RAN"
		"$dario" run "$program" >"$tmp/out" 2>"$tmp/err"
		is "$1, run $program: status 1" "$?" 1
		like "$1, run $program: said plainly" "$(cat "$tmp/err")" \
			"the router at http://127.0.0.1:$DARIO_PORT is not the one of $DARIO_HOME"
		like "$1, run $program: what to do" "$(cat "$tmp/err")" \
			"--url=http://127.0.0.1:$DARIO_PORT"
		ok "$1, run $program: it does not run" test ! -e "$RAN"
	done
	"$dario" top >"$tmp/out" 2>"$tmp/err"
	is "$1, top: the files tell" "$?" 0
	like "$1, top: said plainly" "$(cat "$tmp/err")" 'is not the one of'
	like "$1, top: in its first line" "$(head -n 1 "$tmp/out")" 'no router of ours'
	"$dario" top --json >"$tmp/out" 2>/dev/null
	is "$1, top as JSON: of the files" "$(json 'j["health"]["status"]' <"$tmp/out")" stopped
	is "$1: it was asked for a proof alone" \
		"$(grep '^/' "$tmp/seen" | grep -vc '^/health')" 0
	is "$1: it got no key" "$(grep -ic -e '^authorization' -e '^x-api-key' "$tmp/seen")" 0
	[ -z "${2-}" ] || is "$1: nor elsewhere" "$(grep -c "$2" "$tmp/seen")" 0
}

other
kept_from_it 'without a key'
export DARIO_API_KEY=owner-key-0123456789
kept_from_it 'with a key' "$DARIO_API_KEY"
kill "$other"

# The true router, on another port, is asked in the place of who asks.
start_router --demo
other "$url"
kept_from_it 'one that hands the question on' "$DARIO_API_KEY"
proof=$(curl -s "$url/health?challenge=abc" | json 'j["proof"]')
is 'a proof is of the challenge' \
	"$(curl -s "$url/health?challenge=abd" | json "j['proof'] != '$proof'")" True
is 'and the same for the same' "$(curl -s "$url/health?challenge=abc" | json 'j["proof"]')" "$proof"
is 'a long challenge has none' \
	"$(curl -s "$url/health?challenge=$(printf %044d 0)" | json '"proof" in j')" False
is 'no challenge, no proof' "$(curl -s "$url/health" | json '"proof" in j')" False
kill "$other"

# The router of another home has the port.
DARIO_PORT=$port
"$dario" run tool
is 'the own router: the program runs' "$(cat "$RAN")" "$DARIO_API_KEY"
is 'the own router: top' "$("$dario" top --json | json 'j["health"]["status"]')" ok
DARIO_HOME=$tmp/other "$dario" run tool 2>"$tmp/err"
is 'the router of another home: status 1' "$?" 1
like 'the router of another home: said' "$(cat "$tmp/err")" "not the one of $tmp/other"
rm "$RAN"
printf 'given-key\n' >"$tmp/given"
DARIO_HOME=$tmp/other "$dario" run --url="$url" --key-file="$tmp/given" tool
is 'one that is named: it is meant' "$(cat "$RAN")" given-key
# A secret that is made anew counts at once, here and there.
rm "$DARIO_HOME/session-secret" "$RAN"
"$dario" run tool
is 'a new secret: the program runs' "$(cat "$RAN")" "$DARIO_API_KEY"
chmod 644 "$DARIO_HOME/session-secret"
"$dario" run tool 2>"$tmp/err"
is 'one that others can read is no secret: status 1' "$?" 1
like 'one that others can read: said' "$(cat "$tmp/err")" session-secret
chmod 600 "$DARIO_HOME/session-secret"

done_testing
