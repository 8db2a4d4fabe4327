# SPDX-License-Identifier: MIT
# Sourced by tests: a version manager's python3 is a script that starts dozens
# of shells each time, so the interpreter that it finds comes first in PATH.
case $(command -v python3) in
*/shims/*)
	PATH=$(python3 -c '
import os, sys
print(os.path.dirname(sys.executable))'):$PATH
	export PATH
	;;
esac
