# SPDX-License-Identifier: MIT
# Sourced after lib.sh: several hosts as network namespaces on one bridge, for
# root alone. Each has a home, a router with workers of its own, and the
# provider at the same address on its own loopback; clients come through a
# balancer. Whatever is left of a run that was killed goes with the next one.
#
#	host_1 ... (10.X.Y.11 ...) --- bridge (10.X.Y.1, the store 10.X.Y.2)

hosts_tag=dt$$
hosts=

hosts_sweep() { # of tests that are gone
	for ns in $(ip netns list | sed -n 's/^\(dt[0-9]*-[0-9]\).*/\1/p'); do
		owner=${ns#dt}
		owner=${owner%-*}
		[ "$owner" != $$ ] && kill -0 "$owner" 2>/dev/null && continue
		for pid in $(ip netns pids "$ns" 2>/dev/null); do
			kill -KILL "$pid" 2>/dev/null
		done
		ip netns del "$ns"
		ip link del "dt$owner" 2>/dev/null
	done
}
hosts_end() {
	stop_children
	hosts_sweep
	ip link del "$hosts_tag" 2>/dev/null
	cleanup
}

# hosts_need: skips the test where there can be no hosts.
hosts_need() {
	need ip haproxy
	[ "$(id -u)" = 0 ] || skip_all 'network namespaces are for root alone'
	hosts_sweep
	ip netns add "$hosts_tag-0" 2>"$tmp/netns" ||
		skip_all "no network namespaces here: $(cat "$tmp/netns")"
	trap hosts_end EXIT
	ip link add "$hosts_tag" type bridge 2>"$tmp/netns" ||
		skip_all "no bridge here: $(cat "$tmp/netns")"
}

# hosts_up N PORT...: so many hosts; PORTs: of providers, on loopback. Sets
# bridge, the first part of all addresses, and store_address.
hosts_up() {
	number=$1
	shift
	bridge=10.$((($$ >> 8) % 200 + 20)).$(($$ % 256))
	store_address=$bridge.2
	ip addr add "$bridge.1/24" dev "$hosts_tag"
	ip addr add "$store_address/24" dev "$hosts_tag"
	ip link set "$hosts_tag" up
	ip netns del "$hosts_tag-0"
	i=0
	forward "$bridge.1" 127.0.0.1 "$@" >"$tmp/bridge.conf"
	while [ $i -lt "$number" ]; do
		i=$((i + 1))
		hosts="$hosts $i"
		ip netns add "$hosts_tag-$i"
		ip link add "$hosts_tag.$i" type veth peer name eth0 netns "$hosts_tag-$i"
		ip link set "$hosts_tag.$i" master "$hosts_tag" up
		on_host $i ip link set lo up
		on_host $i ip addr add "$bridge.1$i/24" dev eth0
		on_host $i ip link set eth0 up
		forward 127.0.0.1 "$bridge.1" "$@" >"$tmp/host$i.conf"
	done
	start_haproxy "$tmp/bridge.conf"
}

# on_host N COMMAND...
on_host() {
	n=$1
	shift
	ip netns exec "$hosts_tag-$n" "$@"
}

forward() { # FROM TO PORT...: a configuration
	from=$1
	to=$2
	shift 2
	cat <<-END
	global
	    maxconn 4000
	defaults
	    mode tcp
	    timeout connect 5s
	    timeout client 120s
	    timeout server 120s
	END
	for p; do
		printf 'listen p%s\n    bind %s:%s\n    server one %s:%s\n' \
			"$p" "$from" "$p" "$to" "$p"
	done
}

start_haproxy() { # CONFIGURATION [COMMAND...]: below that command
	conf=$1
	shift
	start_process "$conf.log" "$@" haproxy -db -f "$conf"
}

# hosts_start [FLAGS]: the routers, and a balancer before them: balanced, its
# address for whole connections, and balanced_requests, for single requests.
# Sets routers, their processes, as a list with commas.
hosts_start() {
	routers=
	bp=$(free_port)
	rp=$(free_port)
	forward 127.0.0.1 "$bridge.11" "$bp" |
		sed '/^    server/d' >"$tmp/balancer.conf"
	for h in $hosts; do
		cp -r "$DARIO_HOME" "$tmp/host$h"
		cat >>"$tmp/host$h.conf" <<-END
		listen router
		    bind $bridge.1$h:8080
		    server one 127.0.0.1:8081
		END
		host_start "$h" "$@"
		start_haproxy "$tmp/host$h.conf" ip netns exec "$hosts_tag-$h"
		echo "    server h$h $bridge.1$h:8080" >>"$tmp/balancer.conf"
	done
	sed "s/mode tcp/mode http/; s/:$bp\$/:$rp/" "$tmp/balancer.conf" >"$tmp/requests.conf"
	start_haproxy "$tmp/balancer.conf"
	start_haproxy "$tmp/requests.conf"
	balanced=http://127.0.0.1:$bp
	balanced_requests=http://127.0.0.1:$rp
	wait_for listens "$bp" && wait_for listens "$rp" || {
		diag 'the hosts do not serve:' "$(cat "$tmp"/host*.log)"
		exit 1
	}
	for h in $hosts; do
		wait_for host_listens "$h" || {
			diag "host $h does not serve:" "$(cat "$tmp/host$h.log")"
			exit 1
		}
	done
}
host_listens() {
	curl -s -o "$tmp/probe" "http://$bridge.1$1:8080/health"
}

# host_start N [FLAGS]: its router
host_start() {
	h=$1
	shift
	DARIO_HOME=$tmp/host$h start_process "$tmp/host$h.log" \
		ip netns exec "$hosts_tag-$h" "$dario" proxy --port=8081 "$@"
	routers=${routers:+$routers,}$pid
	eval "router$h=$pid"
}

# host_cut N: from the store, for it alone; host_join N
host_cut() {
	on_host "$1" ip route add blackhole "$store_address/32"
}
host_join() {
	on_host "$1" ip route del blackhole "$store_address/32"
}

# hosts_store [FLAGS]: start_store, for all hosts; again after it was killed
hosts_store() {
	store_port=${store_port:-$(free_port)}
	start_store --port "$store_port" --bind "$store_address" --protected-mode no "$@"
	export DARIO_STORE="redis://$store_address:$store_port/0"
}
