#!/bin/sh
# SPDX-License-Identifier: MIT
# The test scripts can fail: nothing that is expected goes unlooked at.
. "$(dirname "$0")/lib.sh"
need python3

bad=$(cd "$srcdir" && python3 - <<'EOF'
import pathlib, re

for path in sorted(pathlib.Path("tests/vtc").glob("*.vtc")):
    text = path.read_text()
    say = lambda what: print(f"{path}: {what}")
    # A server that is not waited for may have expectations left, and requests.
    for name in sorted(set(re.findall(r"^server (s\d+)", text, re.M))):
        if not re.search(rf"^server {name} -wait$", text, re.M):
            say(f"server {name} is not waited for")
    for name in sorted(set(re.findall(r"^client (c\d+)", text, re.M))):
        if not re.search(rf"^client {name} [^\n]*\{{\n(?:[^}}\n].*\n|\n)*"
                         r"\} -run$", text, re.M) and \
                not re.search(rf"^client {name} -wait$", text, re.M):
            say(f"client {name} is not waited for")
    # Only the last command of a block decides, unless the shell is told.
    for block in re.findall(r"^shell[^\n]*\{\n(.*?)^\}", text, re.M | re.S):
        if not block.startswith("\tset -e\n") and "exit 1\n" not in block:
            say("a shell block whose middle cannot fail")
    for line in re.findall(r"^shell.*", text, re.M):
        if re.search(r"curl.*\|", line):
            say("a pipeline hides the status of curl")
        if "/log" in line:
            say("the log is read before its line must be there")
    # What a shell starts inherits the connection that accept means to close.
    for before in re.findall(r"([^\n]*)\n\taccept$", text, re.M):
        if before.strip() != "expect_close":
            say("accept without expect_close before it")

# TAP counters of lib.sh die with the subshell of a pipeline.
calls = r"\b(ok|is|like|unlike|pass|fail)\s"
for path in sorted(pathlib.Path("tests").rglob("*.t")):
    text = path.read_text()
    for m in re.finditer(r"\|\s*while\b.*?\bdone\b", text, re.S):
        if re.search(calls + "['\"]", m.group()):
            print(f"{path}: checks in the subshell of a pipeline")
    if "lib.sh" in text and not re.search(r"^(done_testing)$", text, re.M):
        print(f"{path}: does not end with done_testing")
EOF
)
is 'the scripts look at everything they expect' "$bad" ''

# The helpers themselves.
try() { # COMMANDS: status and output of a test made of them
	printf '. "%s"\n%s\n' "$srcdir/tests/sh/lib.sh" "$1" >"$tmp/try.t"
	out=$(srcdir=$srcdir builddir=$builddir sh "$tmp/try.t" 2>&1)
	rc=$?
}
for check in 'ok x false' 'is x a b' 'like x a b' 'unlike x ab b' \
	"unlike x '' b" 'fail x' 'report x "$tmp/o" false' \
	'report x "$tmp/o" echo FAIL a' 'report x "$tmp/o" true' ''; do
	try "$check
done_testing"
	is "can fail: ${check:-a test that checks nothing}" "$rc" 1
done
try 'ok x true
is x a a
like x ab b
unlike x a b
done_testing'
is 'can pass' "$rc" 0
done_testing
