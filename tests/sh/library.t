#!/bin/sh
# SPDX-License-Identifier: MIT
# The library for other programs: what it exports, that foreign programs build
# with it, and that it leaves no trace in them.
. "$(dirname "$0")/lib.sh"
need cc make nm pkg-config python3
grep -q 'define SANITIZED' "$builddir/config.h" &&
	skip_all 'sanitizers have to be in the host, too'

lib=$builddir/lib
names() {
	nm "$@" | awk '{ print $NF }' | sed 's/@.*//' | sort -u
}
declared=$(grep -o 'dario_[a-z_]*(' "$srcdir/include/dario.h" | tr -d '(' |
	sort -u)
is 'the shared library exports what the header declares, in one node' \
	"$(nm -D --defined-only "$lib/libdario.so.0" | awk '{print $NF}' |
		sed -n 's/@@DARIO_0$//p' | sort)" "$declared"
is 'and nothing else' "$(names -D --defined-only "$lib/libdario.so.0")" \
	"$(printf 'DARIO_0\n%s' "$declared")"
is 'nor has the archive another global name' \
	"$(names -g --defined-only "$lib/libdario.a" | grep -v ':$' |
		grep .)" "$declared"
is 'no writable data that other libraries see' \
	"$(nm -D "$lib/libdario.so.0" | grep -c ' [BDd] ')" 0
is 'the name of the library' "$(readelf -d "$lib/libdario.so.0" |
	sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" libdario.so.0

cc -std=c11 -Wall -Wextra -Werror -c -o "$tmp/abi.o" "$srcdir/tests/lib/abi.c" \
	-I"$srcdir/include" 2>"$tmp/err"
is 'what is built already goes on: functions, numbers and layouts' \
	"$? $(cat "$tmp/err")" '0 '
is 'that is asked of every function' \
	"$(grep -o 'dario_[a-z_]*(' "$srcdir/tests/lib/abi.c" | tr -d '(' |
		sort -u)" "$declared"

is 'the commands do by it what is its own' \
	"$(nm "$builddir"/cli/*.o | awk '$1 == "U" && $2 ~ /^dario_/ { print $2 }' |
		sort -u | xargs)" \
	"dario_accounts dario_backend_test dario_backends dario_close dario_explain\
 dario_free dario_open dario_router_free dario_router_ready dario_router_start\
 dario_router_stop dario_router_wait dario_status"

# --- one way of doing a thing, for all ------------------------------------------
# By the symbols of the objects: what they call, and what they define.
calls() {
	nm "$@" | awk '$1 == "U" { print $2 }' | sort -u
}
defines() {
	nm "$@" | awk '$2 ~ /^[TDBR]$/ { print $3 }' | sort -u
}
among() { # of the lines of a file
	grep -xFf "$1"
}
cd "$builddir" || exit 1
defines common/dialect/*.o common/state/*/*.o common/net/*.o \
	lib/answering.o lib/conversion.o >"$tmp/parts"
calls fcgi/*.o >"$tmp/by-worker"
calls cli/*.o >"$tmp/by-commands"
nm dario.fcgi | awk '{ print $NF }' | sort -u >"$tmp/in-worker"
shared='(answering|conversion)_.*'
is 'the worker translates by what the library translates by' \
	"$(calls lib/libapi_a-*.o | grep -xE "$shared" |
		grep -vxFf "$tmp/by-worker")" ''
is 'which is something' "$(calls lib/libapi_a-*.o | grep -xE "$shared" |
	sed 's/_.*//' | sort -u | xargs)" 'answering conversion'
beneath='translate_request|translation_(init|end|body|release)|mend_(init|apply)'
is 'and neither has another way' "$(calls fcgi/*.o lib/libapi_a-*.o cli/*.o |
	grep -xE "$beneath")" ''
