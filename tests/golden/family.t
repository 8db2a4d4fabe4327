#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests of Messages clients that come to another model of Claude.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report family "$tmp/family.out" python3 \
	"$srcdir/tests/golden/family.py" "$builddir/tests/golden/convert"
done_testing
