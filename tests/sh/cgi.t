#!/bin/sh
# SPDX-License-Identifier: MIT
# The same binary as a plain CGI program, called directly.
. "$(dirname "$0")/lib.sh"
need curl python3 lighttpd

worker=$builddir/dario.fcgi
cgi() { # METHOD PATH [BODY]: sets out, rc; more variables in $more
	printf '%s' "${3-}" >"$tmp/in"
	out=$(env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" \
		DARIO_DATADIR="$DARIO_DATADIR" \
		GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD="$1" \
		SCRIPT_NAME=/cgi-bin/dario.cgi PATH_INFO="$2" \
		REMOTE_ADDR=127.0.0.1 HTTP_HOST=localhost ${CGI_PROXY:+HTTP_PROXY="$CGI_PROXY"} \
		${more-} \
		CONTENT_LENGTH="$(wc -c <"$tmp/in")" \
		"$worker" ${args-} <"$tmp/in" 2>"$tmp/err")
	rc=$?
}

out=$(env -u REQUEST_METHOD "$worker" </dev/null 2>&1)
is 'by hand: exit 2' "$?" 2
like 'by hand: says what to run' "$out" 'dario proxy'
like 'version' "$("$worker" --version)" 'dario.fcgi '

cgi GET /health
like 'health: a status line' "$out" 'Status: 503'
like 'health: the body' "$out" '"status":"no_backend"'
cgi POST /v1/messages '{"model":'
like 'bad JSON: 400' "$out" 'Status: 400'
like 'one access line, to standard error' "$(cat "$tmp/err")" status=400

# Whose router it is, is proved for the port that it listens on. Apache names the
# one of the client's field Host.
for name in lighttpd/1.4 nginx/1.22 Apache/2.4.62 Apache; do
	more="SERVER_SOFTWARE=$name SERVER_PORT=3456 QUERY_STRING=challenge=abc" cgi GET /health
	case $name in
	Apache*) unlike "$name: no proof for a port of the client's" "$out" '"proof"' ;;
	*) like "$name: a proof" "$out" '"proof"' ;;
	esac
done

# A web server makes arguments of a query without "=": they are the client's.
args="--listen=$tmp/evil --version" cgi GET /health
like 'arguments are ignored' "$out" '"status":"no_backend"'
ok 'arguments make no socket' test ! -e "$tmp/evil"

# Below a prefix: known from the split, or by the setting.
more='SCRIPT_NAME=/~me/dario.cgi' cgi GET /v1/health
like 'prefix: SCRIPT_NAME is the program' "$out" '"status":"no_backend"'
more='SCRIPT_NAME=/~me/dario.cgi' cgi GET ''
like 'prefix: no path is the root' "$out" '"name":"dario"'
more='SCRIPT_NAME= DARIO_PREFIX=/a/b/' cgi GET /a/b/v1/health
like 'prefix: by the setting' "$out" '"status":"no_backend"'
more='SCRIPT_NAME= DARIO_PREFIX=/a/b' cgi GET /a/b
like 'prefix: alone' "$out" '"name":"dario"'
more='SCRIPT_NAME= DARIO_PREFIX=/a/b' cgi GET /a/bc/health
like 'prefix: not within a word' "$out" 'Status: 404'
more='SCRIPT_NAME= DARIO_PREFIX=/a/b' cgi GET /health
like 'prefix: without it as well' "$out" '"status":"no_backend"'

# Without a key, only this machine.
for addr in 127.0.0.1 ::1 ::ffff:127.0.0.1 unix:; do
	more="REMOTE_ADDR=$addr" cgi GET /
	like "no key, from $addr: in" "$out" 'Status: 200'
done
for addr in 192.0.2.1 2001:db8::1 ::ffff:192.0.2.1 ''; do
	more="REMOTE_ADDR=$addr" cgi GET /
	like "no key, from $addr: refused" "$out" 'Status: 403'
	like "no key, from $addr: says what to set" "$out" DARIO_API_KEY
done
more='REMOTE_ADDR=192.0.2.1' cgi GET /health
like 'no key: health is open' "$out" '{"status":"no_backend"}'
more='REMOTE_ADDR=192.0.2.1 DARIO_API_KEY=k HTTP_X_API_KEY=k' cgi GET /
like 'with a key, from elsewhere: in' "$out" 'Status: 200'

start_router --demo
"$dario" backend add real --base-url="http://127.0.0.1:$port/demo/v1" \
	--protocol=openai,anthropic 2>/dev/null
