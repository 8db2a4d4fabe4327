#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider that knows a word: word.py PORT WORD LOG [MODEL]

Speaks Messages, Chat Completions and Responses, whole and streamed. Whoever
asks is told the word. When the question names a file (/...txt) and tools are
declared, the model first calls one that can read it, and then repeats what it
was given, through a tool if there is one for the answer. Streams come in small
pieces. Each request's path, dialect and model go to LOG, a line each, as JSON.
Nothing of it depends on the client."""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, WORD, LOG = int(sys.argv[1]), sys.argv[2], sys.argv[3]
MODELS = [{"id": m, "object": "model"} for m in sys.argv[4:]]  # that it lists
FILE = re.compile(r"/[\w./-]+\.txt")
COMMANDS = ("command", "cmd", "commands", "script")
ENDS = ("final_answer",)  # tools that take the answer itself
PATHS = ("file_path", "path", "filepath", "filePath", "absolute_path",
         "target_file", "paths", "files")


# --- what was asked ---------------------------------------------------------

def texts(value):
    """All texts in a JSON value, in their order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for v in value:
            yield from texts(v)
    elif isinstance(value, dict):
        for v in value.values():
            yield from texts(v)


def turns(q):
    """(role, value): user, assistant or result."""
    for m in q.get("messages") or q.get("input") or []:
        if isinstance(m, str):
            yield "user", m
            continue
        kind = m.get("type", "message")
        if m.get("role") == "tool" or kind.endswith("_output"):
            yield "result", m.get("content", m.get("output"))
        elif kind == "message" or "role" in m:
            content = m.get("content")
            blocks = content if isinstance(content, list) else [content]
            for b in blocks:
                result = isinstance(b, dict) and b.get("type") == "tool_result"
                yield ("result", b.get("content")) if result else \
                    (m.get("role", "user"), b)


def tools(q):
    """(name, schema) of what may be called."""
    for t in q.get("tools") or []:
        f = t.get("function", t)
        schema = f.get("input_schema") or f.get("parameters")
        if t.get("type", "function") in ("function", "custom") and schema:
            yield f["name"], schema


def value_for(name, schema, path):
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if name in COMMANDS:
        return ["cat", path] if kind == "array" and "s" != name[-1] else \
            [f"cat {path}"] if kind == "array" else f"cat {path}"
    if name in PATHS:
        item = schema.get("items", {}).get("properties")
        if kind == "array":
            return [{next(iter(item)): path}] if item else [path]
        return path
    if "enum" in schema:
        return schema["enum"][0]
    return {"boolean": False, "integer": 1, "number": 1, "array": [],
            "object": {}}.get(kind, "read a file")


def call(q, path):
    """(name, arguments) of a tool that reads a file, or None."""
    best = None
    for name, schema in tools(q):
        fields = schema.get("properties") or {}
        known = [f for f in fields if f in COMMANDS + PATHS]
        if not known or re.search(r"write|edit|patch|list|search|glob|grep|"
                                  r"delete|image|task|kill|output|stdin",
                                  name.lower()):
            continue
        need = set(schema.get("required") or known[:1]) | set(known[:1])
        args = {f: value_for(f, fields.get(f, {}), path) for f in need}
        rank = 0 if re.search(r"bash|shell|exec|command|terminal", name.lower()) \
            else 1
        if best is None or rank < best[0]:
            best = rank, name, args
    return best and best[1:]


def told(said, path):
    """Results in words: what a user says after a call that is told as text."""
    at = [n for n, (role, v) in enumerate(said)
          if role == "assistant" and any(path in t for t in texts(v))]
    return [" ".join(texts(v)) for role, v in said[at[-1] + 1:]
            if role == "user"] if at else []


def answer(q):
    """("text", text) or ("call", name, arguments)"""
    said = list(turns(q))
    asked = [FILE.search(t) for role, v in said if role == "user"
             for t in texts(v)]
    path = next((m.group() for m in reversed(asked) if m), None)
    results = [" ".join(texts(v)) for role, v in said if role == "result"]
    results = results or (told(said, path) if path else [])
    if path and not results:
        called = call(q, path)
        if called:
            return ("call", *called)
    read = f" The file says: {results[-1][:400]}" if results else ""
    text = f"The word is {WORD}.{read}"
    for name, schema in tools(q):
        if name in ENDS:
            return "call", name, {next(iter(schema["properties"])): text}
    return "text", text


# --- the dialects ------------------------------------------------------------

def pieces(text):
    """What a stream sends it in; the word is cut, too."""
    return [text[i:i + 9] for i in range(0, len(text), 9)]


def messages(q, a):
    usage = {"input_tokens": 7, "output_tokens": 5}
    block = {"type": "text", "text": a[1]} if a[0] == "text" else \
        {"type": "tool_use", "id": "toolu_01word", "name": a[1], "input": a[2]}
    stop = "end_turn" if a[0] == "text" else "tool_use"
    whole = {"id": "msg_1", "type": "message", "role": "assistant",
             "model": q["model"], "content": [block], "stop_reason": stop,
             "stop_sequence": None, "usage": usage}
    empty, deltas = (dict(block, text=""), [
        {"type": "text_delta", "text": t} for t in pieces(a[1])]) \
        if a[0] == "text" else (dict(block, input={}), [
            {"type": "input_json_delta", "partial_json": t}
            for t in pieces(json.dumps(a[2]))])
    yield whole
    for event in (
            {"type": "message_start", "message": dict(
                whole, content=[], stop_reason=None)},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            *({"type": "content_block_delta", "index": 0, "delta": d}
              for d in deltas),
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": {
                "stop_reason": stop, "stop_sequence": None}, "usage": usage},
            {"type": "message_stop"}):
        yield event


