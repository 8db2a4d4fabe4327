#!/bin/sh
# SPDX-License-Identifier: MIT
# Every command of the README does what it says, and what SECURITY.md names is
# there.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
readme=$srcdir/README.md

ok 'README: under 200 lines' test "$(wc -l <"$readme")" -lt 200

security=$srcdir/SECURITY.md
ok 'SECURITY: under 150 lines' test "$(wc -l <"$security")" -lt 150
named=$(grep -oE '`[a-z]+/[A-Za-z0-9_./-]+`' "$security" | tr -d '\140' | sort -u)
for file in $named; do
	ok "SECURITY: there is $file" test -e "$srcdir/$file"
done
ok 'SECURITY: names its tests' test "$(echo "$named" | grep -c ^tests/)" -gt 20
is 'SECURITY: each promise has a test' "$(awk '
	/^## / { promised = $0 == "## What is promised" }
	promised && /^\|/ && !/^\| promise / && !/^\|---/ && !/`(tests\/|make )/
	' "$security")" ''

# The sh blocks, one file each, with the installed name of the program.
awk -v dir="$tmp" '/^```sh$/ { n++; on = 1; next } /^```$/ { on = 0 }
	on { print > (dir "/block" n) }' "$readme"
mkdir "$tmp/bin"
ln -s "$dario" "$tmp/bin/dario"
PATH=$tmp/bin:$PATH
cd "$tmp" || exit 1
for f in openai groq anthropic spare second azure bedrock google; do
	echo "sk-$f-0123456789abcdef" >$f.key
done

# The block that holds a text.
block() {
	grep -l -- "$1" "$tmp"/block* | head -n 1
}
ok 'README: scripts exist' test -x "$srcdir/quickstart" -a -x "$srcdir/runtests"

start_router --demo
adds=$(block 'backend add openai')
sed -i "s|http://127.0.0.1:8080|$url/demo/v1|" "$adds"
out=$(sh -e "$adds" 2>&1)
is 'README: backends are added, listed and tested' "$?" 0
like 'README: all four are there' "$(dario backend list)" claude-api
like 'README: test asks the backend' "$out" 'lists 1 models'

accounts=$(block 'accounts add work')
sed -i '/^dario login/d' "$accounts" # tests/claude/login.t logs in
like 'README: accounts are added and shown' "$(sh -e "$accounts" 2>&1)" spare
like 'README: rules are added and explained' \
	"$(sh -e "$(block 'route add fast')" 2>&1)" 'fast goes to groq'

doc=$srcdir/doc/backends.md
is 'doc/backends: each provider, as it is known' "$(python3 - "$doc" "$srcdir/share/providers.json" <<-'END'
	import json, re, sys
	rows = [r for r in json.load(open(sys.argv[2]))["providers"] if "id" in r]
	known = {r["id"]: (r.get("url") or "--base-url=" + r["form"],
	                   r.get("keys", "none is needed")) for r in rows}
	told = {m[0]: (m[1], m[2]) for m in re.findall(
	    r"^\| `([\w-]+)` \| `(\S+)` \| (.+) \|$", open(sys.argv[1]).read(), re.M)}
	print(*sorted(known.items() ^ told.items()))
	END
	)" ''
awk '/^```sh$/ { on = 1; next } /^```$/ { on = 0 } on' "$doc" >"$tmp/backends.sh"
mkdir "$tmp/other"
out=$(DARIO_HOME=$tmp/other/home sh -e "$tmp/backends.sh" 2>&1)
is 'doc/backends: its commands' "$?" 0
is 'doc/backends: what comes of them' \
	"$(DARIO_HOME=$tmp/other/home dario backend list --json | json '[(b["name"], b["hasKey"]) for b in j]')" \
	"[('azure', True), ('bedrock', True), ('entra', True), ('google', True), ('groq', True), ('openai', True), ('vertex', True)]"

stop_router
out=$(dario proxy --check 2>&1)
is 'README: proxy --check' "$?" 0
run=$(block 'host=0.0.0.0')
sed -i 's/$/ --check/' "$run"
ok 'README: open to other machines' sh -e "$run" 2>/dev/null
like 'README: a configuration is printed' "$(sh -e "$(block print-config)")" \
	'location /llm/ {'
# Pages on programs that no test runs: what they say of dario is true.
for page in cursor open-webui librechat; do
	like "doc/tools/README: $page is not in the table" \
		"$(sed -n '/^Not run by any test/,$p' "$srcdir/doc/tools/README.md")" \
		"($page.md)"
	python3 - "$srcdir/doc/tools/$page.md" >"$tmp/$page" <<-'END'
	import re, sys
	for block in re.findall("```sh\n(.*?)```", open(sys.argv[1]).read(), re.S):
	    for line in block.replace("\\\n", " ").splitlines():
	        if re.search(r"(^|\s)dario [a-z]", line):
	            print(line + (" --check" if "dario proxy" in line else ""))
	END
	ok "doc/tools/$page: its commands" sh -ec "exec >/dev/null 2>&1
		export DARIO_HOME='$tmp/$page.home'
		. '$tmp/$page'"
done
is 'doc/tools: each of the three has one' "$(cat "$tmp/cursor" "$tmp/open-webui" \
	"$tmp/librechat" | grep -c 'dario proxy')" 3
export DARIO_ALLOWED_HOSTS=host.docker.internal,dario.example.com
start_router --demo
for host in host.docker.internal:3456 dario.example.com; do
	is "doc/tools: by the name $host" "$(curl -s -o "$tmp/body" -w '%{http_code}' \
		-H "Host: $host" "$url/v1/models")" 200
done
is 'doc/tools: by no other' "$(curl -s -o "$tmp/body" -w '%{http_code}' \
	-H 'Host: other.example.com' "$url/v1/models")" 403
curl=$(block 'curl http')
sed -i "s|localhost:3456|localhost:$port|" "$curl"
like 'README: curl' "$(sh -e "$curl" 2>/dev/null)" 'demo, not a language model'
like 'quickstart: a wrong flag is refused' \
	"$("$srcdir/quickstart" --nope 2>&1)" 'usage:'
done_testing
