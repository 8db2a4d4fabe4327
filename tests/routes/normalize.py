#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Streams as providers send them, and as SDKs read them: normalize.py URL PORT

A provider on PORT sends Chat streams that break helpers of SDKs; the router at
URL has it as the backends "raw" and "normal" ("normalize": true). Prints PASS
and FAIL lines.
"""

import http.client
import http.server
import json
import os
import sys
import threading
import urllib.parse

url, port = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2])
key = os.environ.get("DARIO_API_KEY", "none")
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
SIGNED = {"google": {"thought_signature": "c2lnbmVk"}}


def chunk(delta, finish=None, i="c1", **more):
    return {"id": i, "object": "chat.completion.chunk", "created": 1,
            "model": "m", "choices": [{"index": 0, "delta": delta,
                                       "finish_reason": finish}], **more}


def call(name, args, index=None, i=None, **more):
    c = {"type": "function", "function": {"name": name, "arguments": args},
         "id": i or f"call_{name}", **more}
    return c if index is None else {"index": index, **c}


MESSAGE = {"role": "assistant", "content": "one two"}
STREAMS = {
    "role empty, whole message at the end": [
        chunk({"role": "", "content": "one "}),
        chunk({"role": "", "content": "two"}, "stop"),
        {"id": "c1", "object": "chat.completion", "created": 1, "model": "m",
         "choices": [{"index": 0, "finish_reason": "stop",
                      "message": MESSAGE}], "usage": USAGE}],
    "role null": [
        chunk({"role": None, "content": "one ", "tool_calls": None}),
        chunk({"role": None, "content": "two"}), chunk({}, "stop")],
    "another id in each": [
        chunk({"role": "assistant", "content": "one "}, None, "a"),
        chunk({"content": "two"}, None, "b"), chunk({}, "stop", "c")],
    "no id": [
        {k: v for k, v in chunk({"content": "one "}).items() if k != "id"},
        {k: v for k, v in chunk({"content": "two"}, "stop").items()
         if k != "id"}],
    "two finish reasons, usage between": [
        chunk({"role": "assistant", "content": "one "}),
        chunk({"content": "two"}, "stop", usage=USAGE),
        chunk({"content": ""}, "stop")],
    "calls without index, and stop": [
        chunk({"role": "assistant", "tool_calls": [
            call("f", '{"a":1}', extra_content=SIGNED)]}),
        chunk({"tool_calls": [call("g", '{"b":2}')]}), chunk({}, "stop")],
    "calls counted from 1": [
        chunk({"role": "assistant", "content": ""}),
        chunk({"tool_calls": [call("f", "", 1)]}),
        chunk({"tool_calls": [{"index": 1, "function": {
            "arguments": '{"a":1}'}}]}),
        chunk({"tool_calls": [call("g", '{"b":2}', 2)]}),
        chunk({}, "tool_calls")],
}
names = list(STREAMS)
# A call of Responses that only its own tool gives its shape.
SHELL = {"id": "r1", "object": "response", "status": "completed", "model": "m",
         "output": [{"type": "local_shell_call", "id": "lsh_1",
                     "call_id": "c1", "status": "completed", "action": {
                         "type": "exec", "command": ["ls"], "env": {}}},
                    {"type": "compaction", "id": "cmp_1",
                     "encrypted_content": "E"}]}


# Text and a refusal in one message: two items when it is written anew.
PARTS = {"type": "message", "id": "msg_1", "role": "assistant",
         "status": "completed", "content": [
             {"type": "output_text", "text": "t", "annotations": []},
             {"type": "refusal", "refusal": "no"}]}
WHOLE = {**SHELL, "output": [PARTS, {
    "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f",
    "arguments": "{}", "status": "completed"}]}


def steps():
    yield {"type": "response.created", "response": {
        **WHOLE, "status": "in_progress", "output": []}}
    for i, item in enumerate(WHOLE["output"]):
        yield {"type": "response.output_item.added", "output_index": i,
               "item": {**item, **({"content": []} if not i
                                   else {"arguments": ""})}}
        if not i:
            yield {"type": "response.output_text.delta", "item_id": "msg_1",
                   "output_index": 0, "content_index": 0, "delta": "t"}
            yield {"type": "response.refusal.delta", "item_id": "msg_1",
                   "output_index": 0, "content_index": 1, "delta": "no"}
        yield {"type": "response.output_item.done", "output_index": i,
               "item": item}
    yield {"type": "response.completed", "response": WHOLE}


class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body.get("input") == "parts" and body.get("stream"):
            return self.give("text/event-stream", "".join(
                f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                for e in steps()))
        if body.get("input") == "parts":
            return self.give("application/json", json.dumps(WHOLE))
        if "input" in body:
            return self.give("application/json", json.dumps(SHELL))
        events = STREAMS[names[int(body["messages"][0]["content"])]]
        data = "".join(f"data: {json.dumps(e)}\n\n" for e in events) + \
            "data: [DONE]\n\n"
        self.give("text/event-stream", data)

    def give(self, kind, data):
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *args):
        pass


def ask(backend, i):
    return post("/v1/chat/completions", {
        "model": f"{backend}:m", "stream": True,
        "stream_options": {"include_usage": True},
        "messages": [{"role": "user", "content": str(i)}]})


def post(path, body):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    c.request("POST", path, json.dumps(body), {
        "Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    return c.getresponse().read().decode()


def faults(events):
    """What an SDK's helper does not take."""
    with_choice = [e for e in events if e.get("choices")]
    deltas = [e["choices"][0].get("delta", {}) for e in with_choice]
    ends = [e for e in with_choice if e["choices"][0].get("finish_reason")]
    calls = [c for d in deltas for c in d.get("tool_calls") or []]
    indexes = sorted({c.get("index", -1) for c in calls})
    last = ends[-1]["choices"][0]["finish_reason"] if ends else None
    out = []
    if [d["role"] for d in deltas if "role" in d] != ["assistant"] or \
            "role" not in deltas[0]:
        out.append("role")
    if len({e.get("id") for e in events}) != 1 or not events[0].get("id"):
        out.append("id")
    if len(ends) != 1 or ends[0] is not with_choice[-1]:
        out.append("finish_reason")
    if any(e.get("usage") for e in with_choice) or not events[-1].get("usage"):
        out.append("usage")
    if indexes != list(range(len(indexes))):
        out.append("index")
    if calls and last != "tool_calls":
        out.append("stop")
    if any(e["object"] != "chat.completion.chunk" for e in events):
        out.append("object")
    return out


