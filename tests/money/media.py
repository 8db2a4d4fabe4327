#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider of images, sound and batches; prints its port.

What it has used stands in the request: a POST answers with its member `usage`
behind `pad` bytes of an image, not at all with `hang` (a file that it makes then), with its member `told`, as a stream of its `events`, or with the text `plain`; speech is bytes. A batch is POSTed with `lines`, the lines of its
results; they are at .../results, or in the file that it names.
"""
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

batches = []


def plain(value): # a text hides what it names from who passes it on
    return json.loads(value) if isinstance(value, str) else value


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, body, kind="application/json"):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self):
        if self.headers["Content-Length"]:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while n := int(self.rfile.readline(), 16):
            body += self.rfile.read(n)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_POST(self):
        asked = self.body().decode()
        if "form-data" in self.headers["Content-Type"]: # what is told of, as it stands
            asked = asked[asked.index("{"):asked.rindex("}") + 1]
        asked = json.loads(asked)
        if "hang" in asked: # until the other side leaves
            open(asked["hang"], "w").close()
            self.rfile.read(1)
            self.close_connection = True
            return None
        if self.path.endswith("/speech"):
            return self.answer(b"\0\1" * 500, "audio/mpeg")
        if "plain" in asked: # a transcript
            return self.answer(asked["plain"].encode(), "text/plain")
        if self.path.endswith("/batches"):
            batches.append(asked["metadata"]["lines"] if "metadata" in asked else asked["requests"][0]["params"]["lines"])
            kind = "msgbatch_" if "messages" in self.path else "batch_"
            return self.answer(json.dumps({"id": f"{kind}{len(batches):04d}"}).encode())
        told = {"created": 1, "data": [{"b64_json": "x" * asked.get("pad", 1)}]}
        if "usage" in asked:
            told["usage"] = asked["usage"]
        if "events" in asked: # of Responses; with `cut` the stream breaks off behind them
            text = "".join("event: %s\ndata: %s\n\n" % (e["type"], json.dumps(e)) for e in plain(asked["events"])).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Content-Length", str(len(text) + asked.get("cut", 0)))
            self.end_headers()
            self.wfile.write(text)
            self.close_connection = True
            return None
        if asked.get("stream"):
            text = "data: %s\n\n" % json.dumps(dict(told, type="image_generation.completed"))
            return self.answer(text.encode(), "text/event-stream")
        if "told" in asked:
            return self.answer(json.dumps(plain(asked["told"])).encode())
        if asked.get("choices"):
            told = {"id": "c", "object": "chat.completion", "created": 1, "model": asked["model"], "choices": [
                {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x" * asked.get("pad", 1)}}],
                "usage": asked["usage"]}
        return self.answer(json.dumps(told).encode())

    def do_GET(self):
        path = self.path.split("/")
        part = next((p for p in path if "_0" in p or "-0" in p), "x0")
        number = int(part[-4:]) if part[-4:].isdigit() else 0
        lines = batches[number - 1] if number else []
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        if path[-1] in ("results", "content"):
            return self.answer(text.encode()[:-1], "application/x-jsonl" if path[-1] == "results" else "application/octet-stream")
        return self.answer(json.dumps({"id": part, "object": "batch", "status": "completed", "output_file_id": f"file-{number:04d}",
                                       "usage": {"input_tokens": 9000, "output_tokens": 9000}}).encode())


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
sys.stdout.close()
server.serve_forever()