for object in lib/libapi_a-*.o; do
	# The commands call its functions, or the worker has all that it calls.
	defines "$object" | among "$tmp/by-commands" | grep -q '^dario_' &&
		continue
	is "what $object stands on is the worker's, too" \
		"$(calls "$object" | among "$tmp/parts" |
			grep -vxFf "$tmp/in-worker")" ''
done
cd "$tmp" || exit 1

# --- a foreign program --------------------------------------------------------
make -s -C "$builddir" install DESTDIR="$tmp/dest" >"$tmp/install" 2>&1
is 'make install' "$?" 0
pc=$(find "$tmp/dest" -name dario.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="$(dirname "$pc")" PKG_CONFIG_SYSROOT_DIR="$tmp/dest"
flags=$(pkg-config --cflags --libs dario)
for c in "$srcdir"/examples/c/*.c; do
	name=$(basename "$c" .c)
	cc -std=c11 -Wall -Wextra -Werror -o "$tmp/$name" "$c" $flags
	is "builds with dario.pc: $name" "$?" 0
	ok "is short: $name" test "$(wc -l <"$c")" -le 60
done
cc -o "$tmp/static" "$srcdir/examples/c/translate.c" \
	$(pkg-config --cflags dario) "$libdir/libdario.a" \
	$(PKG_CONFIG_SYSROOT_DIR= pkg-config --libs \
		$(sed -n 's/^Requires.private: //p' "$pc"))
is 'builds with the archive' "$?" 0
cc -o "$tmp/between" "$srcdir/examples/c/translate.c" \
	$(pkg-config --cflags dario) "-L$libdir" -Wl,-Bstatic -ldario -Wl,-Bdynamic \
	$(PKG_CONFIG_SYSROOT_DIR= pkg-config --libs \
		$(sed -n 's/^Requires.private: //p' "$pc")) \
	$(sed -n 's/^Libs.private: //p' "$pc")
is 'builds with the archive where both are' "$?" 0
unlike 'and needs the shared one no more' \
	"$(readelf -d "$tmp/between" "$tmp/static" | grep NEEDED)" libdario
printf '#include <dario.h>\nint main() { return !dario_version(); }\n' \
	>"$tmp/v.cc"
if command -v c++ >/dev/null; then
	ok 'the header is C++, too' c++ -fsyntax-only -I"$srcdir/include" \
		"$tmp/v.cc"
fi

page=$(find "$tmp/dest" -name dario.3)
if command -v man >/dev/null; then
	is 'the manual page formats without a complaint' "$(LC_ALL=C.UTF-8 \
		MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)" ''
fi
for name in $declared; do
	grep -q "$name(" "$page" || fail "the manual page has $name"
done

export LD_LIBRARY_PATH="$libdir"
data=$(dirname "$(dirname "$(find "$tmp/dest" -name models.json)")")
echo '{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user",
"content":"hi"}],"logit_bias":{"1":2}}' >"$tmp/request"

"$tmp/translate" openai anthropic claude-sonnet-4-5 <"$tmp/request" \
	>"$tmp/out" 2>"$tmp/err"
is 'translate: what it makes' "$(json 'j["messages"], j["model"]' <"$tmp/out")" \
	"[{'role': 'user', 'content': [{'type': 'text', 'text': 'hi'}]}] claude-sonnet-4-5"
is 'and what it drops' "$(cat "$tmp/err")" 'dropped: logit_bias'

# --- the other examples -------------------------------------------------------
cat >"$tmp/events" <<'END'
event: message_start
data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","model":"c","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}

event: content_block_start
data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

event: content_block_delta
data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello"}}

event: content_block_stop
data: {"type":"content_block_stop","index":0}

event: message_delta
data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}}

event: message_stop
data: {"type":"message_stop"}

END
sed 's/"m"/"claude-sonnet-4-5"/' "$tmp/request" >"$tmp/priced"
streamed() {
	"$@" "$tmp/stream" openai anthropic "$tmp/priced" \
		<"$tmp/events" >"$tmp/out2" 2>"$tmp/err"
}
streamed
is 'stream: it ends well' "$?" 0
like 'stream: the words' "$(cat "$tmp/out2")" '"content":"hello"'
like 'stream: to the end' "$(cat "$tmp/out2")" 'data: [DONE]'
like 'stream: what it has cost' "$(cat "$tmp/err")" ' dollars'
head -n 9 "$tmp/events" >"$tmp/half"
"$tmp/stream" openai anthropic "$tmp/request" <"$tmp/half" >"$tmp/out2" \
	2>"$tmp/err"
is 'stream: one that is cut' "$? $(cat "$tmp/err")" \
	'1 stream: the stream ended early, without its final event'
"$tmp/translate" openai latin <"$tmp/request" >"$tmp/out2" 2>"$tmp/err"
like 'translate: no such dialect' "$? $(cat "$tmp/err")" \
	'1 translate: the dialect of the provider must be'
"$tmp/router" none </dev/null >"$tmp/out2" 2>"$tmp/err"
like 'router: one that does not start' "$? $(tail -n 1 "$tmp/err")" \
	'1 router: the router has ended with status 2'
if command -v lighttpd >/dev/null; then
	is 'router: ready, and stopped when standard input ends' \
		"$("$tmp/router" "$(free_port)" claude-sonnet-4-5 </dev/null \
			2>&1 | tail -n 2 | xargs)" 'ready ended with status 0'
fi
grind() {
	valgrind -q --error-exitcode=9 --leak-check=full \
		--suppressions="$srcdir/tests/lib/valgrind.supp" \
		--errors-for-leak-kinds=definite "$@" 2>"$tmp/grind"
}
if command -v valgrind >/dev/null; then
	grind "$tmp/translate" openai anthropic <"$tmp/request" >"$tmp/out2"
	is 'translate under valgrind' "$? $(cat "$tmp/grind")" \
		'0 dropped: logit_bias'
	streamed valgrind -q --error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite
	like 'stream under valgrind' "$? $(cat "$tmp/err")" '0 0.'
	grind "$tmp/router" none </dev/null
	is 'router under valgrind' "$?" 1
fi

mkdir "$tmp/bin" && mv "$tmp/static" "$tmp/bin" && ln -s "$data/share" "$tmp/share"
"$tmp/bin/static" openai anthropic claude-sonnet-4-5 <"$tmp/request" \
	>"$tmp/out2" 2>/dev/null
ok 'the archive makes the same' cmp "$tmp/out" "$tmp/out2"
cc -std=c11 -Wall -Wextra -Werror -o "$tmp/use" "$srcdir/tests/lib/use.c" \
	$flags -lpthread -ldl
is 'the test program builds' "$?" 0
report 'use' "$tmp/out" "$tmp/use" "$data" "$tmp" "$libdir/libdario.so.0"
cc -std=c11 -Wall -Wextra -Werror -o "$tmp/starve" \
	"$srcdir/tests/lib/starve.c" $flags
is 'the host without memory builds' "$?" 0
report 'starve' "$tmp/out" "$tmp/starve"
cc -std=c11 -Wall -Wextra -Werror -o "$tmp/splits" \
	"$srcdir/tests/lib/splits.c" $flags
is 'splits: builds' "$?" 0
report 'splits' "$tmp/out" "$tmp/splits"
cc -std=c11 -Wall -Wextra -Werror -o "$tmp/hostile" \
	"$srcdir/tests/lib/hostile.c" $flags
is 'hostile: builds' "$?" 0
report 'hostile' "$tmp/out" "$tmp/hostile" "$data"
if command -v valgrind >/dev/null; then
	report_seconds=300 report 'under valgrind' "$tmp/out" valgrind -q \
		--error-exitcode=9 --leak-check=full \
		--errors-for-leak-kinds=definite "$tmp/use" "$data" "$tmp" ''
fi
done_testing
