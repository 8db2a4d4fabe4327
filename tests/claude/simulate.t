#!/bin/sh
# SPDX-License-Identifier: MIT
# The pool under load, and what is left of it after kill -9.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
mkdir -m 700 "$DARIO_HOME"
rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b","sk-ant-api03-c"]}'
for alias in a b c; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done

start_router --workers=4
report simulation "$tmp/simulate.out" python3 "$srcdir/tests/claude/simulate.py" "$url"
stop_router
rm -rf "$DARIO_HOME/state"
report survival "$tmp/survive.out" python3 "$srcdir/tests/claude/survive.py" "$dario"
done_testing
