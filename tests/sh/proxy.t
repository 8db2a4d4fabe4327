#!/bin/sh
# SPDX-License-Identifier: MIT
# dario proxy: what it refuses, and that it ends with everything it started.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

run() { # sets out, rc
	out=$("$dario" "$@" 2>&1)
	rc=$?
}

run proxy --check
is 'check: succeeds' "$rc" 0
is 'check: leaves nothing behind' "$(ls -A "$DARIO_HOME" 2>/dev/null)" ''
mkdir -p -m 700 "$DARIO_HOME/backends" "$DARIO_HOME/run/3456"
touch "$DARIO_HOME/run/3456/worker.sock"
chmod -R go= "$DARIO_HOME"
was=$(find "$DARIO_HOME" | sort)
run proxy --check
is 'check: what is there stays, also of a router that runs' \
	"$rc $(find "$DARIO_HOME" | sort)" "0 $was"
rm -r "$DARIO_HOME"
like 'check: says so' "$out" 'in order'

start_router
run proxy --port="$port"
is 'busy port: exit 1' "$rc" 1
is 'busy port: one line that names it' "$out" \
	"dario: port $port is in use: stop what listens there, or take another with --port=N"

run proxy --host=0.0.0.0
is 'open host without a key: exit 1' "$rc" 1
like 'open host without a key: says what to set' "$out" 'set DARIO_API_KEY'
DARIO_API_KEY=k run proxy --host=0.0.0.0 --check
is 'open host with a key: fine' "$rc" 0
DARIO_API_KEY=guess-me-0-1-2- run proxy --check
is 'a key of 15 characters: exit 0' "$rc" 0
like 'a key of 15 characters: a warning' "$out" 'less than 16 characters: who reaches the router can guess it'
unlike 'a key of 15 characters: not shown' "$out" guess-me
DARIO_API_KEY=guess-me-0-1-2-3 run proxy --check
unlike 'a key of 16: none' "$out" warning
run proxy --host=no.such.host.invalid
is 'unknown host: exit 1' "$rc" 1

run proxy --port=0
is 'port 0: exit 2' "$rc" 2
run proxy --threads=x
is 'threads=x: exit 2' "$rc" 2
like 'threads=x: the message names the flag' "$out" '--threads'
run proxy --no-such-flag
is 'unknown flag: exit 2' "$rc" 2
like 'unknown flag: named' "$out" '--no-such-flag'
run proxy now
is 'a word too many: exit 2' "$rc" 2

for host in 127.evil.example 127.0.0.1.evil.example; do
	run proxy --host=$host --check
	is "host $host is not loopback: exit 1" "$rc" 1
done
DARIO_API_KEY=a,b run proxy --check
like 'a key with a comma: refused' "$out" comma

out=$(ulimit -n 200 && "$dario" proxy --check 2>&1)
is 'few descriptors: exit 1' "$?" 1
like 'few descriptors: says what to raise' "$out" 'ulimit -n'
like 'descriptors for fewer connections than places: a note' \
	"$(ulimit -n 1024 && "$dario" proxy --check 2>&1)" 'at most 416 connections'

mkdir -p "$tmp/path/lighttpd"
PATH=$tmp/path:$PATH run proxy --check
is 'a folder named lighttpd is no program' "$rc" 0

# Two routers on one port of two addresses are two.
DARIO_API_KEY=second-key start_process "$tmp/second.log" \
	"$dario" proxy --port="$port" --host=127.0.0.2
second=$pid
at() { curl -s -o /dev/null -w '%{http_code}' "$@" "http://127.0.0.2:$port/v1/models"; }
served() { [ "$(at)" != 000 ]; }
wait_for served
is 'a second one on the port: its own key' "$(at) $(at -H 'x-api-key: second-key')" '401 200'
first=$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/models")
is 'a second one on the port: the first has none' "$first" 200
kill "$second"
wait "$second" 2>/dev/null
is 'a second one on the port ends: the first goes on' \
	"$(curl -s -o /dev/null -w '%{http_code}' "$url/v1/models")" 200

