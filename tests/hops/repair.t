#!/bin/sh
# SPDX-License-Identifier: MIT
# What only a refusal shows: values that another organisation's key has made.
# Two backends of one dialect, a fallback, a pool with keys of two
# organisations: the conversation goes on without those values, and with all
# else.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
put() { # FILE JSON
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends" \
		"$(dirname "$DARIO_HOME/$1")"
	(umask 077 && echo "$2" >"$DARIO_HOME/$1")
}
backend() { # NAME ORGANISATION DIALECT PROTOCOL [MEMBERS]
	put "backends/$1-$3.json" "{\"provider\": \"openai\", \"name\": \"$1-$3\",
		\"apiKey\": \"key-$2-$3\", \"protocol\": \"$4\",
		\"baseUrl\": \"http://127.0.0.1:$provider/$5/v1\"${6-}}"
}
rules=
for d in messages:anthropic chat:openai responses:responses; do
	p=${d#*:} d=${d%:*}
	backend one one $d $p one
	backend two two $d $p two
	backend left two $d $p two ', "mend": false'
	backend pool one $d $p pool
	put "backends/pool-$d/other.json" "{\"alias\": \"other\",
		\"apiKey\": \"key-two-$d\"}"
	rules="$rules${rules:+,}{\"match\": \"hop-$d\", \"target\": \"one-$d:m\",
		\"fallbacks\": [\"two-$d:m\"]}"
done
put routes.json "{\"rules\": [$rules]}"
export DARIO_BREAKER_FAILURES=1000 DARIO_QUEUE_MS=0
start_router
report repair "$tmp/out" python3 "$srcdir/tests/hops/repair.py" "$url" \
	"$provider"
done_testing
