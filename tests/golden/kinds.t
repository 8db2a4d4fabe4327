#!/bin/sh
# SPDX-License-Identifier: MIT
# A member of another JSON type than it can have is used or refused.
. "$(dirname "$0")/../sh/lib.sh"
need python3
report kinds "$tmp/kinds.out" python3 "$srcdir/tests/golden/kinds.py" \
	"$builddir/tests/golden/convert"
done_testing
