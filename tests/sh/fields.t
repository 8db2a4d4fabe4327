#!/bin/sh
# SPDX-License-Identifier: MIT
# Header fields of clients and of upstreams: all that are end-to-end go through,
# and what is named stays behind.
. "$(dirname "$0")/lib.sh"
need lighttpd python3
mkdir -m 700 "$DARIO_HOME"
start_router
report fields "$tmp/fields.out" python3 "$srcdir/tests/sh/fields.py" "$url" "$builddir/dario.fcgi"

# No key of a backend's file is shown, however it is sent.
for name in azure scheme fixed; do
	"$dario" backend list --json
	"$dario" backend list
	"$dario" config --json
	"$dario" explain $name:m --json
done >"$tmp/shown" 2>&1
cat "$tmp/log" >>"$tmp/shown"
unlike 'a key by another name is not shown' "$(cat "$tmp/shown")" sk-up-012345678
unlike 'nor a credential of the file' "$(cat "$tmp/shown")" eA==

wrong() { # NAME MEMBERS PART: the file is refused, and that is said
	printf '{"name":"bad","baseUrl":"http://127.0.0.1:1","apiKey":"k",%s}' "$2" >"$DARIO_HOME/backends/bad.json"
	chmod 600 "$DARIO_HOME/backends/bad.json"
	out=$("$dario" backend list 2>&1)
	is "$1: exit status" "$?" 1
	like "$1: says why" "$out" "$3"
}
wrong 'two fields with the key' '"headers":{"a":"{key}","b":"x {key}"}' '{key} can stand in one field only'
wrong 'a field of each call' '"headers":{"Content-Length":"1"}' 'Content-Length is not a name'
wrong 'a credential of the client' '"forward":["x-team","Cookie"]' 'forward: Cookie is never handed on'
wrong 'no name' '"forward":["a b"]' 'names of header fields'
wrong 'no list' '"forward":"x"' 'forward must be a list'
done_testing
