#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed corpus of the fuzz targets, replayed whole and cut at every place.
. "$(dirname "$0")/../sh/lib.sh"
for target in peek sse request events tools; do
	ok "replay $target" "$builddir/tests/fuzz/replay-$target" \
		"$srcdir/tests/fuzz/corpus/$target"/*
done
done_testing
