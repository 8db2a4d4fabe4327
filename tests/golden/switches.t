#!/bin/sh
# SPDX-License-Identifier: MIT
# The switches of a backend, in translated requests.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report switches "$tmp/switches.out" python3 \
	"$srcdir/tests/golden/switches.py" "$builddir/tests/golden/convert"
done_testing
