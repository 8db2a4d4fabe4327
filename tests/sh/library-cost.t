#!/bin/sh
# SPDX-License-Identifier: MIT
# A translation by the library costs no more instructions than in the worker.
. "$(dirname "$0")/lib.sh"
need cc valgrind
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'instructions of sanitizers are not counted'

cc -O1 -o "$tmp/cost" "$srcdir/tests/lib/cost.c" -I"$srcdir/include" \
	-L"$builddir/lib" -ldario
is 'the test program builds' "$?" 0
export LD_LIBRARY_PATH="$builddir/lib"

# instructions PROGRAM: of ten more, which is without the start
instructions() {
	for n in 10 20; do
		valgrind --tool=callgrind --callgrind-out-file=/dev/null \
			"$1" $n 2>&1 | sed -n 's/.*Collected : //p'
	done | tr '\n' ' ' | awk '{ print int(($2 - $1) / 10) }'
}
worker=$(instructions "$builddir/tests/bench/translate-cost")
library=$(instructions "$tmp/cost")
diag "worker $worker, library $library instructions"
ok 'they were counted' test "${worker:-0}" -gt 10000
ok 'no more than in the worker, within 5 %' \
	test "$library" -le $((worker * 105 / 100))
done_testing
