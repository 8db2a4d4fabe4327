#!/bin/sh
# SPDX-License-Identifier: MIT
# Pages in a real browser: a foreign one gets nothing out of the router and
# makes it ask nobody; one whose origin may uses it; a link opens the page.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 chromium chromedriver

port=$(free_port)
url=http://127.0.0.1:$port
start_process "$tmp/page.port" python3 "$srcdir/tests/sh/browser.py" "$url" \
	"$tmp/said"
wait_for test -s "$tmp/page.port"
page=$(cat "$tmp/page.port")
DARIO_CORS_ORIGIN=http://app.example:$page start_router --demo

visit() { # HOST: opens its page and follows the link; sets title, asked
	was=$(wc -l <"$tmp/log")
	title=$(timeout 90 python3 "$srcdir/tests/claude/browser.py" \
		"http://$1:$page/" go \
		"--host-resolver-rules=MAP *.example 127.0.0.1" 2>"$tmp/browser.err")
	[ -n "$title" ] || diag "$(cat "$tmp/browser.err")"
	tail -n +$((was + 1)) "$tmp/log" | grep -v 'path=/favicon' >"$tmp/asked"
}
asked() { # METHOD PATH: the statuses that it got
	sed -n "s|.* method=$1 path=$2 status=\([0-9]*\).*|\1|p" "$tmp/asked" |
		paste -sd ' '
}
saw() { # HOST HOW: what the page could see
	sed -n "s/^$1 $2 //p" "$tmp/said"
}

visit evil.example
is 'foreign: a simple request' \
	"$(asked GET /v1/models) $(saw evil.example simple)" '403 refused'
is 'foreign: a preflight, and nothing behind it' \
	"$(asked OPTIONS /v1/chat/completions)$(asked POST /v1/chat/completions)" 403
is 'foreign: so it reads nothing' "$(saw evil.example preflight)" refused
is 'foreign: fetch without CORS' \
	"$(asked POST /v1/responses) $(saw evil.example no-cors)" '403 refused'
is 'foreign: an image' \
	"$(asked GET /v1/models/img) $(saw evil.example img)" '403 refused'
is 'foreign: a script' \
	"$(asked GET /v1/models/script) $(saw evil.example script)" '403 refused'
is 'foreign: a form' "$(asked POST /v1/messages)" 403
is 'foreign: a frame is refused, a link opens the page' "$(asked GET /)" '403 200'
is 'foreign: that page' "$title" dario
is 'foreign: no provider was asked' "$(grep -c backend= "$tmp/asked")" 0

# Another port of this machine is the same site; its origin may, a tag may not.
for host in app.example 127.0.0.1; do
	visit $host
	like "$host: a simple request" "$(asked GET /v1/models) $(saw $host simple)" \
		'200 read '
	like "$host: behind a preflight" \
		"$(asked OPTIONS /v1/chat/completions) $(asked POST /v1/chat/completions) $(saw $host preflight)" \
		'204 200 read '
	is "$host: an image" "$(asked GET /v1/models/img) $(saw $host img)" '403 refused'
	is "$host: a script" "$(asked GET /v1/models/script) $(saw $host script)" \
		'403 refused'
	is "$host: the page" "$title" dario
done
done_testing
