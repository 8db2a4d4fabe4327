#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Messages provider whose answers cost what a test says, and a collector.

    spender.py      prints its port and serves until it is killed

POST /set {"input": N}: so many input tokens has each answer from now on.
GET /seen: the requests so far: path, header fields, body.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

state = {"input": 10}
seen = []


def whole(model):
    return {"id": "msg_1", "type": "message", "role": "assistant",
            "model": model, "content": [{"type": "text", "text": "spent it"}],
            "stop_reason": "end_turn", "stop_sequence": None,
            "usage": {"input_tokens": state["input"], "output_tokens": 1}}


def events(model):
    message = whole(model)
    yield {"type": "message_start",
           "message": dict(message, content=[], stop_reason=None)}
    yield {"type": "content_block_start", "index": 0,
           "content_block": {"type": "text", "text": ""}}
    yield {"type": "content_block_delta", "index": 0,
           "delta": {"type": "text_delta", "text": "spent it"}}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta",
           "delta": {"stop_reason": "end_turn", "stop_sequence": None},
           "usage": {"output_tokens": 1}}
    yield {"type": "message_stop"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def reply(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path == "/seen":
            self.reply(json.dumps(seen).encode())
        else:
            self.reply(json.dumps({"data": [], "has_more": False}).encode())

    def do_POST(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/set":
            state.update(json.loads(raw))
            return self.reply(b"{}")
        seen.append([self.path, {k.lower(): v for k, v in self.headers.items()},
                     raw.decode("latin-1")])
        if "count_tokens" in self.path:
            return self.reply(b'{"input_tokens": 10}')
        if "/messages" not in self.path:
            return self.reply(b"{}")
        body = json.loads(raw)
        if body.get("stream"):
            text = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                           for e in events(body["model"]))
            return self.reply(text.encode(), "text/event-stream")
        return self.reply(json.dumps(whole(body["model"])).encode())


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_address[1], flush=True)
server.serve_forever()
