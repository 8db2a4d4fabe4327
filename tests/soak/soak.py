# SPDX-License-Identifier: MIT
"""Streams and answers of all pairs of dialects while clients leave, upstreams
break off, workers are killed, the router is restarted and its configuration
edited: soak.py DARIO FOLDER

Nothing may be lost, doubled, reordered, or look complete when it was cut.
SOAK_SECONDS (60), SOAK_SEED, SOAK_CLIENTS (24). Prints a table, and "PASS
name" or "FAIL name: why". DARIO_HOME is a new folder.
"""

import itertools
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time

import judge

HERE = os.path.dirname(os.path.abspath(__file__))
DARIO, FOLDER = sys.argv[1:3]
HOME = os.environ["DARIO_HOME"]
SECONDS = float(os.environ.get("SOAK_SECONDS") or 60)
SEED = os.environ.get("SOAK_SEED") or str(random.randrange(1 << 32))
CLIENTS = os.environ.get("SOAK_CLIENTS") or "24"
CALM = os.environ.get("SOAK_CALM")     # any value: upstreams and clients only
KEYS = {"a": "sk-ant-api03-a", "b": "sk-ant-api03-b"}
rng = random.Random(SEED)
done = dict.fromkeys(("workers killed", "routers restarted", "valid edits",
                      "broken edits", "pool changes"), 0)


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)
    return ok


def until(what, seconds, fault):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise SystemExit(fault)
        time.sleep(0.02)


def dario(*args, text=""):
    return subprocess.run([DARIO, *args], input=text, text=True,
                          capture_output=True, check=False).returncode


def children(pid, name):
    out = subprocess.run(["pgrep", "-P", str(pid), name], text=True,
                         capture_output=True, check=False).stdout
    return [int(p) for p in out.split()]


