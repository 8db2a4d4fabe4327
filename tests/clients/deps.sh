# SPDX-License-Identifier: MIT
# Sourced after lib.sh by tests that use the official SDKs: they are installed
# once per build tree, from pinned versions, into $deps.

deps=$builddir/tests/clients
sdks=$srcdir/tests/clients
mkdir -p "$deps"

install_npm() {
	[ "$sdks" = "$deps" ] ||
		cp -f "$sdks"/package*.json "$sdks"/*.mjs "$deps/"
	cp -f "$srcdir/tests/claude/sdk.mjs" "$deps/claude-sdk.mjs"
	[ -d "$deps/node_modules" ] &&
		cmp -s "$sdks/package-lock.json" "$deps/.npm-done" && return
	(cd "$deps" && npm ci --no-audit --no-fund --loglevel=error) &&
		cp -f "$sdks/package-lock.json" "$deps/.npm-done"
}

# Claude Code is a large program: in a folder of its own.
install_claude_code() {
	[ -x "$deps/claude-code/node_modules/.bin/claude" ] && return
	mkdir -p "$deps/claude-code" &&
		echo '{"private": true}' >"$deps/claude-code/package.json" &&
		(cd "$deps/claude-code" && npm install --no-audit --no-fund \
			--loglevel=error --no-save @anthropic-ai/claude-code@2.1.197)
}

# The version whose sign-in at a gateway is known, where tools.py has it too.
install_claude_gateway() {
	[ -x "$deps/tools/claude-code/node_modules/.bin/claude" ] && return
	mkdir -p "$deps/tools/claude-code" &&
		(cd "$deps/tools/claude-code" && npm install --no-audit --no-fund \
			--loglevel=error --no-save --prefix . \
			@anthropic-ai/claude-code@2.1.332)
}

# Where tools.py has it, too.
install_codex() {
	[ -x "$deps/tools/codex/node_modules/.bin/codex" ] && return
	mkdir -p "$deps/tools/codex" &&
		(cd "$deps/tools/codex" && npm install --no-audit --no-fund \
			--loglevel=error --no-save --prefix . @openai/codex@0.169.0)
}

# What looks for faults that keep people out of a page.
install_axe() {
	[ -r "$deps/axe/node_modules/axe-core/axe.min.js" ] && return
	mkdir -p "$deps/axe" && echo '{"private": true}' >"$deps/axe/package.json" &&
		(cd "$deps/axe" && npm install --no-audit --no-fund \
			--loglevel=error --no-save axe-core@4.14.1)
}

install_pip() {
	[ -x "$deps/venv/bin/python" ] &&
		cmp -s "$sdks/requirements.txt" "$deps/.pip-done" && return
	rm -rf "$deps/venv"
	python3 -m venv "$deps/venv" &&
		"$deps/venv/bin/pip" install -q --disable-pip-version-check \
			-r "$sdks/requirements.txt" &&
		cp -f "$sdks/requirements.txt" "$deps/.pip-done"
}

# One at a time: several tests need them.
locked() {
	(
		flock 9
		"$@"
	) 9>"$deps/.lock"
}

# with_npm COMMAND..., with_pip COMMAND...: run it, or skip with the reason.
with_npm() {
	with_sdk npm install_npm "$@"
}

with_pip() {
	with_sdk PyPI install_pip "$@"
}

with_sdk() {
	from=$1
	install=$2
	shift 2
	if locked "$install" >"$tmp/install.log" 2>&1; then
		"$@"
	else
		tests=$((tests + 1))
		echo "ok $tests # SKIP the $from packages cannot be had: $(tail -n 1 "$tmp/install.log")"
	fi
}
