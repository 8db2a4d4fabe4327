#!/bin/sh
# SPDX-License-Identifier: MIT
# state/ and run/ are as private as the rest of the home: folders that are open to
# others are refused, files in state/ are thrown away, and it is said.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

state=$DARIO_HOME/state
mkdir -m 700 "$DARIO_HOME" "$state" "$state/sticky" "$state/queue"
chat='{"model":"demo","messages":[{"role":"user","content":"hi"}]}'
mode() { stat -c %a "$1"; }
plant() { # FILE MODE [TEXT]
	printf '%s' "${3-planted}" >"$state/$1"
	chmod "$2" "$state/$1"
}
gone() { [ ! -e "$state/$1" ] && [ ! -L "$state/$1" ]; }
thrown() { # FILE WHY
	ok "$1: thrown away" gone "$1"
	like "$1: said" "$(cat "$tmp/log")" \
		"$state/$1 $2: it was thrown away, and is made anew when it is needed"
}

old='{"t":1,"a":"","b":"planted-backend","m":"x","s":200,"ms":1}'
plant history-old.jsonl 644 "$old"
plant limits-a.json 604
plant totals.json 660 '{}'
mkdir -m 700 "$state/usage"
plant usage/total.0 644 planted
plant sticky/aa.json 620
plant pace-a.json.lock 666 ''
plant good.json 600 '{"mine":1}'
plant good.json.lock 600 ''
ln -s "$state/good.json" "$state/link.json"
ln -s /etc/passwd "$state/history.jsonl"
mkfifo -m 600 "$state/pipe.json"
lock=$(stat -c %i "$state/pace-a.json.lock")
if [ "$(id -u)" = 0 ]; then
	plant theirs.json 600
	plant theirs.json.lock 600
	chown nobody "$state/theirs.json" "$state/theirs.json.lock"
fi
start_router --demo
thrown history-old.jsonl 'is open to other users'
thrown limits-a.json 'is open to other users'
thrown totals.json 'is open to other users'
thrown usage/total.0 'is open to other users'
thrown sticky/aa.json 'is open to other users'
thrown link.json 'is a symbolic link'
thrown pipe.json 'is not a plain file'
[ "$(id -u)" != 0 ] || {
	thrown theirs.json 'belongs to another user'
	ok "another user's lock: thrown away" gone theirs.json.lock
}
is 'a lock is closed to others' "$(mode "$state/pace-a.json.lock")" 600
is 'a lock stays the file that it is' \
	"$(stat -c %i "$state/pace-a.json.lock")" "$lock"
is 'a good file stays' "$(cat "$state/good.json")" '{"mine":1}'
post /v1/chat/completions "$chat" >/dev/null
is 'and the router serves' "$(status)" 200
written() { grep -q demo "$state/history.jsonl"; }
ok 'the history is a file again' wait_for written
is 'the history is private' "$(stat -c '%a %F' "$state/history.jsonl")" \
	'600 regular file'
unlike 'what was planted does not count' "$(curl -s "$url/analytics")" planted
ok 'what a link pointed to is as it was' grep -q root: /etc/passwd

# While it runs.
said() { grep -cF -- "$1" "$tmp/log"; }
chmod 644 "$state/history.jsonl"
told() {
	post /v1/chat/completions "$chat" >/dev/null
	[ "$(said "$state/history.jsonl is open")" = 1 ]
}
ok 'opened while it is in use: found' wait_for told
is 'opened while it is in use: anew' "$(mode "$state/history.jsonl")" 600
echo '{"demo":true}' >"$tmp/config.json"
chmod 600 "$tmp/config.json"
chmod 777 "$state/sticky"
mv "$tmp/config.json" "$DARIO_HOME/config.json"
post /v1/chat/completions "$chat" >/dev/null
is 'an open folder while it runs: the last good state serves' "$(status)" 200
ok 'an open folder while it runs: said' wait_for grep -qF \
	"stays in force: $state/sticky is open to other users: chmod 700 $state/sticky" "$tmp/log"
chmod 700 "$state/sticky"
post /v1/chat/completions "$chat" >/dev/null
mended_is_said() { [ "$(said 'what was refused is mended')" = 1 ]; }
ok 'closed again: said' wait_for mended_is_said
stop_router

# Folders, from the start.
for folder in state state/sticky state/queue run; do
	chmod 755 "$DARIO_HOME/$folder"
	out=$("$dario" proxy --check 2>&1)
	is "$folder is open: exit 1" "$?" 1
	like "$folder is open: what to do" "$out" \
		"$DARIO_HOME/$folder is open to other users: chmod 700 $DARIO_HOME/$folder"
	is "$folder is open: the worker serves nothing" "$(REQUEST_METHOD=GET \
		SCRIPT_NAME=/v1/models HTTP_HOST=localhost REMOTE_ADDR=127.0.0.1 \
		"$builddir/dario.fcgi" </dev/null 2>&1 | grep -o 'chmod 700' | wc -l)" 3
	like "$folder is open: doctor" "$("$dario" doctor 2>&1)" "chmod 700 $DARIO_HOME/$folder"
	chmod 700 "$DARIO_HOME/$folder"
done
plant limits-a.json 644
like 'an open file: doctor' "$("$dario" doctor 2>&1)" "chmod 600 $state/limits-a.json"
ok 'an open file: proxy --check goes on' "$dario" proxy --check 2>/dev/null

# What a writer left behind does not decide who may read what replaces it.
mkdir -p -m 700 "$DARIO_HOME/backends"
echo x >"$DARIO_HOME/backends/b.json.new"
chmod 666 "$DARIO_HOME/backends/b.json.new"
"$dario" backend add b --base-url=http://127.0.0.1:1 2>/dev/null
is 'a file that was left half-written: not its mode' \
	"$(mode "$DARIO_HOME/backends/b.json")" 600

# A home that cannot be written: what only reads goes on, doctor says it.
if [ "$(id -u)" = 0 ]; then
	closed() { # COMMAND...: with the home mounted to be read alone
		unshare -m sh -c 'mount --bind "$DARIO_HOME" "$DARIO_HOME" &&
			mount -o remount,ro,bind "$DARIO_HOME" && exec "$@"' sh "$@"
	}
else
	closed() {
		chmod 500 "$DARIO_HOME"
		"$@"
		closed=$?
		chmod 700 "$DARIO_HOME"
		return $closed
	}
fi
if [ "$(id -u)" != 0 ] || unshare -m true 2>/dev/null; then
	ok 'a home to read: it can be shown' closed "$dario" backend list
	like 'a home to read: doctor' "$(closed "$dario" doctor 2>&1)" \
		"fail  home                    $DARIO_HOME cannot be written"
	closed "$dario" proxy --check 2>"$tmp/err"
	is 'a home to read: proxy --check says so' "$?" 1
	like 'a home to read: why' "$(cat "$tmp/err")" "$DARIO_HOME"
fi
done_testing
