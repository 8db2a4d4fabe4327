#!/bin/sh
# SPDX-License-Identifier: MIT
# What Anthropic's API takes and refuses, and what the others get of its own.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report claude "$tmp/claude.out" python3 "$srcdir/tests/golden/claude.py" \
	"$builddir/tests/golden/convert"
done_testing
