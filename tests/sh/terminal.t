#!/bin/sh
# SPDX-License-Identifier: MIT
# Questions that are not echoed: whatever ends them, the echo is on again.
. "$(dirname "$0")/lib.sh"
need python3
export PYTHONDONTWRITEBYTECODE=1
for how in signal:TERM signal:HUP signal:INT signal:QUIT key:INT key:QUIT \
	stop again answer:sk-secret-0123456789; do
	report "a key, $how" "$tmp/out" python3 "$srcdir/tests/sh/terminal.py" \
		"$how" "$dario" backend add x --base-url=https://h/v1 --key-stdin
	report "a code, $how" "$tmp/out" python3 "$srcdir/tests/sh/terminal.py" \
		"$how" "$dario" login --manual
done
# Who ignores a signal goes on ignoring it.
report 'hang-ups are ignored' "$tmp/out" env nohup=1 python3 \
	"$srcdir/tests/sh/terminal.py" answer-after:HUP:sk-secret-0123456789 \
	"$dario" login --manual
is 'the key is stored' "$(json 'j["apiKey"]' <"$DARIO_HOME/backends/x.json")" \
	sk-secret-0123456789
done_testing
