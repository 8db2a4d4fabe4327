#!/bin/sh
# SPDX-License-Identifier: MIT
# The same binary as a plain CGI program, called directly.
. "$(dirname "$0")/lib.sh"
need curl python3 lighttpd

worker=$builddir/dario.fcgi
cgi() { # METHOD PATH [BODY]: sets out, rc
	printf '%s' "${3-}" >"$tmp/in"
	out=$(env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" \
		DARIO_DATADIR="$DARIO_DATADIR" \
		GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD="$1" \
		SCRIPT_NAME=/cgi-bin/dario.cgi PATH_INFO="$2" \
		HTTP_HOST=localhost ${CGI_PROXY:+HTTP_PROXY="$CGI_PROXY"} \
		CONTENT_LENGTH="$(wc -c <"$tmp/in")" \
		"$worker" <"$tmp/in" 2>"$tmp/err")
	rc=$?
}

out=$(env -u REQUEST_METHOD "$worker" </dev/null 2>&1)
is 'by hand: exit 2' "$?" 2
like 'by hand: says what to run' "$out" 'dario proxy'
like 'version' "$("$worker" --version)" 'dario.fcgi '

cgi GET /health
like 'health: a status line' "$out" 'Status: 503'
like 'health: the body' "$out" '"status":"no_backend"'
cgi POST /v1/messages '{"model":'
like 'bad JSON: 400' "$out" 'Status: 400'
like 'one access line, to standard error' "$(cat "$tmp/err")" status=400

start_router --demo
"$dario" backend add real --base-url="http://127.0.0.1:$port/demo/v1" \
	--protocol=openai,anthropic 2>/dev/null
CGI_PROXY=http://127.0.0.1:1 cgi POST /v1/chat/completions \
	'{"model":"real:demo","stream":true,"messages":[{"role":"user","content":"hi"}]}'
is 'stream: exit 0' "$rc" 0
like 'stream: head' "$out" 'Content-Type: text/event-stream'
like 'stream: whole, and past the Proxy field' "$out" 'data: [DONE]'

# Whoever reads our output leaves: we end by ourselves, soon.
ask='{"model":"real:demo","stream":true,"messages":[{"role":"user","content":"x"}]}'
printf '%s' "$ask" | timeout 20 env -i HOME="$HOME" DARIO_HOME="$DARIO_HOME" \
		DARIO_DATADIR="$DARIO_DATADIR" \
	REQUEST_METHOD=POST PATH_INFO=/v1/messages HTTP_HOST=localhost \
	CONTENT_LENGTH=${#ask} "$worker" 2>"$tmp/err" | head -n 1 >"$tmp/first"
wait_for 5 grep -q client_gone "$tmp/err"
like 'reader gone: noticed' "$(cat "$tmp/err")" client_gone
done_testing
