#!/bin/sh
# SPDX-License-Identifier: MIT
# dario doctor: nothing to say about a good home, and each fault is found,
# named, and told how to mend.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

# look [FLAGS]: sets rc and $tmp/doc.json; all output is kept for the end.
# --json must parse and agree with the exit status.
look() {
	"$dario" doctor --json "$@" >"$tmp/doc.json" 2>"$tmp/doc.err"
	rc=$?
	cat "$tmp/doc.json" "$tmp/doc.err" >>"$tmp/said"
	agrees=$(json 'j["ok"] == (not [c for c in j["checks"] if c["status"] == "fail"])
		and all((c["fix"] is None) <= (c["status"] in ("ok", "skip")) for c in j["checks"])
		and j["ok"]' <"$tmp/doc.json")
	case $rc$agrees in
	0True | 1False) ;;
	*) fail "doctor $*: exit $rc, but JSON says $agrees" "$(cat "$tmp/doc.json")" ;;
	esac
}

# found NAME: its status; told NAME: what was seen, and what to do
found() {
	json "' '.join(c['status'] for c in j['checks'] if c['name'] == '$1')" \
		<"$tmp/doc.json"
}
told() {
	json "' '.join(c['seen'] + ': ' + (c['fix'] or '') for c in j['checks'] if c['name'] == '$1')" \
		<"$tmp/doc.json"
}
bad() {
	json "', '.join(c['name'] for c in j['checks'] if c['status'] in ('warn', 'fail'))" \
		<"$tmp/doc.json"
}

# A provider that wants a key, and whose clock is off by so many seconds.
cat >"$tmp/up.py" <<'PY'
import http.server, sys, time
class Up(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + float(sys.argv[1]))
    def log_message(self, *a): pass
    def do_GET(self):
        key = self.headers.get("Authorization") or self.headers.get("x-api-key") or ""
        status = 200 if "sk-good" in key else 401
        if self.path.startswith("/moved"):
            status = 308
        if self.path.startswith("/none"):
            status = 404
        body = b'{"data":[{"id":"a"},{"id":"b"}]}'
        if self.path.startswith("/page"):
            body = b"<html>hello</html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Up)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
up() { # OFF: sets up_port
	start_process "$tmp/port$1" python3 "$tmp/up.py" "$1"
	wait_for test -s "$tmp/port$1"
	up_port=$(cat "$tmp/port$1")
}
good=sk-good-planted-0123456789
wrong=sk-evil-planted-0123456789
add() { # NAME KEY URL
	printf '%s\n' "$2" >"$tmp/key"
	"$dario" backend add "$1" --key-file="$tmp/key" --base-url="$3" \
		2>>"$tmp/said"
}
up 0
base=http://127.0.0.1:$up_port
export TMPDIR=$tmp/t
mkdir "$TMPDIR"

look
is 'no home: exit 1' "$rc" 1
is 'no home: said so' "$(found home)" warn
like 'no backend: says what adds one' "$(told backends)" 'dario backend add'
is 'no backend: the path is looked at all the same' "$(found 'path stream')" ok

add good "$good" "$base/v1"
out=$("$dario" doctor)
is 'a good home: exit 0' "$?" 0
look
is 'a good home: exit 0 with --json' "$rc" 0
is 'a good home: only that there is no key' "$(bad)" 'api key'
like 'no key: what that means' "$(told 'api key')" 'other users of this machine can use it'
like 'no key: what to do' "$(told 'api key')" 'set DARIO_API_KEY, or apiKey in config.json'
DARIO_API_KEY=$wrong look
is 'a good home and a key: nothing to say' "$rc$(bad)" 0
is 'a key: well' "$(found 'api key')" ok
DARIO_API_KEY=planted-0-1-2-3 look
is 'a short key: a warning' "$rc$(found 'api key')" 0warn
like 'a short key: what to do' "$(told 'api key')" 'make a longer one'
look
is 'the text has a line a check' "$(printf '%s\n' "$out" | grep -c '^\(ok\|skip\|warn\)  ')" \
	"$(json 'len(j["checks"])' <"$tmp/doc.json")"
for name in dario worker lighttpd libcurl openssl json-c home files config \
	'backend good' 'path health' 'path server' 'path key' 'path methods' \
	'path body' 'path chunked' 'path answer' 'path stream' \
	'path departure' 'path silence' 'path waiting' clock; do
	is "a good home: $name" "$(found "$name")" ok
done
like 'the web server is known' "$(told 'path server')" lighttpd
like 'the time it took, and the models' "$(told 'backend good')" 'models: 2'
is 'nothing is left behind' "$(ls "$TMPDIR")" ''
is 'no trace in the history' "$(find "$DARIO_HOME" -name 'history*')" ''

