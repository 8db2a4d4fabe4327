#!/bin/sh
# SPDX-License-Identifier: MIT
# --json: each command that has it, as `dario help` lists them, in an empty home
# and in one with something to tell and a router. It prints JSON and nothing else,
# its members are those of doc/json.md, and it ends as it does without --json.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3
export PYTHONDONTWRITEBYTECODE=1

# look NAME HOW
look() {
	python3 "$srcdir/tests/sh/as-json.py" "$dario" "$srcdir/doc/json.md" \
		"$2" "$tmp/told" >"$tmp/out" 2>&1 </dev/null
	is "$1: looked at" "$?" 0
	verdicts "$tmp/out" "$1: "
}
# No systemd here; what stands for it says that the service runs.
mkdir "$tmp/bin"
cat >"$tmp/bin/systemctl" <<'END'
#!/bin/sh
printf 'LoadState=loaded\nUnitFileState=enabled\nActiveState=active\n'
END
chmod 755 "$tmp/bin/systemctl"
PATH=$tmp/bin:$PATH

# Nothing listens there.
DARIO_PORT=$(free_port)
export DARIO_PORT
mkdir -m 700 "$DARIO_HOME"
look 'an empty home' empty

python3 "$srcdir/tests/sh/probe.py" "$tmp/port" "$tmp/asked" \
	>"$tmp/provider.log" 2>&1 &
children="$children $!"
wait_for test -s "$tmp/port" || exit 1
echo sk-0123456789 >"$tmp/a.key"
echo sk-0123456789ab >"$tmp/b.key"
fill() {
	for name in groq up; do
		"$dario" backend add "$name" --key-file="$tmp/a.key" \
			--base-url="http://127.0.0.1:$(cat "$tmp/port")/none/v1"
	done
	"$dario" accounts add work --key-file="$tmp/a.key"
	"$dario" accounts add second --backend=up --key-file="$tmp/b.key"
	"$dario" route add fast groq:m --fallback=up:m --on=429,5xx
	for name in ada ben; do
		"$dario" key add "$name" --spend=5/day
	done
}
fill >"$tmp/added" 2>&1
is 'the home has what it is asked for' "$(cd "$DARIO_HOME" &&
	echo accounts/*.json backends/*.json backends/up/*.json keys/*.json routes.json)" \
	"accounts/work.json backends/groq.json backends/up.json\
 backends/up/second.json keys/ada.json keys/ben.json routes.json"
# What setup finds: keys in the environment, and what other routers have.
export OPENAI_API_KEY=sk-openai-0123456789 XAI_API_KEY='has a blank'
cat >"$tmp/litellm_config.yaml" <<'END'
model_list:
  - model_name: quick
    litellm_params: {model: groq/llama-3.3-70b, api_key: os.environ/NOT_SET}
  - model_name: quick
    litellm_params:
      {model: openai/m, api_key: k-0123456789, api_base: "http://127.0.0.1:9/v1"}
  - model_name: quick
    litellm_params:
      {model: openai/m, api_key: k-9876543210, api_base: "http://127.0.0.1:9/v1"}
  - model_name: deep
    litellm_params: {model: anthropic/claude-opus-5, api_key: sk-ant-0123456789}
router_settings:
  fallbacks: [{"quick": ["deep"]}]
END
mkdir "$tmp/.claude-code-router"
cat >"$tmp/.claude-code-router/config.json" <<'END'
{"Providers": [{"name": "other", "api_key": "k-0123456789", "models": ["m"],
	"api_base_url": "http://127.0.0.1:8/v1/messages",
	"transformer": {"use": ["Anthropic"]}}]}
END

unset DARIO_PORT
export DARIO_API_KEY=sk-router
start_router --demo
export DARIO_PORT="$port"
for model in demo nobody-has-this fast; do
	curl -s -o "$tmp/body" -H 'x-api-key: sk-router' -d '{"model": "'$model'",
		"messages": [{"role": "user", "content": "x"}]}' \
		"$url/v1/chat/completions"
done
look 'a populated home' full
python3 "$srcdir/tests/sh/as-json.py" "$dario" "$srcdir/doc/json.md" told \
	"$tmp/told" >"$tmp/out" 2>&1
is 'members: looked at' "$?" 0
verdicts "$tmp/out"
done_testing
