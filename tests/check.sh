#!/bin/sh
# SPDX-License-Identifier: MIT
# All tests by make check, and what failed once more, one at a time: with a
# few at once a test that waits for something may be late. What fails again has
# failed; what does not is named, for it wants to be steadier. What a sanitizer
# has said, and a worker that has crashed, is a fault though it came only once.
#	tests/check.sh OUT [VARIABLE=VALUE...] (from the build folder)
# OUT gets what the first round printed, OUT.again the second. Most tests wait
# more than they compute: CHECK_JOBS are as many as two for each core.
set -u
out=$1
shift
. "$(dirname "$0")/python.sh"
rm -f "$out.again"
cores=$(nproc 2>/dev/null || echo 2)
make -k "-j${CHECK_JOBS:-$((2 * cores))}" check VERBOSE=1 "$@" >"$out" 2>&1 &&
	exit 0
grep -q '^# PASS: *[1-9]' "$out" || exit 1 # it was not built, or nothing ran
make -k recheck VERBOSE=1 "$@" >"$out.again" 2>&1
status=$?
fault='FAIL: .*(no complaint of a sanitizer|no worker has crashed)|(ERROR|WARNING): (Address|Leak|Thread)Sanitizer|: runtime error: '
if grep -E "$fault" "$out"; then
	status=1
fi
grep -hE '^(FAIL|ERROR|XPASS)' "$out" | sort -u | while IFS= read -r line; do
	grep -qxF -- "$line" "$out.again" || echo "unsteady: $line"
done
exit "$status"
