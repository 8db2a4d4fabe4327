#!/bin/sh
# SPDX-License-Identifier: MIT
# Names of tools that are refused, at backends of the client's own API.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
for name in ant rsp oai; do
	case $name in
	ant) protocol=anthropic ;;
	rsp) protocol=responses ;;
	oai) protocol=openai ;;
	esac
	(umask 077 && cat >"$DARIO_HOME/backends/$name.json") <<-EOB
	{"provider": "openai", "name": "$name", "apiKey": "key-0123456789",
	 "baseUrl": "http://127.0.0.1:$provider/v1", "protocol": "$protocol"}
	EOB
done
start_router
report names "$tmp/out" python3 "$srcdir/tests/routes/names.py" "$url" \
	"$provider"
done_testing
