#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The numbered edge cases of translation: edge.py CONVERT.

Prints "PASS NN what" or "FAIL NN what: why" a line.
"""

import json
import re
import subprocess

from meaning import events, meaning
from translate import *
from translate import CONVERT


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


# --- answers --------------------------------------------------------------

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


@edge(37, "text, finish and usage in one chunk")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}, "stop", usage=USAGE))))
    assert (m["text"], m["finish"], m["usage"]["completion"]) == (
        "x", "stop", 2)


@edge(38, "a call and its finish in one chunk")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, '{"a":1}', "c", "f"), "tool_calls")))
    assert meaning("anthropic", out)["tools"] == [("f", {"a": 1})]


@edge(39, "a new id on a known index is a new call")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, '{"x":', "A", "f")), chunk(call(0, "1}", "", "")),
        chunk(call(0, '{"y":2}', "B", "g")), chunk({}, "tool_calls")))
    assert meaning("anthropic", out)["tools"] == [
        ("f", {"x": 1}), ("g", {"y": 2})]


@edge(40, "interleaved calls become sequential blocks")
def _():
    data = chat_sse(
        chunk(call(0, '{"x"', "A", "f")), chunk(call(1, '{"y"', "B", "g")),
        chunk(call(0, ":1}")), chunk(call(1, ":2}")),
        chunk({}, "tool_calls"))
    out = answer("openai", "anthropic", data)
    assert [b["json"] for b in blocks_of(out)] == ['{"x":1}', '{"y":2}']
    for target in ("anthropic", "responses"):
        assert meaning(target, answer("openai", target, data))["tools"] == [
            ("f", {"x": 1}), ("g", {"y": 2})]


@edge(41, "the only call has index 1")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(1, "{}", "A", "f")), chunk({}, "tool_calls")))
    assert len(blocks_of(out)) == 1
    out = answer("anthropic", "openai", claude_sse(
        start(), *block(0, "text", text_delta("t"), text=""),
        *block(1, "tool_use", id="A", name="f", input={}),
        *stop("tool_use")))
    indexes = [t["index"] for _, o in events(out) if o != "[DONE]"
               for c in o["choices"]
               for t in c["delta"].get("tool_calls", [])]
    assert set(indexes) == {0}


@edge(42, "arguments that never come")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, "", "A", "f")), chunk({}, "tool_calls")))
    assert meaning("anthropic", out)["tools"] == [("f", {})]
    data = claude_sse(start(), *block(
        0, "tool_use", id="A", name="f", input={}), *stop("tool_use"))
    out = answer("anthropic", "openai", data)
    args = "".join(t["function"]["arguments"]
                   for _, o in events(out) if o != "[DONE]"
                   for c in o["choices"]
                   for t in c["delta"].get("tool_calls", []))
    assert args == "{}"


@edge(43, "a first chunk without choices opens nothing")
def _():
    out = answer("openai", "anthropic", chat_sse(
        {"id": "", "model": "", "choices": [], "prompt_filter_results": []},
        chunk({"content": "x"}), chunk({}, "stop")))
    assert [o["type"] for _, o in events(out)][:2] == [
        "message_start", "content_block_start"]


@edge(44, "reasoning, then a call, content null")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk({"content": None, "reasoning_content": "r"}),
        chunk({"content": None, **call(0, "{}", "A", "f")}),
        chunk({}, "tool_calls")))
    assert [b["type"] for b in blocks_of(out)] == ["thinking", "tool_use"]


@edge(45, "reasoning beside reasoning_details: once")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"reasoning": "r", "reasoning_details": [
            {"type": "reasoning.text", "text": "r"}]}),
        chunk({"content": "x"}, "stop"))))
    assert m["reasoning"] == "r"


@edge(46, "Mistral's content list")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": [{"type": "thinking", "thinking": [
            {"type": "text", "text": "th"}]}]}),
        chunk({"content": [{"type": "text", "text": "x"}]}, "stop"))))
    assert (m["reasoning"], m["text"]) == ("th", "x")


@edge(47, "usage on every chunk, and under x_groq")
def _():
    more = dict(USAGE, completion_tokens=9, total_tokens=14)
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}, usage=USAGE),
        chunk({"content": "y"}, "stop", usage=more))))
    assert m["usage"]["completion"] == 9
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}, "stop", x_groq={"usage": more}))))
    assert m["usage"]["completion"] == 9


@edge(48, "a completion count without reasoning")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}, "stop", usage={
            "prompt_tokens": 12, "completion_tokens": 2,
            "total_tokens": 354}))))
    assert m["usage"]["completion"] == 342


@edge(49, "no finish_reason: complete with [DONE], cut without")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}),
        {"choices": [], "usage": USAGE})))
    assert m["finish"] == "stop" and not m["error"]
    out = answer("openai", "anthropic",
                 chat_sse(chunk({"content": "x"}), done=False))
    assert meaning("anthropic", out)["error"]
    assert b"message_stop" not in out
    # usage beside content is no end: some send it with every chunk
    out = answer("openai", "anthropic", chat_sse(
        chunk({"content": "x"}, usage=USAGE), done=False))
    assert meaning("anthropic", out)["error"]


ERROR = ('event: error\ndata: {"type":"error","error":{"type":'
         '"overloaded_error","message":"Overloaded"}}\n\n')


@edge(50, "an error as the first event is an HTTP error")
def _():
    for target, status in (("openai", 503), ("responses", 503)):
        try:
            answer("anthropic", target, ERROR)
        except HttpError as e:
            assert e.status == status
            assert e.body["error"]["message"] == "Overloaded"
        else:
            raise AssertionError("answered")
    try:
        answer("openai", "anthropic", chat_sse(
            {"error": {"message": "busy", "code": 503}}))
    except HttpError as e:
        assert e.status == 529
        assert e.body["error"]["type"] == "overloaded_error"
    else:
        raise AssertionError("answered")


@edge(51, "an error after text")
def _():
    data = claude_sse(start(), *block(0, "text", text_delta("Hello"),
                                      text="")) + ERROR
    out = answer("anthropic", "openai", data)
    m = meaning("openai", out)
    assert m["text"] == "Hello" and m["error"] == "Overloaded"
    assert b"[DONE]" not in out and b'"stop"' not in out
    out = answer("openai", "anthropic", chat_sse(
        chunk({"content": "Hello"}), {"error": {"message": "no"}},
        done=False))
    assert b"message_stop" not in out
    assert meaning("anthropic", out)["error"] == "no"


@edge(52, "input tokens that come at the end")
def _():
    m = meaning("openai", answer("anthropic", "openai", claude_sse(
        start(usage={"input_tokens": 0, "output_tokens": 0}),
        *block(0, "text", text_delta("x"), text=""),
        *stop(input_tokens=77))))
    assert m["usage"]["prompt"] == 77


@edge(53, "cache arithmetic, there and back")
def _():
    data = claude_sse(
        start(usage={"input_tokens": 10, "cache_read_input_tokens": 100,
                     "cache_creation_input_tokens": 5, "output_tokens": 0}),
        *block(0, "text", text_delta("x"), text=""), *stop(output_tokens=3))
    out = answer("anthropic", "openai", data)
    usage = [o["usage"] for _, o in events(out)
             if o != "[DONE]" and o.get("usage")][0]
    assert (usage["prompt_tokens"], usage["completion_tokens"],
            usage["total_tokens"]) == (115, 3, 118)
    assert usage["prompt_tokens_details"] == {
        "cached_tokens": 100, "cache_write_tokens": 5}
    back = answer("openai", "anthropic", out, "whole")
    u = json.loads(back)["usage"]
    assert (u["input_tokens"], u["cache_read_input_tokens"],
            u["cache_creation_input_tokens"], u["output_tokens"]) == (
                10, 100, 5, 3)


@edge(54, "refusals")
def _():
    o = {"id": "m", "type": "message", "role": "assistant", "model": "m",
         "content": [], "stop_reason": "refusal",
         "stop_details": {"type": "refusal", "explanation": "no"},
         "usage": {"input_tokens": 1, "output_tokens": 1}}
    c = json.loads(answer("anthropic", "openai", o, "whole"))["choices"][0]
    assert c["message"]["content"] is None
    assert c["message"]["refusal"] == "no"
    assert c["finish_reason"] == "content_filter"
    m = json.loads(answer("openai", "anthropic", chat_sse(
        chunk({"refusal": "I can't"}), chunk({}, "stop")), "whole"))
    assert m["content"] == [{"type": "text", "text": "I can't"}]
    assert m["stop_reason"] == "refusal"


@edge(55, "the provider's own tools stay there")
def _():
    m = meaning("openai", answer("anthropic", "openai", claude_sse(
        start(), *block(0, "server_tool_use",
                        {"type": "input_json_delta", "partial_json": "{}"},
                        id="s", name="web_search", input={}),
        *block(1, "web_search_tool_result", tool_use_id="s", content=[]),
        *block(2, "text", text_delta("x"), text=""), *stop())))
    assert (m["text"], m["tools"], m["finish"]) == ("x", [], "stop")


@edge(56, "redacted thinking is opaque and comes back")
def _():
    data = claude_sse(start(), *block(0, "redacted_thinking", data="RED"),
                      *block(1, "text", text_delta("x"), text=""), *stop())
    out = json.loads(answer("anthropic", "openai", data, "whole"))
    message = out["choices"][0]["message"]
    assert message["content"] == "x" and "reasoning_content" not in message
    r = to_claude({"messages": [{"role": "user", "content": "q"}, message,
                                {"role": "user", "content": "go"}]})
    assert r["messages"][1]["content"][0] == {
        "type": "redacted_thinking", "data": "RED"}
    out = json.loads(answer("anthropic", "responses", data, "whole"))
    r = request("responses", "anthropic", {"model": "x", "input": [
        {"role": "user", "content": "q"}, *out["output"],
        {"role": "user", "content": "go"}]}, "claude-opus-5")
    assert r["messages"][1]["content"][0] == {
        "type": "redacted_thinking", "data": "RED"}


@edge(57, "pause_turn, and a full context window")
def _():
    for reason, want in (("pause_turn", "stop"),
                         ("model_context_window_exceeded", "length")):
        out = answer("anthropic", "openai", claude_sse(
            start(), *block(0, "text", text_delta("x"), text=""),
            *stop(reason)), "whole")
        assert json.loads(out)["choices"][0]["finish_reason"] == want


@edge(58, "a whole message in message_start")
def _():
    out = answer("anthropic", "openai", claude_sse(
        start(content=[{"type": "tool_use", "id": "t", "name": "f",
                        "input": {"a": 1}}], stop_reason="tool_use"),
        {"type": "message_stop"}))
    m = meaning("openai", out)
    assert m["tools"] == [("f", {"a": 1})] and m["finish"] == "tool"


@edge(59, "message_start twice")
def _():
    rest = [*block(0, "text", text_delta("x"), text=""), *stop()]
    out = answer("anthropic", "openai", claude_sse(start(), start(), *rest))
    assert meaning("openai", out)["text"] == "x"
    try:
        out = answer("anthropic", "openai",
                     claude_sse(start(), start(id="msg_2"), *rest))
    except HttpError as e:
        assert e.status == 502
    else:
        assert meaning("openai", out)["error"]


@edge(60, "UTF-8 and surrogate pairs, byte by byte")
def _():
    raw = '\U0001f600 \u00e9 \u6f22'
    for text in (json.dumps(raw), json.dumps(raw, ensure_ascii=False)):
        data = ('data: {"choices":[{"index":0,"delta":{"content":%s}}]}\n\n'
                'data: [DONE]\n\n' % text)
        for target in ("anthropic", "responses"):
            out = answer("openai", target, data, "stream", 1)
            assert meaning(target, out)["text"] == raw


@edge(61, "line ends, comments, no space, no event lines")
def _():
    data = claude_sse(start(), *block(0, "text", text_delta("x"), text=""),
                      *stop())
    data = re.sub(r"event: .*\n", "", data).replace("data: ", "data:")
    data = ": hello\n\n" + data
    for changed in (data, data.replace("\n", "\r\n"),
                    data.replace("\n", "\r")):
        out = answer("anthropic", "openai", changed, "stream", 3)
        assert meaning("openai", out)["text"] == "x"


def responses_sse(*evs):
    return claude_sse(*evs)


@edge(62, "item ids that change on the way")
def _():
    out = answer("responses", "openai", responses_sse(
        {"type": "response.created", "response": {"id": "r", "model": "m"}},
        {"type": "response.output_item.added", "output_index": 0,
         "item": {"type": "message", "id": "a"}},
        {"type": "response.output_text.delta", "output_index": 0,
         "item_id": "b", "delta": "x"},
        {"type": "response.output_text.delta", "output_index": 0,
         "item_id": "c", "delta": "y"},
        {"type": "response.output_item.done", "output_index": 0,
         "item": {"type": "message", "id": "d", "content": [
             {"type": "output_text", "text": "xy"}]}},
        {"type": "response.completed", "response": {
            "id": "r", "status": "completed", "output": []}}))
    assert meaning("openai", out)["text"] == "xy"


@edge(63, "text that only output_item.done has")
def _():
    out = answer("responses", "anthropic", responses_sse(
        {"type": "response.created", "response": {"id": "r", "model": "m"}},
        {"type": "response.output_item.done", "output_index": 0,
         "item": {"type": "message", "id": "d", "content": [
             {"type": "output_text", "text": "xy"}]}},
        {"type": "response.completed", "response": {
            "id": "r", "status": "completed", "output": []}}))
    assert meaning("anthropic", out)["text"] == "xy"


@edge(70, "a call that the limit has cut")
def _():
    out = answer("anthropic", "openai", claude_sse(
        start(), {"type": "content_block_start", "index": 0,
                  "content_block": {"type": "tool_use", "id": "t",
                                    "name": "f", "input": {}}},
        {"type": "content_block_delta", "index": 0, "delta": {
            "type": "input_json_delta", "partial_json": '{"a'}},
        *stop("max_tokens")))
    m = meaning("openai", out)
    assert m["tools"] == [("f", '{"a')] and m["finish"] == "length"
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, '{"a', "t", "f")), chunk({}, "length")))
    m = meaning("anthropic", out)
    assert m["finish"] == "length"
    kinds = [o["type"] for _, o in events(out)]
    assert kinds.count("content_block_stop") == 1


# --- what clients need, whatever the upstream leaves out -------------------

def each_answer(data):
    """(target, stream, whole) for a Chat answer."""
    for target in ("anthropic", "responses"):
        yield target, answer("openai", target, data), json.loads(
            answer("openai", target, data, "whole"))


BARE = chat_sse({"choices": [{"index": 0, "delta": {"content": "x"}}]})


@edge("need", "usage even when the upstream gives none")
def _():
    for target, stream, whole in each_answer(BARE):
        evs = [o for _, o in events(stream)]
        if target == "anthropic":
            assert evs[0]["message"]["usage"]["input_tokens"] == 0
            assert evs[-2]["usage"]["output_tokens"] == 0
        else:
            assert evs[-1]["response"]["usage"]["total_tokens"] == 0
        assert whole["usage"]


@edge("need", "a terminal event, and event lines")
def _():
    for target, stream, _ in each_answer(BARE):
        named = list(events(stream))
        assert all(name == o["type"] for name, o in named)
        assert named[-1][0] == ("message_stop" if target == "anthropic"
                                else "response.completed")


@edge("need", "response.created first, one id throughout, contiguous order")
def _():
    data = chat_sse(chunk({"reasoning_content": "r"}),
                    chunk({"content": "x"}), chunk(call(0, "{}", "c", "f")),
                    chunk({}, "tool_calls"))
    evs = [o for _, o in events(answer("openai", "responses", data))]
    assert [o["sequence_number"] for o in evs] == list(range(len(evs)))
    assert evs[0]["type"] == "response.created"
    ids = {o["response"]["id"] for o in evs if "response" in o}
    assert len(ids) == 1
    added = [o for o in evs if o["type"] == "response.output_item.added"]
    done = [o for o in evs if o["type"] == "response.output_item.done"]
    assert [o["output_index"] for o in added] == [0, 1, 2]
    assert [o["item"]["id"] for o in added] == [o["item"]["id"] for o in done]
    final = evs[-1]["response"]
    assert [i["id"] for i in final["output"]] == [
        o["item"]["id"] for o in added]
    assert final["output"][2]["call_id"] == "c"
    assert final["model"] and final["usage"]


@edge("need", "role, id and model in the first Chat chunk")
def _():
    out = answer("anthropic", "openai", claude_sse(
        start(), *block(0, "text", text_delta("x"), text=""), *stop()))
    first = next(events(out))[1]
    assert first["choices"][0]["delta"]["role"] == "assistant"
    assert first["id"] and first["model"] == "m"
    assert first["object"] == "chat.completion.chunk"


@edge("need", "Responses of llama.cpp, without indexes and numbers")
def _():
    out = answer("responses", "anthropic", responses_sse(
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.added", "item": {
            "type": "reasoning", "id": "a"}},
        {"type": "response.reasoning_text.delta", "delta": "th"},
        {"type": "response.output_item.done", "item": {
            "type": "reasoning", "id": "a", "summary": []}},
        {"type": "response.output_item.added", "item": {
            "type": "message", "id": "b"}},
        {"type": "response.output_text.delta", "delta": "x"},
        {"type": "response.output_item.done", "item": {
            "type": "message", "id": "b", "content": []}},
        {"type": "response.completed", "response": {
            "id": "r", "status": "completed"}}))
    m = meaning("anthropic", out)
    assert (m["reasoning"], m["text"], m["error"]) == ("th", "x", None)


@edge("need", "what only the provider keeps is refused by name")
def _():
    for field, given in (("previous_response_id", "r"),
                         ("conversation", "c"), ("background", True),
                         ("input", [{"type": "item_reference", "id": "i"}])):
        try:
            request("responses", "anthropic",
                    {"model": "m", "input": "x", field: given}, "m")
        except HttpError as e:
            assert e.status == 400, field
            assert e.body["error"]["param"] == field
        else:
            raise AssertionError(field + " accepted")


@edge("need", "threads of Anthropic's tool runner")
def _():
    for kind, status, code in (
            ("create", 400, "thread_unsupported_request"),
            ("continue", 404, "thread_not_found")):
        try:
            to_chat({"thread": {"type": kind}})
        except HttpError as e:
            details = e.body["error"]["details"]
            assert e.status == status and details["error_code"] == code
        else:
            raise AssertionError(kind + " accepted")


@edge("need", "custom tools go as functions and come back as themselves")
def _():
    asked = {"model": "x", "input": "q", "tools": [
        {"type": "custom", "name": "patch", "description": "d"}]}
    r = request("responses", "anthropic", dict(asked), "claude-opus-5")
    assert r["tools"][0]["input_schema"]["required"] == ["input"]
    data = claude_sse(start(), *block(
        0, "tool_use", {"type": "input_json_delta",
                        "partial_json": '{"input": "free\\n'},
        {"type": "input_json_delta", "partial_json": 'text"}'},
        id="t", name="patch", input={}), *stop("tool_use"))
    out = answer("anthropic", "responses", data, asked=asked,
                 model="claude-opus-5")
    item = [o for _, o in events(out)][-1]["response"]["output"][0]
    assert item["type"] == "custom_tool_call"
    assert item["input"] == "free\ntext"


@edge("need", "signed thinking through Chat and Responses and back")
def _():
    data = claude_sse(start(), *block(
        0, "thinking", {"type": "thinking_delta", "thinking": "th"},
        {"type": "signature_delta", "signature": "SIG"}, thinking="",
        signature=""), *block(1, "text", text_delta("x"), text=""), *stop())
    want = {"type": "thinking", "thinking": "th", "signature": "SIG"}
    message = json.loads(answer("anthropic", "openai", data, "whole"))[
        "choices"][0]["message"]
    r = to_claude({"messages": [{"role": "user", "content": "q"}, message,
                                {"role": "user", "content": "go"}]})
    assert r["messages"][1]["content"][0] == want
    output = json.loads(answer("anthropic", "responses", data, "whole"))[
        "output"]
    r = request("responses", "anthropic", {"model": "x", "input": [
        {"role": "user", "content": "q"}, *output,
        {"role": "user", "content": "go"}]}, "claude-opus-5")
    assert r["messages"][1]["content"][0] == want
    # a client that keeps the signature and one piece of the text: no
    # provider can know that, and it is not lost unsaid
    message["reasoning_details"] = [
        {k: v for k, v in d.items() if k != "text"}
        for d in message["reasoning_details"]]
    message["reasoning_content"] = "h"
    r = to_claude({"messages": [{"role": "user", "content": "q"}, message,
                                {"role": "user", "content": "go"}]})
    assert [b["type"] for b in r["messages"][1]["content"]] == ["text"]
    assert "thinking" in r["dropped"]
    # what nobody has signed does not go to Anthropic
    r = to_claude({"messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": "a", "reasoning_content": "r"},
        {"role": "user", "content": "go"}]})
    assert [b["type"] for b in r["messages"][1]["content"]] == ["text"]
    assert "unsigned thinking" in r["dropped"]


@edge("bad", "unknown fields, blocks and roles never crash and are named")
def _():
    r = to_claude({"seed": 1, "x_new": {}, "messages": [
        {"role": "user", "content": [{"type": "hologram"},
                                     {"type": "text", "text": "t"}]}]})
    assert {"seed", "x_new", "content.hologram"} <= set(
        r["dropped"].split(", "))
    try:
        to_claude({"messages": [{"role": "wizard", "content": "x"}]})
    except HttpError as e:
        assert e.status == 400 and "wizard" in e.body["error"]["message"]
    else:
        raise AssertionError("accepted")


@edge("bad", "fields of the wrong type are refused by name")
def _():
    for field, given in (("max_tokens", "many"), ("max_tokens", -2),
                         ("temperature", "hot"), ("top_p", float("inf"))):
        text = {"model": "m", "messages": [{"role": "user", "content": "x"}],
                field: given}
        data = json.dumps(text).replace("Infinity", "1e999").encode()
        p = subprocess.run([CONVERT, "request", "openai", "anthropic", "m"],
                           input=data, capture_output=True, timeout=120)
        assert p.returncode == 1, (field, given)
        e = http_error(p.stdout)
        assert e.status == 400 and e.body["error"]["param"] == field


@edge("bad", "broken events end the stream with an error")
def _():
    for data in (b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
                 b'data: {"a":"\xff"}\n\n',
                 b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
                 b'data: ' + b'[' * 1000 + b'\n\n'):
        out = answer("openai", "anthropic", data)
        assert meaning("anthropic", out)["error"], data[:80]


@edge("bad", "numbers beyond all bounds")
def _():
    out = answer("openai", "anthropic", 'data: {"choices":[{"delta":'
                 '{"content":"x"},"finish_reason":"stop"}],"usage":'
                 '{"prompt_tokens":1e999,"completion_tokens":'
                 '99999999999999999999}}\n\ndata: [DONE]\n\n')
    assert meaning("anthropic", out)["text"] == "x"


# --- variants that providers send, beyond the numbered ones ----------------

@edge("more", "invalid arguments in a whole answer")
def _():
    for args, want in (("{bad", {"rawInvalidInput": "{bad"}), (" ", {}),
                       ("[1]", {"rawInvalidInput": [1]}),
                       ('{"n":12345678901234567890123}',
                        {"n": 12345678901234567890123})):
        out = answer("openai", "anthropic", {"choices": [{"message": {
            "tool_calls": [{"id": "c", "type": "function", "function": {
                "name": "a", "arguments": args}}]},
            "finish_reason": "length"}]}, "whole")
        assert json.loads(out)["content"][0]["input"] == want, args


@edge("more", "calls of Google, without index and with an empty id")
def _():
    two = [{"id": "", "type": "function", "function": {
        "name": n, "arguments": a}} for n, a in (("a", '{"x":1}'),
                                                 ("b", "{}"))]
    want = [("a", {"x": 1}), ("b", {})]
    for data in (chat_sse(chunk({"tool_calls": two}, "stop")),
                 chat_sse(*[chunk({"tool_calls": [dict(t, index=0)]})
                            for t in two], chunk({}, "stop"))):
        for target in ("anthropic", "responses", "openai"):
            m = meaning(target, answer("openai", target, data, "whole"))
            assert m["tools"] == want, m


@edge("more", "one id for two calls")
def _():
    data = chat_sse(chunk(call(0, '{"p":1}', "c", "f")),
                    chunk(call(1, '{"q":1}', "c", "g")),
                    chunk({}, "tool_calls"))
    out = blocks_of(answer("openai", "anthropic", data))
    assert [b["json"] for b in out] == ['{"p":1}', '{"q":1}']
    assert out[0]["id"] != out[1]["id"]


@edge("more", "Responses without output_index: calls and text by id")
def _():
    def item(i, name):
        return {"type": "function_call", "id": i, "call_id": "c" + i,
                "name": name}
    end = {"type": "response.completed", "response": {
        "status": "completed", "output": []}}
    m = meaning("anthropic", answer("responses", "anthropic", responses_sse(
        {"type": "response.output_item.added", "item": item("1", "f")},
        {"type": "response.function_call_arguments.delta", "item_id": "1",
         "delta": "{}"},
        {"type": "response.output_item.added", "item": item("2", "g")},
        {"type": "response.function_call_arguments.delta", "item_id": "2",
         "delta": '{"y":2}'}, end)))
    assert m["tools"] == [("f", {}), ("g", {"y": 2})], m
    m = meaning("anthropic", answer("responses", "anthropic", responses_sse(
        {"type": "response.reasoning_text.delta", "item_id": "r",
         "delta": "T"},
        {"type": "response.output_text.delta", "item_id": "m", "delta": "X"},
        {"type": "response.output_item.done", "item": {
            "type": "reasoning", "id": "r", "summary": [], "content": [
                {"type": "reasoning_text", "text": "T"}]}},
        {"type": "response.output_item.done", "item": {
            "type": "message", "id": "m", "content": [
                {"type": "output_text", "text": "X"}]}}, end)))
    assert (m["reasoning"], m["text"]) == ("T", "X"), m


@edge("more", "Responses with content only in the ending events")
def _():
    call_item = {"type": "function_call", "call_id": "c", "name": "f",
                 "arguments": '{"x":1}'}
    m = meaning("anthropic", answer("responses", "anthropic", responses_sse(
        {"type": "response.output_item.added", "output_index": 0,
         "item": dict(call_item, arguments="")},
        {"type": "response.function_call_arguments.done", "output_index": 0,
         "arguments": '{"x":1}'},
        {"type": "response.completed", "response": {
            "status": "completed", "output": [call_item]}})))
    assert m["tools"] == [("f", {"x": 1})], m
    m = meaning("anthropic", answer("responses", "anthropic", responses_sse(
        {"type": "response.reasoning_summary_text.delta", "output_index": 0,
         "delta": "T"},
        {"type": "response.completed", "response": {
            "status": "completed", "output": [
                {"type": "reasoning", "summary": []},
                {"type": "message", "content": [
                    {"type": "output_text", "text": "X"}]}]}})))
    assert (m["reasoning"], m["text"]) == ("T", "X"), m
    m = meaning("anthropic", answer("responses", "anthropic", responses_sse(
        {"type": "response.output_item.added", "output_index": 0,
         "item": call_item},
        {"type": "response.output_text.done", "output_index": 1,
         "text": "X"},
        {"type": "response.completed", "response": {
            "status": "completed", "output": []}})))
    assert (m["tools"], m["text"]) == ([("f", {"x": 1})], "X"), m


@edge("more", "two thoughts, each with its own signature")
def _():
    details = [{"type": "reasoning.text", "text": t, "signature": s,
                "format": "anthropic-claude-v1"}
               for t, s in (("A", "s1"), ("B", "s2"))]
    streamed = chat_sse(*[chunk({"reasoning": d["text"],
                                 "reasoning_details": [d]})
                          for d in details], chunk({"content": "x"}, "stop"))
    whole = {"choices": [{"message": {
        "reasoning": "AB", "reasoning_details": details, "content": "x"},
        "finish_reason": "stop"}]}
    for data in (streamed, whole):
        o = json.loads(answer("openai", "anthropic", data, "whole"))
        assert [b["thinking"] for b in o["content"][:2]] == ["A", "B"], o
        # and back where they were signed
        r = request("anthropic", "openai", {"model": "x", "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": o["content"]},
            {"role": "user", "content": "go"}]}, "m",
            {"reasoningDetails": True})
        back = r["messages"][1]["reasoning_details"]
        assert [(d["text"], d["signature"]) for d in back
                ] == [("A", "s1"), ("B", "s2")], r


def status_of(source, target, data):
    try:
        answer(source, target, data)
    except HttpError as e:
        return e.status, e.body["error"]["message"]
    raise AssertionError("answered")


@edge("more", "errors whose status only the code tells")
def _():
    def said(error):
        return status_of("openai", "anthropic", chat_sse({"error": error}))
    assert said({"type": "tokens", "code": "rate_limit_exceeded",
                 "message": "m"}) == (429, "m")
    assert said({"type": "invalid_request_error", "code": "model_not_found",
                 "message": "m"}) == (404, "m")
    assert said({"code": "invalid_prompt", "message": "m"}) == (400, "m")
    status, message = status_of("responses", "anthropic", responses_sse(
        {"type": "response.failed", "response": {"error": {
            "code": "context_length_exceeded", "message": "Too much."}}}))
    assert status == 400 and message.startswith("prompt is too long")
    status, message = said({
        "code": 400, "type": "exceed_context_size_error",
        "message": "too much", "n_prompt_tokens": 9000, "n_ctx": 4096})
    assert status == 400
    assert message.startswith("prompt is too long: 9000 tokens > 4096")


@edge("more", "errors of every shape")
def _():
    for data, want in (
            (chat_sse({"object": "error", "message": "boom", "code": 400}),
             (400, "boom")),
            (chat_sse({"choices": [], "x_groq": {"error": "cut"}}),
             (502, "cut")),
            ('event: error\ndata: {"detail":[{"msg":"Field required"}]}\n\n',
             (502, "Field required")),
            (chat_sse({"error": {"message": {"detail": [
                {"msg": "no"}]}, "code": 422}}), (400, "no"))):
        assert status_of("openai", "anthropic", data) == want, data
    assert status_of(
        "anthropic", "openai", 'event: error\ndata: {"error":{"type":'
        '"overloaded_error","message":"O"}}\n\n') == (503, "O")
    # and what is none
    m = meaning("anthropic", answer("openai", "anthropic", {
        "error": "", "choices": [{"message": {"content": "x"},
                                  "finish_reason": "stop"}]}))
    assert m["text"] == "x"


@edge("more", "system messages between a call and its result")
def _():
    m = [{"role": "user", "content": "q"},
         {"role": "assistant", "tool_calls": [
             {"id": "c", "type": "function",
              "function": {"name": "f", "arguments": "{}"}}]},
         {"role": "system", "content": "A"},
         {"role": "system", "content": "B"},
         {"role": "tool", "tool_call_id": "c", "content": "r"}]
    r = to_claude({"messages": m})["messages"]
    assert [b["type"] for b in r[2]["content"]] == ["tool_result", "text",
                                                    "text"]
    r = to_claude({"messages": m}, "claude-opus-4-8")["messages"]
    assert [x["role"] for x in r] == ["user", "assistant", "user", "system"]
    assert [b["text"] for b in r[3]["content"]] == ["A", "B"]
    r = request("openai", "openai", {"messages": m}, "m")["messages"]
    assert [x["role"] for x in r][2:] == ["tool", "system", "system"]
    r = request("openai", "responses", {"messages": m}, "m")["input"]
    assert [x["type"] for x in r][1:] == ["function_call",
                                          "function_call_output",
                                          "message", "message"]


@edge("more", "text files are text")
def _():
    m = [{"role": "user", "content": [{"type": "file", "file": {
        "file_data": "data:text/plain;base64,aGVsbG8="}}]}]
    b = to_claude({"messages": m})["messages"][0]["content"][0]
    assert b["source"] == {"type": "text", "media_type": "text/plain",
                           "data": "hello"}
    r = request("openai", "openai", {"messages": m}, "m")
    assert r["messages"][0]["content"] == "hello"
    r = to_chat({"messages": [{"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "document", "title": "T", "source": {
                "type": "text", "media_type": "text/plain",
                "data": "D"}}]}]}]})
    assert r["messages"] == [{"role": "tool", "tool_call_id": "t",
                              "content": "T\nD"}]


@edge("more", "a billing header for Anthropic goes to nobody else, and is named")
def _():
    r = to_chat({"system": [
        {"type": "text", "text": "x-anthropic-billing-header: v"},
        {"type": "text", "text": "S"}]})
    assert r["messages"][0]["content"] == "S"
    assert "x-anthropic-billing-header" in r["dropped"]


@edge("more", "a tool history beside hosted tools only")
def _():
    r = to_claude({"messages": two_calls("a", "b"),
                   "tools": [{"type": "web_search"}]})
    assert {t["name"] for t in r["tools"]} == {"web_search", "f"}


@edge("more", "the limit that a backend's file names")
def _():
    for target, key in (("anthropic", "max_tokens"),
                        ("responses", "max_output_tokens")):
        r = request("openai", target, {
            "messages": [{"role": "user", "content": "x"}],
            "max_tokens": 32000}, "kimi-k2", {"maxTokens": 20000})
        assert r[key] == 20000


@edge("more", "schemas: values are kept, nullable objects are closed")
def _():
    schema = {"type": ["object", "null"], "properties": {
        "a": {"const": {"pattern": "p"}}, "b": {"enum": [{"minimum": 1}]}}}
    r = to_claude({"response_format": {"type": "json_schema", "json_schema":
                                       {"name": "n", "schema": schema}}})
    assert r["output_config"]["format"]["schema"] == dict(
        schema, additionalProperties=False)
    r = to_chat({"output_config": {"format": {"type": "json_schema",
                                              "schema": schema}}})
    assert r["response_format"]["json_schema"]["strict"] is False


@edge("more", "allowed_tools with a custom tool")
def _():
    r = to_claude({"tools": [{"type": "custom", "custom": {"name": "c"}},
                             TOOLS[0]], "tool_choice": {
        "type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [
            {"type": "custom", "custom": {"name": "c"}}]}}})
    assert [t["name"] for t in r["tools"]] == ["c"]


@edge("more", "all of a thought comes back")
def _():
    for item in ({"summary": [{"type": "summary_text", "text": t}
                              for t in "ab"]},
                 {"summary": [], "content": [
                     {"type": "reasoning_text", "text": t} for t in "ab"]}):
        r = request("responses", "openai", {"input": [
            {"role": "user", "content": "q"}, dict(item, type="reasoning"),
            {"role": "assistant", "content": "x"}]}, "m",
            {"reasoningContent": True})
        assert r["messages"][1]["reasoning_content"] == "a\n\nb"


@edge("more", "text beside a fragment of a call that goes on")
def _():
    data = chat_sse(chunk(call(0, '{"a"', "c", "f")),
                    chunk(dict(call(0, ":1}"), content="\n")),
                    chunk({}, "tool_calls"))
    m = meaning("anthropic", answer("openai", "anthropic", data))
    assert m["tools"] == [("f", {"a": 1})] and m["text"] == "\n", m


@edge("more", "input in the start event and again in deltas")
def _():
    out = answer("anthropic", "openai", claude_sse(start(), *block(
        0, "tool_use", {"type": "input_json_delta",
                        "partial_json": '{"a":1}'},
        id="t", name="f", input={"a": 1}), *stop("tool_use")))
    assert meaning("openai", out)["tools"] == [("f", {"a": 1})]


@edge("more", "null events, usage inside the choice")
def _():
    m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
        "data: null", {"choices": [{"delta": {"content": "x"},
                                    "finish_reason": "stop",
                                    "usage": USAGE}]})))
    assert m["text"] == "x" and m["usage"]["completion"] == 2


def asked(dialect, content, role="user"):
    """A request of two messages, the second with this content."""
    hi = {"role": "user", "content": "hi"}
    key = "input" if dialect == "responses" else "messages"
    return {key: [hi, {"role": role, "content": content}]}


def refusal(source, target, body):
    try:
        r = request(source, target, body, "m")
        raise AssertionError((source, target, body, r))
    except HttpError as e:
        assert e.status == 400, e
        return e.body["error"]


DIALECTS = ("anthropic", "openai", "responses")
PAIRS = [(a, b) for a in DIALECTS for b in DIALECTS if a != b]


@edge("content", "of a wrong type is refused, with its place")
def _():
    for source, target in PAIRS:
        key = "input" if source == "responses" else "messages"
        for bad in ({"a": 1}, {}, [{"a": 1}], [{}], 5, True, [[]], [None],
                    [{"type": "text", "text": 5}], {"type": ""},
                    [{"type": 5}]):
            for role in ("user", "assistant"):
                e = refusal(source, target, asked(source, bad, role))
                assert e["message"].startswith(f"{key}.1: "), e
                if source != "anthropic":
                    assert e["param"] == f"{key}.1.content", e
        body = asked(source, {"type": "text", "text": "x"})
        assert not request(source, target, body, "m")["dropped"]
    for target in ("openai", "responses"):
        for bad in ({"a": 1}, {}, 5, [{"a": 1}], [5], True):
            e = refusal("anthropic", target, {
                "messages": [{"role": "user", "content": "x"}],
                "system": bad})
            assert "system" in e["message"], e
    for bad in ({"a": 1}, 5, ["x"]):
        e = refusal("responses", "openai", {"input": "x",
                                            "instructions": bad})
        assert e["param"] == "instructions", e


@edge("content", "none at all is no conversation")
def _():
    for source, target in PAIRS:
        key = "input" if source == "responses" else "messages"
        for nothing in (None, [], ""):
            body = asked(source, nothing)
            assert request(source, target, body, "m")  # the first one is left
            del body[key][0]
            e = refusal(source, target, body)
            assert "message" in e["message"], e
        assert "message" in refusal(source, target, {key: []})["message"]


@edge("turns", "pictures of results, where turns must alternate")
def _():
    for behind in ([], [{"type": "text", "text": "v"}]):
        r = to_chat({"messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", "content": [
                {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [
                    {"type": "text", "text": "r"},
                    {"type": "image", "source": {
                        "type": "base64", "media_type": "image/png",
                        "data": "AAAA"}}]}, *behind]}]},
            switches={"alternate": True})
        assert [m["role"] for m in r["messages"]] == [
            "user", "assistant", "tool", "assistant", "user"], r
        kinds = [p["type"] for p in r["messages"][4]["content"]]
        assert kinds == ["text", "image_url"] + ["text"] * len(behind), r
        assert r["messages"][2]["content"] == "r", r


def turns_of(client, *turns):
    """A history in a client's API: "u" the user, "e" the same without words,
    "c1" a call, of the tool "f" or, as "c1g", "g"; "r1" its result: "r1b"
    says "b"."""
    out = []
    for t in turns:
        kind, i, text, tool = t[0], t[1:2], t[2:] or "r", t[2:] or "f"
        if client == "responses":
            out.append({"u": {"role": "user", "content": "u"},
                        "e": {"role": "user", "content": ""},
                        "c": {"type": "function_call", "call_id": i,
                              "name": tool, "arguments": "{}"},
                        "r": {"type": "function_call_output", "call_id": i,
                              "output": text}}[kind])
        elif client == "openai":
            out.append({"u": {"role": "user", "content": "u"},
                        "e": {"role": "user", "content": ""},
                        "c": {"role": "assistant", "tool_calls": [
                            {"id": i, "type": "function", "function": {
                                "name": tool, "arguments": "{}"}}]},
                        "r": {"role": "tool", "tool_call_id": i,
                              "content": text}}[kind])
        else:
            out.append({"role": "assistant" if kind == "c" else "user",
                        "content": [{
                            "u": {"type": "text", "text": "u"},
                            "e": {"type": "text", "text": ""},
                            "c": {"type": "tool_use", "id": i, "name": tool,
                                  "input": {}},
                            "r": {"type": "tool_result", "tool_use_id": i,
                                  "content": text}}[kind]]})
    return {"input" if client == "responses" else "messages": out,
            **({"max_tokens": 9} if client == "anthropic" else {})}


def found_pairs(target, body):
    """The texts of results, and how many calls there are; each is answered."""
    calls, texts = [], []
    for m in body.get("input", body.get("messages")):
        content = m.get("content")
        for b in content if isinstance(content, list) else ():
            calls += [b["id"]] if b["type"] == "tool_use" else ()
            if b["type"] == "tool_result":
                assert b["tool_use_id"] in calls, body
                texts.append(b["content"][0]["text"])
        calls += [c["id"] for c in m.get("tool_calls", ())]
        if m.get("type") == "function_call":
            calls.append(m["call_id"])
        if m.get("role") == "tool" or m.get("output"):
            assert m.get("tool_call_id", m.get("call_id")) in calls, body
            texts.append(m.get("output") or content)
    assert len(calls) == len(texts), body
    return "".join(texts)


@edge("pairs", "calls without results, and the reverse, go and are named")
def _():
    for turns, want in (
            (("rx", "u", "c1", "r1", "u"), "r"),
            (("u", "c1", "u", "c2", "r2", "u"), "r"),
            # the first result is of a call that a window has cut off
            (("r1a", "u", "c1", "r1b", "u"), "b"),
            (("u", "c1", "r1a", "r1b", "u", "c1", "r1c"), "ac"),
            (("u", "c1", "u", "r1b", "u"), "b"),
            (("u", "c1", "c2", "r2b", "r1a", "u"), "ba"),
            (("u", "c1", "u", "c2", "r1a", "e"), "a"),
            (("u", "c1", "r1a", "u"), "a")):
        for client in ("anthropic", "openai", "responses"):
            for target in ("anthropic", "openai", "responses"):
                if client == target:
                    continue
                r = request(client, target, turns_of(client, *turns),
                            "claude-opus-4-8" if target == "anthropic"
                            else "m", {"callsPaired": True})
                got = found_pairs(target, r)
                lonely = sum(t[0] in "cr" for t in turns) - 2 * len(want)
                assert sorted(got) == sorted(want), (client, target, got, r)
                assert ("without its" in r["dropped"]) == (lonely > 0), r


@edge("twice", "a result is of the latest call that waits by its id")
def _():
    for turns, want in (
            (("u", "c1f", "u", "c1g", "r1a", "u"), "ga"),
            (("u", "c1f", "u", "c1g", "r1a", "u", "c1h", "r1b"), "gahb"),
            (("u", "c1f", "r1a", "u", "c1g", "u", "c1h", "r1b"), "fahb"),
            # two that wait in one turn, and one of an earlier turn
            (("u", "c1f", "u", "c1g", "c1h", "r1a", "r1b", "u"), "ghab"),
            # late, but behind its call
            (("u", "c1f", "u", "u", "r1a", "c1g", "u"), "fa")):
        for client in ("anthropic", "openai", "responses"):
            for target in ("anthropic", "openai", "responses"):
                if client == target:
                    continue
                r = request(client, target, turns_of(client, *turns),
                            "claude-opus-4-8" if target == "anthropic"
                            else "m", {"callsPaired": True})
                said = [s for s in texts_of(r.get("messages", r.get("input")))
                        if s in list("abfgh")]
                assert "".join(said) == want, (client, target, turns, r)


def texts_of(node):
    """All text and other strings of it, in order."""
    if isinstance(node, str):
        return [node]
    if isinstance(node, dict):
        node = node.values()
    return [s for n in node or () for s in texts_of(n)] \
        if not isinstance(node, (int, float)) else []


@edge("urls", "what a provider does not fetch is named, and the rest goes on")
def _():
    def block(text):
        return {"type": "text", "text": text}

    url = "https://x.example/a.pdf"
    pdf = {"type": "document", "source": {"type": "url", "url": url}}
    loop = [
        {"role": "user", "content": [block("alpha"), pdf, block("beta")]},
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t",
             "content": [block("gamma"), pdf]}]}]
    r = request("anthropic", "openai", {
        "model": "x", "max_tokens": 9, "messages": loop}, "m")
    said = texts_of(r["messages"])
    for word in ("alpha", "beta", "gamma"):
        assert sum(word in s for s in said) == 1, (word, said)
    assert sum(url in s for s in said) == 2 and "document" in r["dropped"], r
    assert "file" not in json.dumps(r["messages"]), r
    # the Responses API fetches it itself
    r = request("anthropic", "responses", {
        "model": "x", "max_tokens": 9, "messages": loop}, "m")
    assert "document" not in r["dropped"], r
    assert json.dumps(r["input"]).count(f'"file_url": "{url}"') == 2, r

    # Claude's API takes https alone; another of its form may take more
    url = "http://x.example/a.png"
    for client, messages in (
            ("openai", {"messages": [{"role": "user", "content": [
                {"type": "text", "text": "one"},
                {"type": "image_url", "image_url": {"url": url}}]}]}),
            ("responses", {"input": [{"role": "user", "content": [
                {"type": "input_text", "text": "one"},
                {"type": "input_image", "image_url": url}]}]})):
        for strict in (True, False):
            r = request(client, "anthropic", {"model": "x", **messages},
                        "claude-opus-5", {"strictMessages": strict})
            content = r["messages"][0]["content"]
            assert [b["type"] for b in content] == [
                "text", "text" if strict else "image"], content
            assert url in json.dumps(content[1]), content
            assert ("image" in r["dropped"]) == strict, r["dropped"]


@edge("about", "what is said about a document or a hit of a search goes on")
def _():
    pdf = {"type": "base64", "media_type": "application/pdf",
           "data": "JVBERi0="}
    text = {"type": "text", "media_type": "text/plain", "data": "Body"}
    parts = {"type": "content", "content": [
        {"type": "text", "text": "Body"}, {"type": "image", "source": {
            "type": "base64", "media_type": "image/png",
            "data": "iVBORw0KGgo="}}]}
    hit = {"type": "search_result", "source": "https://x.example/y",
           "title": "Title", "content": [{"type": "text", "text": "Body"}]}
    for block in (hit, *({"type": "document", "title": "Title",
                          "context": "https://x.example/y", "source": s}
                         for s in (pdf, text, parts))):
        for content in ([block], [{"type": "tool_result", "tool_use_id": "t",
                                   "content": [block]}]):
            for target in ("openai", "responses"):
                r = request("anthropic", target, {
                    "max_tokens": 9, "messages": [
                        {"role": "user", "content": "q"},
                        {"role": "assistant", "content": [
                            {"type": "tool_use", "id": "t", "name": "f",
                             "input": {}}]},
                        {"role": "user", "content": content}]}, "m")
                said = json.dumps(r.get("messages", r.get("input")))
                for word in ("Title", "https://x.example/y"):
                    assert said.count(word) == 1, (word, said)
                if block.get("source") is not pdf:
                    assert said.count("Body") == 1, said
                assert "context" not in r["dropped"], r["dropped"]


@edge("images", "an image in a system message is named")
def _():
    parts = [{"type": "text", "text": "S"}, {"type": "image_url", "image_url": {
        "url": "data:image/png;base64,iVBORw0KGgo="}}]
    items = [{"type": "input_text", "text": "S"}, {
        "type": "input_image",
        "image_url": "data:image/png;base64,iVBORw0KGgo="}]
    user = {"role": "user", "content": "q"}
    for role in ("system", "developer"):
        for client, targets, body in (
                ("openai", ("anthropic", "responses"), {
                    "messages": [{"role": role, "content": parts}, user]}),
                ("responses", ("anthropic", "openai"), {
                    "input": [{"role": role, "content": items}, user]})):
            for target in targets:
                r = request(client, target, {"model": "x", **body},
                            "claude-opus-5")
                said = [s for s in texts_of(r) if "image left out" in s]
                assert len(said) == 1 and "image" in r["dropped"], r
                assert "iVBOR" not in json.dumps(r), r


run()
