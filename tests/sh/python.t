#!/bin/sh
# SPDX-License-Identifier: MIT
# The Python binding, as pip installs it.
. "$(dirname "$0")/lib.sh"
need python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'sanitizers have to be in the host, too'
[ -n "${PYTHON_VENV-}" ] || python3 -c 'import cffi, setuptools' 2>/dev/null ||
	skip_all 'the Python packages cffi and setuptools are missing'
cp -r "$srcdir/bindings/python" "$tmp/source"
if [ -n "${PYTHON_VENV-}" ]; then # make check-venv: nothing but what pip fetches
	python3 -m venv "$tmp/venv" >"$tmp/pip" 2>&1 ||
		skip_all 'python3 makes no venv'
	"$tmp/venv/bin/pip" download -q --no-deps -d "$tmp/cffi" cffi \
		>"$tmp/pip" 2>&1 || skip_all 'pip reaches no index'
	"$tmp/venv/bin/pip" install -q "$tmp/source" >"$tmp/pip" 2>&1
	is 'pip installs it into a fresh venv' "$?" 0
	PATH=$tmp/venv/bin:$PATH
	mkdir "$tmp/site" # empty: the venv has it
elif python3 -c 'import pip, wheel' 2>/dev/null; then
	python3 -m pip install -q --no-index --no-deps --no-build-isolation \
		--target "$tmp/site" "$tmp/source" >"$tmp/pip" 2>&1
	is 'pip installs it' "$?" 0
	[ -d "$tmp/site/dario" ] || diag "$(cat "$tmp/pip")"
else
	diag 'not run, the Python packages pip and wheel are missing: pip installs it'
	mkdir "$tmp/site" && cp -r "$tmp/source/dario" "$tmp/site"
fi
"$dario" backend add one --base-url=http://127.0.0.1:9/v1 --models='gpt-*' \
	2>/dev/null
export PYTHONPATH="$tmp/site" PYTHONDONTWRITEBYTECODE=1
export DARIO_LIBRARY="$builddir/lib/libdario.so.0"
export DARIO_HEADER="$srcdir/include/dario.h"
cd "$tmp" || exit 1
python3 "$srcdir/bindings/python/tests/test_dario.py" -v >"$tmp/out" 2>&1
is 'its tests' "$?" 0
ran=$(grep -c ' \.\.\. ok$' "$tmp/out")
ok "of them all, $ran" test "$ran" -ge 13
grep -q '^OK' "$tmp/out" || diag "$(cat "$tmp/out")"

# What Python does itself is none of our business, and it reads what it has not
# written: of valgrind's words those about the library are wanted, and addresses.
if command -v valgrind >/dev/null; then
	PYTHONMALLOC=malloc valgrind --undef-value-errors=no --leak-check=full \
		--log-file="$tmp/grind" --num-callers=40 python3 \
		"$srcdir/bindings/python/tests/test_dario.py" >"$tmp/out" 2>&1
	is 'its tests under valgrind' "$?" 0
	like 'valgrind has looked' "$(cat "$tmp/grind")" 'ERROR SUMMARY'
	is 'no complaint about the library' "$(sed 's/^==[0-9]*== *//' \
		"$tmp/grind" | awk 'BEGIN { RS = "" }
			/^Invalid|^Mismatched|definitely lost in/ && /dario_/')" ''
fi
done_testing
