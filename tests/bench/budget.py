#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts the instructions of the worker, for a request and for an event of a
stream, and of choosing an account, and holds them against budget.txt.

    budget.py --builddir=DIR               more than 5 % above it: exit 1
    budget.py --builddir=DIR --update      writes it anew, prints old and new
    budget.py --builddir=DIR --spread=5    so many runs: how far are they apart

Counted by callgrind in windows of one run: the median of what one of twice the
size costs more, so that neither the start nor what happens now and then counts.
Files lie at a path of one length, for each of its bytes is copied and hashed;
what is over the budget is counted again, for what else varies adds to it.
Compiler, flags and libraries have a say in it: with others than those of
budget.txt nothing is compared (exit 77), and so without valgrind.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

import fastcgi

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "budget.txt")
ALLOWED = 0.05
RUNS = 3  # at most
HEAD = (b"HTTP/1.1 200 OK\r\nDate: Thu, 26 Nov 2026 01:00:00 GMT\r\n"
        b"Content-Type: %s\r\n%sConnection: keep-alive\r\n")
LIMITS = (b"anthropic-ratelimit-unified-status: allowed\r\n"
          b"anthropic-ratelimit-unified-5h-utilization: 0.25\r\n"
          b"anthropic-ratelimit-unified-5h-reset: 4102444800\r\n")
WORDS = "a few words of an answer " * 40
CHAT = ('{"id":"chatcmpl-1","object":"chat.completion","created":1,'
        '"model":"m","choices":[{"index":0,"finish_reason":"stop","message":'
        '{"role":"assistant","content":"%s"}}],"usage":{"prompt_tokens":9,'
        '"completion_tokens":60,"total_tokens":69}}' % WORDS).encode()
MESSAGE = ('{"id":"msg_1","type":"message","role":"assistant","model":"m",'
           '"content":[{"type":"text","text":"%s"}],"stop_reason":"end_turn",'
           '"stop_sequence":null,"usage":{"input_tokens":9,'
           '"output_tokens":60}}' % WORDS).encode()


def answer(text, fields=b""):
    fields += b"Content-Length: %d\r\n" % len(text)
    return [(HEAD % (b"application/json", fields) + b"\r\n" + text, b"")]


def data(text):
    return b"data: " + text + b"\n\n"


def chunk(text):
    return b"%x\r\n%s\r\n" % (len(text), text)


def mark_of(i):
    return b"<%06d>" % i


def event(i):
    """With a mark of its own, which comes through in every API."""
    return data(
        b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
        b'"model":"m","choices":[{"index":0,"delta":{"content":"' +
        mark_of(i) + b' a few words "},"finish_reason":null}]}')


def stream(events):
    pieces = [(chunk(event(i)), mark_of(i)) for i in range(events)]
    pieces[0] = (HEAD % (b"text/event-stream",
                         b"Transfer-Encoding: chunked\r\n") + b"\r\n" +
                 pieces[0][0], pieces[0][1])
    pieces.append((chunk(data(
        b'{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,'
        b'"model":"m","choices":[{"index":0,"delta":{},'
        b'"finish_reason":"stop"}]}')) + chunk(data(b"[DONE]")) +
        b"0\r\n\r\n", b""))
    return pieces


CHAT_PATH, MESSAGES_PATH = "/v1/chat/completions", "/v1/messages"
POOL = 3  # accounts
# name: path, model, stream; requests, or events of one stream, in a window
LANES = {
    "request passed": (CHAT_PATH, "up:m", False, 20),
    "request translated": (MESSAGES_PATH, "up:m", False, 20),
    "request of a pool": (MESSAGES_PATH, "claude-sonnet-4-5", False, 20),
    "event passed": (CHAT_PATH, "up:m", True, 100),
    "event translated": (MESSAGES_PATH, "up:m", True, 100),
}
# Choosing an account and noting its answer, by pool-cost: so many accounts. The
# number of them is not to matter: at most so much more.
POOLS = {"choice among few accounts": 3, "choice among many accounts": 200}
POOL_REQUESTS = 500
POOL_RATIO = 1.3
PAIRS = 5  # of a window and one of twice the size, of each lane
# Callgrind puts out what was counted when this function is entered: a request
# for /health, which ends a window.
MARK, MARK_PATH = "serve_health", "/health"


def run_window(worker, lane, times):
    path, model, streamed, size = LANES[lane]
    asked = fastcgi.body(model, path, streamed)
    if streamed:
        pieces = [stream(size * times)]
    else:
        text, fields = (MESSAGE, LIMITS) if model != "up:m" else (CHAT, b"")
        pieces = [answer(text, fields)] * (size * times)
    for p in pieces:
        got = worker.ask(path, asked, p)
        if b"Status: 200" not in got:
            worker.fail(f"{lane}: answered {got[:300]}")
    if b"Status: 200" not in worker.get(MARK_PATH):
        worker.fail(f"{MARK_PATH} does not answer")


def windows(place):
    """The instructions of each, in their order."""
    counts = {}
    for name in os.listdir(place):
        if name.startswith("out."):
            with open(os.path.join(place, name)) as f:
                text = f.read()
            part = int(re.search(r"(?m)^part: (\d+)", text)[1])
            counts[part] = int(
                re.search(r"(?m)^(?:summary|totals): (\d+)", text)[1])
    return [counts[part] for part in sorted(counts)]


