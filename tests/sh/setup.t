#!/bin/sh
# SPDX-License-Identifier: MIT
# dario setup: what it finds, shows, adds and leaves alone.
. "$(dirname "$0")/lib.sh"
need python3
for v in $(env | sed -n 's/^\([A-Z_]*\(API_KEY\|_TOKEN\|BASE_URL\|API_BASE\|ENDPOINT\|BEDROCK\)\)=.*/\1/p'); do
	unset "$v"
done
unset CLAUDE_CONFIG_DIR NO_COLOR

# Local servers stand on other ports here: one answers, one wants a key, one
# is silent; all others are not there.
cat >"$tmp/servers.py" <<'END'
import http.server, json, pathlib, socket, sys, threading, time
source, out = map(pathlib.Path, sys.argv[1:3])
class Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = 404, {}
        if self.path == "/v1/models":
            status = self.server.status
            time.sleep(self.server.busy)
            self.server.busy = 0
            text = {"data": [{"id": "one"}, {"id": "two"}]}
        body = json.dumps(text).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
def serve(status, busy=0):
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    s.status, s.busy = status, busy  # with a model, in seconds, at first
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_port
nobody = socket.socket()  # bound, and not listening: refused at once
nobody.bind(("127.0.0.1", 0))
ports = {"ollama": serve(200), "llamacpp": serve(200, 0.5), "vllm": serve(401),
         "lmstudio": int(sys.argv[3])}
file = json.loads(source.read_text())
for row in file["providers"]:
    if row.get("local"):
        port = ports.get(row["id"], nobody.getsockname()[1])
        tail = "/v1" if row["url"].endswith("/v1") else ""
        row["url"] = f"http://127.0.0.1:{port}{tail}"
        row["baseUrl"] = [row["url"] + "*"]
