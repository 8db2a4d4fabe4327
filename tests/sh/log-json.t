#!/bin/sh
# SPDX-License-Identifier: MIT
# With --verbose each line on standard error is a JSON object: requests, what
# dario proxy says from its start to its end, and what lighttpd says.
. "$(dirname "$0")/lib.sh"
need python3

objects() { # NAME FILE: lines that are none
	is "$1: JSON alone" "$(python3 -c 'import json, sys
for line in open(sys.argv[1], errors="replace"):
    try:
        ok = isinstance(json.loads(line), dict)
    except ValueError:
        ok = False
    if not ok:
        print(line, end="")' "$2")" ''
}
chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'

start_router --demo --verbose
post /v1/chat/completions "$chat" >/dev/null
post /v1/chat/completions '{' >/dev/null
kill -HUP "$router"
ok 'new workers are told of' wait_for grep -q 'new workers' "$tmp/log"
echo '{"port":"x"}' >"$DARIO_HOME/config.json"
chmod 600 "$DARIO_HOME/config.json"
kill -HUP "$router"
ok 'a wrong file is told of' wait_for grep -q 'nothing is replaced' "$tmp/log"
rm "$DARIO_HOME/config.json"
lose() { # a worker, and not one that was about to end
	kill -KILL "$(worker_pid | head -n 1)" 2>/dev/null
	grep -q 'a worker has ended' "$tmp/log"
}
ok 'a lost worker is told of' wait_for lose
wait_for listens "$port"
stop_router
like 'lighttpd has said something' "$(cat "$tmp/log")" '"lighttpd: '
like 'its beginning is there' "$(cat "$tmp/log")" '"listening on http'
objects 'from start to end' "$tmp/log"

# What does not start.
fails() { # NAME WANTED FLAGS
	name=$1
	want=$2
	shift 2
	timeout 60 "$dario" proxy --port="$port" "$@" >"$tmp/out" 2>&1
	is "$name: status" "$?" 1
	like "$name: says it" "$(cat "$tmp/out")" "$want"
	objects "$name" "$tmp/out"
}
echo '{"port":"x"}' >"$DARIO_HOME/config.json"
fails 'a wrong file' config.json --verbose
echo '{"verbose":true}' >"$DARIO_HOME/config.json"
chmod 600 "$DARIO_HOME/config.json"
port=$(free_port)
start_process "$tmp/other" python3 -m http.server --bind 127.0.0.1 "$port"
wait_for listens "$port"
fails 'the port is taken' "$port"

# lighttpd's own complaints, where its file is wrong.
mkdir -p "$tmp/data/lighttpd"
ln -s "$srcdir"/* "$tmp/data/" 2>/dev/null
rm -rf "$tmp/data/lighttpd"
cp -r "$srcdir/lighttpd" "$tmp/data/lighttpd"
echo 'server.nonsense( = "x"' >>"$tmp/data/lighttpd/dario.conf"
port=$(free_port)
DARIO_DATADIR=$tmp/data fails 'a wrong file of lighttpd' 'lighttpd: '

# Without it people read it, and so do they who only check.
rm "$DARIO_HOME/config.json"
"$dario" proxy --check --verbose >"$tmp/out" 2>&1
is 'a check is for people' "$(cat "$tmp/out")" 'dario: everything is in order'
done_testing
