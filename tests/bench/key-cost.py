#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the limits of a person's key cost a request: the instructions of the
worker for a key with three limits, against those for a key with none, in one
run. More than a tenth: exit 1; without valgrind: exit 77.

    key-cost.py --builddir=DIR

Counted as in budget.py. As numbers are compared with numbers of the same run,
compiler, flags and libraries do not matter.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile

import budget
import fastcgi

ALLOWED = 0.10
SIZE, PAIRS = 20, 5  # requests in a window; windows of one size and of twice
KEYS = {
    "no limit": {},
    "three limits": {"spend": "1000/month,100/day", "rate": "100K/min",
                     "tokens": "100M/day"},
}
CASES = {  # path, answer, what comes before it
    "whole": (budget.CHAT_PATH, False),
    "stream": (budget.CHAT_PATH, True),
}


def text_of(name):
    return "sk-dario-" + name.replace(" ", "-") + "x" * 30


def run_window(worker, key, case, times):
    path, streamed = CASES[case]
    fastcgi.ABOUT["HTTP_AUTHORIZATION"] = "Bearer " + text_of(key)
    asked = fastcgi.body("up:m", path, streamed)
    for _ in range(SIZE * times):
        pieces = budget.stream(20) if streamed else budget.answer(budget.CHAT)
        got = worker.ask(path, asked, pieces)
        if b"Status: 200" not in got:
            worker.fail(f"{key}, {case}: answered {got[:300]}")
    if b"Status: 200" not in worker.get(budget.MARK_PATH):
        worker.fail(f"{budget.MARK_PATH} does not answer")


def add_keys(home):
    for name, limits in KEYS.items():
        digest = hashlib.sha256(text_of(name).encode()).hexdigest()
        fastcgi.put(f"{home}/keys/{name.replace(' ', '-')}.json",
                    dict(limits, hash="sha256:" + digest))


def measure(builddir):
    lanes = [(key, case) for case in CASES for key in KEYS]
    with tempfile.TemporaryDirectory() as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out",
                f"--dump-before={budget.MARK}"]
        with fastcgi.Worker(builddir, tool) as worker:
            add_keys(worker.home)
            for lane in lanes:
                run_window(worker, *lane, 1)
            # By turns: what a busy machine adds, all of them get.
            for _ in range(PAIRS):
                for lane in lanes:
                    run_window(worker, *lane, 1)
                    run_window(worker, *lane, 2)
        counts = budget.windows(place)[len(lanes):]
    costs = {}
    for i, lane in enumerate(lanes):
        costs[lane] = statistics.median(
            (counts[k + 1] - counts[k]) / SIZE
            for k in range(2 * i, len(counts), 2 * len(lanes)))
    return costs


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--builddir", default=os.path.join(budget.HERE, "..", ".."))
    args = p.parse_args()
    if not shutil.which("valgrind"):
        print("SKIP valgrind is missing")
        return 77
    costs = measure(os.path.abspath(args.builddir))
    fine = True
    for case in CASES:
        without, limited = (costs[key, case] for key in KEYS)
        more = limited / without - 1
        good = more < ALLOWED
        fine = fine and good
        print(f"{'PASS' if good else 'FAIL'} {case}: three limits cost "
              f"{limited - without:,.0f} of {without:,.0f} instructions, "
              f"{more:+.1%}, {ALLOWED:.0%} at most")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
