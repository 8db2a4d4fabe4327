#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Providers for tests of the endpoints: what is below /NAME/ is backend NAME.

    upstream.py     prints its port and serves until it is killed

GET /read is how many bytes of bodies were read since DELETE /seen, and GET
/seen what was asked since then: for each request its method, its
path as it came, its fields, and of the body its length, its hash and the first
4096 bytes. Bodies are read in pieces and not kept. What a request makes has an
id that says who made it. Other answers follow from the end of the path.
"""

import base64
import gzip
import hashlib
import itertools
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
numbers = itertools.count(1)
seen, progress = [], [0]
made = {"responses": "resp_", "files": "file-", "batches": "batch_",
        "conversations": "conv_", "vector_stores": "vs_", "jobs": "ftjob-",
        "uploads": "upload_", "skills": "skill_", "videos": "video_",
        "containers": "cntr_"}
BINARY = bytes(range(256)) * 1024


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def pieces(self):
        """The body, as it comes."""
        for piece in self.pieces_of_body():
            with lock:
                progress[0] += len(piece)
            yield piece

    def pieces_of_body(self):
        if "chunked" in self.headers.get("transfer-encoding", ""):
            while n := int(self.rfile.readline().split(b";")[0], 16):
                while n:
                    piece = self.rfile.read1(min(n, 65536))
                    if not piece:
                        return
                    n -= len(piece)
                    yield piece
                self.rfile.readline()
            self.rfile.readline()
            return
        n = int(self.headers.get("content-length") or 0)
        while n:
            piece = self.rfile.read1(min(n, 65536))
            if not piece:
                return
            n -= len(piece)
            yield piece

    def answer(self, status, body, kind="application/json", **fields):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def events(self, *events):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for pause, data in events:
            time.sleep(pause)
            self.wfile.write(f"event: {data['type']}\ndata: {json.dumps(data)}\n\n".encode())
            self.wfile.flush()

    def record(self):
        digest, first, n = hashlib.sha256(), b"", 0
        entry = {"method": self.command, "path": self.path,
                 "fields": {k.lower(): v for k, v in self.headers.items()}}
        for piece in self.pieces():
            digest.update(piece)
            n += len(piece)
            first += piece[:4096 - len(first)]
        want = self.headers.get("content-length")
        entry.update(n=n, whole=want is None or n == int(want),
                     sha=digest.hexdigest(),
                     body=first.decode("latin-1"))
        with lock:
            seen.append(entry)
            entry["number"] = len(seen)
        return entry

    def serve(self):
        if self.path == "/read":
            return self.answer(200, progress[0])
        if self.path == "/seen":
            with lock:
                body = list(seen)
                if self.command == "DELETE":
                    seen.clear()
                    progress[0] = 0
            return self.answer(200, body)
        if self.path.split("?")[0].endswith("/early"):
            return self.early()
        if self.path.endswith("/stalled"):
            time.sleep(1.5)
        if self.path.endswith("/dropped"):
            return self.drop()
        entry = self.record()
        path = self.path.split("?")[0].strip("/").split("/")
        name, last = path[0], path[-1]
        anthropic = "anthropic-version" in self.headers
        if self.command == "POST" and last in made:
            kind = made[last]
            if anthropic:
                kind = {"batch_": "msgbatch_", "file-": "file_"}.get(kind, kind)
            ident = f"{kind}{name}{entry['number']}"
            if name == "plain":  # as Mistral's
                ident = f"0191f5e2-7c1a-7000-8000-{next(numbers):012d}"
            if self.headers.get("x-key-id") or "key" in path:
                ident += "k"
            if last == "responses":
                return self.response(ident, entry)
            return self.answer(200, {"id": ident, "object": last})
        return self.other(name, last, entry)

    def response(self, ident, entry):
        whole = {"id": ident, "object": "response", "status": "completed",
                 "output": [], "store": '"store":false' not in entry["body"].replace(" ", "")}
        if '"stream":true' not in entry["body"].replace(" ", ""):
            return self.answer(200, whole)
        self.events((0, {"type": "response.created", "response": whole}),
                    (0, {"type": "response.output_text.delta", "delta": "x"}),
                    (0, {"type": "response.completed", "response": whole}))

    def message(self, container, entry):
        stream = '"stream":true' in entry["body"].replace(" ", "")
        container += "streamed" if stream else "whole"
        whole = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
                 "content": [{"type": "text", "text": "hi"}], "stop_reason": "end_turn",
                 "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
                 "container": {"id": container, "expires_at": "2027-01-01T00:00:00Z"}}
        if not stream:
            return self.answer(200, whole)
        return self.events(
            (0, {"type": "message_start", "message": whole | {"content": [], "stop_reason": None, "container": None}}),
            (0, {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            (0, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}}),
            (0, {"type": "content_block_stop", "index": 0}),
            (0, {"type": "message_delta", "delta": {"stop_reason": "end_turn", "container": whole["container"]},
                 "usage": {"output_tokens": 1}}),
            (0, {"type": "message_stop"}))

    def drop(self):
        """The connection ends in the middle of the body."""
        n = 0
        for piece in self.pieces():
            n += len(piece)
            if n > 2 << 20:
                break
        with lock:
            seen.append({"path": self.path, "n": n})
        self.close_connection = True

    def early(self):
        """An answer before the body has come."""
        self.answer(413, {"error": {"message": "too much for them"}})
        self.close_connection = True

    def other(self, name, last, entry):
        if last == "messages" and "use a container" in entry["body"]:
            return self.message(f"container_{name}", entry)
        if last in ("speech", "content"):
            return self.answer(200, BINARY, "audio/mpeg", ETag='"e"',
                               Content_Disposition="attachment")
        if last == "generations" and "stream" in entry["body"]:
            return self.events(*((1, {"type": f"image.{i}", "b64": "x" * 2000})
                                 for i in range(4)))
        if "batches" in self.path and last.startswith("batch_"):
            return self.answer(200, {"id": last, "object": "batch",
                                     "output_file_id": f"file-of-{last}"})
        if last == "completions":
            return self.answer(200, {
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1,
                "model": "m", "choices": [{
                    "index": 0, "finish_reason": "stop", "message": {
                        "role": "assistant", "content": "hi"}}]})
        if last == "moved":
            return self.answer(302, {}, Location="http://127.0.0.1:1/evil")
        if last == "unchanged":
            self.send_response(304)
            self.send_header("ETag", '"e"')
            return self.end_headers()
        if last == "nothing":
            self.send_response(204)
            return self.end_headers()
        if last == "echo":
            key = self.headers.get("authorization") or self.headers.get("x-api-key")
            return self.answer(200, {"key": key, "pad": "x" * 200000})
        if last == "lost":
            return self.answer(404, {"error": {"message": "there is no such thing"}})
        if last == "failed":
            return self.answer(200, {"id": "resp_x", "error": {"code": "server_error", "message": "it failed"}})
        if last == "squeezed":
            return self.answer(200, gzip.compress(BINARY), "text/plain", Content_Encoding="gzip")
        if last == "done":
            n = entry["number"]
            return self.answer(200, {"id": f"batch_{name}{n}", "error_file_id": f"file-e{n}",
                                     "output_file_id": f"file-o{n}",
                                     "file": {"id": f"file-f{n}"}})
        if last == "limited":
            return self.answer(429, {"error": {"message": "slow down"}}, Retry_After="7")
        return self.answer(200, {"object": last, "by": name, "model": "m",
                                 "data": [], "usage": {"prompt_tokens": 3, "total_tokens": 3}})

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = serve


class Server(ThreadingHTTPServer):
    request_queue_size = 64
    daemon_threads = True


def main():
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
