#!/bin/sh
# SPDX-License-Identifier: MIT
# dario proxy --print-config: every file of contrib/, with this machine's paths.
. "$(dirname "$0")/lib.sh"
need python3

show() { "$dario" proxy --print-config="$@" 2>&1; }

for name in lighttpd nginx nginx-upstream apache-proxy apache-fcgid cgi \
	htaccess lighttpd-cgi systemd-user systemd-proxy systemd-socket systemd-service \
	tmpfiles; do
	out=$(show $name --prefix=/my/api/ --socket="$tmp/my.sock")
	is "$name: exit 0" "$?" 0
	is "$name: no path of another machine" "$(printf '%s\n' "$out" |
		grep -e /usr/local -e /var/lib/dario -e /llm -e '/run/.*\.sock')" ''
	printf '%s\n' "$out" >>"$tmp/all"
done
for part in "$builddir/dario.fcgi" "$builddir/dario proxy" "$srcdir/lighttpd/errors" "$DARIO_HOME" \
	"$tmp/my.sock" 'location /my/api/ {' 'ProxyPass "/my/api/"'; do
	like "there is $part" "$(cat "$tmp/all")" "$part"
done
is 'every file of contrib can be printed' "$(find "$srcdir/contrib" -type f ! -path '*/grafana/*' |
	wc -l)" 13

like 'by default below /llm' "$(show nginx)" 'location /llm/ {'
like 'or at the root' "$(show nginx --prefix=/)" 'location / {'
like 'a setting, too' "$(DARIO_PREFIX=/set show nginx)" 'location /set/ {'
out=$(show apache)
is 'unknown name: exit 2' "$?" 2
like 'unknown name: the others are named' "$out" 'apache-proxy, apache-fcgid'
show nginx --prefix=llm >/dev/null
is 'prefix without a slash: exit 2' "$?" 2
for bad in '/a b' '/a"b' '/a;b' '/a$b'; do
	show nginx --prefix="$bad" >/dev/null
	is "prefix $bad: exit 1" "$?" 1
done
if [ "$(id -u)" = 0 ]; then
	like "root's own folder is not for a web server" \
		"$(DARIO_HOME='' show nginx)" 'DARIO_HOME=/var/lib/dario'
fi

# For another user, who has a home of its own.
user=$(awk -F: '$3 != 0 && $6 ~ "^/." && $6 != "/nonexistent" { print $1; exit }' /etc/passwd)
home=$(awk -F: -v u="$user" '$1 == u { print $6 }' /etc/passwd)
for name in nginx systemd-proxy systemd-service systemd-socket tmpfiles apache-fcgid; do
	show $name --user="$user" >"$tmp/of"
	is "$name: for another user" "$(grep -c -F "$home/.dario" "$tmp/of" | sed 's/[1-9].*/some/')" some
	is "$name: and for nobody else" "$(grep -e /var/lib/dario -e 'User=dario' -e 'sudo -u dario ' \
		-e useradd -e StateDirectory -e ' dario dario ' "$tmp/of")" ''
done
show systemd-service --user="$user" >"$tmp/of"
is 'the unit runs as that user' "$(grep ^User= "$tmp/of")" "User=$user"
out=$(show nginx --user=nobody-of-that-name)
is 'no such user: exit 2' "$?" 2
like 'no such user: is named' "$out" nobody-of-that-name

# What systemd itself says.
if command -v systemd-analyze >/dev/null && command -v systemd-tmpfiles \
	>/dev/null; then
	mkdir "$tmp/units"
	for kind in user proxy socket service; do
		show systemd-$kind --socket=/run/dario/dario.sock |
			sed 's/^User=dario/User=daemon/' >"$tmp/units/dario.$kind"
	done
	mv "$tmp/units/dario.proxy" "$tmp/units/dario-proxy.service"
	mv "$tmp/units/dario.user" "$tmp/units/dario-user.service"
	is 'systemd: the units are in order' "$(SYSTEMD_UNIT_PATH="$tmp/units:" \
		systemd-analyze verify --recursive-errors=no --man=no \
		"$tmp/units/dario.socket" "$tmp/units/dario.service" \
		"$tmp/units/dario-user.service" \
		"$tmp/units/dario-proxy.service" 2>&1 |
		grep -F "$tmp/units")" ''
	# As its first lines say: "systemctl enable".
	mkdir -p "$tmp/root/etc/systemd/system"
	cp "$tmp/units/dario-proxy.service" "$tmp/units/dario.socket" \
		"$tmp/root/etc/systemd/system"
	for unit in dario-proxy.service dario.socket; do
		systemctl --root="$tmp/root" enable "$unit" >/dev/null 2>&1
		ok "systemd: $unit can be enabled" test -n "$(find "$tmp/root" \
			-path "*.wants/$unit")"
	done
	# Of 10 (100 here); what is left is the network, that it needs.
	for unit in dario-proxy.service dario.service; do
		systemd-analyze security --offline=true --no-pager \
			--threshold=14 "$tmp/units/$unit" >"$tmp/security"
		is "systemd: $unit is closed to what it does not need" "$?" 0
	done
else
	diag 'not run, systemd is missing: the units are in order'
fi

# How large a body may be: doc/webservers.md names the line of each server.
for line in 'lighttpd server.max-request-size = 524288' \
	'nginx client_max_body_size 0' 'apache-proxy LimitRequestBody 0' \
	'apache-fcgid FcgidMaxRequestLen 268435456' \
	'lighttpd-cgi server.max-request-size = 65537'; do
	config=${line%% *} line=${line#* }
	is "$config: $line, in the document too" "$(show "$config" |
		tr -s ' ' | grep -cF "$line") $(
		grep -cF "| \`$line\`" "$srcdir/doc/webservers.md")" '1 1'
done

for at in 'a home' "a'home" 'a$home'; do
	DARIO_HOME="$tmp/$at" "$dario" proxy --print-config=nginx >"$tmp/out" 2>"$tmp/err"
	is "$at: status 1" "$?" 1
	is "$at: nothing is printed" "$(cat "$tmp/out")" ''
	like "$at: what it must not have" "$(cat "$tmp/err")" \
		"a path with a $(printf %s "$at" | tr -d '[:alpha:]' | sed 's/^ $/blank/') "
	like "$at: what to do" "$(cat "$tmp/err")" DARIO_HOME
done
done_testing
