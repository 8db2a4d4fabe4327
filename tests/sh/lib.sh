# SPDX-License-Identifier: MIT
# Sourced by the shell tests: TAP output, a private home, a router on a free
# port. A test ends with done_testing; whatever it started ends with it.
#
# Each test can be run by itself. From the environment: srcdir and builddir,
# by default the tree that the test lies in. KEEP names a folder that gets a
# copy of what the test has written.

set -u
export LC_ALL=C
top=$(cd "$(dirname "$0")/../.." && pwd)
srcdir=$(cd "${srcdir:-$top}" && pwd)
builddir=$(cd "${builddir:-$top}" && pwd)
dario=$builddir/dario
tmp=$(mktemp -d "${TMPDIR:-/tmp}/dario-test.XXXXXX")
for v in $(env | sed -n 's/^\(DARIO_[A-Z_]*\)=.*/\1/p'); do
	unset "$v"
done
export DARIO_HOME=$tmp/home HOME=$tmp
export DARIO_DATADIR=$srcdir DARIO_LIBEXECDIR=$builddir
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY all_proxy
PATH=$PATH:/usr/sbin:/sbin
. "$srcdir/tests/python.sh"

tests=0
failures=0
children=

stop_children() {
	for pid in $children; do
		kill "$pid" 2>/dev/null
	done
	for pid in $children; do
		wait "$pid" 2>/dev/null
	done
	children=
}

cleanup() {
	[ -z "${KEEP-}" ] || cp -r "$tmp" "$KEEP"
	stop_children
	# What a child that was stopped had begun may come in between.
	rm -rf "$tmp" 2>/dev/null || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 1' INT TERM HUP

diag() {
	printf '%s\n' "$*" | sed 's/^/# /'
}

# pass NAME, fail NAME [what went wrong]
pass() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

fail() {
	tests=$((tests + 1))
	failures=$((failures + 1))
	echo "not ok $tests - $1"
	shift
	[ $# -eq 0 ] || diag "$@"
}

# ok NAME COMMAND...: the command must succeed.
ok() {
	name=$1
	shift
	if "$@"; then pass "$name"; else fail "$name" "failed: $*"; fi
}

# todo NAME WHY COMMAND...: it may fail as yet.
todo() {
	name=$1
	why=$2
	shift 2
	tests=$((tests + 1))
	if "$@"; then
		echo "ok $tests - $name"
	else
		echo "not ok $tests - $name # TODO $why"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then
		pass "$1"
	else
		fail "$1" "got:    $2" "wanted: $3"
	fi
}

# like NAME TEXT PART, unlike NAME TEXT PART: a text that is not there at all
# is without anything, and shows nothing.
like() {
	case $2 in
	*"$3"*) pass "$1" ;;
	*) fail "$1" "got:    $2" "wanted: *$3*" ;;
	esac
}

unlike() {
	case $2 in
	'') fail "$1" 'there is no text' ;;
	*"$3"*) fail "$1" "got:    $2" "without: *$3*" ;;
	*) pass "$1" ;;
	esac
}

# verdicts FILE [BEFORE]: what a program has told in FILE, as "PASS case" and
# "FAIL case: why"; BEFORE stands before each.
verdicts() {
	while IFS= read -r line; do
		case $line in
		PASS\ *) pass "${2:-}${line#PASS }" ;;
		FAIL\ *) fail "${2:-}${line#FAIL }" ;;
		*) diag "$line" ;;
		esac
	done <"$1"
}

# report NAME FILE COMMAND...: such a program; its output is kept in FILE.
report() {
	name=$1
	out=$2
	shift 2
	timeout "${report_seconds:-300}" "$@" >"$out" 2>&1
	is "$name: ran to its end" "$?" 0
	verdicts "$out" "$name: "
	ok "$name: printed its cases" grep -q '^PASS' "$out"
}

