#!/bin/sh
# SPDX-License-Identifier: MIT
# Who may not ask is refused before the body has come, and a client that leaves
# is noticed, whatever it waits for.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
DARIO_API_KEY=the-right-key-of-the-router
export DARIO_API_KEY
start_router --demo --threads=64
report uploads "$tmp/uploads.log" python3 "$srcdir/tests/sh/uploads.py" "$port" \
	"$DARIO_API_KEY" "$DARIO_HOME" "$router"
done_testing