if grep -q . /proc/net/if_inet6 2>/dev/null; then
	# The other loopback address is held: nobody else can answer there whom
	# clients ask that are told localhost.
	at_six() { python3 - "$1" "$port" <<-'END'
	import errno, socket, sys
	with socket.socket(socket.AF_INET6) as s:
	    try:
	        getattr(s, sys.argv[1])(("::1", int(sys.argv[2])))
	    except OSError as e:
	        print(type(e).__name__, e.errno == errno.EADDRINUSE)
	END
	}
	is 'localhost: [::1] is taken' "$(at_six bind)" 'OSError True'
	is 'localhost: nobody is there' "$(at_six connect)" 'ConnectionRefusedError False'
	was=$port
	port=$(free_port)
	start_process "$tmp/six.log" "$dario" proxy --port="$port" --host=::1
	six() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://[::1]:$port/")" = 200 ]; }
	ok 'IPv6: served' wait_for six
	ok 'IPv6: said as a URL' wait_for grep -qF "http://[::1]:$port" "$tmp/six.log"
	kill "$pid"
	wait "$pid" 2>/dev/null
	is 'localhost: [::1] is free when the router has ended' "$(at_six bind)" ''
	start_process "$tmp/stranger.log" python3 -m http.server --bind ::1 "$port"
	stranger=$pid
	wait_for curl -s -o /dev/null "http://[::1]:$port/"
	start_process "$tmp/four.log" "$dario" proxy --port="$port" --host=localhost
	four() { curl -sf -o /dev/null "http://127.0.0.1:$port/health?x" || [ $? = 22 ]; }
	ok 'localhost: 127.0.0.1 is served' wait_for four
	ok 'localhost: somebody else at [::1] is told of' wait_for grep -q \
		"somebody else has port $port of ::1" "$tmp/four.log"
	like 'localhost: doctor says it' "$(DARIO_PORT=$port "$dario" doctor 2>&1)" \
		"port $port of ::1 somebody else answers"
	kill "$pid" "$stranger"
	wait "$pid" "$stranger" 2>/dev/null
	port=$was
else
	diag 'not run, this machine has no IPv6: --host=::1'
fi

# A key that goes out of force by an edit does not open the router.
(umask 077; printf '{"host":"0.0.0.0","apiKey":"edited-key"}' \
	>"$DARIO_HOME/config.json")
was=$router
port=
start_router
code() { curl -s -o /dev/null -w '%{http_code}' "$url/v1/models"; }
is 'a key in the file is asked for' "$(code)" 401
mv "$DARIO_HOME/config.json" "$tmp/config.json"
is 'the file is away: still asked for' "$(code)" 401
stop_router
router=$was

mkdir -p "$DARIO_HOME/backends"
(umask 077; echo '{' >"$DARIO_HOME/backends/broken.json")
run proxy --check
is 'broken file: exit 1' "$rc" 1
like 'broken file: named' "$out" 'backends/broken.json'
rm "$DARIO_HOME/backends/broken.json"

if unshare -m true 2>/dev/null; then
	out=$(unshare -m sh -c "mount --bind /dev/null $(command -v lighttpd) &&
		exec '$dario' proxy --check" 2>&1)
	is 'no lighttpd: exit 1' "$?" 1
	is 'no lighttpd: one line that names the package' "$out" \
		'dario: lighttpd is not installed: install the package lighttpd'
else
	diag 'not run, unshare is not permitted here: no lighttpd'
fi

# The end: Ctrl-C reaches dario alone, and all is gone long before the time
# that answers may have.
export DARIO_DRAIN_MS=120000
stop_router
for sig in INT TERM; do
	start_router
	all=$(pgrep -P "$router")
	worker=$(worker_pid)
	ok "$sig: there is a worker" test -n "$worker"
	start=$(date +%s%N)
	kill -$sig "$router"
	wait "$router"
	is "$sig: exit 0" "$?" 0
	ms=$((($(date +%s%N) - start) / 1000000))
	ok "$sig: at once ($ms ms)" test "$ms" -lt 60000
	is "$sig: nothing is left" "$(alive $all)" ''
done
done_testing
