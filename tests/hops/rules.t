#!/bin/sh
# SPDX-License-Identifier: MIT
# One input for each rule of the strict providers: refused as it stands, and
# not through the router, which knows the providers by their models' names.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 node
. "$srcdir/tests/hops/strict.sh"

base=$(base_port)
mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
n=0
for name in a b c d e f g h; do
	case $name in
	a) protocol=anthropic ;;
	c) protocol=responses ;;
	*) protocol=openai ;;
	esac
	(umask 077 && cat >"$DARIO_HOME/backends/$name.json") <<-EOB
	{"provider": "openai", "name": "$name", "apiKey": "key-of-$name-01234",
	 "baseUrl": "http://127.0.0.1:$((base + n))/v1",
	 "protocol": "$protocol"}
	EOB
	n=$((n + 1))
done
export DARIO_BREAKER_FAILURES=1000
start_router
report rules "$tmp/out" node "$srcdir/tests/hops/rules.mjs" "$strict" "$url" \
	"$base"
stop_router
done_testing
