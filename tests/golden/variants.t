#!/bin/sh
# SPDX-License-Identifier: MIT
# Answers of providers that are not as documented.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report variants "$tmp/variants.out" python3 "$srcdir/tests/golden/variants.py" \
	"$builddir/tests/golden/convert"
done_testing
