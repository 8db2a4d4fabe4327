#!/bin/sh
# SPDX-License-Identifier: MIT
# make check-debian: the packages are built from what is committed, lintian has
# nothing to say, and in a fresh Debian they are installed, answer, are upgraded
# and go away without a trace. As root; MIRROR and SUITE choose the Debian, and
# CHROOT=no leaves it out. DEBS: a folder with the packages, built; SAVE: one that
# gets them.
. "$(dirname "$0")/../sh/lib.sh"
need git dpkg-buildpackage dh lintian curl
[ "$(id -u)" = 0 ] || skip_all 'root is needed for a chroot'
git -C "$srcdir" rev-parse --git-dir >/dev/null 2>&1 ||
	skip_all 'this is no checkout'
unset DARIO_HOME DARIO_DATADIR DARIO_LIBEXECDIR

# --- building -----------------------------------------------------------------

[ -z "${DEBS-}" ] || cp "$DEBS"/*.deb "$DEBS"/*.changes "$DEBS"/*.buildinfo "$tmp"
mkdir "$tmp/dario"
git -C "$srcdir" archive HEAD | tar -x -C "$tmp/dario"
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' "$srcdir/debian/changelog")
arch=$(dpkg --print-architecture)
[ -n "${DEBS-}" ] || (cd "$tmp/dario" && dpkg-buildpackage -us -uc -b "-j$(nproc)" \
	>"$tmp/build.txt" 2>&1)
status=$?
is 'the packages are built' "$status" 0
[ "$status" = 0 ] || {
	diag "$(tail -n 30 "$tmp/build.txt")"
	done_testing
}
[ -z "${SAVE-}" ] || { mkdir -p "$SAVE" && rm -f "$SAVE"/* && cp "$tmp"/*.deb "$SAVE"; }
for p in dario_${version}_$arch libdario0_${version}_$arch \
	libdario-dev_${version}_$arch python3-dario_${version}_all; do
	ok "there is $p.deb" test -s "$tmp/$p.deb"
done
is 'lintian is silent' "$(lintian --allow-root --fail-on none \
	"$tmp/dario_${version}_$arch.changes" 2>&1)" ''
like 'the service is started by systemd' \
	"$(dpkg-deb --fsys-tarfile "$tmp/dario_${version}_$arch.deb" |
		tar -xO ./lib/systemd/system/dario-proxy.service)" \
	'ExecStart=/usr/bin/dario proxy'
is 'its settings are a conffile' \
	"$(dpkg-deb -I "$tmp/dario_${version}_$arch.deb" conffiles)" \
	/etc/default/dario
[ "${CHROOT-yes}" = yes ] || done_testing
need debootstrap

# --- a fresh Debian -----------------------------------------------------------

: "${SUITE:=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}"
: "${MIRROR:=http://deb.debian.org/debian}"
root=$tmp/root
debootstrap --variant=minbase "$SUITE" "$root" "$MIRROR" >"$tmp/boot.txt" 2>&1
is 'debootstrap' "$?" 0
cp /etc/resolv.conf "$root/etc/" 2>/dev/null
# Nothing is started by the packages; what they ask systemd for is written down.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive HOME=/root "$@"
}
watch_systemd() {
	mkdir -p "$root/run/systemd/system"
	cat >"$root/usr/bin/systemctl" <<-'END'
	#!/bin/sh
	echo "$*" >>/var/log/asked
	case " $* " in
	*' is-enabled '*) echo enabled ;;
	*' is-active '*) exec test -e /run/dario-runs ;;
	*' start dario-proxy'*) : >/run/dario-runs ;;
	*' stop dario-proxy'*) rm -f /run/dario-runs ;;
	esac
	END
	printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
	chmod 755 "$root/usr/bin/systemctl"
	: >"$root/var/log/asked"
}
asked() {
	sed 's/^/ /' "$root/var/log/asked" | grep 'dario-proxy.service'
}
ls_all() { # what is of dario, but for what dpkg and logs keep
	find "$root" \( -path "$root/proc" -o -path "$root/sys" -o \
		-path "$root/var/log" -o -path "$root/debs" -o \
		-path "$root/var/cache" \) -prune -o -name '*dario*' -print |
		sed "s|^$root||" | sort
}

mkdir "$root/debs"
cp "$tmp"/*.deb "$root/debs"
in_root apt-get install -y -qq --no-install-recommends lighttpd adduser \
	>"$tmp/apt.txt" 2>&1
watch_systemd
for p in dario libdario0 libdario-dev python3-dario; do
	cp "$tmp/${p}_$version"_*.deb "$root/debs/$p.deb"
done
in_root apt-get install -y -qq --no-install-recommends /debs/dario.deb \
	/debs/libdario0.deb /debs/python3-dario.deb >"$tmp/install.txt" 2>&1
is 'apt installs them' "$?" 0
diag "$(grep -E '^(E|W|dpkg):' "$tmp/install.txt")"
like 'systemd is asked to start it' "$(asked)" ' start dario-proxy.service'
like 'and to do so at boot' "$(asked)" ' preset dario-proxy.service'
is 'a home for its user alone' \
	"$(in_root stat -c '%U:%G %a' /var/lib/dario)" 'dario:dario 700'
like 'who logs in nowhere' "$(grep ^dario: "$root/etc/passwd")" nologin
like 'Python has it' "$(in_root python3 -c \
	'import dario; print("version", dario.version())' 2>&1)" "${version%-*}"

# As the unit does, but for what systemd takes away.
port=$(free_port)
setting() { # of the unit
	sed -n "s/^$1=//p" "$root/lib/systemd/system/dario-proxy.service"
}
start_there() {
	(exec chroot "$root" env -i PATH=/usr/bin:/usr/sbin \
		setpriv --reuid=dario --regid=dario --clear-groups \
		env "$(setting Environment)" DARIO_DEMO=1 "DARIO_PORT=$port" \
		$(setting ExecStart)) >"$tmp/there.txt" 2>&1 &
	there=$!
	children="$children $there"
	wait_for grep -q 'listening on' "$tmp/there.txt"
}
ask() {
	curl -s -H 'Content-Type: application/json' -d '{"model":"demo:demo",
		"messages":[{"role":"user","content":"Hello"}]}' \
		"http://127.0.0.1:$port/v1/chat/completions"
}
mount -t proc proc "$root/proc"
trap 'umount "$root/proc" 2>/dev/null; cleanup' EXIT
ok 'it starts as that user' start_there
like 'and answers' "$(ask)" '"finish_reason":"stop"'
kill "$there"
wait "$there"
is 'and stops' "$?" 0
like 'a backend is added as that user' "$(printf 'sk-0123456789abcdef\n' |
	in_root setpriv --reuid=dario --regid=dario --clear-groups \
	env DARIO_HOME=/var/lib/dario dario backend add openai --key-stdin 2>&1;
	ls "$root/var/lib/dario/backends")" openai.json

# --- a newer version, and no more ---------------------------------------------

echo 'DARIO_PORT=4000' >>"$root/etc/default/dario"
for p in dario libdario0 python3-dario; do
	dpkg-deb -R "$root/debs/$p.deb" "$tmp/newer" &&
		sed -i "s/^Version: .*/&+newer/" "$tmp/newer/DEBIAN/control" &&
		dpkg-deb --root-owner-group -b "$tmp/newer" \
			"$root/debs/$p-newer.deb" >/dev/null
	rm -rf "$tmp/newer"
