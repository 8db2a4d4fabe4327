#!/bin/sh
# SPDX-License-Identifier: MIT
# Files that are none: a FIFO, a device, a folder, a socket in the place of each
# file that is opened is an error that names it, at once. And what a writer that
# died leaves goes with the file, or with the next start.
. "$(dirname "$0")/lib.sh"
need python3

mkdir -m 700 "$DARIO_HOME"
"$dario" backend list >/dev/null 2>&1
mkfifo "$tmp/fifo"
mkdir "$tmp/folder"
python3 -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$tmp/socket"

# refused NAME PATH COMMAND...: fails within seconds, with PATH in the message.
refused() {
	name=$1
	part=$2
	shift 2
	timeout 60 "$@" >"$tmp/out" 2>&1 </dev/null
	code=$?
	is "$name: refused, and at once" "$((code > 0 && code < 124))" 1
	like "$name: is named" "$(cat "$tmp/out")" "$part"
}

for what in "$tmp/fifo" "$tmp/folder" "$tmp/socket" /dev/zero /dev/tty; do
	DARIO_CC_PATH=$what refused "DARIO_CC_PATH=${what##*/}" "$what" \
		"$dario" config
	refused "--template=${what##*/}" "$what" \
		"$dario" proxy --template="$what" --check
	[ "$what" = "$tmp/fifo" ] || refused "--key-file=${what##*/}" \
		'the file that --key-file names' "$dario" backend add x \
		--base-url=http://127.0.0.1:1 --key-file="$what"
	mkdir -p -m 700 "$DARIO_HOME/backends"
	printf '{"baseUrl":"http://127.0.0.1:1/v1","caFile":"%s"}' "$what" \
		>"$DARIO_HOME/backends/ca.json"
	chmod 600 "$DARIO_HOME/backends/ca.json"
	refused "caFile ${what##*/}" "$what" "$dario" backend test ca
	rm "$DARIO_HOME/backends/ca.json"
done

# In the home: no link is followed, so the thing itself is put there.
for f in config.json routes.json tools.json template.json backends/b.json \
	oauth-config.override.json; do
	for make in mkfifo mkdir; do
		$make "$DARIO_HOME/$f"
		refused "$make $f" "$f" "$dario" config
		rm -r "$DARIO_HOME/$f"
	done
done
for f in accounts/a.json credentials.json; do
	mkfifo "$DARIO_HOME/$f"
	timeout 60 "$dario" accounts list >"$tmp/out" 2>&1
	is "mkfifo $f: the list comes" "$?" 0
	like "mkfifo $f: is named" "$(cat "$tmp/out")" "$f"
	rm "$DARIO_HOME/$f"
done
mkdir "$HOME/.claude"
mkfifo "$HOME/.claude/.credentials.json"
timeout 60 "$dario" accounts list >"$tmp/out" 2>&1
is "Claude Code's file is a FIFO: the list comes" "$?" 0
like "Claude Code's file is a FIFO: is named" "$(cat "$tmp/out")" .credentials.json
rm -r "$HOME/.claude"
mkdir -m 700 -p "$DARIO_HOME/state"
mkdir -m 700 "$DARIO_HOME/state/usage"
for f in history.jsonl history-1.jsonl usage/total.0 usage/2026-01-01; do
	mkfifo "$DARIO_HOME/state/$f"
	timeout 60 "$dario" usage >"$tmp/out" 2>&1
	is "mkfifo state/$f: usage comes" "$?" 0
	rm "$DARIO_HOME/state/$f"
done
mkfifo "$DARIO_HOME/backends/n.json.new"
printf 'key\n' | timeout 60 "$dario" backend add n --base-url=https://h/v1 --key-stdin 2>"$tmp/out"
is 'a FIFO where a file is written: written' "$?" 0
mkfifo "$DARIO_HOME/backends/m.json.lock"
printf 'key\n' | timeout 60 "$dario" backend add m --base-url=https://h/v1 --key-stdin 2>"$tmp/out"
is 'a FIFO where a lock is: refused' "$?" 1
rm -f "$DARIO_HOME/backends/m.json.lock" "$DARIO_HOME/backends/n.json"

# A pipe on the command line is read, up to a size and for a time.
added() {
	is "$1: taken" "$(json 'j["apiKey"]' <"$DARIO_HOME/backends/p.json")" "$2"
	rm -f "$DARIO_HOME/backends/p.json"
}
printf 'key-1\n' | "$dario" backend add p --base-url=https://h/v1 --key-file=/dev/stdin 2>/dev/null
added 'a key through /dev/stdin' key-1
(echo key-2 >"$tmp/fifo") &
"$dario" backend add p --base-url=https://h/v1 --key-file="$tmp/fifo" 2>/dev/null
added 'a key through a FIFO' key-2
bash -c '"$1" backend add p --base-url=https://h/v1 --key-file=<(echo key-3)' - "$dario" 2>/dev/null
added 'a key through <()' key-3
head -c 200000 /dev/zero | tr '\0' k >"$tmp/large"
refused 'a large --key-file' 'larger than' "$dario" backend add p \
	--key-file="$tmp/large"
yes | timeout 60 "$dario" backend add p --base-url=https://h/v1 --key-file=/dev/stdin 2>"$tmp/out"
is 'a pipe without end: refused' "$?" 1

# What a writer that was killed left.
left() {
	printf '{"apiKey":"sk-left-0123456789"}' >"$DARIO_HOME/$1.new"
	chmod 600 "$DARIO_HOME/$1.new"
}
gone() {
	is "$1: nothing is left" \
		"$(grep -rl sk-left-0123456789 "$DARIO_HOME")" ''
}
has() {
	printf '{"apiKey":"k","accessToken":"t","refreshToken":"r","baseUrl":"http://127.0.0.1:1"}' >"$DARIO_HOME/$1"
	chmod 600 "$DARIO_HOME/$1"
}
for pair in 'accounts remove:accounts/w.json' 'backend remove:backends/w.json' \
	'logout:credentials.json'; do
	file=${pair#*:}
	words=${pair%:*}
	[ "$words" = logout ] || words="$words w"
	has "$file"
	left "$file"
	# shellcheck disable=SC2086
	"$dario" $words 2>/dev/null
	is "$words: done" "$?" 0
	gone "$words"
	left "$file"
	# shellcheck disable=SC2086
	"$dario" $words 2>/dev/null
	gone "$words, the file is gone already"
done
for file in accounts/w.json backends/w.json credentials.json config.json \
	state/login-0123.json; do
	left "$file"
	"$dario" config >/dev/null
	gone "the next start, $file"
done
left accounts/w.json
flock "$DARIO_HOME/accounts/w.json.lock" "$dario" config >/dev/null
ok 'what is being written stays' test -e "$DARIO_HOME/accounts/w.json.new"
rm -f "$DARIO_HOME/accounts/w.json.new"
left backends/v.json
printf 'k\n' | "$dario" backend add v --base-url=https://h/v1 --key-stdin 2>/dev/null
gone 'the next write'
done_testing
