#!/bin/sh
# SPDX-License-Identifier: MIT
# Request bodies with a content-encoding: read where they must be, and a small
# one that stands for a huge one is refused before it is there.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
for lib in ZLIB ZSTD; do
	grep -q "^#define HAVE_$lib 1" "$builddir/config.h" ||
		skip_all "the program was built without $lib"
done

mkfifo "$tmp/port"
start_process "$tmp/upstream.log" sh -c \
	"exec python3 '$srcdir/tests/routes/upstream.py' >'$tmp/port'"
read -r up <"$tmp/port"
"$dario" backend add up --base-url="http://127.0.0.1:$up/up/v1" \
	--key=sk-test-0123456789abcdef 2>/dev/null
# Else what is freed is kept, and counts as memory that is used.
export ASAN_OPTIONS="quarantine_size_mb=8:${ASAN_OPTIONS-}"
start_router
worker=$(worker_pid)
report packed "$tmp/packed.log" python3 "$srcdir/tests/sh/packed.py" "$port" \
	"$up" "$worker"
is 'the same worker' "$(worker_pid)" "$worker"
done_testing
