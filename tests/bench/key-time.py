#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does a wrong key that is nearly right take longer than any other? The
instructions of the worker in the functions that compare and look up keys, for
wrong keys that differ from a right one at their first byte, in the middle, at
their last byte, and everywhere, or have nearly its hash. Not the same number
for all: exit 1; without valgrind: exit 77.

    key-time.py --builddir=DIR

People's keys are found by their hash in a table: keys are taken whose hash
leads to an empty place of it, and others whose hash leads to somebody.
"""

import argparse
import hashlib
import os
import shutil
import statistics
import string
import sys
import tempfile

import budget
import fastcgi

WHERE = ("guard_request", "guard_key")
ASKED = "/v1/models"
TIMES, SIZE = 5, 5  # windows, of which the median counts; requests in one
STEP = 7
# A few instructions of all windows of a lane may be another's, once. What tells
# keys apart is not the same in any run.
TRIES = 4
OWNER = "owner-" + "k" * 40
ALPHABET = string.ascii_letters + string.digits
PERSON = "sk-dario-" + "Q" * 43
PLACES = 16  # of the table, for so few keys


def place_of(text):
    digest = hashlib.sha256(text.encode()).digest()
    return int.from_bytes(digest[:8], "little") % PLACES


def changed(text, at, somebody):
    """The text with another byte there, whose hash leads where it is to."""
    for c in ALPHABET:
        one = text[:at] + c + text[at + 1:]
        if one != text and (place_of(one) == place_of(PERSON)) == somebody:
            return one
    raise RuntimeError(f"no byte at {at} does")


def other(n, somebody):
    for i in range(10000):
        one = ("%05d" % i + ALPHABET * 2)[:n]
        if (place_of(one) == place_of(PERSON)) == somebody:
            return one
    raise RuntimeError("none does")


def of_nearly_its_hash(right):
    """The hash begins like that of the right one."""
    digest = hashlib.sha256(right.encode()).digest()
    for i in range(10000000):
        one = ("%08d" % i + ALPHABET * 2)[:len(right)]
        if hashlib.sha256(one.encode()).digest()[:2] == digest[:2]:
            return one
    raise RuntimeError("none is")


def wrong_keys(right, somebody):
    n = len(right)
    near = {"its hash": of_nearly_its_hash(right)} if somebody else {}
    return near | {"first byte": changed(right, 9, somebody),
            "in the middle": changed(right, n // 2, somebody),
            "last byte": changed(right, n - 1, somebody),
            "everywhere": other(n, somebody)}


def fields(kind, key):
    fastcgi.ABOUT.pop("HTTP_AUTHORIZATION", None)
    fastcgi.ABOUT.pop("HTTP_X_API_KEY", None)
    if kind == "bearer":
        fastcgi.ABOUT["HTTP_AUTHORIZATION"] = "Bearer " + key
    else:
        fastcgi.ABOUT["HTTP_X_API_KEY"] = key


def run_window(worker, kind, key):
    fields(kind, key)
    for _ in range(SIZE):
        got = worker.get(ASKED)
        if b"Status: 401" not in got:
            worker.fail(f"{kind} {key}: answered {got[:300]}")
    if b"Status: 200" not in worker.get(budget.MARK_PATH):
        worker.fail(f"{budget.MARK_PATH} does not answer")


def measure(builddir, lanes):
    with tempfile.TemporaryDirectory() as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out",
                f"--dump-before={budget.MARK}"]
        tool += [f"--toggle-collect={name}" for name in WHERE]
        with fastcgi.Worker(builddir, tool) as worker:
            digest = hashlib.sha256(PERSON.encode()).hexdigest()
            fastcgi.put(f"{worker.home}/keys/anna.json",
                        {"hash": "sha256:" + digest})
            fastcgi.put(f"{worker.home}/config.json", {"apiKey": OWNER})
            run_window(worker, *lanes[0])  # the start with it
            # What comes before a window has its effect, too: each round begins
            # with another lane.
            order = [(k * STEP + i) % len(lanes) for k in range(TIMES)
                     for i in range(len(lanes))]
            for i in order:
                run_window(worker, *lanes[i])
        counts = budget.windows(place)[1:]
    seen = [[] for _ in lanes]
    for i, count in zip(order, counts):
        seen[i].append(count)
    return [round(statistics.median(own) / SIZE) for own in seen]


def equal(counts, own):
    seen = counts[own.start:own.stop]
    return min(seen) == max(seen) > 500


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--builddir", default=os.path.join(budget.HERE, "..", ".."))
    args = p.parse_args()
    if not shutil.which("valgrind"):
        print("SKIP valgrind is missing")
        return 77
    groups, lanes = {}, []
    for kind in ("bearer", "x-api-key"):
        for what, right, somebody in (("the owner's", OWNER, False),
                                      ("a person's", PERSON, False),
                                      ("a person's, where somebody is", PERSON, True)):
            keys = wrong_keys(right, somebody)
            groups[f"{kind}, like {what}"] = range(len(lanes), len(lanes) + len(keys))
            lanes += [(kind, k) for k in keys.values()]
    counts = measure(os.path.abspath(args.builddir), lanes)
    for _ in range(TRIES):
        if all(equal(counts, own) for own in groups.values()):
            break
        again = measure(os.path.abspath(args.builddir), lanes)
        for own in groups.values():
            if not equal(counts, own):
                counts[own.start:own.stop] = again[own.start:own.stop]
    for name, own in groups.items():
        print(f"{'PASS' if equal(counts, own) else 'FAIL'} {name}: "
              f"{[counts[i] for i in own]} instructions, wherever it is wrong")
    return 0 if all(equal(counts, own) for own in groups.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
