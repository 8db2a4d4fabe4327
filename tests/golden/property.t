#!/bin/sh
# SPDX-License-Identifier: MIT
# Generated conversations keep their meaning in all nine pairs of dialects.
. "$(dirname "$0")/../sh/lib.sh"
need python3
report property "$tmp/property.out" python3 \
	"$srcdir/tests/golden/property.py" "$builddir/tests/golden/convert"
done_testing
