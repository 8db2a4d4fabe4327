#!/bin/sh
# SPDX-License-Identifier: MIT
# What a client or a provider sends much of is not worked on in squares.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report growth "$tmp/growth.out" python3 "$srcdir/tests/golden/growth.py" \
	"$builddir/tests/golden/convert" "$builddir/tests/golden/tools"
done_testing
