#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tools of free text in Chat: custom.py URL PORT

A provider on PORT knows functions alone, but for the one below /takes. The
router at URL has it as the backends "lacks" (customTools false), "unknown"
(nothing is said), "takes" (true), "off" (nothing is mended) and "names", which
calls its first tool (callsPaired). Prints PASS and FAIL lines.
"""

import http.client
import http.server
import json
import os
import re
import sys
import threading
import urllib.parse

url, port = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2])
key = os.environ.get("DARIO_API_KEY", "none")
TEXT = 'print("\u00e4 {1}")\n'
REFUSAL = {"error": {"message": "Failed to deserialize the JSON body: tools[0]"
                     ".type: unknown variant `custom`, expected `function`",
                     "type": "invalid_request_error"}}
TOOLS = [
    {"type": "custom", "custom": {"name": "run", "description": "Runs.",
                                  "format": {"type": "grammar", "grammar": {
                                      "syntax": "lark",
                                      "definition": "start: \"x\""}}}},
    {"type": "function", "function": {"name": "f", "parameters": {
        "type": "object", "properties": {}}}},
    {"type": "custom", "custom": {"name": "free"}}]
CHOICES = {
    "named": {"type": "custom", "custom": {"name": "run"}},
    "allowed": {"type": "allowed_tools", "allowed_tools": {
        "mode": "auto", "tools": [TOOLS[2], {"type": "custom", "custom": {
            "name": "run"}}]}}}
seen = []


def is_custom(o):
    if isinstance(o, list):
        return any(map(is_custom, o))
    return isinstance(o, dict) and (o.get("type") == "custom" or
                                    any(map(is_custom, o.values())))


def answer(native):
    arguments = json.dumps({"input": TEXT})
    calls = [
        {"id": "c1", "type": "custom", "custom": {"name": "run",
                                                  "input": TEXT}}
        if native else {"id": "c1", "type": "function", "function": {
            "name": "run", "arguments": arguments}},
        {"id": "c2", "type": "function", "function": {"name": "f",
                                                      "arguments": "{}"}}]
    return {"id": "x", "object": "chat.completion", "created": 1, "model": "m",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": "t", "tool_calls": calls}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1,
                      "total_tokens": 2}}


def called(name):
    a = answer(False)
    a["choices"][0]["message"]["tool_calls"] = [
        {"id": "c1", "type": "function", "function": {
            "name": name, "arguments": "{}"}}]
    return a


def stream_of(a):
    """In pieces of a few characters."""
    base = {k: a[k] for k in ("id", "created", "model")}
    base["object"] = "chat.completion.chunk"
    message = a["choices"][0]["message"]

    def chunk(delta, finish=None):
        return dict(base, choices=[{"index": 0, "delta": delta,
                                    "finish_reason": finish}])
    yield chunk({"role": "assistant", "content": "t"})
    for i, c in enumerate(message["tool_calls"]):
        kind = c["type"]
        part = "input" if kind == "custom" else "arguments"
        text = c[kind][part]
        yield chunk({"tool_calls": [{**c, "index": i, kind: {
            "name": c[kind]["name"], part: ""}}]})
        for n in range(0, len(text), 3):
            yield chunk({"tool_calls": [{"index": i, kind: {
                part: text[n:n + 3]}}]})
    yield chunk({}, "tool_calls")


class Provider(http.server.BaseHTTPRequestHandler):
    def give(self, status, kind, data):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        body = json.loads(text)
        seen.append(text)
        takes = self.path.startswith("/takes")
        if is_custom(body) and not takes:
            return self.give(400, "application/json",
                             json.dumps(REFUSAL).encode())
        a = answer(takes)
        if self.path.startswith("/names"):
            a = called(body["tools"][0]["function"]["name"])
        if not body.get("stream"):
            return self.give(200, "application/json", json.dumps(a).encode())
        data = "".join(f"data: {json.dumps(e)}\n\n" for e in stream_of(a))
        self.give(200, "text/event-stream", (data + "data: [DONE]\n\n")
                  .encode())

    def log_message(self, *args):
        pass


def ask(body):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    c.request("POST", "/v1/chat/completions", json.dumps(body), {
        "Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    r = c.getresponse()
    data = r.read().decode()
    c.close()
    return r, data


def calls_of(data, stream):
    if not stream:
        return json.loads(data)["choices"][0]["message"]["tool_calls"]
    calls = []
    for line in data.split("\n"):
        if not line.startswith("data: {"):
            continue
        for choice in json.loads(line[6:])["choices"]:
            for c in choice["delta"].get("tool_calls", ()):
                if c["index"] == len(calls):
                    calls.append(dict(c))
                    continue
                kind = "custom" if "custom" in c else "function"
                for k, v in c[kind].items():
                    calls[c["index"]][kind][k] = \
                        calls[c["index"]][kind].get(k, "") + v
    return [{k: v for k, v in c.items() if k != "index"} for c in calls]


def check(name, good, why=""):
    print(f"PASS {name}" if good else f"FAIL {name}: {str(why)[:600]}")


def talk(backend, stream, choice):
    name = f"{backend}, {'streamed' if stream else 'whole'}, {choice}"
    body = {"model": f"{backend}:m", "stream": stream, "tools": TOOLS,
            "seed": 7, "messages": [{"role": "user", "content": "q"}]}
    if choice in CHOICES:
        body["tool_choice"] = CHOICES[choice]
    at = len(seen)
    r, data = ask(body)
    want = answer(True)["choices"][0]["message"]["tool_calls"]
    got = calls_of(data, stream) if r.status == 200 else data
    check(f"{name}: the call comes back as it was asked for", got == want, got)
    body["messages"] += [{"role": "assistant", "content": None,
                          "tool_calls": want}] + [
        {"role": "tool", "tool_call_id": i, "content": "r"}
        for i in ("c1", "c2")]
    r, again = ask(body)
    check(f"{name}: goes on", r.status == 200, again)
    sent = json.loads(seen[-1])
    check(f"{name}: the rest is as it came",
          sent["seed"] == 7 and sent["tools"][1] == TOOLS[1] and
          sent["messages"][2:] == body["messages"][2:], sent)
    if backend == "takes":
        check(f"{name}: byte for byte", seen[-1].decode() == json.dumps(
            dict(body, model="m")), seen[-1])
        return
    check(f"{name}: few calls",
          len(seen) - at == (4 if backend == "unknown" else 2), seen[at:])
    call = sent["messages"][1]["tool_calls"][0]
    check(f"{name}: history", call == {
        "id": "c1", "type": "function", "function": {
            "name": "run", "arguments": json.dumps({"input": TEXT})}} or
        json.loads(call["function"]["arguments"]) == {"input": TEXT}, call)
    check(f"{name}: the grammar is told",
          "start: \"x\"" in sent["tools"][0]["function"]["description"], sent)
    check(f"{name}: is named", "custom tools" in
          (r.headers.get("x-dario-mended") or ""), r.headers)
    if choice == "named":
        check(f"{name}: the choice", sent["tool_choice"] == {
            "type": "function", "function": {"name": "run"}}, sent)


threading.Thread(target=http.server.ThreadingHTTPServer(
    ("127.0.0.1", port), Provider).serve_forever, daemon=True).start()
for backend in ("lacks", "unknown", "takes"):
    for stream in (False, True):
        for choice in ("free", *CHOICES):
            talk(backend, stream, choice)
for name in ("files.read", "n" * 70, "a b/\u00e4", "plain"):
    for stream in (False, True):
        body = {"model": "names:m", "stream": stream, "tools": [
            {"type": "function", "function": {"name": n, "parameters": {
                "type": "object"}}} for n in (name, "other")],
            "tool_choice": {"type": "function", "function": {"name": name}},
            "messages": [{"role": "user", "content": "q"}]}
        r, data = ask(body)
        calls = calls_of(data, stream) if r.status == 200 else []
        what = f"a tool {name[:12]!r}, {'streamed' if stream else 'whole'}"
        check(f"{what}: is called by its name", [
            c["function"]["name"] for c in calls] == [name], data)
        body["messages"] += [
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "tool", "tool_call_id": "c1", "content": "r"}]
        r, data = ask(body)
        sent = json.loads(seen[-1])
        names = {sent["tools"][0]["function"]["name"],
                 sent["tool_choice"]["function"]["name"],
                 sent["messages"][1]["tool_calls"][0]["function"]["name"]}
        check(f"{what}: goes by one that is taken", len(names) == 1 and
              re.fullmatch("[A-Za-z0-9_-]{1,64}", *names), names)
        check(f"{what}: the other stays", sent["tools"][1] ==
              body["tools"][1] and (name == "plain") == (name in names) and
              (name == "plain") != ("names of tools" in (
                  r.headers.get("x-dario-mended") or "")), sent)
r, data = ask({"model": "off:m", "tools": TOOLS, "messages": [
    {"role": "user", "content": "q"}]})
check("off: refused, as it was sent", r.status == 400 and
      is_custom(json.loads(seen[-1])), data)
