#!/bin/sh
# SPDX-License-Identifier: MIT
# The library in a host with eight threads. The host has the sanitizer that the
# library was built with: what TSan says of the two is a fault.
. "$(dirname "$0")/lib.sh"
need cc

cc=cc
sanitizer=
if grep -q 'define SANITIZED' "$builddir/config.h"; then
	cc=$(sed -n 's/^CC = //p' "$builddir/Makefile")
	sanitizer=$(sed -n 's/^WARN_CFLAGS = .*\(-fsanitize=[a-z,]*\).*/\1/p' \
		"$builddir/Makefile")
fi
$cc -std=c11 -g -Wall -Wextra -Werror -D_GNU_SOURCE $sanitizer \
	-o "$tmp/every" "$srcdir/tests/lib/every.c" -I"$srcdir/include" \
	-L"$builddir/lib" -ldario -lpthread
is 'every: builds' "$?" 0
export LD_LIBRARY_PATH="$builddir/lib"

echo fake-key >"$tmp/key"
for folder in one other; do
	mkdir -m 700 "$tmp/$folder"
	(export DARIO_HOME="$tmp/$folder" && "$dario" accounts add work \
		--key-file="$tmp/key" && "$dario" backend add one \
		--models='gpt-*' --base-url=http://127.0.0.1:9/v1 \
		--key-file="$tmp/key") 2>/dev/null
done
report every "$tmp/everylog" "$tmp/every" "$builddir" "$tmp/one" "$tmp/other" 2
done_testing
