#!/bin/sh
# SPDX-License-Identifier: MIT
# Bodies that come slowly keep nobody else's out.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
DARIO=$dario
export DARIO
one=$("$dario" key add one 2>/dev/null)
other=$("$dario" key add two 2>/dev/null)
start_router
report trickle "$tmp/trickle.log" python3 "$srcdir/tests/sh/trickle.py" \
	"$port" "$one" "$other"
done_testing
