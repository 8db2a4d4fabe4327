#!/bin/sh
# SPDX-License-Identifier: MIT
# JSON values go from one API to another as they were written.
. "$(dirname "$0")/../sh/lib.sh"
need python3
report exact "$tmp/exact.out" python3 \
	"$srcdir/tests/golden/exact.py" "$builddir/tests/golden/convert" \
	"$builddir/tests/golden/tools"
done_testing
