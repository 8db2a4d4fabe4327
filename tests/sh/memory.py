# SPDX-License-Identifier: MIT
"""Large and hostile JSON on its way through a router, and what its worker
holds of it. Usage: memory.py ROUTER-PORT WORKER-PID PROVIDER-PORT CASES, where
CASES is "streams", "cost", "shortage", "budget" (of 128 MiB) or "limit" (of its
address space). The backend "chat" (Chat Completions) is the
provider that runs in here. Prints "PASS case" and "FAIL case: why"."""
import gzip
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, worker, provider_port, cases = sys.argv[1:]
MIB = 1 << 20
go_on = threading.Event()
answered = threading.Event()  # one of the calls at once has an answer
seen = []  # lengths of bodies that came to the provider


def repeat(unit, n=4 * MIB):
    return unit * (n // len(unit))


HOSTILE = {
    "empty objects": "[" + repeat("{},") + "{}]",
    "empty arrays": "[" + repeat("[],") + "0]",
    "nested arrays": "[" + repeat("[" * 50 + "]" * 50 + ",") + "0]",
    "small objects": "[" + repeat('{"":{}},') + "0]",
    "numbers": "[" + repeat("0,") + "0]",
    "floats": "[" + repeat("1.5,") + "0]",
    "empty strings": "[" + repeat('"",') + "0]",
    "half a million keys": "{" + ",".join('"%d":0' % i for i in range(500000)) + "}",
    "a million keys": "{" + ",".join('"%d":{}' % i for i in range(1000000)) + "}",
    "small objects with keys": "[" + repeat('{"a":{"b":{"c":0}}},') + "0]",
}
# Answers are read without a tree: they may have more values.
HOSTILE_ANSWER = "[" + repeat("{},", 12 * MIB) + "{}]"
HONEST = {
    "escapes": '"' + repeat('\\"\\\\\\u0041') + '"',
    "one string": '"' + repeat("a") + '"',
    "brackets in a string": '"' + repeat("{},[],") + '"',
}
ANSWER = ('{"id":"c","object":"chat.completion","model":"m","extra":%s,"choices":[{"index":0,'
          '"finish_reason":"stop","message":{"role":"assistant","content":"hi"}}],'
          '"usage":{"prompt_tokens":1,"completion_tokens":1}}')
CHUNK = ('{"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,'
         '"delta":{"content":"%s"},"finish_reason":%s}]%s}')
BOMB_BYTES = 256 * MIB
BOMB = gzip.compress((ANSWER % ('"' + "a" * BOMB_BYTES + '"')).encode())


class Provider(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, text):
        self.chunk(b"data: " + text.encode() + b"\n\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        seen.append(len(body))
        what = next(w for w in ("whole", "large", "event", "slow", "held",
                                "still", "packed", "plain")
                    if b'"%s"' % w.encode() in body[:200] or w == "plain")
        self.send_response(200)
        if what in ("event", "slow", "still"):
            self.send_header("content-type", "text/event-stream")
            self.send_header("transfer-encoding", "chunked")
            self.end_headers()
            self.event(CHUNK % ("begin", "null", ""))
            if what == "event":
                self.event(CHUNK % ("", "null", ',"extra":' + HOSTILE_ANSWER))
            elif what == "still":
                go_on.wait(120)
            else:
                while not go_on.wait(0.05):
                    self.event(CHUNK % (".", "null", ""))
            self.event(CHUNK % ("end", '"stop"', ""))
            self.event("[DONE]")
            self.chunk(b"")
            return
        if what == "packed":  # nobody has asked for that
            self.send_header("content-encoding", "gzip")
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(BOMB)))
            self.end_headers()
            self.wfile.write(BOMB)
            return
        if what == "held":
            answered.wait(10)
        answer = ANSWER % (
            HOSTILE_ANSWER if what == "whole"
            else HOSTILE["empty objects"] if what == "large" else "0")
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())


def body(model, extra, stream=False):
    return (
        '{"model":"chat:%s","max_tokens":9,"stream":%s,"messages":[{"role":'
        '"user","content":"x"}],"input":"x","metadata":{"x":%s}}'
        % (model, "true" if stream else "false", extra)
    )


def post(path, text):
    c = http.client.HTTPConnection("127.0.0.1", int(port), timeout=120)
    c.request("POST", path, text, {"content-type": "application/json"})
    r = c.getresponse()
    return r.status, r.read()


def check(name, good, why=""):
    print("PASS " + name if good else "FAIL %s: %s" % (name, str(why)[:300]), flush=True)


def kb_of_worker(key):
    with open("/proc/%s/status" % worker) as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key))


def of_worker(key):
    return kb_of_worker(key) // 1024


def peak_reset():
    with open("/proc/%s/clear_refs" % worker, "w") as f:
        f.write("5")


