#!/bin/sh
# SPDX-License-Identifier: MIT
# The numbered edge cases of translation that need no network; the others are
# tests/vtc/edge-NN.vtc.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report edge "$tmp/edge.out" python3 "$srcdir/tests/golden/edge.py" \
	"$builddir/tests/golden/convert"
done_testing
