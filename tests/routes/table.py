# SPDX-License-Identifier: MIT
"""Where models go: each row is asked of `dario explain` and sent through a
router: table.py DARIO URL PROVIDER. Both must say what the row says.

Prints "PASS name" or "FAIL name: why".
"""

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request

from home import home, write

dario, url, provider = sys.argv[1:4]
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages",
         "responses": "/v1/responses"}
LIST = [{"role": "user", "content": "hi"}]

# Configurations: backends as (protocol, patterns), rules, accounts, settings.
CONFIGS = {
    "three backends": {
        "backends": {"openai": ("openai,responses", []),
                     "groq": ("openai", ["llama-*", "gpt-oss-*"]),
                     "anth": ("anthropic", ["claude-*"])}},
    "an account too": {
        "backends": {"openai": ("openai,responses", []),
                     "local": ("openai,anthropic", ["llama-3*", "qwen"])},
        "accounts": ["work"]},
    "rules": {
        "backends": {"openai": ("openai", []), "groq": ("openai", ["llama-*"]),
                     "anth": ("anthropic", [])},
        "accounts": ["work"],
        "rules": [
            {"match": "fast", "target": "groq:llama-3.3-70b"},
            {"match": "smart", "target": "claude:opus",
             "fallbacks": ["openai:gpt-5"]},
            {"match": "gpt-4*", "target": "anth:claude-3"},
            {"match": "claude-haiku*", "target": "openai"},
            {"match": "llama-4*", "target": "claude"}]},
    "one only": {"backends": {"only": ("openai", [])}},
    "a model for all": {
        "backends": {"groq": ("openai", ["llama-*"])}, "accounts": ["work"],
        "config": {"model": "claude-opus-9"}},
    "accounts only": {"backends": {}, "accounts": ["work"]},
    "one and an account": {"backends": {"only": ("openai", [])},
                           "accounts": ["work"]},
    "one with patterns": {"backends": {"groq": ("openai", ["llama-*"])},
                          "accounts": ["work"]},
    "two and an account": {
        "backends": {"gem": ("openai", ["gemini-*"]),
                     "anth": ("anthropic", ["glm-*"])}, "accounts": ["work"]},
    "dates": {
        "backends": {"gem": ("openai", ["llama3:latest", "gpt-4o"]),
                     "anth": ("anthropic", ["claude-opus-9",
                                            "claude-haiku-9-20260101"]),
                     "my-lab": ("openai", ["openai/*"])},
        "accounts": ["work"],
        "rules": [{"match": "claude-sonnet-9", "target": "gem"},
                  {"match": "long", "target": "claude:opus[1m]"},
                  {"match": "quick", "target": "claude:haiku"}]},
    "a long one for all": {"backends": {}, "accounts": ["work"],
                           "config": {"model": "sonnet[1m]"}},
}

