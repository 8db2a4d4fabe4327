#!/bin/sh
# SPDX-License-Identifier: MIT
# The official SDKs of npm and PyPI, stream and non-stream, through a router.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd curl python3 node npm

# Installed once per build tree, from pinned versions.
deps=$builddir/tests/clients
mkdir -p "$deps"
here=$srcdir/tests/clients
install_npm() {
	cmp -s "$here/package-lock.json" "$deps/.npm-done" && return
	[ "$here" = "$deps" ] || cp -f "$here"/package*.json "$deps/"
	(cd "$deps" && npm ci --no-audit --no-fund --loglevel=error) &&
		cp "$here/package-lock.json" "$deps/.npm-done"
}
install_pip() {
	cmp -s "$here/requirements.txt" "$deps/.pip-done" && return
	rm -rf "$deps/venv"
	python3 -m venv "$deps/venv" &&
		"$deps/venv/bin/pip" install -q --disable-pip-version-check \
			-r "$here/requirements.txt" &&
		cp "$here/requirements.txt" "$deps/.pip-done"
}
report() { # NAME FILE COMMAND...
	name=$1
	out=$2
	shift 2
	timeout 120 "$@" >"$out" 2>&1
	is "$name: ran to its end" "$?" 0
	while IFS= read -r line; do
		case $line in
		PASS\ *) pass "$name: ${line#PASS }" ;;
		FAIL\ *) fail "$name: ${line#FAIL }" ;;
		*) diag "$line" ;;
		esac
	done <"$out"
	ok "$name: printed its cases" grep -q '^PASS' "$out"
}

export DARIO_API_KEY=router-key-0123456789
start_router --demo
"$dario" backend add refused --base-url=http://127.0.0.1:1 \
	--protocol=openai,anthropic 2>/dev/null

if install_npm >"$tmp/npm.log" 2>&1; then
	[ "$here" = "$deps" ] || cp -f "$here/sdk.mjs" "$deps/"
	report npm "$tmp/npm.out" node "$deps/sdk.mjs" "$url" "$DARIO_API_KEY"
else
	tests=$((tests + 1))
	echo "ok $tests # SKIP the npm packages cannot be had: $(tail -n 1 "$tmp/npm.log")"
fi
if install_pip >"$tmp/pip.log" 2>&1; then
	report PyPI "$tmp/pip.out" "$deps/venv/bin/python" "$here/sdk.py" \
		"$url" "$DARIO_API_KEY"
else
	tests=$((tests + 1))
	echo "ok $tests # SKIP the PyPI packages cannot be had: $(tail -n 1 "$tmp/pip.log")"
fi
done_testing
