#!/bin/sh
# SPDX-License-Identifier: MIT
# Claude Code of npm signs in with /login, as at a gateway of Anthropic, and
# meets the limits of its person's key.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 node npm unshare

# It takes the address of a gateway from /etc alone: in a namespace of its own
# /etc is a copy that names the router.
cat >"$tmp/within" <<'EOF'
#!/bin/sh
mount --bind "$1" /etc || exit 77
shift
exec "$@"
EOF
mkdir "$tmp/etc"
cp -a /etc/. "$tmp/etc/" 2>/dev/null
mkdir -p "$tmp/etc/claude-code"
unshare -m sh "$tmp/within" "$tmp/etc" true 2>/dev/null ||
	skip_all 'there may be no mount namespace here (unshare -m)'

mkfifo "$tmp/port"
python3 "$srcdir/tests/claude/spender.py" >"$tmp/port" 2>"$tmp/spender.log" &
children="$children $!"
read -r spender_port <"$tmp/port"
spender=http://127.0.0.1:$spender_port
export DARIO_API_KEY=owner-key-0123456789
"$dario" backend add spend --base-url="$spender/v1" --protocol=anthropic \
	--key=none --models='claude-*' 2>/dev/null
anna=$("$dario" key add anna 2>/dev/null)
start_router
printf '{"forceLoginMethod":"gateway","forceLoginGatewayUrl":"%s"}\n' "$url" \
	>"$tmp/etc/claude-code/managed-settings.json"

run_it() {
	report 'Claude Code' "$tmp/out" unshare -m sh "$tmp/within" "$tmp/etc" \
		python3 "$srcdir/tests/clients/gateway.py" \
		"$deps/tools/claude-code/node_modules/.bin/claude" \
		"$url" "$dario" "$spender" "$tmp" "$anna"
}
with_sdk npm install_claude_gateway run_it
unlike 'no token in the log' "$(cat "$tmp/log")" sk-dario-
done_testing