def settles(name):
    """Below 64 MiB, a while after the last request."""
    end = time.monotonic() + 90
    while of_worker("VmRSS") >= 64 and time.monotonic() < end:
        time.sleep(0.05)
    check(name, of_worker("VmRSS") < 64, "%d MiB" % of_worker("VmRSS"))


def error_of(path, text):
    """The error's kind, in the words of the dialect."""
    try:
        e = json.loads(text)["error"]
        return e["type"] if "messages" in path else e["code"]
    except (ValueError, KeyError, TypeError):
        return "no error"


ANTHROPIC, CHAT = "/v1/messages", "/v1/chat/completions"
RESPONSES, COUNT = "/v1/responses", "/v1/messages/count_tokens"


def at_once(calls):
    """What each (path, body) got, as (path, status, text)."""
    got = []
    answered.clear()

    def one(path, text):
        got.append((path,) + post(path, text))
        answered.set()

    threads = [threading.Thread(target=one, args=call) for call in calls]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return got


def hostile_requests():
    for name, extra in HOSTILE.items():
        for path in (ANTHROPIC, COUNT, RESPONSES):
            sent = len(seen)
            status, text = post(path, body("plain", extra))
            kind = error_of(path, text)
            check(
                "%s, %s" % (name, path),
                (status, kind, len(seen)) == (413, "request_too_large", sent),
                (status, text),
            )
        status, text = post(CHAT, body("plain", extra))
        check(
            "%s, passed" % name,
            status == 200 and seen[-1] > len(extra),
            (status, text),
        )
    for name, extra in HONEST.items():
        status, text = post(ANTHROPIC, body("plain", extra))
        check("%s, translated" % name, status == 200, (status, text))


def hostile_answers():
    status, text = post(ANTHROPIC, body("whole", "{}"))
    check(
        "hostile answer, translated",
        (status, error_of(ANTHROPIC, text)) == (502, "api_error"),
        (status, text),
    )
    status, text = post(ANTHROPIC, body("large", "{}"))
    check("large answer, translated", status == 200, (status, text))
    status, text = post(CHAT, body("whole", "{}"))
    check(
        "hostile answer, passed",
        status == 200 and len(text) > 4 * MIB,
        (status, len(text)),
    )
    status, text = post(ANTHROPIC, body("event", "{}", True))
    check(
        "hostile event, translated",
        status == 200
        and b"begin" in text
        and text.count(b"event: error") == 1
        and b"message_stop" not in text,
        (status, text[-300:]),
    )
    status, text = post(CHAT, body("event", "{}", True))
    check(
        "hostile event, passed",
        status == 200 and text.endswith(b"[DONE]\n\n") and len(text) > 4 * MIB,
        (status, text[-100:]),
    )


def packed_answers():
    """Unpacked a bit at a time: others are served meanwhile."""
    got = []
    t = threading.Thread(
        target=lambda: got.append(post(CHAT, body("packed", "{}"))))
    t.start()
    served = 0
    while t.is_alive():
        served += post(CHAT, body("plain", "{}"))[0] == 200
    status, text = got[0]
    check(
        "packed answer, passed",
        status == 200 and len(text) > BOMB_BYTES,
        (status, len(text)),
    )
    check("packed answer, passed: %d others" % served, served > 0, served)
    status, text = post(ANTHROPIC, body("packed", "{}"))
    check(
        "packed answer, translated",
        (status, error_of(ANTHROPIC, text)) == (502, "api_error"),
        (status, text),
    )


