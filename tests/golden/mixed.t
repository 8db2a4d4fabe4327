#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests whose parts and tools are written as another API has them.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report mixed "$tmp/mixed.out" python3 \
	"$srcdir/tests/golden/mixed.py" "$builddir/tests/golden/convert"
done_testing
