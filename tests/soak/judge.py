# SPDX-License-Identifier: MIT
"""Judges each request by what upstream and client wrote down, and by nothing
that the router says."""

import collections
import json

import plan as plans

FAULTS = ("lost", "doubled", "reordered", "invented", "clean when cut",
          "end without a word", "end twice", "retry after content", "hung",
          "unreadable")
# lighttpd that gets head, content and end of a killed worker at once gives the
# answer a length. Such a stream lacks nothing but its last event. It is rare,
# and no fault of a worker that is dead; so it is counted apart.
LENGTH = "length for a killed worker"
PATIENCE = 90   # seconds for the upstream's side to come to its end
SHOWN = 20


class Tail:
    """The whole lines that a file got since the last look."""

    def __init__(self, path):
        self.file = open(path, encoding="utf-8")
        self.rest = ""

    def lines(self):
        while data := self.file.read(1 << 16):
            *whole, self.rest = (self.rest + data).split("\n")
            for line in whole:
                yield json.loads(line)


def faults_of(record, calls):
    """`calls`: what the upstream did for this request, the oldest first."""
    got = plans.unpacked(record["got"])
    ended = record["outcome"]
    if len(set(got)) != len(got):
        yield "doubled"
    elif got != sorted(got):
        yield "reordered"
    sent = max((c["sent"] for c in calls), default=0)
    if got and max(got) >= sent:
        yield "invented"
    elif sorted(set(got)) != list(range(len(set(got)))):
        yield "lost"
    clean = [c for c in calls if c["clean"]]
    if ended == "clean":
        if not clean:
            yield "clean when cut"
        elif len(set(got)) < clean[-1]["sent"] or not record["same"]:
            yield "lost"
    if ended == "both" or record["stray"] or record["terminals"] > 1 or \
            len(record["errors"]) > 1:
        yield "end twice"
    if ended == "endless":
        gone = record["stream"] and calls and calls[-1].get("lost")
        yield (LENGTH if gone and record["framing"] == "length" else
               "end without a word")
    if ended in ("hung", "unreadable"):
        yield ended
    if any(c["sent"] for c in calls[:-1]):
        yield "retry after content"


class Judge:
    """Holds only what is still open: memory does not grow with time."""

    def __init__(self, upstream, clients):
        self.upstream, self.clients = Tail(upstream), Tail(clients)
        self.calls = {}         # id: calls of the upstream
        self.waiting = collections.OrderedDict()    # id: (when, record)
        self.judged = collections.OrderedDict()     # the last ids
        self.rows = collections.defaultdict(collections.Counter)
        self.faults = collections.Counter()
        self.errors = collections.Counter()
        self.quiet = collections.Counter()  # requests that nothing disturbs
        self.found = []
        self.refreshes = 0
        self.ended = 0  # requests, be they judged or not

    def look(self, now, final=False):
        for c in self.clients.lines():
            self.waiting[c["id"]] = (now, c)
            self.ended += 1
        for u in self.upstream.lines():
            self.upstream_says(u)
        for ident in list(self.waiting):
            when, record = self.waiting[ident]
            calls = self.calls.get(ident, {})
            # What ended a moment ago may still be asked for again.
            if final or now - when > PATIENCE or \
                    (now - when > 5 and calls and
                     all("how" in c for c in calls.values())):
                del self.waiting[ident]
                self.judge(record, list(self.calls.pop(ident, {}).values()))

    def upstream_says(self, u):
        if "refresh" in u:
            self.refreshes = u["refresh"]
            return
        number = u.get("begin") or u["end"]
        if u["id"] in self.judged:
            if "begin" in u:
                self.blame("retry after content", self.judged[u["id"]],
                           ["a call after the answer"])
            return
        call = self.calls.setdefault(u["id"], {}).setdefault(
            number, {"sent": 0, "clean": False})
        call.update(u)

    def blame(self, fault, record, calls):
        self.faults[fault] += 1
        if len(self.found) < SHOWN:
            self.found.append((fault, record, calls))

    def judge(self, record, calls):
        self.judged[record["id"]] = record
        if len(self.judged) > 5000:
            self.judged.popitem(last=False)
        row = self.rows[record["dialect"], record["target"],
                        "stream" if record["stream"] else "whole"]
        row["requests"] += 1
        row[record["outcome"]] += 1
        row["retried"] += len(calls) > 1
        plan = plans.Plan(*record["plan"])
        if plan.end == "clean" and plan.first == "-" and \
                record["abort"] is None and \
                record["errors"][:1] != ["router_stopping"]:
            # while the router restarts it is not there to be disturbed
            self.quiet["requests"] += record["outcome"] != "refused"
            self.quiet["clean"] += record["outcome"] == "clean"
        if record["outcome"] == "error":
            self.errors[f"{record['status']} {record['errors'][0]}"] += 1
        for fault in sorted(set(faults_of(record, calls))):
            row["faults"] += fault != LENGTH
            self.blame(fault, record, calls)

    def table(self):
        columns = ("requests", "clean", "error", "cut", "left", "refused",
                   "retried", "faults")
        yield f"{'client':10}{'upstream':11}{'form':7}" + "".join(
            f"{c:>9}" for c in columns)
        total = collections.Counter()
        for key in sorted(self.rows):
            row = self.rows[key]
            total.update(row)
            yield f"{key[0]:10}{key[1]:11}{key[2]:7}" + "".join(
                f"{row[c]:9}" for c in columns)
        yield f"{'all':28}" + "".join(f"{total[c]:9}" for c in columns)
        n = max(1, total["requests"])
        for kind, count in self.errors.most_common():
            yield f"{count:8} {100 * count / n:6.2f} %  error {kind}"
        for kind in ("cut", "left", "refused"):
            yield f"{total[kind]:8} {100 * total[kind] / n:6.2f} %  {kind}"
        yield f"{self.refreshes} refreshes of a token"
        yield (f"{self.quiet['clean']} of {self.quiet['requests']} undisturbed"
               " by their plan came to a clean end")
        yield "faults: " + ", ".join(
            f"{fault} {self.faults[fault]}" for fault in (*FAULTS, LENGTH))

    def cases(self):
        for fault, record, calls in self.found:
            yield f"{fault}: client {json.dumps(record)}"
            yield f"{' ' * len(fault)}  upstream {json.dumps(calls)}"
