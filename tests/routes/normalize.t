#!/bin/sh
# SPDX-License-Identifier: MIT
# Chat streams that break the helpers of SDKs are read and written anew where
# the backend says so, and for the providers that are known to need it.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3

provider=$(free_port)
mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
for name in raw normal items; do
	more=
	protocol=openai
	[ $name = raw ] || more=', "normalize": true'
	[ $name != items ] || protocol=responses
	(umask 077 && cat >"$DARIO_HOME/backends/$name.json") <<-EOB
	{"provider": "openai", "name": "$name", "apiKey": "key-0123456789",
	 "baseUrl": "http://127.0.0.1:$provider/v1", "protocol": "$protocol"$more}
	EOB
done
start_router
report normalize "$tmp/out" python3 "$srcdir/tests/routes/normalize.py" "$url" \
	"$provider"
is 'every provider that is normalized has a source' "$(python3 -c '
import json, sys
for r in json.load(open(sys.argv[1]))["providers"]:
    if r["set"].get("normalize") and not "/issues/" in r.get("note", "") and \
            not "/pull/" in r.get("note", ""):
        print(r["name"])' "$srcdir/share/providers.json")" ''
for base in https://api.minimax.io/v1 http://localhost:30000/v1 \
	https://generativelanguage.googleapis.com/v1beta/openai; do
	echo k | "$dario" backend add known --key-stdin --base-url=$base 2>/dev/null
	is "$base: normalized" \
		"$(json 'j.get("normalize")' <"$DARIO_HOME/backends/known.json")" True
done
done_testing
