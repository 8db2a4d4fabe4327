#!/bin/sh
# SPDX-License-Identifier: MIT
# A request of its provider's own API that holds nothing to mend costs hardly
# more than one that is not looked at, in instructions.
. "$(dirname "$0")/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1

out=$tmp/out
python3 "$srcdir/tests/bench/mend_cost.py" "$builddir" >"$out" 2>&1
rc=$?
[ "$rc" != 77 ] || skip_all "$(sed 's/^SKIP //' "$out")"
is 'each API was measured' "$(grep -Ec '^(PASS|FAIL) ' "$out")" 4
verdicts "$out"
is 'ended as it should' "$rc" 0
done_testing
