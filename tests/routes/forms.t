#!/bin/sh
# SPDX-License-Identifier: MIT
# Forms with files: the model is found wherever it stands, and what is large
# streams through, without memory, without the disk, and once.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

mkfifo "$tmp/port"
start_process "$tmp/upstream.log" sh -c \
	"exec python3 '$srcdir/tests/routes/upstream.py' >'$tmp/port'"
read -r up <"$tmp/port"
for name in a b once hasty; do
	"$dario" backend add $name --base-url="http://127.0.0.1:$up/$name/v1" \
		--key="sk-$name-0123456789abcdef" 2>/dev/null
done
"$dario" backend add dead --base-url=http://127.0.0.1:1/v1 2>/dev/null
# Less than a slow client takes to send its body.
sed -i 's/^{/{"firstByteTimeoutMs":4000,/' "$DARIO_HOME/backends/hasty.json"
(umask 077 && cat >"$DARIO_HOME/routes.json") <<'EOF'
{"rules":[{"match":"once","target":"once:m","fallbacks":["b:m"],
	   "on":["404","5xx","connect"],"retries":2},
	  {"match":"nowhere","target":"dead:m","fallbacks":["b:m"]},
	  {"match":"a-long-alias","target":"b:m"},
	  {"match":"tiny","target":"b:with-a-longer-name"}]}
EOF
start_router --workers=1 # whose bodies are counted together
worker=$(worker_pid)
for part in small large-lighttpd once late crowd; do
	report $part "$tmp/$part.log" python3 "$srcdir/tests/routes/forms.py" \
		"$url" "$up" "$worker" $part "$DARIO_HOME"
done
is 'the same worker' "$(worker_pid)" "$worker"

# Behind nginx, as the printed files set it up: nothing is on the disk, however
# slowly the provider reads.
if command -v nginx >/dev/null; then
	mkdir -m 700 "$tmp/n" "$tmp/n/spool"
	"$dario" proxy --print-config=nginx --socket="$tmp/n/s" >"$tmp/n/dario.conf"
	"$dario" proxy --print-config=nginx-upstream --socket="$tmp/n/s" \
		>"$tmp/n/upstream.conf"
	start_process "$tmp/worker.log" "$builddir/dario.fcgi" --listen="$tmp/n/s"
	nginx_worker=$pid
	wait_for test -S "$tmp/n/s"
	nginx_port=$(free_port)
	cat >"$tmp/n/main.conf" <<-EOF
	$(test "$(id -u)" != 0 || echo 'user root;')
	daemon off; pid $tmp/n/pid; error_log stderr error; worker_processes 1;
	events { worker_connections 256; }
	http { access_log off; client_body_temp_path $tmp/n/spool/1;
	proxy_temp_path $tmp/n/spool/2; fastcgi_temp_path $tmp/n/spool/3;
	uwsgi_temp_path $tmp/n/spool/4; scgi_temp_path $tmp/n/spool/5;
	include $tmp/n/upstream.conf;
	server { listen 127.0.0.1:$nginx_port; include $tmp/n/dario.conf; } }
	EOF
	start_process "$tmp/nginx.log" nginx -p "$tmp/n" -c "$tmp/n/main.conf"
	wait_for listens "$nginx_port"
	for part in small large once late; do
		report "nginx, $part" "$tmp/nginx-$part.log" python3 \
			"$srcdir/tests/routes/forms.py" \
			"http://127.0.0.1:$nginx_port/llm" "$up" "$nginx_worker" \
			$part "$DARIO_HOME" "$tmp/n/spool"
	done
else
	diag 'behind nginx: not tried, it is not there'
fi
# Whoever has just left may not be missed yet.
nobody_is_there() {
	curl -s "$url/metrics" | grep -qx 'dario_worker_requests_in_flight 0'
}
ok 'nobody has a place any more' wait_for nobody_is_there
done_testing
