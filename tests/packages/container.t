#!/bin/sh
# SPDX-License-Identifier: MIT
# make check-container: the image is built by dist/container/Containerfile as it
# stands, from what is committed, on a fresh Debian in place of the one of a
# registry; it answers, as a user without privileges. MIRROR and SUITE choose
# the Debian; BUILDER is a user who builds it (rootless, which takes newuidmap
# and that user's line in /etc/subuid), else root does.
. "$(dirname "$0")/../sh/lib.sh"
need git buildah debootstrap curl
[ "$(id -u)" = 0 ] || skip_all 'root is needed for a fresh Debian'
git -C "$srcdir" rev-parse --git-dir >/dev/null 2>&1 ||
	skip_all 'this is no checkout'
unset DARIO_HOME DARIO_DATADIR DARIO_LIBEXECDIR
: "${SUITE:=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)}"
: "${MIRROR:=http://deb.debian.org/debian}"

# What is in the folder, and nothing of this machine's.
builds() {
	if [ -n "${BUILDER-}" ]; then
		setpriv --reuid="$BUILDER" --regid="$BUILDER" --clear-groups \
			env -i PATH="$PATH" HOME="$tmp/box" \
			XDG_RUNTIME_DIR="$tmp/box/run" \
			buildah --root "$tmp/box/storage" \
			--runroot "$tmp/box/run" --storage-driver vfs "$@"
	else
		buildah --root "$tmp/box/storage" --runroot "$tmp/box/run" \
			--storage-driver vfs "$@"
	fi
}
# Files of other users need the builder's own namespace.
tidy_box() {
	[ -z "${BUILDER-}" ] || builds unshare rm -rf "$tmp/box/storage"
}
trap 'stop_children; tidy_box; cleanup' EXIT
mkdir -p "$tmp/box/run" "$tmp/source"
chmod 711 "$tmp"

debootstrap --variant=minbase "$SUITE" "$tmp/debian" "$MIRROR" \
	>"$tmp/boot.txt" 2>&1
is 'debootstrap' "$?" 0
tar -cf "$tmp/box/debian.tar" --exclude=./dev/* -C "$tmp/debian" .
rm -rf "$tmp/debian"
git -C "$srcdir" archive HEAD | tar -x -C "$tmp/source"
[ -z "${BUILDER-}" ] || chown -R "$BUILDER" "$tmp/box"
base=$(builds from scratch)
builds add -q "$base" "$tmp/box/debian.tar" / >/dev/null
builds commit -q "$base" localhost/debian >/dev/null
builds rm "$base" >/dev/null
rm -f "$tmp/box/debian.tar"

builds build --isolation chroot --build-arg BASE=localhost/debian -t dario \
	-f "$tmp/source/dist/container/Containerfile" "$tmp/source" \
	>"$tmp/build.txt" 2>&1
is 'the image is built' "$?" 0
box=$(builds from localhost/dario) || {
	diag "$(tail -n 30 "$tmp/build.txt")"
	done_testing
}
in_box() {
	builds run --isolation chroot "$@"
}
is 'it has a user of its own' "$(in_box "$box" -- id -un)" dario
is 'whose home is closed' "$(in_box "$box" -- stat -c '%U %a' /var/lib/dario)" \
	'dario 700'
like 'the compiler has stayed outside' \
	"$(in_box "$box" -- sh -c 'command -v gcc || echo none')" none
like 'what it starts' "$(builds inspect --type image localhost/dario)" '"dario"'

port=$(free_port)
in_box --env DARIO_DEMO=1 --env DARIO_API_KEY=sk-router-0123456789 \
	--env "DARIO_PORT=$port" "$box" -- dario proxy >"$tmp/there.txt" 2>&1 &
there=$! # a shell, which ends without what it runs
children="$children $there"
ok 'it starts' wait_for grep -q 'listening on' "$tmp/there.txt"
diag "$(cat "$tmp/there.txt")"
ask() {
	curl -s -H 'Content-Type: application/json' "$@" -d '{"model":"demo:demo",
		"messages":[{"role":"user","content":"Hello"}]}' \
		"http://127.0.0.1:$port/v1/chat/completions"
}
like 'it answers' "$(ask -H 'x-api-key: sk-router-0123456789')" \
	'"finish_reason":"stop"'
like 'but for a key' "$(ask)" '"code":"invalid_api_key"'
below() { # PID: what it has started, and they
	for child in $(pgrep -P "$1"); do
		below "$child"
		echo "$child"
	done
}
kill $(below "$there") 2>/dev/null
done_testing
