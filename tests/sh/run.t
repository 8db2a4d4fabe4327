#!/bin/sh
# SPDX-License-Identifier: MIT
# dario run: programs find the router, which runs for them when there is none.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3 pgrep

mkdir "$tmp/bin"
cat >"$tmp/bin/tool" <<'EOS'
#!/bin/sh
{
	env | sort
	for word; do echo "argument $word"; done
	curl -s "$ANTHROPIC_BASE_URL/health"
} >"$OUT"
exit 7
EOS
chmod 755 "$tmp/bin/tool"
for name in claude codex opencode aider copilot; do
	cp "$tmp/bin/tool" "$tmp/bin/$name"
done
PATH=$tmp/bin:$PATH
OUT=$tmp/seen
DARIO_PORT=$(free_port)
DARIO_DEMO=true
ANTHROPIC_API_KEY=old
export PATH OUT DARIO_PORT DARIO_DEMO ANTHROPIC_API_KEY
here=http://127.0.0.1:$DARIO_PORT

"$dario" run tool --json -x 'two words' 2>"$tmp/err"
is 'the status is the program'"'"'s' "$?" 7
seen=$(cat "$OUT")
like 'a router ran' "$seen" '"status":"ok"'
like 'it is said' "$(cat "$tmp/err")" "no router at $here"
like 'Messages' "$seen" "ANTHROPIC_BASE_URL=$here"
like 'Chat and Responses' "$seen" "OPENAI_BASE_URL=$here/v1"
unlike 'an own key is in nobody'"'"'s way' "$seen" ANTHROPIC_API_KEY=
like 'its flags are its own' "$seen" 'argument --json
argument -x
argument two words'
is 'the router is gone' "$(curl -s -o /dev/null -w '%{http_code}' "$here/health")" 000

"$dario" run no-such-program 2>"$tmp/err"
is 'no such program: no router is started for it' \
	"$? $(grep -c 'no router' "$tmp/err")" '127 0'

"$dario" run --url=http://127.0.0.1:1 tool 2>"$tmp/err"
is 'nobody at --url: status 1' "$?" 1
like 'nobody at --url: what to do' "$(cat "$tmp/err")" \
	'no router answers at http://127.0.0.1:1 '

port=$DARIO_PORT
start_router
"$dario" run --model=m tool 2>"$tmp/err"
is 'a router that runs is used' "$(cat "$tmp/err")" ''
like 'the model' "$(cat "$OUT")" 'ANTHROPIC_MODEL=m'
ok 'it runs on' listens "$port"
"$dario" run --model=gpt-5 codex exec hi
like 'codex: a provider of its own' "$(cat "$OUT")" "base_url=\"$here/v1\""
like 'codex: before what was given' "$(cat "$OUT")" 'argument --model=gpt-5
argument exec'
"$dario" run opencode
like 'opencode: the models' "$(sed -n 's/^OPENCODE_CONFIG_CONTENT=//p' "$OUT" |
	json 'list(j["provider"]["dario"]["models"])')" demo
"$dario" run --model=gpt-5 aider
like 'aider' "$(cat "$OUT")" 'argument --model=openai/gpt-5'
"$dario" run claude
like 'claude: models of other providers' "$(cat "$OUT")" CLAUDE_CODE_ENABLE_GATEWAY_MODEL_DISCOVERY=1
"$dario" run copilot
like 'copilot' "$(cat "$OUT")" "COPILOT_PROVIDER_BASE_URL=$here/v1"
"$dario" run no-such-program 2>"$tmp/err"
is 'no such program: 127' "$?" 127
like 'no such program: said' "$(cat "$tmp/err")" \
	'there is no program no-such-program: install it'
"$dario" run claud 2>"$tmp/err"
is 'nearly a program: 127' "$?" 127
like 'nearly a program: the one that is meant' "$(cat "$tmp/err")" 'do you mean claude?'
"$dario" run ./tool 2>"$tmp/err"
is 'no program in a folder: 127' "$?" 127

# Keys.
"$dario" key add ada 2>/dev/null >"$tmp/ada"
"$dario" run tool 2>"$tmp/err"
is 'with people, a key is needed' "$?" 2
like 'how to get one' "$(cat "$tmp/err")" 'dario key add'
"$dario" run --key-file="$tmp/ada" opencode
like 'a person'"'"'s key' "$(cat "$OUT")" "OPENAI_API_KEY=$(cat "$tmp/ada")"
like 'it is let in' "$(cat "$OUT")" '"demo"'
stop_router

# Somebody else has the port.
python3 -m http.server -b 127.0.0.1 "$port" >/dev/null 2>&1 &
pid=$!
children="$children $pid"
wait_for listens "$port"
"$dario" run --key-file="$tmp/ada" tool 2>"$tmp/err"
is 'another program at the port: status 1' "$?" 1
like 'another program at the port: said' "$(cat "$tmp/err")" 'something else than dario'
kill "$pid"

# Ctrl-C reaches the program, which decides; the router goes with it.
cat >"$tmp/bin/waits" <<'EOS'
#!/bin/sh
trap 'echo caught >"$OUT"; exit 3' INT
: >"$OUT.ready"
while :; do sleep 0.05; done
EOS
chmod 755 "$tmp/bin/waits"
python3 - "$dario" "$tmp/ada" >"$tmp/status" 2>"$tmp/err" <<-'EOF'
	import os, signal, subprocess, sys, time
	# Nobody who ignores it is interrupted, and who started this may.
	signal.signal(signal.SIGINT, signal.SIG_DFL)
	p = subprocess.Popen([sys.argv[1], "run", "--key-file=" + sys.argv[2], "waits"],
	                     start_new_session=True)
	while not os.path.exists(os.environ["OUT"] + ".ready"):
	    time.sleep(0.02)
	os.killpg(p.pid, signal.SIGINT)
	print(p.wait(90))
EOF
is 'Ctrl-C: the program ends as it wants' "$(cat "$tmp/status")" 3
is 'Ctrl-C: it was asked' "$(cat "$OUT")" caught
is 'Ctrl-C: the router is gone' "$(curl -s -o /dev/null -w '%{http_code}' "$here/health")" 000
done_testing
