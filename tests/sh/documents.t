#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents: each link leads somewhere, each command is one, each field of
# what is printed as JSON has its line.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
export PYTHONDONTWRITEBYTECODE=1
documents=$srcdir/tests/sh/documents.py

python3 "$documents" links "$srcdir" >"$tmp/links" 2>&1
is 'links: looked at' "$?" 0
verdicts "$tmp/links"
python3 "$documents" targets "$srcdir" >"$tmp/targets" 2>&1
is 'make targets: looked at' "$?" 0
verdicts "$tmp/targets"

python3 "$documents" paths "$srcdir" >"$tmp/paths" 2>&1
is 'files of the source: looked at' "$?" 0
verdicts "$tmp/paths"

python3 "$documents" inline "$srcdir" "$dario" >"$tmp/inline" 2>&1
is 'commands in texts: looked at' "$?" 0
verdicts "$tmp/inline"

# The commands of a document, in a home with two backends; a router is only
# checked.
mkdir "$tmp/bin"
ln -s "$dario" "$tmp/bin/dario"
PATH=$tmp/bin:$PATH
echo sk-0123456789 >"$tmp/a.key"
for name in groq openai; do
	dario backend add "$name" --key-file="$tmp/a.key" >/dev/null
done
for page in operations routing costs; do
	python3 "$documents" commands "$srcdir/doc/$page.md" >"$tmp/$page"
	ok "doc/$page: has commands" grep -q '^[A-Z_]*.*dario ' "$tmp/$page"
	while read -r line; do
		sh -c "$line" >"$tmp/said" 2>&1
		is "doc/$page: $line" "$?" 0
	done <"$tmp/$page"
done

# What is printed as JSON, of a router with something to tell.
echo "{\"apiKey\": \"sk-router\", \"demo\": true}" >"$DARIO_HOME/config.json"
chmod 600 "$DARIO_HOME/config.json"
dario accounts add work --key-file="$tmp/a.key" >/dev/null
dario key add anna --spend=5/day >/dev/null 2>&1
start_router
mkdir "$tmp/json"
for model in demo nobody-has-this; do
	curl -s -o "$tmp/body" -H 'x-api-key: sk-router' \
		-d '{"model": "'$model'", "messages": [{"role": "user", "content": "x"}]}' \
		"$url/v1/chat/completions"
done
get() { # NAME PATH
	curl -s -H 'x-api-key: sk-router' "$url$2" >"$tmp/json/$1"
}
get 'GET-health' /health
get 'GET-status' /status
get 'GET-accounts' /accounts
get 'GET-analytics' /analytics
get 'GET-analytics.by' '/analytics?by=model,day'
get 'GET-analytics.windows' '/analytics?windows=24h'
get 'GET-health.proof' '/health?challenge=x'
get 'GET-analytics.errors' '/analytics?errors=5'
get 'GET-requests' /requests
for words in 'backend list' 'route list' 'explain fast' 'key list' setup config; do
	dario $words --json >"$tmp/json/dario-$(echo "$words" | tr ' ' - |
		sed s/-fast//)"
done
dario doctor --json >"$tmp/json/dario-doctor"
python3 "$documents" json "$srcdir/doc/json.md" "$tmp/json" >"$tmp/fields" 2>&1
is 'JSON: looked at' "$?" 0
verdicts "$tmp/fields"

# The commands of a team, with this router's address in the place of theirs.
dario key remove anna >/dev/null 2>&1
python3 "$documents" commands "$srcdir/doc/team.md" |
	sed "s|https://gw.example|$url|; s|^curl |curl -sfg |" >"$tmp/team"
is 'doc/team: six commands' "$(grep -c -e '^dario key' -e "^curl .*$url" "$tmp/team")" 6
export DARIO_API_KEY=sk-router
while read -r line; do
	sh -c "$line" >"$tmp/said" 2>&1
	is "doc/team: $line" "$?" 0
done <"$tmp/team"
like 'doc/team: what came of them' "$(dario key list --json)" '"name":"ben"'

# What lies in a home is told of: to whom it belongs, and how long it stays.
curl -s -o "$tmp/body" --data-urlencode key=sk-router "$url/page/login"
for file in "$DARIO_HOME"/*; do
	name=${file##*/}
	case $name in *.lock) continue ;; esac
	[ ! -d "$file" ] || name=$name/
	ok "doc/privacy: $name" grep -q "\`$name" "$srcdir/doc/privacy.md"
done
ok 'doc/privacy: the secret of log-ins was there' test -s "$DARIO_HOME/session-secret"

# Those of hosts that share a store, with a store of our own.
if command -v redis-server >/dev/null; then
	start_store --requirepass shared
	echo shared >"$tmp/store.password"
	chmod 600 "$tmp/store.password"
	unset DARIO_STORE
	python3 "$documents" commands "$srcdir/doc/store.md" |
		sed "s|redis://10.0.0.5:6379/0|unix:$store|; s|/etc/dario|$tmp|" >"$tmp/hosts"
	ok 'doc/store: has commands' grep -q 'dario store migrate' "$tmp/hosts"
	export DARIO_STORE="unix:$store" DARIO_STORE_PASSWORD_FILE="$tmp/store.password"
	while read -r line; do
		sh -c "$line" >"$tmp/said" 2>&1
		is "doc/store: $line" "$?" 0
	done <"$tmp/hosts"
	diag "$(cat "$tmp/said")"
fi
done_testing
