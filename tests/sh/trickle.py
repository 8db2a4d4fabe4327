#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Large bodies that come slowly: whose may come beside whose.

    trickle.py PORT KEY KEY

The router at PORT has these two keys, of two persons. Prints PASS and FAIL
lines. DARIO is the command, for adding the backend.
"""

import http.server
import os
import socket
import subprocess
import sys
import threading

PORT, ONE, OTHER = int(sys.argv[1]), sys.argv[2], sys.argv[3]
MIB = 1 << 20
begun = threading.Semaphore(0)  # a body has come so far that it streams


class Provider(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def do_POST(self):
        left, seen = int(self.headers["Content-Length"]), 0
        while left:
            piece = self.rfile.read1(min(left, MIB))
            if not piece:
                return
            left -= len(piece)
            seen += len(piece)
            if seen - len(piece) < MIB <= seen:
                begun.release()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "13")
        self.end_headers()
        self.wfile.write(b'{"id":"file"}')


def check(name, got, want):
    print(f"PASS {name}" if got == want else
          f"FAIL {name}: got {got}, wanted {want}", flush=True)


def upload(key, length, sent):
    """Sends so much of a body of that length."""
    s = socket.create_connection(("127.0.0.1", PORT), 120)
    s.sendall((f"POST /v1/files HTTP/1.1\r\nHost: 127.0.0.1:{PORT}\r\n"
               f"Content-Type: application/octet-stream\r\nx-api-key: {key}\r\n"
               f"Content-Length: {length}\r\n\r\n").encode())
    try:
        s.sendall(b"x" * sent)
    except ConnectionError:
        pass  # it has been refused
    return s


def answer(s):
    text = b""
    try:
        while piece := s.recv(65536):
            text += piece
            if b"}" in piece:
                break
    except ConnectionError:
        pass
    s.close()
    return text.split(b" ")[1:2], text


def under_way(s):
    """It has reached the provider, and nobody has said no."""
    s.setblocking(False)
    came = begun.acquire(timeout=90)
    try:
        return came, s.recv(1)
    except BlockingIOError:
        return came, None


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    subprocess.run([os.environ["DARIO"], "backend", "add", "up",
                    f"--base-url=http://127.0.0.1:{server.server_port}/v1"],
                   check=True, stderr=subprocess.DEVNULL)

    first = upload(ONE, 512 * MIB, 2 * MIB)
    check("a large body comes slowly", under_way(first), (True, None))
    second = upload(ONE, 512 * MIB, 2 * MIB)
    status, text = answer(second)
    check("another one by the same key: not now", status, [b"429"])
    check("another one by the same key: why", b"of yours" in text, True)
    for size in (8, 500):
        s = upload(OTHER, size * MIB, 2 * MIB)
        check(f"{size} MiB by another key meanwhile", under_way(s),
              (True, None))
        s.setblocking(True)
        s.close() if size == 500 else s.sendall(b"x" * (size - 2) * MIB)
        if size == 8:
            check(f"{size} MiB by another key: served", answer(s)[0], [b"200"])
    first.close()


if __name__ == "__main__":
    main()
