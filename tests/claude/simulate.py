# SPDX-License-Identifier: MIT
"""Ten thousand requests from four processes: simulate.py PART KIND URL

KIND "claude": four accounts of two kinds and of different plans; one of them
has a window for one family that fills early, one is disabled on the way.
"keys": three keys of an OpenAI-style provider. Conversations come in bursts of
twelve that begin at once, and take turns then, mixed by a fixed seed. The
provider's own log is the judge.

PART "whole": all of it. "full": fewer requests fit than come, until a window is
whole again. "race NAME": a part of it, for the table that "table" prints:
NAME is the router's strategy, or "round robin" or "least in flight": they
choose here and ask the provider themselves. Prints "PASS name" or "FAIL name:
why".
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
PROCESSES, BURST, BURSTS = 4, 12, 4
WHOLE, RACE = 10000, 1500  # requests
DISABLED_AFTER = 0.6  # of the requests
FAR = 10**6
ROWS = os.environ.get("DARIO_SIMULATION", "")  # of the table, as JSON lines
# What is on its way while an account says that it is full depends on the
# machine: beside other tests that is told, but not judged.
ALONE = not os.environ.get("DARIO_SIMULATION_BUSY")

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


def begin(pool, part=1.0, reset=None):
    """Accounts with so much of their room; `reset`: alias, in seconds."""
    now = time.time()
    windows, allowances = {}, {}
    for alias, (credential, room, family) in pool.items():
        room = round(room * part)
        until = now + (reset or {}).get(alias, 18000)
        allowances[credential] = {"limit": room, "used": 0}
        windows[credential] = {
            "5h": {"limit": room, "used": 0, "length": 18000, "reset": until},
            "7d": {"limit": FAR, "used": 0, "length": 604800,
                   "reset": now + 604800}}
        if family < FAR:
            windows[credential]["7d_oi"] = {
                "limit": round(family * part), "used": 0, "length": 604800,
                "reset": now + 604800, "family": "fable"}
    provider("/set", {"forget": True, "keep": False, "disabled": [],
                      "said": {},
                      "windows": windows if pool is CLAUDE else {},
                      "allowances": allowances if pool is KEYS else {}})


def bursts(process, requests):
    """The conversations of each burst, and their turns after the first."""
    rng = random.Random(process)
    left = requests // PROCESSES
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


def send(pool, url, connection, name, credential=None):
    """The answer's status and header."""
    path = "/v1/messages" if pool is CLAUDE else "/v1/chat/completions"
    model, fields = model_of(pool, name), {}
    if credential and pool is CLAUDE:
        key = "x-api-key" if "api" in credential else "authorization"
        fields[key] = (credential if key == "x-api-key"
                       else "Bearer " + credential)
    elif credential:
        path, model = "/b/groq" + path, model.split(":")[1]
        fields["authorization"] = "Bearer " + credential
    body = json.dumps({"model": model, "max_tokens": 9, "messages": [
        {"role": "user", "content": f"conversation {name}"}]})
    connection = connection or http.client.HTTPConnection(
        urllib.parse.urlsplit(url).netloc, timeout=60)
    connection.request("POST", path, body, fields)
    r = connection.getresponse()
    r.read()
    return r


class Router:
    """It chooses: a request's time, conversation, status and account."""

    def __init__(self, pool, url):
        self.pool, self.url = pool, url

    def ask(self, name, connection=None):
        r = send(self.pool, self.url, connection, name)
        return (time.time(), name, r.status, r.getheader("x-dario-account"),
                r.getheader("retry-after"))


class Balancer:
    """Rules that know nothing of limits, of all processes together."""

    def __init__(self, pool, rule):
        self.pool, self.rule, self.url = pool, rule, PROVIDER
        self.next = multiprocessing.Value("i", 0)
        self.busy = multiprocessing.Array("i", len(pool))

    def choose(self):
        with self.next.get_lock():
            self.next.value += 1
            n = self.next.value
            at = n % len(self.pool)
            if self.rule == "least in flight":
                at = min(range(len(self.pool)),
                         key=lambda i: (self.busy[i], (i - n) % len(self.pool)))
            self.busy[at] += 1
        return at

    def ask(self, name, connection=None):
        at = self.choose()
        alias = list(self.pool)[at]
        r = send(self.pool, self.url, connection, name, self.pool[alias][0])
        with self.next.get_lock():
            self.busy[at] -= 1
        return time.time(), name, r.status, alias, None


