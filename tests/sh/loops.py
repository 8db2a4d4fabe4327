#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What may hold an event loop up, asked of a worker over its FastCGI socket.

    loops.py BUILDDIR BENCH

BENCH is the folder of fastcgi.py. Prints PASS and FAIL lines.
"""

import glob
import json
import os
import resource
import select
import signal
import shutil
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, sys.argv[2])
import fastcgi  # noqa: E402

BUILD = sys.argv[1]
END = b"\x01\x03\x00\x01\x00\x08"
KEEP = fastcgi.request("/health", method="GET").replace(
    b"\0\1\0\0\0\0\0\0", b"\0\1\1\0\0\0\0\0", 1)
SMALL = json.dumps({"model": "gpt-x", "messages": [
    {"role": "user", "content": "hi"}]}).encode()


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def connect(worker):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(90)
    s.connect(worker.path)
    return s


def answer(s):
    """All of it, or what came before the connection ended, and why."""
    data = b""
    try:
        while END not in data:
            more = s.recv(65536)
            if not more:
                break
            data += more
    except OSError as e:
        return data + repr(e).encode()
    return data


def health(worker):
    with connect(worker) as s:
        s.sendall(fastcgi.request("/health", method="GET"))
        return answer(s)


def long_request(path, size, begun):
    """A request that says how long it is, and has only begun."""
    about = dict(fastcgi.ABOUT, REQUEST_METHOD="POST", REQUEST_URI=path,
                 SCRIPT_NAME=path, CONTENT_LENGTH=str(size))
    pairs = b"".join(
        fastcgi.length(len(k)) + fastcgi.length(len(v)) + k.encode() +
        v.encode() for k, v in about.items())
    return (fastcgi.record(1, b"\0\1\0\0\0\0\0\0") + fastcgi.record(4, pairs) +
            fastcgi.record(4, b"") + fastcgi.record(5, begun))


def edit_with_old_state():
    """An edit when something of the shared state is to be forgotten."""
    with fastcgi.Worker(BUILD) as w:
        health(w)
        folder = f"{w.home}/state/sticky"
        os.makedirs(folder, 0o700, exist_ok=True)
        os.chmod(f"{w.home}/state", 0o700)
        old = time.time() - 4 * 3600
        for i in range(4):
            fastcgi.put(f"{folder}/{i:02x}.json", {})
            os.utime(f"{folder}/{i:02x}.json", (old, old))
        fastcgi.put(f"{w.home}/config.json", {"verbose": False})
        got = []
        threads = [threading.Thread(target=lambda: got.append(health(w)))
                   for _ in range(12)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        check("an edit with old state: all are answered",
              all(b"Status: 200" in g for g in got), got[:1])


def idle_connections():
    """More kept connections than the worker may have."""
    with fastcgi.Worker(BUILD, tool=["prlimit", "--nofile=600:600"]) as w:
        kept, good = [], 0
        for _ in range(300):
            s = connect(w)
            s.sendall(KEEP)
            good += END in answer(s)
            kept.append(s)
        check("idle kept connections make room", good == 300, good)


def takes(s, data):
    try:
        s.sendall(data)
    except OSError:
        return False
    return True


def stray(s):
    """What comes behind an answer."""
    try:
        return s.recv(65536) if select.select([s], [], [], 0.3)[0] else b""
    except OSError:
        return b""


def asked_as_it_makes_room():
    """Kept connections are asked on in the moment in which one of them makes
    room for another: each is answered once."""
    with fastcgi.Worker(BUILD, tool=["prlimit", "--nofile=600:600"]) as w:
        kept = [connect(w) for _ in range(300)]
        for s in kept:
            s.sendall(KEEP)
            answer(s)
        kept = [s for s in kept if not select.select([s], [], [], 0)[0]]
        asked = [s for s in [connect(w)] + kept if takes(s, KEEP)]
        # Who was ended before anything was read is asked anew by a web server.
        answers = [a for a in map(answer, asked) if a.startswith(b"\1")]
        odd = [a for a in answers
               if a.count(b"Status:") != 1 or b"Status: 200" not in a]
        odd += [more for s in asked[:4] if (more := stray(s))]
        return len(odd), odd[:1], len(answers) > 200


ASKED = fastcgi.request("/v1/chat/completions", json.dumps({
    "model": "up:m", "messages": [{"role": "user", "content": "hi"}]}).encode())
ANSWER = (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
          b"Content-Length: 2\r\n\r\n{}")


def ask(worker):
    """The client's connection, and the upstream's: None when it was answered
    without one."""
    s = connect(worker)
    s.sendall(ASKED)
    ready = select.select([s, worker.listener] + worker.kept, [], [], 90)[0]
    return s, None if s in ready else worker.upstream_request()


def is_served(worker):
    s, up = ask(worker)
    if up:
        up.sendall(ANSWER)
    return b"Status: 200" in answer(s)


def counted(worker):
    """What is held against a backend or an account."""
    names = glob.glob(f"{worker.home}/state/*")  # it may not be there yet
    return [n for n in map(os.path.basename, names)
            if n.startswith(("breaker-", "limits-"))]


def more_than_fit():
    """With few descriptors it takes fewer requests at a time, and says so."""
    with fastcgi.Worker(BUILD, tool=["prlimit", "--nofile=600:600"]) as w:
        asked = [ask(w) for _ in range(220)]
        served = [(s, up) for s, up in asked if up]
        refused = [answer(s) for s, up in asked if not up]
        for _, up in served:
            up.sendall(ANSWER)
        good = [b"Status: 200" in answer(s) for s, _ in served]
        with open(w.log.name) as log:
            said = "requests are served at a time, not" in log.read()
        check("few descriptors: it says so", said)
        check("few descriptors: as many as fit are served",
              len(good) >= 100 and all(good), (len(good), good.count(False)))
        check("few descriptors: the others shall come again",
              refused and all(b"Status: 429" in a and b"Retry-After" in a
                              for a in refused), refused[:1])
        check("few descriptors: then it goes on", is_served(w))
        check("few descriptors: nobody is blamed", not counted(w), counted(w))


class Scarce:
    """A process that has hardly a descriptor left to open."""

    def __init__(self, pid):
        self.pid = pid
        self.before = resource.prlimit(pid, resource.RLIMIT_NOFILE)

    def left(self):
        used = {int(d) for d in os.listdir(f"/proc/{self.pid}/fd")}
        most = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)[0]
        return [d for d in range(most) if d not in used]

    def leave(self, n):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE,
                         (self.left()[n], self.before[1]))

    def one_more(self):
        most = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)[0]
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE,
                         (most + 1, self.before[1]))

    def give_back(self):
        resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


def ask_with_few(worker, scarce):
    """As ask. What the worker opens for itself may take the last ones, and
    nobody can be let in without one: then it gets another one."""
    s = connect(worker)
    s.sendall(ASKED)
    there = [s, worker.listener] + worker.kept
    for _ in range(300):
        ready = select.select(there, [], [], 0.3)[0]
        if ready:
            break
        if not scarce.left():
            scarce.one_more()
    return s, None if s in ready else worker.upstream_request()


def hardly_any_left(n, edited=False):
    """The web server's connection takes one of them, another one goes to the
    upstream: the kept one is in use."""
    with fastcgi.Worker(BUILD) as w:
        name = f"descriptors left: {n}{', an edit' if edited else ''}"
        check(f"{name}: served before", is_served(w))
        first, up = ask(w)
        scarce = Scarce(w.child.pid)
        scarce.leave(n)
        if edited:
            os.utime(f"{w.home}/keys")
            os.utime(f"{w.home}/backends/up.json")
        s, other = ask_with_few(w, scarce)
        if other:
            other.sendall(ANSWER)
        told = answer(s)
        check(f"{name}: served, or told to come again",
              b"Status: 200" in told if other else
              b"Status: 429" in told and b"Retry-After" in told, told[:300])
        scarce.give_back()
        up.sendall(ANSWER)
        check(f"{name}: what runs goes on", b"Status: 200" in answer(first))
        check(f"{name}: nobody is blamed", not counted(w), counted(w))
        check(f"{name}: served behind it", is_served(w))


def stop_with_kept():
    """A request is written on a kept connection while the worker stops. One
    that meets its end has no byte of an answer, and is the web server's to send
    again."""
    lost = []

    def ask_on(s):
        while True:
            try:
                s.sendall(KEEP)
            except OSError:
                return
            data = answer(s)
            if END not in data:
                if data and not data.startswith(b"ConnectionResetError"):
                    lost.append(data[:60])
                return
            time.sleep(0.3)  # a moment of quiet, in which it may end

    with fastcgi.Worker(BUILD) as w:
        kept = [connect(w) for _ in range(24)]
        threads = [threading.Thread(target=ask_on, args=(s,)) for s in kept]
        for t in threads:
            t.start()
        health(w)
        w.child.send_signal(signal.SIGTERM)
        for t in threads:
            t.join()
        for s in kept:
            s.close()
        check("a stop: no answer is cut", not lost, lost[:2])


def announced_bytes():
    with fastcgi.Worker(BUILD, tool=["env", "DARIO_MEMORY=65"]) as w:
        health(w)
        with connect(w) as held, connect(w) as s:
            held.sendall(long_request("/v1/chat/completions", 64 << 20, b"{"))
            health(w)
            s.sendall(fastcgi.request(
                "/v1/responses", b'{"input":"%s"}' % (b"x" * 1200000)))
            data = answer(s)  # that there is no model is seen at its end
            check("announced bytes take no memory", b"Status: 400" in data,
                  data[:200])


def stop_with(name, begin, want):
    """Something that would go on for ever when the worker has to go."""
    with fastcgi.Worker(BUILD, tool=["env", "DARIO_DRAIN_MS=300"]) as w:
        health(w)
        with connect(w) as s:
            s.sendall(begin)
            health(w)
            w.child.send_signal(signal.SIGTERM)
            data = answer(s)
            check(f"a stop, {name}: {want or 'it ends'}",
                  want.encode() in data, data[:200])
            check(f"a stop, {name}: exit 0", w.child.wait(90) == 0)


def as_somebody(uid, processes):
    """A tool of a worker: its user, whose the home is then, may run so many
    processes, threads among them."""
    return ["sh", "-c", f'chown -R {uid}:{uid} "$HOME" && exec "$@"', "sh",
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups",
            "prlimit", f"--nproc={processes}"]


def serves(worker):
    try:
        return is_served(worker) and b"Status: 200" in health(worker)
    except OSError:
        return False


def few_processes():
    """It serves with fewer threads, or says what is missing."""
    uid = 50000 + os.getpid() % 10000  # of nobody else, whose count it is
    tool = as_somebody(uid, 99)[4:]
    if os.geteuid() or not shutil.which("setpriv") or subprocess.run(
            [*tool, os.path.join(BUILD, "dario.fcgi"), "--version"],
            capture_output=True).returncode:
        print("few processes: not tried, root alone can be somebody else")
        return
    served, refused, silent = [], [], []
    for n in range(1, 7):
        try:
            with fastcgi.Worker(BUILD, as_somebody(uid, n)) as w:
                if not serves(w):
                    w.fail("it does not serve")
            served.append(n)
        except RuntimeError as e:
            (refused if "ulimit -u" in str(e) else silent).append(n)
    check("few processes: it serves, or says what is missing",
          served and refused and not silent, (served, refused, silent))
    check("few processes: what is enough is enough with more",
          max(refused, default=0) < min(served, default=99),
          (served, refused))


def main():
    edit_with_old_state()
    idle_connections()
    # Which event comes first is for chance.
    odd = [asked_as_it_makes_room() for _ in range(8)]
    check("asked as it makes room: each is answered once",
          odd == [(0, [], True)] * 8, odd)
    more_than_fit()
    few_processes()
    for left in (1, 2):
        hardly_any_left(left)
        hardly_any_left(left, edited=True)
    stop_with_kept()
    announced_bytes()
    stop_with("an upload", long_request("/v1/messages", 5000, b"{"),
              "Status: 503")
    stop_with("half a head", KEEP[:200], "")


main()
