#!/bin/sh
# SPDX-License-Identifier: MIT
# dario.fcgi --listen and the socket that systemd passes: whose it is, who may
# take it over, and that it goes with the worker.
. "$(dirname "$0")/lib.sh"
need nginx curl python3

worker=$builddir/dario.fcgi
sock=$tmp/s
listening() { ss -Hlx src "$1" | grep -q LISTEN; } # it is there before
need ss

run() { # sets out, rc
	out=$(timeout 60 "$worker" "$@" 2>&1)
	rc=$?
}
start_worker() { # [FLAGS]
	start_process "$tmp/worker.log" "$worker" --listen="$sock" "$@"
	worker_is=$pid
	wait_for listening "$sock"
}
stop_worker() { # SIGNAL
	kill -"$1" "$worker_is"
	wait "$worker_is"
}

run --nope
is 'unknown flag: exit 2' "$rc" 2
like 'unknown flag: usage' "$out" 'usage: dario.fcgi'
run --listen="$sock" --mode=99
is 'bad mode: exit 2' "$rc" 2
run --listen="$tmp/$(head -c 120 /dev/zero | tr '\0' x)"
is 'path too long: exit 1' "$rc" 1
like 'path too long: says how long' "$out" 'path of 1 to 107 bytes'
run --listen="$tmp/none/s"
is 'no such folder: exit 1' "$rc" 1
like 'no such folder: named' "$out" "$tmp/none/s"
run --listen="$tmp"
like 'no socket: left alone' "$out" 'is no socket'

start_worker
is 'mode 0660' "$(stat -c %a "$sock")" 660
run --listen="$sock"
is 'in use: exit 1' "$rc" 1
is 'in use: one line' "${out#* }" \
	"dario: $sock is in use: stop the worker that listens there, or listen elsewhere"

port=$(free_port)
for part in nginx nginx-upstream; do
	"$dario" proxy --print-config=$part --socket="$sock" >"$tmp/$part.conf"
done
cat >"$tmp/main.conf" <<EOF
$(test "$(id -u)" != 0 || echo "user root;") daemon off; pid $tmp/nginx.pid; error_log stderr error; worker_processes 1;
events { }
http { access_log off;
client_body_temp_path $tmp/n1; proxy_temp_path $tmp/n2;
fastcgi_temp_path $tmp/n3; uwsgi_temp_path $tmp/n4; scgi_temp_path $tmp/n5;
include $tmp/nginx-upstream.conf;
server { listen 127.0.0.1:$port; include $tmp/nginx.conf; } }
EOF
start_process "$tmp/nginx.log" nginx -p "$tmp" -c "$tmp/main.conf"
url=http://127.0.0.1:$port/llm
code() { curl -s -o "$tmp/body" -w '%{http_code}' "$url/v1/models"; }
serves() { test "$(code)" = 200; }
ok 'it serves' wait_for serves

stop_worker TERM
is 'TERM: exit 0' "$?" 0
ok 'TERM: the socket is gone' test ! -e "$sock"
is 'TERM: nobody answers' "$(code)" 502

start_worker --mode=600
is 'mode 0600, as asked' "$(stat -c %a "$sock")" 600
stop_worker KILL 2>/dev/null
ok 'KILL: the socket is left' test -S "$sock"
start_worker
ok 'KILL: the next one takes it over' serves

# A successor waits for nobody, and the one that ends leaves its socket alone.
mv "$sock" "$tmp/moved"
first=$worker_is
start_worker
both_listen() { [ "$(ss -Hlx src "$sock" | grep -c LISTEN)" = 2 ]; }
ok 'two listen under one name' wait_for both_listen
kill "$first"
wait "$first"
ok 'a socket of another worker stays' listening "$sock"
ok 'and serves' serves
stop_worker TERM

if [ "$(id -u)" = 0 ]; then
	start_worker
	stop_worker KILL 2>/dev/null
	chown 1 "$sock"
	run --listen="$sock"
	is 'a socket of somebody else: exit 1' "$rc" 1
	like 'a socket of somebody else: named' "$out" \
		"$sock belongs to another user"
	rm -f "$sock"
else
	diag 'not run, this wants root: a socket of somebody else'
fi

# As systemd does it: descriptor 3, and variables that name it.
activate='
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
if sys.argv[3] == "listen":
    s.listen(16)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
null = os.open("/dev/null", os.O_RDONLY)
os.dup2(null, 0)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=sys.argv[4])
os.execv(sys.argv[2], sys.argv[2:3])'
start_process "$tmp/worker.log" python3 -c "$activate" "$sock" "$worker" listen 1
worker_is=$pid
wait_for listening "$sock"
ok 'systemd: serves' wait_for serves
stop_worker TERM
is 'systemd: exit 0' "$?" 0
ok 'systemd: the socket is not ours to remove' test -S "$sock"
rm -f "$sock"
out=$(python3 -c "$activate" "$sock" "$worker" listen 2 2>&1)
is 'systemd: two sockets: exit 1' "$?" 1
like 'systemd: two sockets: said so' "$out" 'passed 2 sockets'
rm -f "$sock"
out=$(python3 -c "$activate" "$sock" "$worker" no 1 2>&1)
is 'systemd: a socket that does not listen: exit 1' "$?" 1
like 'systemd: a socket that does not listen: said so' "$out" 'Accept=no'
done_testing
