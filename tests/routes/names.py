#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Names of tools that a provider refuses, in its own API, and functions where
tools are known: names.py URL PORT

A provider on PORT calls the last tool that it is offered. The router at URL
has it as the backends "ant", "rsp" and "oai". Prints PASS and FAIL lines.
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
ODD = "mcp.notes/find"
SCHEMA = {"type": "object", "properties": {}}
ARGUMENTS = {"q": "\u00e4 {1}"}


# What the provider's own search gave.
FOUND = [
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search",
     "input": {"query": "q"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
     "content": [{"type": "web_search_result", "url": "http://x", "title": "t",
                  "encrypted_content": "ENC", "page_age": None}]}]


def claude(name, own=False):
    call = {"type": "tool_use", "id": "toolu_1", "name": name,
            "input": ARGUMENTS}
    message = {"id": "msg_1", "type": "message", "role": "assistant",
               "model": "m", "content": (FOUND if own else []) + [call],
               "stop_reason": "tool_use",
               "stop_sequence": None,
               "usage": {"input_tokens": 1, "output_tokens": 1}}
    return message, [
        {"type": "message_start", "message": {**message, "content": []}},
        *(e for i, b in enumerate(FOUND if own else []) for e in (
            {"type": "content_block_start", "index": i + 1,
             "content_block": b}, {"type": "content_block_stop",
                                   "index": i + 1})),
        {"type": "content_block_start", "index": 0,
         "content_block": {**call, "input": {}}},
        *({"type": "content_block_delta", "index": 0, "delta": {
            "type": "input_json_delta", "partial_json": c}}
          for c in json.dumps(ARGUMENTS)),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use",
                                            "stop_sequence": None},
         "usage": {"output_tokens": 1}}, {"type": "message_stop"}]


def items(name):
    return [
        {"type": "reasoning", "id": "rs_1", "encrypted_content": "ENC",
         "summary": [{"type": "summary_text", "text": "s"}]},
        {"type": "message", "id": "msg_1", "role": "assistant",
         "phase": "commentary", "status": "completed", "content": [
             {"type": "output_text", "text": "t", "annotations": [],
              "logprobs": []}]},
        {"type": "function_call", "id": "fc_1", "call_id": "c1",
         "name": name, "arguments": json.dumps(ARGUMENTS),
         "status": "completed"}]


def responses(name, own=False):
    search = [{"type": "web_search_call", "id": "ws_1", "status": "completed",
               "action": {"type": "search", "query": "q"}, "new": -0.0}]
    whole = {"id": "resp_1", "object": "response", "status": "completed",
             "model": "m", "output": items(name) + (search if own else []),
             "tools": [{"type": "function", "name": name}],
             "tool_choice": {"type": "function", "name": name}, "usage": {
                 "input_tokens": 1, "output_tokens": 1, "total_tokens": 2}}
    evs = [{"type": "response.created", "response": {
        **whole, "status": "in_progress", "output": []}}]
    for i, item in enumerate(items(name)):
        begun = {k: v for k, v in item.items() if k != "encrypted_content"}
        for key, empty in (("summary", []), ("content", []),
                           ("arguments", "")):
            if key in begun:
                begun[key] = empty
        evs.append({"type": "response.output_item.added", "output_index": i,
                    "item": begun})
        if "arguments" in item:
            evs.append({"type": "response.function_call_arguments.delta",
                        "item_id": "fc_1", "output_index": i,
                        "delta": item["arguments"]})
        evs.append({"type": "response.output_item.done", "output_index": i,
                    "item": item})
    return whole, evs + [{"type": "response.completed", "response": whole}]


# Two answers, and what an answer is not read for.
MANY = {"id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": i, "finish_reason": "stop", "logprobs": {
            "content": [{"token": t, "logprob": -0.5, "bytes": None,
                         "top_logprobs": []}], "refusal": None},
            "message": {"role": "assistant", "content": t, "refusal": None}}
            for i, t in enumerate("ab")]}


def chat(name, own=False):
    call = {"id": "c1", "type": "function", "function": {
        "name": name, "arguments": json.dumps(ARGUMENTS)}}

    def answer(kind, key, message, finish):
        return {"id": "x", "object": kind, "created": 1, "model": "m",
                "choices": [{"index": 0, key: message,
                             "finish_reason": finish}]}
    return answer("chat.completion", "message", {
        "role": "assistant", "content": None, "tool_calls": [call]},
        "tool_calls"), [
        answer("chat.completion.chunk", "delta", delta, finish)
        for delta, finish in (
            ({"role": "assistant", "tool_calls": [{**call, "index": 0}]},
             None), ({}, "tool_calls"))]