def client(chooser, process, requests, results):
    host = urllib.parse.urlsplit(chooser.url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    out = []
    for names, turns in bursts(process, requests):
        threads = [threading.Thread(target=lambda n=n: out.append(
            chooser.ask(n))) for n in names]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        out += [chooser.ask(n, connection) for n in turns]
    results.put(out)


def disable(stop, after):
    """In mid-run the organisation of one account is disabled."""
    while not stop.wait(0.05):
        if sum(provider("/used").values()) > after:
            provider("/set", {"disabled": [CLAUDE["spare"][0]]})
            return


def run(chooser, requests, disabled=True):
    """The answers in their order, and what the provider has counted."""
    results, stop = multiprocessing.Queue(), threading.Event()
    before = provider("/seen")
    clients = [multiprocessing.Process(
        target=client, args=(chooser, i, requests, results))
        for i in range(PROCESSES)]
    for c in clients:
        c.start()
    watcher = threading.Thread(target=disable,
                               args=(stop, requests * DISABLED_AFTER))
    if chooser.pool is CLAUDE and disabled:
        watcher.start()
    answers = sorted((a for _ in clients for a in results.get()),
                     key=lambda a: a[:2])
    for c in clients:
        c.join()
    stop.set()
    after = provider("/seen")
    return answers, {k: after[k] - before[k] for k in
                     ("full", "known_full", "known_disabled",
                      "known_late")}


def moves(answers):
    last, count = {}, 0
    for _, name, status, account, _ in answers:
        if status != 200:
            continue
        count += last.get(name, account) != account
        last[name] = account
    return count


def served(answers):
    return sum(a[2] == 200 for a in answers)


def spread(pool, url):
    """Twelve that begin at once over accounts that are alike and idle."""
    alike = ["plan", "small"] if pool is CLAUDE else list(pool)
    router, worst = Router(pool, url), 0
    # None is answered before all have been sent somewhere.
    provider("/set", {"windows": {}, "allowances": {}, "disabled": [],
                      "keep": True, "gather": BURST})
    for n in range(3):
        provider("/set", {"forget": True})
        threads = [threading.Thread(target=router.ask, args=(
            f"spread {n} {i} x",)) for i in range(BURST)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        most = provider("/seen")["most_in_flight"]
        got = [most.get(pool[a][0], 0) for a in alike]
        worst = max([worst] + [abs(g - BURST / len(alike)) for g in got])
    provider("/set", {"gather": 0})
    check("twelve at once are spread within one of even", worst <= 1, worst)


def whole(pool, url):
    spread(pool, url)
    begin(pool)
    answers, counts = run(Router(pool, url), WHOLE)
    n, moved = served(answers), moves(answers)
    check(f"all {WHOLE} requests were answered", len(answers) == WHOLE)
    check("what any account could serve is served", n == WHOLE,
          f"{n}: {[a for a in answers if a[2] != 200][:3]}")
    # On a busy machine many are on their way when an account says it.
    if ALONE:
        check("at most two ask an account that has said that it is full",
              counts["known_full"] <= 2, counts)
        check("at most two ask an account that has said that it is disabled",
              counts["known_disabled"] <= 2, counts)
    else:
        check("at most two ask an account that has said it for a while",
              counts["known_late"] <= 2, counts)
    check("conversations move less than once in 100 turns",
          moved * 100 < WHOLE, moved)
    print(f"{moved} moves, {counts}")


def full(pool, url):
    """More requests than fit, but not while a burst begins; then a window of one
    account is whole again."""
    part, back = 0.025, list(pool)[1]
    room = sum(round(p[1] * part) for p in pool.values())
    seconds = 20 if ALONE else 60  # more than it takes
    begin(pool, part, {back: seconds})
    answers, counts = run(Router(pool, url), 800, False)
    late = [a for a in answers if a[2] != 200]
    check("all are full: what fitted was served", served(answers) == room,
          f"{served(answers)} of {room}")
    check("all are full: the others were told when to come again",
          late and all(a[2] == 429 and a[4] for a in late), late[:3])
    # To the last one go also those on their way: there is no other.
    if ALONE:
        check("all are full: at most two ask each that has said so",
              counts["known_full"] <= 2 * len(pool), counts)
        check("all are full: nobody asks any more",
              counts["known_late"] == 0, counts)
    print(f"{len(late)} were told to come again, {counts}")
    if pool is KEYS:
        return
    router, at = Router(pool, url), time.time()
    while time.time() < at + seconds + 60:
        got = router.ask("the first after that")
        if got[2] == 200:
            break
        time.sleep(0.05)
    check("a window is whole again: it serves", got[2:4] == (200, back), got)


def race(pool, name, url=None):
    begin(pool, RACE / WHOLE)
    chooser = (Balancer(pool, name) if " " in name else Router(pool, url))
    answers, counts = run(chooser, RACE)
    n = served(answers)
    with open(ROWS, "a") as f:
        print(json.dumps([name, n, len(answers) - n, counts["full"],
                          counts["known_full"], moves(answers)]), file=f)
    check(f"{name}: all {RACE} requests were answered", len(answers) == RACE)
    if chooser.url != PROVIDER:
        check(f"{name}: what any account could serve is served", n == RACE,
              f"{n}: {[a for a in answers if a[2] != 200][:3]}")


def table(kind):
    with open(ROWS) as f:
        rows = [json.loads(line) for line in f]
    print(f"{kind}, {RACE} requests".ljust(38) +
          "".join(r[0].rjust(17) for r in rows))
    for i, what in enumerate(("served", "failed with room left",
                              "asked a full account",
                              "asked one that had said so",
                              "moves of conversations"), 1):
        print(what.ljust(38) + "".join(str(r[i]).rjust(17) for r in rows))
    best = {r[0]: r for r in rows}
    check("the router fails least", best["headroom"][2] == min(
        r[2] for r in rows), rows)


def main(part, kind, *args):
    pool = CLAUDE if kind == "claude" else KEYS
    if part == "whole":
        whole(pool, *args)
    elif part == "full":
        full(pool, *args)
    elif part == "race":
        race(pool, *args)
    else:
        table(kind)


if __name__ == "__main__":
    main(*sys.argv[1:])
