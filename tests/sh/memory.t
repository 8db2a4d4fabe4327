#!/bin/sh
# SPDX-License-Identifier: MIT
# JSON that costs more memory than it looks like, large bodies, and a worker
# that has no memory left: only the request at fault fails.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 prlimit

provider=$(free_port)
# An account, which is known by a digest.
(umask 077 && mkdir -p "$DARIO_HOME/accounts" &&
	echo '{"apiKey":"sk-x"}' >"$DARIO_HOME/accounts/a.json")
start_router
worker=$(worker_pid)
"$dario" backend add chat --base-url="http://127.0.0.1:$provider/v1" \
	--protocol=openai --key=sk-test-0123456789abcdef 2>/dev/null
run() { # CASES
	report "$1" "$tmp/$1" python3 "$srcdir/tests/sh/memory.py" "$port" \
		"$worker" "$provider" "$1"
}
if grep -q '^#define SANITIZED' "$builddir/config.h"; then
	diag 'not run: a sanitizer keeps what is freed, and needs no limit'
	ok 'the router runs' kill -0 "$worker"
	done_testing
fi
run streams
is 'streams: the same worker' "$(worker_pid)" "$worker"
run shortage
is 'the same worker' "$(worker_pid)" "$worker"
stop_router
start_router
worker=$(worker_pid)
run cost
is 'the same worker, still' "$(worker_pid)" "$worker"
stop_router

# With less than it needs for all that comes at once: by our own bound, by the
# system's.
export DARIO_MEMORY=128
start_router
worker=$(worker_pid)
run budget
is 'a budget: the same worker' "$(worker_pid)" "$worker"
stop_router
unset DARIO_MEMORY
(ulimit -v 400000 && exec "$dario" proxy --port="$port") >>"$tmp/log" 2>&1 &
router=$!
children="$children $router"
ok 'a small ulimit -v: a router runs' wait_for listens "$port"
worker=$(worker_pid)
run limit
is 'a small ulimit -v: the same worker' "$(worker_pid)" "$worker"
done_testing
