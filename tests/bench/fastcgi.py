# SPDX-License-Identifier: MIT
"""A worker between a FastCGI client and an upstream that are one program, step
by step: what the worker reads, and in which pieces, is the same in every run.

    with Worker(builddir, tool) as w: w.ask(path, body, pieces)
"""

import json
import os
import select
import shutil
import socket
import struct
import subprocess
import tempfile
import time

PLACE = "/tmp"  # of all files, whatever TMPDIR says: see budget.py
WAIT = 300  # seconds for any one step: under valgrind, on a busy machine
ABOUT = {  # the variables of lighttpd 1.4.69, beside those of the request
    "QUERY_STRING": "", "PATH_INFO": "", "SCRIPT_FILENAME": "/srv/www",
    "DOCUMENT_ROOT": "/srv/www", "SERVER_PROTOCOL": "HTTP/1.1", "SERVER_SOFTWARE": "lighttpd",
    "GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_SCHEME": "http",
    "SERVER_PORT": "3456", "SERVER_ADDR": "127.0.0.1",
    "SERVER_NAME": "127.0.0.1:3456", "REMOTE_ADDR": "127.0.0.1",
    "REMOTE_PORT": "50000", "HTTP_HOST": "127.0.0.1:3456",
    "CONTENT_TYPE": "application/json",
    "HTTP_CONTENT_TYPE": "application/json", "HTTP_ACCEPT": "*/*",
    "HTTP_USER_AGENT": "bench/1.0", "HTTP_AUTHORIZATION": "Bearer unused"}


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def length(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 1 << 31)


def request(path, body=b"", method="POST"):
    variables = dict(ABOUT, REQUEST_METHOD=method, REQUEST_URI=path,
                     SCRIPT_NAME=path,
                     CONTENT_LENGTH=str(len(body)),
                     HTTP_CONTENT_LENGTH=str(len(body)))
    pairs = b"".join(length(len(k)) + length(len(v)) + k.encode() + v.encode()
                     for k, v in variables.items())
    step = 65528
    return (record(1, b"\0\1\0\0\0\0\0\0") + record(4, pairs) +
            record(4, b"") +
            b"".join(record(5, body[i:i + step])
                     for i in range(0, len(body), step)) + record(5, b""))


def whole(data):
    """The head and its body, when all of it is there."""
    head, end, rest = data.partition(b"\r\n\r\n")
    size = head.lower().partition(b"content-length: ")[2]
    return bool(end) and len(rest) >= int(size.split(b"\r\n")[0])


def put(path, value):
    """JSON in a file of the home, for its owner alone."""
    os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
    with open(os.open(path + ".new", os.O_WRONLY | os.O_CREAT, 0o600),
              "w") as f:
        json.dump(value, f)
    os.rename(path + ".new", path)


def add_accounts(home, count):
    for i in range(count):
        put(f"{home}/accounts/a{i}.json", {
            "alias": f"a{i}", "accessToken": f"bench-access-{i}",
            "refreshToken": f"bench-refresh-{i}",
            "expiresAt": int(time.time() + 86400) * 1000,
            "scopes": ["user:inference"]})


class Worker:
    """`accounts` of the subscription's pool, beside the backend "up"."""

    def __init__(self, builddir, tool=(), accounts=0):
        self.dir = tempfile.mkdtemp(dir=PLACE, prefix="dario-worker-")
        self.path = os.path.join(self.dir, "socket")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.kept = []
        self.upstream = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("DARIO_")}
        self.home = os.path.join(self.dir, "home")
        env.update(DARIO_HOME=self.home, HOME=self.dir,
                   DARIO_DATADIR=os.path.join(os.path.dirname(
                       os.path.abspath(__file__)), "..", ".."),
                   DARIO_ANTHROPIC_BASE_URL=self.upstream,
                   DARIO_MIN_INTERVAL_MS="0")
        dario = os.path.join(builddir, "dario")
        subprocess.run([dario, "backend", "add", "up", "--key-stdin",
                        f"--base-url={self.upstream}/v1"], env=env, check=True,
                       input=b"upstream-key-1", stderr=subprocess.DEVNULL)
        add_accounts(self.home, accounts)
        self.log = open(os.path.join(self.dir, "log"), "w+")
        self.child = subprocess.Popen(
            [*tool, os.path.join(builddir, "dario.fcgi"),
             f"--listen={self.path}"], env=env, stderr=self.log,
            stdout=self.log)

    def __enter__(self):
        deadline = time.monotonic() + WAIT
        while not self.listens():
            if self.child.poll() is not None or time.monotonic() > deadline:
                self.fail("the worker does not start")
            time.sleep(0.02)
        return self

    def listens(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(self.path) == 0

    def __exit__(self, *unused):
        self.child.terminate()
        try:
            self.child.wait(WAIT)
        except subprocess.TimeoutExpired:
            self.child.kill()
        for c in self.kept:
            c.close()
        self.listener.close()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def fail(self, why):
        self.log.seek(0)
        raise RuntimeError(f"{why}: {self.log.read()[-2000:]}")

    def upstream_request(self):
        """The connection on which the worker has asked; `asked` is what."""
        got = {}
        while True:
            ready = select.select([self.listener] + self.kept, [], [], WAIT)[0]
            if not ready:
                self.fail("nothing was asked upstream")
            for c in ready:
                if c is self.listener:
                    self.kept.append(c.accept()[0])
                    self.kept[-1].setsockopt(socket.IPPROTO_TCP,
                                             socket.TCP_NODELAY, 1)
                    continue
                data = c.recv(1 << 20)
                got[c] = got.get(c, b"") + data
                if not data:
                    self.kept.remove(c)
                    c.close()
                elif whole(got[c]):
                    self.asked = got[c]
                    return c

    def connect(self, front):
        """Between the socket's file and its being listened at lies a moment."""
        deadline = time.monotonic() + WAIT
        while front.connect_ex(self.path):
            if self.child.poll() is not None or time.monotonic() > deadline:
                self.fail("the worker cannot be reached")
            time.sleep(0.02)

    def send(self, data):
        front = socket.socket(socket.AF_UNIX)
        front.settimeout(WAIT)
        self.connect(front)
        front.sendall(data)
        return front

    def rest(self, front):
        answer = b""
        while True:
            more = front.recv(1 << 20)
            if not more:
                front.close()
                return answer
            answer += more

    def get(self, path):
        return self.rest(self.send(request(path, method="GET")))

    def ask(self, path, body, pieces):
        """Each piece (bytes, mark) goes out when the mark of the one before
        has come through. Returns the worker's answer, records and all."""
        front = self.send(request(path, body))
        up = self.upstream_request()
        answer = b""
        for data, mark in pieces:
            up.sendall(data)
            while mark not in answer:
                more = front.recv(1 << 20)
                if not more:
                    self.fail(f"no {mark} in {answer[-300:]}")
                answer += more
        return answer + self.rest(front)


def body(model, path, stream):
    asked = {"model": model, "stream": stream, "messages": [
        {"role": "user", "content": "a question of many words. " * 35}]}
    if path.endswith("/messages"):
        asked["max_tokens"] = 99
    return json.dumps(asked).encode()
