#!/bin/sh
# SPDX-License-Identifier: MIT
# The search that a provider runs itself, from one API to another.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report search "$tmp/search.out" python3 "$srcdir/tests/golden/search.py" \
	"$builddir/tests/golden/convert" \
	"${RECORDINGS:-$srcdir/../shared/fixtures}"
done_testing