out.write_text(json.dumps(file))
print(json.dumps(ports), flush=True)
threading.Event().wait()
END
mkdir -p "$tmp/data/share"
ln -s "$srcdir"/share/* "$tmp/data/share/"
rm "$tmp/data/share/providers.json"
for f in lighttpd contrib; do ln -s "$srcdir/$f" "$tmp/data/$f"; done
start_process "$tmp/silent" python3 -c 'import signal, socket
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
signal.pause()'
silent=$pid
wait_for test -s "$tmp/silent"
start_process "$tmp/ports" python3 "$tmp/servers.py" \
	"$srcdir/share/providers.json" "$tmp/data/share/providers.json" "$(cat "$tmp/silent")"
wait_for test -s "$tmp/ports"
export DARIO_DATADIR=$tmp/data

json_of() { # EXPRESSION over the items of the last `found`
	python3 -c 'import json, sys
items = json.load(open(sys.argv[1]))["found"]
by = {(i["kind"], i["name"]): i for i in items}
print(eval(sys.argv[2]))' "$tmp/found" "$1"
}
find_it() { # FLAGS: into $tmp/found
	"$dario" setup --json "$@" >"$tmp/found" 2>"$tmp/err"
}
of() { # NAME EXPRESSION of a backend's file
	json "$2" <"$DARIO_HOME/backends/$1.json"
}
anew() {
	rm -rf "$DARIO_HOME"
}

# --- local servers, and nothing changed ---------------------------------------
find_it
is 'a server that answers' "$(json_of 'by["backend", "ollama"]["action"], by["backend", "ollama"]["hasKey"]')" \
	"('add', False)"
is 'also one without /v1 in its address, that is busy' "$(json_of 'by["backend", "llamacpp"]["action"]')" add
is 'one that wants a key' "$(json_of 'by["other", "vllm"]["action"], "--key-file" in by["other", "vllm"]["note"]')" \
	"('left', True)"
is 'a silent one is not waited for' "$(json_of '[i for i in items if i["name"] == "lmstudio"]')" '[]'
kill "$silent" # each question to it takes its time
is 'nothing was made' "$(find "$DARIO_HOME" -type f)" ''

# --- the environment ----------------------------------------------------------
export GROQ_API_KEY=gsk_groq_0123456789 OPENAI_API_KEY=sk-openai-0123456789 \
	OPENROUTER_API_KEY=sk-or-0123456789 ANTHROPIC_API_KEY=sk-ant-0123456789 \
	XAI_API_KEY='has a blank' AZURE_API_KEY=azure-0123456789
"$dario" setup >"$tmp/out" 2>"$tmp/err" </dev/null
is 'shown: status 0' "$?" 0
like 'shown: what' "$(cat "$tmp/out")" 'backend groq'
like 'shown: from where' "$(cat "$tmp/out")" '$GROQ_API_KEY'
like 'shown: that it is not done' "$(cat "$tmp/err")" 'say --yes'
for secret in gsk_groq sk-openai sk-or- sk-ant- azure-0123; do
	unlike "shown: no $secret" "$(cat "$tmp/out" "$tmp/err")" "$secret"
done
is 'shown: still nothing was made' "$(find "$DARIO_HOME" -type f)" ''
find_it
unlike 'as JSON: no key' "$(cat "$tmp/found")" 0123456789
is 'a key that is none' "$(json_of 'by["backend", "xai"]["action"]')" left
is 'an address that is not known' "$(json_of '"--base-url=https://RESOURCE" in by["backend", "azure"]["note"]')" True
is 'a key of Claude is an account' "$(json_of 'by["account", "anthropic"]["action"]')" add

"$dario" setup --yes >"$tmp/out" 2>"$tmp/err"
is '--yes: status 0' "$?" 0
is 'the key is copied' "$(of groq 'j["apiKey"], j["baseUrl"], j["noStrictTools"]')" \
	'gsk_groq_0123456789 https://api.groq.com/openai/v1 True'
is 'the account has its key' "$(json 'j["apiKey"]' <"$DARIO_HOME/accounts/anthropic.json")" sk-ant-0123456789
is 'the local one has none' "$(of ollama 'j.get("apiKey")')" None
is 'files are 0600' "$(stat -c %a "$DARIO_HOME"/backends/groq.json)" 600
ok 'all of it is valid' "$dario" proxy --check 2>/dev/null
cp -r "$DARIO_HOME" "$tmp/before"
"$dario" setup --yes >"$tmp/out" 2>"$tmp/err"
is 'again: status 0' "$?" 0
like 'again: it is there' "$(cat "$tmp/out")" 'there already'
is 'again: nothing changes' "$(diff -r "$tmp/before/backends" "$DARIO_HOME/backends" && diff -r "$tmp/before/accounts" "$DARIO_HOME/accounts")" ''

anew
"$dario" setup --yes --no-copy >"$tmp/out" 2>/dev/null
is 'no copy: the variable is named' "$(of groq 'j["keyEnv"], "apiKey" in j')" 'GROQ_API_KEY False'
is 'no copy: Claude too' "$(of anthropic 'j["keyEnv"]')" ANTHROPIC_API_KEY
is 'no copy: there is none' "$(grep -rl 0123456789 "$DARIO_HOME")" ''

# What is there is never overwritten.
anew
printf 'gsk_mine_0123456789\n' | "$dario" backend add groq --key-stdin --models='mine-*' 2>/dev/null
"$dario" route add fast groq:one
cp "$DARIO_HOME/backends/groq.json" "$tmp/groq.json"
"$dario" setup --yes >/dev/null 2>&1
is 'a backend of the same name stays as it is' "$(diff "$tmp/groq.json" "$DARIO_HOME/backends/groq.json")" ''

# A variable for programs that go through the router is none for the router.
anew
ANTHROPIC_BASE_URL=http://localhost:3456 find_it
is 'a key for the router itself' "$(json_of 'by["other", "anthropic"]["action"]')" left
ANTHROPIC_API_KEY=dario find_it
is 'the word that stands for a key' "$(json_of 'by["other", "anthropic"]["action"]')" left
OPENAI_BASE_URL=https://llm.example/v1 find_it
is 'a key for another address goes there alone' "$(json_of 'by["backend", "llm"]["baseUrl"]')" https://llm.example/v1

# Claude Code's log-in serves as long as there is no account.
mkdir -p "$tmp/.claude"
cat >"$tmp/.claude/.credentials.json" <<END
{"claudeAiOauth":{"accessToken":"sk-ant-oat-0123456789","refreshToken":"sk-ant-ort-0123456789","expiresAt":$(($(date +%s) + 3600))000,"scopes":["user:inference"]}}
END
chmod 600 "$tmp/.claude/.credentials.json"
find_it
is 'the log-in of Claude Code' "$(json_of '[i["action"] for i in items if "Claude Code" in i["name"]]')" "['there']"
is 'a key does not take its place' "$(json_of '("account", "anthropic") in by, by["backend", "anthropic"]["action"]')" "(False, 'add')"
rm -r "$tmp/.claude"

# --- claude-code-router -------------------------------------------------------
unset GROQ_API_KEY OPENAI_API_KEY OPENROUTER_API_KEY ANTHROPIC_API_KEY XAI_API_KEY AZURE_API_KEY
anew
export DEEP_KEY=sk-deep-0123456789
mkdir -p "$tmp/.claude-code-router"
cat >"$tmp/.claude-code-router/config.json" <<'END'
{"APIKEY":"router-0123456789",
 "Providers":[
  {"name":"openrouter","api_base_url":"https://openrouter.ai/api/v1/chat/completions",
   "api_key":"sk-or-ccr-0123456789","models":["google/gemini-2.5-pro","claude-x","a[b"]},
  {"name":"deep seek","api_base_url":"https://api.deepseek.com/chat/completions",
   "api_key":"${DEEP_KEY}","models":["deepseek-chat","deepseek-reasoner"]},
  {"name":"gone","api_base_url":"https://gone.example/v1/chat/completions","api_key":"$NOT_SET","models":["m"]},
  {"name":"direct","api_base_url":"https://direct.example/v1/messages","api_key":"k-0123456789",
   "models":["m"],"transformer":{"use":["Anthropic"]}},
  {"name":"gemini","api_base_url":"https://generativelanguage.googleapis.com/v1beta/models/","api_key":"AIza0123456789","models":["gemini-2.5-pro"]},
  {"name":"keyless","api_base_url":"https://keyless.example/v1","api_key":"","models":["m"]},
  "nonsense", {"name":7}],
 "Router":{"default":"deep seek,deepseek-chat","background":"openrouter,google/gemini-2.5-pro",
  "think":"deep seek,deepseek-reasoner","longContextThreshold":60000,"longContext":"nobody,m"}}
END
sum=$(cksum "$tmp/.claude-code-router/config.json")
find_it
unlike 'ccr: no key is shown' "$(cat "$tmp/found")" 0123456789
is 'ccr: the log has no place' "$(json_of 'by["other", "APIKEY"]["action"]')" left
is 'ccr: no key is said' "$(json_of 'by["backend", "keyless"]["action"]')" left
is 'ccr: a variable that is not set' "$(json_of 'by["backend", "gone"]["keyEnv"], by["backend", "gone"]["note"]')" "('NOT_SET', 'NOT_SET is not set here')"
is 'ccr: what goes by size is left' "$(json_of 'by["other", "Router.think"]["action"], by["other", "Router.longContext"]["action"]')" "('left', 'left')"
"$dario" setup --yes >"$tmp/out" 2>"$tmp/err"
is 'ccr: status 0' "$?" 0
is 'ccr: a path behind the address is none of it' "$(of openrouter 'j["baseUrl"], j["apiKey"], ",".join(j["models"])')" \
	'https://openrouter.ai/api/v1 sk-or-ccr-0123456789 google/gemini-2.5-pro'
is 'ccr: a name of ours, and the key behind the variable' "$(of deep-seek 'j["apiKey"], ",".join(j["models"])')" \
	'sk-deep-0123456789 deepseek-chat,deepseek-reasoner'
is 'ccr: its API' "$(of direct 'j["protocol"], j["baseUrl"]')" 'anthropic https://direct.example/v1'
is 'ccr: Gemini by the API that is spoken' "$(of gemini 'j["baseUrl"]')" https://generativelanguage.googleapis.com/v1beta/openai
is 'ccr: Claude goes where it went' "$("$dario" explain claude-sonnet-4-5 --json | json 'j["backend"], j["upstreamModel"]')" 'deep-seek deepseek-chat'
is 'ccr: small tasks too' "$("$dario" explain claude-haiku-4-5 --json | json 'j["backend"], j["upstreamModel"]')" 'openrouter google/gemini-2.5-pro'
is 'ccr: its file is as it was' "$(cksum "$tmp/.claude-code-router/config.json")" "$sum"

cat >"$tmp/hostile.json" <<'END'
{ // as its program takes it
 "Providers":[
  {"name":"claude","api_base_url":"https://c.example/v1","api_key":"k-0123456789","models":["// no comment","m\"",],},
  {"name":"sk-ant-api03-abcdefghijklmnop","api_base_url":"https://s.example/v1","api_key":"k2-0123456789","models":["sk-ant-api03-abcdefghijklmnop"]},
  {"name":"\u001b[31mred","api_base_url":"https://user:pa55word0123@u.example/v1","api_key":"k3"},
  {"name":"file","api_base_url":"file:///etc/passwd","api_key":"k3"}, /* and
  {"name":"not there","api_base_url":"https://no.example/v1","api_key":"k4"}, */
  {"name":"dup","api_base_url":"https://dup.example/v1","api_key":"d1-0123456789"},
  {"name":"dup","api_base_url":"https://dup.example/v1/","api_key":"d2-0123456789"},
  {"name":"dup","api_base_url":"https://dup2.example/v1","api_key":"d2-0123456789"},
 ],
 "Router":{"default":"claude,m,n","background":"claude,sk-ant-api03-abcdefghijklmnop"}}