def given(api, name, stream, own=False):
    """An answer; `own`: with what a tool of the provider's gave."""
    whole, evs = api(name, own)
    if not stream:
        return json.dumps(whole)
    return "".join((f"event: {e['type']}\n" if "type" in e else "") +
                   f"data: {json.dumps(e)}\n\n" for e in evs)


class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if body.get("n"):
            return self.give("application/json", json.dumps(MANY))
        tool = body["tools"][-1]
        name = tool.get("function", tool)["name"]
        data = given(chat if "function" in tool else claude
                     if "messages" in body else responses, name,
                     body.get("stream"), len(body["tools"]) > 1)
        if self.path.endswith("/count_tokens"):
            data = '{"input_tokens": 42}'
        if self.path.endswith("/compact"):
            data = '{"object": "response.compaction", "output": []}'
        if not re.fullmatch("[A-Za-z0-9_-]+", name):
            data = '{"error": {"message": "a name is refused"}}'
        self.give("text/event-stream" if data[:5] in ("event", "data:")
                  else "application/json", data, 200 if name != ODD else 400)

    def give(self, kind, data, status=200):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data.encode())

    def log_message(self, *args):
        pass


def ask(path, body):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    c.request("POST", path, json.dumps(body), {
        "Content-Type": "application/json", "Authorization": f"Bearer {key}"})
    r = c.getresponse()
    data = r.read().decode()
    c.close()
    return r, data


def events(data):
    return [json.loads(line[6:]) for line in data.split("\n")
            if line.startswith("data: {")]


def called(data):
    """Names and arguments of the calls of an answer, whole or streamed."""
    if data.startswith("{"):
        answer = json.loads(data)
        return [(b["name"], b.get("input") or json.loads(b["arguments"]))
                for b in answer.get("content") or answer.get("output")
                if "name" in b]
    evs = events(data)
    if evs[-1]["type"] == "response.completed":
        return [(i["name"], json.loads(i["arguments"]))
                for i in evs[-1]["response"]["output"] if "name" in i]
    names = [e["content_block"]["name"] for e in evs
             if e["type"] == "content_block_start"]
    return [(n, json.loads("".join(
        e["delta"].get("partial_json", "") for e in evs
        if e["type"] == "content_block_delta"))) for n in names]


threading.Thread(target=http.server.ThreadingHTTPServer(
    ("127.0.0.1", port), Provider).serve_forever, daemon=True).start()
for stream in (False, True):
    for path, body in (
            ("/v1/messages", {
                "model": "ant:claude-opus-4-8", "max_tokens": 9, "tools": [
                    {"type": "custom", "name": ODD, "input_schema": SCHEMA}],
                "messages": [{"role": "user", "content": "q"}]}),
            ("/v1/responses", {
                "model": "rsp:gpt-5.5", "input": "q", "tools": [
                    {"type": "function", "name": ODD, "parameters": SCHEMA,
                     "strict": False}]})):
        r, data = ask(path, {**body, "stream": stream})
        good = r.status == 200 and called(data) == [(ODD, ARGUMENTS)] and \
            "names of tools" in (r.headers.get("x-dario-mended") or "")
        what = f"{path}, {'streamed' if stream else 'whole'}: the call " \
            "comes back by the client's own name"
        print(f"PASS {what}" if good else f"FAIL {what}: {r.status} {data}"
              .replace("\n", " ")[:900])
        if "input" in body:
            got = (events(data)[-1]["response"] if stream
                   else json.loads(data))["output"]
            what = f"Responses, {'streamed' if stream else 'whole'}: items " \
                "keep their ids, their phase and what is encrypted"
            print(f"PASS {what}" if got == items(ODD)
                  else f"FAIL {what}: {got}"[:900])
        less, want = (("/v1/responses/compact", '"response.compaction"')
                      if "input" in body else
                      ("/v1/messages/count_tokens", '"input_tokens": 42'))
        r, data = ask(less, body)
        print(f"PASS {less}" if r.status == 200 and want in data
              else f"FAIL {less}: {r.status} {data[:500]}")

    r, data = ask("/v1/chat/completions", {
        "model": "oai:gpt-5.4", "stream": stream,
        "functions": [{"name": "g"}, {"name": ODD, "parameters": SCHEMA}],
        "messages": [{"role": "user", "content": "q"}]})
    choices = [c for e in (events(data) if stream else [json.loads(data)])
               for c in e["choices"]]
    calls = [c["delta" if stream else "message"].get("function_call") or {}
             for c in choices]
    good = "".join(c.get("name", "") for c in calls) == ODD and json.loads(
        "".join(c.get("arguments", "") for c in calls)) == ARGUMENTS and \
        choices[-1]["finish_reason"] == "function_call" and \
        "tool_calls" not in data
    what = f"functions, {'streamed' if stream else 'whole'}: the call comes " \
        "back as one"
    print(f"PASS {what}" if good else f"FAIL {what}: {r.status} {data}"
          .replace("\n", " ")[:900])

