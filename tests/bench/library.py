#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a translation costs in the worker and by the library, in instructions.

    library.py BUILDDIR PROGRAM LIBDIR      PROGRAM is built of tests/lib/cost.c

Of the worker that is what it does with a request's body and with the answer as
it comes, without what it writes to the client and asks upstream: the library
leaves that to its host. Both get the same bytes in the same pieces. Prints
"PASS name" or "FAIL name: why".
"""

import os
import statistics
import subprocess
import sys
import tempfile

import budget
import fastcgi

builddir, program, libdir = sys.argv[1:4]
PATH = budget.MESSAGES_PATH
# The worker is counted between the first of these and its end, but for what
# lies between the last one and its: relay-translate.c takes the pieces of a
# stream in `bytes`.
OWN = ["peek_init", "peek_feed", "peek_end", "outgoing_make",
       "outgoing_release", "answering_init", "answering_whole",
       "answering_release", "bytes", "relay_put"]
LANES = {"an event": ("events", 100), "a request and its answer":
         ("answers", 10)}
PAIRS = 3  # of windows, of which the median is taken
RUNS = 4  # at most
TIMES = (1,) + (1, 3) * PAIRS  # the first one warms


def pieces(kind, n):
    """Of each answer of the upstream's."""
    return ([budget.stream(n)] if kind == "events" else
            [budget.answer(budget.CHAT)] * n)


def cost(windows, n):
    """Of what a window of three times the size costs more the median, for what
    happens now and then falls into one of them."""
    return round(statistics.median(
        windows[k + 1] - windows[k] for k in range(1, 2 * PAIRS, 2)) / (2 * n))


def in_worker():
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out",
                f"--dump-before={budget.MARK}"]
        tool += [f"--toggle-collect={name}" for name in OWN]
        with fastcgi.Worker(builddir, tool) as w:
            for kind, n in LANES.values():
                for times in TIMES:
                    for p in pieces(kind, n * times):
                        body = fastcgi.body("up:m", PATH, kind == "events")
                        got = w.ask(PATH, body, p)
                        if b"Status: 200" not in got:
                            w.fail(got[:300])
                    w.get(budget.MARK_PATH)
        counts = budget.windows(place)
    return {lane: cost(counts[i * len(TIMES):], n)
            for i, (lane, (_, n)) in enumerate(LANES.items())}


def run_library(place, kind, n):
    files = {"request": fastcgi.body("m", PATH, kind == "events"),
             "events": budget.event(0), "answers": budget.CHAT}
    for name, text in files.items():
        with open(os.path.join(place, name), "wb") as f:
            f.write(text)
    subprocess.run(["valgrind", "--tool=callgrind",
                    f"--callgrind-out-file={place}/out",
                    "--dump-before=dario_version", program, kind,
                    os.path.join(place, "request"), os.path.join(place, kind)] +
                   [str(n * times) for times in TIMES], check=True,
                   capture_output=True,
                   env=dict(os.environ, LD_LIBRARY_PATH=libdir))
    return cost(budget.windows(place), n)


def by_library():
    costs = {}
    for lane, (kind, n) in LANES.items():
        with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
            costs[lane] = run_library(place, kind, n)
    return costs


def least(a, b):
    return {lane: min(a[lane], b[lane]) for lane in a}


worker, library = in_worker(), by_library()
for _ in range(RUNS - 1):
    if all(library[lane] <= worker[lane] for lane in LANES):
        break
    worker, library = least(worker, in_worker()), least(library, by_library())
for lane in LANES:
    print(f"{lane}: worker {worker[lane]:,}, library {library[lane]:,}")
    print(f"PASS {lane}: it was counted" if library[lane] > 5000 and
          worker[lane] > 5000 else f"FAIL {lane}: it was not counted")
    print(f"PASS {lane}: no more than in the worker" if
          library[lane] <= worker[lane] else
          f"FAIL {lane}: {library[lane] / worker[lane] - 1:.1%} more than in "
          "the worker")
