#!/bin/sh
# SPDX-License-Identifier: MIT
# make asan, make tsan: a release archive, built beside this tree with clang's
# sanitizers and with every warning an error, and its tests.
#	tests/sanitize.sh address|thread ARCHIVE (from the build folder)
# TSan runs what has several threads at work; its memory and time allow no more.
# ASan runs all but LEAVE_OUT, patterns of make. SOAK_SECONDS as the soak has it.
set -eu
kind=$1
archive=$2
case $kind in
address)
	tests="\$(filter-out ${LEAVE_OUT-},\$(UNIT_TESTS) \$(SHELL_TESTS)
		\$(VTC_TESTS) \$(SERVER_TESTS))"
	;;
thread)
	tests="tests/unit/test-base tests/unit/test-departure tests/unit/test-loop
		tests/unit/test-pool tests/unit/test-state
		tests/sh/demo.t tests/sh/faults.t tests/sh/library-threads.t tests/sh/life.t
		tests/claude/attempts.t tests/claude/pool.t
		tests/claude/refresh.t tests/routes/reload.t
		tests/store/attempts.t tests/store/pool.t
		tests/soak/soak.t"
	;;
*)
	echo 'usage: sanitize.sh address|thread ARCHIVE' >&2
	exit 2
	;;
esac
folder=build-$kind
rm -rf "$folder"
mkdir "$folder"
tar -xf "$archive" -C "$folder" --strip-components=1
cd "$folder"
# A report of a library that is no fault is named there, with its reason.
TSAN_OPTIONS="suppressions=$PWD/tests/tsan.supp ${TSAN_OPTIONS-}"
export TSAN_OPTIONS
jobs=-j$(nproc 2>/dev/null || echo 2)
./configure -q CC=clang CFLAGS='-g -O1' --enable-sanitizers="$kind" \
	--enable-werror
make -s "$jobs"
status=0
tests/check.sh check.out TESTS="$(echo $tests)" || status=$?
if [ "$status" != 0 ]; then
	cat check.out check.out.again 2>/dev/null || true
	exit "$status"
fi
cd ..
rm -rf "$folder"
