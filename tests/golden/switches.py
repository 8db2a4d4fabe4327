#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Switches of a backend, in translated requests: switches.py CONVERT.

Prints "PASS what" or "FAIL what: why" a line.
"""

import json
import os
import random
import re
import subprocess
import sys
import tempfile

import runner

CONVERT = sys.argv[1]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
case = runner.Cases()
PIXEL = "iVBORw0KGgo="


def request(source, target, body, model, switches):
    """The translated body, and `dropped`."""
    p = subprocess.run(
        [CONVERT, "request", source, target, model, json.dumps(switches)],
        input=json.dumps(body).encode(), timeout=120, capture_output=True)
    assert p.returncode == 0, p.stdout.decode()
    out = json.loads(p.stdout)
    out["dropped"] = p.stderr.decode()
    return out


def chat(messages, switches=None, source="anthropic", model="m", **more):
    """An Anthropic or Responses request as a Chat request."""
    body = {"max_tokens": 100, **more}
    body["input" if source == "responses" else "messages"] = messages
    if source == "responses":
        del body["max_tokens"]
    return request(source, "openai", body, model, switches or {})


def user(*content):
    return {"role": "user", "content": list(content)}


def text(s):
    return {"type": "text", "text": s}


def call(id, name="f", **args):
    return {"type": "tool_use", "id": id, "name": name, "input": args}


def result(id, content="r"):
    return {"type": "tool_result", "tool_use_id": id, "content": content}


def assistant(*content):
    return {"role": "assistant", "content": list(content)}


def system(s):
    return {"role": "system", "content": s}


def shape(r):
    """Roles and texts, one word a message."""
    return [m["role"] + (":" + m["content"] if m.get("content") else "")
            for m in r["messages"]]


IMAGE = {"type": "image", "source": {
    "type": "base64", "media_type": "image/png", "data": PIXEL}}
PDF = {"type": "document", "title": "a.pdf", "source": {
    "type": "base64", "media_type": "application/pdf", "data": "JVBERg=="}}
LOOP = [user(text("q")), assistant(call("a")), user(result("a"))]


@case("developer goes as system, and as developer where that is known")
def _():
    items = [{"role": "developer", "content": "D"},
             {"role": "user", "content": "hi"}]
    r = chat(items, source="responses", instructions="I")
    assert [m["role"] for m in r["messages"]] == ["system"] * 2 + ["user"]
    r = chat(items, {"developerRole": True}, "responses", instructions="I")
    assert [m["role"] for m in r["messages"]] == ["developer"] * 2 + ["user"]


@case("oneSystemMessage: one, and it is the first")
def _():
    items = [{"role": r, "content": c} for r, c in (
        ("developer", "D"), ("user", "u1"), ("developer", "S1"),
        ("assistant", "a1"), ("developer", "S2"), ("user", "u2"),
        ("assistant", "a2"), ("developer", "S3"))]
    r = chat(items, {"oneSystemMessage": True}, "responses", instructions="I")
    assert shape(r) == [
        "system:I\n\nD", "user:u1\n\n<system>S1</system>", "assistant:a1",
        "user:<system>S2</system>\n\nu2", "assistant:a2",
        "user:<system>S3</system>"], shape(r)
    assert r["dropped"] == "", r["dropped"]
    r = chat(items, source="responses", instructions="I")
    assert sum(m["role"] == "system" for m in r["messages"]) == 5


@case("oneSystemMessage: never between calls and their results")
def _():
    r = chat([user(text("q")), assistant(call("a")), system("S"),
              user(result("a"), text("go"))], {"oneSystemMessage": True})
    assert shape(r) == ["user:q", "assistant", "tool:r",
                        "user:<system>S</system>\n\ngo"], shape(r)


@case("systemBeforeTurns: none after assistant or tool")
def _():
    items = [user(text("u1")), system("S1"), assistant(text("a1")),
             system("S2"), user(text("u2")), assistant(call("a")),
             user(result("a")), system("S3"), assistant(text("a3"))]
    r = chat(items, {"systemBeforeTurns": True})
    assert shape(r) == [
        "user:u1", "system:S1", "assistant:a1",
        "user:<system>S2</system>\n\nu2", "assistant", "tool:r",
        "user:<system>S3</system>", "assistant:a3"], shape(r)


@case("alternate: fillers where a turn is missing, and none elsewhere")
def _():
    s = {"alternate": True}
    r = chat([assistant(text("a0")), user(text("u1")), assistant(call("a")),
              user(result("a"), text("u2")), assistant(text("a2"))], s)
    assert shape(r) == ["user:Continue.", "assistant:a0", "user:u1",
                        "assistant", "tool:r", "assistant:OK.", "user:u2",
                        "assistant:a2"], shape(r)
    r = chat([user(text("u1")), assistant(call("a")), user(result("a")),
              assistant(text("a2")), user(text("u2"))], s)
    assert shape(r) == ["user:u1", "assistant", "tool:r", "assistant:a2",
                        "user:u2"], shape(r)
    # An answer that says nothing is left out, and its neighbours meet.
    r = chat([user(text("u1")), assistant(text("")), user(text("u2"))], s)
    assert shape(r) == ["user:u1\n\nu2"], shape(r)


@case("userLast: an end that the user has")
def _():
    s = {"userLast": True}
    r = chat([user(text("u")), assistant(text("a"))], s)
    assert shape(r) == ["user:u", "assistant:a", "user:Continue."]
    r = chat([user(text("u")), system("S")], s)
    assert shape(r) == ["user:u\n\n<system>S</system>"]
    r = chat(LOOP, s)
    assert shape(r)[-1] == "tool:r"
    r = chat([], s, system="S")
    assert shape(r) == ["user:S"]


@case("noImages: named in their place, in results too")
def _():
    items = [user(text("look"), IMAGE, PDF), assistant(call("a")),
             user(result("a", [text("r"), IMAGE]))]
    r = chat(items, {"noImages": True})
    assert all(isinstance(m.get("content") or "", str) for m in r["messages"])
    assert "image/png" in r["messages"][0]["content"]
    assert "a.pdf" in r["messages"][0]["content"]
    assert "image/png" in r["messages"][2]["content"]
    assert len(r["messages"]) == 3
    assert r["dropped"] == "image, document", r["dropped"]
    r = chat(items)
    assert [p["type"] for p in r["messages"][0]["content"]] == [
        "text", "image_url", "file"]
    for target in "anthropic", "responses":
        r = request("openai", target, {"max_tokens": 9, "messages": [{
            "role": "user", "content": [{"type": "image_url", "image_url": {
                "url": "https://h/x.png"}}]}]}, "m", {"noImages": True})
        assert r.pop("dropped") == "image"
        assert "https://h/x.png" in json.dumps(r), r
        assert '"image"' not in json.dumps(r)
        assert "input_image" not in json.dumps(r)


@case("what the assistant says is text")
def _():
    m = [{"role": "user", "content": "q"},
         {"role": "assistant", "content": [
             {"type": "image_url", "image_url": {
                 "url": "data:image/png;base64," + PIXEL}},
             {"type": "file", "file": {
                 "filename": "a.txt",
                 "file_data": "data:text/plain;base64,aGVsbG8="}}]},
         {"role": "user", "content": "v"}]
    for target in "anthropic", "responses":
        r = request("openai", target, {"max_tokens": 9, "messages": m}, "m",
                    {})
        assert r.pop("dropped") == "image"
        said = json.dumps(r.get("messages", r.get("input"))[1])
        assert "image/png" in said and "hello" in said and "a.txt" in said
        assert '"image' not in said and "input_" not in said, said


@case("reasoningContent: a placeholder with calls that came without")
def _():
    r = chat(LOOP, {"reasoningContent": True})
    assert r["messages"][1]["reasoning_content"].strip()
    r = chat(LOOP, {"reasoningContent": True, "reasoningOptional": True})
    assert "reasoning_content" not in r["messages"][1]
    thought = [user(text("q")),
               assistant({"type": "thinking", "thinking": "t",
                          "signature": "s"}, call("a")), user(result("a"))]
    for more in {}, {"reasoningOptional": True}:
        r = chat(thought, {"reasoningContent": True, **more})
        assert r["messages"][1]["reasoning_content"] == "t"
        assert r["dropped"] == ""
    r = chat(thought)
    assert "reasoning_content" not in r["messages"][1]
    assert r["dropped"] == "thinking"
    r = chat([user(text("q")), assistant(text("a")), user(text("q"))],
             {"reasoningContent": True})
    assert "reasoning_content" not in r["messages"][1]


@case("emptyContent: \"\" where null stands elsewhere")
def _():
    assert chat(LOOP)["messages"][1]["content"] is None
    r = chat(LOOP, {"emptyContent": True})
    assert r["messages"][1]["content"] == ""


TOOLS = [{"name": n, "input_schema": {"type": "object"}} for n in "fg"]


@case("noNamedTool: that tool alone, and required")
def _():
    more = {"tools": TOOLS, "tool_choice": {"type": "tool", "name": "g"}}
    r = chat([user(text("q"))], {"noNamedTool": True}, **more)
    assert [t["function"]["name"] for t in r["tools"]] == ["g"]
    assert r["tool_choice"] == "required"
    r = chat([user(text("q"))], **more)
    assert len(r["tools"]) == 2 and r["tool_choice"]["function"]["name"] == "g"
    r = request("anthropic", "responses", {
        "max_tokens": 9, "messages": [user(text("q"))], **more}, "m",
        {"noNamedTool": True})
    assert [t["name"] for t in r["tools"]] == ["g"]
    assert r["tool_choice"] == "required"
    r = request("responses", "anthropic", {
        "input": "q", "tools": [{"type": "function", "name": n}
                                for n in "fg"],
        "tool_choice": {"type": "function", "name": "g"}}, "m",
        {"noNamedTool": True})
    assert [t["name"] for t in r["tools"]] == ["g"]
    assert r["tool_choice"] == {"type": "any"}


@case("topFields: only those, and what is left out is named")
def _():
    more = {"metadata": {"user_id": "u"}, "service_tier": "auto",
            "output_config": {"effort": "low"}, "stream": True,
            "tools": TOOLS, "tool_choice": {
                "type": "auto", "disable_parallel_tool_use": True}}
    r = chat([user(text("q"))], {"topFields": [
        "model", "messages", "max_tokens", "tools", "tool_choice", "stream"],
        "extraFieldsRefused": True}, model="gpt-5", **more)
    assert set(r) - {"dropped"} == {"model", "messages", "max_tokens",
                                    "tools", "tool_choice", "stream"}, r
    assert set(r["dropped"].split(", ")) == {
        "user", "service_tier", "reasoning_effort",
        "parallel_tool_calls"}, r["dropped"]
    r = chat([user(text("q"))], {}, model="gpt-5", **more)
    assert {"user", "service_tier", "reasoning_effort", "stream_options",
            "max_completion_tokens", "parallel_tool_calls"} <= set(r)


@case("minOutputTokens: the limit is raised to it, never lowered")
def _():
    for target, field in (("openai", "max_tokens"),
                          ("responses", "max_output_tokens"),
                          ("anthropic", "max_tokens")):
        source = "anthropic" if target != "anthropic" else "openai"
        for given, want in ((1, 16), (16, 16), (17, 17)):
            r = request(source, target, {
                "max_tokens": given,
                "messages": [{"role": "user", "content": "q"}]}, "m",
                {"minOutputTokens": 16})
            assert r[field] == want, (target, r)


@case("an empty turn of the assistant is no thinking; thinking alone is")
def _():
    def dropped(source, turn):
        return chat([{"role": "user", "content": "q"}, turn,
                     {"role": "user", "content": "r"}],
                    source=source)["dropped"]

    for empty in ("", [], None, [{"type": "output_text", "text": ""}]):
        assert dropped("responses", {"type": "message", "role": "assistant",
                                     "content": empty}) == "", empty
    for empty in ("", [], [text("")]):
        assert dropped("anthropic", assistant(*empty)) == "", empty
    for block in ({"type": "thinking", "thinking": "t", "signature": "s"},
                  {"type": "redacted_thinking", "data": "d"}):
        assert dropped("anthropic", assistant(block)) == "thinking"
        assert dropped("anthropic", assistant(block, text(""))) == "thinking"
    assert dropped("responses", {"type": "reasoning", "summary": [
        {"type": "summary_text", "text": "t"}]}) == "thinking"


def ids_of(r):
    return ([b["id"] for m in r["messages"] if isinstance(m["content"], list)
             for b in m["content"] if b["type"] == "tool_use"],
            [b["tool_use_id"] for m in r["messages"]
             if isinstance(m["content"], list)
             for b in m["content"] if b["type"] == "tool_result"])


@case("ids are unique at Anthropic, and results follow their calls")
def _():
    def turn(*ids):
        return [{"role": "assistant", "tool_calls": [
            {"id": i, "type": "function", "function": {
                "name": "f", "arguments": "{}"}} for i in ids]}] + [
            {"role": "tool", "tool_call_id": i, "content": f"r{n}"}
            for n, i in enumerate(ids)]
    m = [{"role": "user", "content": "q"}, *turn("c", "c"), *turn("d"),
         *turn("c_2", "c", "e"), *turn("c", "c", "c_2")]
    r = request("openai", "anthropic", {"messages": m, "max_tokens": 9},
                "claude-sonnet-4-6", {})
    uses, results = ids_of(r)
    assert uses == results and len(set(uses)) == len(uses) == 9, uses
    assert uses[0] == "c" and uses[2] == "d"
    flat = chat([user(text("q")), assistant(call("c")), user(result("c")),
                 assistant(call("c")), user(result("c"))],
                {"uniqueIds": True})
    calls = [c["id"] for x in flat["messages"] for c in x.get("tool_calls", [])]
    results = [x["tool_call_id"] for x in flat["messages"]
               if x["role"] == "tool"]
    assert calls == results and len(set(calls)) == 2, calls


@case("strict: checked for the target's rules, bounds go")
def _():
    def tool(schema):
        return {"tools": [{"name": "f", "strict": True,
                           "input_schema": schema}]}
    free = {"type": "object", "properties": {"a": {"type": "string"}},
            "additionalProperties": False}
    r = chat([user(text("q"))], **tool(free))
    assert r["tools"][0]["function"]["strict"] is False
    assert "tools.strict" in r["dropped"]
    r = chat([user(text("q"))], **tool({**free, "required": ["a"]}))
    assert r["tools"][0]["function"]["strict"] is True
    r = request("openai", "anthropic", {"max_tokens": 9, "messages": [
        {"role": "user", "content": "q"}], "tools": [{
            "type": "function", "function": {
                "name": "f", "strict": True, "parameters": {
                    "type": "object", "properties": {
                        "n": {"type": "integer", "minimum": 1},
                        "o": {"type": "object", "properties": {}}},
                    "required": ["n"]}}}]}, "claude-opus-4-8", {})
    t = r["tools"][0]
    assert t["strict"] and "minimum" not in json.dumps(t), t
    assert t["input_schema"]["additionalProperties"] is False
    assert t["input_schema"]["properties"]["o"][
        "additionalProperties"] is False
    assert "tools.schema.bounds" in r["dropped"]


# --- JSON by a tool, where a model has nothing better -------------------------

def claude_stream(*blocks):
    """An Anthropic stream of text and tool blocks."""
    out = [{"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": None,
        "usage": {"input_tokens": 1, "output_tokens": 1}}}]
    for i, b in enumerate(blocks):
        is_text = isinstance(b, str)
        out += [
            {"type": "content_block_start", "index": i, "content_block":
             {"type": "text", "text": ""} if is_text else
             {"type": "tool_use", "id": f"t{i}", "name": b[0], "input": {}}},
            {"type": "content_block_delta", "index": i, "delta":
             {"type": "text_delta", "text": b} if is_text else
             {"type": "input_json_delta", "partial_json": b[1]}},
            {"type": "content_block_stop", "index": i}]
    out += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"},
             "usage": {"output_tokens": 2}}, {"type": "message_stop"}]
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                   for e in out)


def json_answer(how, target, *blocks, **more):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    asked = {"model": "x", **more}
    if target == "openai":
        asked.update(messages=[{"role": "user", "content": "q"}],
                     response_format={"type": "json_schema", "json_schema": {
                         "name": "n", "schema": schema}})
    else:
        asked.update(input="q", text={"format": {
            "type": "json_schema", "name": "n", "schema": schema}})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        json.dump(asked, f)
        f.flush()
        out = subprocess.run(
            [CONVERT, "answer", "anthropic", target, how, "0", f.name,
             "claude-sonnet-4-20250514"], check=True, timeout=120,
            input=claude_stream(*blocks).encode(), capture_output=True).stdout
    if how == "stream":
        events = [json.loads(line[6:]) for line in out.decode().split("\n")
                  if line.startswith("data: {")]
        if target == "openai":
            return "".join(c["delta"].get("content") or "" for e in events
                           for c in e["choices"])
        return "".join(e["delta"] for e in events
                       if e["type"] == "response.output_text.delta")
    o = json.loads(out)
    if target == "openai":
        return o["choices"][0]["message"]["content"]
    return "".join(p["text"] for i in o["output"] if i["type"] == "message"
                   for p in i["content"])


@case("an emulated schema gives the tool's input alone")
def _():
    call = ("json_response", '{"a": 1}')
    for how in "stream", "whole":
        for target in "openai", "responses":
            for blocks in ([call], ["I look at it.", call],
                           ["Here: ", call, " That is it."],
                           ["Twice: ", call, ("json_response", '{"a": 2}')]):
                got = json_answer(how, target, *blocks)
                assert json.loads(got) == {"a": 1}, (how, target, got)
            got = json_answer(how, target, "I will ", "not.")
            assert got == "I will not.", (how, target, got)


# --- conversations at random ------------------------------------------------

def conversation(r):
    """Turns of a Messages conversation; every text has a number."""
    n, out = iter(range(10000)), []

    def t():
        return text(f"[{next(n)}]")
    calls = []
    for _ in range(r.randrange(1, 14)):
        kind = r.choice(["user", "assistant", "calls", "system", "empty"])
        if calls:
            out.append(user(*[result(c, f"[{next(n)}]") for c in calls],
                            *[t() for _ in range(r.randrange(2))]))
            calls = []
        if kind == "user":
            out.append(user(*[t() for _ in range(r.randrange(1, 3))]))
        elif kind == "assistant":
            out.append(assistant(t()))
        elif kind == "calls":
            calls = [f"c{next(n)}" for _ in range(r.randrange(1, 3))]
            out.append(assistant(*[t() for _ in range(r.randrange(2))],
                                 *[call(c) for c in calls]))
        elif kind == "system":
            out.append(system(f"[{next(n)}]"))
        else:
            out.append(assistant(text("")))
    if calls:
        out.append(user(*[result(c, f"[{next(n)}]") for c in calls]))
    return out


def numbers(messages):
    return sorted(re.findall(r"\[\d+\]", json.dumps(messages)))


def check(messages, s):
    """What the switches promise of Chat messages."""
    open_calls, turn, before = [], True, None
    for i, m in enumerate(messages):
        role = m["role"]
        if role == "tool":
            open_calls.remove(m["tool_call_id"])
        else:
            assert not open_calls, f"{i}: calls are open"
        open_calls += [c["id"] for c in m.get("tool_calls", [])]
        if role == "system":
            assert not s.get("oneSystemMessage") or i == 0, f"{i}: system"
            assert not s.get("systemBeforeTurns") or before not in (
                "assistant", "tool"), f"{i}: system after {before}"
        if role == "assistant":
            assert m.get("content") or m.get("tool_calls"), f"{i}: empty"
        if role == "user" or (role == "assistant"
                              and not m.get("tool_calls")):
            if s.get("alternate"):
                assert turn == (role == "user"), f"{i}: turn of {role}"
            turn = role != "user"
        before = role
    assert not open_calls
    if s.get("userLast") and messages:
        assert before in ("user", "tool"), before


SETS = [{}, {"oneSystemMessage": True}, {"systemBeforeTurns": True},
        {"alternate": True, "oneSystemMessage": True}, {"alternate": True},
        {"userLast": True, "systemBeforeTurns": True},
        {"alternate": True, "userLast": True},
        {"alternate": True, "oneSystemMessage": True, "userLast": True,
         "systemBeforeTurns": True}]


@case("conversations at random: legal, and nothing is lost or doubled")
def _():
    for seed in range(240):
        r = random.Random(seed)
        messages, s = conversation(r), SETS[seed % len(SETS)]
        out = chat(messages, s, system="[s]")["messages"]
        try:
            check(out, s)
            assert numbers(out) == numbers(messages), "texts"
        except AssertionError as e:
            raise AssertionError(f"seed {seed} {s}: {e}: {messages} {out}")


@case("conversations that grow: what was sent stays as it was")
def _():
    for seed in range(80):
        r = random.Random(1000 + seed)
        s = SETS[seed % len(SETS)]
        messages = [user(text("first"))]
        before = []
        for turn in range(6):
            if r.random() < 0.5:
                messages += [assistant(call(f"c{turn}")),
                             user(result(f"c{turn}"))]
            else:
                messages += [assistant(text(f"a{turn}")),
                             user(text(f"u{turn}"))]
            if r.random() < 0.3:
                messages.append(system(f"s{turn}"))
            now = chat(messages, s, system="S")["messages"]
            assert now[:len(before)] == before, f"seed {seed} {s} {turn}"
            before = now


if __name__ == "__main__":
    case.run()
