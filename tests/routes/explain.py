# SPDX-License-Identifier: MIT
"""Is what explain says what a request does? Of random configurations, with what
their accounts have met: explain.py URL DARIO SEED

The provider is played here: what is below /NAME/ is backend NAME, or claude.
Prints "PASS name" or "FAIL name: why".
"""

import collections
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from home import home, write

url, dario, seed = sys.argv[1:4]
CONFIGURATIONS, QUESTIONS = 100, 2
rng = random.Random(int(seed))
calls, refusals = [], {}
PATHS = {"chat/completions": "openai", "messages": "anthropic",
         "responses": "responses"}


def whole(api, model):
    """An answer to a request that wants no stream."""
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    if api == "openai":
        return {"id": "c", "object": "chat.completion", "created": 1,
                "model": model, "choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "hi"}}]}
    if api == "anthropic":
        return {"id": "msg_1", "type": "message", "role": "assistant",
                "model": model, "stop_reason": "end_turn", "usage": usage,
                "content": [{"type": "text", "text": "hi"}]}
    return {"id": "resp_1", "object": "response", "status": "completed",
            "model": model, "usage": usage, "output": [{
                "type": "message", "id": "msg_1", "role": "assistant",
                "status": "completed", "content": [{
                    "type": "output_text", "text": "hi", "annotations": []}]}]}


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, status, body, fields=()):
        body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(404, {"error": {"message": "no list here"}})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name, _, path = self.path.split("?")[0][1:].partition("/v1/")
        key = (self.headers["x-api-key"] or
               (self.headers["authorization"] or "").removeprefix("Bearer "))
        api = PATHS[path]
        calls.append({"backend": name, "key": key, "api": api,
                      "model": body["model"]})
        if key in refusals:
            self.answer(*refusals[key])
        else:
            self.answer(200, whole(api, body["model"]))


server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
threading.Thread(target=server.serve_forever, daemon=True).start()
provider = f"http://127.0.0.1:{server.server_port}"

# --- a configuration ---------------------------------------------------------

BACKENDS = ["openai", "groq", "local", "router", "other"]
NAMES = ["gpt-5", "claude-opus-5", "claude-sonnet-4-5", "claude-fable-5",
         "opus", "sonnet", "fast", "m1", "openai/gpt-5", "groq:llama",
         "claude:claude-opus-5", "anthropic/claude-sonnet-5", "router/x/y",
         "claude-opus-5[1m]", "of-nobody", "local/m", "gemini-2.5-pro",
         "GPT-5", "claude-at-groq:m", "openai:gpt-5", "claude/opus"]
GLOBS = ["*", "gpt-*", "claude-*", "fast", "m[12]", "opus*", "openai/*",
         "*sonnet*", "of-nobody"]
WORDS = ["429", "5xx", "4xx", "connect", "timeout", "exhausted", "auth",
         "credit", "model"]
keys = {}  # what is sent: whose it is


def maybe(chance):
    return rng.random() < chance


def limits_of(account):
    if maybe(0.5):
        account["priority"] = rng.randrange(3)
    if maybe(0.1):
        account["paused"] = True
    if maybe(0.2):
        account["reserve"] = rng.choice([5, 50, 100])
    return account


def make_backend(name):
    b = {"baseUrl": f"{provider}/{name}/v1",
         "protocol": rng.choice(["openai", "anthropic", "responses",
                                 "openai,responses", "anthropic,openai"])}
    if maybe(0.3):
        b["models"] = rng.sample(GLOBS, 2)
    kind = rng.choice(["key", "pool", "pool", "none", "command", "lost",
                       "gone"])
    first = f"{name}-first"
    if kind in ("key", "pool"):
        b["apiKey"] = first
    if kind == "command":
        b["keyCommand"] = f"echo {first}"
    if kind == "lost":
        b["keyEnv"] = "NO_SUCH_VARIABLE_HERE"
    if kind == "gone":
        b["keyCommand"] = "/nowhere/print-the-key"
    keys[first] = (name, name if kind == "pool" else None)
    if kind == "pool":
        limits_of(b)
        os.makedirs(f"{home}/backends/{name}", 0o700, exist_ok=True)
        for i in range(rng.randrange(1, 4)):
            alias, key = f"k{i}", f"{name}-{i}"
            keys[key] = (name, alias)
            write(f"backends/{name}/{alias}.json",
                  limits_of({"alias": alias, "apiKey": key}))
    write(f"backends/{name}.json", b)


def make_account(alias):
    key, hour = f"sk-ant-{alias}", 3600000
    keys[key] = ("claude", alias)
    if maybe(0.4):
        return limits_of({"alias": alias, "apiKey": key})
    left = rng.choice([10 * hour, 10 * hour, 10 * hour, -hour])
    return limits_of({"alias": alias, "accessToken": key,
                      "expiresAt": int(time.time() * 1000) + left})


def target(names):
    name = rng.choice(names)
    if maybe(0.4):
        return name
    return f"{name}:{rng.choice(['m', 'gpt-5', 'claude-opus-5', 'opus'])}"


def make_rules(names):
    rules = []
    for glob in sorted(rng.sample(GLOBS, rng.randrange(4)), key="*".__eq__):
        chain = list(dict.fromkeys(target(names) for _ in range(3)))
        rule = {"match": glob, "target": chain[0]}
        if maybe(0.8):
            rule["fallbacks"] = chain[1:]
        if maybe(0.4):
            rule["on"] = rng.sample(WORDS, rng.randrange(1, 5))
        rules.append(rule)
    write("routes.json", {"rules": rules})


