#!/bin/sh
# SPDX-License-Identifier: MIT
# Several processes, several keys: every cent is counted, also of answers that
# break off, and no limit is passed. Against the provider's own bill, added up
# with decimals. MONEY=long: 8 processes, 20 keys, 20,000 requests, 50 SIGKILLs.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 pgrep

mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic --models='claude-*' 2>/dev/null
"$dario" backend add open --key=k --base-url="$provider/v1" --models='gpt-*' 2>/dev/null

money() { # WORKERS FLAGS...: a run against a router of its own
	name=$1
	workers=$2
	shift 2
	unset port
	: >"$tmp/bill"
	export DARIO_STORE_PREFIX="$name:" # of a store, sums of its own
	start_router --workers="$workers"
	report "$name" "$tmp/out" python3 "$srcdir/tests/money/money.py" "$url" "$dario" "$tmp/bill" \
		"$srcdir/share/prices.json" "$router" "$@"
	stop_router
	rm -rf "$DARIO_HOME/keys"
}
if [ "${MONEY-}" = long ]; then
	report_seconds=3000
	money 'long' 8 --requests=20000 --keys=20 --parallel=48
	money 'long, with kills' 8 --requests=20000 --keys=20 --parallel=48 --kills=50 --pause=2 --seed=2
else
	money 'short' 3 --requests=700 --keys=6
	money 'with kills' 3 --requests=700 --keys=6 --kills=6 --pause=0.4 --seed=3
fi
done_testing
