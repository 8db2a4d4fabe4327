# SPDX-License-Identifier: MIT
# Sourced by the tests that ask the strict providers, behind lib.sh: where they
# are, as $strict, and their ports. Without them the test is skipped.

strict=${STRICT:-$srcdir/../shared/strict/strict.mjs}
[ -f "$strict" ] || skip_all 'the strict providers are not beside this tree'
strict=$(cd "$(dirname "$strict")" && pwd)/$(basename "$strict")

# Ports in a row, as the strict providers take them.
base_port() {
	free_port 17
}
