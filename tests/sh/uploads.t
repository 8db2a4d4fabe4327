#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may not ask is refused before the body has come, and a client that leaves
# is noticed, whatever it waits for.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
DARIO_API_KEY=the-right-key-of-the-router
export DARIO_API_KEY DARIO_KEEPALIVE_MS=60000 # the most
up=$(free_port)
start_process "$tmp/provider.log" python3 "$srcdir/tests/sh/load.py" provider \
	"$up" "$tmp/let-go"
wait_for grep -q listening "$tmp/provider.log"
"$dario" backend add up --key=k --base-url="http://127.0.0.1:$up/v1" 2>/dev/null
start_router --threads=64
report uploads "$tmp/uploads.log" python3 "$srcdir/tests/sh/uploads.py" "$port" \
	"$DARIO_API_KEY" "$DARIO_HOME" "$router"
done_testing
