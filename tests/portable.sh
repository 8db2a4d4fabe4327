#!/bin/sh
# SPDX-License-Identifier: MIT
# make portable: a release archive, built beside this tree with nothing that
# POSIX has not (configure --enable-posix-fallbacks), and the tests of what then
# goes another way: descriptors, the loop, signals, start and end, files.
#	tests/portable.sh ARCHIVE (from the build folder)
# PORTABLE chooses others, and only what they need is built then: unit tests, and
# shell tests of the programs. (TESTS is a variable of the Makefile's own.)
set -eu
archive=$1
programs='dario dario.fcgi'
if [ -z "${PORTABLE-}" ]; then
	programs=all
	PORTABLE="tests/unit/test-base tests/unit/test-departure
		tests/unit/test-loop tests/unit/test-meter tests/unit/test-pool
		tests/unit/test-port tests/unit/test-snapshot
		tests/unit/test-state tests/unit/test-usage
		tests/sh/demo.t tests/sh/faults.t
		tests/sh/gateway.t tests/sh/library.t
		tests/sh/listen.t tests/sh/run.t tests/sh/stop.t
		tests/sh/terminal.t tests/sh/usage.t tests/claude/pool.t
		tests/claude/refresh.t tests/routes/reload.t
		tests/vtc/client-gone-streaming.vtc
		tests/vtc/client-gone-waiting.vtc tests/vtc/keepalive.vtc
		tests/vtc/large-answer.vtc tests/vtc/stream-pace.vtc
		tests/vtc/translate-stream.vtc"
fi
folder=build-portable
rm -rf "$folder"
mkdir "$folder"
tar -xf "$archive" -C "$folder" --strip-components=1
cd "$folder"
for t in $PORTABLE; do
	case $t in tests/unit/*) programs="$programs $t" ;; esac
done
./configure -q CFLAGS='-g -O1' --enable-posix-fallbacks --enable-werror
make -s "-j$(nproc 2>/dev/null || echo 2)" $programs

left=$(nm -u dario dario.fcgi | grep -E ' (accept4|epoll_|eventfd|inotify_|pipe2|posix_fallocate|prctl|signalfd|sigtimedwait|syscall)' || true)
[ -z "$left" ] || {
	echo "what POSIX has not is called: $left" >&2
	exit 1
}

srcdir=$PWD builddir=$PWD DARIO_DATADIR=$PWD CMOCKA_MESSAGE_OUTPUT=TAP
export srcdir builddir DARIO_DATADIR CMOCKA_MESSAGE_OUTPUT
passes() { # cmocka says of what is left out: not ok # SKIP
	"$@" >test.log 2>&1 && ! grep '^not ok' test.log | grep -v '# SKIP'
}
failed=
for t in $PORTABLE; do
	case $t in
	tests/unit/*) set -- "$t" ;;
	*.vtc) set -- sh tests/vtc/run.sh "$t" ;;
	*) set -- sh "$t" ;;
	esac
	if passes "$@" || { passes "$@" && echo "unsteady: $t"; }; then
		echo "$t: $(grep -c '^ok' test.log) passed"
	else
		cat test.log
		failed="$failed $t"
	fi
done
if [ -n "$failed" ]; then
	echo "failed:$failed" >&2
	exit 1
fi
cd ..
rm -rf "$folder"
