#!/bin/sh
# SPDX-License-Identifier: MIT
# Turns in an odd order, in requests of the target's own API.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report turns "$tmp/turns.out" python3 "$srcdir/tests/golden/turns.py" \
	"$builddir/tests/golden/convert"
done_testing