def configure():
    for name in ("backends", "accounts", "state", "routes.json"):
        path = f"{home}/{name}"
        if os.path.isdir(path):
            os.rename(path, f"{home}/../gone")  # the router may write there
            shutil.rmtree(f"{home}/../gone", ignore_errors=True)
        elif os.path.exists(path):
            os.unlink(path)
    os.makedirs(f"{home}/backends", 0o700)
    os.makedirs(f"{home}/accounts", 0o700)
    keys.clear()
    names = rng.sample(BACKENDS, rng.randrange(1, 5))
    for name in names:
        make_backend(name)
    for i in range(rng.randrange(4)):
        write(f"accounts/a{i}.json", make_account(f"a{i}"))
    settings = {"anthropicBaseUrl": f"{provider}/claude",
                "queueMs": 0, "minIntervalMs": 0, "breakerFailures": 2,
                "strategy": rng.choice(["headroom", "fill-first",
                                        "soonest-reset"])}
    if maybe(0.1):
        settings["model"] = rng.choice(["claude-haiku-4-5", "sonnet"])
    settings["passthrough"] = maybe(0.1)
    write("config.json", settings)
    make_rules(names + ["claude"])


# --- what its accounts have met ----------------------------------------------

def full(name, used="1.0", status="rejected"):
    u = "anthropic-ratelimit-unified-"
    return [(f"{u}status", status), (f"{u}{name}-status", status),
            (f"{u}{name}-utilization", used),
            (f"{u}{name}-reset", str(int(time.time()) + 7200))]


def refusal():
    return rng.choice([
        lambda: (401, {"type": "error", "error": {
            "type": "authentication_error", "message": "invalid x-api-key"}}),
        lambda: (402, {"error": {"message": "Insufficient Balance",
                                 "code": "x"}}),
        lambda: (403, {"error": {"message": "forbidden"}}),
        lambda: (404, {"error": {"message": "model not found",
                                 "code": "model_not_found"}}),
        lambda: (429, {"error": {"message": "slow"}}, [("retry-after", "90")]),
        lambda: (429, {"error": {"message": "x"}}, full("7d_new")),
        lambda: (429, {"error": {"message": "x"}}, full("5h")),
        lambda: (200, {}, full("7d", "0.97", "allowed_warning")),
        lambda: (429, {"error": {"message": "x"}},
                 [("x-ratelimit-limit-requests", "10"),
                  ("x-ratelimit-remaining-requests", "0"),
                  ("x-ratelimit-reset-requests", "1h2m3.5s")]),
        lambda: (529, {"error": {"message": "overloaded"}}),
        lambda: (500, {"error": {"message": "it broke"}}),
    ])()


def body(api, model, text):
    o = {"model": model}
    if api == "responses":
        return o | {"input": text}
    return o | {"max_tokens": 9, "messages": [{"role": "user",
                                              "content": text}]}


POSTS = {"chat": "chat/completions", "messages": "messages",
         "responses": "responses"}
count = 0


def ask(api, model):
    """A conversation of its own: the status."""
    global count
    count += 1
    r = urllib.request.Request(
        f"{url}/v1/{POSTS[api]}",
        json.dumps(body(api, model, f"conversation {count}")).encode(),
        {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(r) as answer:
            return answer.status
    except urllib.error.HTTPError as e:
        e.read()
        return e.code


def live_through():
    for key in keys:
        if maybe(0.3):
            refusals[key] = refusal()
    for _ in range(rng.randrange(4)):
        ask(rng.choice(list(POSTS)), rng.choice(NAMES))
    refusals.clear()


# --- the question ------------------------------------------------------------

def explained(api, model):
    """Where it would go, or None: nobody would be asked."""
    out = subprocess.run([dario, "explain", model, f"--api={api}", "--json"],
                         capture_output=True, text=True, check=False)
    if out.returncode:
        return None, out.stderr
    j = json.loads(out.stdout)
    chosen = [c["target"] for c in j["candidates"] if c["chosen"]]
    return j, chosen


def judge(api, model):
    said, more = explained(api, model)
    calls.clear()
    status = ask(api, model)
    went = calls[0] if calls else None
    if not went:
        if said and said["serves"]:
            return f"somebody, said explain, and it was a {status}: {said}"
        return ""
    if not said or not said["serves"]:
        return f"nobody, said explain, and it went to {went}: {said or more}"
    owner = keys.get(went["key"], ("", None))
    got = (went["backend"], owner[1], went["api"], went["model"])
    wanted = (said["backend"], said["account"], said["protocol"],
              said["upstreamModel"])
    return "" if got == wanted else f"it went to {got}, explain said {wanted}"


wrong, seen = [], collections.Counter()
for n in range(CONFIGURATIONS):
    configure()
    live_through()
    for _ in range(QUESTIONS):
        api, model = rng.choice(list(POSTS)), rng.choice(NAMES)
        why = judge(api, model)
        seen[calls[0]["backend"] if calls else "nobody"] += 1
        if why:
            wrong.append(f"{n} {api} {model}: {why}")
print("\n".join([str(dict(seen))] + wrong[:5]))
print("PASS explain is the live decision" if not wrong else
      f"FAIL explain is the live decision: {len(wrong)} times not, seed {seed}")
print("PASS all kinds of answers came" if len(seen) > 5 else
      f"FAIL all kinds of answers came: {seen}")
