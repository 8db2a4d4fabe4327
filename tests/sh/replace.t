#!/bin/sh
# SPDX-License-Identifier: MIT
# Workers are replaced while clients ask: SIGHUP takes the program that is on
# the disk now, a worker that ends has a successor; nobody notices.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

# A program folder of our own, so that what is in it can be exchanged.
mkdir "$tmp/libexec"
cp "$builddir/dario.fcgi" "$tmp/libexec/dario.fcgi"
export DARIO_LIBEXECDIR=$tmp/libexec
install_worker() {
	cat >"$tmp/libexec/new"
	chmod 755 "$tmp/libexec/new"
	mv "$tmp/libexec/new" "$tmp/libexec/dario.fcgi"
}

# Longer than a client of load.py waits: nobody may be left to it.
export DARIO_DRAIN_MS=120000
up=$(free_port)
start_process "$tmp/provider.log" python3 "$srcdir/tests/sh/load.py" provider "$up" "$tmp/let-go"
wait_for grep -q listening "$tmp/provider.log"
"$dario" backend add up --key=k --base-url="http://127.0.0.1:$up/v1" >/dev/null 2>&1

load() { # [one]: in the background, until sum; sets clients
	rm -f "$tmp/going.enough"
	: >"$tmp/going"
	python3 "$srcdir/tests/sh/load.py" clients "$url" "$tmp/going" "$@" \
		>"$tmp/counts" 2>"$tmp/load.log" &
	clients=$!
	wait_for grep -q ' ok' "$tmp/going"
}
many() { test "$(grep -c ' ok' "$tmp/going")" -gt 100; }
count() { json "j.get('$1', 0)" <"$tmp/counts"; }
sum() { # NAME: what the load has counted
	ok "$1: many are served" wait_for many
	touch "$tmp/going.enough"
	wait "$clients" || fail "$1: the clients" "$(cat "$tmp/load.log")"
	is "$1: nothing is lost" "$(count lost) $(count examples)" '0 []'
	is "$1: nobody is refused" "$(count refused) $(count busy) $(count told)" '0 0 0'
	is "$1: no kept connection ends" "$(count raced)" 0
}
none_of() { # OLD...: all have gone, others are there
	[ -z "$(alive "$@")" ] && [ -n "$(worker_pid)" ]
}
said() { grep -q "$1" "$tmp/log"; }

start_router --workers=2

load
for i in 1 2 3; do
	old=$(worker_pid)
	cp "$builddir/dario.fcgi" "$tmp/next"
	install_worker <"$tmp/next"
	kill -HUP "$router"
	ok "replacing, $i: the earlier workers go" wait_for none_of $old
	is "replacing, $i: there are two" "$(worker_pid | wc -l)" 2
	for p in $(worker_pid); do
		case $(readlink "/proc/$p/exe") in
		*deleted*) fail "replacing, $i: an earlier program" ;;
		esac
	done
done
sum replacing

# One request after the other: no other one comes and wakes who sleeps.
load one
for i in 1 2 3 4 5 6 7 8 9 10; do
	old=$(worker_pid)
	kill -HUP "$router"
	wait_for none_of $old || fail "one by one, $i: the earlier workers go"
done
sum 'one by one'

# A worker that is told to end, or ends without a word. What it was serving is
# cut off when it is killed; so only idle ones are.
load
for i in 1 2 3; do
	old=$(worker_pid | head -n 1)
	kill -TERM "$old"
	ok "a worker drains, $i: it goes" wait_for none_of "$old"
	ok "a worker drains, $i: there are two" \
		wait_for sh -c "test \"\$(pgrep -cP $router dario.fcgi)\" = 2"
done
sum 'a worker drains'

code() {
	curl -s -m 60 -o "$tmp/body" -D "$tmp/head" -w '%{http_code}' \
		-d '{"model":"up:plain","messages":[{"role":"user","content":"x"}]}' \
		"$url/v1/chat/completions"
}
kill -KILL $(worker_pid)
is 'both are killed: the next request is served' "$(code)" 200

# The only worker drains for as long as its stream lasts: others are served.
port=
stop_router
start_router
old=$(worker_pid)
curl -sN -o "$tmp/stream" -d '{"model":"up:stream-held","stream":true,"messages":[{"role":"user","content":"x"}]}' \
	"$url/v1/chat/completions" &
stream=$!
wait_for test -s "$tmp/stream"
kill -TERM "$old"
i=0
while [ $i -lt 30 ] && [ "$(code)" = 200 ]; do
	i=$((i + 1))
done
is 'the only worker drains: the next requests are served' "$i" 30
is 'the only worker drains: it is still there' "$(alive "$old")" "$old"
touch "$tmp/let-go"
wait "$stream"
like 'the only worker drains: its stream is whole' "$(tail -n 2 "$tmp/stream")" '[DONE]'

wait_for none_of "$old"

# What cannot take over does not.
for broken in 'exit 3' 'exec 3>&-; exec sleep 1000'; do
	old=$(worker_pid)
	printf '#!/bin/sh\n%s\n' "$broken" | install_worker
	: >"$tmp/log"
	kill -HUP "$router"
	ok "a program that fails ($broken): said" wait_for said 'the new workers do not start'
	is "a program that fails ($broken): the earlier one goes on" \
		"$(code) $(alive "$old")" "200 $old"
	is "a program that fails ($broken): nothing else stays" \
		"$(wait_for sh -c "test \"\$(pgrep -P $router | wc -l)\" = 2" && echo gone)" gone
done
install_worker <"$builddir/dario.fcgi"
(umask 077; echo '{' >"$DARIO_HOME/config.json")
: >"$tmp/log"
kill -HUP "$router"
ok 'a broken configuration: said' wait_for said 'nothing is replaced: .*config.json'
is 'a broken configuration: the earlier one goes on' "$(code) $(alive "$old")" "200 $old"

# A setting of the process counts from then on.
(umask 077; echo '{"workers":3}' >"$DARIO_HOME/config.json")
kill -HUP "$router"
ok 'a good one: the number of workers is another' wait_for none_of $old
is 'a good one: there are three' "$(worker_pid | wc -l)" 3
rm "$DARIO_HOME/config.json"

# Without a worker: who asks is told when to come back.
printf '#!/bin/sh\n[ -e %s ] || exec %s\nexit 1\n' "$tmp/broken" \
	"$builddir/dario.fcgi" | install_worker
kill -HUP "$router"
wait_for sh -c "test \"\$(pgrep -cP $router dario.fcgi)\" = 1"
touch "$tmp/broken"
refused() { [ "$(code)" = 503 ]; }
kill -KILL $(worker_pid)
ok 'no worker: 503' wait_for refused
is 'no worker: with the time' "$(header Retry-After)" 1
is 'no worker: an error for both' "$(json \
	'j["type"], j["error"]["type"], j["error"]["code"]' <"$tmp/body")" \
	'error api_error worker_unavailable'
closed_to_pages 'no worker'
rm "$tmp/broken"
back() { [ "$(code)" = 200 ]; }
ok 'a worker again: served' wait_for back

touch "$tmp/broken"
: >"$tmp/log"
kill -KILL $(worker_pid)
wait "$router"
is 'it never starts again: exit 1' "$?" 1
like 'it never starts again: said' "$(tail -n 1 "$tmp/log")" 'does not start any more'
done_testing