done
: >"$root/var/log/asked"
in_root dpkg -i /debs/dario-newer.deb /debs/libdario0-newer.deb \
	/debs/python3-dario-newer.deb >"$tmp/upgrade.txt" 2>&1
is 'a newer version goes over it' "$?" 0
like 'systemd is asked to restart it' "$(asked)" ' restart dario-proxy.service'
like 'its settings stay' "$(cat "$root/etc/default/dario")" DARIO_PORT=4000
ok 'its home stays' test -s "$root/var/lib/dario/backends/openai.json"

: >"$root/var/log/asked"
in_root dpkg --remove dario libdario0 python3-dario >"$tmp/remove.txt" 2>&1
is 'it is removed' "$?" 0
like 'systemd is asked to stop it' "$(asked)" ' stop dario-proxy.service'
ok 'its home stays, too' test -s "$root/var/lib/dario/backends/openai.json"
ok 'its settings, too' test -s "$root/etc/default/dario"
ok 'the program does not' test ! -e "$root/usr/bin/dario"
in_root dpkg --purge dario libdario0 python3-dario >"$tmp/purge.txt" 2>&1
is 'it is purged' "$?" 0
is 'nothing is left' "$(ls_all)" ''
is 'nor its user' "$(grep ^dario: "$root/etc/passwd" "$root/etc/group")" ''
umount "$root/proc"
done_testing
