# SPDX-License-Identifier: MIT
# Sourced after lib.sh: a provider of Claude (provider.py) on a free port, and
# accounts for it. Sets provider (its address); the environment points there.

start_provider() { # [FOLDER]: with TLS, and the certificate that lies there
	mkfifo "$tmp/port"
	python3 "$srcdir/tests/claude/provider.py" "$@" >"$tmp/port" 2>"$tmp/provider.log" &
	children="$children $!"
	read -r provider_port <"$tmp/port"
	provider=http://127.0.0.1:$provider_port
	[ $# -eq 0 ] || provider=https://localhost:$provider_port
	export DARIO_ANTHROPIC_BASE_URL=$provider
	export DARIO_OAUTH_TOKEN_URL=$provider/v1/oauth/token
	export DARIO_OAUTH_AUTHORIZE_URL=$provider/authorize
	export DARIO_MIN_INTERVAL_MS=0
}

# rule JSON: change what the provider does
rule() {
	curl -s -d "$1" "$provider/set" >/dev/null
}

# seen EXPRESSION: of what the provider has seen, as python sees it in `j`
seen() {
	curl -s "$provider/seen" | json "$1"
}

now_ms() {
	date +%s%3N
}

# subscription FILE ACCESS REFRESH MS: a file of ours, good for so long; the
# provider knows both tokens.
subscription() {
	mkdir -p -m 700 "$DARIO_HOME" "$DARIO_HOME/accounts"
	until=$(($(now_ms) + $4))
	tokens="\"accessToken\":\"$2\",\"refreshToken\":\"$3\",\"expiresAt\":$until"
	case $1 in
	credentials.json)
		tokens="{\"claudeAiOauth\":{$tokens,\"scopes\":[\"user:inference\"],\"kept\":7},\"other\":true}"
		;;
	*)
		tokens="{$tokens,\"deviceId\":\"d\",\"kept\":7}"
		;;
	esac
	(umask 077 && printf '%s\n' "$tokens" >"$DARIO_HOME/$1")
	rule "{\"refresh_tokens\":[\"$3\"],\"access_tokens\":{\"$2\":$((until / 1000))}}"
}

# A home with two accounts, a and b, whose keys the provider takes.
two_accounts() {
	mkdir -m 700 "$DARIO_HOME"
	rule '{"accept":["sk-ant-api03-a","sk-ant-api03-b"]}'
	for alias in a b; do
		printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
	done
}

# a Messages request through the router: post's output and $tmp/head
message() { # MODEL [curl flags]
	m=$1
	shift
	post /v1/messages "{\"model\":\"$m\",\"max_tokens\":50,\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}" "$@"
}
