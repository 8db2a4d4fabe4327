#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies that hold nothing to mend go byte for byte: bytes.py URL PORT COUNT
SEED

A provider on PORT remembers what it gets; the router at URL has it as the
backend "plain", in all three dialects. COUNT random bodies, written as no
serialiser would, must arrive as they were sent. Prints PASS and FAIL lines.
"""

import concurrent.futures
import hashlib
import http.client
import http.server
import json
import os
import random
import sys
import threading
import urllib.parse

url, port, count, seed = sys.argv[1:]
url = urllib.parse.urlsplit(url)
key = os.environ.get("DARIO_API_KEY", "none")
ANSWERS = {
    "/v1/messages": {"id": "msg_1", "type": "message", "role": "assistant",
                     "model": "m", "content": [], "stop_reason": "end_turn",
                     "usage": {"input_tokens": 1, "output_tokens": 1}},
    "/v1/chat/completions": {"id": "c", "object": "chat.completion",
                             "choices": [{"index": 0, "message": {
                                 "role": "assistant", "content": "x"},
                                 "finish_reason": "stop"}]},
    "/v1/responses": {"id": "resp_1", "object": "response", "output": [],
                      "status": "completed"},
}


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        answer = dict(ANSWERS[self.path],
                      model=hashlib.sha256(body).hexdigest())
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args):
        pass


# --- JSON as nobody would write it -------------------------------------------
class Writer:
    def __init__(self, r):
        self.r = r

    def blank(self):
        return self.r.choice(["", "", "", "", " ", "\n  ", "\t", " \r\n"])

    def string(self, s):
        out = []
        for c in s:
            x = self.r.random()
            if c in '"\\' or ord(c) < 0x20:
                out.append(json.dumps(c)[1:-1])
            elif x < 0.03 and ord(c) < 0x10000:
                out.append("\\u%04x" % ord(c))
            elif c == "/" and x < 0.5:
                out.append("\\/")
            else:
                out.append(c)
        return '"' + "".join(out) + '"'

    def number(self):
        return self.r.choice([
            "0", "-0", "-0.0", "1.50", "1e5", "1E+5", "12345678901234567890",
            "123456789012345678901234567890", "0.1e-7", "-1.0000000000000001",
            str(self.r.randrange(10 ** 6))])

    def value(self, v):
        if isinstance(v, dict):
            return self.members(list(v.items()))
        if isinstance(v, list):
            return "[" + ",".join(self.blank() + self.value(x) + self.blank()
                                  for x in v) + (self.blank() if not v
                                                 else "") + "]"
        if isinstance(v, str):
            return self.string(v)
        if v is NUMBER:
            return self.number()
        return json.dumps(v)

    def members(self, items):
        return "{" + ",".join(
            f'{self.blank()}"{k}"{self.blank()}:{self.blank()}{self.value(v)}'
            f"{self.blank()}" for k, v in items) + "}"


NUMBER = object()
WORDS = ["look", "at", "the", "naïve", "😀", '"quoted"', "a\\b", "new\nline",
         "tab\there", "x/y", "100%", "<b>", "dar", "darien"]


def words(r, n):
    return " ".join(r.choice(WORDS) for _ in range(1 + r.randrange(n)))


def extra(r, depth=2):
    x = r.randrange(8)
    if x < 3 or not depth:
        return r.choice([NUMBER, True, None, words(r, 4)])
    if x < 5:
        return [extra(r, depth - 1) for _ in range(r.randrange(4))]
    return {r.choice(["a", "b", "kind", "id_", "model_", "streams"]):
            extra(r, depth - 1) for _ in range(r.randrange(4))}


def call_id(r, prefix):
    return prefix + "".join(r.choice("abcXYZ0189") for _ in range(20))


def tools_input(r):
    return {"command": words(r, 6), "n": NUMBER, "more": extra(r)}


def anthropic(r):
    messages = [{"role": "user", "content": words(r, 40)}]
    for _ in range(r.randrange(6)):
        i = call_id(r, "toolu_")
        content = []
        if r.random() < 0.4:
            content.append({"type": "thinking", "thinking": words(r, 20),
                            "signature": call_id(r, "EqQB") + "=="})
        if r.random() < 0.6:
            content.append({"type": "text", "text": words(r, 30)})
        content.append({"type": "tool_use", "id": i, "name": "f",
                        "input": tools_input(r)})
        messages.append({"role": "assistant", "content": content})
        messages.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": i,
             "content": words(r, 50)}]})
    return {"max_tokens": NUMBER, "messages": messages,
            "thinking": {"type": "adaptive"}, "metadata": extra(r)}


def chat(r):
    messages = [{"role": "system", "content": words(r, 40)},
                {"role": "user", "content": words(r, 40)}]
    for _ in range(r.randrange(6)):
        i = call_id(r, "call_")
        messages.append({"role": "assistant", "content": words(r, 9),
                         "tool_calls": [{"id": i, "type": "function",
                                         "function": {
                                             "name": "f",
                                             "arguments": '{"a": 1}'}}]})
        messages.append({"role": "tool", "tool_call_id": i,
                         "content": words(r, 50)})
    return {"messages": messages, "temperature": NUMBER,
            "metadata": extra(r)}


def responses(r):
    items = [{"role": "user", "content": [
        {"type": "input_text", "text": words(r, 40)}]}]
    for _ in range(r.randrange(6)):
        i = call_id(r, "call_")
        if r.random() < 0.5:
            items.append({"type": "reasoning", "id": call_id(r, "rs_"),
                          "summary": [], "encrypted_content":
                          call_id(r, "gAAA")})
        items.append({"type": "function_call", "id": call_id(r, "fc_"),
                      "call_id": i, "name": "f", "arguments": "{}"})
        items.append({"type": "function_call_output", "call_id": i,
                      "output": words(r, 50)})
    return {"input": items, "store": False, "metadata": extra(r)}


KINDS = [("/v1/messages", anthropic), ("/v1/chat/completions", chat),
         ("/v1/responses", responses)]


def body(i, model):
    r = random.Random(int(seed) * 1000003 + i)
    path, make = KINDS[i % 3]
    items = list(make(r).items()) + [("model", model)]
    r.shuffle(items)
    if r.random() < 0.3: # a key that comes twice
        items.insert(0, ("metadata", extra(r)))
    w = Writer(r)
    return path, (w.blank() + w.members(items) + w.blank()).encode()


def post(c, path, data):
    c.request("POST", path, data, {"Content-Type": "application/json",
                                   "Authorization": f"Bearer {key}"})
    answer = c.getresponse()
    text = answer.read()
    return answer, json.loads(text)


def send(numbers):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    wrong = []
    for i in numbers:
        path, data = body(i, "plain-m")
        answer, got = post(c, path, data)
        if answer.status != 200:
            wrong.append(f"{i}: {answer.status} {got}")
        elif got["model"] != hashlib.sha256(data).hexdigest():
            wrong.append(f"{i}: changed ({answer.getheader('x-dario-mended')})"
                         f" {data[:300]}")
        elif answer.getheader("x-dario-mended"):
            wrong.append(f"{i}: said to be mended")
    return wrong


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Provider)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
n = int(count)
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    wrong = sum(pool.map(send, [range(k, n, 4) for k in range(4)]), [])
if wrong:
    print(f"FAIL {len(wrong)} of {n} bodies were not passed as they were")
    for line in wrong[:10]:
        print(f"  {line}")
else:
    print(f"PASS {n} bodies arrived byte for byte")
