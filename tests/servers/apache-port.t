#!/bin/sh
# SPDX-License-Identifier: MIT
# The port that Apache tells the worker is the one that the client has come to,
# whatever its field Host says. Here a listener takes the worker's place: it keeps
# what Apache sends, and closes.
server=apache-proxy
. "$(dirname "$0")/server.sh"
need apache2

cat >"$tmp/worker.py" <<'END'
import socket
import sys
with socket.socket(socket.AF_UNIX) as s:
    s.bind(sys.argv[1])
    s.listen()
    while True:
        conn, _ = s.accept()
        data = b""
        while b"SERVER_PORT" not in data:
            data += conn.recv(65536) or exit("it has no port")
        # FastCGI: the lengths of name and value, a byte each, then both.
        at = data.index(b"SERVER_PORT")
        print(data[at + 11:at + 11 + data[at - 1]].decode(), flush=True)
        conn.close()
END
start_process "$tmp/ports" python3 "$tmp/worker.py" "$sock"
wait_for test -S "$sock"
port=$(free_port)
printed apache-proxy
apache_start 'proxy proxy_fcgi'
site() { [ "$(curl -s "http://127.0.0.1:$port/")" = 'the other site' ]; }
ok 'Apache serves' wait_for site
for host in localhost "localhost:$port" localhost:9 llm.example; do
	was=$(wc -l <"$tmp/ports")
	curl -s -o "$tmp/body" -H "Host: $host" "http://127.0.0.1:$port/llm/v1/models"
	told() { [ "$(wc -l <"$tmp/ports")" -gt "$was" ]; }
	wait_for told
	is "Host: $host" "$(tail -n +$((was + 1)) "$tmp/ports" | sort -u)" "$port"
done
done_testing
