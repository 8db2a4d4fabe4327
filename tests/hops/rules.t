#!/bin/sh
# SPDX-License-Identifier: MIT
# One input for each rule of the strict providers: refused as it stands, and
# not through the router, which knows the providers by their models' names.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 node

strict=${STRICT:-$srcdir/../shared/strict/strict.mjs}
[ -f "$strict" ] || skip_all 'the strict providers are not beside this tree'
strict=$(cd "$(dirname "$strict")" && pwd)/$(basename "$strict")

# Ports in a row, as the strict providers take them.
base=$(python3 - <<'EOP'
import random, socket
while True:
    base = random.randrange(10000, 31000)
    held = []
    try:
        for i in range(8):
            s = socket.socket()
            held.append(s)
            s.bind(("127.0.0.1", base + i))
    except OSError:
        continue
    finally:
        for s in held:
            s.close()
    print(base)
    break
EOP
)
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