CGI_PROXY=http://127.0.0.1:1 cgi POST /v1/chat/completions \
	'{"model":"real:demo","stream":true,"messages":[{"role":"user","content":"hi"}]}'
is 'stream: exit 0' "$rc" 0
like 'stream: head' "$out" 'Content-Type: text/event-stream'
like 'stream: whole, and past the Proxy field' "$out" 'data: [DONE]'

# The body ends where its length says, not where the input does.
mkfifo "$tmp/open"
exec 7<>"$tmp/open"
ask='{"model":"real:demo","messages":[{"role":"user","content":"hi"}]}'
printf '%s' "$ask" >&7
out=$(timeout 60 env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" \
	DARIO_DATADIR="$DARIO_DATADIR" REQUEST_METHOD=POST \
	PATH_INFO=/v1/messages HTTP_HOST=localhost REMOTE_ADDR=127.0.0.1 \
	CONTENT_LENGTH=${#ask} "$worker" <&7 2>"$tmp/err")
is 'input that stays open: served' "$?" 0
like 'input that stays open: answered' "$out" 'Status: 200'
exec 7>&-

# An answer that breaks off is no success.
python3 - "$tmp/port" <<'EOF' &
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
with open(sys.argv[1] + ".new", "w") as f:
    f.write(str(s.getsockname()[1]))
os.rename(sys.argv[1] + ".new", sys.argv[1])
c, _ = s.accept()
c.recv(65536)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 3000000\r\n\r\n{\"x\":\"" + b"x" * 2999900)
c.shutdown(socket.SHUT_WR)
c.recv(65536)
EOF
upstream=$!
wait_for test -e "$tmp/port"
"$dario" backend add short --base-url="http://127.0.0.1:$(cat "$tmp/port")/v1" 2>/dev/null
cgi POST /v1/embeddings '{"model":"short:m","input":"x"}'
is 'broken off: exit 1' "$rc" 1
like 'broken off: said' "$(cat "$tmp/err")" 'error=upstream_reset'
wait "$upstream"

# Whoever reads our output leaves: we end by ourselves, soon.
ask='{"model":"real:demo","stream":true,"messages":[{"role":"user","content":"x"}]}'
printf '%s' "$ask" | timeout 60 env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" \
		DARIO_DATADIR="$DARIO_DATADIR" \
	REQUEST_METHOD=POST PATH_INFO=/v1/messages HTTP_HOST=localhost \
	REMOTE_ADDR=127.0.0.1 \
	CONTENT_LENGTH=${#ask} "$worker" 2>"$tmp/err" | head -n 1 >"$tmp/first"
wait_for grep -q client_gone "$tmp/err"
like 'reader gone: noticed' "$(cat "$tmp/err")" client_gone

# The web server tells us to go: the request ends in order, and is logged.
mkfifo "$tmp/pipe"
exec 8<>"$tmp/pipe"
printf '%s' "$ask" >"$tmp/in"
env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" DARIO_DATADIR="$DARIO_DATADIR" \
	REQUEST_METHOD=POST PATH_INFO=/v1/messages HTTP_HOST=localhost \
	REMOTE_ADDR=127.0.0.1 \
	CONTENT_LENGTH=${#ask} "$worker" <"$tmp/in" >"$tmp/pipe" 2>"$tmp/err" &
pid=$!
read -r first <&8
kill "$pid"
wait "$pid"
is 'SIGTERM: exit 0' "$?" 0
like 'SIGTERM: as if the client had left' "$(cat "$tmp/err")" client_gone

# What a request pays for the start, in CPU, beside what any program pays.
ms=$(python3 - "$worker" "$(command -v true)" <<'EOF'
import os, subprocess, sys
env = dict(DARIO_HOME=os.environ["DARIO_HOME"], REQUEST_METHOD="GET",
           PATH_INFO="/health", HTTP_HOST="localhost",
           REMOTE_ADDR="127.0.0.1")
def took(program):
    times = []
    for _ in range(15):
        child = subprocess.Popen([program], env=env, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
        used = os.wait4(child.pid, 0)[2]
        times.append((used.ru_utime + used.ru_stime) * 1000)
    return min(times)  # what else runs here only adds to it
own, least = took(sys.argv[1]), took(sys.argv[2])
print("%.1f %.1f %d" % (own, least, own < 40 * least))
EOF
)
diag "start-up: ${ms% *} ms (the second is true(1))"
if grep -q '^#define SANITIZED' "$builddir/config.h"; then
	diag 'not run, the sanitizers need time: what a start costs'
else
	is 'a start costs less than 40 of true(1)' "${ms##* }" 1
fi
done_testing
