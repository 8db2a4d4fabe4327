#!/bin/sh
# SPDX-License-Identifier: MIT
# What a provider made comes home as it was.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report home "$tmp/home.out" python3 \
	"$srcdir/tests/golden/home.py" "$builddir/tests/golden/convert"
done_testing
