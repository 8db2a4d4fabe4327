# SPDX-License-Identifier: MIT
"""Ten thousand requests from four processes to three accounts of different
sizes: simulate.py URL [URL...]

Conversations of 50 turns, mixed by a fixed seed. Prints "PASS name" or "FAIL
name: why", and a table against round robin over the same accounts.
"""

import http.client
import json
import multiprocessing
import os
import random
import sys
import time
import urllib.parse
import urllib.request

PROVIDER = os.environ["DARIO_ANTHROPIC_BASE_URL"]
REQUESTS, PROCESSES, TURNS = 10000, 4, 50
# requests in five hours and in seven days
SIZES = {"a": (5500, 4000), "b": (3000, 9000), "c": (1500, 9000)}
ROOM = sum(min(s) for s in SIZES.values())


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def provider(path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    with urllib.request.urlopen(PROVIDER + path, data) as f:
        return json.load(f)


def key(alias):
    return "sk-ant-api03-" + alias


def begin():
    now = time.time()
    provider("/set", {"forget": True, "keep": False, "windows": {
        key(k): {"5h": {"limit": h5, "used": 0, "length": 18000,
                        "reset": now + 18000},
                 "7d": {"limit": d7, "used": 0, "length": 604800,
                        "reset": now + 604800}}
        for k, (h5, d7) in SIZES.items()}})


def conversations(process):
    """The turns of one process, mixed: the same every time."""
    rng = random.Random(process)
    count = REQUESTS // PROCESSES // TURNS
    open_ones = [[f"{process}-{i}", 0] for i in range(count)]
    while open_ones:
        c = rng.choice(open_ones)
        yield c[0]
        c[1] += 1
        if c[1] == TURNS:
            open_ones.remove(c)


def client(process, url, results):
    host = urllib.parse.urlsplit(url).netloc
    connection = http.client.HTTPConnection(host, timeout=60)
    out = []
    for name in conversations(process):
        body = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [
            {"role": "user", "content": f"conversation {name}"}]})
        connection.request("POST", "/v1/messages", body)
        r = connection.getresponse()
        r.read()
        out.append((time.time(), name, r.status,
                    r.getheader("x-dario-account"),
                    r.getheader("retry-after")))
    results.put(out)


def run(urls):
    results = multiprocessing.Queue()
    clients = [multiprocessing.Process(
        target=client, args=(i, urls[i % len(urls)], results))
        for i in range(PROCESSES)]
    for c in clients:
        c.start()
    answers = sorted(a for _ in clients for a in results.get())
    for c in clients:
        c.join()
    return answers


def moves(answers):
    last, count = {}, 0
    for _, name, status, account, _ in answers:
        if status != 200:
            continue
        count += last.get(name, account) != account
        last[name] = account
    return count


def round_robin():
    """The same turns, one account after the other, whatever they say."""
    used = dict.fromkeys(SIZES, 0)
    last, lost, moved = {}, 0, 0
    turns = [n for t in zip(*map(conversations, range(PROCESSES))) for n in t]
    for i, name in enumerate(turns):
        account = sorted(SIZES)[i % len(SIZES)]
        if used[account] >= min(SIZES[account]):
            lost += 1
            continue
        used[account] += 1
        moved += last.get(name, account) != account
        last[name] = account
    return lost, moved


def main(urls):
    begin()
    before = provider("/seen")["full"]
    answers = run(urls)
    after = provider("/seen")
    served = sum(a[2] == 200 for a in answers)
    on_full = after["full"] - before
    known = after["known_full"]
    moved = moves(answers)
    first_lost = next((i for i, a in enumerate(answers) if a[2] != 200),
                      len(answers))
    check(f"all {REQUESTS} requests were answered", len(answers) == REQUESTS)
    check("no request fails while any account has room",
          served == ROOM and first_lost >= ROOM - PROCESSES,
          f"{served} of {ROOM} served, the first lost is {first_lost}")
    check("what fails is a 429 that says when",
          all(a[2] == 429 and a[4] for a in answers if a[2] != 200))
    check("at most 1 % land on an account known to be full",
          known <= REQUESTS / 100, known)
    check("conversations move fewer than once in 50 turns",
          moved * 50 < served, moved)
    lost, rr_moved = round_robin()
    print(f"                      {'dario':>8} {'round robin':>12}")
    for what, ours, theirs in (
            ("served", served, REQUESTS - lost),
            ("failed with room left", ROOM - served, ROOM - REQUESTS + lost),
            ("asked a full account", on_full, lost),
            ("moves of conversations", moved, rr_moved)):
        print(f"{what:22}{ours:8} {theirs:12}")


if __name__ == "__main__":
    main(sys.argv[1:])
