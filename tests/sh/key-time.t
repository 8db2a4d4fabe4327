#!/bin/sh
# SPDX-License-Identifier: MIT
# A wrong key takes as long as any other, however much of it is right: counted
# in instructions.
. "$(dirname "$0")/lib.sh"
need python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'instructions of sanitizers are not counted'
export PYTHONDONTWRITEBYTECODE=1

python3 "$srcdir/tests/bench/key-time.py" --builddir="$builddir" >"$tmp/out" 2>&1
rc=$?
[ "$rc" != 77 ] || skip_all "$(sed 's/^SKIP //' "$tmp/out")"
is 'both fields, and both kinds of keys, were counted' "$(grep -Ec '^(PASS|FAIL) ' "$tmp/out")" 6
verdicts "$tmp/out"
is 'ended as it should' "$rc" 0
done_testing
