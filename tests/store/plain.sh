#!/bin/sh
# SPDX-License-Identifier: MIT
# make plain: a release archive, built beside this tree without hiredis: it
# works, and refuses another store by the package's name.
#	tests/store/plain.sh ARCHIVE (from the build folder)
set -eu
rm -rf build-plain
mkdir build-plain
tar -xf "$1" -C build-plain --strip-components=1
cd build-plain
./configure -q --without-hiredis --enable-werror
make -s "-j$(nproc 2>/dev/null || echo 2)"
if ldd dario.fcgi | grep hiredis; then
	echo 'plain: it is linked with hiredis' >&2
	exit 1
fi
DARIO_HOME=$PWD/home DARIO_STORE=redis://10.0.0.5 ./dario accounts list 2>said &&
	{ echo 'plain: the store was not refused' >&2; exit 1; }
grep libhiredis-dev said
make -s check TESTS='tests/unit/test-pool
	tests/unit/test-meter tests/sh/cgi.t tests/money/limits.t'
cd ..
rm -rf build-plain
