#!/bin/sh
# SPDX-License-Identifier: MIT
# Answers and requests that people met and proxies lost something of.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report reports "$tmp/reports.out" python3 "$srcdir/tests/golden/reports.py" \
	"$builddir/tests/golden/convert"
done_testing
