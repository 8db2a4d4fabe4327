#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An upstream in step with its client: steps.py PORT DIRECTORY

Each event is sent only when the client has seen the one before, however long
that takes. Whoever holds an event back to send it with the next one waits for
ever, and the stream ends early. What the client of model NAME has seen are the
lines with "choices" in DIRECTORY/NAME.out.

Streams of the model all-COUNT begin when so many of them have come, and wait
for no client."""
import http.server
import json
import sys
import threading
import time

EVENTS = 8
GIVES_UP = 60  # seconds
lock, gathered = threading.Lock(), {}


def chunk(delta, finish=None):
    return json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
        "model": "m", "choices": [
            {"index": 0, "delta": delta, "finish_reason": finish}]})


def seen(name):
    try:
        with open(f"{sys.argv[2]}/{name}.out") as lines:
            return sum("choices" in line for line in lines)
    except FileNotFoundError:
        return 0


def gather(name):
    with lock:
        barrier = gathered.setdefault(
            name, threading.Barrier(int(name.split("-")[1])))
    barrier.wait(2 * GIVES_UP)


class Steps(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def send(self, data):
        self.wfile.write(f"data: {data}\n\n".encode())
        self.wfile.flush()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        name = json.loads(body)["model"]
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        together = name.startswith("all-")
        if together:
            gather(name)
        for sent in range(1, EVENTS + 1):
            self.send(chunk({"content": "x"}))
            deadline = time.monotonic() + GIVES_UP
            while not together and seen(name) < sent:
                if time.monotonic() > deadline:
                    return
                time.sleep(0.01)
        self.send(chunk({}, "stop"))
        self.send("[DONE]")


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512


Server(("127.0.0.1", int(sys.argv[1])), Steps).serve_forever()
