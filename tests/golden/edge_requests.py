#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edge cases of requests."""

import re

from meaning import meaning
from translate import *


@edge(1, "leading system and developer text")
def _():
    r = to_claude({"messages": [
        {"role": "system", "content": "A"},
        {"role": "developer", "content": "B"},
        {"role": "user", "content": "hi"}]})
    assert [b["text"] for b in r["system"]] == ["A", "B"]
    assert [m["role"] for m in r["messages"]] == ["user"]


@edge(2, "system text in the middle stays there")
def _():
    m = [{"role": "user", "content": "a"},
         {"role": "assistant", "content": "b"},
         {"role": "system", "content": "S"},
         {"role": "user", "content": "c"}]
    # Behind the model's turn, no model takes it as such.
    for model in ("claude-opus-4-8", "claude-sonnet-4-6"):
        r = to_claude({"messages": m}, model)
        last = r["messages"][-1]
        assert last["role"] == "user" and len(r["messages"]) == 3
        assert [b["text"] for b in last["content"]] == [
            "<system>S</system>", "c"]


@edge(3, "default limit by family")
def _():
    for model, want in (("claude-opus-4-1", 32000),
                        ("claude-haiku-4-5", 64000), ("foo", 4096)):
        assert to_claude({}, model)["max_tokens"] == want, model


@edge(4, "max_completion_tokens wins")
def _():
    r = to_claude({"max_tokens": 100, "max_completion_tokens": 50})
    assert r["max_tokens"] == 50


@edge(5, "temperature is clamped, dropped, kept at 0")
def _():
    assert to_claude({"temperature": 1.7})["temperature"] == 1
    r = to_claude({"temperature": 1.7}, "claude-opus-5")
    assert "temperature" not in r and "temperature" in r["dropped"]
    assert to_claude({"temperature": 0})["temperature"] == 0


@edge(6, "temperature and top_p exclude each other")
def _():
    r = to_claude({"temperature": 0.5, "top_p": 0.9})
    assert r["temperature"] == 0.5 and "top_p" not in r
    # with thinking none of the samplers is taken
    for effort in ("low", "high"):
        r = to_claude({"top_p": 0.9, "reasoning_effort": effort},
                      "claude-sonnet-4-6")
        assert "top_p" not in r and r["thinking"]["type"] == "adaptive", r
        assert "top_p" in r["dropped"], r
    r = to_claude({"top_p": 0.9, "reasoning_effort": "none"},
                  "claude-sonnet-4-6")
    assert r["top_p"] == 0.9 and "top_p" not in r["dropped"], r


@edge(7, "stop")
def _():
    assert to_claude({"stop": "X"})["stop_sequences"] == ["X"]
    r = to_claude({"stop": ["\n", "END"]})
    assert r["stop_sequences"] == ["END"]
    assert "stop_sequences" not in to_claude({"stop": []})


def two_calls(*results):
    return [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [
            {"id": i, "type": "function",
             "function": {"name": "f", "arguments": "{}"}} for i in "ab"]},
        *[{"role": "tool", "tool_call_id": i, "content": "r" + i}
          for i in results],
        {"role": "user", "content": "go"}]


@edge(8, "calls, results and text")
def _():
    m = to_claude({"messages": two_calls("a", "b")})["messages"]
    assert [b["type"] for b in m[1]["content"]] == ["tool_use"] * 2
    assert [b["type"] for b in m[2]["content"]] == [
        "tool_result", "tool_result", "text"]
    assert len(m) == 3


@edge(9, "results in another order stand before all text")
def _():
    m = to_claude({"messages": two_calls("b", "a")})["messages"]
    assert [b["type"] for b in m[2]["content"]] == [
        "tool_result", "tool_result", "text"]
    assert {b.get("tool_use_id") for b in m[2]["content"][:2]} == {"a", "b"}


@edge(10, "arguments that are no object")
def _():
    for args, want in (("", {}), ("[1]", {"rawInvalidInput": [1]}),
                       ("{bad", {"rawInvalidInput": "{bad"})):
        m = two_calls("a", "b")
        m[1]["tool_calls"][0]["function"]["arguments"] = args
        r = to_claude({"messages": m})["messages"]
        assert r[1]["content"][0]["input"] == want, args


def ids(*given):
    m = two_calls(*given)
    for c, i in zip(m[1]["tool_calls"], given):
        c["id"] = i
    m[1]["tool_calls"] = m[1]["tool_calls"][:len(given)]
    r = to_claude({"messages": m})["messages"]
    uses = [b["id"] for b in r[1]["content"]]
    results = [b["tool_use_id"] for b in r[2]["content"]
               if b["type"] == "tool_result"]
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", i) for i in uses), uses
    return uses, results


@edge(11, "a foreign id, the same in call and result")
def _():
    uses, results = ids("functions.Bash:0")
    assert uses == results


@edge(12, "ids that differ stay different")
def _():
    uses, results = ids("a.b", "a:b")
    assert uses == results and uses[0] != uses[1]


