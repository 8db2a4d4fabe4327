#!/bin/sh
# SPDX-License-Identifier: MIT
# What searching costs in a history that nobody has made so, in instructions.
. "$(dirname "$0")/../sh/lib.sh"
need python3 valgrind
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'instructions of sanitizers are not counted'
report steps "$tmp/steps.out" python3 "$srcdir/tests/golden/steps.py" \
	"$builddir/tests/golden/convert"
done_testing