threading.Thread(target=http.server.ThreadingHTTPServer(
    ("127.0.0.1", port), Provider).serve_forever, daemon=True).start()
for i, name in enumerate(names):
    raw, text = ask("raw", i), ask("normal", i)
    events = [json.loads(line[6:]) for line in text.split("\n")
              if line.startswith("data: {")]
    before = faults(STREAMS[name])
    after = faults(events)
    said = "".join(e["choices"][0]["delta"].get("content") or ""
                   for e in events if e.get("choices"))
    args = {}
    for e in events:
        for c in (e["choices"][0]["delta"].get("tool_calls") or []
                  if e.get("choices") else []):
            args[c["index"]] = args.get(c["index"], "") + \
                c.get("function", {}).get("arguments", "")
    good = not after and text.endswith("data: [DONE]\n\n") and \
        (list(args.values()) == ['{"a":1}', '{"b":2}'] if args
         else said == "one two")
    if "without index" in name:
        good = good and '"thought_signature":"c2lnbmVk"' in text
    passed = all(json.dumps(e) in raw for e in STREAMS[name])
    if before and good and passed:
        print(f"PASS {name}: {', '.join(before)} put right")
    else:
        print(f"FAIL {name}: {before} {after} {passed} {text[:1500]}")
for more in ({"tools": [{"type": "local_shell"}]},
             {"tools": [{"type": "namespace", "name": "n", "tools": []}]},
             {"context_management": [{"type": "compaction"}]}):
    text = post("/v1/responses", {"model": "items:m", "input": "q", **more})
    what = f"what would be lost passes as it came: {list(more)[0]}"
    print(f"PASS {what}" if text == json.dumps(SHELL)
          else f"FAIL {what}: {text}")
for stream in (False, True):
    text = post("/v1/responses", {"model": "items:m", "input": "parts",
                                  "stream": stream})
    events = [json.loads(line[6:]) for line in text.split("\n")
              if line.startswith("data: {")]
    output = (events[-1]["response"] if stream else json.loads(text))["output"]
    ids = [i["id"] for i in output]
    said = [p.get("text", p.get("refusal")) for i in output
            for p in i.get("content", ())]
    begun = [e["item"]["id"] for e in events
             if e["type"] == "response.output_item.added"]
    good = said == ["t", "no"] and len(set(ids)) == len(ids) == 3 and \
        ids[0] == "msg_1" and ids[2] == "fc_1" and all(ids) and \
        begun == (ids if stream else [])
    what = f"items have an id each, {'streamed' if stream else 'whole'}"
    print(f"PASS {what}" if good else f"FAIL {what}: {text}"[:1500])
