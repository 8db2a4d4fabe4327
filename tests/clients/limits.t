#!/bin/sh
# SPDX-License-Identifier: MIT
# The official SDKs and Codex, with keys that are at their limits: they say what
# is the matter and ask once.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 node npm

export DARIO_API_KEY=router-key-0123456789
add() {
	"$dario" key add "$@" 2>/dev/null
}
spent=$(add spent --spend=0/month)
rate=$(add rate --rate=1/day)
keys="spent=$spent rate=$rate models=$(add models --models='other*') expired=$(add expired --expires=2020-01-01) wrong=sk-dario-wrong"
start_router --demo --verbose
post /v1/chat/completions '{"model":"demo","messages":[{"role":"user","content":"hi"}]}' -H "x-api-key: $rate" >/dev/null
is 'the one request of a day' "$(status)" 200

with_npm report npm "$tmp/npm.out" node "$deps/limits.mjs" "$url" "$tmp/log" "$keys"
with_pip report PyPI "$tmp/pip.out" "$deps/venv/bin/python" "$sdks/limits.py" "$url" "$tmp/log" "$keys"

asked() {
	grep -c '"path":"/v1/responses"' "$tmp/log"
}
codex() { # KEY: what it says; its status in $tmp/codex-status
	mkdir -p "$tmp/codex-home"
	cat >"$tmp/codex-home/config.toml" <<-END
		model = "demo"
		model_provider = "dario"

		[model_providers.dario]
		name = "dario"
		base_url = "$url/v1"
		wire_api = "responses"
		env_key = "DARIO_API_KEY"
	END
	HOME=$tmp CODEX_HOME=$tmp/codex-home DARIO_API_KEY=$1 timeout 120 \
		"$deps/tools/codex/node_modules/.bin/codex" exec --skip-git-repo-check 'Say hello' </dev/null 2>&1
	echo $? >"$tmp/codex-status"
}
more_than() {
	[ "$(asked)" -gt "$1" ]
}
codex_at_its_limit() {
	before=$(asked)
	like 'Codex: the spend limit' "$(codex "$spent")" 'Quota exceeded'
	is 'Codex: it gives up' "$([ "$(cat "$tmp/codex-status")" != 0 ] && echo yes)" yes
	wait_for more_than "$before"
	is 'Codex: it asks once' "$(($(asked) - before))" 1
	before=$(asked)
	like 'Codex: the rate of a day' "$(codex "$rate")" 'Quota exceeded'
	wait_for more_than "$before"
	is 'Codex: it does not wait for it' "$(cat "$tmp/codex-status") $(($(asked) - before))" '1 1'
}
with_sdk npm install_codex codex_at_its_limit
done_testing