# configuration, model, api, backend, model upstream, translated
ROWS = [
    ("three backends", "gpt-5", "chat", "openai", "gpt-5", False),
    ("three backends", "gpt-5", "responses", "openai", "gpt-5", False),
    ("three backends", "gpt-5", "messages", "openai", "gpt-5", True),
    ("three backends", "o3-mini", "chat", "openai", "o3-mini", False),
    ("three backends", "o1", "chat", "openai", "o1", False),
    ("three backends", "o4-mini", "chat", "openai", "o4-mini", False),
    ("three backends", "chatgpt-4o", "chat", "openai", "chatgpt-4o", False),
    ("three backends", "llama-3.3-70b", "chat", "groq", "llama-3.3-70b",
     False),
    ("three backends", "llama-3.3-70b", "messages", "groq", "llama-3.3-70b",
     True),
    ("three backends", "llama-3.3-70b", "responses", "groq", "llama-3.3-70b",
     True),
    ("three backends", "gpt-oss-20b", "chat", "groq", "gpt-oss-20b", False),
    ("three backends", "claude-x", "messages", "anth", "claude-x", False),
    ("three backends", "claude-x", "chat", "anth", "claude-x", True),
    ("three backends", "claude-x", "responses", "anth", "claude-x", True),
    ("three backends", "groq:anything", "chat", "groq", "anything", False),
    ("three backends", "groq:a:b", "chat", "groq", "a:b", False),
    ("three backends", "claude-at-groq:a:b", "messages", "groq", "a:b", True),
    ("three backends", "claude-at-nobody:m", "chat", "anth",
     "claude-at-nobody:m", True),
    ("an account too", "claude-at-local:gpt-5", "messages", "local", "gpt-5",
     False),
    ("an account too", "claude-at-claude:claude-opus-9-1", "messages",
     "claude", "claude-opus-9-1", False),
    ("three backends", "anth:gpt-5", "messages", "anth", "gpt-5", False),
    ("three backends", "openai:claude-x", "chat", "openai", "claude-x",
     False),
    ("three backends", "mystery", "chat", None, None, None),
    ("three backends", "opus", "messages", None, None, None),
    ("three backends", "llama3:8b", "chat", None, None, None),
    ("three backends", "groq:", "chat", None, None, None),
    ("an account too", "opus", "messages", "claude", "claude-opus-9-1", False),
    ("an account too", "opus1m", "messages", "claude", "claude-opus-9-1",
     False),
    ("an account too", "sonnet", "chat", "claude", "claude-sonnet-9", True),
    ("an account too", "claude-sonnet-9", "messages", "claude",
     "claude-sonnet-9", False),
    ("an account too", "claude-opus-9", "responses", "claude",
     "claude-opus-9", True),
    ("an account too", "claude:opus", "chat", "claude", "claude-opus-9-1",
     True),
    ("an account too", "claude:mine", "messages", "claude", "mine", False),
    ("an account too", "mystery", "messages", None, None, None),
    ("an account too", "mystery", "chat", None, None, None),
    ("an account too", "dbrx", "chat", None, None, None),
    ("an account too", "zephyr", "messages", None, None, None),
    ("an account too", "tinyllama", "messages", None, None, None),
    ("an account too", "opusx", "messages", None, None, None),
    ("an account too", "OPUS", "messages", "claude", "claude-opus-9-1", False),
    ("an account too", "Opus1M", "messages", "claude", "claude-opus-9-1",
     False),
    ("an account too", "Claude-Opus-4.5", "chat", "claude", "claude-opus-4-5",
     True),
    ("an account too", "CLAUDE-SONNET-9[1m]", "messages", "claude",
     "claude-sonnet-9", False),
    ("an account too", "claude:Claude-Opus-9", "messages", "claude",
     "claude-opus-9", False),
    ("an account too", "local:Claude-X", "messages", "local", "Claude-X",
     False),
    ("an account too", "anthropic/Claude-Opus-9", "messages", "claude",
     "claude-opus-9", False),
    ("an account too", "sonnet-4-5", "messages", "claude", "sonnet-4-5",
     False),
    ("an account too", "haiku-4.5", "messages", "claude", "haiku-4.5", False),
    ("an account too", "my-Claude-mix", "messages", "claude", "my-Claude-mix",
     False),
    ("an account too", "claude:mystery", "messages", "claude", "mystery",
     False),
    ("an account too", "gpt-5", "chat", "openai", "gpt-5", False),
    ("an account too", "llama-3.1", "messages", "local", "llama-3.1", False),
    ("an account too", "llama-3.1", "chat", "local", "llama-3.1", False),
    ("an account too", "qwen", "responses", "local", "qwen", True),
    ("an account too", "qwen2", "messages", None, None, None),
    ("an account too", "local:gpt-5", "chat", "local", "gpt-5", False),
    ("an account too", "openai:opus", "chat", "openai", "opus", False),
    ("an account too", "GPT-5", "chat", "openai", "GPT-5", False),
    ("an account too", "OpenAI/GPT-5", "chat", "openai", "GPT-5", False),
    ("an account too", "Models/Gpt-5", "chat", "openai", "Gpt-5", False),
    ("an account too", "Claude:Opus", "messages", "claude", "claude-opus-9-1",
     False),
    ("an account too", "Anthropic/claude-opus-9", "messages", "claude",
     "claude-opus-9", False),
    ("an account too", "LOCAL/Llama-9", "messages", "local", "Llama-9", False),
    ("an account too", "Claude-At-local:x", "messages", "local", "x", False),
    ("an account too", "claude-at-", "messages", None, None, None),
    ("an account too", "claude-at-nobody", "messages", None, None, None),
    ("an account too", "Nobody/GPT-5", "chat", None, None, None),
    ("rules", "fast", "chat", "groq", "llama-3.3-70b", False),
    ("rules", "fast", "messages", "groq", "llama-3.3-70b", True),
    ("rules", "fast", "responses", "groq", "llama-3.3-70b", True),
    ("rules", "smart", "messages", "claude", "claude-opus-9-1", False),
    ("rules", "smart", "chat", "claude", "claude-opus-9-1", True),
    ("rules", "gpt-4o", "chat", "anth", "claude-3", True),
    ("rules", "gpt-4", "messages", "anth", "claude-3", False),
    ("rules", "gpt-5", "chat", "openai", "gpt-5", False),
    ("rules", "claude-haiku-4", "chat", "openai", "claude-haiku-4", False),
    ("rules", "claude-haiku-4", "messages", "openai", "claude-haiku-4", True),
    ("rules", "claude-opus-9", "messages", "claude", "claude-opus-9", False),
    ("rules", "llama-3", "chat", "groq", "llama-3", False),
    ("rules", "llama-4-scout", "chat", "claude", "llama-4-scout", True),
    ("rules", "groq:fast", "chat", "groq", "fast", False),
    ("rules", "claude:fast", "messages", "claude", "fast", False),
    ("rules", "faster", "messages", None, None, None),
    ("one only", "whatever", "chat", "only", "whatever", False),
    ("one only", "gpt-5", "chat", "only", "gpt-5", False),
    ("one only", "claude-x", "messages", "only", "claude-x", True),
    ("one only", "only:x", "responses", "only", "x", True),
    ("a model for all", "opus", "messages", "claude", "claude-opus-9", False),
    ("a model for all", "mystery", "chat", "claude", "claude-opus-9", True),
    ("a model for all", "claude:haiku", "chat", "claude", "claude-opus-9",
     True),
    ("a model for all", "llama-3", "chat", "groq", "llama-3", False),
    ("accounts only", "gpt-5", "chat", None, None, None),
    ("accounts only", "GPT-5", "chat", None, None, None),
    ("accounts only", "meta/x", "messages", None, None, None),
    ("accounts only", "phi4", "messages", None, None, None),
    ("accounts only", "sophia", "messages", "claude", "sophia", False),
    ("accounts only", "dbrx", "messages", None, None, None),
    ("accounts only", "zephyr-beta", "chat", None, None, None),
    ("accounts only", "tinyllama", "chat", None, None, None),
    ("accounts only", "TinyDolphin", "chat", None, None, None),
    ("accounts only", "HAIKU-LATEST", "messages", "claude", None, False),
    ("accounts only", "foo:8b", "messages", None, None, None),
    ("accounts only", "claude-at-groq:x", "messages", None, None, None),
    ("accounts only", "opus[1m]", "messages", "claude", "claude-opus-9-1",
     False),
    ("accounts only", "opus-latest", "messages", "claude", "claude-opus-9-1",
     False),
    ("accounts only", "claude-sonnet-latest", "messages", "claude",
     "claude-sonnet-9", False),
    ("accounts only", "claude-sonnet-9[1m]", "messages", "claude",
     "claude-sonnet-9", False),
    ("accounts only", "claude-sonnet-9[1M]", "chat", "claude",
     "claude-sonnet-9", True),
    ("accounts only", "claude:opus[1m]", "messages", "claude",
     "claude-opus-9-1", False),
    ("accounts only", "claude/opus", "messages", "claude", "claude-opus-9-1",
     False),
    ("accounts only", "anthropic/claude-sonnet-9", "messages", "claude",
     "claude-sonnet-9", False),
    ("accounts only", "anthropic:claude-sonnet-9[1m]", "chat", "claude",
     "claude-sonnet-9", True),
    ("accounts only", "anthropic/claude-opus-4.5", "messages", "claude",
     "claude-opus-4-5", False),
    ("accounts only", "claude-opus-4-5@20251101", "messages", "claude",
     "claude-opus-4-5-20251101", False),
    ("accounts only", "claude-opus-4-5-20251101", "messages", "claude",
     "claude-opus-4-5-20251101", False),
    ("accounts only", "[1m]", "messages", "claude", "[1m]", False),
    ("accounts only", "haiku", "messages", "claude", None, False),
    ("accounts only", "x", "responses", "claude", "x", True),
    ("three backends", "groq/openai/gpt-oss-20b", "chat", "groq",
     "openai/gpt-oss-20b", False),
    ("three backends", "openai/gpt-5", "chat", "openai", "gpt-5", False),
    ("three backends", "claude-at-groq:gpt-5", "messages", "groq", "gpt-5",
     True),
    ("three backends", "claude-at-openai/o3", "chat", "openai", "o3", False),
    ("three backends", "claude-at-anth:x[1m]", "messages", "anth", "x", False),
    ("three backends", "anthropic/claude-x", "messages", "anth", "claude-x",
     False),
    ("three backends", "anth:claude-x[1m]", "messages", "anth", "claude-x",
     False),
    ("three backends", "groq/", "chat", None, None, None),
    ("three backends", "meta-llama/x", "chat", None, None, None),
    ("one only", "openai/gpt-oss-20b", "chat", "only", "openai/gpt-oss-20b",
     False),
    ("one only", "anthropic/claude-x", "chat", "only", "anthropic/claude-x",
     False),
    ("one only", "models/gemini-2", "chat", "only", "models/gemini-2", False),
    ("one and an account", "qwen2", "chat", "only", "qwen2", False),
    ("one and an account", "openai/gpt-oss-20b", "chat", "only",
     "openai/gpt-oss-20b", False),
    ("one and an account", "anthropic/claude-x", "chat", "claude", "claude-x",
     True),
    ("one and an account", "mystery", "chat", None, None, None),
    ("one and an account", "tinyllama", "chat", "only", "tinyllama", False),
    ("one and an account", "Sonnet", "messages", "claude", None, False),
    ("one with patterns", "qwen2", "chat", None, None, None),
    ("two and an account", "models/gemini-2", "chat", "gem", "gemini-2",
     False),
    ("two and an account", "google/gemini-2", "chat", None, None, None),
    ("two and an account", "openai/gpt-5", "chat", "gem", "gpt-5", False),
    ("two and an account", "O3-mini", "chat", "gem", "O3-mini", False),
    ("two and an account", "glm-5[1m]", "messages", "anth", "glm-5", False),
    ("two and an account", "deepseek-chat", "messages", None, None, None),
    ("dates", "llama3", "chat", "gem", "llama3", False),
    ("dates", "llama3:latest", "chat", "gem", "llama3:latest", False),
    ("dates", "gpt-4o-2024-08-06", "chat", "gem", "gpt-4o-2024-08-06", False),
    ("dates", "gpt-4o-latest", "chat", "gem", "gpt-4o-latest", False),
    ("dates", "claude-sonnet-9-20260202", "chat", "gem",
     "claude-sonnet-9-20260202", False),
    ("dates", "claude-opus-9-20260202", "messages", "anth",
     "claude-opus-9-20260202", False),
    ("dates", "claude-opus-9[1m]", "messages", "anth", "claude-opus-9", False),
    ("dates", "claude-haiku-9", "messages", "anth", "claude-haiku-9", False),
    ("dates", "claude-haiku-9-latest", "messages", "anth",
     "claude-haiku-9-latest", False),
    ("dates", "claude-haiku-9-20260202", "messages", "claude",
     "claude-haiku-9-20260202", False),
    ("dates", "openai/gpt-5", "chat", "my-lab", "openai/gpt-5", False),
    ("dates", "claude-at-my-lab:x", "chat", "my-lab", "x", False),
    ("dates", "long", "messages", "claude", "claude-opus-9-1", False),
    ("dates", "quick[1m]", "messages", "claude", None, False),
    ("a long one for all", "opus", "messages", "claude", "claude-sonnet-9",
     False),
]
# With the long context; all that end in [1m] and go to a model of Claude's too.
LONG = [("an account too", "opus1m"), ("dates", "long"),
        ("a long one for all", "opus"), ("an account too", "Opus1M")]
