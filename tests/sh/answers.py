# SPDX-License-Identifier: MIT
"""Answers that are no HTTP: answers.py PORT. A provider on a port of its own
gives each of them; the router at PORT is asked in every dialect, streamed and
not. The backend "up" is made here: DARIO is the command.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TWO = b"Content-Length: 2\r\n\r\n{}"
INVALID = "not valid HTTP"
TOO_LARGE = "header fields are larger than 32768 bytes"
CASES = [
    ("status 600", b"HTTP/1.1 600 X\r\n" + TWO, "status 600"),
    ("status 999", b"HTTP/1.1 999 X\r\n" + TWO, "status 999"),
    ("status 000", b"HTTP/1.1 000 X\r\n" + TWO, INVALID),
    ("status 20", b"HTTP/1.1 20 X\r\n" + TWO, INVALID),
    ("status 2000", b"HTTP/1.1 2000 X\r\n" + TWO, INVALID),
    ("status abc", b"HTTP/1.1 abc X\r\n" + TWO, INVALID),
    ("status 101", b"HTTP/1.1 101 X\r\nUpgrade: x\r\n\r\n{}", "status 101"),
    ("a line of 1 MB", OK + b"X: " + b"y" * (1 << 20) + b"\r\n" + TWO, TOO_LARGE),
    ("a line of 40 KB", OK + b"X: " + b"y" * (40 << 10) + b"\r\n" + TWO, TOO_LARGE),
    ("a block of 1 MB", OK + b"X: yyyyyyyyyyyyy\r\n" * 50000 + TWO, TOO_LARGE),
    ("a status line of 1 MB", b"HTTP/1.1 200 " + b"y" * (1 << 20) + b"\r\n" + TWO,
     TOO_LARGE),
    ("a flood of 100", b"HTTP/1.1 100 Continue\r\n\r\n" * 100000 + OK + TWO,
     "before the answer"),
    ("a flood of 103", b"HTTP/1.1 103 X\r\nLink: a\r\n\r\n" * 9999 + OK + TWO,
     "before the answer"),
    ("HTTP/0.9", b"just some text\n", INVALID),
    ("bytes", b"\x00\x01\x02\x03\r\n\r\n", INVALID),
    ("SSH", b"SSH-2.0-OpenSSH\r\n", INVALID),
    ("HTTP/7.1", b"HTTP/7.1 200 OK\r\n" + TWO, INVALID),
    ("no colon", OK + b"rubbish\r\n" + TWO, INVALID),
    ("a NUL", OK + b"X: a\x00b\r\n" + TWO, INVALID),
    ("length -2", OK + b"Content-Length: -2\r\n\r\n{}", INVALID),
    ("length two", OK + b"Content-Length: two\r\n\r\n{}", INVALID),
    ("length +2", OK + b"Content-Length: +2\r\n\r\n{}", INVALID),
    ("length 10^22", OK + b"Content-Length: 1" + b"0" * 22 + b"\r\n\r\n{}", INVALID),
    ("length 2, 3", OK + b"Content-Length: 2, 3\r\n\r\n{}", INVALID),
    ("lengths 2 and 20", OK + b"Content-Length: 2\r\nContent-Length: 20\r\n\r\n{}",
     INVALID),
    ("lengths 20 and 2", OK + b"Content-Length: 20\r\nContent-Length: 2\r\n\r\n{}",
     INVALID),
]
current = [b""]


def serve_one(c):
    data = b""
    try:
        while b"\r\n\r\n" not in data:
            more = c.recv(65536)
            if not more:
                raise OSError("it has left")
            data += more
        c.sendall(current[0])
        c.shutdown(socket.SHUT_WR)
        c.settimeout(90)
        while c.recv(65536):
            pass
    except OSError:
        pass
    c.close()


def serve(s):
    while True:
        c, _ = s.accept()
        threading.Thread(target=serve_one, args=(c,), daemon=True).start()


def ask(path, stream):
    body = {"model": "up:m", "max_tokens": 9, "stream": stream}
    body["input" if path == "responses" else "messages"] = [
        {"role": "user", "content": "hi"}]
    request = urllib.request.Request(
        "http://127.0.0.1:%s/v1/%s" % (sys.argv[1], path),
        json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=120) as f:
            return f.status, f.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


listener = socket.create_server(("127.0.0.1", 0))
threading.Thread(target=serve, args=(listener,), daemon=True).start()
subprocess.run([os.environ["DARIO"], "backend", "add", "up", "--base-url="
                "http://127.0.0.1:%d/v1" % listener.getsockname()[1]],
               check=True, stderr=subprocess.DEVNULL)
for path in ("chat/completions", "messages", "responses"):
    for stream in (False, True):
        for name, answer, words in CASES:
            current[0] = answer
            status, text = ask(path, stream)
            good = False
            try:
                message = json.loads(text)["error"]["message"]
                good = status == 502 and words in message and "backend up" in message
            except (ValueError, KeyError, TypeError):
                pass
            print("%s %s, %s, %s%s" % ("PASS" if good else "FAIL", path,
                                       "streamed" if stream else "whole", name,
                                       "" if good else ": %d %s" % (status, text[:200])))
# What looks odd and is not.
for name, answer in [
    ("some 103", b"HTTP/1.1 103 X\r\nLink: a\r\n\r\n" * 3 + OK + TWO),
    ("the same length twice", OK + b"Content-Length: 2\r\n" + TWO),
    ("no reason", b"HTTP/1.1 200\r\nContent-Type: application/json\r\n" + TWO),
]:
    current[0] = answer
    status, text = ask("chat/completions", False)
    print("PASS" if (status, text) == (200, "{}") else "FAIL", name, status, text[:99])
