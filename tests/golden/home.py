#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a provider made comes home as it was, through a client of another API:
home.py CONVERT. An answer is translated, put into the history as the SDKs do
it, and the next request is translated back.
"""

import json

from echo import MODELS, answered, results
from translate import *

SCHEMA = {"type": "object", "properties": {}}
CALLED = {"anthropic": ("tool_use", "id"), "openai": (None, "id"),
          "responses": ("function_call", "call_id")}


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
