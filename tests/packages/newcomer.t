#!/bin/sh
# SPDX-License-Identifier: MIT
# make check-debian: who is new here goes from the package to a first answer in
# a fresh Debian, by the commands of doc/packages.md as they stand there (but for
# the port, which is a free one), with the real Claude Code, whose provider is a
# local one. At most five commands, and three minutes (MINUTES for a machine
# that has other things to do). As root; DEBS is a folder with the packages, BASE
# a fresh Debian by debootstrap.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
. "$srcdir/tests/clients/deps.sh"
need debootstrap npm curl setpriv
[ "$(id -u)" = 0 ] || skip_all 'root is needed for a chroot'
unset DARIO_HOME DARIO_DATADIR DARIO_LIBEXECDIR
[ -n "${DEBS-}" ] || skip_all 'DEBS names no folder with the packages'
locked install_claude_gateway >"$tmp/npm.txt" 2>&1 ||
	skip_all "Claude Code cannot be had: $(tail -n 1 "$tmp/npm.txt")"

# --- a fresh Debian, with sudo, a person, and Claude Code -----------------------

: "${SUITE:=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}"
: "${MIRROR:=http://deb.debian.org/debian}"
root=$tmp/root
if [ -n "${BASE-}" ]; then
	cp -a "$BASE" "$root"
else
	debootstrap --variant=minbase "$SUITE" "$root" "$MIRROR" >"$tmp/boot.txt" 2>&1
fi
is 'a fresh Debian' "$?" 0
cp /etc/resolv.conf /etc/hosts "$root/etc/" 2>/dev/null
mount -t proc proc "$root/proc"
trap 'stop_children; chroot "$root" systemctl stop x 2>/dev/null
	umount "$root/proc" 2>/dev/null; cleanup' EXIT
in_root() {
	chroot "$root" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive HOME=/root "$@"
}
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"
echo 'APT::Get::Assume-Yes "true";' >"$root/etc/apt/apt.conf.d/yes"
in_root apt-get update -qq >"$tmp/apt.txt" 2>&1
in_root apt-get install -qq --no-install-recommends sudo >>"$tmp/apt.txt" 2>&1
is 'sudo' "$?" 0
in_root useradd --create-home --shell /bin/sh ada
echo 'ada ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ada"
cp "$deps"/tools/claude-code/node_modules/@anthropic-ai/claude-code-linux-*/claude \
	"$root/usr/local/bin/claude"

# Its provider, and what starts services: the unit as it is, without what
# systemd takes away. Both are told of the provider by the environment.
start_provider
rule '{"accept":["sk-ant-api03-newcomer"],"text":"Hello-from-the-provider."}'
port=$(free_port)
mkdir -p "$root/run/systemd/system"
echo "DARIO_PORT=$port DARIO_ANTHROPIC_BASE_URL=$provider" >"$root/run/told"
cat >"$root/usr/bin/systemctl" <<'END'
#!/bin/sh
unit=/lib/systemd/system/dario-proxy.service
setting() { sed -n "s/^$1=//p" $unit; }
case " $* " in
*' is-enabled '*) echo enabled ;;
*' is-active '*) exec test -e /run/dario.pid ;;
*' start '*dario-proxy*)
	env -i PATH=/usr/bin:/usr/sbin setpriv --reuid="$(setting User)" \
		--regid="$(setting User)" --clear-groups env $(setting Environment) \
		$(cat /run/told) $(setting ExecStart) >>/var/log/dario.log 2>&1 &
	echo $! >/run/dario.pid ;;
*' stop '*|*' --now '*)
	read -r pid </run/dario.pid && kill "$pid"
	for _ in $(seq 300); do # as systemd waits; a zombie has no program
		[ -e "/proc/$pid/exe" ] || break
		sleep 0.1
	done
	rm -f /run/dario.pid ;;
esac
END
printf '#!/bin/sh\nexit 0\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/bin/systemctl"

# --- as the document has it -------------------------------------------------------

# path HEADING: the commands of the block below it, into $tmp/path
path() {
	awk -v heading="$1" '
		/^#/ { here = $0 == heading }
		/^```/ && here { if (block++) exit; next }
		here && block == 1' "$srcdir/doc/packages.md" >"$tmp/path"
}

# walk NAME: as ada, at home, one after the other
walk() {
	home=$root/home/ada
	cp "$DEBS"/dario_*.deb "$home/"
	echo sk-ant-api03-newcomer >"$home/anthropic.key"
	in_root chown -R ada /home/ada
	n=0
	begun=$(date +%s)
	while IFS= read -r command; do
		n=$((n + 1))
		printf '%s\n' "$command" | sed "s/3456/$port/g" >"$root/run/command"
		in_root setpriv --reuid=ada --regid=ada --init-groups \
			env HOME=/home/ada USER=ada $(cat "$root/run/told") \
			sh -c 'cd; . /run/command' >"$tmp/said" 2>"$tmp/err" </dev/null
		is "$1: $command" "$?" 0
		diag "$(head -c 1500 "$tmp/err")"
	done <"$tmp/path"
	took=$(($(date +%s) - begun))
	like "$1: the answer" "$(cat "$tmp/said")" 'Hello-from-the-provider.'
	ok "$1: in at most five commands" test "$n" -gt 1 -a "$n" -le 5
	ok "$1: in three minutes" test "$took" -lt $((60 * ${MINUTES-3}))
	diag "$n commands, $took s"
}

path '### To a first answer'
walk 'the service'
is "the service: nothing of the user's own was needed" \
	"$(find "$root/home/ada/.dario" -type f 2>/dev/null)" ''
like 'the service: the provider was asked' \
	"$(seen '[r["path"] for r in j["requests"]]')" '/v1/messages'

in_root systemctl stop dario-proxy
in_root apt-get purge -qq dario >>"$tmp/apt.txt" 2>&1
path '### For one user'
walk 'one user'
ok "one user: it is the user's own" \
	test -s "$root/home/ada/.dario/accounts/work.json"
is "one user: the service has nothing" \
	"$(in_root ls /var/lib/dario/accounts 2>/dev/null)" ''
done_testing
