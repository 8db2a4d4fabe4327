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
    ("an account too", "mystery", "messages", "claude", "mystery", False),
    ("an account too", "mystery", "chat", "claude", "mystery", True),
    ("an account too", "gpt-5", "chat", "openai", "gpt-5", False),
    ("an account too", "llama-3.1", "messages", "local", "llama-3.1", False),
    ("an account too", "llama-3.1", "chat", "local", "llama-3.1", False),
    ("an account too", "qwen", "responses", "local", "qwen", True),
    ("an account too", "qwen2", "messages", "claude", "qwen2", False),
    ("an account too", "local:gpt-5", "chat", "local", "gpt-5", False),
    ("an account too", "openai:opus", "chat", "openai", "opus", False),
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
    ("rules", "faster", "messages", "claude", "faster", False),
    ("one only", "whatever", "chat", "only", "whatever", False),
    ("one only", "gpt-5", "chat", "only", "gpt-5", False),
    ("one only", "claude-x", "messages", "only", "claude-x", True),
    ("one only", "only:x", "responses", "only", "x", True),
    ("a model for all", "opus", "messages", "claude", "claude-opus-9", False),
    ("a model for all", "mystery", "chat", "claude", "claude-opus-9", True),
    ("a model for all", "claude:haiku", "chat", "claude", "claude-opus-9",
     True),
    ("a model for all", "llama-3", "chat", "groq", "llama-3", False),
    ("accounts only", "gpt-5", "chat", "claude", "gpt-5", True),
    ("accounts only", "haiku", "messages", "claude", None, False),
    ("accounts only", "x", "responses", "claude", "x", True),
]


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