done_testing() {
	stop_children
	if grep -qs -e 'Sanitizer' -e 'runtime error:' "$tmp"/*log "$tmp/err"; then
		fail 'no complaint of a sanitizer' "$(cat "$tmp"/*log)"
	fi
	# SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGSEGV
	if grep -qsE 'worker has ended \(signal (4|6|7|8|11)\)' "$tmp"/*log; then
		fail 'no worker has crashed' "$(cat "$tmp"/*log)"
	fi
	echo "1..$tests"
	[ "$failures" -eq 0 ] && [ "$tests" -gt 0 ]
	exit
}

skip_all() {
	echo "1..0 # SKIP $1"
	exit 0
}

need() {
	for tool; do
		command -v "$tool" >/dev/null || skip_all "$tool is missing"
	done
}

# free_port [N]: the next one in a row that all tests share, so that of two which
# run at once neither gets what the other has yet to bind; the first of N. None
# is one that a provider is known by.
free_port() {
	python3 - "${TMPDIR:-/tmp}/dario-test-port.$(id -u)" "${1-1}" <<-'EOF'
	import fcntl, os, random, socket, sys
	FIRST, END, KNOWN = 10000, 32000, {11434, 13305, 30000}
	fd = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
	fcntl.flock(fd, fcntl.LOCK_EX)
	last, n = os.read(fd, 9), int(sys.argv[2])
	def is_free(port):
	    with socket.socket() as s:
	        try:
	            s.bind(("127.0.0.1", port))
	        except OSError:
	            return False
	    return True
	port = int(last) + 1 if last.isdigit() else random.randrange(FIRST, END)
	while True:
	    if port + n > END:
	        port = FIRST
	    ports = range(port, port + n)
	    if KNOWN.isdisjoint(ports) and all(map(is_free, ports)):
	        break
	    port += 1
	os.pwrite(fd, b"%05d" % ports[-1], 0)
	print(port)
	EOF
}

# wait_for [SECONDS] COMMAND...: until the command succeeds. It is for what is
# certain to come, and nobody knows how slow a machine is: time is up after a
# minute and a half, or SECONDS where they are more.
wait_for() {
	seconds=90
	case $1 in
	[0-9]*)
		[ "$1" -le "$seconds" ] || seconds=$1
		shift
		;;
	esac
	# The command may wait too, and variables are everybody's.
	set -- "$(($(date +%s%N) / 1000000 + seconds * 1000))" "$@"
	until without_first "$@" 2>/dev/null; do
		[ $(($(date +%s%N) / 1000000)) -lt "$1" ] || return 1
		sleep 0.02
	done
}

without_first() {
	shift
	"$@"
}

listens() {
	curl -s -o "$tmp/probe" "http://127.0.0.1:$1/health"
}

# start_store [FLAGS]: a redis-server of our own, $store_pid, on the socket
# $store; whatever is started from here on shares its state there.
start_store() {
	need redis-server redis-cli
	store=$tmp/store.sock
	mkdir -p "$tmp/store"
	start_process "$tmp/store.log" redis-server --port 0 --unixsocket "$store" \
		--dir "$tmp/store" --save '' --appendonly yes --appendfsync always "$@"
	store_pid=$pid
	wait_for in_store ping || {
		diag "the store does not start:" "$(cat "$tmp/store.log")"
		exit 1
	}
	export DARIO_STORE="unix:$store" DARIO_STORE_TIMEOUT_MS=5000 # a busy machine
}

# Whoever has an answer is ahead of what its request notes in the store: all of
# it is there when what was held is given back.
all_is_noted() {
	[ -z "$(ask_store eval "for _, k in ipairs(redis.call('keys', 'dario:c:*')) do
			if (redis.call('hget', k, 'n') or '0') ~= '0' then return k end
		end" 0)" ]
}
# forget_state: all that is shared, in files or in the store; what was used stays.
forget_state() {
	[ "${STORE-}" != redis ] || wait_for all_is_noted
	find "$DARIO_HOME/state" -mindepth 1 -maxdepth 1 ! -name 'usage*' \
		-exec rm -rf {} + 2>/dev/null
	[ "${STORE-}" = redis ] || return 0
	# A router hears of it by its next beat, of which it has one if it has
	# ever held anything.
	beats=no
	! kill -0 "${router:-none}" 2>/dev/null || ! has_beaten || beats=yes
	in_store flushdb
	[ $beats = no ] || wait_for has_beaten
}
has_beaten() {
	[ "$(ask_store exists dario:procs)" = 1 ]
}
# put_state NAME TEXT: something that is known from before, there or here.
put_state() {
	mkdir -p -m 700 "$DARIO_HOME/state"
	(umask 077 && printf '%s\n' "$2" >"$DARIO_HOME/state/$1")
	[ "${STORE-}" != redis ] || "$dario" store migrate store 2>/dev/null
}
ask_store() { # what redis-cli says, without a host's time limit
	timeout 60 redis-cli -s "$store" ${store_auth+-a "$store_auth" --no-auth-warning} "$@"
}
in_store() { # the same: was there an answer?
	[ -n "$(ask_store "$@")" ]
}

# How often a store has been asked since: hosts that come anew, and scripts.
forget_tries() { in_store config resetstat; }
tries() { # NUMBER: as often at least
	[ "$(timeout 60 redis-cli -s "$store" info commandstats |
		sed -n 's/^cmdstat_\(role\|evalsha\):calls=\([0-9]*\).*/\2/p' |
		awk '{ n += $1 } END { print n + 0 }')" -ge "$1" ]
}

