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
import re
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
       "outgoing_release", "translation_init", "translation_body",
       "translation_release", "bytes", "relay_put"]
LANES = {"an event": ("events", 100), "a request and its answer":
         ("answers", 10)}
PAIRS = 3  # of windows, of which the median is taken


def pieces(kind, n):
    """Of each answer of the upstream's."""
    return ([budget.stream(n)] if kind == "events" else
            [budget.answer(budget.CHAT)] * n)


def in_worker():
    """Per lane, of what a window of three times the size costs more: the median,
    for what happens now and then falls into one of them."""
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out",
                f"--dump-before={budget.MARK}"]
        tool += [f"--toggle-collect={name}" for name in OWN]
        with fastcgi.Worker(builddir, tool) as w:
            for kind, n in LANES.values():
                for times in (1,) + (1, 3) * PAIRS:  # warm first
                    for p in pieces(kind, n * times):
                        body = fastcgi.body("up:m", PATH, kind == "events")
                        got = w.ask(PATH, body, p)
                        if b"Status: 200" not in got:
                            w.fail(got[:300])
                    w.get(budget.MARK_PATH)
        counts = budget.windows(place)
    costs = {}
    for lane, (_, n) in LANES.items():
        own, counts = counts[1:2 * PAIRS + 1], counts[2 * PAIRS + 1:]
        costs[lane] = round(statistics.median(
            own[k + 1] - own[k] for k in range(0, 2 * PAIRS, 2)) / (2 * n))
    return costs


def run_library(place, kind, n):
    files = {"request": fastcgi.body("m", PATH, kind == "events"),
             "events": budget.event(0), "answers": budget.CHAT}
    for name, text in files.items():
        with open(os.path.join(place, name), "wb") as f:
            f.write(text)
    out = os.path.join(place, "out")
    subprocess.run(["valgrind", "--tool=callgrind",
                    f"--callgrind-out-file={out}", program, kind, str(n),
                    os.path.join(place, "request"),
                    os.path.join(place, kind)], check=True,
                   capture_output=True,
                   env=dict(os.environ, LD_LIBRARY_PATH=libdir))
    with open(out) as f:
        return int(re.search(r"(?m)^(?:summary|totals): (\d+)", f.read())[1])


def by_library():
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        return {lane: (run_library(place, kind, 3 * n) -
                       run_library(place, kind, n)) // (2 * n)
                for lane, (kind, n) in LANES.items()}


worker, library = in_worker(), by_library()
for lane in LANES:
    print(f"{lane}: worker {worker[lane]:,}, library {library[lane]:,}")
    print(f"PASS {lane}: it was counted" if library[lane] > 5000 and
          worker[lane] > 5000 else f"FAIL {lane}: it was not counted")
    print(f"PASS {lane}: no more than in the worker" if
          library[lane] <= worker[lane] else
          f"FAIL {lane}: {library[lane] / worker[lane] - 1:.1%} more than in "
          "the worker")
