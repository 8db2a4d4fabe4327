#!/bin/sh
# SPDX-License-Identifier: MIT
# Recordings of real providers, translated into both other dialects: they keep
# their meaning, and the official SDKs read them.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need python3

fixtures=${RECORDINGS:-$srcdir/../shared/fixtures}
[ -d "$fixtures" ] || skip_all "the recordings are not beside this tree"

mkdir "$tmp/out"
export PYTHONDONTWRITEBYTECODE=1
report meaning "$tmp/meaning.out" python3 "$srcdir/tests/golden/fixtures.py" \
	"$builddir/tests/golden/convert" "$fixtures" "$tmp/out"
with_npm report npm "$tmp/npm.out" node "$deps/read.mjs" "$tmp/out"
with_pip report PyPI "$tmp/pip.out" "$deps/venv/bin/python" \
	"$srcdir/tests/clients/read.py" "$tmp/out"
done_testing
