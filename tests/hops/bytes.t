#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests in their provider's own dialect, with nothing that it would refuse:
# byte for byte. BODIES says how many; what it costs is held by
# tests/sh/mend-cost.t, in instructions.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
(umask 077 && cat >"$DARIO_HOME/backends/plain.json") <<EOB
{"provider": "openai", "name": "plain", "apiKey": "key-0123456789abcdef",
 "baseUrl": "http://127.0.0.1:$provider/v1", "models": ["plain-*"],
 "protocol": "openai,responses,anthropic"}
EOB
start_router
report_seconds=600
report bytes "$tmp/out" python3 "$srcdir/tests/hops/bytes.py" "$url" \
	"$provider" "${BODIES:-10000}" "${BODIES_SEED:-1}"
done_testing