# The other checks in full, the path only briefly: through a router that runs.
mkdir -m 700 "$tmp/quick"
port=
export DARIO_HOME="$tmp/quick"
add any "$good" "$base/v1"
start_router
quick=--url=$url
export DARIO_HOME="$tmp/home"

# Files.
file=$DARIO_HOME/backends/good.json
chmod 644 "$file"
look
is 'open file: found' "$(found 'file backends/good.json')" fail
like 'open file: how to close it' "$(told 'file backends/good.json')" "chmod 600 $file"
is 'open file: the configuration is refused' "$(found config)" fail
is 'open file: the path is looked at' "$(found 'path answer')" ok
chmod 600 "$file"
chmod 750 "$DARIO_HOME"
look $quick
like 'open home: how to close it' "$(told home)" "chmod 700 $DARIO_HOME"
chmod 700 "$DARIO_HOME"
mv "$file" "$tmp/there.json"
ln -s "$tmp/there.json" "$file"
look $quick
like 'symbolic link: found' "$(told 'file backends/good.json')" 'symbolic link'
rm "$file"
mv "$tmp/there.json" "$file"
(umask 077 && printf '{"apiKey": "%s",' "$wrong" >"$DARIO_HOME/backends/torn.json")
look $quick
is 'broken JSON: found' "$(found 'file backends/torn.json')" fail
like 'broken JSON: the configuration names it' "$(told config)" backends/torn.json
is 'broken JSON: the others are asked' "$(found 'backend good')" ok
rm "$DARIO_HOME/backends/torn.json"
(umask 077 && printf '{"prot": 1, "port": "x"}' >"$DARIO_HOME/config.json")
look $quick
like 'unknown key: named' "$(told 'config key')" '"prot"'
like 'wrong type: named' "$(told config)" 'config.json: port'
(umask 077 && printf '{"prot": 1}' >"$DARIO_HOME/config.json")
look $quick
is 'unknown key alone: a warning' "$rc$(bad)" '0config key, path key'
like 'a router that runs without a key: said too' "$(told 'path key')" \
	'other users of this machine can use it'

rm "$DARIO_HOME/config.json"
(umask 077 && echo x >"$file.new" && echo '{}' >"$DARIO_HOME/accounts/a b.json")
touch -d '1 hour ago' "$file.new"
look $quick
like 'left by a writer: found' "$(told 'file backends/good.json.new')" "rm $file.new"
like 'a name that is not read' "$(told 'file accounts/a b.json')" rename
is 'both are warnings' "$rc" 0
rm "$file.new" "$DARIO_HOME/accounts/a b.json"

# Backends, all at once.
add evil "$wrong" "$base/v1"
add refused "$good" http://127.0.0.1:1/v1
add nohost "$good" https://no.such.host.invalid/v1
add notls "$good" "https://127.0.0.1:$up_port/v1"
add moved "$good" "$base/moved"
add page "$good" "$base/page"
add none "$good" "$base/none"
cat >"$tmp/mute.py" <<'PY'
import signal, socket
s = socket.create_server(("127.0.0.1", 0), backlog=100)
print(s.getsockname()[1], flush=True)
signal.pause()
PY
start_process "$tmp/mute" python3 "$tmp/mute.py"
wait_for test -s "$tmp/mute"
mutes=$(seq 30) # 150 s, if one waited for the other
for i in $mutes; do
	add mute$i "$good" "http://127.0.0.1:$(cat "$tmp/mute")/v1"
done
start=$(date +%s%N)
look
ms=$((($(date +%s%N) - start) / 1000000))
ok "30 that do not answer: side by side ($ms ms)" test "$ms" -lt 120000
is 'wrong key: found' "$(found 'backend evil')" fail
like 'wrong key: what to do' "$(told 'backend evil')" 'dario backend add evil --key-file'
like 'refused: the kind' "$(told 'backend refused')" upstream_unreachable
like 'refused: what to do' "$(told 'backend refused')" 'start it'
like 'unknown host: the kind' "$(told 'backend nohost')" dns
like 'no TLS: the kind' "$(told 'backend notls')" tls
like 'redirect: what to do' "$(told 'backend moved')" 'address it redirects to'
is 'a page: a warning' "$(found 'backend page')" warn
is 'no list: a warning' "$(found 'backend none')" warn
for i in 1 30; do
	like "mute$i: the kind" "$(told "backend mute$i")" timeout
done
is 'the good one is good' "$(found 'backend good')" ok
for name in evil refused nohost notls moved page none \
	$(for i in $mutes; do echo mute$i; done); do
	"$dario" backend remove $name
