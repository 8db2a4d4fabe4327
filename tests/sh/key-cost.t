#!/bin/sh
# SPDX-License-Identifier: MIT
# What the limits of a key cost a request: a tenth of it at most.
. "$(dirname "$0")/lib.sh"
need python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'instructions of sanitizers are not counted'
export PYTHONDONTWRITEBYTECODE=1

python3 "$srcdir/tests/bench/key-cost.py" --builddir="$builddir" >"$tmp/out" 2>&1
rc=$?
[ "$rc" != 77 ] || skip_all "$(sed 's/^SKIP //' "$tmp/out")"
is 'whole answers and streams were measured' "$(grep -Ec '^(PASS|FAIL) ' "$tmp/out")" 2
verdicts "$tmp/out"
is 'ended as it should' "$rc" 0
done_testing
