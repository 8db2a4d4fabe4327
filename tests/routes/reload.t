#!/bin/sh
# SPDX-License-Identifier: MIT
# Every edit counts on the next request, and none is felt otherwise.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
rule '{"keep":false}'
start_router
"$dario" backend add one --base-url="$provider/b/one/v1" 2>/dev/null
sanitized=$(grep '^#define SANITIZED' "$builddir/config.h")
report reload "$tmp/reload.out" python3 "$srcdir/tests/routes/reload.py" "$url" "$provider" "$(worker_pid)" "$sanitized"
[ -z "$sanitized" ] || diag 'not run, a sanitizer keeps what is freed: no leak'
done_testing
