# SPDX-License-Identifier: MIT
# Sourced by quickstart and runtests in the top folder.

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		echo "install these packages as root: $*" >&2
		exit 1
	fi
}

# install_packages KIND...: those of packages.txt that are missing.
install_packages() {
	command -v dpkg-query >/dev/null || {
		echo "not Debian: install what packages.txt names yourself" >&2
		return 0
	}
	missing=
	for kind; do
		while read -r k p command; do
			[ "$k" = "$kind" ] || continue
			[ -z "$command" ] || ! command -v "$command" \
				>/dev/null || continue
			dpkg-query -W -f '${Status}' "$p" 2>/dev/null |
				grep -q 'ok installed' || missing="$missing $p"
		done <packages.txt
	done
	[ -n "$missing" ] || return 0
	echo "installing:$missing"
	as_root apt-get update -qq
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
		--no-install-recommends $missing >/dev/null
	# Debian starts a web server as soon as it is installed. We start our
	# own; one that was here before is left alone.
	[ -d /run/systemd/system ] || return 0
	for p in $missing; do
		case $p in
		haproxy | lighttpd | nginx-light | varnish)
			as_root systemctl --quiet disable --now "${p%-light}" || true
			;;
		esac
	done
}

build_tree() {
	[ -x configure ] && [ configure -nt configure.ac ] || ./bootstrap
	[ -f Makefile ] && [ Makefile -nt configure ] || ./configure --quiet
	make -s -j"$(nproc 2>/dev/null || echo 2)"
}
