# SPDX-License-Identifier: MIT
"""A thousand edits of the configuration under fifty requests a second:
reload.py URL PROVIDER PID SANITIZED

With SANITIZED other than "" memory is not judged: freed blocks are kept there.
Prints "PASS name" or "FAIL name: why".
"""

import http.client
import json
import sys
import threading
import time
import urllib.parse

from home import write

url, provider, worker, sanitized = sys.argv[1:5]
EDITS, RATE = 1000, 50
GROWTH_KIB = 4096  # what the allocator may keep
stop = threading.Event()
counts = {"ok": 0, "failed": 0, "stale": 0}
newest = [0]


def rules(n):
    write("routes.json", {"rules": [
        {"match": "m", "target": f"one:model-{n}", "fallbacks": ["two"]},
        {"match": "x*", "target": "two"}]})


def backend(n):
    write("backends/two.json", {
        "name": "two", "baseUrl": f"{provider}/b/two/v1", "models": [f"y{n}"]})


def rss():
    with open(f"/proc/{worker}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f
                    if line.startswith("VmRSS"))


def client():
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    body = json.dumps({"model": "m", "messages": [
        {"role": "user", "content": "hi"}]})
    begin, n = time.monotonic(), 0
    while not stop.is_set():
        before = newest[0]
        try:
            connection.request("POST", "/v1/chat/completions", body)
            r = connection.getresponse()
            r.read()
            model = r.getheader("x-dario-model") or "-0"
            good = r.status == 200
            counts["ok" if good else "failed"] += 1
            counts["stale"] += good and int(model.split("-")[1]) < before
        except OSError:
            counts["failed"] += 1
            connection.close()
        n += 1
        time.sleep(max(0, begin + n / (RATE / 2) - time.monotonic()))


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


rules(0)
backend(0)
clients = [threading.Thread(target=client) for _ in range(2)]
for c in clients:
    c.start()
while counts["ok"] < RATE:
    time.sleep(0.02)
before = rss()
for i in range(1, EDITS + 1):
    if i % 4:
        rules(i)
        newest[0] = i
    else:
        backend(i)
    time.sleep(0.012)
after, until = rss(), time.monotonic() + 90
while counts["ok"] <= 100 and time.monotonic() < until:
    time.sleep(0.05)
stop.set()
for c in clients:
    c.join()
check(f"no failed request in {EDITS} reloads", counts["failed"] == 0
      and counts["ok"] > 100, counts)
check("every edit is in force on the next request", counts["stale"] == 0,
      counts)
if not sanitized:
    check("no leak", after - before < GROWTH_KIB,
          f"{before} to {after} KiB")
print(f"{counts['ok']} requests, {before} to {after} KiB")
