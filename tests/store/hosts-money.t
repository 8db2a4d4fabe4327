#!/bin/sh
# SPDX-License-Identifier: MIT
# Three hosts with two workers each on one store: every cent of the keys is
# counted as on one host with files, also when the store is killed or a host is
# cut off from it in mid-load. HOSTS=long: many more, and workers are killed.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/store/hosts.sh"
need lighttpd curl python3 pgrep redis-server redis-cli
hosts_need
mkfifo "$tmp/port"
start_process "$tmp/provider.log" sh -c 'exec python3 "$1" "$2" >"$3"' - "$srcdir/tests/money/provider.py" "$tmp/bill" "$tmp/port"
read -r provider_port <"$tmp/port"
provider=http://127.0.0.1:$provider_port
export DARIO_ON_ERROR=allow
"$dario" backend add anth --key=k --base-url="$provider" --protocol=anthropic --models='claude-*' 2>/dev/null
"$dario" backend add open --key=k --base-url="$provider/v1" --models='gpt-*' 2>/dev/null
hosts_up 3 "$provider_port"

# Keys are files, which each host gets.
cat >"$tmp/dario" <<END
#!/bin/sh
"$dario" "\$@" || exit
[ "\$1 \$2" = "key add" ] || exit 0
for h in$hosts; do
	[ ! -d "$tmp/host\$h" ] || cp -r "$DARIO_HOME/keys" "$tmp/host\$h/"
done
END
chmod +x "$tmp/dario"
requests=200
report_seconds=60
[ "${HOSTS-}" != long ] || requests=5000 report_seconds=1200
routers=
load() { # URL ROUTERS [FLAGS]: in the background
	on=$1
	pids=$2
	shift 2
	: >"$tmp/bill"
	python3 "$srcdir/tests/money/money.py" "$on" "$tmp/dario" "$tmp/bill" \
		"$srcdir/share/prices.json" "$pids" --requests=$requests "$@" >"$tmp/run" 2>&1 &
	loading=$!
	children="$children $loading"
}
loaded() { # NAME
	wait "$loading"
	report "$1" "$tmp/out" cat "$tmp/run"
	rm -rf "$DARIO_HOME"/keys "$tmp"/host?/keys
	[ -z "$routers" ] || in_store flushdb
}
billed() { # so many requests
	[ "$(wc -l <"$tmp/bill")" -ge "$1" ]
}

start_router --workers=3
load "$url" "$router"
loaded 'one host with files'
stop_router
hosts_store
export DARIO_STORE_TIMEOUT_MS=2000
hosts_start --workers=2
load "$balanced" "$routers"
loaded 'three hosts'
if [ "${HOSTS-}" = long ]; then
	load "$balanced" "$routers" --kills=50 --pause=2 --seed=2
	loaded 'three hosts, workers are killed'
fi

load "$balanced" "$routers" --outage --seed=3
ok 'the store is killed in mid-load' wait_for billed 40
kill -KILL "$store_pid"
wait "$store_pid" 2>/dev/null
ok 'requests go on' wait_for billed 80
hosts_store
loaded 'the store is killed and comes back'

load "$balanced" "$routers" --outage --seed=4
ok 'a host is cut off in mid-load' wait_for billed 40
host_cut 2
ok 'requests go on' wait_for billed 80
host_join 2
loaded 'a host is cut off and comes back'
done_testing
