#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a provider made comes home as it was, through a client of another API:
home.py CONVERT. An answer is translated, put into the history as the SDKs do
it, and the next request is translated back.
"""

import json

from meaning import events
from translate import *

MODELS = {"anthropic": "claude-opus-4-8", "openai": "gpt-5.4",
          "responses": "gpt-5.4"}
SCHEMA = {"type": "object", "properties": {}}
CALLED = {"anthropic": ("tool_use", "id"), "openai": (None, "id"),
          "responses": ("function_call", "call_id")}


def answered(client, out):
    """What the client's SDK has of the answer, streamed or whole: the entries
    that it sends back."""
    if out[:1] == b"{":
        o = json.loads(out)
        if client == "anthropic":
            return [{"role": "assistant", "content": o["content"]}]
        if client == "openai":
            return [o["choices"][0]["message"]]
        return o["output"]
    if client == "responses":
        return [o for _, o in events(out)][-1]["response"]["output"]
    if client == "anthropic":
        return [{"role": "assistant", "content": gathered(out)}]
    return [gathered_chat(out)]


def gathered(out):
    blocks = []
    for _, o in events(out):
        if o["type"] == "content_block_start":
            blocks.append(dict(o["content_block"], json=""))
        elif o["type"] == "content_block_delta":
            d, b = o["delta"], blocks[o["index"]]
            for key in ("text", "thinking", "signature"):
                if key in d:
                    b[key] = b.get(key, "") + d[key]
            if "citation" in d:
                b["citations"] = (b.get("citations") or []) + [d["citation"]]
            b["json"] += d.get("partial_json", "")
    for b in blocks:
        text = b.pop("json")
        if text:
            b["input"] = json.loads(text)
    return blocks


def gathered_chat(out):
    m = {"role": "assistant", "content": ""}
    for _, o in events(out):
        for choice in o["choices"] if o != "[DONE]" else ():
            d = choice["delta"]
            m["content"] += d.get("content") or ""
            if d.get("reasoning_content"):
                m["reasoning_content"] = (m.get("reasoning_content", "") +
                                          d["reasoning_content"])
            for key in ("reasoning_details", "annotations"):
                if d.get(key):
                    m.setdefault(key, []).extend(d[key])
            for c in d.get("tool_calls", ()):
                calls = m.setdefault("tool_calls", [])
                if c["index"] == len(calls):
                    calls.append(dict(c))
                    continue
                kind = "custom" if "custom" in c else "function"
                key = "input" if kind == "custom" else "arguments"
                calls[c["index"]][kind][key] += c[kind][key]
    return m


def results(client, said):
    """An output for every call of the answer."""
    if client == "anthropic":
        blocks = [{"type": "tool_result", "tool_use_id": b["id"],
                   "content": "r"} for b in said[0]["content"]
                  if b["type"] == "tool_use"]
        return [{"role": "user", "content": blocks or "go on"}]
    if client == "openai":
        return [{"role": "tool", "tool_call_id": c["id"], "content": "r"}
                for c in said[0].get("tool_calls", ())] or [
            {"role": "user", "content": "go on"}]
    return [{"type": i["type"] + "_output", "call_id": i["call_id"],
             "output": "r"} for i in said if "call_id" in i] or [
        {"role": "user", "content": "go on"}]


def body(client, said, tools=()):
    history = [{"role": "user", "content": "q"}, *said,
               *(results(client, said) if said else ())]
    if client == "anthropic":
        return {"max_tokens": 9, "messages": history, "tools": [
            {"name": t, "input_schema": SCHEMA} for t in tools]}
    if client == "openai":
        return {"messages": history, "tools": [
            {"type": "function", "function": {"name": t, "parameters": SCHEMA}}
            for t in tools]}
    return {"input": history, "tools": [
        {"type": "function", "name": t, "parameters": SCHEMA} for t in tools]}


def home(provider, client, data, how="whole", tools=("f",), asked=None):
    """The history that the provider gets back."""
    asked = asked or body(client, (), tools)
    said = answered(client, answer(provider, client, data, how, asked=asked,
                                   model=MODELS[provider]))
    again = dict(asked)
    again["input" if client == "responses" else "messages"] = [
        {"role": "user", "content": "q"}, *said, *results(client, said)]
    r = request(client, provider, again, MODELS[provider])
    return r.get("messages") or r["input"]


def others(provider):
    return [c for c in MODELS if c != provider]


# --- ids ------------------------------------------------------------------

def called(provider, id):
    if provider == "anthropic":
        return {"type": "message", "role": "assistant", "id": "m", "content": [
            {"type": "tool_use", "id": id, "name": "f", "input": {}}],
            "stop_reason": "tool_use", "usage": {}}
    if provider == "openai":
        return {"id": "c", "choices": [{
            "index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "content": None, "tool_calls": [
                    {"id": id, "type": "function", "function": {
                        "name": "f", "arguments": "{}"}}]}}]}
    return {"object": "response", "id": "r", "status": "completed", "output": [
        {"type": "function_call", "id": "fc_1", "call_id": id, "name": "f",
         "arguments": "{}"}], "usage": {}}


def ids_of(o):
    """All ids of calls and results."""
    if isinstance(o, list):
        return [i for x in o for i in ids_of(x)]
    if not isinstance(o, dict):
        return []
    own = [o[k] for k in ("tool_use_id", "tool_call_id", "call_id") if k in o]
    if "tool_use" == o.get("type") or "function" in o:
        own.append(o["id"])
    return own + [i for v in o.values() for i in ids_of(v)]


@edge("ids", "of any length come home")
def _():
    for provider in MODELS:
        for client in others(provider):
            for n in (1, 9, 40, 41, 52, 63, 64, 65, 100, 300):
                for id in ("a" * n, "functions.f:" + "0" * n):
                    if provider == "responses" and len(id) > 64:
                        continue # it would refuse its own
                    got = ids_of(home(provider, client, called(provider, id)))
                    assert got == [id, id], (provider, client, id, got)


@edge("ids", "that are legal stay as they are at the client")
def _():
    for provider in MODELS:
        for client in others(provider):
            for n in (41, 64):
                out = answer(provider, client, called(provider, "a" * n),
                             "whole")
                got = ids_of(answered(client, out))
                assert got == ["a" * n], (provider, client, got)


@edge("ids", "of others fit the target")
def _():
    for client in MODELS:
        for target in others(client):
            for n, limit in ((41, 64), (64, 64), (65, 64), (41, 40), (64, 40)):
                said = answered(client, json.dumps(
                    called(client, "a" * n)).encode())
                switches = {"toolIdMax": limit}
                r = request(client, target, body(client, said, ("f",)),
                            MODELS[target], switches)
                got = ids_of(r.get("messages") or r["input"])
                most = {"anthropic": 128, "responses": 64}.get(target, limit)
                assert len(got) == 2 and got[0] == got[1], got
                assert len(got[0]) <= most, (client, target, n, got)
                assert (got[0] == "a" * n) == (n <= most), (target, n, got)


run()
