#!/bin/sh
# SPDX-License-Identifier: MIT
# The official SDKs of npm and PyPI, stream and non-stream, through a router.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/clients/deps.sh"
need lighttpd curl python3 node npm

export DARIO_API_KEY=router-key-0123456789
start_router --demo
"$dario" backend add refused --base-url=http://127.0.0.1:1 \
	--protocol=openai,anthropic 2>/dev/null

with_npm report npm "$tmp/npm.out" node "$deps/sdk.mjs" "$url" "$DARIO_API_KEY"
with_pip report PyPI "$tmp/pip.out" "$deps/venv/bin/python" "$sdks/sdk.py" \
	"$url" "$DARIO_API_KEY"
done_testing
