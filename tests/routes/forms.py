#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Forms of any size, sent bit by bit, and what they cost.

    forms.py URL UPSTREAM WORKER PART [FOLDER...]

Sends them to the router below URL, whose process is WORKER; what arrives is
told by the upstream at UPSTREAM, whose backends are called b and once. The
router and its web server write below the folders. Prints PASS and FAIL lines.
"""

import hashlib
import json
import os
import select
import socket
import sys
import threading
import time
import urllib.request
from urllib.parse import urlsplit

URL, UP, WORKER, PART = sys.argv[1:5]
FOLDERS = sys.argv[5:]
SITE = urlsplit(URL)
MIB = 1 << 20
BOUNDARY = b"----a-boundary"
TYPE = "multipart/form-data; boundary=----a-boundary"


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def arrived():
    r = urllib.request.Request(f"http://127.0.0.1:{UP}/seen", method="DELETE")
    with urllib.request.urlopen(r, timeout=300) as answer:
        return json.loads(answer.read())


def awaited():
    """What arrives in the end."""
    until = time.monotonic() + 90
    while not (got := arrived()) and time.monotonic() < until:
        time.sleep(0.05)
    return got


def await_reading(n, s):
    """Until the provider has read so much of what is sent, or it is refused."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        with urllib.request.urlopen(f"http://127.0.0.1:{UP}/read",
                                    timeout=90) as answer:
            if int(answer.read()) >= n or select.select([s], [], [], 0.01)[0]:
                return


def field(name, value, file=None):
    more = f'; filename="{file}"' if file else ""
    return (b"--" + BOUNDARY + b"\r\nContent-Disposition: form-data; name=" +
            name.encode() + more.encode() + b"\r\n\r\n" + value + b"\r\n")


def form(*fields):
    return b"".join(fields) + b"--" + BOUNDARY + b"--\r\n"


