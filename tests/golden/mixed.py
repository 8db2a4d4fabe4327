#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests whose parts, tools and choices are written as another API has them,
and arguments that were made text twice: mixed.py CONVERT.

Editors write Anthropic's blocks into Chat requests for models that they take
for Claude, gateways and MCP servers the reverse. What a translation reads it
can as well use. Prints "PASS what" or "FAIL what: why" a line.
"""

import json
import subprocess

from translate import CONVERT
from translate import (answer, blocks_of, call, chat_sse, chunk, edge,
                       request, run)

USER = {"role": "user", "content": "q"}
PNG = "iVBORw0KGgo="
PIXEL = f"data:image/png;base64,{PNG}"
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
SOURCE = {"type": "base64", "media_type": "image/png", "data": PNG}
LIST = {"openai": "messages", "anthropic": "messages", "responses": "input"}
OTHERS = {d: [t for t in LIST if t != d] for d in LIST}


def sent(source, target, messages, **more):
    if source == "anthropic":
        more.setdefault("max_tokens", 9)
    r = request(source, target, {LIST[source]: messages, **more},
                "claude-sonnet-4-6")
    return r


def meant(target, r):
    """The turns of a request, in no API: what is said, shown, called."""
    out = []

    def parts(role, content):
        content = [content] if isinstance(content, str) else content or []
        for p in content:
            if isinstance(p, str):
                out.append((role, p))
            elif "text" in p and "type" in p:
                out.append((role, p["text"]))
            elif p["type"] == "tool_use":
                out.append(("call", p["id"], p["name"], p["input"]))
            elif p["type"] == "tool_result":
                out.append(("result", p["tool_use_id"]))
                parts("result", p.get("content"))
            else:
                shown = json.dumps(p)
                assert "image" in p["type"] and PNG in shown, p
                out.append((role, "image"))

    for m in r[LIST[target]]:
        if m.get("type") == "function_call":
            out.append(("call", m["call_id"], m["name"],
                        json.loads(m["arguments"])))
        elif m.get("type") == "function_call_output":
            out.append(("result", m["call_id"]))
            parts("result", m["output"])
        elif m["role"] == "tool":
            out.append(("result", m["tool_call_id"]))
            parts("result", m["content"])
        else:
            parts(m["role"], m.get("content"))
            for t in m.get("tool_calls") or []:
                out.append(("call", t["id"], t["function"]["name"],
                            json.loads(t["function"]["arguments"])))
    return out


def schema_of(target, r):
    t = r["tools"][0]
    return (t["function"]["parameters"] if target == "openai"
            else t["input_schema"] if target == "anthropic"
            else t["parameters"])


@edge("chat", "calls and results in Anthropic's blocks")
def _():
    history = [
        USER, {"role": "assistant", "content": [
            {"type": "text", "text": "so"},
            {"type": "tool_use", "id": "t1", "name": "f",
             "input": {"q": "x"}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t1", "content": [
                {"type": "text", "text": "r"}]},
            {"type": "text", "text": "go on"}]}]
    for target in OTHERS["openai"]:
        r = sent("openai", target, history)
        assert meant(target, r) == [
            ("user", "q"), ("assistant", "so"),
            ("call", "t1", "f", {"q": "x"}), ("result", "t1"),
            ("result", "r"), ("user", "go on")], r
        assert not r["dropped"], r["dropped"]


@edge("chat", "parts of other APIs")
def _():
    for content in (
            [{"type": "input_text", "text": "a"},
             {"type": "input_image", "image_url": PIXEL}],
            [{"type": "text", "text": "a"},
             {"type": "image", "source": SOURCE}],
            [{"type": "output_text", "text": "a"},
             {"type": "image_url", "image_url": {"url": PIXEL}}]):
        for target in OTHERS["openai"]:
            r = sent("openai", target, [{"role": "user", "content": content}])
            assert meant(target, r) == [("user", "a"), ("user", "image")], r
            assert not r["dropped"], r["dropped"]


def stays(messages, switches=None, **more):
    """A Chat request that stays one: its messages, mended, dropped."""
    text = json.dumps({"model": "m", "messages": messages, **more})
    p = subprocess.run(
        [CONVERT, "mend", "openai", "m", json.dumps(
            {"callsPaired": True} if switches is None else switches)],
        input=text.encode(), check=True, capture_output=True)
    mended, dropped = p.stderr.decode().split("\n")
    assert bool(mended) == (p.stdout.decode() != text), mended
    return json.loads(p.stdout)["messages"], mended, dropped


@edge("chat that stays", "calls and results in Anthropic's blocks")
def _():
    use = {"type": "tool_use", "id": "t1", "name": "f", "input": {"q": 1.50}}
    said = {"type": "text", "text": "so"}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "r"}
    call = {"id": "t1", "type": "function", "function": {
        "name": "f", "arguments": '{"q": 1.5}'}}
    tool = {"role": "tool", "tool_call_id": "t1", "content": "r"}
    image = {"type": "image", "source": SOURCE}
    for content, more, want in (
            ([said, use], {}, {"tool_calls": [call], "content": [said]}),
            ([use], {}, {"tool_calls": [call], "content": None}),
            ([use, said], {"tool_calls": [call]}, {"content": [said],
                                                   "tool_calls": [call]}),
            ([use], {"tool_calls": []}, {"content": None,
                                         "tool_calls": [call]}),
            ([use], {"tool_calls": None}, {"content": None,
                                           "tool_calls": [call]})):
        out, mended, dropped = stays([
            USER, {"role": "assistant", "content": content, **more},
            {"role": "user", "content": [result]}, USER])
        assert out == [USER, {"role": "assistant", **want}, tool, USER], out
        assert mended == "types of parts" and not dropped, mended
    # text behind results, pictures in them, some that failed, two calls
    two = dict(use, id="t2", input={})
    out, _, dropped = stays([
        USER, {"role": "assistant", "content": [use, two]},
        {"role": "user", "content": [
            {"type": "text", "text": "go on"},
            dict(result, content=[{"type": "text", "text": "r"}]),
            {"type": "tool_result", "tool_use_id": "t2", "is_error": True}]}])
    assert [m["role"] for m in out] == ["user", "assistant", "tool", "tool",
                                        "user"], out
    assert out[2]["content"] in ("r", [{"type": "text", "text": "r"}]), out
    assert out[3] == {"role": "tool", "tool_call_id": "t2",
                      "content": "Error"}, out
    assert out[4]["content"] == [{"type": "text", "text": "go on"}], out
    assert not dropped, dropped
    out, _, dropped = stays([
        USER, {"role": "assistant", "content": [use]},
        {"role": "user", "content": [dict(result, content=[image])]}])
    assert PIXEL in json.dumps(out) and "source" not in json.dumps(out), out
    assert [m["role"] for m in out][:3] == ["user", "assistant", "tool"], out
    # a call beside others of the message
    other = dict(call, id="t0")
    out, _, _ = stays([
        USER, {"role": "assistant", "content": [use], "tool_calls": [other]},
        dict(tool, tool_call_id="t0"), {"role": "user", "content": [result]}])
    assert [c["id"] for c in out[1]["tool_calls"]] == ["t0", "t1"], out
    assert [m.get("tool_call_id") for m in out[2:]] == ["t0", "t1"], out


@edge("chat that stays", "parts of other APIs")
def _():
    text = {"type": "text", "text": "a"}
    url = {"type": "image_url", "image_url": {"url": PIXEL}}
    for part, want in (
            ({"type": "input_text", "text": "a"}, text),
            ({"type": "output_text", "text": "a"}, text),
            ({"type": "input_image", "image_url": PIXEL}, url),
            ({"type": "image", "source": SOURCE}, url),
            ({"type": "image", "source": {
                "type": "url", "url": "https://x/y"}}, {
                    "type": "image_url", "image_url": {"url": "https://x/y"}}),
            ({"type": "document", "source": {
                "type": "text", "media_type": "text/plain", "data": "a"}},
             text),
            ({"type": "document", "source": {
                "type": "base64", "media_type": "application/pdf",
                "data": "JVBERi0="}}, {"type": "file", "file": {
                    "filename": "document.pdf",
                    "file_data": "data:application/pdf;base64,JVBERi0="}})):
        out, mended, dropped = stays([{"role": "user", "content": [
            part, {"type": "text", "text": "q"}]}])
        assert out == [{"role": "user", "content": [
            want, {"type": "text", "text": "q"}]}], (part, out)
        assert mended == "types of parts" and not dropped, mended
        # where nothing is known to be refused it goes as it came
        assert not stays([{"role": "user", "content": [part]}], {})[1]
    assert not stays([{"role": "user", "content": [text, url, {
        "type": "input_audio", "input_audio": {"data": "AAAA",
                                               "format": "wav"}}]}])[1]


@edge("chat that stays", "tools and choices of other APIs")
def _():
    schema = {"type": "object", "properties": {"a": {"type": "number"}}}
    inner = {"name": "f", "description": "d", "parameters": schema}
    good = {"type": "function", "function": inner}
    for tool in ({"name": "f", "description": "d", "input_schema": schema},
                 {"type": "function", **inner},
                 {"type": "custom", "name": "f", "description": "d",
                  "input_schema": schema}):
        for choice, want in (
                (None, None), ({"type": "any"}, "required"),
                ({"type": "auto"}, "auto"), ("auto", "auto"),
                ({"type": "tool", "name": "f"}, {
                    "type": "function", "function": {"name": "f"}}),
                ({"type": "function", "name": "f"}, {
                    "type": "function", "function": {"name": "f"}})):
            text = json.dumps({"model": "m", "messages": [USER],
                               "tools": [good, tool], "tool_choice": choice})
            p = subprocess.run(
                [CONVERT, "mend", "openai", "m", '{"callsPaired": true}'],
                input=text.encode(), check=True, capture_output=True)
            r = json.loads(p.stdout)
            assert r["tools"] == [good, good], (tool, r)
            assert r["tool_choice"] == want, (choice, r)
            assert p.stderr.decode() == "tools of another API\n", p.stderr
    # a free-text tool, and those that providers run, stay
    for tool in ({"type": "custom", "custom": {"name": "c"}}, good,
                 {"type": "web_search", "name": "w", "parameters": {}}):
        assert not stays([USER], tools=[tool])[1], tool


@edge("messages, responses", "pictures as Chat has them")
def _():
    url = {"type": "image_url", "image_url": {"url": PIXEL}}
    for target in OTHERS["responses"]:
        r = sent("responses", target, [{"role": "user", "content": [
            {"type": "text", "text": "a"}, url]}])
        assert meant(target, r) == [("user", "a"), ("user", "image")], r
        assert not r["dropped"], r["dropped"]
    for target in OTHERS["anthropic"]:
        r = sent("anthropic", target, [{"role": "user", "content": [
            {"type": "text", "text": "a"}, url]}])
        assert meant(target, r) == [("user", "a"), ("user", "image")], r
        r = sent("anthropic", target, [
            USER, {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [
                    {"type": "text", "text": "r"}, url]}]}])
        assert PNG in json.dumps(r) and not r["dropped"], r


@edge("messages, responses", "calls as Chat has them are named")
def _():
    said = {"role": "assistant", "content": "a", "tool_calls": [
        {"id": "c", "type": "function", "function": {
            "name": "f", "arguments": "{}"}}]}
    for source in ("anthropic", "responses"):
        for target in OTHERS[source]:
            r = sent(source, target, [USER, said, USER])
            assert "tool_calls" in r["dropped"], r
            r = sent(source, target, [USER, {**said, "tool_calls": []}, USER])
            assert not r["dropped"], r


@edge("tools", "with the members of another API")
def _():
    flat = {"name": "f", "description": "d"}
    for source in LIST:
        for tool in ({**flat, "input_schema": SCHEMA},
                     {**flat, "parameters": SCHEMA},
                     {"type": "function", **flat, "parameters": SCHEMA},
                     {"type": "function", "function": {
                         **flat, "parameters": SCHEMA}}):
            for target in OTHERS[source]:
                r = sent(source, target, [USER], tools=[tool])
                assert schema_of(target, r) == SCHEMA, (source, tool, r)
                assert "f" in json.dumps(r["tools"]), r
                assert not r["dropped"], r["dropped"]


@edge("choices", "as an object with a word")
def _():
    tools = [{"type": "function", "function": {
        "name": "f", "parameters": SCHEMA}}]
    for word, want in (("auto", "auto"), ("none", "none"), ("any", "any"),
                       ("required", "any")):
        r = sent("openai", "anthropic", [USER], tools=tools,
                 tool_choice={"type": word})
        assert r["tool_choice"]["type"] == want, r
    r = sent("openai", "anthropic", [USER], tools=tools,
             tool_choice={"type": "tool", "name": "f"})
    assert r["tool_choice"] == {"type": "tool", "name": "f"}, r


@edge("arguments", "that were made text twice are read once more")
def _():
    for twice, want in (('"{\\"a\\":1}"', {"a": 1}),
                        ('"{\\"a\\": \\"\\\\u00e9\\"}"', {"a": "\u00e9"}),
                        ('"x"', {"rawInvalidInput": "x"}),
                        ('"{bad"', {"rawInvalidInput": "{bad"})):
        r = sent("openai", "anthropic", [
            USER, {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {
                    "name": "f", "arguments": twice}}]},
            {"role": "tool", "tool_call_id": "c", "content": "r"}])
        assert r["messages"][1]["content"][0]["input"] == want, (twice, r)
        whole = {"id": "c", "choices": [{
            "index": 0, "finish_reason": "tool_calls", "message": {
                "role": "assistant", "tool_calls": [{
                    "id": "c1", "type": "function", "function": {
                        "name": "f", "arguments": twice}}]}}]}
        got = json.loads(answer("openai", "anthropic", whole, "whole"))
        assert got["content"][0]["input"] == want, (twice, got)
        half = len(twice) // 2
        out = answer("openai", "anthropic", chat_sse(
            chunk(call(0, twice[:half], id="c1", name="f")),
            chunk(call(0, twice[half:])), chunk({}, "tool_calls")), "stream")
        raw = json.loads(twice) if "rawInvalidInput" in want else want
        assert json.loads(blocks_of(out)[0]["json"]) == raw, (twice, out)


run()
