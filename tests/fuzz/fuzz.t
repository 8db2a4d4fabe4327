#!/bin/sh
# SPDX-License-Identifier: MIT
# The seed corpus of the fuzz targets, replayed whole and cut at every place.
. "$(dirname "$0")/../sh/lib.sh"
for corpus in "$srcdir"/tests/fuzz/corpus/*; do
	target=${corpus##*/}
	ok "replay $target" "$builddir/tests/fuzz/replay-$target" \
		"$corpus"/*
done
done_testing
