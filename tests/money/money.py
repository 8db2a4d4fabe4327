#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Many requests of many keys, some of which break off: is every cent counted?

	money.py URL DARIO BILL PRICES ROUTER_PID,... [--requests=N] [--keys=N]
		[--parallel=N] [--kills=N] [--seed=N] [--outage]

--outage: there is a time when limits are not known, and let all through; it is
counted some time later.

The bill is the provider's own (provider.py); it is added up here with decimals,
from the price list. Prints PASS and FAIL lines, and figures.
"""
import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase

MODELS = [("claude-haiku-4-5", "/v1/messages"), ("claude-opus-5", "/v1/messages"),
          ("claude-sonnet-4-5", "/v1/messages"), ("gpt-4o", "/v1/chat/completions")]
BLOCKED = ("spend limit reached", "reserved for its requests", "too many requests at a time")


def say(ok, name, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


class Prices:
    """The first row that fits and holds by now."""

    def __init__(self, path):
        rows = json.load(open(path), parse_float=Decimal, parse_int=Decimal)["prices"]
        self.rows = {m: next(r for r in rows if r.get("from", "") <= str(date.today()) and
                             any(fnmatchcase(m, g) for g in r["match"])) for m, _ in MODELS}

    def cost(self, model, o, out):
        r = self.rows[model]
        total = (o["in"] * r["input"] + o.get("read", 0) * r.get("read", r["input"]) +
                 o.get("w5", 0) * r.get("write5m", r["input"]) +
                 o.get("w1h", 0) * r.get("write1h", r["input"]) + out * r["output"])
        return total / 1000000

    def of(self, entry):
        """What an entry of the bill comes to."""
        if str(entry["end"]).isdigit():
            return Decimal(0)
        if entry["end"] == "whole":
            return self.cost(entry["model"], entry, entry["out"])
        return self.cost(entry["model"], entry, -(-entry["sent"] // 4))

    def most(self, model, o):
        return self.cost(model, o, max(o["out"], -(-o["chars"] // 4)))


def order(rng, n):
    model, path = rng.choice(MODELS)
    o = {"id": n, "in": rng.randrange(1, 20000), "out": rng.randrange(1, 3000),
         "chars": rng.randrange(1, 1500), "end": "whole", "ms": rng.choice([0, 0, 1, 3])}
    if rng.random() < 0.5:
        o["read"] = rng.randrange(0, 50000)
    stream = rng.random() < 0.6
    if path == "/v1/messages":
        if rng.random() < 0.4:
            o["w5"] = rng.randrange(0, 9000)
        if rng.random() < 0.2:
            o["w1h"] = rng.randrange(0, 9000)
        if stream and rng.random() < 0.25:
            o["end"] = rng.choice(["cut", "hang"])
    if o["end"] == "whole" and rng.random() < 0.05:
        o["end"] = rng.choice([400, 500])
    return model, path, stream, o


class Run:
    def __init__(self, args):
        self.args = args
        self.rng = random.Random(args.seed)
        self.host, self.port = args.url.split("//")[1].split(":")
        self.prices = Prices(args.prices)
        self.keys = []    # (name, key, limit)
        self.results = {} # id -> (key name, what, most)
        self.running = {} # key name -> sum of the largest costs
        self.peak = {}
        self.early = []
        self.killed = []

    def make_keys(self):
        for i in range(self.args.keys):
            limit = (Decimal(self.rng.randrange(20, 400)) / 100 * self.args.requests / 600).quantize(Decimal("0.0001"))
            if i % 4 == 3:
                limit = Decimal(1000000)
            name = f"p{i}" if i % 3 else f"p{i}/laptop"
            key = subprocess.run([self.args.dario, "key", "add", name, f"--spend={limit}/month",
                                  "--rate=1000000/min", "--tokens=100000M/day"],
                                 capture_output=True, text=True, check=True).stdout.strip()
            self.keys.append((name, key, limit))

    async def read_stream(self, reader, o):
        """Until its end; of one that hangs, until all has come."""
        text = b""
        while True:
            data = await reader.read(65536)
            text += data
            if not data:
                whole = b"message_stop" in text or b"[DONE]" in text
                return "whole" if whole else "cut" if b'"error"' in text else "lost"
            if o["end"] == "hang" and text.count(b"\\u00e9") >= o["chars"]:
                return "aborted"

    async def ask(self, n):
        name, key, _ = self.rng.choice(self.keys)
        model, path, stream, o = order(self.rng, n)
        out = max(o["out"], o["chars"])
        body = json.dumps({"model": model, "max_tokens": out, "stream": stream,
                           "messages": [{"role": "user", "content": json.dumps(o)}],
                           **({"stream_options": {"include_usage": True}} if stream and model.startswith("gpt") else {})}).encode()
        most = self.prices.most(model, o)
        begun = time.monotonic()
        self.running[name] = self.running.get(name, 0) + most
        self.peak[name] = max(self.peak.get(name, 0), self.running[name])
        what = "lost"
        writer = None
        try:
            reader, writer = await asyncio.open_connection(self.host, int(self.port))
            writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                         f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            status = int(head.split()[1])
            if status == 200 and stream:
                what = await self.read_stream(reader, o)
            else:
                text = (await reader.read()).decode()
                if status == 200:
                    what = "whole"
                elif status == 429 and any(b in text for b in BLOCKED):
                    what = "refused"
                    if BLOCKED[0] in text:
                        self.early.append(name)
                elif "as ordered" in text:
                    what = "failed"
                elif status not in (502, 503, 500, 504):
                    what = f"odd {status} {text[:200]}"
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            if writer:
                writer.close()
        self.running[name] -= most
        self.results[n] = (name, what, most, begun, time.monotonic())

    async def worker(self, numbers):
        for n in numbers:
            await self.ask(n)

    async def killer(self):
        """A worker process at a time, at any moment."""
        while len(self.killed) < self.args.kills:
            await asyncio.sleep(self.rng.random() * self.args.pause)
            pids = subprocess.run(["pgrep", "-P", self.args.router, "dario.fcgi"],
                                  capture_output=True, text=True).stdout.split()
            if not pids:
                continue
            try:
                os.kill(int(self.rng.choice(pids)), signal.SIGKILL)
                self.killed.append(time.monotonic())
            except ProcessLookupError:
                pass

    def numbers(self):
        """Requests go on until all were killed that should be."""
        n = 0
        while n < self.args.requests or (len(self.killed) < self.args.kills
                                         and n < 20 * self.args.requests):
            yield n
            n += 1

    async def all(self):
        numbers = self.numbers()
        tasks = [self.worker(numbers) for _ in range(self.args.parallel)]
        kill = asyncio.create_task(self.killer())
        await asyncio.gather(*tasks)
        kill.cancel()

    def spent(self, name):
        out = subprocess.run([self.args.dario, "key", "show", name, "--json"],
                             capture_output=True, text=True, check=True).stdout
        used = json.loads(out)["used"]
        return Decimal(used["spend"]["month"]), used["running"]

    def waiting(self):
        """Is any of what was let through not counted yet?"""
        costs = dict.fromkeys((k[0] for k in self.keys), Decimal(0))
        for line in open(self.args.bill):
            e = json.loads(line)
            costs[self.results[e["id"]][0]] += self.prices.of(e)
        return self.args.outage and any(
            abs(costs[name] - self.spent(name)[0]) >= Decimal("0.005") for name in costs)

    async def settled(self):
        """Until nothing runs any more; a request makes a look for the dead."""
        end = time.monotonic() + 120
        while time.monotonic() < end:
            if not any(self.spent(k[0])[1] for k in self.keys) and not self.waiting():
                return True
            await self.ask(self.args.requests + len(self.results))
            await asyncio.sleep(0.1)
        return False

    def judge(self):
        bill = {}
        for line in open(self.args.bill):
            e = json.loads(line)
            bill.setdefault(e["id"], []).append(e)
        kinds = {}
        off = over = total = between = Decimal(0)
        faults = []
        for name, _, limit in self.keys:
            sure = unsure = Decimal(0)
            for n, (who, what, most, begun, ended) in self.results.items():
                if who != name:
                    continue
                kinds[what.split()[0]] = kinds.get(what.split()[0], 0) + 1
                entries = bill.get(n, [])
                cost = sum((self.prices.of(e) for e in entries), Decimal(0))
                # A worker that was killed may have counted a part of it.
                if any(begun <= t <= ended + 5 for t in self.killed):
                    unsure += max(most, cost)
                elif what == "refused":
                    if entries:
                        faults.append(f"{n} was refused and sent")
                elif what.startswith(("odd", "lost")):
                    faults.append(f"{n}: {what}")
                else:
                    sure += cost
            got, running = self.spent(name)
            total += got
            between += unsure
            low = sure - got
            high = got - sure - unsure
            off = max(off, low, high)
            over = max(over, got - limit - self.peak.get(name, 0))
            if low >= Decimal("0.005") or high >= Decimal("0.005"):
                faults.append(f"{name}: counted {got}, bill {sure} and {unsure} in flight")
            if got > limit + self.peak.get(name, 0) and not self.args.outage:
                faults.append(f"{name}: {got} of {limit}")
            if name in self.early and got < limit:
                faults.append(f"{name}: refused at {got} of {limit}")
            if running:
                faults.append(f"{name}: {running} still run")
        print(f"requests: {len(self.results)}, {kinds}, kills: {len(self.killed)}")
        print(f"counted: ${total}, in flight at kills: at most ${between}, largest difference: ${off}, beyond a limit and what was in flight: ${over}")
        say(not any("counted" in f for f in faults), "sums are equal to the cent", faults)
        say(not any(" of " in f for f in faults), "no budget is passed by more than what was in flight, none is refused early", faults)
        say(not [f for f in faults if "counted" not in f and " of " not in f], "nothing else is odd", faults)
        say(kinds.get("whole", 0) > len(self.results) / 20 and (kinds.get("refused", 0) or kinds.get("failed", 0)), "some were answered, some refused", kinds)
        say(len(self.killed) >= self.args.kills, "all were killed that should be", len(self.killed))


def main():
    p = argparse.ArgumentParser()
    for name in ("url", "dario", "bill", "prices"):
        p.add_argument(name)
    p.add_argument("router")
    p.add_argument("--requests", type=int, default=600)
    p.add_argument("--keys", type=int, default=6)
    p.add_argument("--parallel", type=int, default=12)
    p.add_argument("--kills", type=int, default=0)
    p.add_argument("--pause", type=float, default=1)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--outage", action="store_true")
    run = Run(p.parse_args())
    run.make_keys()
    asyncio.run(run.all())
    say(asyncio.run(run.settled()), "all is settled in the end")
    run.judge()


if __name__ == "__main__":
    sys.exit(main())
