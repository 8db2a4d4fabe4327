#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls and results of other types than providers take, in Chat requests.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report calls "$tmp/calls.out" python3 \
	"$srcdir/tests/golden/calls.py" "$builddir/tests/golden/convert"
done_testing
