#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the worker sends upstream and answers, and what the library makes of the
same: alike in every pair of dialects, whole and as a stream, with and without
switches, and so is the next request, which has the worker's answer in its
history. But for ids and dates, which are new each time, and seals, in which the
worker says by which key it has asked: the library knows of none.

    alike.py BUILDDIR

The package dario is found by PYTHONPATH, its library by DARIO_LIBRARY. Prints
"PASS case" or "FAIL case: why".
"""

import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "bench"))
import dario  # noqa: E402
import fastcgi  # noqa: E402

PATHS = {"anthropic": "/v1/messages", "openai": "/v1/chat/completions",
         "responses": "/v1/responses"}
SCHEMA = {"type": "object", "properties": {"at": {"type": "string"}}}
PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwAD"
         "hgGAWjR9awAAAABJRU5ErkJggg==")
ASKED = {
    "anthropic": {
        "max_tokens": 99, "top_k": 5, "system": "be brief",
        "tools": [{"name": "look", "input_schema": SCHEMA}],
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "what is \u00e9 here? \U0001f600"},
                {"type": "image", "source": {
                    "type": "base64", "media_type": "image/png",
                    "data": PIXEL}}]},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "toolu_1", "name": "look",
                 "input": {"at": "it"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1",
                 "content": "a pixel"}]}]},
    "openai": {
        "logit_bias": {"1": 2}, "stream_options": {"include_usage": True},
        "tools": [{"type": "function", "function": {
            "name": "look", "parameters": SCHEMA}}],
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [
                {"type": "text", "text": "what is \u00e9 here? \U0001f600"},
                {"type": "image_url", "image_url": {
                    "url": "data:image/png;base64," + PIXEL}}]},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {
                    "name": "look", "arguments": "{\"at\":\"it\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a pixel"}]},
    "responses": {
        "instructions": "be brief", "truncation": "auto", "store": False,
        "tools": [{"type": "function", "name": "look", "strict": False,
                   "parameters": SCHEMA}],
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "what is \u00e9? \U0001f600"},
                {"type": "input_image", "detail": "auto",
                 "image_url": "data:image/png;base64," + PIXEL}]},
            {"type": "function_call", "call_id": "call_1", "name": "look",
             "arguments": "{\"at\":\"it\"}"},
            {"type": "function_call_output", "call_id": "call_1",
             "output": "a pixel"}]},
}
# What a provider refuses, so that the same dialect is mended; and an answer
# that is written anew.
SWITCHES = {"plain": {}, "strict": {"callsPaired": True, "noImages": True},
            "left": {"callsPaired": True, "noImages": True, "mend": False},
            "anew": {"normalize": True}}
BLOCKS = [
    {"type": "thinking", "thinking": "it is small", "signature": "c2ln"},
    {"type": "text", "text": "a pi\u00d7el \U0001f600"},
    {"type": "tool_use", "id": "toolu_2", "name": "look",
     "input": {"at": "both"}}]
USAGE = {"input_tokens": 30, "output_tokens": 7, "cache_read_input_tokens": 5}
WHOLE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m",
         "content": BLOCKS, "stop_reason": "tool_use", "stop_sequence": None,
         "usage": USAGE}


def events():
    """WHOLE as Anthropic streams it."""
    yield {"type": "message_start", "message": {
        **WHOLE, "content": [], "stop_reason": None}}
    for i, block in enumerate(BLOCKS):
        begin, deltas = {
            "thinking": lambda b: (
                {"type": "thinking", "thinking": "", "signature": ""},
                [{"type": "thinking_delta", "thinking": b["thinking"]},
                 {"type": "signature_delta", "signature": b["signature"]}]),
            "text": lambda b: (
                {"type": "text", "text": ""},
                [{"type": "text_delta", "text": t} for t in b["text"]]),
            "tool_use": lambda b: (
                {**b, "input": {}},
                [{"type": "input_json_delta",
                  "partial_json": json.dumps(b["input"])}]),
        }[block["type"]](block)
        yield {"type": "content_block_start", "index": i,
               "content_block": begin}
        for d in deltas:
            yield {"type": "content_block_delta", "index": i, "delta": d}
        yield {"type": "content_block_stop", "index": i}
    yield {"type": "message_delta", "delta": {
        "stop_reason": "tool_use", "stop_sequence": None}, "usage": USAGE}
    yield {"type": "message_stop"}


STREAM = b"".join(b"event: %s\ndata: %s\n\n" % (
    e["type"].encode(), json.dumps(e).encode()) for e in events())


def asked(dialect, stream, model):
    body = {"model": model, "stream": stream, **ASKED[dialect]}
    if not stream:
        body.pop("stream_options", None)
    return json.dumps(body).encode()


def asked_next(dialect, first, answer):
    """The request that follows this answer."""
    body, answer = json.loads(first), json.loads(answer)
    said = {"anthropic": lambda a: [{"role": "assistant",
                                     "content": a["content"]}],
            "openai": lambda a: [a["choices"][0]["message"]],
            "responses": lambda a: a["output"]}[dialect](answer)
    turns = body["input" if dialect == "responses" else "messages"]
    turns += said + [{"role": "user", "content": "go on"}]
    return json.dumps(body).encode()


def answer_of(dialect, stream):
    """The same answer as a provider of this dialect has it."""
    if dialect == "anthropic":
        return STREAM if stream else json.dumps(WHOLE).encode()
    made = dario.translate(dialect, "anthropic", asked(dialect, stream, "m"))
    return (b"".join(made.stream([STREAM])) if stream else
            made.answer(json.dumps(WHOLE)))


def plain(text):
    """Without what is new each time, what a seal holds, and comments."""
    text = re.sub(rb"(?m)^:.*\n\n", b"", text)
    text = re.sub(rb"dario[0-9]_[-_0-9A-Za-z]+", b"a seal", text)
    text = re.sub(rb'"((?:chatcmpl|msg|resp|rs|fc|ctc)[-_])[0-9A-Za-z]{16,}"',
                  rb'"\1"', text)
    return re.sub(rb'"((?:created|completed)(?:_at)?)":[0-9.]+', rb'"\1":0',
                  text)


def from_records(data):
    """What a FastCGI answer writes: its head and its body."""
    out = b""
    while data:
        _, kind, _, n, pad, _ = struct.unpack(">BBHHBB", data[:8])
        if kind == 6:
            out += data[8:8 + n]
        data = data[8 + n + pad:]
    head, _, body = out.partition(b"\r\n\r\n")
    return head.decode(), body


def field(head, name):
    found = re.search(rf"(?im)^{name}: (.*?)\r?$", head)
    return found[1] if found else ""


def by_worker(w, client, body, stream, said):
    kind = b"text/event-stream" if stream else b"application/json"
    up = (b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
          % (kind, len(said)) + said)
    head, answer = from_records(w.ask(PATHS[client], body, [(up, b"")]))
    return (w.asked.partition(b"\r\n\r\n")[2],
            field(head, "x-dario-dropped") if not stream else "", answer)


def by_library(translator, body, stream, said):
    x = translator.request(body, "m")
    request = x.body
    answer = b"".join(x.stream([said])) if stream else x.answer(said)
    return request, ", ".join(x.dropped) if not stream else "", answer


def difference(a, b):
    for what, one, two in zip(("request", "dropped", "answer"), a, b):
        if isinstance(one, bytes):
            one, two = plain(one), plain(two)
        if one != two:
            at = next((i for i, (p, q) in enumerate(zip(one, two)) if p != q),
                      min(len(one), len(two)))
            at = max(at - 60, 0)
            return (f"{what}: worker {one[at:at + 160]!r}, "
                    f"library {two[at:at + 160]!r}")
    return None


def compare(w, client, provider, name):
    translator = dario.Dario().translator(
        client, provider, base_url=w.upstream + "/v1",
        switches=json.dumps(SWITCHES[name]))

    def judge(case, body, stream):
        tool = json.loads(translator.request(body, "m").body)["tools"][0]
        tool = tool.get("function", tool)["name"]
        said = answer_of(provider, stream).replace(
            b'"look"', json.dumps(tool).encode())
        ours = by_worker(w, client, body, stream, said)
        why = difference(ours, by_library(translator, body, stream, said))
        print(f"FAIL {client} for {provider}, {name}, {case}: {why}" if why
              else f"PASS {client} for {provider}, {name}, {case}")
        return ours[2]

    model = f"{provider}-{name}:m"
    judge("stream", asked(client, True, model), True)
    first = asked(client, False, model)
    answer = judge("whole", first, False)
    judge("next", asked_next(client, first, answer), False)
    for stream in (False, True):
        judge("a tool that is refused, " + ("stream" if stream else "whole"),
              asked(client, stream, model).replace(b'"look"', b'"look at"'),
              stream)


def main():
    with fastcgi.Worker(sys.argv[1]) as w:
        for provider in PATHS:
            for name, switches in SWITCHES.items():
                fastcgi.put(f"{w.home}/backends/{provider}-{name}.json", {
                    "name": f"{provider}-{name}", "apiKey": "key-of-tests",
                    "baseUrl": w.upstream + "/v1", "protocol": provider,
                    **switches})
        for client in PATHS:
            for provider in PATHS:
                for name in SWITCHES:
                    compare(w, client, provider, name)


main()
