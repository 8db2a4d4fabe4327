#!/bin/sh
# SPDX-License-Identifier: MIT
# Our own goldens, byte for byte.
. "$(dirname "$0")/../sh/lib.sh"
need python3
report own "$tmp/own.out" python3 "$srcdir/tests/golden/own.py" \
	"$builddir/tests/golden/convert"
done_testing