# start_router [FLAGS]: sets port, url, router (pid); its log is $tmp/log.
start_router() {
	port=${port:-$(free_port)}
	url=http://127.0.0.1:$port
	"$dario" proxy --port="$port" "$@" >>"$tmp/log" 2>&1 &
	router=$!
	children="$children $router"
	wait_for listens "$port" || {
		diag "the router does not start:" "$(cat "$tmp/log")"
		exit 1
	}
}

stop_router() {
	kill "$router" 2>/dev/null
	wait "$router" 2>/dev/null
}

# start_process LOG COMMAND...: in the background; sets pid.
start_process() {
	plog=$1
	shift
	"$@" >"$plog" 2>&1 &
	pid=$!
	children="$children $pid"
}

# the web server and the worker of the running router
lighttpd_pid() {
	pgrep -P "$router" lighttpd
}

worker_pid() {
	pgrep -P "$router" dario.fcgi
}

# alive PID...: those that are there and no zombies
alive() {
	for p; do
		case $(ps -o stat= -p "$p" 2>/dev/null) in
		''|Z*) ;;
		*) echo "$p" ;;
		esac
	done
}

# post PATH JSON [curl flags]: the answer's body; status in $tmp/status.
post() {
	path=$1
	body=$2
	shift 2
	curl -s -o "$tmp/body" -w '%{http_code}' -D "$tmp/head" "$@" \
		-d "$body" "$url$path" >"$tmp/status"
	cat "$tmp/body"
}

status() {
	cat "$tmp/status"
}

# header NAME: of the last post
header() {
	sed -n "s/^$1: *//Ip" "$tmp/head" | tr -d '\r'
}

# closed_to_pages NAME: the answer whose head is in $tmp/head says, once each,
# that no page of another origin may embed it or guess what it is.
closed_to_pages() {
	is "closed to pages: $1" \
		"$(header X-Content-Type-Options) $(header Cross-Origin-Resource-Policy)" \
		'nosniff same-origin'
}

# json EXPRESSION: of standard input, as python sees it in `j`
json() {
	python3 -c "import json,sys
j = json.load(sys.stdin)
print($1)"
}

# The tests of what is shared run twice, with STORE=redis (tests/store).
[ "${STORE-}" != redis ] || start_store