SHORT = [("three backends", "claude-at-anth:x[1m]"), ("accounts only", "[1m]"),
         ("two and an account", "glm-5[1m]")]


def configure(c):
    for folder in ("backends", "accounts"):
        shutil.rmtree(os.path.join(home, folder), ignore_errors=True)
        os.mkdir(os.path.join(home, folder), 0o700)
    for name, (protocol, models) in c["backends"].items():
        write(f"backends/{name}.json", {
            "name": name, "baseUrl": f"{provider}/b/{name}/v1",
            "protocol": protocol, "models": models})
    for alias in c.get("accounts", []):
        write(f"accounts/{alias}.json", {
            "alias": alias, "apiKey": "sk-ant-api03-" + alias})
    write("routes.json", {"rules": c.get("rules", [])})
    write("config.json", c.get("config", {}))


def explained(model, api):
    p = subprocess.run([dario, "explain", model, f"--api={api}", "--json"],
                       capture_output=True, text=True, check=False)
    return json.loads(p.stdout) if p.returncode == 0 else None


def sent(model, api):
    body = {"model": model, "max_tokens": 9, "messages": LIST}
    if api == "responses":
        body = {"model": model, "input": "hi"}
    try:
        with urllib.request.urlopen(url + PATHS[api],
                                    json.dumps(body).encode()) as f:
            f.read()
            return 200, f.headers
    except urllib.error.HTTPError as e:
        return e.code, e.headers


