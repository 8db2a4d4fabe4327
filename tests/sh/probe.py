#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider that refuses what it is told to: probe.py PORT-FILE LOG.

The first part of the path is a list of switches, such as
/noImages,alternate/v1: what they are for is refused there. The log has a line
for each question.
"""

import http.server
import json
import sys


def roles(b):
    return [m["role"] for m in b.get("messages", [])]


def pairs(b):
    r = roles(b)
    return list(zip(r, r[1:]))


def calls(b):
    return [m for m in b.get("messages", []) if m.get("tool_calls")]


def ids(b):
    return [c["id"] for m in calls(b) for c in m["tool_calls"]]


REFUSES = {
    "maxCompletionTokens": lambda b: "max_tokens" in b,
    "noStreamUsage": lambda b: "stream_options" in b,
    "oneSystemMessage": lambda b: "system" in roles(b)[1:],
    "systemBeforeTurns": lambda b: ("assistant", "system") in pairs(b),
    "alternate": lambda b: ("user", "user") in pairs(b),
    "userLast": lambda b: roles(b)[-1:] == ["assistant"],
    "noEmptyMessages": lambda b: any(
        m["role"] == "assistant" and not m.get("content")
        and not m.get("tool_calls") for m in b.get("messages", [])),
    "reasoningContent": lambda b: any(
        "reasoning_content" not in m for m in calls(b)),
    "nineCharacterIds": lambda b: any(len(i) != 9 for i in ids(b)),
    "emptyContent": lambda b: any(m["content"] is None for m in calls(b)),
    "uniqueIds": lambda b: len(set(ids(b))) < len(ids(b)),
    "noStrictTools": lambda b: any(
        t.get("function", {}).get("strict") for t in b.get("tools", [])),
    "foreignFieldsRefused": lambda b: any(
        "reasoning_content" in m for m in b.get("messages", [])),
    "extraFieldsRefused": lambda b: "dario_probe" in b,
    "noImages": lambda b: "data:image/png" in json.dumps(b)
    or '"image/png"' in json.dumps(b),
    "minOutputTokens": lambda b: b.get("max_output_tokens", 99) < 16,
    "noCustom": lambda b: any(t["type"] == "custom"
                              for t in b.get("tools", [])),
    "functionsOnly": lambda b: "input" in b and any(
        t["type"] != "function" for t in b.get("tools", [])),
    "noDeveloper": lambda b: "developer" in roles(b),
    "callsPaired": lambda b: len(calls(b)) != roles(b).count("tool"),
    "jsonArguments": lambda b: any(
        c["function"]["arguments"] != "{}"
        for m in calls(b) for c in m["tool_calls"]),
    "toolIdMax": lambda b: any(len(i) > 40 for i in ids(b)),
    "thoughtSignatures": lambda b: any(
        "extra_content" not in c for m in calls(b) for c in m["tool_calls"]),
    "noTopK": lambda b: "top_k" in b,
    "strictMessages": lambda b: any("id" in m for m in b.get("messages", [])),
    "everything": lambda b: True,
}


def second(b, switches):
    return "second" in json.dumps(b.get("tool_choice", "")) \
        and "noNamedTool" not in switches


def chat(b, switches):
    if not b.get("stream"):
        m = {"role": "assistant", "content": "hi"}
        if "developerRole" in switches and "developer" in roles(b):
            m["content"] = "Pelican!"
        if "customTools" in switches and b.get("tools", [{}])[0].get(
                "type") == "custom":
            m["tool_calls"] = [{"id": "a", "type": "custom", "custom": {
                "name": "second", "input": "x"}}]
            return {"id": "c", "choices": [{"index": 0, "message": m}]}
        if "reasons" in switches:
            m["reasoning_content"] = "They greet."
        if "reasoningDetails" in switches:
            m["reasoning_details"] = [{"type": "reasoning.text", "text": "T"}]
        if "thinkingParts" in switches:
            m["content"] = [{"type": "thinking", "thinking": [
                {"type": "text", "text": "T"}]}, {"type": "text", "text": "h"}]
        if second(b, switches):
            m["tool_calls"] = [{"id": "a", "type": "function", "function": {
                "name": "second", "arguments": "{}"}}]
        return {"id": "c", "choices": [{"index": 0, "message": m,
                                        "finish_reason": "stop"}]}
    out = []
    for i, (delta, finish) in enumerate((
            ({"role": "assistant", "content": "h"}, None),
            ({"content": "i"}, None), ({}, "stop"))):
        if "normalize" in switches:
            delta.pop("role", None)
        head = {} if "noIds" in switches else {"id": "c"}
        out.append("data: " + json.dumps({**head, "choices": [{
            "index": 0, "delta": delta, "finish_reason": finish}]}) + "\n\n")
    return "".join(out) + "data: [DONE]\n\n"


def messages(b, switches):
    text = '{"greeting":"hi"}' if "output_config" in b \
        and "formatByChat" not in switches else "hi"
    content = [{"type": "text", "text": text}]
    if second(b, switches):
        content.append({"type": "tool_use", "id": "t", "name": "second",
                        "input": {}})
    return {"type": "message", "role": "assistant", "content": content}


def responses(b, switches):
    return {"id": "r", "object": "response", "output": [
        {"type": "function_call", "name": "second", "arguments": "{}"}]
        if second(b, switches) else []}


ANSWERS = {"/chat/completions": chat, "/messages": messages,
           "/responses": responses}


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body):
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "text/event-stream" if isinstance(
            body, str) else "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.answer(200, {"object": "list", "data": [{"id": "first"}]})

    def do_POST(self):
        _, what, path = self.path.split("/", 2)
        path = "/" + path.replace("v1/", "", 1)
        switches = what.split(",")
        b = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with open(sys.argv[2], "a") as log:
            log.write(b["model"] + "\n")
        if what == "key":
            self.answer(401, {"error": {"message": "bad key"}})
            return
        for s in switches:
            if s in REFUSES and REFUSES[s](b):
                word = {"reasoningContent": "reasoning_content is missing",
                        "thoughtSignatures": "a thought_signature is missing",
                        "maxCompletionTokens": "max_tokens is not supported"}
                self.answer(500 if "500" in switches else 400, {
                    "error": {"message": word.get(s, f"refused: {s}")}})
                return
        self.answer(200, ANSWERS[path](b, switches))

    def log_message(self, *a):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w") as f:
    f.write(str(server.server_port))
server.serve_forever()
