#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures the router against the least that a FastCGI responder can do
(floor.c), against plain reverse proxies and a direct connection.

All targets forward to the same upstream (upstream.c) and are asked by the same
clients (load.c), in turn, turn after turn, in one run, so that a noisy machine
hits all of them alike; figures are medians of the turns, and what counts are the
ratios. Uses loopback only and ends by itself.

    make bench [ROUNDS=5] [LANES="plain stream"] [COMPARE=OLD.fcgi] \
        [WRITE=doc/performance.md]

Lanes: floor paced plain size translated stream tls pool store many tools choose
idle.
A quick look: make bench ROUNDS=1 LANES="plain stream translated".
"""

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from report import Report
from servers import CURL, HERE, PASSED, PLAIN, Servers, body

# The floor's CPU beside lighttpd's for a static file, which needs no second
# connection: to send to the upstream over TCP costs as much as all else, and to
# be woken by it once more. Measured: 2.6 to 2.9.
FLOOR_CAP = 3
CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
ROUTER = ["dario", "dario_nginx"]


class Bench:
    def __init__(self, args):
        self.args = args
        self.servers = Servers(args.builddir, args.compare)
        self.report = Report(self)
        self.results = {}  # lane: {target: {measure: median}}
        self.mine = ROUTER + (["old", "old_nginx"] if args.compare else [])

    # --- one turn -------------------------------------------------------

    def load(self, target, kind, *flags, path=CHAT, data=None, https=False,
             ms=None, cpu_of=None):
        """`data` None: a request of 1 KB for the answer `kind`."""
        events = kind.startswith("stream-")
        data = data or body(f"{kind}:m", events, messages=path == MESSAGES)
        flags = [str(f) for f in flags]
        if events:
            flags += ["-e", kind.split("-")[1]]
        if target in PLAIN + CURL:
            path = f"/{kind}{path}"
        return self.ask(target, path, flags, data, https, ms, cpu_of)

    def ask(self, target, path, flags, data, https=False, ms=None,
            cpu_of=None):
        """One turn: what load.c says, and µs of the target's CPU a request."""
        s = self.servers
        if "-n" not in flags:
            flags = flags + ["-m", str(ms or self.args.ms)]
        before = s.cpu(cpu_of or target)
        out = subprocess.run(
            [os.path.join(self.args.builddir, "tests", "bench", "load"),
             *flags, str((s.https if https else s.ports)[target]), path],
            input=data, capture_output=True, check=True)
        row = json.loads(out.stdout)
        row["cpu"] = ((s.cpu(cpu_of or target) - before) /
                      max(row["done"], 1) * 1e6)
        if row["lost"]:
            print(f"bench: {target} {path}: {row['lost']} lost: "
                  f"{out.stderr.decode()}", file=sys.stderr)
        return row

    def lane(self, name, targets, turn, rounds=None):
        """Medians of `rounds` turns of each target, interleaved."""
        rows = {t: [] for t in targets}
        for target in targets:
            turn(target, True)
        for i in range(rounds or self.args.rounds):
            # Each time the other way round: what the machine does meanwhile
            # weighs on all of them.
            for target in targets[::-1] if i % 2 else targets:
                rows[target].append(turn(target, False))
        self.results[name] = {
            t: {k: sum(r[k] for r in got) if k == "lost" else
                statistics.median(r[k] for r in got) for k in got[0]}
            for t, got in rows.items()}
        print(f"bench: {name}", file=sys.stderr, flush=True)
        return self.results[name]

    def forwarded(self, name, kind, connections, targets, **how):
        def turn(target, warm):
            return self.load(target, kind, "-c", connections,
                             ms=200 if warm else None, **how)

        self.lane(name, targets, turn)
        self.report.targets(name, self.results[name])

    # --- lanes ------------------------------------------------------------

    def run_floor(self):
        """The CPU of the floor alone beside that of a static file."""
        def turn(target, warm):
            if target == "floor":
                return self.load("floor", "whole-1024", "-c", 16,
                                 cpu_of="floor alone")
            return self.ask("static", "/static.json", ["-g", "-c", "16"], b"")

        self.lane("floor", ["static", "floor"], turn)

    def run_paced(self):
        for streams in (512, 2000):
            self.paced(streams)

    def paced(self, streams):
        targets = (["direct", "lighttpd", "floor", "floor_nginx"] + CURL +
                   self.mine)
        workers = {"floor_nginx": "floor", "curl_nginx": "curl"}
        warmed = {}

        def turn(target, warm):
            worker = workers.get(target, target)
            if warm:  # what the first one takes, the others do not
                self.load(target, "stream-50-0", "-c", 1, "-n", 1)
                if worker in self.servers.worker_pids:
                    warmed[worker] = self.servers.memory(worker)
                return None
            if worker not in self.servers.worker_pids:
                return self.paced_load(target, streams)
            most = []
            over = threading.Event()

            def look():
                while not over.wait(0.1) or not most:
                    most.append(self.servers.memory(worker))

            looking = threading.Thread(target=look)
            looking.start()
            row = self.paced_load(target, streams)
            over.set()
            looking.join()
            row["kb"] = (max(most) - warmed[worker]) / max(row["done"], 1)
            return row

        name = f"paced {streams}"
        self.lane(name, targets, turn)
        self.report.paced(name, self.results[name])

    def paced_load(self, target, streams):
        return self.load(target, "stream-64-50", "-c", streams, "-n", streams,
                         "-r", 1000)

    def run_plain(self):
        for c in (1, 16, 64, 256):
            self.forwarded(f"plain {c}", "whole-1024", c,
                           PLAIN + CURL + self.mine)

    def run_size(self):
        for size in (65536, 1048576):
            data = body(f"whole-{size}:m", False, size)
            self.forwarded(f"size {size >> 10}", f"whole-{size}", 16,
                           PLAIN + self.mine, data=data)

    def translated(self, name, kind):
        """Beside the same answers that are passed, and the floor's."""
        def turn(target, warm):
            to, _, passed = target.partition(" ")
            path = CHAT if passed or to in PLAIN else MESSAGES
            return self.load(to, kind, "-c", 16, path=path,
                             ms=200 if warm else None)

        self.lane(name, ["floor", "floor_nginx"] + PASSED + self.mine, turn)
        self.report.targets(name, self.results[name])

    def run_translated(self):
        self.translated("translated 16", "whole-1024")
        data = body("whole-1024:m", False, 1 << 20, messages=True)
        self.forwarded("translated 1 MiB", "whole-1024", 16, self.mine,
                       path=MESSAGES, data=data)

    def run_stream(self):
        for c in (1, 16, 64):
            self.forwarded(f"stream {c}", "stream-50-0", c,
                           PLAIN + CURL + self.mine)
        self.translated("stream translated 16", "stream-50-0")

    def run_tls(self):
        for name, kind in (("tls warm", "whole-1024"),
                           ("tls cold", "whole-1024-close")):
            model = name.replace(" ", "-") + ":m"
            self.forwarded(name, kind, 16, ["nginx", "haproxy"] + ROUTER,
                           data=body(model, False), https=True)

    def run_pool(self):
        data = body("claude-sonnet-4-5", False, messages=True)
        self.forwarded("pool", "whole-1024", 16, ["pool1", "pool3"],
                       path=MESSAGES, data=data)

    def run_store(self):
        data = body("claude-sonnet-4-5", False, messages=True)
        self.forwarded("store", "whole-1024", 16,
                       ["pool1", "store1", "pool3", "store3"],
                       path=MESSAGES, data=data)

    def run_many(self):
        for name, model, path in (
                ("many: pool", "claude-sonnet-4-5", MESSAGES),
                ("many: backend", "whole-1024:m", CHAT),
                ("many: route", "routed-x", CHAT)):
            self.forwarded(name, "whole-1024", 16, ["many1", "many200"],
                           path=path,
                           data=body(model, False, messages=path != CHAT))

    def run_tools(self):
        data = body("claude-sonnet-4-5", True, messages=True)
        self.forwarded("tools", "stream-50-0", 16, ["mapped", "kept"],
                       path=MESSAGES, data=data)

    def run_choose(self):
        """Choosing an account and noting its answer, for 1 and 8 processes of
        3 accounts, and for 1 of 200."""
        program = os.path.join(self.args.builddir, "tests", "bench",
                               "pool-cost")
        for name, processes, accounts in (("1", 1, 3), ("8", 8, 3),
                                          ("many", 1, 200)):
            times = []
            for _ in range(self.args.rounds):
                with tempfile.TemporaryDirectory() as home:
                    out = subprocess.run(
                        [program, home, str(processes), "3000",
                         str(accounts)], check=True, capture_output=True,
                        text=True).stdout
                    times.append(float(out.split()[0]))
            self.results[f"choose {name}"] = {
                "dario": {"p50": statistics.median(times)}}

    # --- all of it --------------------------------------------------------

    def run(self):
        s, lanes = self.servers, self.args.lanes
        s.start_upstream()
        s.start_proxies()
        s.start_haproxy()
        s.start_floor()
        s.floor("curl", "curl")
        s.start_router()
        if self.args.compare:
            s.start_other()
        time.sleep(1)
        self.idle = {w: s.memory(w) for w in s.worker_pids}
        if {"pool", "many", "store"} & set(lanes):
            s.start_pools()
        if "store" in lanes:
            s.start_stores()
        if "tools" in lanes:
            s.start_tools()
        for lane in lanes:
            if lane != "idle":
                getattr(self, f"run_{lane}")()
        self.report.verdicts(FLOOR_CAP)
        if self.args.write:
            self.report.write(self.args.write)


LANES = [n[4:] for n in vars(Bench) if n.startswith("run_")] + ["idle"]


def main():
    p = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--ms", type=int, default=1000, help="of one turn")
    p.add_argument("--lanes", default=" ".join(LANES))
    p.add_argument("--compare", metavar="OLD.fcgi",
                   help="measure this worker beside the one of the tree")
    p.add_argument("--write", metavar="FILE",
                   help="put the tables into this file, between its marks")
    p.add_argument("--builddir", default=os.path.join(HERE, "..", ".."))
    args = p.parse_args()
    args.builddir = os.path.abspath(args.builddir)
    args.lanes = args.lanes.split() or LANES
    args.compare = args.compare and os.path.abspath(args.compare)
    for lane in args.lanes:
        if lane not in LANES:
            sys.exit(f"bench: no lane {lane}: there are {' '.join(LANES)}")
    os.environ["PATH"] += ":/usr/sbin"
    for tool in ("nginx", "lighttpd", "haproxy", "openssl"):
        if not shutil.which(tool):
            sys.exit(f"bench: {tool} is missing: see packages.txt")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    bench = Bench(args)
    try:
        bench.run()
    finally:
        bench.servers.stop()


if __name__ == "__main__":
    main()
