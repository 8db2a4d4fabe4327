#!/bin/sh
# SPDX-License-Identifier: MIT
# Conversations whose every turn goes to another provider, each of which is as
# strict as the real ones: none is refused, nothing is lost. HOPS says how many
# conversations, HOPS_SEED from which seed, HOPS_WHAT a file for all faults.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 node npm
. "$srcdir/tests/hops/strict.sh"

count=${HOPS:-30}
seed=${HOPS_SEED:-1}
what=${HOPS_WHAT-}

# backend NAME PLACE PROTOCOL [MEMBERS]: one of the strict providers
backend() {
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/backends"
	(umask 077 && cat >"$DARIO_HOME/backends/$1.json") <<-EOB
	{"provider": "openai", "name": "$1", "apiKey": "key-of-$1-0123456789",
	 "baseUrl": "http://127.0.0.1:$(($base + $2))/v1",
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
	      "q": "g:qwen3.8", "h": "h:ministral-3"}
	names = list(to)
	print(json.dumps({"rules": [
	    {"match": f"hop-{n}", "target": to[n],
	     "fallbacks": [to[names[(i + 3) % len(names)]]]}
	    for i, n in enumerate(names)]}))
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
