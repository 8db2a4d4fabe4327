#!/bin/sh
# SPDX-License-Identifier: MIT
# What refusals mean, row by row, each through a live request.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_QUEUE_MS=0
export DARIO_QUEUE_MS
rule '{"keep":false}'
two_accounts
"$dario" backend add groq --base-url="$provider/b/groq/v1" 2>/dev/null
for alias in a1 b1; do
	printf 'gsk-%s\n' $alias | "$dario" accounts add $alias --backend=groq --key-stdin 2>/dev/null
done
start_router
report refusals "$tmp/refusals.out" python3 "$srcdir/tests/claude/refusals.py" "$url"
done_testing
