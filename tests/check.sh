#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests by make check, and what failed once more, one at a time: with a
# dozen at once on two cores a test that waits for something may be late. What
# fails again has failed; what does not is named, for it wants to be steadier.
#	tests/check.sh OUT [VARIABLE=VALUE...] (from the build folder)
# OUT gets what the first round printed, OUT.again the second.
set -u
out=$1
shift
. "$(dirname "$0")/python.sh"
rm -f "$out.again"
make -k "-j$(nproc 2>/dev/null || echo 2)" check VERBOSE=1 "$@" >"$out" 2>&1 &&
	exit 0
grep -q '^# PASS: *[1-9]' "$out" || exit 1 # it was not built, or nothing ran
make -k recheck VERBOSE=1 "$@" >"$out.again" 2>&1
status=$?
grep -hE '^(FAIL|ERROR|XPASS)' "$out" | sort -u | while IFS= read -r line; do
	grep -qxF -- "$line" "$out.again" || echo "unsteady: $line"
done
exit "$status"
