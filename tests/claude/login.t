#!/bin/sh
# SPDX-License-Identifier: MIT
# Logging in: through a real browser, by hand on a terminal, and what can go
# wrong with either.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
file=$DARIO_HOME/credentials.json

# begin_login [COMMAND...]: runs it and waits for the address; sets login, address
begin_login() {
	[ $# -gt 0 ] || set -- login --no-browser
	start_process "$tmp/login.out" "$dario" "$@"
	login=$pid
	wait_for grep -q "$provider/authorize" "$tmp/login.out" || {
		fail "$* shows the address" "$(cat "$tmp/login.out")"
		done_testing
	}
	address=$(grep -o "$provider/authorize.*" "$tmp/login.out")
}
end_login() {
	wait "$login"
	code=$?
	out=$(cat "$tmp/login.out")
}
# Where the consent page's link leads to.
link() { # ID
	curl -s "$address" | sed -n "s/.*id=\"$1\" href=\"\([^\"]*\)\".*/\1/p"
}
no_listener() {
	test -z "$(ls "$DARIO_HOME/run" 2>/dev/null)"
}

browser() { # ELEMENT: what the page says in the end
	timeout 90 python3 "$srcdir/tests/claude/browser.py" "$address" "$1" 2>"$tmp/browser.err"
}
if command -v chromedriver >/dev/null && command -v chromium >/dev/null; then
	begin_login
	is 'browser: the page in the end' "$(browser allow)" 'dario: Logged in'
	end_login
	is 'browser: logged in' "$code" 0
	# The provider says 8 h; a millisecond of them may be gone, or not.
	ok 'browser: says how long' grep -qE 'good for (7h 59m|8h 0m) ' "$tmp/login.out"
	is 'browser: the file' "$(json 'sorted(j["claudeAiOauth"]), j["claudeAiOauth"]["scopes"]' <"$file")" \
		"['accessToken', 'expiresAt', 'refreshToken', 'scopes'] ['user:inference', 'user:profile']"
	is 'browser: the file is private' "$(stat -c %a "$file")" 600
	cp "$file" "$tmp/was"
	begin_login
	is 'browser, refused: the page' "$(browser deny)" 'dario: Not logged in'
	end_login
	is 'browser, refused: exit status' "$code" 1
	like 'browser, refused: says so' "$out" 'access_denied'
	ok 'browser, refused: the old log-in stays' cmp -s "$tmp/was" "$file"
else
	tests=$((tests + 1))
	echo "ok $tests # SKIP chromium and chromium-driver are missing"
fi

# Over SSH: it says how the browser comes back, and what else there is.
export SSH_CONNECTION='192.0.2.7 51000 192.0.2.9 22' USER=somebody
begin_login
ok 'SSH: is explained' wait_for grep -q -- --manual "$tmp/login.out"
back=$(curl -s "$address" | grep -o 'localhost%3A[0-9]*\|localhost:[0-9]*' | head -n 1 | grep -o '[0-9]*$')
like 'SSH: the port and the machine' "$(cat "$tmp/login.out")" \
	"ssh -N -L $back:localhost:$back somebody@192.0.2.9"
curl -s -o /dev/null "$(link deny)"
end_login
unset SSH_CONNECTION DISPLAY WAYLAND_DISPLAY
begin_login
unlike 'without SSH: nothing of it' "$(cat "$tmp/login.out")" 'ssh '
like 'without a screen: what else there is' "$(cat "$tmp/login.out")" 'add --manual'
"$dario" login --manual </dev/null >"$tmp/login.out" 2>&1
is 'no code: status 1' "$?" 1
like 'no code: the input has ended' "$(cat "$tmp/login.out")" 'before the input ended'
curl -s -o /dev/null "$(link deny)"
end_login

# The same without a browser.
begin_login
like 'the address: PKCE' "$address" 'code_challenge_method=S256'
like 'the address: comes back to loopback' "$address" 'redirect_uri=http%3A%2F%2Flocalhost%3A'
page=$(curl -s "$(link forge)")
like 'another state: refused' "$page" 'Unknown log-in'
page=$(curl -s "$(link allow | sed 's/code=[^&]*&//')")
like 'no code: refused' "$page" 'Not a log-in'
ok 'another state: the log-in goes on' kill -0 "$login"
curl -s -o "$tmp/page" -D "$tmp/page.head" "$(link allow)"
like 'the page: logged in' "$(cat "$tmp/page")" 'Logged in'
like 'the page: not kept anywhere' "$(cat "$tmp/page.head")" 'no-store'
page=$(curl -s "$(link allow)")
end_login
is 'logged in' "$code" 0
ok 'the listener is gone' no_listener
is 'no log-in is left waiting' "$(ls "$DARIO_HOME/state" | grep -c login-)" 0
unlike 'no token is shown' "$out" sk-ant
like 'the terms decide' "$out" "provider's terms decide"

begin_login accounts add work --no-browser --reserve=10
curl -s -o /dev/null "$(link allow)"
end_login
is 'accounts add: logged in' "$code" 0
is 'accounts add: the file' "$(json 'j["alias"], j["reserve"], "refreshToken" in j' <"$DARIO_HOME/accounts/work.json")" \
	'work 10 True'

# A code that the server does not know.
begin_login
curl -s -o /dev/null "$(link allow | sed 's/code=[^&]*/code=made-up/')"
end_login
is 'a wrong code: exit status' "$code" 1
like 'a wrong code: says so' "$out" 'invalid_grant'

# What cannot be written is found before anybody logs in.
cp "$file" "$tmp/was"
chmod 644 "$file"
out=$("$dario" login --no-browser 2>&1)
is 'a loose file: exit status' "$?" 1
like 'a loose file: by name' "$out" 'credentials.json is open to other users'
chmod 600 "$file"

# Through any running router too.
start_router
page=$(curl -s "$url/callback?state=nobody&code=x")
like 'router: an unknown log-in' "$page" 'Unknown log-in'
unlike 'router: nothing of the request in the log' "$(cat "$tmp/log")" 'nobody'
stop_router

# By hand
manual() { python3 "$srcdir/tests/claude/terminal.py" "$dario" "$1" >"$tmp/manual.out" 2>&1; }
rm "$file"
manual right
like 'by hand: logged in' "$(cat "$tmp/manual.out")" 'exit 0'
unlike 'by hand: the code is not shown' "$(cat "$tmp/manual.out")" echoed
like 'by hand: comes back to the page' "$(cat "$tmp/manual.out")" 'platform.claude.com%2Foauth%2Fcode%2Fcallback'
ok 'by hand: the file' test -s "$file"
manual wrong
like 'by hand, another state: refused' "$(cat "$tmp/manual.out")" 'exit 1'
like 'by hand, another state: says so' "$(cat "$tmp/manual.out")" 'not of this log-in'
manual nothing
like 'by hand, nothing: says so' "$(cat "$tmp/manual.out")" 'no code was given'
done_testing
