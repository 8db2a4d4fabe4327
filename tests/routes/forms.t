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
for name in a b once; do
	"$dario" backend add $name --base-url="http://127.0.0.1:$up/$name/v1" \
		--key="sk-$name-0123456789abcdef" 2>/dev/null
done
# Less than a slow client takes to send its body.
sed -i 's/^{/{"firstByteTimeoutMs":2000,/' "$DARIO_HOME/backends/b.json"
(umask 077 && cat >"$DARIO_HOME/routes.json") <<'EOF'
{"rules":[{"match":"once","target":"once:m","fallbacks":["b:m"],
	   "on":["404","5xx","connect"],"retries":2}]}
EOF
start_router
worker=$(worker_pid)
for part in small large-lighttpd once; do
	report $part "$tmp/$part.log" python3 "$srcdir/tests/routes/forms.py" \
		"$url" "$up" "$worker" $part "$DARIO_HOME"
done
is 'the same worker' "$(worker_pid)" "$worker"
is 'nobody has a place any more' "$(curl -s "$url/metrics" |
	sed -n 's/^dario_worker_busy //p')" 0
done_testing
