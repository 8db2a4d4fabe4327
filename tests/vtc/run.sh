#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one .vtc: varnishtest plays upstream and client, the router between
# them is a real one. A line "# env: NAME=VALUE" sets the router's environment.
script=$1
. "$(dirname "$0")/../sh/lib.sh"
need varnishtest lighttpd curl python3

for setting in $(sed -n 's/^# env: //p' "$script"); do
	export "${setting?}"
done
start_router
name=$(basename "$script" .vtc)
if varnishtest -t 300 -D port="$port" -D dario="$dario" -D tmp="$tmp" \
	"$script" >"$tmp/vtc.log" 2>&1; then
	pass "$name"
else
	fail "$name" "$(tail -n 60 "$tmp/vtc.log")" "$(cat "$tmp/log")"
fi
done_testing