def opened(caller="127.0.0.1"):
    s = socket.create_connection((SITE.hostname, SITE.port), timeout=300,
                                 source_address=(caller, 0))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def head(n, path="/v1/audio/transcriptions", type=TYPE, **fields):
    lines = [f"POST {SITE.path}{path} HTTP/1.1", "Host: localhost",
             f"Content-Type: {type}", f"Content-Length: {n}",
             "Connection: close"]
    lines += [f"{k.replace('_', '-')}: {v}" for k, v in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def answer(s):
    text = b""
    try:
        while piece := s.recv(65536):
            text += piece
    except OSError:
        pass
    top, _, body = text.partition(b"\r\n\r\n")
    status = int(top.split()[1]) if top.startswith(b"HTTP/") else 0
    fields = {k.strip().lower().decode(): v.strip().decode() for k, _, v in
              (line.partition(b":") for line in top.split(b"\r\n")[1:])}
    return status, fields, body


def send(body, step=1 << 30, pause=0.0, ahead=0, **fields):
    """In steps, with a pause, and no further ahead of who reads it."""
    s = opened()
    try:
        s.sendall(head(len(body), **fields))
        for i in range(0, len(body), step):
            s.sendall(body[i:i + step])
            if ahead:
                await_reading(i - ahead, s)
            if pause:
                time.sleep(pause)
    except OSError:
        pass  # it has answered
    result = answer(s)
    s.close()
    return result


def memory():
    with open(f"/proc/{WORKER}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmRSS"):
                return int(line.split()[1]) << 10
    raise SystemExit("no VmRSS")


def disk():
    total = 0
    for top in FOLDERS:
        for folder, _, files in os.walk(top):
            for name in files:
                try:
                    total += os.stat(os.path.join(folder, name)).st_blocks * 512
                except FileNotFoundError:
                    pass
    # What was unlinked and is still open.
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                path = os.readlink(f"/proc/{pid}/fd/{fd}")
                if path.endswith(" (deleted)") and path.startswith(tuple(FOLDERS)):
                    total += os.stat(f"/proc/{pid}/fd/{fd}").st_blocks * 512
        except OSError:
            pass
    return total


def is_gone(before):
    """What was on the disk, behind the answer."""
    until = time.monotonic() + 90
    while disk() - before >= MIB and time.monotonic() < until:
        time.sleep(0.02)
    return disk() - before < MIB


class Watch:
    """The most that memory and disk grow by, meanwhile."""

    def __enter__(self):
        self.before = memory(), disk()
        self.most = [0, 0]
        self.over = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.over:
            for i, now in enumerate((memory(), disk())):
                self.most[i] = max(self.most[i], now - self.before[i])
            time.sleep(0.02)

    def __exit__(self, *args):
        self.over = True
        self.thread.join()


def large():
    """50 MiB, or more than is ever read: the worker and the disk do not see it
    as a whole."""
    file = os.urandom(50 * MIB)
    for name, body, fields in (
            ("and 40 more", form(field('"model"', b"b:m"), field(
                '"file"', file + file[:40 * MIB], "a.wav")), {}),
            ("the model first", form(field('"model"', b"b:m"), field(
                '"file"', file, "a.wav")), {}),
            ("the model last, a header names the backend", form(
                field('"file"', file, "a.wav"), field('"model"', b"m")),
             {"x_dario_backend": "b"}),
            ("/to/", file, {"path": "/to/b/files", "type": "audio/x"})):
        arrived()
        with Watch() as w:
            # No faster than it is read: it is not their speed that counts.
            status, _, text = send(body, 1 * MIB, ahead=2 * MIB, **fields)
        got = arrived()
        want = body if fields else body.replace(b"b:m", b"m", 1)
        check(f"50 MiB, {name}: 200", status == 200, (status, text[:300]))
        check(f"50 MiB, {name}: all of it", len(got) == 1 and got[0]["whole"] and
              got[0]["sha"] == hashlib.sha256(want).hexdigest(), got)
        check(f"50 MiB, {name}: memory", w.most[0] < 8 * MIB, w.most)
        check(f"50 MiB, {name}: disk", w.most[1] < 8 * MIB, w.most)
    with Watch() as w:
        s = opened()
        s.sendall(head(len(file), path="/to/b/stalled", type="audio/x"))
        s.settimeout(1)
        n = 0
        try:
            while n < len(file):
                n += s.send(file[n:n + 65536])
        except TimeoutError:
            pass
        s.settimeout(300)
        time.sleep(0.3)
        most = list(w.most)
        s.sendall(file[n:])
        status, _, _ = answer(s)
    # lighttpd goes on reading, and puts on the disk what the worker leaves.
    check("an upstream that does not read: the worker waits", most[0] < 8 * MIB
          and (most[1] < 8 * MIB or "lighttpd" in PART) and status == 200,
          (n, most, status))
    many = 12
    with Watch() as w:
        results = [0] * many

        def one(i):
            results[i] = send(form(field('"model"', b"b:m"), field(
                '"file"', file[:8 * MIB], "f")), 64 << 10)[0]
        threads = [threading.Thread(target=one, args=(i,)) for i in range(many)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    check("twelve at once: 200", results == [200] * many, results)
    check("twelve at once: memory", w.most[0] < 3 * many * MIB, w.most)


def small():
    """Where the model stands, and how it is written."""
    file = os.urandom(3000)
    trap = (b"\r\n\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n"
            b"nobody:x\r\n--" + BOUNDARY[:-1] + b"\r\n")
    for name, body in (
            ("first", form(field('"model"', b"b:m"), field('"file"', file, "f"))),
            ("last", form(field('"file"', file, "f"), field('"model"', b"b:m"))),
            ("not quoted", form(field("model", b"b:m"), field("file", file, "f"))),
            ("beside one in a file", form(field('"file"', trap, "f"),
                                          field('"model"', b"b:m"))),
            ("beside a file named so", form(field('"model"', b"nobody:x", "model"),
                                            field('"model"', b"b:m")))):
        want = body.replace(b"b:m", b"m", 1)
        for how, step in (("whole", 1 << 30), ("in small pieces", 37)):
            arrived()
            status, fields, text = send(body, step)
            got = arrived()
            check(f"the model {name}, {how}", status == 200 and len(got) == 1 and
                  got[0]["path"] == "/b/v1/audio/transcriptions" and
                  got[0]["body"].encode("latin-1") == want[:4096] and
                  got[0]["fields"]["content-type"] == TYPE and
                  got[0]["fields"]["content-length"] == str(len(want)),
                  (status, text, got))
    for n in (3000, 3 * MIB):
        body = form(field('"model"', b"b:m"), field('"file"', os.urandom(n), "f"))
        arrived()
        s = opened()
        s.sendall(head(0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        for i in range(0, len(body), 70000):
            piece = body[i:i + 70000]
            s.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        s.sendall(b"0\r\n\r\n")
        status, _, text = answer(s)
        got = arrived()
        check(f"of unknown length, {n}", status == 200 and len(got) == 1 and
              got[0]["sha"] == hashlib.sha256(body.replace(b"b:m", b"m", 1))
              .hexdigest(), (status, text, got))
    # At every place where a read can end.
    body = form(field('"file"', trap, "f"), field('"model"', b"b:m"))
    want = body.replace(b"b:m", b"m", 1)
    wrong = []
    arrived()
    for cut in range(len(body) - 120, len(body)):
        s = opened()
        s.sendall(head(len(body)) + body[:cut])
        time.sleep(0.002)
        s.sendall(body[cut:])
        status, _, text = answer(s)
        got = arrived()
        if status != 200 or [g["body"].encode("latin-1") for g in got] != [want]:
            wrong.append((cut, status, text))
    check("cut at every byte of its end", not wrong, wrong[:3])
    for name, body, more in (
            ("missing", form(field('"file"', file, "f")), {}),
            ("in a file alone", form(field('"file"', trap, "f")), {}),
            ("twice", form(field('"model"', b"b:m"), field('"model"', b"b:n")), {}),
            ("no boundary", form(field('"model"', b"b:m")),
             {"type": "multipart/form-data"}),
            ("not printable", form(field('"model"', b"b:\x01")), {})):
        arrived()
        status, _, text = send(body, **more)
        check(f"the model {name}: 400", status == 400 and not arrived(),
              (status, text))
    arrived()
    status, _, text = send(form(field('"file"', file, "f")), x_dario_backend="b")
    got = arrived()
    check("missing, but a header", status == 200 and len(got) == 1, (status, got))


def once():
    """What streams through is sent once."""
    file = os.urandom(6 * MIB)
    large_one = field('"file"', file, "f")
    for name, before, after in (("last", 1, 0), ("before another file", 1, 1),
                                ("in the middle of 50 MiB", 4, 4)):
        body, want = (form(*[large_one] * before, field('"model"', model),
                           *[large_one] * after) for model in (b"b:m", b"m"))
        arrived()
        status, fields, text = send(body, 64 << 10)
        got = arrived()
        check(f"a model behind a large file, {name}", status == 200 and
              len(got) == 1 and got[0]["path"] == "/b/v1/audio/transcriptions" and
              got[0]["sha"] == hashlib.sha256(want).hexdigest(), (status, text))
    arrived()
    status, _, text = send(form(field('"file"', file, "f")), 64 << 10)
    check("none behind a large file: 400", status == 400 and
          b"x-dario-backend" in text and not arrived(), (status, text))
    status, _, text = send(form(field('"file"', file, "f"), field('"model"', b"b:m"),
                                field('"model"', b"a:m")), 64 << 10)
    check("two behind a large file: 400", status == 400 and not arrived(),
          (status, text))
    body = form(field('"model"', b"once"), field('"file"', file, "f"))
    for name, more in (("a form", {"path": "/v1/audio/dropped"}),
                       ("/to/", {"path": "/to/b/dropped"})):
        arrived()
        status, fields, text = send(body, 64 << 10, **more)
        got = arrived()
        check(f"{name}: an upstream that hangs up is asked once", len(got) == 1 and
              status == 502, (status, text, got))
    body = form(field('"model"', b"nowhere"), field('"file"', file, "f"))
    arrived()
    status, fields, text = send(body, 64 << 10)
    got = arrived()
    check("nobody is there: the next one gets it, whole", status == 200 and
          len(got) == 1 and got[0]["whole"] and
          got[0]["sha"] == hashlib.sha256(body.replace(b"nowhere", b"m", 1))
          .hexdigest() and "x-dario-fallback" in fields, (status, text, got))
    small_one = form(field('"model"', b"once"), field('"file"', b"x", "f"))
    arrived()
    status, fields, _ = send(small_one, path="/v1/audio/lost")
    got = arrived()
    check("what is held may be sent again", len(got) > 1, (status, got))
    body = form(field('"model"', b"b:m"), field('"file"', file, "f"),
                field('"model"', b"a:m"))
    arrived()
    status, _, text = send(body, 64 << 10)
    got = awaited()
    check("a second model, late: it is cut", status in (0, 400) and
          len(got) == 1 and not got[0]["whole"], (status, text, got))
    arrived()
    s = opened()
    body = form(field('"model"', b"b:m"), field('"file"', file, "f"))
    s.sendall(head(len(body)) + body[:3 * MIB])
    await_reading(1, s)
    s.close()
    got = awaited()
    check("the client leaves: the upstream is left", len(got) == 1 and
          not got[0]["whole"], got)
    arrived()
    body = form(field('"model"', b"hasty:m"), field('"file"', file, "f"))
    status, _, text = send(body, len(body) // 12, 0.4)
    got = arrived()
    check("a client that is slow is waited for", status == 200 and len(got) == 1 and
          got[0]["whole"], (status, text))


def waits():
    """Several backends, and the model behind 50 MiB: they wait on the disk."""
    large_one = field('"file"', os.urandom(50 * MIB), "f")
    for model, name in ((b"b:m", b"m"), (b"tiny", b"with-a-longer-name"),
                        (b"nowhere", b"m")):
        body, want = (form(large_one, field('"model"', m)) for m in (model, name))
        arrived()
        with Watch() as w:
            status, fields, text = send(body, 1 * MIB, 0.04)
        got = arrived()
        what = f"{model.decode()} behind 50 MiB, several backends"
        check(f"{what}: all of it, under its name", status == 200 and len(got) == 1
              and got[0]["whole"] and got[0]["n"] == len(want) and
              got[0]["sha"] == hashlib.sha256(want).hexdigest(), (status, text, got))
        check(f"{what}: memory", w.most[0] < 8 * MIB, w.most)
        check(f"{what}: disk", w.most[1] < 60 * MIB, w.most)
        check(f"{what}: nothing is left of it", is_gone(w.before[1]), disk())
    body = form(large_one, large_one, field('"model"', b"b:m"))
    arrived()
    with Watch() as w:
        status, _, text = send(body, 1 * MIB)
    check("behind 100 MiB: what to do", status == 413 and not arrived() and
          b"put the field model before the file" in text, (status, text))
    check("behind 100 MiB: memory", w.most[0] < 8 * MIB, w.most)


def crowd():
    """What the web server may have to keep is bounded over all bodies: none of
    these sends more than its beginning."""
    announced = 500 * MIB
    # lighttpd may wait for more with the last few hundred KB.
    beginning = b"x" * 4 * MIB

    def refused(s):
        return bool(select.select([s], [], [], 0)[0])

    def begun(caller):
        """Has its place, or its answer: what is left of another's beginning
        is less than this waits for."""
        arrived()
        s = opened(caller)
        s.sendall(head(announced, path="/to/b/files", type="audio/x") +
                  beginning)
        await_reading(3 * MIB, s)
        return s

    # One caller has room for one of them alone.
    first = [begun("127.0.0.2"), begun("127.0.0.3")]
    check("two have their places", not any(map(refused, first)))
    third = begun("127.0.0.4")
    status, fields, text = answer(third)
    check("a third of 500 MiB: 429, and when to come back", status == 429 and
          b"try again" in text and fields.get("retry-after"),
          (status, fields, text))
    check("none of the others was ended", not any(map(refused, first)))
    status, _, text = send(b"x" * 20 * MIB, path="/to/b/files", type="audio/x")
    check("a smaller one has its place", status == 200, (status, text))
    first[0].close()
    until = time.monotonic() + 180
    while refused(third := begun("127.0.0.4")) and time.monotonic() < until:
        third.close()
    check("one left: the next is taken", not refused(third))
    for s in (first[1], third):
        s.close()
    status, _, text = send(b"x" * 20 * MIB, path="/to/b/files", type="audio/x")
    check("all left: as before", status == 200, (status, text))


def late():
    """A model behind a file that streams has its backend's name all the same."""
    file = field('"file"', os.urandom(MIB + 200000), "f")
    more = field('"other"', os.urandom(300000), "g")
    for model, name in ((b"b:m", b"m"), (b"a-long-alias", b"m"), (b"m", b"m"),
                        (b"b:" + b"n" * 200, b"n" * 200)):
        for where, behind in (("last", ()), ("before another file", (more,))):
            body = form(file, field('"model"', model), *behind)
            want = form(file, field('"model"', name), *behind)
            rest = len(body) - len(want)
            want += b"\r\n" * (rest // 2) + b"\n" * (rest % 2)
            arrived()
            status, _, text = send(body, 64 << 10, x_dario_backend="b")
            got = arrived()
            check(f"{model[:20].decode()}, {where}: 200", status == 200,
                  (status, text))
            check(f"{model[:20].decode()}, {where}: as its backend calls it, in "
                  "the length that was announced", len(got) == 1 and
                  got[0]["whole"] and got[0]["n"] == len(body) and
                  got[0]["sha"] == hashlib.sha256(want).hexdigest(), got)
    # At every place where a read can end.
    body = form(file, field('"model"', b"a-long-alias"))
    want = form(file, field('"model"', b"m")) + b"\r\n" * 5 + b"\n"
    digest, wrong = hashlib.sha256(want).hexdigest(), []
    for cut in range(len(body) - 90, len(body), 2):
        arrived()
        s = opened()
        s.sendall(head(len(body), x_dario_backend="b") + body[:cut])
        time.sleep(0.01)
        s.sendall(body[cut:])
        status, _, text = answer(s)
        got = arrived()
        if status != 200 or [g["sha"] for g in got] != [digest]:
            wrong.append((cut, status, text))
    check("cut at every second byte of its end", not wrong, wrong[:3])
    arrived()
    status, _, text = send(form(file, field('"model"', b"tiny")), 64 << 10,
                           x_dario_backend="b")
    awaited()
    check("one that is longer there: what to do", status == 400 and
          b"put the field model before the file" in text, (status, text))
    waits()
    with Watch() as w:
        body = form(*[file] * 20, field('"model"', b"b:m"))
        status, _, text = send(body, 64 << 10, 0.002, x_dario_backend="b")
    check("behind 20 MiB: memory", status == 200 and w.most[0] < 8 * MIB,
          (status, w.most))


{f.__name__: f for f in (crowd, large, small, once, late)}[PART.split("-")[0]]()
