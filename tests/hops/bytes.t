#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests in their provider's own dialect, with nothing that it would refuse:
# byte for byte, and at hardly any cost. BODIES says how many.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
backend() { # NAME MEMBERS
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
	(umask 077 && cat >"$DARIO_HOME/backends/$1.json") <<-EOB
	{"provider": "openai", "name": "$1", "apiKey": "key-0123456789abcdef",
	 "baseUrl": "http://127.0.0.1:$provider/v1", "models": ["$1-*"],
	 "protocol": "openai,responses,anthropic"$2}
	EOB
}
backend plain ''
backend bare ', "mend": false'
start_router
report_seconds=600
report bytes "$tmp/out" python3 "$srcdir/tests/hops/bytes.py" "$url" \
	"$provider" "${BODIES:-10000}" "$(worker_pid)" "${BODIES_SEED:-1}"
done_testing
