#!/bin/sh
# SPDX-License-Identifier: MIT
# Histories that no well-made client would send, to providers that are as strict
# as the real ones. ODD says how many, ODD_SEED from which seed.
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
report_seconds=600
report odd "$tmp/out" node "$srcdir/tests/hops/odd.mjs" "$strict" "$url" \
	"$base" "${ODD:-300}" "${ODD_SEED:-1}"
stop_router
done_testing