END
anew
find_it --ccr="$tmp/hostile.json"
is 'hostile: names' "$(json_of 'sorted(i["name"] for i in items if i["action"] == "add" and i["source"].endswith("hostile.json"))')" \
	"['claude-*', 'claude-2', 'dup', 'dup-2', 'dup-2', 's']"
is 'hostile: strings are no comments' "$(json_of 'by["backend", "claude-2"]["models"]')" '// no comment,m"'
"$dario" setup --ccr="$tmp/hostile.json" >"$tmp/out" 2>&1 </dev/null
for secret in pa55word sk-ant-api03 "$(printf '\033')"; do
	unlike "hostile: no $secret" "$(cat "$tmp/out" "$tmp/found")" "$secret"
done

# --- LiteLLM ------------------------------------------------------------------
echo 'model_list: [{model_name: m}]' >"$tmp/one.yaml"
case $("$dario" setup --litellm="$tmp/one.yaml" 2>&1) in
*libyaml*) yaml= && diag 'not run, built without libyaml: LiteLLM' ;;
*) yaml=yes ;;
esac
if [ "$yaml" ]; then
rm -r "$tmp/.claude-code-router"
anew
export GROQ_API_KEY=gsk_groq_0123456789 AZURE_BASE=https://me.openai.azure.com/
cat >"$tmp/litellm_config.yaml" <<'END'
x-shared: &groq
  api_key: os.environ/GROQ_API_KEY
