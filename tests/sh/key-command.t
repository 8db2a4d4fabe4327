#!/bin/sh
# SPDX-License-Identifier: MIT
# Keys from a program and from the environment: asked for when needed, by one
# process at a time, kept for their time, renewed when refused, never shown.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

# A provider that takes the keys in the file accept, and writes down each.
cat >"$tmp/up.py" <<'PY'
import http.server, json, sys
folder = sys.argv[1]
class Up(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        with open(folder + "/seen", "a") as f:
            f.write(key + "\n")
        good = key in open(folder + "/accept").read().split()
        body = {"data": [{"id": "m"}], "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "well"}}]}
        if not good:
            body = {"error": {"message": "wrong key " + key}}
        body = json.dumps(body).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_GET = do_POST = answer
class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
server = Server(("127.0.0.1", 0), Up)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
first=sk-planted-first-0123456789
second=sk-planted-second-0123456789
echo "$first $second" >"$tmp/accept"
start_process "$tmp/port" python3 "$tmp/up.py" "$tmp"
wait_for test -s "$tmp/port"
base=http://127.0.0.1:$(cat "$tmp/port")/v1
: >"$tmp/runs"

program() { # NAME TEXT: a program in $tmp
	printf '#!/bin/sh\necho run >>"%s/runs"\n%s\n' "$tmp" "$2" >"$tmp/$1"
	chmod 755 "$tmp/$1"
}
runs() { wc -l <"$tmp/runs" | tr -d ' '; }
add() { # COMMAND [TTL]: of the backend up
	rm -f "$DARIO_HOME"/state/key-up.json
	"$dario" backend add up --base-url="$base" --key-command="$1" 2>>"$tmp/said" || return
	[ $# -lt 2 ] || python3 - "$DARIO_HOME/backends/up.json" "$2" <<-'END'
	import json, sys
	j = json.load(open(sys.argv[1]))
	j["keyTtl"] = int(sys.argv[2])
	json.dump(j, open(sys.argv[1], "w"))
	END
}
ask() {
	post /v1/chat/completions '{"model":"up:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
	status
}
why() { json 'j["error"]["message"]' <"$tmp/body"; }

# --- a good one -------------------------------------------------------------
program good "printf '%s\n' $first"
add "$tmp/good"
is 'add: nothing is run' "$(runs)" 0
is 'file: the command' "$(json 'j["keyCommand"], "apiKey" in j' <"$DARIO_HOME/backends/up.json")" "$tmp/good False"
start_router --workers=2
is 'the key that was printed' "$(ask) $(tail -n 1 "$tmp/seen")" "200 $first"
seq 40 | xargs -P 20 -I '{}' curl -s -o /dev/null "$url/v1/chat/completions" \
	-d '{"model":"up:m","messages":[{"role":"user","content":"hi"}]}'
is 'two processes, forty requests: run once' "$(runs)" 1
is 'the command line uses it too' "$("$dario" backend test up 2>&1 | sed 's/ in .* ms//')" \
	'backend up answers and lists 1 models'
is 'the command line: not run again' "$(runs)" 1
is 'the kept key: only for us' "$(stat -c %a "$DARIO_HOME/state/key-up.json")" 600
like 'list: the program' "$("$dario" backend list)" 'key from good'
is 'list --json' "$("$dario" backend list --json | json 'j[0]["hasKey"], j[0]["keyProgram"]')" 'True good'

# A cold start: all at once, and still once.
stop_router
program slow "sleep 0.5; printf '%s\n' $first"
add "$tmp/slow"
: >"$tmp/runs"
start_router --workers=2
seq 40 | xargs -P 20 -I '{}' curl -s -o /dev/null -w '%{http_code}\n' "$url/v1/chat/completions" \
	-d '{"model":"up:m","messages":[{"role":"user","content":"hi"}]}' >"$tmp/codes"
is 'cold: all are served' "$(sort -u "$tmp/codes")" 200
is 'cold: run once' "$(runs)" 1
# It may run for ten seconds: a machine that is slower than that has more tries.
program waits "echo \$\$ >'$tmp/waits.pid'; while [ ! -e '$tmp/go' ]; do sleep 0.05; done; printf '%s\n' $first"
meanwhile() {
	rm -f "$tmp/go" "$tmp/waits.pid"
	add "$tmp/waits"
	curl -s -o /dev/null "$url/v1/chat/completions" -d '{"model":"up:m","messages":[]}' &
	waiting=$!
	wait_for test -s "$tmp/waits.pid"
	answered="$(curl -s -o /dev/null -w '%{http_code}' "$url/health") $(alive "$(cat "$tmp/waits.pid")")"
	touch "$tmp/go"
	wait "$waiting"
	[ "$answered" = "200 $(cat "$tmp/waits.pid")" ]
}
ok 'while it runs, others are answered' wait_for meanwhile

# --- its time, and a refusal ------------------------------------------------
program turn "cat '$tmp/key-now'"
echo "$first" >"$tmp/key-now"
add "$tmp/turn"
: >"$tmp/runs"
ask >/dev/null
echo "$second" >"$tmp/key-now"
echo "$second" >"$tmp/accept"
is 'refused: another one is asked for' "$(ask) $(tail -n 1 "$tmp/seen")" "200 $second"
is 'refused: once' "$(runs)" 2
is 'refused: the new one is kept' "$(ask) $(runs)" '200 2'
echo "$first" >"$tmp/key-now"
echo "$first" >"$tmp/accept"
rm -f "$DARIO_HOME"/state/models-up.json
lists() { curl -s "$url/v1/models" | json '[m["id"] for m in j["data"]]' | grep -q m; }
ok 'refused: the models are asked for with another one too' wait_for lists
is 'refused: once for them' "$(runs)" 3
echo nothing >"$tmp/accept"
# A process that still has the key before the last has that one to try first.
once_more() {
	before=$(runs)
	code=$(ask)
	[ "$(runs)" = $((before + 1)) ]
}
ok 'refused twice: run once more' wait_for once_more
is 'refused twice: the client sees it' "$code" 401
unset code
unlike 'refused twice: not the key' "$(cat "$tmp/body")" "$first"
echo "$first $second" >"$tmp/accept"
add "$tmp/turn" 0
: >"$tmp/runs"
ask >/dev/null
ask >/dev/null
is 'no time: each request asks' "$(runs)" 2
ok 'no time: nothing is kept' test ! -e "$DARIO_HOME/state/key-up.json"
add "$tmp/turn" 1
ask >/dev/null
: >"$tmp/runs"
again() { ask >/dev/null && [ "$(runs)" -ge 1 ]; }
ok 'its time is over: asked again' wait_for again

printf 'sk-more-0123456789\n' | "$dario" accounts add more --backend=up --key-stdin >"$tmp/out" 2>&1
is 'no pool beside a command: exit 2' "$?" 2
like 'no pool beside a command: why' "$(cat "$tmp/out")" 'has its key from a program'
ok 'no pool beside a command: all is well still' "$dario" proxy --check 2>/dev/null

# --- as words ---------------------------------------------------------------
program args 'for a; do printf "%s." "$a"; done'
echo 'a.b.c.$HOME.*.' >"$tmp/accept"
add "'$tmp/args' a \"b\".c '\$HOME' *"
is 'words, quotes, nothing is expanded' "$(ask)" 200
for line in 'a | b' 'a; b' 'a $HOME' 'a `b`' 'a "$(b)"' '~/bin/x' 'a > b' 'a && b' "a 'b" '' '  '; do
	out=$("$dario" backend add up --base-url="$base" --key-command="$line" 2>&1)
	is "refused: $line" "$?" 2
done
like 'refused: says what to do' "$("$dario" backend add up --base-url="$base" --key-command='a | b' 2>&1)" \
	'put the command into a script'

# --- bad ones ---------------------------------------------------------------
secret=sk-planted-hidden-0123456789
fails() { # NAME TEXT WHY
	program "$1" "$2"
	add "$tmp/$1 --password=$secret"
	is "$1: no answer of a provider" "$(ask)" "${code-500}"
	like "$1: says which program and why" "$(why)" "its key command, $1, $3"
	unlike "$1: nothing else of it" "$(cat "$tmp/body")" "$secret"
}
fails fails "echo $secret; echo $secret >&2; exit 3" 'ends with status 3'
fails silent '' 'prints no key in its first line'
fails newline 'echo; echo key' 'prints no key'
fails nul 'printf "a\0b\n"' 'prints no key'
fails blanks 'echo two words' 'prints no key'
fails escapes 'printf "a\033[2Jb\n"' 'prints no key'
fails much 'head -c 10000000 /dev/zero | tr "\0" x' 'prints more than 16 KiB'
fails killed 'kill -9 $$' 'was ended by signal 9'
fails long 'head -c 9000 /dev/zero | tr "\0" x' 'prints no key'
add "$tmp/missing $secret"
is 'missing: no answer' "$(ask)" 500
like 'missing: says so' "$(why)" 'missing, cannot be started'
unlike 'backend test: not the command' "$("$dario" backend test up 2>&1)" "$secret"
like 'backend test: which program' "$("$dario" backend test up 2>&1)" 'missing, cannot be started'
"$dario" doctor --json >"$tmp/doc" 2>&1
like 'doctor: which program' "$(cat "$tmp/doc")" 'missing, cannot be started'
unlike 'doctor: nothing else' "$(cat "$tmp/doc")" "$secret"

# One that leaves a child behind with its output open does not hold us up. Who
# waits for its end takes all of the ten seconds; a slow machine has more tries.
program forks "sleep 300 & echo \$! >'$tmp/left'; printf '%s\n' $first"
echo "$first" >"$tmp/accept"
add "$tmp/forks" 0
is 'a child that keeps the output open: no matter' "$(ask)" 200
goes_on() {
	began=$(date +%s%N)
	[ "$(ask)" = 200 ] && [ $((($(date +%s%N) - began) / 1000000)) -lt 9000 ]
}
ok 'a child that keeps the output open: not waited for' wait_for goes_on
ended() { [ -z "$(alive "$(cat "$tmp/left")")" ]; }
ok 'what it left behind ends' wait_for ended
program leaves "setsid sleep 300 & echo \$! >'$tmp/left'; printf '%s\n' $first"
add "$tmp/leaves"
is 'a daemon that keeps the output open: no matter' "$(ask)" 200
kill "$(cat "$tmp/left")" 2>/dev/null
program stops "echo \$\$ >'$tmp/left'; kill -STOP \$\$"
add "$tmp/stops"
is 'one that stops itself: given up' "$(ask)" 500
like 'one that stops itself: says so' "$(why)" 'stops, has not ended within'
ok 'one that stops itself: ends' wait_for ended
program hangs "echo \$\$ >'$tmp/left'; sleep 300"
add "$tmp/hangs"
is 'one that hangs: given up' "$(ask)" 500
like 'one that hangs: says so' "$(why)" 'hangs, has not ended within'
ok 'one that hangs: ends' wait_for ended

# --- fallbacks --------------------------------------------------------------
printf '%s\n' "$first" | "$dario" backend add second --base-url="$base" --key-stdin 2>>"$tmp/said"
"$dario" route add both up:m --fallback=second:m
add "$tmp/fails"
post /v1/chat/completions '{"model":"both","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'no key: the next target answers' "$(status) $(header x-dario-backend)" '200 second'
"$dario" route remove both

# --- the environment --------------------------------------------------------
stop_router
"$dario" backend add up --base-url="$base" --key-env=MY_KEY 2>"$tmp/out"
like 'key-env: said that it is not set' "$(cat "$tmp/out")" 'MY_KEY is not set here'
is 'key-env: the name alone is stored' \
	"$(json 'j["keyEnv"], "apiKey" in j, "keyCommand" in j' <"$DARIO_HOME/backends/up.json")" 'MY_KEY False False'
start_router
is 'key-env: not set' "$(ask)" 500
like 'key-env: says which, and what to do' "$(why)" 'MY_KEY is not set'
stop_router
export MY_KEY=$first
start_router
is 'key-env: set' "$(ask) $(tail -n 1 "$tmp/seen")" "200 $first"
like 'key-env: list' "$("$dario" backend list)" 'key from $MY_KEY'
for bad in 1A 'A B' '' "$first"; do
	"$dario" backend add up --key-env="$bad" >"$tmp/out" 2>&1
	ok "key-env=$bad: refused" test "$?" -ne 0
done
unlike 'key-env: a key in its place is not repeated' "$(cat "$tmp/out")" "$first"
"$dario" backend add up --key-env=MY_KEY --key-command=x 2>/dev/null
is 'two places: exit 2' "$?" 2
"$dario" backend add up --base-url=http://127.0.0.1:1 2>/dev/null
is 'the key does not go along to another address' "$?" 2
(umask 077 && echo '{"baseUrl":"http://127.0.0.1:1","apiKey":"k","keyEnv":"A"}' >"$DARIO_HOME/backends/two.json")
like 'two in a file: refused' "$("$dario" proxy --check 2>&1)" 'exclude each other'
rm "$DARIO_HOME/backends/two.json"
"$dario" backend remove up
ok 'removed: the key too' test ! -e "$DARIO_HOME/state/key-up.json"

for key in "$first" "$second" "$secret"; do
	is "no trace of ${key%-*}" "$(grep -l -- "$key" "$tmp/log" "$tmp/said" "$DARIO_HOME"/state/history* 2>/dev/null)" ''
done
done_testing
