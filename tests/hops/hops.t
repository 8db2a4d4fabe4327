#!/bin/sh
# SPDX-License-Identifier: MIT
# Conversations whose every turn goes to another provider, each of which is as
# strict as the real ones: none is refused, nothing is lost. HOPS says how many
# conversations, HOPS_SEED from which seed, HOPS_WHAT a file for all faults.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 node npm
. "$srcdir/tests/hops/strict.sh"

count=${HOPS:-24}
seed=${HOPS_SEED:-1}
what=${HOPS_WHAT-}

# What share/providers.json says of Google, but for its protocol.
google=$(python3 -c '
import json, sys
row = next(r for r in json.load(open(sys.argv[1]))["providers"]
           if r["name"] == "Google")
print("".join(f", \"{k}\": {json.dumps(v)}" for k, v in row["set"].items()
              if k != "protocol"))' "$srcdir/share/providers.json")

# backend NAME PLACE[/PATH] PROTOCOL [MEMBERS]: one of the strict providers
backend() {
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
	path=
	[ "${2#*/}" = "$2" ] || path=/${2#*/}
	(umask 077 && cat >"$DARIO_HOME/backends/$1.json") <<-EOB
	{"provider": "openai", "name": "$1", "apiKey": "key-of-$1-0123456789",
	 "baseUrl": "http://127.0.0.1:$(($base + ${2%%/*}))${path}/v1",
	 "protocol": "$3"${4:+, }${4-}}
	EOB
}

# home KEY|LOGIN mended|bare: all providers, one account, all routes. The
# switches are those that the models' names call for, but for what is known by
# the address alone.
home() {
	rm -rf "$DARIO_HOME"
	bare=
	[ "$2" = mended ] || bare=', "mend": false, "foreignFieldsRefused": false,
	 "extraFieldsRefused": false, "developerRole": true, "minOutputTokens": 1,
	 "reasoningContent": false, "noImages": false, "noEmptyMessages": false,
	 "thoughtSignatures": false, "nineCharacterIds": false,
	 "systemBeforeTurns": false, "userLast": false, "oneSystemMessage": false,
	 "alternate": false, "callsPaired": false,
	 "strictMessages": false'
	backend b 1 openai '"maxCompletionTokens": true'"$bare"
	backend c 2 responses '"noStreamUsage": false'"$bare"
	backend d 3 openai '"noStreamUsage": false'"$bare"
	backend e 4 openai '"noStreamUsage": false'"$bare"
	backend f 5 openai '"noStreamUsage": true, "noStrictTools": true'"$bare"
	backend g 6 openai '"noStreamUsage": false'"$bare"
	backend h 7 openai '"noStreamUsage": false'"$bare"
	backend a2 8/two anthropic '"noStreamUsage": false'"$bare"
	backend b2 9/two openai '"maxCompletionTokens": true'"$bare"
	backend c2 10/two responses '"noStreamUsage": false'"$bare"
	if [ "$2" = mended ]; then
		backend e2 12/two openai "${google#, }"
	else
		backend e2 12/two openai '"noStreamUsage": false'"$bare"
	fi
	backend pool 16 responses '"noStreamUsage": false'"$bare"
	mkdir -m 700 "$DARIO_HOME/backends/pool"
	(umask 077 && echo '{"alias": "two", "apiKey": "key-two-0123456789"}' \
		>"$DARIO_HOME/backends/pool/two.json")
	mkdir -p -m 700 "$DARIO_HOME/accounts"
	case $1 in
	key) a='"apiKey": "sk-ant-0123456789"' ;;
	login) a="\"accessToken\": \"at-0123456789\",
		\"refreshToken\": \"rt-0123456789\",
		\"expiresAt\": $(($(date +%s%3N) + 36000000)), \"deviceId\": \"d\"" ;;
	esac
	(umask 077 && echo "{\"alias\": \"one\", $a}" \
		>"$DARIO_HOME/accounts/one.json")
	(umask 077 && python3 - >"$DARIO_HOME/routes.json") <<-'EOR'
	import json
	to = {"a": "claude:claude-opus-5", "b": "b:gpt-5.4", "c": "c:gpt-5.5",
	      "d": "d:deepseek-v4-pro", "e": "e:gemini-3-flash",
	      "f": "f:mistral-medium-3-5", "g": "g:kimi-k2.6",
	      "q": "g:qwen3.8", "h": "h:ministral-3",
	      "a2": "a2:claude-opus-4-8", "b2": "b2:gpt-5.4", "c2": "c2:gpt-5.5",
	      "e2": "e2:gemini-3-flash", "p": "pool:gpt-5.5"}
	names = list(to)
	print(json.dumps({"rules": [
	    {"match": f"hop-{name}", "target": to[name],
	     "fallbacks": [to[names[(i + n) % len(names)]] for n in (3, 8)]}
	    for i, name in enumerate(names)]}))
	EOR
}

# hops KEY|LOGIN mended|bare
hops() {
	base=$(base_port)
	port=
	home "$1" "$2"
	export DARIO_ANTHROPIC_BASE_URL=http://127.0.0.1:$base
	export DARIO_MIN_INTERVAL_MS=0 DARIO_BREAKER_FAILURES=1000
	if [ "$2" = bare ]; then
		[ "$count" -ge 60 ] || count=60 # for a share that says something
		start_router --passthrough
	else
		start_router
	fi
	report "$1, $2" "$tmp/out" node "$deps/hops.mjs" "$strict" "$url" \
		"$base" "$count" "$seed" "$2" "$1" $what
	stop_router
}

cp -f "$srcdir/tests/hops/hops.mjs" "$deps/"
report_seconds=1200
with_npm hops key mended
with_npm hops login mended
with_npm hops key bare
done_testing