def chat(q, a):
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    calls = a[0] == "call" and [{"id": "call_word", "type": "function",
                                 "function": {"name": a[1], "arguments":
                                              json.dumps(a[2])}}]
    message = {"role": "assistant", "content": None if calls else a[1]}
    if calls:
        message["tool_calls"] = calls
    stop = "tool_calls" if calls else "stop"
    head = {"id": "chatcmpl-1", "created": 1, "model": q["model"]}
    yield dict(head, object="chat.completion", usage=usage, choices=[
        {"index": 0, "message": message, "finish_reason": stop}])
    chunk = dict(head, object="chat.completion.chunk")
    begun = calls and dict(calls[0], index=0, function={
        "name": a[1], "arguments": ""})
    deltas = [{"tool_calls": [begun]}] + [
        {"tool_calls": [{"index": 0, "function": {"arguments": t}}]}
        for t in pieces(json.dumps(a[2]))] if calls else \
        [{"content": t} for t in pieces(a[1])]
    for d, end in (({"role": "assistant", "content": ""}, None),
                   *((d, None) for d in deltas), ({}, stop)):
        yield dict(chunk, choices=[{"index": 0, "delta": d,
                                    "finish_reason": end}])
    if (q.get("stream_options") or {}).get("include_usage"):
        yield dict(chunk, choices=[], usage=usage)
    yield "[DONE]"


def responses(q, a):
    usage = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12,
             "input_tokens_details": {"cached_tokens": 0},
             "output_tokens_details": {"reasoning_tokens": 0}}
    text = {"type": "output_text", "text": a[1], "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant",
            "status": "completed", "content": [text]} if a[0] == "text" else \
        {"type": "function_call", "id": "fc_1", "call_id": "call_word",
         "name": a[1], "arguments": json.dumps(a[2]), "status": "completed"}
    whole = {"id": "resp_1", "object": "response", "created_at": 1,
             "status": "completed", "model": q["model"], "output": [item],
             "usage": usage, "tools": [], "parallel_tool_calls": True,
             "tool_choice": "auto", "error": None, "incomplete_details": None,
             "instructions": None, "metadata": {}}
    yield whole
    began = dict(whole, status="in_progress", output=[], usage=None)
    events = [{"type": "response.created", "response": began}]
    at = {"item_id": item["id"], "output_index": 0}
    if a[0] == "text":
        begun = dict(item, content=[], status="in_progress")
        part = dict(at, content_index=0)
        events += [
            {"type": "response.output_item.added", "output_index": 0,
             "item": begun},
            dict(part, type="response.content_part.added",
                 part=dict(text, text="")),
            *(dict(part, type="response.output_text.delta", delta=t,
                   logprobs=[]) for t in pieces(a[1])),
            dict(part, type="response.output_text.done", text=a[1],
                 logprobs=[]),
            dict(part, type="response.content_part.done", part=text)]
    else:
        begun = dict(item, arguments="", status="in_progress")
        events += [
            {"type": "response.output_item.added", "output_index": 0,
             "item": begun},
            *(dict(at, type="response.function_call_arguments.delta", delta=t)
              for t in pieces(item["arguments"])),
            dict(at, type="response.function_call_arguments.done",
                 arguments=item["arguments"])]
    events += [{"type": "response.output_item.done", "output_index": 0,
                "item": item},
               {"type": "response.completed", "response": whole}]
    for n, event in enumerate(events):
        yield dict(event, sequence_number=n)


DIALECTS = {"/messages": messages, "/chat/completions": chat,
            "/responses": responses}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, status, kind, body):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.send(200, "application/json", json.dumps(
            {"object": "list", "data": MODELS}).encode())

    def do_POST(self):
        q = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.split("?")[0].removeprefix("/v1")
        speak = DIALECTS.get(path)
        a = speak and answer(q)
        with open(LOG, "a", encoding="utf-8") as f:
            f.write(json.dumps({"path": path, "model": q.get("model"),
                                "answer": a and a[0]}) + "\n")
        if not speak:
            self.send(404, "application/json",
                      b'{"error":{"message":"not here","code":"none"}}')
            return
        parts = list(speak(q, a))
        if not q.get("stream"):
            self.send(200, "application/json", json.dumps(parts[0]).encode())
            return
        lines = []
        for e in parts[1:]:
            if isinstance(e, dict) and "type" in e:
                lines.append(f"event: {e['type']}\n")
            data = e if isinstance(e, str) else json.dumps(e)
            lines.append(f"data: {data}\n\n")
        self.send(200, "text/event-stream", "".join(lines).encode())


server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
print("listening", flush=True)
server.serve_forever()
