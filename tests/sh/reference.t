#!/bin/sh
# SPDX-License-Identifier: MIT
# doc/configuration.md is what the tables say, and what it says is so: each
# example is taken without a remark, each range ends where it says.
. "$(dirname "$0")/lib.sh"
need python3 lighttpd
page=$srcdir/doc/configuration.md

"$dario" help --reference >"$tmp/page"
is 'the page is that of the tables: dario help --reference' \
	"$(diff -u "$page" "$tmp/page" | head -n 20)" ''
PYTHONDONTWRITEBYTECODE=1 python3 "$srcdir/tests/sh/reference.py" "$page" \
	"$dario" "$tmp" >"$tmp/out" 2>&1
is 'the rest was tried' "$?" 0
verdicts "$tmp/out"
done_testing
