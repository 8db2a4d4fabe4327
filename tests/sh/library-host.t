#!/bin/sh
# SPDX-License-Identifier: MIT
# The library in hosts with habits of their own: loaded anew, no memory, NULL
# for anything, children that nobody may wait for, no standard streams, very many
# descriptors, another locale, a fork.
. "$(dirname "$0")/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need cc python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'sanitizers have to be in the host, too'

build() {
	cc -std=c11 -Wall -Wextra -Werror -D_GNU_SOURCE -o "$tmp/$1" \
		"$srcdir/tests/lib/$1.c" -I"$srcdir/include" \
		-L"$builddir/lib" -ldario -lpthread
	is "$1: builds" "$?" 0
}
build nothing
build host
build again
build scarce
export LD_LIBRARY_PATH="$builddir/lib"

start_provider
echo fake-key >"$tmp/key"
printf '#!/bin/sh\ncat %s\n' "$tmp/key" >"$tmp/say-key"
chmod 700 "$tmp/say-key"
"$dario" backend add one --base-url="$provider/v1" --protocol=openai \
	--models='gpt-*' --key-command="$tmp/say-key" 2>/dev/null
oauth="\"tokenUrl\":\"$provider/v1/oauth/token\""
echo "{$oauth}" >"$DARIO_HOME/oauth-config.override.json"
echo "{\"anthropicBaseUrl\":\"$provider\"}" >"$DARIO_HOME/config.json"
chmod 600 "$DARIO_HOME/oauth-config.override.json" "$DARIO_HOME/config.json"

mkdir -m 700 "$tmp/plain"
(export DARIO_HOME="$tmp/plain" && "$dario" accounts add work \
	--key-file="$tmp/key" && "$dario" backend add one --models='gpt-*' \
	--base-url=http://127.0.0.1:9/v1 --key-file="$tmp/key") 2>/dev/null
cp -pR "$tmp/plain" "$tmp/other"
report again "$tmp/out" "$tmp/again" "$builddir" "$tmp/plain" "$tmp/other" \
	"$builddir/lib/libdario.so.0"
report scarce "$tmp/out" "$tmp/scarce" "$builddir" "$tmp/plain"
report nothing "$tmp/out" "$tmp/nothing" "$builddir" "$DARIO_HOME"
if command -v valgrind >/dev/null; then
	report 'nothing under valgrind' "$tmp/out" valgrind -q \
		--error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite \
		--suppressions="$srcdir/tests/lib/valgrind.supp" \
		"$tmp/nothing" "$builddir" "$DARIO_HOME"
fi

# Each time the token is old.
asks_token() {
	rm -f "$DARIO_HOME"/accounts/* "$DARIO_HOME"/limits/* \
		"$DARIO_HOME"/state/* 2>/dev/null
	subscription accounts/plan.json sk-ant-oat01-old sk-ant-ort01-old -1000
	"$tmp/host" "$1" "$DARIO_HOME" token >"$tmp/told" 2>"$tmp/heard"
	unlike "$1: a new token" "$(cat "$tmp/told")" sk-ant-oat01-old
	like "$1: a token" "$(cat "$tmp/told")" sk-ant-oat01-
	is "$1: nothing on standard error" "$(cat "$tmp/heard")" ''
}
for habit in ignore fetch closed many fork; do
	asks_token "$habit"
	like "$habit: a key of a command" \
		"$("$tmp/host" "$habit" "$DARIO_HOME" key)" '3 models'
done
asks_token ignore,closed,many

if command -v lighttpd >/dev/null; then
	for habit in ignore fetch closed,many; do
		PORT_FLAG=--port=$(free_port)
		export PORT_FLAG
		is "$habit: a router" \
			"$("$tmp/host" "$habit" "$DARIO_HOME" router)" \
			"$(printf 'ready 1, running 1\nstopped 1')"
	done
fi

if command -v localedef >/dev/null && mkdir "$tmp/locale" &&
	localedef -i de_DE -f UTF-8 "$tmp/locale/de_DE.UTF-8" 2>/dev/null; then
	export LOCPATH="$tmp/locale"
	for question in accounts explain; do
		is "numbers with a comma: $question" \
			"$("$tmp/host" comma "$DARIO_HOME" "$question" |
				json 'sorted(j)')" \
			"$("$tmp/host" many "$DARIO_HOME" "$question" |
				json 'sorted(j)')"
	done
	is 'a number with a point' \
		"$("$tmp/host" comma "$DARIO_HOME" usage)" '1500 tokens'
else
	diag 'not run, localedef cannot make de_DE: numbers with a comma'
fi
done_testing
