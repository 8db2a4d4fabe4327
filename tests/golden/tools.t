#!/bin/sh
# SPDX-License-Identifier: MIT
# Tools: every row of the shipped table, both directions, from all three APIs.
. "$(dirname "$0")/../sh/lib.sh"
need python3
report tools "$tmp/tools.out" python3 "$srcdir/tests/golden/tools.py" \
	"$builddir/tests/golden/tools"
done_testing
