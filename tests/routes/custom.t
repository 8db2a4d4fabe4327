#!/bin/sh
# SPDX-License-Identifier: MIT
# Tools of free text, asked for in Chat, at a Chat backend that lacks them.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
for name in lacks unknown takes off names; do
	more=
	[ $name = lacks ] && more=', "customTools": false'
	[ $name = takes ] && more=', "customTools": true'
	[ $name = off ] && more=', "customTools": false, "mend": false'
	[ $name = names ] && more=', "callsPaired": true'
	(umask 077 && cat >"$DARIO_HOME/backends/$name.json") <<-EOB
	{"provider": "openai", "name": "$name", "apiKey": "key-0123456789",
	 "baseUrl": "http://127.0.0.1:$provider/$name/v1",
	 "protocol": "openai"$more}
	EOB
done
start_router
report custom "$tmp/out" python3 "$srcdir/tests/routes/custom.py" "$url" \
	"$provider"
done_testing