def many_turns(bytes=8 * MIB):
    turn = (
        '{"role":"user","content":"%s"},{"role":"assistant","content":"%s"},'
        % ("u" * 400, "a" * 1600)
    )
    return (
        '{"model":"chat:plain","max_tokens":9,"messages":[%s'
        '{"role":"user","content":"x"}]}' % (turn * (bytes // len(turn)))
    )


def phase(name, most, run):
    """Bounded while it runs, and gone afterwards."""
    peak_reset()
    run()
    peak = of_worker("VmHWM")
    check("%s: a peak below %d MiB" % (name, most), peak < most, peak)
    settles("%s: given back" % name)


def twenty():
    """More than the budget holds at once: who is refused is told so."""
    got = at_once([(ANTHROPIC, many_turns(20 * MIB))] * 20)
    bad = [g for g in got if not honest(*g)]
    served = sum(g[1] == 200 for g in got)
    check("20 bodies of 20 MB", served and len(got) == 20 and not bad, bad or served)


def cost():
    phase("hostile requests", 256, hostile_requests)
    phase("hostile answers", 256, hostile_answers)
    phase("packed answers", 128, packed_answers)
    large = many_turns()
    for path, name in ((CHAT, "passed"), (ANTHROPIC, "translated")):

        def run():
            got = [g[1] for g in at_once([(path, large)] * 16)]
            check("16 bodies of 8 MB, " + name, got == [200] * 16, got)

        phase("16 bodies of 8 MB, " + name, 600, run)
    phase("20 bodies of 20 MB, translated", 600, twenty)


def honest(path, status, text):
    """Served, or refused in its own words."""
    anthropic = path == ANTHROPIC
    wanted = {200: ("no error",), 413: ("request_too_large",)}
    wanted[503] = ("api_error",) if anthropic else ("out_of_memory",)
    return status in wanted and error_of(path, text) in wanted[status]


class Running:
    """Streams that go on while something happens, and come to their end."""

    def __init__(self):
        self.out, before = [], len(seen)
        self.threads = [
            threading.Thread(
                target=lambda p=p: self.out.append(post(p, body("slow", "{}", True))),
                daemon=True,
            )
            for p in (CHAT, ANTHROPIC)
        ]
        for t in self.threads:
            t.start()
        while len(seen) < before + 2:
            time.sleep(0.01)

    def end(self):
        check("streams still run", len(self.out) == 0, self.out)
        go_on.set()
        for t in self.threads:
            t.join()
        check(
            "streams come to their end",
            len(self.out) == 2
            and all(s == 200 for s, _ in self.out)
            and all(b"[DONE]" in t or b"message_stop" in t for _, t in self.out),
            self.out,
        )
        check("the worker lives", os.path.exists("/proc/" + worker))


def shortage():
    """What runs goes on when there is no memory for what comes."""
    running = Running()
    large = body("plain", '"%s"' % ("a" * (30 * MIB)))
    many = body("plain", "[" + '{"a":"b"},' * 60000 + "0]")
    size = of_worker("VmSize")
    for room in (24, 48, 96, 160):
        subprocess.run(
            ["prlimit", "--pid", worker, "--as=%d:" % ((size + room) * MIB)],
            check=True,
        )
        for text, name in ((large, "30 MB"), (many, "60000 objects")):
            paths = (ANTHROPIC, CHAT, RESPONSES, ANTHROPIC)
            got = at_once([(p, text) for p in paths])
            good = len(got) == 4 and all(honest(*g) for g in got)
            if text is large:
                good = good and any(g[1] != 200 for g in got)
            bad = [g for g in got if not honest(*g)]
            check("%d MiB left, four times %s" % (room, name), good, bad or got)
    status, text = post(ANTHROPIC, body("plain", "{}"))
    check("a small request is served", status == 200, (status, text))
    running.end()


def four_large(most, refuses):
    """At most so many MiB, and no harm to what runs. `refuses`: the four do not
    fit."""
    running = Running()
    large = body("held", "{}").replace('"x"', '"%s"' % ("a" * (30 * MIB)), 1)
    peak_reset()
    for paths in ((ANTHROPIC,) * 4, (CHAT,) * 4, (ANTHROPIC, CHAT) * 2):
        got = at_once([(p, large) for p in paths])
        bad = [g for g in got if not honest(*g)]
        name = "four times 30 MB, %s" % " ".join(sorted(set(paths)))
        check(name, len(got) == 4 and not bad, bad)
        if refuses and paths[1] == ANTHROPIC:
            check("not all of them at once", any(g[1] == 503 for g in got), got)
    peak = of_worker("VmHWM")
    check("a peak below %d MiB" % most, peak < most, peak)
    status, text = at_once([(ANTHROPIC, large)])[0][1:]
    check("one alone is served", status == 200, (status, text[:200]))
    running.end()
    settles("given back")


STREAMS = 300


def begun_stream():
    """It has begun, and goes on until go_on."""
    c = http.client.HTTPConnection("127.0.0.1", int(port), timeout=120)
    c.request("POST", CHAT, body("still", "{}", True), {"content-type": "application/json"})
    r = c.getresponse()
    while b"begin" not in r.readline():
        pass
    return r


def streams():
    """One that waits, and what each stream costs it beside the first."""
    kb = kb_of_worker("VmRSS")
    check("idle: below 10 MiB", kb < 10 << 10, "%d KB" % kb)
    first = begun_stream()
    kb = kb_of_worker("VmRSS")
    rest = [begun_stream() for _ in range(STREAMS)]
    kb = (kb_of_worker("VmRSS") - kb) / STREAMS
    check("a stream: at most 40 KB", kb <= 40, "%.1f KB" % kb)
    go_on.set()
    ends = [r.read().endswith(b"[DONE]\n\n") for r in [first] + rest]
    check("every stream comes to its end", all(ends), ends.count(False))


def budget():
    four_large(128 + 48, True)


def limit():
    four_large(400, False)


server = ThreadingHTTPServer(("127.0.0.1", int(provider_port)), Provider)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
{"streams": streams, "cost": cost, "shortage": shortage, "budget": budget, "limit": limit}[cases]()