def free_port():
    while True:
        port = random.randrange(10000, 32000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def start(script, *args, **options):
    return subprocess.Popen([sys.executable, os.path.join(HERE, script),
                             *map(str, args)], text=True, **options)


class Router:
    def __init__(self):
        self.port = free_port()
        self.log = open(os.path.join(FOLDER, "log"), "a", encoding="utf-8")
        self.start()

    def listens(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def start(self):
        self.proxy = subprocess.Popen(
            [DARIO, "proxy", f"--port={self.port}", "--workers=2"],
            stderr=self.log, stdout=self.log)
        until(self.listens, 30, "the router does not start")

    def stop(self):
        self.proxy.terminate()
        self.proxy.wait(30)

    def restart(self):
        self.stop()
        self.start()

    def kill_worker(self):
        workers = children(self.proxy.pid, "dario.fcgi")
        if workers:
            os.kill(rng.choice(workers), signal.SIGKILL)


def configure(port):
    base = f"http://127.0.0.1:{port}"
    for name, protocol, path in (("upm", "anthropic", ""),
                                 ("upc", "openai", "/v1"),
                                 ("upr", "responses", "/v1")):
        assert not dario("backend", "add", name, f"--protocol={protocol}",
                         f"--base-url={base}{path}")
    for alias, key in KEYS.items():
        assert not dario("accounts", "add", alias, "--key-stdin", text=key)
    assert not dario("route", "add", "safe", "upc:m", "--fallback=upm:m")
    write(os.path.join(HOME, "accounts", "s.json"), json.dumps({
        "alias": "s", "accessToken": "sk-ant-oat01-0-s", "refreshToken":
        "sk-ant-ort01-0-s", "expiresAt": 1, "scopes": ["user:inference"],
        "deviceId": "d", "accountUuid": "u"}).encode())


def write(path, text):
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(fd, text)
    os.close(fd)


def valid_edit(port):
    name = f"extra{rng.randrange(3)}"
    if rng.random() < 0.5:
        dario("backend", "add", name, f"--base-url=http://127.0.0.1:{port}/v1")
    elif rng.random() < 0.5:
        dario("route", "add", name, rng.choice(("upc", "upm:m")))
        dario("route", "remove", name)
    else:
        dario("backend", "remove", name)
    done["valid edits"] += 1


def broken_edit(_):
    """A file that does not parse, for a while."""
    path = os.path.join(HOME, "backends", "broken.json")
    write(path, rng.choice((b"{", b"", b"[]", b'{"baseUrl":7}')))
    time.sleep(rng.uniform(0, 0.6))
    os.unlink(path)
    done["broken edits"] += 1


def pool_change(_):
    dario("accounts", "remove", "b")
    time.sleep(rng.uniform(0, 0.3))
    dario("accounts", "add", "b", "--key-stdin", text=KEYS["b"])
    done["pool changes"] += 1


def disturb(router, port):
    """One thing that happens to a router."""
    what = rng.choices(("kill", "restart", valid_edit, broken_edit,
                        pool_change), (3, 1, 6, 3, 2))[0]
    if what == "kill":
        router.kill_worker()
        done["workers killed"] += 1
    elif what == "restart":
        router.restart()
        done["routers restarted"] += 1
    else:
        what(port)


def quiet(watch, clients):
    """Until a few more requests have come to their end, which on a machine
    that is slow takes longer: it is not disturbed more than another."""
    want = watch.ended + int(CLIENTS)
    end = time.monotonic() + 30
    while (watch.ended < want and clients.poll() is None and
           time.monotonic() < end):
        time.sleep(0.05)
        watch.look(time.monotonic())


def run(router, port, clients, watch):
    """Until the clients have ended."""
    end = time.monotonic() + SECONDS + 600
    while clients.poll() is None:
        if time.monotonic() > end:
            raise SystemExit("the clients do not come to an end")
        if CALM:
            time.sleep(0.5)
        else:
            disturb(router, port)
            time.sleep(rng.uniform(0.2, 1.2))
            quiet(watch, clients)
        watch.look(time.monotonic())


def verdict(watch, clients):
    for line in watch.table():
        print(line)
    print(", ".join(f"{what} {n}" for what, n in done.items()))
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"the judge took {kib // 1024} MiB")
    for line in watch.cases():
        print(line)
    fine = check("the clients ran to their end", clients.returncode == 0,
                 clients.returncode)
    for fault in judge.FAULTS:
        fine &= check(fault, not watch.faults[fault], watch.faults[fault])
    length = watch.faults[judge.LENGTH]
    # It depends on the moment of the kill: two of few may well be.
    fine &= check(f"{judge.LENGTH}: at most one in 50, and two",
                  length <= 2 + done["workers killed"] // 50, length)
    # While a router starts, clients find nobody: on a machine that is slow
    # most of them. What follows takes some that came through: of few it may
    # be that no account needed a token, and one in eight ends well while so
    # much is disturbed.
    through = {key: row["requests"] - row["refused"]
               for key, row in watch.rows.items()}
    fine &= check("tokens were refreshed",
                  CALM or sum(through.values()) < 1000 or watch.refreshes > 1,
                  (watch.refreshes, through))
    missing = [" ".join(key) for key in itertools.product(
        ("messages", "chat", "responses"), ("messages", "chat", "responses",
                                            "pool", "fallback"),
        ("stream", "whole")) if not watch.rows[key]["clean"] and
        through.get(key, 0) > 90]
    fine &= check("every pair has clean ends", not missing, missing)
    fine &= check("what nothing disturbs mostly ends well",
                  watch.quiet["clean"] * 2 >= watch.quiet["requests"],
                  dict(watch.quiet))
    return fine


def stopped(*_):
    sys.exit("stopped")


def main():
    signal.signal(signal.SIGTERM, stopped)
    print(f"seed {SEED}, {SECONDS:g} s, {CLIENTS} clients", flush=True)
    logs = [os.path.join(FOLDER, name) for name in ("upstream", "clients")]
    for path in logs:
        open(path, "w", encoding="utf-8").close()
    upstream = start("upstream.py", logs[0], stdout=subprocess.PIPE)
    started = [upstream]
    router = None
    try:
        port = int(upstream.stdout.readline())
        os.environ.update(
            DARIO_ANTHROPIC_BASE_URL=f"http://127.0.0.1:{port}",
            DARIO_OAUTH_TOKEN_URL=f"http://127.0.0.1:{port}/v1/oauth/token",
            DARIO_MIN_INTERVAL_MS="0", DARIO_QUEUE_MS="2000",
            DARIO_KEEPALIVE_MS="150", DARIO_BREAKER_OPEN_MS="300")
        configure(port)
        router = Router()
        watch = judge.Judge(*logs)
        clients = start("client.py", logs[1], SEED, router.port, SECONDS,
                        CLIENTS)
        started.append(clients)
        run(router, port, clients, watch)
        # What the upstream still answers is of interest, too.
        router.stop()
        time.sleep(1)
        watch.look(time.monotonic(), final=True)
        return verdict(watch, clients)
    finally:
        if router:
            router.proxy.kill()
        for p in started:
            p.kill()
            p.wait()


sys.exit(0 if main() else 1)