# Nothing but the name differs from what the provider has sent.
for stream in (False, True):
    for api, path, body in (
            (claude, "/v1/messages", {
                "model": "ant:claude-opus-4-8", "max_tokens": 9, "tools": [
                    {"type": "web_search_20250305", "name": "web_search"},
                    {"name": ODD, "input_schema": SCHEMA}],
                "messages": [{"role": "user", "content": "q"}]}),
            (claude, "/v1/messages", {
                "model": "ant:claude-opus-4-8", "max_tokens": 9,
                "context_management": {"edits": [
                    {"type": "compact_20260112"}]},
                "tools": [{"name": ODD, "input_schema": SCHEMA}],
                "messages": [{"role": "user", "content": "q"}]}),
            (responses, "/v1/responses", {
                "model": "rsp:gpt-5.5", "input": "q",
                "include": ["reasoning.encrypted_content"], "tools": [
                    {"type": "web_search"},
                    {"type": "function", "name": ODD, "parameters": SCHEMA,
                     "strict": False}]}),
            (chat, "/v1/chat/completions", {
                "model": "oai:gpt-5.4", "logprobs": True, "tools": [
                    {"type": "function", "function": {"name": ODD}}],
                "messages": [{"role": "user", "content": "q"}],
                "stream_options": {"include_usage": True}})):
        r, data = ask(path, {**body, "stream": stream})
        want = given(api, ODD, stream, len(body["tools"]) > 1)
        if api is chat and stream:
            want += data[len(want):] if "[DONE]" in data else ""
        good = r.status == 200 and data == want and \
            r.headers.get("x-dario-mended") == "names of tools" and \
            not r.headers.get("x-dario-dropped")
        what = f"{path}, {'streamed' if stream else 'whole'}: beside the " \
            "provider's own tools nothing else changes"
        print(f"PASS {what}" if good else f"FAIL {what}: {r.status} "
              f"{dict(r.headers)} {data}".replace("\n", " ")[:1500])

for more in ({"n": 2}, {"n": 2, "logprobs": True, "top_logprobs": 0}):
    r, data = ask("/v1/chat/completions", {
        "model": "oai:gpt-5.4", **more,
        "functions": [{"name": "f", "parameters": SCHEMA}],
        "messages": [{"role": "user", "content": "q"}, {
            "role": "assistant", "content": None, "function_call": {
                "name": "f", "arguments": "{}"}},
            {"role": "function", "name": "f", "content": "r"}]})
    good = r.status == 200 and data == json.dumps(MANY) and \
        not r.headers.get("x-dario-dropped")
    what = f"functions, {', '.join(more)}: nothing of the answer is lost"
    print(f"PASS {what}" if good else f"FAIL {what}: {r.status} {data}"[:900])
r, data = ask("/v1/chat/completions", {
    "model": "oai:gpt-5.4", "logprobs": True, "top_logprobs": 1, "tools": [
        {"type": "function", "function": {"name": ODD}}],
    "messages": [{"role": "user", "content": "q"}]})
dropped = r.headers.get("x-dario-dropped")
good = r.status == 200 and data == json.dumps(chat(ODD)[0]) and not dropped
what = "a name that has to change: all else of the answer stays"
print(f"PASS {what}" if good
      else f"FAIL {what}: {r.status} {dropped} {data}"[:900])