done

# Accounts.
account() { # FILE JSON
	(umask 077 && printf '%s\n' "$2" >"$DARIO_HOME/$1")
}
soon=$(($(date +%s%3N) + 7200000))
export DARIO_ANTHROPIC_BASE_URL=$base
account accounts/work.json "{\"accessToken\":\"$good\",\"refreshToken\":\"r-planted-012345\",\"expiresAt\":$soon}"
account accounts/old.json '{"accessToken":"a-planted-012345","expiresAt":1000}'
account accounts/due.json '{"accessToken":"a-planted-543210","refreshToken":"r-planted-543210","expiresAt":1000}'
account accounts/api.json "{\"apiKey\":\"$good\"}"
account credentials.json '{"claudeAiOauth":{}}'
look $quick
is 'account: healthy' "$(found 'account work')" ok
like 'account: how long' "$(told 'account work')" 'expires in 1h'
is 'account: an API key' "$(found 'account api')" ok
is 'account: expired' "$(found 'account old')" fail
like 'account: which command' "$(told 'account old')" 'dario accounts add old'
is 'account: expired, to be refreshed' "$(found 'account due')" warn
is 'account: no token in the file' "$(found 'account login')" fail
like 'account: dario login' "$(told 'account login')" 'dario login'
is 'Claude is asked with an account' "$(found 'backend claude')" ok
rm "$DARIO_HOME"/accounts/*.json "$DARIO_HOME/credentials.json"
mkdir "$HOME/.claude"
echo '{"claudeAiOauth":{"accessToken":"c-planted-012345","expiresAt":1000}}' \
	>"$HOME/.claude/.credentials.json"
chmod 600 "$HOME/.claude/.credentials.json"
look $quick
is "Claude Code's log-in has expired: a warning" "$rc$(found 'account claude-code')" 0warn
like "Claude Code's log-in: what to do" "$(told 'account claude-code')" 'run claude once'
rm -r "$HOME/.claude"
unset DARIO_ANTHROPIC_BASE_URL

# The clock.
up -120
add slow "$good" "http://127.0.0.1:$up_port/v1"
look $quick
is 'clock two minutes off: a warning' "$rc$(found clock)" 0warn
like 'clock: against whom' "$(told clock)" 'ahead of that of backend slow'
up 900
add slow "$good" "http://127.0.0.1:$up_port/v1"
look $quick
is 'clock a quarter of an hour off: a failure' "$rc$(found clock)" 1fail
like 'clock: what to do' "$(told clock)" timedatectl
"$dario" backend remove slow

# A router that runs, behind a web server that is set up wrong.
key=router-planted-0123456789
web() { # PORT LINES...: lighttpd by hand; each LINE goes into its file
	where=$tmp/web$1
	mkdir -m 700 "$where"
	cat >"$where/conf" <<-END
	server.modules = ("mod_fastcgi")
	server.bind = "127.0.0.1"
	server.port = $1
	server.document-root = "$where"
	server.upload-dirs = ("$where")
	fastcgi.server = ("" => (("socket" => "$where/sock",
	    "bin-path" => "$builddir/dario.fcgi", "max-procs" => 1,
	    "check-local" => "disable",
	    "bin-environment" => ("DARIO_EXIT_WITH_PARENT" => "1",
	        "DARIO_API_KEY" => "$key", "DARIO_DEMO" => "1"))))
	$2
	END
	start_process "$tmp/web$1.log" lighttpd -D -f "$where/conf"
	wait_for listens "$1"
}
# A proxy in front, as they are: that a client has left it sees when it writes.
# Without one the kernel tells, whatever the web server makes of it.
cat >"$tmp/front.py" <<'PY'
import socket, sys, threading
def copy(a, b):
    try:
        while data := a.recv(65536):
            b.sendall(data)
    except OSError:
        pass
def serve(client):
    up = socket.create_connection(("127.0.0.1", int(sys.argv[2])))
    threading.Thread(target=copy, args=(client, up), daemon=True).start()
    copy(up, client)
    up.shutdown(socket.SHUT_RDWR)
    client.close()
s = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
PY
front() { # PORT: sets front
	front=$(free_port)
	start_process "$tmp/front.log" python3 "$tmp/front.py" "$front" "$1"
	wait_for listens "$front"
}
export DARIO_API_KEY=$key
port=$(free_port)
web "$port" 'server.stream-response-body = 0
server.max-request-size = 1024'
front "$port"
look --url="http://127.0.0.1:$front/v1/"
is 'wrong web server: exit 1' "$rc" 1
like 'wrong web server: its name' "$(told 'path server')" lighttpd/
is 'wrong web server: the key arrives' "$(found 'path key')" ok
like 'body: the directive' "$(told 'path body')" server.max-request-size
like 'stream: the directive' "$(told 'path stream')" server.stream-response-body
is 'stream: what was seen' "$(told 'path stream' |
	grep -cE 'holds answers back: .* came in [12] pieces')" 1
like 'departure: the directive' "$(told 'path departure')" tcp-fin-propagate
is 'only these are wrong' "$(bad)" 'path body, path stream, path departure'
port=$(free_port)
web "$port" 'server.stream-response-body = 2'
look --url="http://127.0.0.1:$port"
is 'who leaves is seen without a directive' "$(bad)" ''
is 'and without a stream' "$(found 'path waiting')" ok
front "$port"
look --url="http://127.0.0.1:$front"
is 'silence: a warning' "$(bad)" 'path silence'
like 'silence: the directive' "$(told 'path silence')" tcp-fin-propagate
is 'silence: more would not be seen either' "$(found 'path waiting')" skip

# nginx as it comes, and without the buffers that it does not need.
if command -v nginx >/dev/null && [ -r /etc/nginx/fastcgi_params ]; then
	cat >"$tmp/spawn.py" <<-'PY'
	import os, socket, sys
	s = socket.socket(socket.AF_UNIX)
	s.bind(sys.argv[1])
	os.chmod(sys.argv[1], 0o666)
	s.listen(64)
	os.dup2(s.fileno(), 0)
	os.execv(sys.argv[2], sys.argv[2:])
	PY
	chmod 711 "$tmp"
	mkdir "$tmp/nginx"
	DARIO_DEMO=1 start_process "$tmp/worker.log" \
		python3 "$tmp/spawn.py" "$tmp/nginx/sock" "$builddir/dario.fcgi"
	wait_for test -S "$tmp/nginx/sock"
	port=$(free_port)
	cat >"$tmp/nginx/conf" <<-END
	daemon off;
	master_process off;
	pid $tmp/nginx/pid;
	error_log $tmp/nginx/log;
	events { }
	http {
	    access_log off;
	    client_body_temp_path $tmp/nginx/b;
	    fastcgi_temp_path $tmp/nginx/f;
	    proxy_temp_path $tmp/nginx/p;
	    uwsgi_temp_path $tmp/nginx/u;
	    scgi_temp_path $tmp/nginx/s;
	    server {
	        listen 127.0.0.1:$port;
	        location / {
	            include /etc/nginx/fastcgi_params;
	            fastcgi_pass unix:$tmp/nginx/sock;
	            fastcgi_ignore_headers X-Accel-Buffering;
	            fastcgi_ignore_client_abort on;
	        }
	    }
	}
	END
	start_process "$tmp/nginx/out" nginx -c "$tmp/nginx/conf"
	wait_for listens "$port"
	front "$port"
	look --url="http://localhost:$front"
	like 'nginx: its name' "$(told 'path server')" nginx/
	like 'nginx, body: the directive' "$(told 'path body')" client_max_body_size
	like 'nginx, stream: the directive' "$(told 'path stream')" fastcgi_buffering
	like 'nginx, silence: the directive' "$(told 'path silence')" \
		fastcgi_ignore_client_abort
else
	diag 'not run, nginx is missing: nginx'
fi

# The key, and what is not there.
port=
start_router
look --url="$url"
is 'no demo: streams are not looked at' "$(found 'path stream')" skip
like 'no demo: how they are' "$(told 'path stream')" DARIO_DEMO=1
is 'no demo: all is well' "$rc" 0
DARIO_API_KEY=$wrong look --url="$url"
is 'another key: found' "$rc$(found 'path key')" 1fail
like 'another key: what to do' "$(told 'path key')" DARIO_API_KEY
DARIO_API_KEY= look --url="$url"
like 'no key: found' "$(told 'path key')" 'none is set here'
(umask 077 && echo '{' >"$DARIO_HOME/backends/torn.json")
look --url="$url"
like 'the router has an older configuration' "$(told 'path health')" backends/torn.json
rm "$DARIO_HOME/backends/torn.json"
stop_router
look --url="$url"
is 'no router there: found' "$rc$(found 'path health')" 1fail
for bad_url in ftp://x nonsense "http://u:p@127.0.0.1/"; do
	"$dario" doctor --url="$bad_url" >>"$tmp/said" 2>&1
	is "URL $bad_url: exit 2" "$?" 2
done

for secret in "$good" "$wrong" "$key" planted-012345 planted-543210; do
	unlike "never said: $secret" "$(cat "$tmp/said")" "$secret"
done
done_testing
