#!/bin/sh
# SPDX-License-Identifier: MIT
# dario service, with a systemctl that only says what it was asked.
. "$(dirname "$0")/lib.sh"

mkdir "$tmp/bin" "$tmp/person"
HOME=$tmp/person
SAID=$tmp/said
export HOME SAID
unset XDG_CONFIG_HOME
for name in systemctl journalctl loginctl; do
	cat >"$tmp/bin/$name" <<-'EOF'
	#!/bin/sh
	echo "${0##*/} $*" >>"$SAID"
	[ "${0##*/}" != loginctl ] || echo Linger=no
	case "$*" in *"$FAIL"*) exit 1 ;; *status*) exit 3 ;; esac
	EOF
	chmod 755 "$tmp/bin/$name"
done
was=$PATH
PATH=$tmp/bin:$PATH
FAIL=nothing-fails
export PATH FAIL
unit=$HOME/.config/systemd/user/dario.service

"$dario" service remove 2>"$tmp/err"
is 'remove what is not there: status 1' "$?" 1
is 'remove what is not there: nothing is made' "$(find "$HOME")" "$HOME"
mkdir "$HOME/.config"
like 'remove what is not there: said' "$(cat "$tmp/err")" 'there is no service'

DARIO_PORT=4000 "$dario" service install 2>"$tmp/err"
is 'install' "$?" 0
is 'what systemd was told' "$(grep systemctl "$SAID")" \
	"systemctl --user daemon-reload
systemctl --user enable dario.service
systemctl --user restart dario.service"
like 'the unit starts this program' "$(cat "$unit")" "ExecStart=$builddir/dario proxy"
like 'with this home' "$(cat "$unit")" "Environment=DARIO_HOME=$DARIO_HOME"
is 'no other file is left' "$(ls "$(dirname "$unit")")" dario.service
like 'a setting of this shell is told' "$(cat "$tmp/err")" \
	'DARIO_PORT is set here, not for the service: put port into config.json'
like 'how it starts at boot' "$(cat "$tmp/err")" 'loginctl enable-linger'
if command -v systemd-analyze >/dev/null; then
	is 'the unit is in order' "$(SYSTEMD_UNIT_PATH="$(dirname "$unit"):" \
		systemd-analyze verify --recursive-errors=no --man=no "$unit" \
		2>&1 | grep -F "$unit")" ''
fi
ok 'again: as well' "$dario" service install 2>/dev/null

: >"$SAID"
"$dario" service status
is 'status: that of systemctl' "$?" 3
"$dario" service logs --follow
like 'logs' "$(cat "$SAID")" 'journalctl --user --unit=dario.service --follow'

FAIL=restart
"$dario" service install 2>"$tmp/err"
is 'it does not start: status 1' "$?" 1
like 'it does not start: what to do' "$(cat "$tmp/err")" 'dario service logs'
FAIL=nothing-fails
: >"$SAID"
ok 'remove' "$dario" service remove 2>/dev/null
like 'it is stopped' "$(cat "$SAID")" 'disable dario.service --now'
is 'nothing is left of it' "$(find "$HOME" -path "*/.config/*")" ''
ok 'the home is not' test -d "$DARIO_HOME"

"$dario" service install 2>/dev/null
echo '[Unit]' >"${unit%/*}/other.service"
"$dario" service remove 2>/dev/null
is "what is somebody else's stays" "$(ls "${unit%/*}")" other.service
PATH=$tmp/none
"$dario" service install 2>"$tmp/err"
is 'no systemd: status 1' "$?" 1
PATH=$was
like 'no systemd: said' "$(cat "$tmp/err")" 'there is no systemctl'
done_testing
