#!/bin/sh
# SPDX-License-Identifier: MIT
# An upstream's answer that is no HTTP is a 502 that says what is wrong.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
start_router
export DARIO="$dario" PYTHONDONTWRITEBYTECODE=1
report answers "$tmp/answers.out" python3 "$srcdir/tests/sh/answers.py" "$port"
done_testing
