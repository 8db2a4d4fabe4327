#!/bin/sh
# SPDX-License-Identifier: MIT
# Nothing holds an event loop up, and a stop comes to its end.
. "$(dirname "$0")/lib.sh"
need python3 prlimit
export PYTHONDONTWRITEBYTECODE=1
report loops "$tmp/loops.log" python3 "$srcdir/tests/sh/loops.py" "$builddir" \
	"$srcdir/tests/bench"
done_testing
