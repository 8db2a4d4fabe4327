# SPDX-License-Identifier: MIT
# Sourced after lib.sh and claude.sh: a router on a store behind proxy.py, with
# two accounts and a backend. The time to answer is four seconds, so that a busy
# machine does not count.

start_provider
start_store
mkfifo "$tmp/say" "$tmp/said"
start_process "$tmp/proxy.log" sh -c 'exec python3 "$1" "$2" <"$3" >"$4"' - \
	"$srcdir/tests/store/proxy.py" "$store" "$tmp/say" "$tmp/said"
exec 8>"$tmp/say" 9<"$tmp/said"
read -r proxy_port <&9
say() { # a command of the proxy's
	echo "$*" >&8
	read -r _ <&9
}
export DARIO_STORE="redis://127.0.0.1:$proxy_port" DARIO_STORE_TIMEOUT_MS=4000
export DARIO_ON_ERROR=allow DARIO_API_KEY=owner DARIO_QUEUE_MS=0
two_accounts
"$dario" backend add plain --key=k --base-url="$provider/b/plain/v1" 2>/dev/null
paid=$("$dario" key add paid --spend=1000/month --rate=100000/min 2>/dev/null)
start_router --workers=1
turn=0
ask() { # KEY PATH MODEL: of a new conversation
	turn=$((turn + 1))
	post "$2" "{\"model\":\"$3\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"conversation ${talk:-$turn}\"}]}" \
		-H "Authorization: Bearer $1" >"$tmp/answer"
	status
}
lines() { # WORDS: how often the log says it
	grep -c "$1" "$tmp/log"
}
up() {
	[ "$(curl -s -H 'x-api-key: owner' "$url/health" | json 'j["store"]["status"]')" = ok ]
}
