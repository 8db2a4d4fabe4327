# SPDX-License-Identifier: MIT
"""Two hundred times kill -9 of workers and web server under load: survive.py
DARIO

Prints "PASS name" or "FAIL name: why".
"""

import glob
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

dario = sys.argv[1]
home = os.environ["DARIO_HOME"]
provider = os.environ["DARIO_ANTHROPIC_BASE_URL"]
ROUNDS, SERVER_EVERY = 200, 20
LIMIT = 100000
STEP = 0.005  # of a window: smaller changes are not stored
random.seed(11)


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, n):
    body = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [
        {"role": "user", "content": f"conversation {n}"}]}).encode()
    try:
        with urllib.request.urlopen(
                f"http://127.0.0.1:{port}/v1/messages", body, timeout=120) as f:
            f.read()
            return f.status
    except (OSError, urllib.error.HTTPError, ValueError):
        return 0


def children(pid):
    out = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True,
                         text=True, check=False).stdout
    return [int(p) for p in out.split()]


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8") as f:
            return f.read().strip()
    except OSError:
        return ""


def until(what, seconds=120):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise SystemExit("it does not come back")
        time.sleep(0.01)


class Router:
    def __init__(self):
        self.port = free_port()
        self.start()

    def start(self):
        self.proxy = subprocess.Popen(
            [dario, "proxy", f"--port={self.port}", "--workers=2"],
            stderr=subprocess.DEVNULL)
        until(lambda: ask(self.port, 0) == 200)

    def kill(self, program):
        """One of that name; false when there is none just now."""
        found = [p for p in children(self.proxy.pid) if name_of(p) == program]
        if found:
            try:
                os.kill(random.choice(found), signal.SIGKILL)
            except ProcessLookupError:
                pass
        return bool(found)

    def kill_worker(self):
        self.kill("dario.fcgi")

    def kill_server(self):
        """The whole router, and start it anew."""
        self.kill("lighttpd")
        self.proxy.kill()
        self.proxy.wait()
        self.start()


def bad_files():
    bad = []
    for path in glob.glob(f"{home}/**/*.json", recursive=True):
        try:
            with open(path, encoding="utf-8") as f:
                json.load(f)
        except FileNotFoundError:
            pass
        except ValueError as e:
            bad.append(f"{path}: {e}")
    return bad


def used():
    """What the provider says of each account, and what is stored."""
    with urllib.request.urlopen(provider + "/windows") as f:
        real = json.load(f)
    stored = {}
    for alias in "abc":
        try:
            with open(f"{home}/state/limits-{alias}.json") as f:
                stored[alias] = json.load(f).get("5h", {}).get("used", 0)
        except FileNotFoundError:
            stored[alias] = 0
    return {a: real["sk-ant-api03-" + a] for a in "abc"}, stored


now = time.time()
urllib.request.urlopen(provider + "/set", json.dumps({
    "keep": False, "windows": {f"sk-ant-api03-{a}": {"5h": {
        "limit": LIMIT // size, "used": 0, "length": 18000,
        "reset": now + 18000}} for a, size in
        (("a", 50), ("b", 40), ("c", 30))}}).encode()).read()
router = Router()
stop = threading.Event()
counts = [0, 0]


def load(offset):
    n = offset
    while not stop.is_set():
        counts[ask(router.port, n % 97) == 200] += 1
        n += 7


threads = [threading.Thread(target=load, args=(i,)) for i in range(3)]
for t in threads:
    t.start()
broken = []
for i in range(ROUNDS):
    time.sleep(random.uniform(0, 0.05))
    if i % SERVER_EVERY == SERVER_EVERY - 1:
        router.kill_server()
    else:
        router.kill_worker()
    broken += bad_files()
stop.set()
for t in threads:
    t.join()
until(lambda: ask(router.port, 1) == 200)
check(f"every file parses, {ROUNDS} times", not broken, broken[:3])
names = json.loads(subprocess.run(
    [dario, "accounts", "list", "--json"], capture_output=True,
    check=True).stdout)
check("no account is lost",
      [a["alias"] for a in names["accounts"]] == ["a", "b", "c"])
real, stored = used()
stale = {a: (real[a], stored[a]) for a in "abc"
         if real[a] - stored[a] > 2 * STEP + 3 / (LIMIT / 50)}
check("limits are at most one update stale", not stale, stale)
check("requests were served meanwhile", counts[1] > ROUNDS, counts)
print(f"{counts[1]} served, {counts[0]} cut or refused")
router.proxy.send_signal(signal.SIGTERM)
router.proxy.wait()
