#!/bin/sh
# SPDX-License-Identifier: MIT
# The unit tests of the pool, the meter and choices, with what is shared in a redis-server.
. "$(dirname "$0")/../sh/lib.sh"
start_store
for name in choices pool meter; do
	program=$builddir/tests/unit/test-$name
	[ -x "$program" ] || skip_all "$program was not built"
	CMOCKA_MESSAGE_OUTPUT=TAP "$program" >"$tmp/out" 2>&1
	rc=$?
	is "test-$name: each test was run" "$(grep -Ec '^(ok|not ok)' "$tmp/out")" \
		"$(sed -n 's/^1\.\.//p' "$tmp/out")"
	is "test-$name: what failed" \
		"$(grep '^not ok' "$tmp/out" | grep -v '# SKIP')" ''
	is "test-$name: ended as it should" "$rc" 0
done
is 'the store was asked' "$(timeout 60 redis-cli -s "$store" info commandstats |
	grep -c '^cmdstat_evalsha:')" 1
done_testing