@edge(13, "a tool without parameters")
def _():
    r = to_claude({"tools": [{"type": "function",
                              "function": {"name": "f"}}]})
    empty = {"type": "object", "properties": {}}
    assert r["tools"][0]["input_schema"] == empty
    # a strict one says that it is closed, as all objects of strict tools do
    for more in ({}, {"parameters": None}, {"parameters": {}},
                 {"parameters": empty}):
        f = {"name": "f", "strict": True, **more}
        for r in (to_claude({"tools": [{"type": "function", "function": f}]},
                            "claude-opus-4-8"),
                  request("responses", "anthropic", {
                      "model": "x", "input": "q",
                      "tools": [{"type": "function", **f}]},
                      "claude-opus-4-8")):
            t = r["tools"][0]
            assert t["strict"] is True and t["input_schema"] == {
                **empty, "additionalProperties": False}, t


TOOLS = [{"type": "function", "function": {
    "name": n, "parameters": {"type": "object", "properties": {}}}}
    for n in "ab"]


@edge(14, "tool_choice required")
def _():
    body = {"tools": TOOLS, "tool_choice": "required"}
    r = to_claude(dict(body), "claude-opus-4-5")
    assert r["tool_choice"]["type"] == "any"
    r = to_claude(dict(body), "claude-opus-5-5")
    assert r["tool_choice"]["type"] == "auto"


@edge(15, "tool_choice none keeps the tools")
def _():
    r = to_claude({"tools": TOOLS, "tool_choice": "none"})
    assert r["tool_choice"] == {"type": "none"} and len(r["tools"]) == 2


@edge(16, "parallel_tool_calls false")
def _():
    r = to_claude({"tools": TOOLS, "parallel_tool_calls": False})
    assert r["tool_choice"] == {"type": "auto",
                                "disable_parallel_tool_use": True}


@edge(17, "allowed_tools")
def _():
    r = to_claude({"tools": TOOLS, "tool_choice": {
        "type": "allowed_tools", "allowed_tools": {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "a"}}]}}})
    assert [t["name"] for t in r["tools"]] == ["a"]
    assert r["tool_choice"]["type"] == "any"


def image(url):
    r = to_claude({"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": url}}]}]})
    return r["messages"][0]["content"][0]


@edge(18, "data URLs of every habit")
def _():
    assert image("data:image/png;charset=utf-8;base64,AAAA")["source"] == {
        "type": "base64", "media_type": "image/png", "data": "AAAA"}
    s = image("DATA:IMAGE/JPG;BASE64,AA AA\n")["source"]
    assert s["media_type"] == "image/jpeg" and s["data"] == "AAAA"
    assert image("https://h/x.png")["source"] == {
        "type": "url", "url": "https://h/x.png"}


@edge(19, "a PDF in image_url is a document")
def _():
    b = image("data:application/pdf;base64,JVBE")
    assert b["type"] == "document"
    assert b["source"]["media_type"] == "application/pdf"


SCHEMA = {"type": "object", "properties": {
    "minLength": {"type": "string", "minLength": 3}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n",
                                                 "schema": SCHEMA}}


@edge(20, "a schema is sanitised, its property names are not")
def _():
    r = to_claude({"response_format": FORMAT})
    f = r["output_config"]["format"]
    assert f == {"type": "json_schema", "schema": {
        "type": "object", "additionalProperties": False,
        "properties": {"minLength": {"type": "string"}}}}


@edge(21, "a schema for an older model, by a forced tool")
def _():
    asked = {"model": "x", "messages": [{"role": "user", "content": "q"}],
             "response_format": FORMAT}
    model = "claude-sonnet-4-20250514"
    r = to_claude(dict(asked), model)
    assert r["tool_choice"]["type"] == "tool" and "thinking" not in r
    name = r["tools"][0]["name"]
    data = claude_sse(start(), *block(
        0, "tool_use", {"type": "input_json_delta",
                        "partial_json": '{"a":1}'},
        id="t", name=name, input={}), *stop("tool_use"))
    for how in ("stream", "whole"):
        out = answer("anthropic", "openai", data, how, 0, asked, model)
        m = meaning("openai", out)
        assert m["text"] == '{"a":1}' and not m["tools"], m
        assert m["finish"] == "stop"


@edge(22, "n=2 is refused by name")
def _():
    try:
        to_claude({"n": 2})
    except HttpError as e:
        assert e.status == 400 and e.body["error"]["param"] == "n"
    else:
        raise AssertionError("accepted")


