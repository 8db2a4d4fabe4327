#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests in a provider's own API, with what it refuses all the same.
. "$(dirname "$0")/../sh/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
report strange "$tmp/strange.out" python3 \
	"$srcdir/tests/golden/strange.py" "$builddir/tests/golden/convert"
done_testing