def count_pool(builddir, place, requests, accounts):
    out = os.path.join(place, "pool")
    shutil.rmtree(os.path.join(place, "home"), ignore_errors=True)
    subprocess.run(
        ["valgrind", "--tool=callgrind", "--trace-children=yes",
         f"--callgrind-out-file={out}.%p",
         os.path.join(builddir, "tests", "bench", "pool-cost"),
         os.path.join(place, "home"), "1", str(requests), str(accounts)],
        check=True, capture_output=True)
    counts = []
    for name in os.listdir(place):
        if name.startswith("pool."):
            with open(os.path.join(place, name)) as f:
                counts.append(int(re.search(
                    r"(?m)^(?:summary|totals): (\d+)", f.read())[1]))
            os.unlink(os.path.join(place, name))
    return max(counts)  # of the process that chooses


def measure_pools(builddir):
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        return {lane: round((
            count_pool(builddir, place, 2 * POOL_REQUESTS, accounts) -
            count_pool(builddir, place, POOL_REQUESTS, accounts)) /
            POOL_REQUESTS) for lane, accounts in POOLS.items()}


def measure(builddir):
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out", f"--dump-before={MARK}"]
        with fastcgi.Worker(builddir, tool, POOL) as worker:
            for lane in LANES:  # warm, and the start with it: one window each
                run_window(worker, lane, 1)
            for lane in LANES:
                for _ in range(PAIRS):
                    run_window(worker, lane, 1)
                    run_window(worker, lane, 2)
        counts = windows(place)[len(LANES):]
    costs = {}
    for i, lane in enumerate(LANES):
        own = counts[2 * PAIRS * i:2 * PAIRS * (i + 1)]
        # What happens now and then falls into one pair: the median is not it.
        costs[lane] = round(statistics.median(
            (own[2 * k + 1] - own[2 * k]) / LANES[lane][3]
            for k in range(PAIRS)))
    costs.update(measure_pools(builddir))
    return costs


def built(builddir):
    """What the numbers hold for, in one line."""
    def of(*argv):
        return subprocess.run(argv, capture_output=True, text=True,
                              check=True).stdout.strip()

    with open(os.path.join(builddir, "Makefile")) as f:
        values = dict(re.findall(r"(?m)^(CC|CFLAGS|WARN_CFLAGS) = (.*)$",
                                 f.read()))
    flags = values["CFLAGS"].split()
    flags += re.findall(r"-fsanitize\S+", values["WARN_CFLAGS"])
    libraries = [f"{name} {of('pkg-config', '--modversion', name)}"
                 for name in ("libcurl", "json-c")]
    compiler = of(*values["CC"].split(), "--version").splitlines()[0]
    return ", ".join([compiler, " ".join(f for f in flags if f != "-g")] +
                     libraries)


def load():
    """The build and the budget of each lane; and the comment above them."""
    head, build, budget = [], None, {}
    if os.path.exists(FILE):
        with open(FILE) as f:
            for line in f:
                name, _, value = line.rpartition(":")
                if line.startswith("#"):
                    head.append(line)
                elif line.startswith("build:"):
                    build = line.partition(":")[2].strip()
                elif name:
                    budget[name] = int(value.replace(",", ""))
    return head, build, budget


def compare(costs, budget):
    """True when nothing is too dear."""
    fine = True
    for lane, cost in costs.items():
        was = budget.get(lane)
        more = cost / was - 1 if was else 0
        good = was is not None and more <= ALLOWED
        fine = fine and good
        print(f"{'PASS' if good else 'FAIL'} {lane}: {cost:,} instructions, "
              f"{more:+.1%} of {was or 0:,}" +
              ("" if good else ": find out why, or make budget-update"))
        if more < -ALLOWED:
            print(f"{lane} has become cheaper: make budget-update keeps it so")
    few, many = (costs[lane] for lane in POOLS)
    good = many <= POOL_RATIO * few
    print(f"{'PASS' if good else 'FAIL'} choice among many accounts: "
          f"{many / few:.2f} of that among few, {POOL_RATIO} at most")
    return fine and good


def least(builddir, budget):
    """Of several runs, while one is over it."""
    costs = measure(builddir)
    for _ in range(RUNS - 1):
        if all(cost <= budget.get(lane, 0) * (1 + ALLOWED)
               for lane, cost in costs.items()):
            break
        costs = {lane: min(cost, costs[lane])
                 for lane, cost in measure(builddir).items()}
    return costs


def update(builddir, costs):
    head, _, budget = load()
    with open(FILE, "w") as f:
        f.writelines(head)
        f.write(f"build: {built(builddir)}\n")
        f.writelines(f"{lane}: {cost:,}\n" for lane, cost in costs.items())
    print("| instructions | before | after | |\n|---|---:|---:|---:|")
    for lane, cost in costs.items():
        was = budget.get(lane)
        print(f"| {lane} | {was or 0:,} | {cost:,} | "
              f"{f'{cost / was - 1:+.1%}' if was else 'new'} |")


def spread(builddir, runs):
    seen = [measure(builddir) for _ in range(runs)]
    for lane in seen[0]:
        values = sorted(s[lane] for s in seen)
        print(f"{lane}: {values[0]:,} to {values[-1]:,}, "
              f"{values[-1] / values[0] - 1:.2%}")


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--builddir", default=os.path.join(HERE, "..", ".."))
    p.add_argument("--update", action="store_true")
    p.add_argument("--spread", type=int, metavar="RUNS")
    args = p.parse_args()
    builddir = os.path.abspath(args.builddir)
    if not shutil.which("valgrind"):
        print("SKIP valgrind is missing")
        return 77
    if args.spread:
        spread(builddir, args.spread)
        return 0
    _, build, budget = load()
    if not args.update and build != built(builddir):
        print(f"SKIP the budget is that of: {build}; this is: "
              f"{built(builddir)}")
        return 77
    if args.update:
        update(builddir, measure(builddir))
        return 0
    return 0 if compare(least(builddir, budget), budget) else 1


if __name__ == "__main__":
    sys.exit(main())
