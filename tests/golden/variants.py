#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What providers' answers look like when they are not as documented:
variants.py CONVERT.
"""

import json

from meaning import events, meaning
from translate import *

CHAT_USAGE = {"prompt_tokens": 20, "completion_tokens": 3, "total_tokens": 23}


def whole_chat(message, finish="stop", usage=None, **choice):
    return {"id": "c", "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", **message},
         "finish_reason": finish, **choice}], "usage": usage or CHAT_USAGE}


def whole_response(output, status="completed", **more):
    return {"id": "resp_1", "object": "response", "status": status,
            "model": "m", "output": output, "error": None,
            "usage": {"input_tokens": 2, "output_tokens": 3,
                      "total_tokens": 5}, **more}


def said(text):
    return {"type": "message", "id": "msg_1", "role": "assistant",
            "content": [{"type": "output_text", "text": text}]}


def response_sse(*evs):
    return "".join("event: %s\ndata: %s\n\n" % (e["type"], json.dumps(e))
                   for e in evs)


def refused(*args, **kw):
    """The error that an answer becomes: its status and message."""
    try:
        out = answer(*args, **kw)
    except HttpError as e:
        return e.status, e.body["error"]["message"]
    raise AssertionError(f"no error: {out}")


def usage_of(target, usage, source="openai"):
    if source == "openai":
        data = whole_chat({"content": "x"}, usage=usage)
    else:
        data = whole_response([said("x")], usage=usage)
    return json.loads(answer(source, target, data, "whole"))["usage"]


@edge("counts", "with a fraction, as strings")
def _():
    for counts in ((12.0, 3.0, 15.0), ("12", "3", "15"), (1.2e1, 3.4, 15)):
        u = usage_of("anthropic", dict(zip(
            ("prompt_tokens", "completion_tokens", "total_tokens"), counts)))
        assert (u["input_tokens"], u["output_tokens"]) == (12, 3), u
        u = usage_of("anthropic", dict(zip(
            ("input_tokens", "output_tokens", "total_tokens"), counts)),
            "responses")
        assert (u["input_tokens"], u["output_tokens"]) == (12, 3), u
    u = json.loads(answer("anthropic", "openai", {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [{"type": "text", "text": "x"}], "stop_reason": "end_turn",
        "usage": {"input_tokens": 12.0, "output_tokens": 3.0}}, "whole"))
    assert u["usage"]["total_tokens"] == 15, u
    for bad in (-5, "x", "", [], True, 1e300, float("1e15")):
        u = usage_of("openai", {"input_tokens": bad, "output_tokens": 1},
                     "responses")
        assert 0 <= u["prompt_tokens"] <= 10 ** 15, u


@edge("counts", "of a cache, under the names in use")
def _():
    for more, read, write in (
            ({"cached_tokens": 7}, 7, 0),
            ({"prompt_cache_hit_tokens": 7}, 7, 0),
            ({"prompt_tokens_details": {"cached_tokens": 7.0}}, 7, 0),
            ({"prompt_tokens_details": {}, "cached_tokens": 7}, 7, 0),
            ({"prompt_tokens_details": None, "cached_tokens": 7}, 7, 0),
            ({"cache_read_input_tokens": 7,
              "cache_creation_input_tokens": 2}, 7, 2)):
        u = usage_of("anthropic", {**CHAT_USAGE, **more})
        got = (u["input_tokens"], u["cache_read_input_tokens"],
               u["cache_creation_input_tokens"])
        assert got == (20 - read - write, read, write), (more, got)
    u = usage_of("anthropic", {"input_tokens": 20, "cached_tokens": 7,
                               "output_tokens": 1}, "responses")
    assert u["cache_read_input_tokens"] == 7 and u["input_tokens"] == 13


@edge("counts", "in a request: 100.0 is 100, 100.5 is refused")
def _():
    for source, key in (("anthropic", "max_tokens"),
                        ("openai", "max_completion_tokens")):
        body = {"messages": [{"role": "user", "content": "hi"}], key: 100.0}
        target = {"anthropic": "openai", "openai": "anthropic"}[source]
        assert request(source, target, body, "m")["max_tokens"] == 100
        body[key] = 100.5
        try:
            request(source, target, body, "m")
            raise AssertionError("taken")
        except HttpError as e:
            assert e.status == 400 and key in e.body["error"]["message"]


def chat_text(*pieces, target="anthropic", how="stream", step=0):
    data = b"".join(b'data: {"id":"c","choices":[{"index":0,"delta":'
                    b'{"content":"' + p + b'"}}]}\n\n' for p in pieces)
    data += (b'data: {"id":"c","choices":[{"index":0,"delta":{},'
             b'"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')
    out = answer("openai", target, data, how, step)
    return out if how == "whole" else meaning(target, out)["text"]


@edge("halves", "of a character in two events")
def _():
    grin = "\U0001f600"
    for pieces, want in (
            ((rb"a\ud83d", rb"\ude00b"), f"a{grin}b"),
            ((rb"a\uD83D", rb"\uDE00", rb"\uD83D", rb"\uDE00"),
             f"a{grin}{grin}"),
            ((rb"\ud83d\ude00\ud83d", rb"\ude00"), f"{grin}{grin}"),
            ((b"\xf0\x9f", b"\x98\x80"), grin),
            ((b"\xf0", b"\x9f\x98", b"\x80!"), grin + "!"),
            ((b"\xc3", b"\xa9"), "\u00e9"),
            ((rb"\\ud83d", rb"\\ude00"), r"\ud83d\ude00"),
            ((rb"\ud83d", b"x"), "\ufffdx"),
            ((rb"\ud83d",), "\ufffd"),
            ((rb"x\ude00", b"y"), "x\ufffdy"),
            ((b"\xf0\x9f", b"x"), "\ufffd\ufffdx"),
            ((b"x\xff", b"y"), "x\ufffdy"),
            ((b"", b"x"), "x")):
        for target in ("anthropic", "responses"):
            for step in (0, 1):
                got = chat_text(*pieces, target=target, step=step)
                assert got == want, (pieces, target, step, got)
            whole = chat_text(*pieces, target=target, how="whole")
            assert meaning(target, whole)["text"] == want, (pieces, whole)


@edge("halves", "in thinking, refusals, arguments and other dialects")
def _():
    grin = "\U0001f600"
    half, other = "\ud83d", "\ude00"
    data = chat_sse(chunk({"reasoning_content": half}),
                    chunk({"reasoning_content": other}),
                    chunk(call(0, '{"a":"' + half, "x", "f")),
                    chunk(call(0, other + '"}')), chunk({}, "tool_calls"))
    for target in ("anthropic", "responses"):
        m = meaning(target, answer("openai", target, data))
        assert m["reasoning"] == grin and m["tools"] == [("f", {"a": grin})], m
    data = claude_sse(start(), *block(0, "text", text_delta(half),
                                      text_delta(other), text=""), *stop())
    assert meaning("openai", answer("anthropic", "openai", data)
                   )["text"] == grin
    data = response_sse(
        {"type": "response.created", "response": {"id": "r", "model": "m"}},
        {"type": "response.output_text.delta", "output_index": 0,
         "delta": half},
        {"type": "response.output_text.delta", "output_index": 0,
         "delta": other},
        {"type": "response.completed",
         "response": whole_response([said(grin)])})
    for target in ("anthropic", "openai"):
        assert meaning(target, answer("responses", target, data)
                       )["text"] == grin


@edge("bytes", "that are no UTF-8 in a whole answer, a mark before it")
def _():
    data = json.dumps(whole_chat({"content": "aXb"})).encode()
    out = answer("openai", "anthropic", data.replace(b"X", b"\xff"), "whole")
    assert meaning("anthropic", out)["text"] == "a\ufffdb"
    out = answer("openai", "anthropic", b"\xef\xbb\xbf" + data, "whole")
    assert meaning("anthropic", out)["text"] == "aXb"
    out = answer("openai", "responses", b"\xef\xbb\xbf" + chat_sse(
        chunk({"content": "x"}, "stop")).encode())
    assert meaning("responses", out)["text"] == "x"
    call_ = {"tool_calls": [{"id": "t", "type": "function", "function": {
        "name": "f", "arguments": '{"a":"X"}'}}]}
    data = json.dumps(whole_chat(call_)).encode().replace(b"X", b"\xff")
    for target in ("anthropic", "responses"):
        out = answer("openai", target, data, "whole")
        assert meaning(target, out)["tools"] == [("f", {"a": "\ufffd"})], out


@edge("errors", "in a list, as Gemini sends them")
def _():
    error = [{"error": {"code": 429, "message": "quota",
                        "status": "RESOURCE_EXHAUSTED"}}]
    text = json.dumps(error)
    assert refused("openai", "anthropic", "data: %s\n\n" % text) == (429, "quota")
    assert refused("openai", "responses", "data: %s\n\n" % text) == (429, "quota")
    assert refused("openai", "anthropic", text, "whole") == (429, "quota")
    assert refused("openai", "anthropic", '[{"error":"no"}]', "whole")[1] == "no"
    out = answer("openai", "anthropic",
                 json.dumps([whole_chat({"content": "x"})]), "whole")
    assert meaning("anthropic", out)["text"] == "x"


run()
