#!/bin/sh
# SPDX-License-Identifier: MIT
# A resolver that never answers: an error in time, and the client may leave.
. "$(dirname "$0")/lib.sh"
need curl python3 unshare
unshare -m true 2>/dev/null || skip_all 'no mount namespace may be made'

mkfifo "$tmp/ready"
python3 - >"$tmp/ready" <<'PY' &
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.53.53.53", 53))
print("ready", flush=True)
time.sleep(600)
PY
children="$children $!"
read -r ready <"$tmp/ready"
[ "$ready" = ready ] || skip_all 'no socket on port 53'
printf 'nameserver 127.53.53.53\noptions timeout:30 attempts:5\n' >"$tmp/resolv.conf"
"$dario" backend add far --base-url=http://far.example/v1 2>/dev/null

worker=$builddir/dario.fcgi
ask='{"model":"far:m","messages":[]}'
# out, from a router whose only resolver is that one
out=$(printf '%s' "$ask" | timeout 60 unshare -m sh -c '
	mount --bind "$1" /etc/resolv.conf
	exec env -i DARIO_HOME="$2" DARIO_DATADIR="$3" \
		DARIO_CONNECT_TIMEOUT_MS=500 REQUEST_METHOD=POST \
		PATH_INFO=/v1/chat/completions HTTP_HOST=localhost \
		REMOTE_ADDR=127.0.0.1 CONTENT_LENGTH="$4" "$5"' - \
	"$tmp/resolv.conf" "$DARIO_HOME" "$DARIO_DATADIR" "${#ask}" \
	"$worker" 2>"$tmp/err")
is 'before the resolver gives up' "$?" 0
like 'the client is told' "$out" 'no address for its name within 500 ms'
like 'with an error of its own' "$(cat "$tmp/err")" error=upstream_dns
done_testing
