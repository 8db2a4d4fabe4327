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


def without_seals(said):
    """A client that keeps no thinking, whatever stands in it."""
    for m in said:
        m.pop("reasoning_details", None)
        if isinstance(m.get("content"), list):
            m["content"] = [b for b in m["content"]
                            if "thinking" not in b["type"]]
    return [m for m in said if m.get("type") != "reasoning"]


@edge("ids", "that are made of a long name come home without thinking")
def _():
    for name in ("f", "mcp__plugin_browser__browser_navigate", "n" * 64,
                 "notes." + "n" * 90):
        for client in others("openai"):
            asked = body(client, (), (name,))
            there = request(client, "openai", asked, MODELS["openai"])[
                "tools"][0]["function"]["name"]
            for number in (0, 7, 123456):
                id = f"functions.{there}:{number}"
                data = called("openai", id)
                f = data["choices"][0]["message"]["tool_calls"][0]["function"]
                f["name"] = there
                said = without_seals(answered(client, answer(
                    "openai", client, data, "whole", asked=asked,
                    model=MODELS["openai"])))
                r = request(client, "openai", body(client, said, (name,)),
                            MODELS["openai"])
                assert ids_of(r["messages"]) == [id, id], (client, id, r)


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


# --- items of Responses ---------------------------------------------------

def reasoning(id, *summary):
    return {"type": "reasoning", "id": id, "summary": [
        {"type": "summary_text", "text": t} for t in summary],
        "encrypted_content": "gAAA" + id}


def message(id, text, phase=None):
    m = {"type": "message", "id": id, "role": "assistant",
         "status": "completed", "content": [
             {"type": "output_text", "text": text, "annotations": []}]}
    return dict(m, phase=phase) if phase else m


def function_call(id, call, arguments="{}"):
    return {"type": "function_call", "id": id, "call_id": call, "name": "f",
            "arguments": arguments, "status": "completed"}


def custom_call(id, call):
    return {"type": "custom_tool_call", "id": id, "call_id": call, "name": "c",
            "input": "free {", "status": "completed"}


TURNS = {
    "two parts of a summary": [
        reasoning("rs_1", "a\u00e9", "b", ""), message("msg_1", "t")],
    "no summary": [reasoning("rs_1"), function_call("fc_1", "call_1")],
    "phases": [
        reasoning("rs_1", "a"), message("msg_1", "first ", "commentary"),
        function_call("fc_1", "call_1"), function_call("fc_2", "call_2"),
        reasoning("rs_2", "b", "c"),
        message("msg_2", "\u6f22\n\nlast", "final_answer")],
    "phases without reasoning": [
        message("msg_1", "x", "commentary"), message("msg_2", "y",
                                                     "final_answer")],
    "calls before texts": [
        reasoning("rs_1", "a"), function_call("fc_1", "call_1", '{"a": -0}'),
        message("msg_1", "x"), custom_call("ctc_1", "call_2"),
        message("msg_2", "x")],
}


def response(items):
    return {"object": "response", "id": "r", "status": "completed",
            "output": items, "usage": {}}


def response_stream(items):
    evs = [{"type": "response.created", "response": {"id": "r"}}]
    for n, i in enumerate(items):
        evs.append({"type": "response.output_item.added", "output_index": n,
                    "item": {**i, "content": [], "summary": []}})
        for k, p in enumerate(i.get("summary", ())):
            evs.append({"type": "response.reasoning_summary_part.added",
                        "output_index": n, "summary_index": k})
            evs += [{"type": "response.reasoning_summary_text.delta",
                     "output_index": n, "summary_index": k, "delta": c}
                    for c in p["text"]]
        for p in i.get("content", ()):
            evs += [{"type": "response.output_text.delta", "output_index": n,
                     "content_index": 0, "delta": c} for c in p["text"]]
        evs.append({"type": "response.output_item.done", "output_index": n,
                    "item": i})
    evs.append({"type": "response.completed", "response": response(items)})
    return claude_sse(*evs)


CUSTOM = {"type": "custom", "custom": {"name": "c"}}


def asking(client):
    asked = body(client, (), ("f",))
    if client == "openai":
        asked["tools"].append(CUSTOM)
    else:
        asked["tools"].append({"name": "c", "input_schema": SCHEMA})
    return asked


def items_home(client, items, how, data):
    got = home("responses", client, data(items), how, asked=asking(client))
    return [i for i in got if i.get("role") != "user" and
            not i["type"].endswith("_output")]


@edge("items", "of a turn come home as they were")
def _():
    for what, items in TURNS.items():
        for client in ("anthropic", "openai"):
            if client == "anthropic" and custom_call("ctc_1", "call_2") in \
                    items:
                continue  # it knows no free text
            for data in (response, response_stream):
                for how in ("whole", "stream"):
                    got = items_home(client, items, how, data)
                    assert got == items, (what, client, how, got)


@edge("items", "of a turn come home beside what others said in it")
def _():
    for what, items in TURNS.items():
        for client in ("anthropic", "openai"):
            if custom_call("ctc_1", "call_2") in items:
                continue
            asked = asking(client)
            said = answered(client, answer("responses", client, response(items),
                                           "whole", asked=asked,
                                           model="gpt-5.4"))
            calls = [i for i in items if i["type"] == "function_call"]
            begun = {"role": "assistant", "content": "begun"}
            ended = {"role": "assistant", "content": "ended"}
            for before, behind in (([begun], []), ([], [ended]),
                                   ([begun], [ended]), ([begun], said)):
                if behind and calls:
                    continue  # results come first
                again = dict(asked, messages=[
                    {"role": "user", "content": "q"}, *before, *said, *behind,
                    *results(client, said)])
                got = request(client, "responses", again, "gpt-5.4")["input"]
                got = [i for i in got if i.get("role") != "user" and
                       not i["type"].endswith("_output")]
                texts = [i["content"][0]["text"] for i in got
                         if i["type"] == "message"]
                want = ["begun"] * len(before)
                at = len(want)
                assert got[at:at + len(items)] == items, (what, client, got)
                rest = got[at + len(items):]
                if behind == said:
                    assert rest == items, (what, client, got)
                else:
                    assert len(rest) == len(behind), (what, client, got)
                assert texts[:at] == want, (what, client, got)


@edge("items", "whose text was changed keep the ids of their calls")
def _():
    items = TURNS["phases"]
    for client in ("anthropic", "openai"):
        asked = asking(client)
        said = answered(client, answer("responses", client, response(items),
                                       "whole", asked=asked, model="gpt-5.4"))
        if client == "openai":
            said[0]["content"] += "!"
        else:
            next(b for b in said[0]["content"]
                 if b["type"] == "text")["text"] += "!"
        again = dict(asked, messages=[{"role": "user", "content": "q"}, *said,
                                      *results(client, said)])
        got = request(client, "responses", again, "gpt-5.4")["input"]
        ids = [i.get("id") for i in got if i["type"] == "function_call"]
        assert ids == ["fc_1", "fc_2"], got
        assert not any(i.get("phase") for i in got), got
        assert "first !" in json.dumps(got) or "last!" in json.dumps(got), got


@edge("items", "without reasoning and phases need no seal")
def _():
    for client in ("anthropic", "openai"):
        out = answer("responses", client, response(
            [message("msg_1", "t"), function_call("fc_1", "call_1")]), "whole")
        assert b"dario2_" not in out, out


run()
