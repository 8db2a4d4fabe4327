#!/bin/sh
# SPDX-License-Identifier: MIT
# Tools and items of Responses clients at providers that know functions only.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report codex "$tmp/codex.out" python3 "$srcdir/tests/golden/codex.py" \
	"$builddir/tests/golden/convert"
done_testing
