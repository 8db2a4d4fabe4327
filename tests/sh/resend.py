#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An upstream that counts POSTs and closes connections, and its client.

    resend.py PORT WORKER...

The client asks the router at PORT for model up:m; WORKER are its workers' pids.
Prints PASS and FAIL lines. DARIO is the command, for adding the backend.
"""

import contextlib
import glob
import http.client
import json
import os
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time


def chat(content):
    return json.dumps({
        "id": "c", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": content}}]}).encode()


def whole(body):
    return (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body)


ANSWER = chat("hi")
LARGE = chat("some words " * 100000)
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
BODY = json.dumps({"model": "up:m", "pad": "x" * 200, "messages": [
    {"role": "user", "content": "hi"}]})
MANY = 200  # requests at once

LOOPS_MAX = 4  # of a worker, each with connections of its own
CUTS = 8  # of which one at least meets a worker that waits
AFTER = (0.00001, 0.001, 0.002, 0.003, 0.004)  # seconds


@contextlib.contextmanager
def standing_still(pids):
    """What is sent to them meanwhile they find all at once."""
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for pid in pids:
            while any(map(runs, glob.glob(f"/proc/{pid}/task/*/stat"))):
                time.sleep(0.001)
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def runs(stat):
    try:
        with open(stat) as f:
            return f.read().rpartition(")")[2].split()[0] != "T"
    except OSError:  # it has ended
        return False


class Upstream:
    """`how` decides what happens to the next request on a connection."""

    def __init__(self):
        self.posts = 0
        self.connections = 0
        self.whole = 0  # answers
        self.gate = None  # for "together": all are here
        self.how = lambda number: "answer"
        self.workers = []  # pids, for "cut"
        self.after = 0.0  # seconds from an answer to the close; 0: kept
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()
        add("up", self.port)

    def accept(self):
        while True:
            c, _ = self.socket.accept()
            self.connections += 1
            threading.Thread(target=self.serve, args=(c,),
                             daemon=True).start()

    def serve(self, c):
        c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with c, c.makefile("rb") as f:
            number = 0
            while self.one(c, f, number):
                number += 1

    def one(self, c, f, number):
        line = f.readline()
        if not line:
            return False
        length = 0
        while line.strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
            line = f.readline()
        f.read(length)
        self.posts += 1
        how = self.how(number)
        if how in ("work", "abort"):  # and close without a word
            time.sleep(0.4)
            if how == "abort":
                end_hard(c)
            return False
        if how == "cut":
            with standing_still(self.workers):
                c.sendall(ENDLESS + ANSWER)
                end_hard(c)
                f.close()
                c.close()
            return False
        if how == "close":
            return False
        if how == "together":
            self.gate.wait(120)
        if how == "large":
            c.sendall(whole(LARGE))
            return True
        if isinstance(how, bytes):  # the beginning of an answer
            time.sleep(0.003)  # the router waits for it by then
            c.sendall(how)
            return False
        self.whole += 1
        c.sendall(whole(ANSWER))
        if self.after:
            time.sleep(self.after)
            return False
        return True


def end_hard(c):
    """Its close is a reset."""
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def add(name, port):
    subprocess.run([os.environ["DARIO"], "backend", "add", name,
                    f"--base-url=http://127.0.0.1:{port}/v1"],
                   check=True, stderr=subprocess.DEVNULL)


def ask(client, model="up:m"):
    client.request("POST", "/v1/chat/completions",
                   BODY.replace("up:m", model),
                   {"Content-Type": "application/json"})
    r = client.getresponse()
    return r.status, r.read().decode()


def check(name, got, want):
    print(f"PASS {name}" if got == want else
          f"FAIL {name}: got {got}, wanted {want}", flush=True)


def check_cut(client, workers):
    """An answer that ends with its connection is none when that is reset, even
    if all of it seems to be there."""
    for name, kept in (("new", 0), ("kept", 1)):
        got = set()
        for _ in range(CUTS):
            up = Upstream()
            up.workers = workers
            up.how = lambda number: "cut" if number == kept else "answer"
            status, asked = 200, 0
            while up.whole == asked and asked <= LOOPS_MAX * kept:
                status, text = ask(client)
                asked += 1
            got.add((status, "upstream_reset" in text, up.whole < asked))
        check(f"reset behind an answer, {name} connection", got,
              {(502, True, True)})


def all_at_once(port, clients, each, want):
    """Are all answers as they should be, and how many there were."""
    right = []

    def ask_often():
        client = http.client.HTTPConnection("127.0.0.1", port, 120)
        for _ in range(each):
            client.request("POST", "/v1/chat/completions", BODY,
                           {"Content-Type": "application/json"})
            right.append(client.getresponse().read() == want)

    threads = [threading.Thread(target=ask_often) for _ in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return all(right), len(right)


def check_large(port):
    """Large answers come in many pieces, for several at once: the connection
    of one that is whole is used again."""
    up = Upstream()
    up.how = lambda number: "large"
    check("large answers are whole", all_at_once(port, 16, 12, LARGE),
          (True, 16 * 12))
    check("large answers: their connections are used again",
          up.connections <= 16 * LOOPS_MAX, True)


def check_many(port):
    """As many connections as are in use are kept for what comes next."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4 * LOOPS_MAX * MANY:
        return  # fewer are kept where they have to be shared
    up = Upstream()
    up.how = lambda number: "together"
    up.gate = threading.Barrier(MANY)
    for again in range(5):
        check(f"{MANY} at once, {again}: all are answered",
              all_at_once(port, MANY, 1, ANSWER), (True, MANY))
    check(f"{MANY} at once: connections are used again",
          up.connections < 2 * MANY, True)


