#!/bin/sh
# SPDX-License-Identifier: MIT
# The library makes of a request and its answer what the worker makes of them.
. "$(dirname "$0")/lib.sh"
need python3
python3 -c 'import cffi' 2>/dev/null ||
	skip_all 'the Python package cffi is missing'
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'sanitizers have to be in the host, too'
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$srcdir/bindings/python"
export DARIO_LIBRARY="$builddir/lib/libdario.so.0"
report alike "$tmp/alike.out" python3 "$srcdir/tests/lib/alike.py" "$builddir"
done_testing
