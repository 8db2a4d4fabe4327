# SPDX-License-Identifier: MIT
# Sourced by the tests that ask the strict providers, behind lib.sh: where they
# are, as $strict, and their ports. Without them the test is skipped.

strict=${STRICT:-$srcdir/../shared/strict/strict.mjs}
[ -f "$strict" ] || skip_all 'the strict providers are not beside this tree'
strict=$(cd "$(dirname "$strict")" && pwd)/$(basename "$strict")

# Ports in a row, as the strict providers take them.
base_port() {
	python3 - <<-'EOP'
	import random, socket
	while True:
	    base = random.randrange(10000, 31000)
	    held = []
	    try:
	        for i in range(17):
	            s = socket.socket()
	            held.append(s)
	            s.bind(("127.0.0.1", base + i))
	    except OSError:
	        continue
	    finally:
	        for s in held:
	            s.close()
	    print(base)
	    break
	EOP
}