def main():
    up = Upstream()
    client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), 120)

    # works on it and closes: on a new connection, and on a kept one
    for kept, how in ((0, "work"), (1, "work"), (1, "abort")):
        up.how = lambda number: how if number == kept else "answer"
        status, text, asked = 200, "", 0
        while status == 200 and asked < LOOPS_MAX + kept:
            up.posts = 0
            status, text = ask(client)
            asked += 1
        name = f"{how}, {'kept' if kept else 'new'}"
        check(f"{name} connection, worked on and closed", status, 502)
        check(f"{name} connection, sent once", up.posts, 1)
        check(f"{name} connection, says that it may be billed",
              "may have been billed" in text, True)

    # refused, but a while later: nothing was sent
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    place = full.getsockname()
    waiting = [socket.socket() for _ in range(3)]
    for w in waiting:
        w.setblocking(False)
        w.connect_ex(place)
    add("full", place[1])
    threading.Timer(0.3, full.close).start()
    status, text = ask(client, "full:m")
    check("refused a while later", (status, "upstream_unreachable" in text,
                                    "billed" in text), (502, True, False))

    # an answer has begun, be it by a byte: nothing is sent again
    for name, begun in (("a byte", b"H"), ("half a line", b"HTTP/1.1 2"),
                        ("a 100", b"HTTP/1.1 100 Continue\r\n\r\n"),
                        ("half a head", b"HTTP/1.1 200 OK\r\nContent-Ty")):
        up = Upstream()  # which is not known to close
        up.how = lambda number: begun if number else "answer"
        status, text, asked = 200, "", 0
        while status == 200 and asked <= LOOPS_MAX:
            up.posts = 0
            status, text = ask(client)
            asked += 1
        check(f"closed after {name}: fails", status, 502)
        check(f"closed after {name}: sent once", up.posts, 1)
        check(f"closed after {name}: says that it may be billed",
              "may have been billed" in text, True)

    check_cut(client, [int(pid) for pid in sys.argv[2:]])

    check_large(int(sys.argv[1]))
    check_many(int(sys.argv[1]))

    # many such losses one after the other: no handle remembers them
    up = Upstream()
    up.how = lambda number: "answer" if number == 0 else "work"
    up.posts, statuses = 0, []
    for _ in range(8 * LOOPS_MAX):
        statuses.append(ask(client)[0])
    lost = statuses.count(502)
    check("losses in a row", lost >= 3 * LOOPS_MAX and
          lost + statuses.count(200) == len(statuses), True)
    check("losses in a row, each sent once", up.posts, len(statuses))

    # closes soon after its answers, without a word: a request that comes
    # meanwhile lies there unread. It is seen, and from then on no connection
    # is used a second time.
    up.how = lambda number: "answer"
    for name, after in (("30", [0.03]), ("0 to 4", AFTER)):
        in_row, asked = 0, 0
        while in_row < 8 * LOOPS_MAX and asked < 600:
            up.after = after[asked % len(after)]
            before = up.connections
            status, _ = ask(client)
            asked += 1
            fresh = status == 200 and up.connections > before
            in_row = in_row + 1 if fresh else 0
        check(f"closed {name} ms after an answer: that is seen",
              asked < 600, True)
        failed, up.posts = 0, 0
        for i in range(600):
            up.after = after[i % len(after)]
            failed += ask(client)[0] != 200
        check(f"closed {name} ms after an answer: of 600 fail", failed, 0)
        check(f"closed {name} ms after an answer: each sent once",
              up.posts, 600)

    # and one that keeps them again is used so again, a while later
    up.after = 0
    deadline = time.monotonic() + 180
    kept = False
    while not kept and time.monotonic() < deadline:
        before = up.connections
        ask(client)
        kept = up.connections == before
        time.sleep(0.1)
    check("connections are kept again", kept, True)


if __name__ == "__main__":
    main()
