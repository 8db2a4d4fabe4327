#!/bin/sh
# SPDX-License-Identifier: MIT
# A translation by the library costs no more instructions than in the worker.
. "$(dirname "$0")/lib.sh"
need cc valgrind python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'instructions of sanitizers are not counted'

cc -O1 -o "$tmp/cost" "$srcdir/tests/lib/cost.c" -I"$srcdir/include" \
	-L"$builddir/lib" -ldario
is 'the test program builds' "$?" 0
report cost "$tmp/cost.out" python3 "$srcdir/tests/bench/library.py" \
	"$builddir" "$tmp/cost" "$builddir/lib"
done_testing
