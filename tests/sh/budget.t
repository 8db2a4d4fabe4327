#!/bin/sh
# SPDX-License-Identifier: MIT
# What a request and an event of a stream cost the worker, in instructions:
# not more than tests/bench/budget.txt allows.
. "$(dirname "$0")/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1

out=$tmp/out
python3 "$srcdir/tests/bench/budget.py" --builddir="$builddir" >"$out" 2>&1
rc=$?
[ "$rc" != 77 ] || skip_all "$(sed 's/^SKIP //' "$out")"
lanes=$(grep -c '^[a-z ]*: [0-9,]*$' "$srcdir/tests/bench/budget.txt")
is 'every lane of the budget was measured, and few accounts against many' \
	"$(grep -Ec '^(PASS|FAIL) ' "$out")" "$((lanes + 1))"
verdicts "$out"
is 'ended as it should' "$rc" 0
done_testing