def last_request():
    with urllib.request.urlopen(provider + "/seen") as f:
        return json.load(f)["requests"][-1]


def differs(row):
    _, model, api, backend, upstream, translated = row
    x = explained(model, api)
    status, head = sent(model, api)
    if backend is None:
        return None if x is None and status == 404 else (x, status)
    if status != 200 or x is None:
        return status, x
    last = last_request()
    own = {"chat": "chat/completions", "messages": "messages",
           "responses": "responses"}[api]
    told = (x["backend"], x["upstreamModel"], x["translated"])
    seen = (head["x-dario-backend"], head["x-dario-model"],
            not last["path"].split("?")[0].endswith(own))
    want = (backend, upstream or told[1], translated)
    if told != want or seen != want or last["model"] != want[1]:
        return told, seen, last["model"], want
    betas = last["headers"].get("anthropic-beta", "")
    long = row[:2] in LONG or (model.lower().endswith("[1m]") and
                               row[:2] not in SHORT)
    if last["path"].split("?")[0].endswith("messages") and \
            ("context-1m-2025-08-07" in betas) != long:
        return model, betas
    ok = [c["target"] for c in x["candidates"] if c["ok"]]
    if not ok or not all(c["why"] for c in x["candidates"]):
        return x["candidates"]
    return None


now = None
for row in ROWS:
    if row[0] != now:
        now = row[0]
        configure(CONFIGS[now])
    why = differs(row)
    name = f"{now}: {row[1]} by {row[2]}"
    print(f"FAIL {name}: {why}" if why else f"PASS {name}", flush=True)
print(f"{len(ROWS)} rows")
