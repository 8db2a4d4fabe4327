# SPDX-License-Identifier: MIT
"""Ten thousand requests from four processes: simulate.py claude|keys URL

Conversations come in bursts of twelve that begin at once, and take turns then,
mixed by a fixed seed. "claude": four accounts of two kinds and of different
plans; one of them has a window for one family that fills early, one is disabled
on the way. "keys": three keys of an OpenAI-style provider. The provider's own
log is the judge. Prints "PASS name" or "FAIL name: why", and a table against
what others do with the same turns.
"""

import http.client
import json
import multiprocessing
import os
import random
import sys
import threading
import time
import urllib.parse
import urllib.request

PROVIDER = os.environ["DARIO_ANTHROPIC_BASE_URL"]
REQUESTS, PROCESSES, BURST, BURSTS = 10000, 4, 12, 4
DISABLED_AFTER = 0.6  # of the requests
FAR = 10**6

# alias: credential, requests that fit, requests of the family that fit
CLAUDE = {
    "plan": ("sk-ant-oat01-plan", 3000, 300),
    "small": ("sk-ant-oat01-small", 1500, FAR),
    "paid": ("sk-ant-api03-paid", 8000, FAR),
    "spare": ("sk-ant-api03-spare", 8000, FAR),
}
KEYS = {
    "one": ("gsk-one", 5000, FAR),
    "two": ("gsk-two", 4000, FAR),
    "three": ("gsk-three", 3000, FAR),
}


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def provider(path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(PROVIDER + path, data) as f:
        return json.load(f)


def begin(pool):
    now = time.time()
    windows, allowances = {}, {}
    for credential, room, family in pool.values():
        allowances[credential] = {"limit": room, "used": 0}
        windows[credential] = {
            "5h": {"limit": room, "used": 0, "length": 18000,
                   "reset": now + 18000},
            "7d": {"limit": FAR, "used": 0, "length": 604800,
                   "reset": now + 604800}}
        if family < FAR:
            windows[credential]["7d_oi"] = {
                "limit": family, "used": 0, "length": 604800,
                "reset": now + 604800, "family": "fable"}
    provider("/set", {"forget": True, "keep": False, "disabled": [],
                      "windows": windows if pool is CLAUDE else {},
                      "allowances": allowances if pool is KEYS else {}})


def bursts(process):
    """The conversations of each burst, and their turns after the first."""
    rng = random.Random(process)
    left = REQUESTS // PROCESSES
    for b in range(BURSTS):
        names = [f"{process}-{b}-{i}" for i in range(BURST)]
        share = left // (BURSTS - b)
        left -= share
        turns = [names[i % BURST] for i in range(share - BURST)]
        rng.shuffle(turns)
        yield names, turns


def model_of(pool, name):
    if pool is KEYS:
        return "groq:llama"
    return "claude-fable-5" if name.endswith(("-0", "-6")) else "claude-opus-5"


def ask(pool, url, connection, name):
    path = "/v1/messages" if pool is CLAUDE else "/v1/chat/completions"
    body = json.dumps({"model": model_of(pool, name), "max_tokens": 9,
                       "messages": [{"role": "user",
                                     "content": f"conversation {name}"}]})
    connection = connection or http.client.HTTPConnection(
        urllib.parse.urlsplit(url).netloc, timeout=60)
    connection.request("POST", path, body)
    r = connection.getresponse()
    r.read()
    return (time.time(), name, r.status, r.getheader("x-dario-account"))


def client(pool, process, url, results):
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    out = []
    for names, turns in bursts(process):
        threads = [threading.Thread(target=lambda n=n: out.append(
            ask(pool, url, None, n))) for n in names]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        out += [ask(pool, url, connection, n) for n in turns]
    results.put(out)


def disable(stop):
    """In mid-run the organisation of one account is disabled."""
    pool = CLAUDE
    while not stop.wait(0.05):
        used = provider("/used")
        if sum(used.values()) > REQUESTS * DISABLED_AFTER:
            provider("/set", {"disabled": [pool["spare"][0]]})
            return


def run(pool, urls):
    results, stop = multiprocessing.Queue(), threading.Event()
    clients = [multiprocessing.Process(
        target=client, args=(pool, i, urls[i % len(urls)], results))
        for i in range(PROCESSES)]
    for c in clients:
        c.start()
    watcher = threading.Thread(target=disable, args=(stop,))
    if pool is CLAUDE:
        watcher.start()
    answers = sorted(a for _ in clients for a in results.get())
    for c in clients:
        c.join()
    stop.set()
    return answers


def moves(answers):
    last, count = {}, 0
    for _, name, status, account in answers:
        if status != 200:
            continue
        count += last.get(name, account) != account
        last[name] = account
    return count


class Others:
    """The same turns by rules that know nothing of limits."""

    def __init__(self, pool, choose):
        self.pool, self.choose = pool, choose
        self.used = dict.fromkeys(pool, 0)
        self.family = dict.fromkeys(pool, 0)
        self.refused = set()
        self.last, self.lost, self.moved, self.n = {}, 0, 0, 0

    def turn(self, name, in_flight):
        alias = self.choose(self, in_flight)
        self.n += 1
        _, room, family = self.pool[alias]
        fable = "fable" in model_of(self.pool, name)
        gone = alias == "spare" and self.n > REQUESTS * DISABLED_AFTER
        in_flight[alias] = in_flight.get(alias, 0) + 1
        if gone or self.used[alias] >= room or (
                fable and self.family[alias] >= family):
            self.lost += 1
            self.refused.add(alias)
            return
        self.used[alias] += 1
        self.family[alias] += fable
        self.moved += self.last.get(name, alias) != alias
        self.last[name] = alias

    def run(self):
        plans = [list(bursts(p)) for p in range(PROCESSES)]
        for b in range(BURSTS):
            for p in range(PROCESSES):
                in_flight = {}
                for name in plans[p][b][0]:
                    self.turn(name, in_flight)
            rest = [plans[p][b][1] for p in range(PROCESSES)]
            for at in range(max(map(len, rest))):
                in_flight = {}
                for turns in rest:
                    if at < len(turns):
                        self.turn(turns[at], in_flight)
        return REQUESTS - self.lost, self.lost, self.lost, self.moved


def round_robin(o, _):
    return sorted(o.pool)[o.n % len(o.pool)]


def least_in_flight(o, in_flight):
    return min(o.pool, key=lambda a: (in_flight.get(a, 0), o.n * 7919 % 13))


def fill_first(o, _):
    return next((a for a in o.pool if a not in o.refused), list(o.pool)[-1])


def spread(pool, url):
    """Twelve that begin at once over accounts that are alike and idle."""
    alike = ["plan", "small"] if pool is CLAUDE else list(pool)
    worst = 0
    provider("/set", {"delay": 0.5})
    for n in range(3):
        provider("/set", {"forget": True})
        threads = [threading.Thread(target=ask, args=(
            pool, url, None, f"spread {n} {i} x")) for i in range(BURST)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        most = provider("/seen")["most_in_flight"]
        got = [most.get(pool[a][0], 0) for a in alike]
        worst = max([worst] + [abs(g - BURST / len(alike)) for g in got])
    provider("/set", {"delay": 0})
    check("twelve at once are spread within one of even", worst <= 1, worst)


def main(kind, urls):
    pool = CLAUDE if kind == "claude" else KEYS
    provider("/set", {"windows": {}, "allowances": {}, "disabled": []})
    spread(pool, urls[0])
    begin(pool)
    before = provider("/seen")
    answers = run(pool, urls)
    after = provider("/seen")
    served = sum(a[2] == 200 for a in answers)
    known = after["known_full"] - before["known_full"]
    moved = moves(answers)
    check(f"all {REQUESTS} requests were answered", len(answers) == REQUESTS)
    check("what any account could serve is served", served == REQUESTS,
          f"{served} of {REQUESTS}: {[a for a in answers if a[2] != 200][:3]}")
    check("at most two ask an account that is known to be full", known <= 2,
          known)
    check("conversations move less than once in 100 turns",
          moved * 100 < REQUESTS, moved)
    rows = [(served, REQUESTS - served, after["full"] - before["full"], moved)]
    rows += [Others(pool, f).run()
             for f in (round_robin, least_in_flight, fill_first)]
    print(f"{'':22}{'dario':>8}{'round robin':>13}{'least in flight':>17}"
          f"{'fill first':>12}")
    for i, what in enumerate(("served", "failed with room left",
                              "asked a full account",
                              "moves of conversations")):
        print(f"{what:22}{rows[0][i]:8}{rows[1][i]:13}{rows[2][i]:17}"
              f"{rows[3][i]:12}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
