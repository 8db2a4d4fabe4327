#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies that somebody sends who may not, clients that leave, and silent ones.

    uploads.py PORT KEY HOME PID

The router at PORT has the key KEY and keeps its files in HOME; its
process is PID, and its model demo:demo answers. Prints PASS and FAIL lines.
"""

import json
import os
import re
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
import urllib.request

PORT, KEY, HOME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
ROUTER = int(sys.argv[4])
MIB = 1 << 20
BODY = 64 * MIB
CLIENTS = 4  # held back, they would put four times BODY on the disk


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def disk():
    total = 0
    for folder, _, files in os.walk(HOME):
        for name in files:
            try:
                total += os.stat(os.path.join(folder, name)).st_blocks * 512
            except FileNotFoundError:
                pass
    return total


def refused(fields, result, method):
    """Send a large body; what was sent when the answer came, and its status.
    It goes slowly, so that a slow machine has the time to refuse it."""
    s = socket.create_connection(("127.0.0.1", PORT), 120)
    s.settimeout(120)
    chunked = "Transfer-Encoding: chunked" in fields
    length = "" if chunked else f"Content-Length: {BODY}\r\n"
    s.sendall((f"{method} /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n"
               f"Content-Type: application/json\r\n{length}"
               f"{fields}\r\n").encode())
    s.setblocking(False)
    piece = b"x" * 65536
    if chunked:
        piece = b"%x\r\n%s\r\n" % (len(piece), piece)
    sent, answer = 0, b""
    end = time.monotonic() + 120
    while sent < BODY and time.monotonic() < end:
        try:
            answer = s.recv(65536)
            break
        except BlockingIOError:
            pass
        except ConnectionError:
            break
        try:
            sent += s.send(piece[sent % len(piece):])
            time.sleep(0.05)
        except BlockingIOError:
            time.sleep(0.001)
        except ConnectionError:
            s.settimeout(60)
            try:
                answer = s.recv(65536)
            except OSError:
                pass
            break
    result.append((sent, answer.split(b" ")[1:2], disk()))
    s.close()


def refused_small(fields):
    s = socket.create_connection(("127.0.0.1", PORT), timeout=60)
    s.sendall(f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n"
              f"{fields}Content-Length: 2\r\n\r\n{{}}".encode())
    status = s.recv(4096).split(b" ")[1]
    s.close()
    return status


def uploads(name, fields, status, method="POST"):
    before, result = disk(), []
    threads = [threading.Thread(target=refused, args=(fields, result, method))
               for _ in range(CLIENTS)]
    for t in threads:
        t.start()
    most = 0
    while any(t.is_alive() for t in threads):
        most = max(most, disk() - before)
        time.sleep(0.005)
    check(f"{name}: refused", all(r[1] == [status] for r in result), result)
    check(f"{name}: before it was there",
          all(r[0] < BODY / 4 for r in result), [r[0] for r in result])
    check(f"{name}: hardly on the disk", most < BODY / 4, most)


def request(method, path, body=b""):
    return (f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n"
            f"x-api-key: {KEY}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def busy():
    r = urllib.request.Request(f"http://127.0.0.1:{PORT}/health",
                               headers={"x-api-key": KEY})
    return json.load(urllib.request.urlopen(r, timeout=120))["busy"]


def wait_busy(test):
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if test(busy()):
            return True
        time.sleep(0.02)
    return False


def has_bytes(s):
    return bool(select.select([s], [], [], 0)[0])


def waits(stream, n):
    """A client of a provider that is silent for good, the n-th at a time;
    None when it has not begun."""
    body = json.dumps({"model": "up:mute", "stream": stream, "messages": [
        {"role": "user", "content": "hi"}]}).encode()
    s = socket.create_connection(("127.0.0.1", PORT), 120)
    s.sendall(request("POST", "/v1/chat/completions", body))
    return s if wait_busy(lambda busy: busy == n) else None


def leaves(name, stream, half, reset=False):
    """A client waits for such a provider, and closes. A stream is sent
    keep-alive bytes after a minute, and they show the loss too: it must be
    noticed before another, which has come earlier and stays, has any."""
    stays = waits(True, 1) if stream else None
    s = waits(stream, 2 if stream else 1)
    if not s or (stream and not stays):
        check(name, False, "it has not begun")
        return
    if reset:  # once its socket has been seen
        time.sleep(4)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    if half:
        s.shutdown(socket.SHUT_WR)
    else:
        s.close()
    if stays:
        gone = wait_busy(lambda n: n == 1 or has_bytes(stays)) and busy() == 1
        check(name, gone and not has_bytes(stays), "keep-alive bytes came")
        stays.close()
    check(f"{name}: nothing is left" if stays else name,
          wait_busy(lambda n: n == 0))
    s.close()


def web_server():
    with open(f"/proc/{ROUTER}/task/{ROUTER}/children") as f:
        for pid in f.read().split():
            with open(f"/proc/{pid}/comm") as c:
                if c.read().strip() == "lighttpd":
                    return int(pid)
    raise SystemExit("no lighttpd")


def leave_at_once():
    """Requests that are there as the web server accepts them: it does not
    watch such a client until the answer begins."""
    name = "there as it was accepted, the clients leave"
    body = json.dumps({"model": "up:mute", "messages": [
        {"role": "user", "content": "hi"}]}).encode()
    pid = web_server()
    os.kill(pid, signal.SIGSTOP)
    try:
        clients = [socket.create_connection(("127.0.0.1", PORT), 120)
                   for _ in range(CLIENTS)]
        for s in clients:
            s.sendall(request("POST", "/v1/chat/completions", body))
    finally:
        os.kill(pid, signal.SIGCONT)
    if not wait_busy(lambda n: n >= CLIENTS):
        check(name, False, "they have not begun")
        return
    for s in clients:
        s.close()
    check(name, wait_busy(lambda n: n == 0))


def places():
    """Connections that the web server takes at a time."""
    for folder, _, files in os.walk(os.path.join(HOME, "run")):
        for name in files:
            if not name.endswith(".conf"):
                continue
            with open(os.path.join(folder, name)) as f:
                found = re.search(r"^var\.clients\s*\+?=\s*(\d+)", f.read(),
                                  re.M)
            if found:
                return int(found[1])
    raise SystemExit("no configuration in run/")


def silent():
    """More connections that say nothing than there are places."""
    n = places() + 50
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < n + 64:
        print("silent clients: not tried, too few files may be open")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, n + 64), hard))
    clients = []
    for _ in range(n):
        s = socket.socket()
        s.setblocking(False)
        try:
            s.connect(("127.0.0.1", PORT))
        except BlockingIOError:
            pass
        clients.append(s)
    begun = time.monotonic()
    check(f"{n} silent clients: others are served", busy() == 0)
    took = time.monotonic() - begun
    check(f"{n} silent clients: they are not waited for", took < 45,
          f"{took:.1f} s")
    for s in clients:
        s.close()


def main():
    wrong = "x-api-key: no\r\n"
    right = f"x-api-key: {KEY}\r\n"
    # What a worker does for the first time takes it longer.
    check("small, wrong key: refused", refused_small(wrong) == b"401")
    uploads("wrong key", wrong, b"401")
    uploads("no key", "", b"401")
    foreign = right + "Origin: https://evil.example\r\n"
    uploads("foreign origin", foreign, b"403")
    # A body without a length lies on the disk as a whole before it goes on.
    chunked = "Transfer-Encoding: chunked\r\n"
    uploads("wrong key, no length", wrong + chunked, b"401")
    uploads("no key, no length", chunked, b"401")
    uploads("foreign origin, no length", foreign + chunked, b"403")
    uploads("another method, no length", chunked, b"401", "PROPFIND")
    uploads("OPTIONS, no length", chunked, b"413", "OPTIONS")
    for i in range(3):
        leaves(f"whole answer, the client leaves, {i}", False, False)
        leaves(f"stream, the client leaves, {i}", True, False)
    leaves("whole answer, the client resets", False, False, True)
    leaves("stream, the client resets", True, False, True)
    leave_at_once()
    silent()
    leaves("a half-closed connection counts as gone", False, True)


main()
