#!/bin/sh
# SPDX-License-Identifier: MIT
# The switches of a backend, in requests of its own API.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report mend "$tmp/mend.out" python3 "$srcdir/tests/golden/mend.py" \
	"$builddir/tests/golden/convert"
done_testing