model_list:
  - model_name: fast                  # two keys of one place: a pool
    litellm_params:
      <<: *groq
      model: groq/llama-3.3-70b
  - model_name: fast
    litellm_params: {model: groq/llama-3.3-70b, api_key: gsk_second_0123456789}
  - model_name: fast                  # and another place
    litellm_params:
      model: azure/my-deployment
      api_base: os.environ/AZURE_BASE
      api_key: "azure-0123456789"
      api_version: "2024-10-21"
  - model_name: claude-sonnet-4-5
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: sk-ant-lite-0123456789}
  - model_name: local
    litellm_params: {model: ollama_chat/qwen3, api_base: "http://10.0.0.5:11434"}
  - model_name: own
    litellm_params: {model: openai/m/with:colon, api_base: https://api.own.example/v1/, api_key: k-0123456789}
  - model_name: bedrock-one
    litellm_params: {model: bedrock/anthropic.claude-v2}
  - model_name: "together_ai/*"
    litellm_params: {model: together_ai/*, api_key: tgp_0123456789}
  - model_name: "cheap-*"
    litellm_params: {model: openai/*, api_key: sk-o-0123456789}
  - model_name: lost
    litellm_params: {model: nowhere/m}
  - model_name: bare
router_settings:
  fallbacks: [{"own": ["local", "unknown"]}]
general_settings: {master_key: sk-master-0123456789}
END
sum=$(cksum "$tmp/litellm_config.yaml")
find_it
unlike 'litellm: no key is shown' "$(cat "$tmp/found")" 0123456789
is 'litellm: it is found where it usually is' "$(json_of 'by["backend", "groq"]["source"]')" '~/litellm_config.yaml'
is 'litellm: what is left' "$(json_of 'sorted(i["name"] for i in items if i["action"] == "left")')" \
	"['bare', 'bedrock', 'cheap-*', 'lost', 'master_key', 'vllm']"
"$dario" setup --yes >"$tmp/out" 2>"$tmp/err"
is 'litellm: status 0' "$?" 0
is 'litellm: keys of one place are a pool' "$("$dario" accounts list --json |
	json '"".join(sorted(a["alias"] + " " for a in j["accounts"] if a["backend"] == "groq"))')" 'groq groq-2 '
is 'litellm: several places, one after the other' "$("$dario" route list --json |
	json '[(r["target"], r["fallbacks"]) for r in j if r["match"] == "fast"]')" \
	"[('groq:llama-3.3-70b', ['azure:my-deployment'])]"
is 'litellm: Azure' "$(of azure 'j["baseUrl"], j["apiKey"]')" 'https://me.openai.azure.com/openai/v1 azure-0123456789'
is 'litellm: Ollama' "$(of ollama 'j["baseUrl"]')" http://10.0.0.5:11434/v1
is 'litellm: its fallbacks' "$("$dario" route list --json |
	json '[(r["target"], r["fallbacks"]) for r in j if r["match"] == "own"]')" \
	"[('own:m/with:colon', ['ollama:qwen3'])]"
is 'litellm: a name that leads there anyway has no rule' "$("$dario" route list --json |
	json '[r["match"] for r in j if "claude" in r["match"]]')" '[]'
is 'litellm: its account' "$(json 'j["apiKey"]' <"$DARIO_HOME/accounts/anthropic.json")" sk-ant-lite-0123456789
is 'litellm: its file is as it was' "$(cksum "$tmp/litellm_config.yaml")" "$sum"
ok 'litellm: all of it is valid' "$dario" proxy --check 2>/dev/null
rm "$tmp/litellm_config.yaml"

# Files that are wrong.
wrong() { # NAME TEXT WANTED
	printf '%s' "$2" >"$tmp/wrong.yaml"
	"$dario" setup --litellm="$tmp/wrong.yaml" >"$tmp/out" 2>"$tmp/err"
	is "$1: status 1" "$?" 1
	like "$1: it is named" "$(cat "$tmp/err")" "wrong.yaml"
	like "$1: and why" "$(cat "$tmp/err")" "$3"
}
wrong 'no YAML' 'model_list: [a' 'line '
wrong 'nothing' '' 'model_list'
wrong 'an alias of nothing' 'model_list: *a' 'alias'
wrong 'too deep' "$(python3 -c 'print("["*5000)')" 'too deep'
cat >"$tmp/wrong.yaml" <<'END'
a: &a [x, x, x, x, x, x, x, x]
b: &b [*a, *a, *a, *a, *a, *a, *a, *a]
c: &c [*b, *b, *b, *b, *b, *b, *b, *b]
model_list: [*c, *c, *c]
END
"$dario" setup --litellm="$tmp/wrong.yaml" >"$tmp/out" 2>"$tmp/err"
is 'aliases of aliases' "$?" 0
fi
"$dario" setup --ccr="$tmp/none.json" >"$tmp/out" 2>"$tmp/err"
is 'a file that is not there: status 1' "$?" 1
like 'a file that is not there' "$(cat "$tmp/err")" none.json

# --- the earlier dario --------------------------------------------------------
anew
mkdir -p -m 700 "$tmp/.dario/backends" "$tmp/.dario/accounts" "$tmp/.dario/codex-accounts"
echo '{"provider":"openai","name":"cerebras","apiKey":"csk-0123456789","baseUrl":"https://api.cerebras.ai/v1"}' >"$tmp/.dario/backends/cerebras.json"
echo '{"alias":"work","accessToken":"sk-ant-oat01-0123456789","refreshToken":"r","expiresAt":1,"scopes":[],"deviceId":"","accountUuid":""}' >"$tmp/.dario/accounts/work.json"
echo '{"alias":"x"}' >"$tmp/.dario/codex-accounts/x.json"
echo '{"version":1,"keys":[]}' >"$tmp/.dario/keys.json"
echo '{"version":1,"port":3456,"pacing":{"minMs":500},"pool":{"strategy":"headroom"}}' >"$tmp/.dario/config.json"
chmod 700 "$tmp/.dario"
chmod 600 "$tmp/.dario"/*.json "$tmp/.dario"/*/*.json
find_it
is 'of another home: its backends' "$(json_of 'by["backend", "cerebras"]["action"]')" add
is 'of another home: no log-in' "$(json_of 'by["other", "account work"]["action"]')" left
is 'what has no place' "$(json_of 'by["other", "ChatGPT log-ins"]["action"], by["other", "keys of people"]["action"]')" "('left', 'left')"
DARIO_HOME=$tmp/.dario find_it
is 'in the same home its things are in force' "$(DARIO_HOME=$tmp/.dario "$dario" backend list --json | json '[b["name"] for b in j]')" "['cerebras']"
echo '{"alias":"my.work","apiKey":"sk-ant-api03-0123456789"}' >"$tmp/.dario/accounts/my.work.json"
chmod 600 "$tmp/.dario/accounts/my.work.json"
DARIO_HOME=$tmp/.dario find_it
is 'in the same home: a name that is none here' "$(json_of '"my-work.json" in by["other", "my.work"]["note"]')" True
rm "$tmp/.dario/accounts/my.work.json"
is 'in the same home nothing is copied' "$(json_of '[i["name"] for i in items if i["name"] == "cerebras"]')" '[]'
export DARIO_HOME=$tmp/.dario
cat >"$DARIO_HOME/config.json" <<'END'
{"version":1,"port":3456,"host":"127.0.0.1","model":null,"passthrough":false,"mergeTools":false,
 "noAutoDetect":false,"strictTls":false,"strictTemplate":false,"noLiveCapture":false,"drainOnClose":true,
 "stealth":false,"pacing":{"minMs":700,"jitterMs":0},"thinkTime":{"baseMs":0,"maxMs":30000},
 "sessionStart":{"minMs":0},"session":{"idleRotateMs":900000,"maxAgeMs":null},
 "queue":{"maxConcurrent":null,"timeoutMs":5000},"pool":{"strategy":"fill-first"},"effort":null,
 "maxTokens":null,"passthroughBetas":[],"systemPrompt":null,"preserveOrchestrationTags":false,
 "logFile":null,"overageGuard":{"enabled":true,"behavior":"warn","cooldownMs":1800000}}
END
rm "$DARIO_HOME/accounts/work.json"
"$dario" proxy --check >"$tmp/out" 2>&1
is 'its config.json is taken as it is' "$?" 0
like 'what has no meaning here is named' "$(cat "$tmp/out")" 'without meaning here: drainOnClose'
unlike 'and nothing that is only as it is by default' "$(cat "$tmp/out")" stealth
is 'what has a meaning is in force' "$("$dario" config --json |
	json '[j[k]["value"] for k in ("strategy", "overage", "minIntervalMs", "queueMs")]')" "['fill-first', 'warn', 700, 5000]"
sed -i 's/"port"/"prot"/; s/"enabled":true/"enabled":false/' "$DARIO_HOME/config.json"
"$dario" proxy --check >"$tmp/out" 2>&1
is 'a wrong key in it is one' "$?" 1
like 'and is named' "$(cat "$tmp/out")" '"prot": did you mean "port"'
is 'a guard that is off' "$("$dario" config --json | json 'j["overage"]["value"]')" off
export DARIO_HOME=$tmp/home
rm -r "$tmp/.dario"

# --- a person -----------------------------------------------------------------
anew
cat >"$tmp/ask.py" <<'END'
import os, pty, select, sys, time
answer, command = sys.argv[1], sys.argv[2:]
pid, fd = pty.fork()
if pid == 0:
    os.execv(command[0], command)
shown, end, said = "", time.monotonic() + 90, False
while time.monotonic() < end:
    if not select.select([fd], [], [], 0.1)[0]:
        continue
    try:
        got = os.read(fd, 65536)
    except OSError:
        break
    if not got:
        break
    shown += got.decode(errors="replace")
    if "[y/N]" in shown and not said:
        os.write(fd, answer.encode() + b"\n")
        said = True
os.waitpid(pid, 0)
print(shown)
END
python3 "$tmp/ask.py" n "$dario" setup >"$tmp/out"
like 'a person is asked' "$(cat "$tmp/out")" '[y/N]'
like 'no: nothing is added' "$(cat "$tmp/out")" 'nothing is added'
is 'no: indeed' "$(ls "$DARIO_HOME/backends" 2>/dev/null)" ''
python3 "$tmp/ask.py" y "$dario" setup >"$tmp/out"
is 'yes: it is added' "$(of groq 'j["apiKey"]')" gsk_groq_0123456789
COLUMNS=60 "$dario" setup >"$tmp/out" 2>/dev/null
ok 'a narrow terminal is enough' test "$(awk 'length > w { w = length } END { print w + 0 }' "$tmp/out")" -le 66
done_testing
