#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Switches of a backend, in requests of its own API: mend.py CONVERT.

Prints "PASS what" or "FAIL what: why" a line.
"""

import json
import os
import random
import re
import subprocess
import sys

import runner
from switches import SETS, check, numbers, shape

CONVERT = sys.argv[1]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
case = runner.Cases()
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def mend_text(text, switches=None, dialect="openai", model="m"):
    """The text after mending, what was mended, what was dropped."""
    p = subprocess.run(
        [CONVERT, "mend", dialect, model, json.dumps(switches or {})],
        input=text.encode(), timeout=120, capture_output=True)
    assert p.returncode == 0, p.stdout.decode()
    mended, dropped = p.stderr.decode().split("\n")
    return p.stdout.decode(), mended, dropped


def mend(body, switches=None, **more):
    text = json.dumps(body)
    out, mended, dropped = mend_text(text, switches, **more)
    got = json.loads(out, object_pairs_hook=unique)
    if out == text:
        assert not mended, mended
    else:
        assert mended, "mended, and nothing said"
    got["mended"], got["dropped"] = mended, dropped
    return got


def unique(pairs):
    """No key twice: of two the provider might read the other."""
    keys = [k for k, _ in pairs]
    assert len(set(keys)) == len(keys), keys
    return dict(pairs)


def chat(messages, switches=None, model="m", **more):
    return mend({"model": model, "messages": messages, **more}, switches,
                model=model)


def say(role, content, **more):
    return {"role": role, "content": content, **more}


def calls(*ids, content=None, **more):
    return say("assistant", content, tool_calls=[
        {"id": i, "type": "function",
         "function": {"name": "f", "arguments": "{}"}} for i in ids], **more)


def tool(id, content="r"):
    return {"role": "tool", "tool_call_id": id, "content": content}


LOOP = [say("user", "q"), calls("a"), tool("a")]
PARTS = [{"type": "text", "text": "look"},
         {"type": "image_url", "image_url": {"url": PIXEL}}]


def mend_refusal(body, switches=None, dialect="openai"):
    """The error that is given in place of a mended text, or None."""
    p = subprocess.run(
        [CONVERT, "mend", dialect, "m", json.dumps(switches or {})],
        input=json.dumps(body).encode(), timeout=120, capture_output=True)
    if p.returncode == 0:
        return None
    status, _, text = p.stdout.decode().partition("\n")
    assert status == "HTTP 400", (p, body)
    return json.loads(text)["error"]


@case("content of a wrong type is refused, never left out on the way")
def _():
    part = {"type": "text", "text": "b"}
    for dialect in "openai", "anthropic", "responses":
        key = "input" if dialect == "responses" else "messages"
        for s in {}, {"oneSystemMessage": True, "alternate": True}, \
                {"callsPaired": True, "strictMessages": True}:
            for bad in 5, 0.5, True, [5], [part, 5], [None], [[part]], \
                    [part, True]:
                for role in "user", "system", "assistant":
                    e = mend_refusal({"model": "m", key: [
                        say("user", "q"), say(role, bad)]}, s, dialect)
                    assert e and e["message"].startswith(f"{key}.1: "), (
                        dialect, s, bad, e)
            for good in "x", [part], None, []:
                assert not mend_refusal({"model": "m", key: [
                    say("user", "q"), say("assistant", good)]}, s, dialect)
    # A text without its object is read by some servers, as vLLM.
    for bad in ["x"], [part, "x"]:
        body = {"model": "m", "messages": [say("user", bad)]}
        assert mend(body)["messages"] == body["messages"]
        assert mend_refusal(body, {"callsPaired": True})
        assert mend_refusal(body, {"strictMessages": True}, "anthropic")
    r = chat([say("user", "q"), say("system", ["x", part])],
             {"oneSystemMessage": True})
    assert "<system>x\n\nb</system>" in r["messages"][0]["content"], r
    r = chat([say("user", "q"), say("user", ["x", part])],
             {"alternate": True})
    assert r["messages"][0]["content"][1:] == ["x", part], r


def places(value):
    """Of all that is in a value: what holds it, and under which key."""
    for k in value if isinstance(value, dict) else range(len(value)):
        yield value, k
        if isinstance(value[k], (dict, list)):
            yield from places(value[k])


WHOLE = {
    "openai": {"model": "m", "max_tokens": 5, "messages": [
        say("system", "s"), say("developer", [{"type": "text", "text": "d"}]),
        say("user", PARTS + [{"type": "input_text", "text": "i"}]),
        say("assistant", None, reasoning_content="r", tool_calls=[
            {"id": "a.b", "type": "function", "function": {
                "name": "f", "arguments": {"x": 1}}, "extra_content": {
                    "google": {"thought_signature": "c2ln"}}}]),
        tool("a.b", [{"type": "text", "text": "t"}]),
        say("assistant", [{"type": "tool_use", "id": "t", "name": "f",
                           "input": {}}]),
        say("user", [{"type": "tool_result", "tool_use_id": "t",
                      "content": [{"type": "text", "text": "r"}]}])],
        "tools": [{"type": "function", "function": {
            "name": "f", "parameters": {"type": "object",
                                        "properties": {}}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "stream": True, "stream_options": {}},
    "anthropic": {"model": "claude-opus-5", "max_tokens": 5000,
        "system": [{"type": "text", "text": "s"}],
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "messages": [
            say("user", [{"type": "text", "text": " "}, {
                "type": "image", "source": {
                    "type": "base64", "media_type": "image/jpeg",
                    "data": "iVBORw0KGgo="}}]),
            say("assistant", [
                {"type": "thinking", "thinking": "t", "signature": ""},
                {"type": "tool_use", "id": "a.b", "name": "f", "input": {},
                 "caller": None}]),
            say("user", [{"type": "text", "text": "b"}, {
                "type": "tool_result", "tool_use_id": "a.b", "content": [
                    {"type": "text", "text": "r"}]}]),
            say("system", "s"), say("assistant", []), say("user", "z")],
        "tools": [{"name": "f", "strict": True, "input_schema": {
            "type": "object", "anyOf": [{"properties": {}}]}}],
        "tool_choice": {"type": "tool", "name": "f"}},
    "responses": {"model": "m", "max_output_tokens": 5, "input": [
        say("user", [{"type": "text", "text": "a"},
                     {"type": "image_url", "image_url": {"url": PIXEL}}]),
        {"type": "reasoning", "id": "x", "summary": [
            {"type": "summary_text", "text": "t"}], "status": None,
         "encrypted_content": ""},
        say("assistant", [{"type": "input_text", "text": "a"}],
            type="message", id="q"),
        {"type": "function_call", "id": "z", "call_id": "c.1", "name": "f",
         "arguments": {"a": 1}},
        {"type": "function_call_output", "call_id": "c.1",
         "output": [{"type": "input_text", "text": "r"}]},
        {"type": "web_search_call", "id": "w",
         "action": {"type": "other", "query": "q"}}],
        "tools": [{"type": "function", "function": {
            "name": "f", "parameters": {"type": "object"}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}}},
}


@case("a value of any other type in any place: what goes out is JSON still")
def _():
    s = {"callsPaired": True, "strictMessages": True, "alternate": True,
         "foreignFieldsRefused": True, "extraFieldsRefused": True,
         "thoughtSignatures": True, "reasoningContent": True,
         "oneSystemMessage": True, "minOutputTokens": 16}
    for dialect, body in WHOLE.items():
        for odd in 5, [[{"a": 1}]], {"b": [2]}:
            for holder, k in places(body):
                if k == "model":
                    continue
                was, holder[k] = holder[k], odd
                p = subprocess.run(
                    [CONVERT, "mend", dialect, body["model"], json.dumps(s)],
                    input=json.dumps(body).encode(), timeout=120,
                    capture_output=True)
                said = (dialect, k, was, odd, p.stdout)
                assert p.returncode in (0, 1), said
                if p.returncode:
                    assert p.stdout.startswith(b"HTTP 400"), said
                else:
                    assert json.loads(p.stdout, object_pairs_hook=unique), said
                holder[k] = was


@case("what is no message, no schema or no tool is not taken for an empty one")
def _():
    strict = {"callsPaired": True, "strictMessages": True}
    for dialect in "openai", "anthropic":
        for odd in "x", [say("user", "x")], 5, True, None:
            e = mend_refusal({"model": "m", "messages": [
                say("developer", "d"), say("system", "s"), odd,
                say("user", "q")]}, strict, dialect)
            assert e and e["message"] == "messages.2 is no object", (odd, e)
        for odd in {"0": say("user", "x")}, 5, "x":
            body = {"model": "m", "messages": odd, "developer": {
                "role": "system"}}
            e = mend_refusal(body, {"oneSystemMessage": True, **strict},
                             dialect)
            assert e and e["message"] == "messages must be a list", e
    # without a role it is left to its provider
    wrapped = {"message": say("user", "x")}
    r = mend({"model": "m", "max_tokens": 5, "messages": [
        say("user", "q"), wrapped, say("system", "s")]}, strict,
        dialect="anthropic")
    assert r["messages"][1] == wrapped, r
    # content without its list
    part = {"type": "text", "text": "b"}
    for s in {"oneSystemMessage": True}, {"alternate": True}:
        for role in "system", "user":
            r = chat([say("user", "q"), say(role, part)], s)
            assert "b" in json.dumps(r["messages"]), r
    for first in "q", PARTS:
        r = chat([say("user", first), say("user", PARTS[1])],
                 {"alternate": True})
        assert r["messages"][0]["content"][-1] == PARTS[1], r
    for odd in [{"b": {"type": "string"}}], "x", 5:
        schema = {"type": "object", "properties": odd}
        for dialect, tool in (
                ("openai", {"type": "function", "function": {
                    "name": "f", "parameters": schema}}),
                ("anthropic", {"name": "f", "input_schema": schema}),
                ("anthropic", {"name": "f", "input_schema": odd}),
                ("responses", {"type": "function", "name": "f",
                               "parameters": schema})):
            key = "input" if dialect == "responses" else "messages"
            r = mend({"model": "m", "max_tokens": 5, "tools": [tool],
                      key: [say("user", "q")]}, strict, dialect=dialect)
            assert r["tools"] == [tool], (dialect, r)
    use = {"type": "tool_use", "id": "a", "name": "f", "input": {}}
    given = {"type": "tool_result", "tool_use_id": "a", "content": "r"}
    for odd in "x", 5, {"name": "f"}:
        r = mend({"model": "m", "max_tokens": 5, "tools": odd, "messages": [
            say("user", "q"), say("assistant", [use]),
            say("user", [given])]}, strict, dialect="anthropic")
        assert r["tools"] == odd, r


@case("Claude's limit is put where there is none, be it said to be null")
def _():
    body = {"model": "claude-opus-5", "messages": [say("user", "q")]}
    for more in {}, {"max_tokens": None}:
        r = mend({**body, **more}, {"strictMessages": True},
                 dialect="anthropic", model="claude-opus-5")
        assert r["max_tokens"] > 0 and r["mended"] == "max_tokens", r
        text = json.dumps({**body, **more})
        assert mend_text(text, dialect="anthropic")[0] == text


@case("what a tool gave is text, a list of parts, or that list as text")
def _():
    for given in 5, [5], ["x"], [{"a": 1}, 2], {"a": [1]}, [[]], [None]:
        r = chat(LOOP[:2] + [tool("a", given)], {"callsPaired": True})
        assert json.loads(r["messages"][2]["content"]) == given, r
        assert "outputs of calls" in r["mended"], r


@case("reasoning that nothing of its own turn follows goes before it is refused")
def _():
    def thought(n):
        return {"type": "reasoning", "id": f"rs_{n}", "summary": [],
                "encrypted_content": f"gAAA{n}"}

    user = say("user", "u")
    call = {"type": "function_call", "id": "fc_1", "call_id": "c",
            "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": "r"}
    said = say("assistant", [{"type": "output_text", "text": "a",
                              "annotations": []}], type="message")

    def asked(items, **more):
        return mend({"model": "m", "input": items, **more},
                    dialect="responses")

    for behind in ([user], [dict(user, type="message")],
                   [say("developer", "d")], [],
                   [call, output, thought(2), user],
                   [thought(2), user], [thought(2)]):
        alone = [i for i in behind if i.get("id") != "rs_2"]
        items = [user, call, output, thought(1), *behind]
        if call in behind: # it has one
            items = [user, thought(1), *behind]
            alone = [thought(1), *alone]
        for store in {}, {"store": False}:
            r = asked(items, **store)
            kept = items[:1] if call in behind else items[:3]
            assert r["input"] == kept + alone, (behind, r)
            assert r["mended"] == "reasoning", r
    for own in (said, call, {"type": "item_reference", "id": "msg_1"},
                {"type": "web_search_call", "id": "ws_1",
                 "status": "completed"},
                {"type": "local_shell_call", "id": "lsh_1", "call_id": "s",
                 "action": {}, "status": "completed"}):
        items = [user, thought(1), thought(2), own] + \
            ([output] if own is call else []) + [user]
        r = asked(items)
        assert r["input"] == items and not r["mended"], (own, r)


@case("developer becomes system, but where it is known")
def _():
    m = [say("developer", "D"), say("user", "u")]
    r = chat(m)
    assert shape(r) == ["system:D", "user:u"] and r["mended"] == "roles"
    r = chat(m, {"developerRole": True})
    assert shape(r) == ["developer:D", "user:u"] and r["mended"] == ""
    # A word in a text is no role.
    r = chat([say("user", "developer"), say("system", "developer")])
    assert r["mended"] == ""


@case("oneSystemMessage: joined, moved, in lists and in strings")
def _():
    s = {"oneSystemMessage": True}
    r = chat([say("system", "A"), say("developer", "B\"\u00e9\n"),
              say("user", "u1"), say("system", "S1"), say("assistant", "a1"),
              say("system", "S2"), say("user", "u2"), say("assistant", "a2"),
              say("system", "S3")], s)
    assert shape(r) == [
        "system:A\n\nB\"\u00e9\n", "user:u1\n\n<system>S1</system>",
        "assistant:a1", "user:<system>S2</system>\n\nu2", "assistant:a2",
        "user:<system>S3</system>"], shape(r)
    r = chat([say("system", "A"), say("user", PARTS), say("system", [
        {"type": "text", "text": "S"}, {"type": "text", "text": "T"}])], s)
    assert r["messages"][1]["content"] == PARTS + [
        {"type": "text", "text": "<system>S\n\nT</system>"}], r
    r = chat([say("system", [{"type": "text", "text": "A"}]),
              say("system", "B"), say("user", "u")], s)
    assert r["messages"][0]["content"] == [
        {"type": "text", "text": "A"}, {"type": "text", "text": "B"}]
    r = chat([say("user", "q"), calls("a"), say("system", "S"), tool("a"),
              say("assistant", "x")], s)
    assert shape(r) == ["user:q", "assistant", "tool:r",
                        "user:<system>S</system>", "assistant:x"], shape(r)
    r = chat([say("system", "A"), say("user", "u")], s)
    assert r["mended"] == ""


@case("systemBeforeTurns, alternate, userLast")
def _():
    r = chat([say("user", "u1"), say("system", "S1"), say("assistant", "a1"),
              say("system", "S2"), say("user", "u2")],
             {"systemBeforeTurns": True})
    assert shape(r) == ["user:u1", "system:S1", "assistant:a1",
                        "user:<system>S2</system>\n\nu2"], shape(r)
    r = chat([say("assistant", "a0"), say("user", "u1"), say("user", "u2"),
              calls("a"), tool("a"), say("user", "u3"),
              say("assistant", "a3")], {"alternate": True})
    assert shape(r) == [
        "user:Continue.", "assistant:a0", "user:u1\n\nu2", "assistant",
        "tool:r", "assistant:OK.", "user:u3", "assistant:a3"], shape(r)
    r = chat([say("user", "u"), say("assistant", "a")], {"userLast": True})
    assert shape(r) == ["user:u", "assistant:a", "user:Continue."]
    r = chat([say("system", "S")], {"userLast": True})
    assert shape(r) == ["user:S"]
    assert chat(LOOP, {"userLast": True, "alternate": True})["mended"] == ""


@case("noImages: named in their place")
def _():
    r = chat([say("user", PARTS)], {"noImages": True})
    assert [p["type"] for p in r["messages"][0]["content"]] == ["text"] * 2
    assert "image/png" in r["messages"][0]["content"][1]["text"]
    assert r["mended"] == "images" and r["dropped"] == "image"
    r = chat([say("user", [{"type": "file", "file": {
        "filename": "a\"b.pdf", "file_data": "data:application/pdf;base64,A"}}]
    )], {"noImages": True})
    assert 'a"b.pdf' in r["messages"][0]["content"][0]["text"]
    assert chat([say("user", PARTS)])["mended"] == ""


@case("reasoning: back where it is wanted, away where it is refused")
def _():
    m = [say("user", "q"), calls("a"), tool("a"),
         say("assistant", "x", reasoning_content="t", reasoning="t")]
    r = chat(m, {"reasoningContent": True})
    assert r["messages"][1]["reasoning_content"].strip()
    r = chat(m, {"reasoningContent": True, "reasoningOptional": True})
    assert "reasoning_content" not in r["messages"][1]
    r = chat(m, {"foreignFieldsRefused": True})
    assert set(r["messages"][3]) == {"role", "content"}
    assert r["dropped"] == "thinking"
    r = chat(m, {"foreignFieldsRefused": True, "reasoningContent": True})
    assert r["messages"][3]["reasoning_content"] == "t"
    assert "reasoning" not in r["messages"][3]


@case("fields that others add to messages, calls and parts")
def _():
    m = [say("user", [{"type": "text", "text": "q",
                       "cache_control": {"type": "ephemeral"}}]),
         say("assistant", None, unknown=1, refusal=None, tool_calls=[{
             "index": 0, "id": "a", "type": "function",
             "extra_content": {"google": {}},
             "function": {"name": "f", "arguments": "{\"index\": 1}"}}]),
         tool("a")]
    r = chat(m, {"foreignFieldsRefused": True})
    assert r["messages"][0]["content"] == [{"type": "text", "text": "q"}]
    call = r["messages"][1]["tool_calls"][0]
    assert set(call) == {"id", "type", "function"}, call
    assert call["function"]["arguments"] == "{\"index\": 1}"
    assert r["messages"][1]["unknown"] == 1
    r = chat(m, {"extraFieldsRefused": True})
    assert set(r["messages"][1]) == {"role", "content", "tool_calls"}
    assert chat(m)["mended"] == ""


@case("topFields, and other names for what is meant")
def _():
    top = {"topFields": ["model", "messages", "max_tokens", "random_seed",
                         "stream"], "extraFieldsRefused": True}
    r = chat([say("user", "q")], top, max_completion_tokens=9, seed=3,
             stream_options={"include_usage": True}, stream=True, user="u")
    assert r["max_tokens"] == 9 and r["random_seed"] == 3 and r["stream"]
    assert not {"max_completion_tokens", "seed", "stream_options",
                "user"} & set(r)
    assert set(r["dropped"].split(", ")) == {"stream_options", "user"}
    r = chat([say("user", "q")], {"maxCompletionTokens": True}, max_tokens=9)
    assert r["max_completion_tokens"] == 9 and "max_tokens" not in r
    r = chat([say("user", "q")], {"maxCompletionTokens": True}, max_tokens=9,
             max_completion_tokens=8)
    assert r["max_completion_tokens"] == 8 and "max_tokens" not in r
    r = chat([say("user", "q")], {"noStreamUsage": True},
             stream_options={"include_usage": True})
    assert "stream_options" not in r
    r = chat([say("user", "q")], {"extraFieldsRefused": True}, odd=1, top_k=2)
    assert "odd" not in r and "top_k" not in r


@case("minOutputTokens, noNamedTool, noStrictTools")
def _():
    for dialect, field, body in (
            ("openai", "max_tokens", {"messages": [say("user", "q")]}),
            ("responses", "max_output_tokens", {"input": "q"}),
            ("anthropic", "max_tokens", {"messages": [say("user", "q")]})):
        for given, want in ((1, 16), (16, 16), (100, 100)):
            r = mend({"model": "m", field: given, **body},
                     {"minOutputTokens": 16}, dialect=dialect)
            assert r[field] == want, (dialect, r)
    tools = [{"type": "function", "function": {
        "name": n, "strict": True, "parameters": {}}} for n in "fg"]
    r = chat([say("user", "q")], {"noNamedTool": True}, tools=tools,
             tool_choice={"type": "function", "function": {"name": "g"}})
    assert [t["function"]["name"] for t in r["tools"]] == ["g"]
    assert r["tool_choice"] == "required"
    flat = [{"name": n, "input_schema": {}} for n in "fgh"]
    r = mend({"model": "m", "max_tokens": 9, "messages": [], "tools": flat,
              "tool_choice": {"type": "tool", "name": "h"}},
             {"noNamedTool": True}, dialect="anthropic")
    assert r["tools"] == flat[2:] and r["tool_choice"] == {"type": "any"}
    r = mend({"model": "m", "input": "q", "tools": flat,
              "tool_choice": {"type": "function", "name": "f"}},
             {"noNamedTool": True}, dialect="responses")
    assert r["tools"] == flat[:1] and r["tool_choice"] == "required"
    r = chat([say("user", "q")], {"noStrictTools": True}, tools=tools)
    assert all("strict" not in t["function"] for t in r["tools"])


@case("content that is empty or null")
def _():
    r = chat(LOOP, {"emptyContent": True})
    assert r["messages"][1]["content"] == ""
    bare = [say("user", "q"), {k: v for k, v in calls("a").items()
                               if k != "content"}, tool("a")]
    assert chat(bare, {"emptyContent": True})["messages"][1]["content"] == ""
    m = [say("user", "q"), say("assistant", None), say("user", "q2")]
    assert chat(m, {"foreignFieldsRefused": True, "developerRole": True}
                )["messages"][1]["content"] == ""
    assert shape(chat(m, {"noEmptyMessages": True})) == ["user:q", "user:q2"]
    m[1]["refusal"] = "no"
    for more in {}, {"extraFieldsRefused": True}:
        r = chat(m, {"noEmptyMessages": True, **more})
        assert shape(r)[1] == "assistant:no"
        assert not r["messages"][1].get("refusal")
        assert ("refusal" in r["messages"][1]) == (not more)
    r = chat(m, {"foreignFieldsRefused": True, "developerRole": True})
    assert r["mended"] == ""


@case("thinking as a part of content")
def _():
    m = [say("user", "q"), say("assistant", [
        {"type": "thinking", "thinking": [{"type": "text", "text": "t"}]},
        {"type": "text", "text": "x"}])]
    r = chat(m)
    assert r["messages"][1]["content"] == [{"type": "text", "text": "x"}]
    assert r["dropped"] == "thinking"
    assert chat(m, {"thinkingParts": True})["mended"] == ""


@case("uniqueIds: results follow their calls")
def _():
    m = [say("user", "q"), calls("a", "a"), tool("a"), tool("a"), calls("a"),
         tool("a")]
    r = chat(m, {"uniqueIds": True})["messages"]
    made = [c["id"] for x in r for c in x.get("tool_calls", [])]
    assert len(set(made)) == 3 and made[0] == "a", made
    assert made == [x["tool_call_id"] for x in r if x["role"] == "tool"]


@case("Anthropic: images by name, in results too")
def _():
    image = {"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "AA"}}
    r = mend({"model": "m", "max_tokens": 9, "messages": [
        say("assistant", [{"type": "tool_use", "id": "a", "name": "f",
                           "input": {}}]),
        say("user", [{"type": "tool_result", "tool_use_id": "a",
                      "content": [image]}, image])]},
             {"noImages": True}, dialect="anthropic")
    blocks = r["messages"][1]["content"]
    assert blocks[1]["type"] == "text" and "image/png" in blocks[1]["text"]
    assert blocks[0]["content"][0] == blocks[1]
    assert r["dropped"] == "image"


@case("Responses: images by name")
def _():
    r = mend({"model": "m", "input": [{"role": "user", "content": [
        {"type": "input_image", "image_url": PIXEL},
        {"type": "input_text", "text": "x"}]}]}, {"noImages": True},
        dialect="responses")
    parts = r["input"][0]["content"]
    assert [p["type"] for p in parts] == ["input_text"] * 2, parts
    assert "image/png" in parts[0]["text"] and r["dropped"] == "image"


@case("thoughtSignatures: a call's signature stays, and what is beside it goes")
def _():
    google = {"google": {"thought_signature": "c2ln"}}
    call = {"id": "a", "type": "function", "extra_content": google,
            "function": {"name": "f", "arguments": "{}"}}
    m = [say("user", "q"), say("assistant", None, tool_calls=[call]),
         tool("a")]
    s = {"thoughtSignatures": True, "extraFieldsRefused": True}
    r = chat(m, s)
    assert r["messages"] == m and not r["mended"], r
    call["index"] = 0
    call["function"]["parsed_arguments"] = {}
    r = chat(m, s)
    assert r["messages"][1]["tool_calls"] == [
        {"id": "a", "type": "function", "extra_content": google,
         "function": {"name": "f", "arguments": "{}"}}], r
    assert r["mended"] == "fields of calls"
    custom = {"id": "a", "type": "custom", "extra_content": google,
              "custom": {"name": "f", "input": "x", "parsed": 1}}
    r = chat([say("user", "q"), say("assistant", None, tool_calls=[custom]),
              tool("a")], s)
    assert r["messages"][1]["tool_calls"] == [
        {**custom, "custom": {"name": "f", "input": "x"}}], r


# --- at random --------------------------------------------------------------

def conversation(r):
    n, out, open_calls = iter(range(10000)), [], []

    def content(parts=True):
        text = f"[{next(n)}]\u00e9\"\n"
        if r.random() < 0.5 or not parts:
            return text
        return [{"type": "text", "text": text}] + (
            PARTS[1:] if r.random() < 0.2 else [])
    for _ in range(r.randrange(1, 16)):
        kind = r.choice(["user", "assistant", "calls", "system", "empty",
                         "developer"])
        for c in open_calls:
            out.append(tool(c, content(False)))
        open_calls = []
        if kind == "calls":
            open_calls = [f"c{next(n)}" for _ in range(r.randrange(1, 3))]
            out.append(calls(*open_calls,
                             content=r.choice([None, "", content(False)])))
        elif kind == "empty":
            out.append(say("assistant", r.choice([None, "", []])))
        elif kind == "assistant":
            out.append(say(kind, content(False)))
        else:
            out.append(say(kind, content(kind == "user")))
    out += [tool(c, content(False)) for c in open_calls]
    return out


MORE = [{}, {"noImages": True}, {"emptyContent": True},
        {"foreignFieldsRefused": True}, {"reasoningContent": True},
        {"nineCharacterIds": True, "extraFieldsRefused": True}]


def texts(messages):
    return numbers(messages)


@case("conversations at random: legal, all texts once, and mended once")
def _():
    for seed in range(400):
        r = random.Random(seed)
        s = {**SETS[seed % len(SETS)], **MORE[seed % len(MORE)],
             "noEmptyMessages": True}
        body = {"model": "m", "messages": conversation(r), "n": 1}
        raw = json.dumps(body, indent=r.choice([None, 1, 3]),
                         ensure_ascii=r.random() < 0.5)
        out, mended, _ = mend_text(raw, s)
        try:
            got = json.loads(out, object_pairs_hook=unique)
            assert (out == raw) == (mended == "")
            check(got["messages"], s)
            assert texts(got["messages"]) == texts(body["messages"]), "texts"
            again, _, _ = mend_text(out, s)
            assert again == out, "mended twice"
        except (AssertionError, ValueError) as e:
            raise AssertionError(f"seed {seed} {s}: {e}: {raw} {out}")


@case("conversations that grow: what was sent stays as it was")
def _():
    for seed in range(60):
        r = random.Random(seed)
        s = {**SETS[seed % len(SETS)], **MORE[seed % len(MORE)]}
        messages, before = [say("user", "first")], []
        for turn in range(6):
            if r.random() < 0.5:
                messages += [calls(f"c{turn}"), tool(f"c{turn}")]
            else:
                messages += [say("assistant", f"a{turn}"),
                             say("user", f"u{turn}")]
            if r.random() < 0.3:
                messages.append(say("system", f"s{turn}"))
            out, _, _ = mend_text(json.dumps({"model": "m",
                                              "messages": messages}), s)
            now = json.loads(out)["messages"]
            assert now[:len(before)] == before, f"seed {seed} {s} {turn}"
            before = now


@case("no switch and no mark: byte for byte")
def _():
    for seed in range(100):
        r = random.Random(seed)
        m = [x for x in conversation(r) if x["role"] != "developer"]
        raw = json.dumps({"n": 10 ** 30, "model": "m", "a": -0.0, "messages":
                          m}, indent=r.choice([None, 2]))
        raw = re.sub(r'"n": 1', '"n": 1, "n": 1', raw)
        assert mend_text(raw)[0] == raw
        assert mend_text(raw, {"mend": False})[0] == raw


def result(id, content="r", **more):
    return {"type": "tool_result", "tool_use_id": id, "content": content,
            **more}


def uses(*ids):
    return say("assistant", [{"type": "tool_use", "id": i, "name": "f",
                              "input": {}} for i in ids])


def messages(list, switches, **more):
    return mend({"max_tokens": 9, "model": "claude-opus-4-8",
                 "messages": list, "tools": [
                     {"name": "f", "input_schema": {"type": "object"}}],
                 **more}, switches, dialect="anthropic",
                model="claude-opus-4-8")


PNG = {"type": "image", "source": {
    "type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
PDF = {"type": "document", "title": "T", "source": {
    "type": "base64", "media_type": "application/pdf", "data": "JVBER"}}
NOTES = {"type": "document", "source": {"type": "content", "content": [
    {"type": "text", "text": "n"}, PNG]}}


@case("a result that is moved is mended as one that stays")
def _():
    text = {"type": "text", "text": "t"}
    cached = {**text, "cache_control": {"type": "ephemeral"}}
    for moved in (False, True):
        first = [uses("a"), say("user", [result("a", [text, PNG, PDF, NOTES],
                                                cache_control={"type":
                                                               "ephemeral"})])]
        if moved:
            first = [uses("a"), say("user", "wait"), say("assistant", "w"),
                     *first[1:]]
        r = messages([say("user", "q"), *first, say("assistant", "x"),
                      say("user", [cached] * 4)],
                     {"noImages": True, "strictMessages": True})
        got = json.dumps(r["messages"])
        assert '"image"' not in got and "JVBER" not in got, got
        assert got.count("left out") == 3 and got.count('"n"') == 1, got
        assert got.count("cache_control") == 4, got
        assert r["messages"][2]["content"][0]["type"] == "tool_result", got
        assert "image" in r["dropped"] and "document" in r["dropped"], r
        assert ("order of results" in r["mended"]) == moved, r["mended"]


@case("a result that is moved has the id of its call")
def _():
    for gap in ([], [say("user", "wait")]):
        r = chat([say("user", "q"), calls("a", "a"), *gap, tool("a", "1"),
                  tool("a", "2"), calls("a"), *gap, tool("a", "3"),
                  say("user", "u")],
                 {"callsPaired": True, "uniqueIds": True,
                  "nineCharacterIds": bool(gap)})
        m = r["messages"]
        own = [c["id"] for x in m for c in x.get("tool_calls", ())]
        answers = [(x["tool_call_id"], x["content"]) for x in m
                   if x["role"] == "tool"]
        assert len(set(own)) == 3, own
        assert answers == list(zip(own, "123")), (own, answers)
    r = messages([say("user", "q"), uses("a", "a"), say("user", [
        {"type": "text", "text": "w"}, result("a", "1"), result("a", "2")]),
        uses("a"), say("user", [result("a", "3")])], {})
    blocks = [b for x in r["messages"] for b in x["content"]
              if isinstance(b, dict)]
    own = [b["id"] for b in blocks if b["type"] == "tool_use"]
    answers = [(b["tool_use_id"], b["content"]) for b in blocks
               if b["type"] == "tool_result"]
    assert len(set(own)) == 3 and answers == list(zip(own, "123")), answers


@case("a result that is moved in Chat: images, other members")
def _():
    s = {"callsPaired": True, "noImages": True, "extraFieldsRefused": True}
    moved = dict(tool("a", PARTS), index=3)
    r = chat([say("user", "q"), calls("a"), say("user", "wait"), moved], s)
    got = json.dumps(r["messages"])
    assert r["messages"][2]["role"] == "tool", got
    assert "image_url" not in got and "left out" in got, got
    assert "index" not in r["messages"][2], got


@case("noImages: audio and video as text that names them")
def _():
    for part in ({"type": "input_audio", "input_audio": {
            "data": "AAAA", "format": "wav"}},
                 {"type": "video_url", "video_url": {"url": "https://x/v"}}):
        r = chat([say("user", [part])], {"noImages": True})
        got = r["messages"][0]["content"]
        kind = part["type"].split("_")
        assert got[0]["type"] == "text" and "left out" in got[0]["text"], got
        assert r["dropped"] in kind, r["dropped"]


@case("ids of Responses items: each once, of the right kind and length")
def _():
    def said(id, text="t"):
        return {"type": "message", "role": "assistant", "id": id, "content": [
            {"type": "output_text", "text": text}]}

    def function(id, call):
        return {"type": "function_call", "id": id, "call_id": call,
                "name": "f", "arguments": "{}"}

    def out(call):
        return {"type": "function_call_output", "call_id": call,
                "output": "r"}
    items = [said("msg_1"), function("fc_1", "c1"), out("c1"),
             said("msg_1"), function("fc_1", "c2"), out("c2"),
             said("fc_9"), function("fc_" + "x" * 70, "c3"), out("c3"),
             function("item_3", "c4"), out("c4"), said("msg_2")]
    r = mend({"model": "m", "store": False, "input": items}, {},
             dialect="responses")
    assert [i.get("id") for i in r["input"] if "output" not in i] == [
        "msg_1", "fc_1", None, None, None, None, None, "msg_2"], r["input"]
    assert [dict(i, id=0) for i in r["input"]] == \
        [dict(i, id=0) for i in items], r["input"]
    assert r["mended"] == "item ids" and not r["dropped"], r
    r = mend({"model": "m", "input": [
        function("fc_1", "a"), function("fc_2", "a"), out("a"), out("a"),
        function("fc_3", "a"), out("a")]}, {}, dialect="responses")
    own = [i["call_id"] for i in r["input"]]
    assert own[:2] == own[2:4] and own[0] == "a" != own[1], own
    assert own[4:] == ["a", "a"] and r["mended"] == "tool ids", own
    fine = json.dumps({"model": "m", "input": [
        said("msg_1"), function("fc_1", "c1"), out("c1"), said("msg_2"),
        function("fc_2", "c1"), out("c1")]})
    assert mend_text(fine, dialect="responses")[0] == fine


@case("what SDKs add to Responses items when they are dumped")
def _():
    dumped = {"status": None, "caller": None, "async": None, "async_": None,
              "namespace": None}
    sound = [{"role": "user", "content": "q"},
             {"type": "reasoning", "id": "rs_1", "summary": [],
              "content": None, "encrypted_content": "gA"},
             {"type": "function_call", "id": "fc_1", "call_id": "c",
              "name": "f", "arguments": "{}", "status": "completed"},
             {"type": "function_call_output", "call_id": "c", "output": "r"},
             {"type": "message", "role": "assistant", "id": "msg_1",
              "content": [{"type": "output_text", "text": "t"}]}]
    for at, more in ((1, {"status": None}), (1, {"status": "completed"}),
                     (2, {**dumped, "status": "completed"}),
                     (2, {**dumped, "status": "completed", "parsed": 1}),
                     (3, {"status": None}), (4, {"phase": None})):
        for first in (True, False):
            items = [dict(i) for i in sound]
            items[at] = {**more, **items[at]} if first else {
                **items[at], **more}
            r = mend({"model": "m", "store": False, "input": items}, {},
                     dialect="responses")
            assert r["input"] == sound, (at, more, r["input"])
            assert r["mended"] == "fields of items", r["mended"]
    items = [dict(i) for i in sound]
    items[2] = {"id": "no", "parsed_arguments": 1, **dumped,
                **{k: v for k, v in sound[2].items() if k != "id"}}
    r = mend({"model": "m", "store": False, "input": items}, {},
             dialect="responses")
    assert dict(r["input"][2], id="fc_1", status="completed") == sound[2], r
    fine = json.dumps({"model": "m", "input": sound})
    assert mend_text(fine, dialect="responses")[0] == fine


@case("members of Messages blocks that only who gathers them has")
def _():
    text = {"type": "text", "text": "a"}
    use = {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}}
    mark = {"cache_control": {"type": "ephemeral"}}
    for first in (True, False):
        def with_(b, **more):
            return {**more, **b} if first else {**b, **more}
        r = messages([say("user", "q"), say("assistant", [
            with_(text, index=0, parsed_output=None),
            with_(use, index=1, partial_json='{"a":1}')]),
            say("user", [result("c")])], {"strictMessages": True})
        assert r["messages"][1]["content"] == [text, use], r
        assert r["mended"] == "fields of blocks" and not r["dropped"], r
        # together with marks that are one too many
        r = messages([say("user", [with_(text, **mark)]), say("assistant", [
            with_({**text, **mark}, index=0)]), say("user", [
                {**text, **mark} for _ in range(4)])],
            {"strictMessages": True})
        got = json.dumps(r["messages"])
        assert got.count("cache_control") == 4 and "index" not in got, got
    answer = {"id": "msg_1", "type": "message", "model": "m", "usage": {},
              "stop_reason": "end_turn", "stop_sequence": None,
              "stop_details": None, "container": None, "diagnostics": None,
              "parsed_output": None, "context_management": None}
    for k, v in answer.items():
        r = messages([say("user", "q"), {**say("assistant", [text]), k: v},
                      say("user", "v")], {"strictMessages": True})
        assert r["messages"][1] == say("assistant", [text]), (k, r)
        assert r["mended"] == "fields of messages", (k, r)
    # an argument may have any name
    fine = json.dumps({"model": "claude-opus-4-8", "max_tokens": 9,
                       "messages": [say("user", "q"), say("assistant", [
                           {**use, "input": {"index": 1}}]),
                           say("user", [result("c")])],
                       "tools": [{"name": "f", "input_schema": {
                           "type": "object"}}]})
    assert mend_text(fine, {"strictMessages": True}, "anthropic",
                     "claude-opus-4-8")[0] == fine


@case("what SDKs add to Chat messages when they are dumped")
def _():
    dumped = {"annotations": None, "audio": None, "function_call": None,
              "refusal": None, "tool_calls": None}
    openai = {"foreignFieldsRefused": True, "callsPaired": True,
              "developerRole": True}
    r = chat([say("user", "q"), say("assistant", "a", **dumped),
              say("user", "v")], openai)
    assert "annotations" not in r["messages"][1] and not r["dropped"], r
    r = chat([say("user", "q"), say("assistant", "a", annotations=[
        {"type": "url_citation", "url_citation": {"url": "u"}}]),
              say("user", "v")], openai)
    assert "annotations" not in r["messages"][1], r
    assert r["dropped"] == "messages.annotations", r["dropped"]
    r = chat([say("user", "q"), say("assistant", "a", tool_calls=[]),
              say("user", "v")], openai)
    assert r["messages"][1] == say("assistant", "a"), r
    assert r["mended"] == "fields of messages", r


@case("thinking is named when its message goes")
def _():
    thought = {"reasoning_content": "T"}
    for switches, list in (
            ({"callsPaired": True}, [say("user", "q"), calls("a", **thought),
                                     say("user", "v")]),
            ({"noEmptyMessages": True}, [say("user", "q"), say(
                "assistant", "", **thought), say("user", "v")])):
        r = chat(list, {**switches, "reasoningContent": True,
                        "reasoningOptional": True})
        assert "thinking" in r["dropped"], (switches, r)


@case("Anthropic: system text between a call and its result; blank results")
def _():
    for model in ("claude-opus-4-8", "claude-sonnet-4-6"):
        for more in ([], [say("assistant", "w")]):
            r = mend({"max_tokens": 9, "model": model, "messages": [
                say("user", "q"), uses("a"), say("system", "S"), *more,
                say("user", [result("a", [{"type": "text", "text": " "}, PNG]),
                             {"type": "text", "text": "v"}])], "tools": [
                    {"name": "f", "input_schema": {"type": "object"}}]}, {},
                dialect="anthropic", model=model)
            got = r["messages"][2]
            assert got["role"] == "user", r
            assert got["content"][0] == result("a", [PNG]), r
            assert "<system>S</system>" in json.dumps(got) and "order of " \
                "results" in r["mended"] and not r["dropped"], r


@case("Responses: what a search did is one of what is taken")
def _():
    def did(action):
        item = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
        r = mend({"model": "gpt-5", "input": [
            say("user", "q"), {**item, "action": action}]},
            dialect="responses", model="gpt-5")
        assert {**r["input"][1], "action": None} == {**item, "action": None}
        return r["input"][1]["action"], r["mended"], r["dropped"]
    assert did({"type": "other"}) == ({"type": "search", "query": ""},
                                      "searches", "")
    assert did({"type": "other", "query": "\"a"})[0]["query"] == "\"a"
    assert did({"type": "find", "url": "u", "pattern": "p"})[0] == {
        "type": "find_in_page", "url": "u", "pattern": "p"}
    for fine in ({"type": "search", "query": "other"},
                 {"type": "open_page", "url": "find"},
                 {"type": "search", "sources": [{"type": "other"}]}):
        assert did(fine) == (fine, "", ""), fine


@case("Responses: tools and images as Chat has them")
def _():
    inner = {"name": "f", "description": "d", "parameters": {
        "type": "object", "properties": {"type": {"type": "string"}}}}
    nested = {"type": "function", "function": inner}
    flat = {"type": "function", **inner}
    body = {"model": "gpt-5", "input": "q", "tools": [nested, flat],
            "tool_choice": {"type": "function", "function": {"name": "f"}}}
    r = mend(body, dialect="responses", model="gpt-5")
    assert r["tools"] == [flat, flat], r
    assert r["tool_choice"] == {"type": "function", "name": "f"}, r
    assert (r["mended"], r["dropped"]) == ("tools", ""), r
    for same in ({**nested, "name": "g"}, {"type": "function", "function": {}},
                 {"type": "custom", "name": "g"}, flat):
        r = mend({"model": "gpt-5", "input": "q", "tools": [same]},
                 dialect="responses", model="gpt-5")
        assert r["tools"] == [same] and not r["mended"], r
    image = {"type": "input_image", "image_url": PIXEL}
    chats = {"type": "image_url", "image_url": {"url": PIXEL}}
    for given, want in (
            (chats, image), ({**chats, "image_url": PIXEL}, image),
            ({**image, "image_url": {"url": PIXEL}}, image),
            ({**chats, "image_url": {"detail": "low", "url": PIXEL}},
             {**image, "detail": "low"})):
        out = {"type": "function_call_output", "call_id": "c", "output": None}
        r = mend({"model": "gpt-5", "input": [
            say("user", [{"type": "input_text", "text": "q"}, given]),
            {"type": "function_call", "call_id": "c", "name": "f",
             "arguments": "{}"}, {**out, "output": [given]}]},
            dialect="responses", model="gpt-5")
        assert r["input"][0]["content"][1] == want, r
        assert r["input"][2]["output"] == [want], r
        assert (r["mended"], r["dropped"]) == ("types of parts", ""), r
    r = mend({"model": "gpt-5", "input": [say("user", [
        image, {"type": "input_image", "file_id": "f", "image_url": None}])]},
        dialect="responses", model="gpt-5")
    assert not r["mended"], r


if __name__ == "__main__":
    case.run()
