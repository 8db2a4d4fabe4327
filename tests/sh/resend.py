#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An upstream that counts POSTs and closes connections, and its client.

    resend.py PORT

The client asks the router at PORT for model up:m. Prints PASS and FAIL lines.
DARIO is the command, for adding the backend.
"""

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time

ANSWER = json.dumps({
    "id": "c", "object": "chat.completion", "created": 1, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "hi"}}]}).encode()
HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(ANSWER))
BODY = json.dumps({"model": "up:m", "pad": "x" * 200, "messages": [
    {"role": "user", "content": "hi"}]})


LOOPS_MAX = 4  # of a worker, each with connections of its own


class Upstream:
    """`how` decides what happens to the next request on a connection."""

    def __init__(self):
        self.posts = 0
        self.connections = 0
        self.how = lambda number: "answer"
        self.after = 0.0  # seconds from an answer to the close; 0: kept
        self.late = 0  # closed when the machine let us, later than that
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

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
        if how == "work":  # and close without a word
            time.sleep(1)
            return False
        if how == "close":
            return False
        if isinstance(how, bytes):  # the beginning of an answer
            time.sleep(0.003)  # the router waits for it by then
            c.sendall(how)
            return False
        c.sendall(HEAD + ANSWER)
        if self.after:
            end = time.monotonic() + self.after
            time.sleep(self.after)
            self.late += time.monotonic() - end > 0.004
            return False
        return True


def ask(client):
    client.request("POST", "/v1/chat/completions", BODY,
                   {"Content-Type": "application/json"})
    r = client.getresponse()
    return r.status, r.read().decode()


def check(name, got, want):
    print(f"PASS {name}" if got == want else
          f"FAIL {name}: got {got}, wanted {want}", flush=True)


def main():
    up = Upstream()
    subprocess.run([os.environ["DARIO"], "backend", "add", "up",
                    f"--base-url=http://127.0.0.1:{up.port}/v1"],
                   check=True, stderr=subprocess.DEVNULL)
    client = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), 30)

    # works on it and closes: on a new connection, and on a kept one
    for kept in (0, 1):
        up.how = lambda number: "work" if number == kept else "answer"
        status, text, asked = 200, "", 0
        while status == 200 and asked < LOOPS_MAX + kept:
            up.posts = 0
            status, text = ask(client)
            asked += 1
        name = "kept" if kept else "new"
        check(f"{name} connection, worked on and closed", status, 502)
        check(f"{name} connection, sent once", up.posts, 1)
        check(f"{name} connection, says that it may be billed",
              "may have been billed" in text, True)

    # an answer has begun, be it by a byte: nothing is sent again
    for name, begun in (("a byte", b"H"), ("half a line", b"HTTP/1.1 2"),
                        ("a 100", b"HTTP/1.1 100 Continue\r\n\r\n"),
                        ("half a head", b"HTTP/1.1 200 OK\r\nContent-Ty")):
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

    # many such losses one after the other: no handle remembers them
    up.how = lambda number: "answer" if number == 0 else "work"
    up.posts, statuses = 0, []
    for _ in range(8 * LOOPS_MAX):
        statuses.append(ask(client)[0])
    lost = statuses.count(502)
    check("losses in a row", lost >= 3 * LOOPS_MAX and
          lost + statuses.count(200) == len(statuses), True)
    check("losses in a row, each sent once", up.posts, len(statuses))

    # closes as the next request is on its way
    up.how = lambda number: "answer"
    failed = 0
    up.posts = 0
    for i in range(200):
        up.after = (i % 9) * 0.0005 + 0.00001
        failed += ask(client)[0] != 200
    # None, on a machine that lets the worker run; see STALE_SPARE_MS.
    check("closed right after an answer: at most 2 of 200 fail",
          failed <= 2 + up.late or (failed, up.late), True)
    check("closed right after an answer: each served once",
          up.posts, 200 - failed)
    up.after = 0


if __name__ == "__main__":
    main()