@edge(23, "reasoning_effort")
def _():
    r = to_claude({"reasoning_effort": "none"}, "claude-opus-5-5")
    assert "thinking" not in r
    r = to_claude({"reasoning_effort": "none"}, "claude-haiku-5-5")
    assert r["thinking"] == {"type": "disabled"}
    r = to_claude({"reasoning_effort": "low"}, "claude-opus-4-5")
    assert r["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    r = to_claude({"reasoning_effort": "low", "max_tokens": 1000},
                  "claude-opus-4-5")
    assert "thinking" not in r
    r = to_claude({"reasoning_effort": "high"}, "claude-opus-5")
    assert r["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert r["output_config"] == {"effort": "high"}


@edge(24, "user ids that Anthropic takes")
def _():
    r = to_claude({"user": "a@b.c"})
    assert "metadata" not in r and "user" in r["dropped"]
    r = to_claude({"user": "u", "safety_identifier": "h"})
    assert r["metadata"] == {"user_id": "h"}


@edge(25, "empty text")
def _():
    r = to_claude({"messages": [
        {"role": "user", "content": [
            {"type": "text", "text": ""},
            {"type": "image_url", "image_url": {"url": "https://h/x"}}]},
        {"role": "assistant", "content": " "},
        {"role": "user", "content": "x"}]})
    kinds = [[b["type"] for b in m["content"]] for m in r["messages"]]
    assert kinds == [["image", "text"]], kinds


@edge(26, "a final assistant text does not end in blanks")
def _():
    r = to_claude({"messages": [{"role": "user", "content": "q"},
                                {"role": "assistant", "content": "a\n"}]})
    assert r["messages"][-1]["content"][0]["text"] == "a"


# --- requests, Anthropic to Chat -----------------------------------------

@edge(27, "system blocks are joined")
def _():
    r = to_chat({"system": [{"type": "text", "text": t} for t in "AB"]})
    assert r["messages"][0] == {"role": "system", "content": "A\n\nB"}


def claude_result(content, **more):
    return {"role": "user", "content": [
        {"type": "text", "text": "T"},
        {"type": "tool_result", "tool_use_id": "t1", "content": content,
         **more}]}


@edge(28, "results come before the text")
def _():
    r = to_chat({"messages": [claude_result("R")]})
    assert [(m["role"], m["content"]) for m in r["messages"]] == [
        ("tool", "R"), ("user", "T")]


@edge(29, "a picture in a result follows all results")
def _():
    picture = {"type": "image", "source": {
        "type": "base64", "media_type": "image/png", "data": "AA"}}
    r = to_chat({"messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": i, "content": [
            {"type": "text", "text": "R" + i}, picture]} for i in "12"]}]})
    m = r["messages"]
    assert [x["role"] for x in m] == ["tool", "tool", "user"]
    assert m[0]["content"] == "R1"
    urls = [p["image_url"]["url"] for p in m[2]["content"]
            if p["type"] == "image_url"]
    assert urls == ["data:image/png;base64,AA"] * 2


@edge(30, "a failed result without text")
def _():
    r = to_chat({"messages": [claude_result("", is_error=True)]})
    assert r["messages"][0]["content"] == "Error"


@edge(31, "thinking goes back only to who wants it")
def _():
    m = [{"role": "user", "content": "q"}, {"role": "assistant", "content": [
        {"type": "thinking", "thinking": "th", "signature": "s"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        claude_result("R", )]
    r = to_chat({"messages": m})
    assert not any("reason" in k for k in r["messages"][1])
    assert "thinking" in r["dropped"]
    r = to_chat({"messages": m}, "m", {"reasoningContent": True})
    assert r["messages"][1]["reasoning_content"] == "th"
    r = to_chat({"messages": m}, "m", {"reasoningDetails": True})
    assert r["messages"][1]["reasoning_details"][0]["signature"] == "s"


@edge(32, "a long tool name is shortened and restored")
def _():
    name = "n" * 80
    asked = {"model": "x", "max_tokens": 1, "messages": [
        {"role": "user", "content": "q"}],
        "tools": [{"name": name, "input_schema": {"type": "object"}}],
        "tool_choice": {"type": "tool", "name": name}}
    r = to_chat(dict(asked))
    short = r["tools"][0]["function"]["name"]
    assert len(short) == 64
    assert r["tool_choice"]["function"]["name"] == short
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, "{}", "c1", short)), chunk({}, "tool_calls")),
        asked=asked)
    assert blocks_of(out)[0]["name"] == name


@edge(33, "a named tool without parallel calls")
def _():
    r = to_chat({"tools": [{"name": "f", "input_schema": {}}],
                 "tool_choice": {"type": "tool", "name": "f",
                                 "disable_parallel_tool_use": True}})
    assert r["tool_choice"] == {"type": "function",
                                "function": {"name": "f"}}
    assert r["parallel_tool_calls"] is False


@edge(34, "six stop sequences, top_k")
def _():
    r = to_chat({"stop_sequences": list("abcdef"), "top_k": 5})
    assert r["stop"] == list("abcd") and "top_k" not in r
    assert "stop" in r["dropped"] and "top_k" in r["dropped"]


@edge(35, "usage is always asked for")
def _():
    r = to_chat({"stream": True})
    assert r["stream_options"] == {"include_usage": True}
    r = to_chat({"stream": True}, "m", {"noStreamUsage": True})
    assert "stream_options" not in r


@edge(36, "a hosted tool that the backend lacks")
def _():
    tool = {"type": "web_search_20250305", "name": "web_search"}
    r = to_chat({"tools": [tool]})
    assert "tools" not in r and "web_search" in r["dropped"]
    try:
        to_chat({"tools": [tool], "tool_choice": {"type": "tool",
                                                  "name": "web_search"}})
    except HttpError as e:
        assert e.status == 400
    else:
        raise AssertionError("accepted")
