#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Providers and their lists of models, good and bad: models.py ASKED

Each is a folder of the URL (/good/v1, /silent/v1); what comes behind a hyphen
(/silent-2/v1) makes it another one of its kind. Prints the port; writes a line
to the file ASKED for each list that is asked for, and how to ASKED.how.
"""

import http.server
import json
import sys
import threading
import time

LISTS = {
    "good": {"object": "list", "data": [
        {"id": "org/m-1", "object": "model", "created": 86400},
        {"id": "shared", "object": "model"}]},
    "other": {"data": [{"id": "shared"}, {"id": "m-2"}, {"id": "m-2"}]},
    "described": {"data": [
        {"id": "a/window", "name": "A Window", "context_length": 131072},
        {"id": "groq-like", "context_window": 8192, "created": 1.7e9},
        {"id": "vllm-like", "max_model_len": 4096},
        {"id": "silly", "context_length": -1, "created": 1e300},
        {"id": "claude-there", "display_name": "Claude There",
         "max_input_tokens": 200000, "created_at": "2025-01-02T03:04:05Z"}]},
    "bare": ["one", {"id": "two"}, 3, None],
    "google": {"data": [{"id": "models/gemini-9"}]},
    "ollama": {"data": [{"id": "llama3:latest"}, {"id": "qwen:8b"}]},
    "dated": {"data": [
        {"id": "gpt-x"},
        {"id": "claude-y-4-5-20250929", "display_name": "Y, dated"},
        {"id": "claude-w-20250101", "display_name": "W, dated"},
        {"id": "claude-w", "display_name": "W, itself"}]},
    "llamacpp": {
        "models": [{"name": "/m/x.gguf", "model": "/m/x.gguf"}],
        "data": [{"id": "x.gguf", "aliases": ["short", "other"],
                  "meta": {"n_ctx_train": 32768}}]},
    "hostile": {"data": [
        {"id": 'quote"\\'}, {"id": "line\nend"}, {"id": "nul\0"}, {"id": ""},
        {"id": "esc\x1b[2J"}, {"id": "x" * 257}, {"id": ["list"]}, {},
        {"id": "\u202ereversed"}, {"id": "\ud800"}, {"name": "named"},
        {"id": "fine", "display_name": "\x1b[31mred", "aliases": [1, "\n"]}]},
    "many": {"data": [{"id": f"model-{i}"} for i in range(20000)]},
    "million": {"data": [{"id": f"m{i}", "object": "model", "owned_by": "me"}
                         for i in range(1000000)]},
    "deep": "[" * 100000,
    "text": "a text",
    "empty": {"data": []},
    "paged": {"data": [{"id": f"p{i:02}"} for i in range(25)]},
}
BODIES = {name: json.dumps(value).encode() for name, value in LISTS.items()}
BODIES["deep"] = LISTS["deep"].encode()
BODIES["page"] = b"<!DOCTYPE html><html>[{\"id\":\"no\"}]</html>"
BODIES["cut"] = b'{"data":[{"id":"whole"},{"id":"cu'
asked = open(sys.argv[1], "a", buffering=1)
how = open(sys.argv[1] + ".how", "a", buffering=1)
lock = threading.Lock()


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *a):
        pass

    def do_GET(self):
        folder = self.path.split("/")[1]
        kind = folder.split("-")[0]
        with lock:
            asked.write(folder + "\n")
            how.write(f"{self.path} {self.headers['Authorization']} "
                      f"{self.headers['x-api-key']} "
                      f"{self.headers['X-Mine']}\n")
        if kind == "silent":
            time.sleep(600)
            return
        if kind == "slow":
            time.sleep(3)
            kind = "good"
        if kind == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000000")
            self.end_headers()
            for _ in range(600):
                self.wfile.write(b" ")
                time.sleep(0.1)
            return
        body = BODIES.get(kind)
        self.send_response(200 if body else 404)
        body = body or b"nothing here"
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    def do_POST(self):
        """Says which provider was asked for which model."""
        size = int(self.headers["Content-Length"])
        model = json.loads(self.rfile.read(size))["model"]
        body = json.dumps({"choices": [{"index": 0, "message": {
            "role": "assistant",
            "content": self.path.split("/")[1] + " " + model},
            "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


server = Server(("127.0.0.1", 0), Provider)
print(server.server_address[1], flush=True)
server.serve_forever()
