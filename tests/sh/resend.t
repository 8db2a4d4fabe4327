#!/bin/sh
# SPDX-License-Identifier: MIT
# A request is sent once; again only when a kept connection was closed before
# the upstream can have read it.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 pgrep
start_router
DARIO=$dario
export DARIO
report resend "$tmp/resend.log" python3 "$srcdir/tests/sh/resend.py" "$port" \
	$(worker_pid)
done_testing
