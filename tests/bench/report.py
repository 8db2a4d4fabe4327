# SPDX-License-Identifier: MIT
"""The tables of the benchmark, and its verdicts."""

import platform
import re
import subprocess

from servers import NAMES

BEGIN = "<!-- what follows is written by make bench WRITE=... -->"
END = "<!-- what goes before is written by make bench WRITE=... -->"
FLOORS = {"dario": "floor", "dario_nginx": "floor_nginx"}
# With libcurl toward the upstream, as the router has it.
CURL_FLOORS = {"dario": "curl", "dario_nginx": "curl_nginx"}


class Report:
    def __init__(self, bench):
        self.bench = bench
        self.lines = []
        self.rows = []  # of the verdicts
        self.missed = 0

    def say(self, line=""):
        self.lines.append(line)
        print(line, flush=True)

    # --- tables ---------------------------------------------------------

    def targets(self, name, got):
        base = got.get("lighttpd", {}).get("rps")
        self.say(f"\n### {name}\n")
        self.say("| target | a second | to its floor | to that with libcurl "
                 "| to mod_proxy | CPU µs | to its floor | p50 µs | p90 | p99 "
                 "| first byte p50 | p90 | p99 | lost |")
        self.say("|---|" + "---:|" * 13)
        for t, row in got.items():
            floor = got.get(FLOORS.get(t), {})
            curl = got.get(CURL_FLOORS.get(t), {})
            self.say(
                f"| {NAMES[t]} | {row['rps']:.0f} "
                f"| {ratio(row['rps'], floor.get('rps'))} "
                f"| {ratio(row['rps'], curl.get('rps'))} "
                f"| {ratio(row['rps'], base)} | {row['cpu']:.0f} "
                f"| {ratio(row['cpu'], floor.get('cpu'))} | {row['p50']:.0f} | {row['p90']:.0f} | {row['p99']:.0f} "
                f"| {row['first50']:.0f} | {row['first90']:.0f} "
                f"| {row['first99']:.0f} | {row['lost']} |")
        for t in ("dario", "dario_nginx"):
            old = got.get(t.replace("dario", "old"))
            if old:
                self.say(f"\n{NAMES[t]}: {got[t]['rps'] / old['rps']:.2f} "
                         "times the other worker")

    def paced(self, name, got):
        self.say(f"\n### {name}: streams of 64 events, 50 ms apart\n")
        self.say("| target | whole | lost | late p50 ms | p90 | p99 "
                 "| CPU µs an event | KB a stream |")
        self.say("|---|" + "---:|" * 7)
        for t, row in got.items():
            kb = f"{row['kb']:.1f}" if "kb" in row else ""
            self.say(f"| {NAMES[t]} | {row['done']:.0f} | {row['lost']} "
                     f"| {row['late50'] / 1e3:.2f} | {row['late90'] / 1e3:.2f}"
                     f" | {row['late99'] / 1e3:.2f} | {row['cpu'] / 64:.1f} "
                     f"| {kb} |")

    # --- verdicts ---------------------------------------------------------

    def of(self, lane, target, key):
        return self.bench.results.get(lane, {}).get(target, {}).get(key)

    def verdict(self, what, value, limit, at_least=False, unit="", aside="",
                void=False):
        """`void`: the value is not that of the whole load."""
        if value is None:
            return
        good = not void and (value >= limit if at_least else value <= limit)
        self.missed += not good
        self.rows.append(
            f"| {what} | {value:.2f}{unit} | "
            f"{'at least' if at_least else 'at most'} {limit:g}{unit} | "
            f"{'met' if good else '**missed**'}{aside} |")

    def share(self, what, lane, key, target, of_lane, of_target, limit,
              at_least=False, aside=""):
        a = self.of(lane, target, key)
        b = self.of(of_lane, of_target, key)
        if a is not None and b:
            self.verdict(what, a / b, limit, at_least, aside=aside)

    def speed(self):
        for t, floor in FLOORS.items():
            self.share(f"requests/s, 16 connections: {NAMES[t]} to its floor",
                       "plain 16", "rps", t, "plain 16", floor, 0.8, True,
                       self.libcurls("plain 16", t))
        self.share("the same: behind nginx to behind lighttpd", "plain 16",
                   "rps", "dario_nginx", "plain 16", "dario", 1.8, True,
                   self.floors_share())
        for t in FLOORS:
            self.share(f"whole answers translated to passed, {NAMES[t]}",
                       "translated 16", "rps", t, "translated 16",
                       f"{t} passed", 0.85, True)
        for t, floor in FLOORS.items():
            self.share(f"streams/s, 16 connections: {NAMES[t]} to its floor",
                       "stream 16", "rps", t, "stream 16", floor, 0.8, True,
                       self.libcurls("stream 16", t))
        self.share("the same, to mod_proxy", "stream 16", "rps", "dario",
                   "stream 16", "lighttpd", 0.75, True)
        for n in (1, 3):
            self.share(f"requests/s, 16 connections: {NAMES[f'store{n}']}, "
                       "to files", "store", "rps", f"store{n}", "store",
                       f"pool{n}", 0.85, True)
        for t in FLOORS:
            self.share(f"streams translated to passed, {NAMES[t]}",
                       "stream translated 16", "rps", t,
                       "stream translated 16", f"{t} passed", 0.65, True)

    def libcurls(self, lane, target, key="rps"):
        """The share of the floor with libcurl, and what that itself is."""
        mine, curl, floor = (
            self.of(lane, t, key)
            for t in (target, CURL_FLOORS[target], FLOORS[target]))
        if not (mine and curl and floor):
            return ""
        return (f"; {mine / curl:.2f} of that with libcurl, which is "
                f"{curl / floor:.2f}")

    def floors_share(self):
        a = self.of("plain 16", "floor_nginx", "rps")
        b = self.of("plain 16", "floor", "rps")
        return f"; the floor's is {a / b:.2f}" if a and b else ""

    def latency(self):
        """The p99 of each lane to that of the floor in the same, or in one
        that is not translated."""
        beside = {"translated 1 MiB": "size 1024"}
        for lane in self.bench.results:
            for t, floor in FLOORS.items():
                if lane.startswith("paced"):
                    continue
                self.share(f"p99 to the floor's, {lane}, {NAMES[t]}", lane,
                           "p99", t, beside.get(lane, lane), floor, 2)
        for t, floor in FLOORS.items():
            self.share(f"first byte to the floor's, {NAMES[t]}", "stream 1",
                       "first50", t, "stream 1", floor, 1.5,
                       aside=self.libcurls("stream 1", t, "first50"))
        mine = self.of("plain 1", "dario", "p50")
        base = self.of("plain 1", "lighttpd", "p50")
        if mine and base:
            floor = self.of("plain 1", "floor", "p50")
            self.verdict("p50 over mod_proxy's, 1 connection", mine - base, 60,
                         unit=" µs",
                         aside=f"; the floor adds {floor - base:.0f}")

    def streams(self):
        for n in (512, 2000):
            lane = f"paced {n}"
            for t, floor in FLOORS.items():
                lost = self.of(lane, t, "lost")
                if lost is None:
                    continue
                direct = self.of(lane, "direct", "late99")
                low = self.of(lane, floor, "late99")
                self.verdict(f"{n} paced streams lost, {NAMES[t]}", lost, 0)
                self.verdict(f"{n} paced streams, p99 lateness to direct, "
                             f"{NAMES[t]}",
                             self.of(lane, t, "late99") / max(direct, 1), 1.5,
                             void=lost, aside="; the floor's is "
                             f"{low / max(direct, 1):.2f}")
                self.verdict(f"{n} paced streams, KB each, {NAMES[t]}",
                             self.of(lane, t, "kb"), 40, void=lost)
        if "idle" in self.bench.args.lanes:
            self.verdict("idle worker", self.bench.idle["dario"] / 1024, 10,
                         unit=" MiB")

    def growth(self):
        for lane in self.bench.results:
            if lane.startswith("many"):
                self.share(f"CPU with 200 accounts, backends, routes to 1, "
                           f"{lane}", lane, "cpu", "many200", lane, "many1",
                           1.1)
        self.share("CPU with 3 accounts to 1", "pool", "cpu", "pool3", "pool",
                   "pool1", 1.1)
        self.share("CPU with tools mapped to preserved", "tools", "cpu",
                   "mapped", "tools", "kept", 1.05)
        for n in (1, 8):
            self.verdict(f"choosing an account, {n} at once",
                         self.of(f"choose {n}", "dario", "p50"), 50,
                         unit=" µs")
        self.share("choosing among 200 accounts to 3", "choose many",
                   "p50", "dario", "choose 1", "dario", 1.3)

    def verdicts(self, cap):
        own = self.of("floor", "floor", "cpu")
        static = self.of("floor", "static", "cpu")
        if own and static:
            self.verdict("the floor's CPU to lighttpd's for a static file "
                         f"({static:.1f} µs)", own / static, cap)
        self.speed()
        self.latency()
        self.streams()
        self.growth()
        self.say("\n### Verdicts\n\n| measure | value | target | |\n"
                 "|---|---:|---:|---|")
        for row in self.rows:
            self.say(row)
        self.say(f"\n{len(self.rows)} targets, {self.missed} missed.")

    # --- into the documentation --------------------------------------------

    def write(self, path):
        with open(path) as f:
            text = f.read()
        begin, end = text.index(BEGIN), text.index(END)
        head = (f"{BEGIN}\n\nThe run below: {machine()}; default settings; "
                f"medians of {self.bench.args.rounds} turns of "
                f"{self.bench.args.ms / 1000:g} s.\n")
        with open(path, "w") as f:
            f.write(text[:begin] + head + "\n".join(self.lines) + "\n\n" +
                    text[end:])


def ratio(value, base):
    return f"{value / base:.2f}" if base else ""


def version(*argv):
    out = subprocess.run(argv, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+\.\d+", out.stdout + out.stderr)
    return found[0] if found else "?"


def machine():
    with open("/proc/cpuinfo") as f:
        cpus = re.findall(r"(?m)^model name\s*: (.*)$", f.read())
    return (f"{len(cpus)} cores of {cpus[0] if cpus else platform.machine()}, "
            f"lighttpd {version('lighttpd', '-v')}, "
            f"nginx {version('nginx', '-v')}, "
            f"HAProxy {version('haproxy', '-v')}, "
            f"libcurl {version('curl-config', '--version')}")
