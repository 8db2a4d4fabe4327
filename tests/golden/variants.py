#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What providers' answers look like when they are not as documented:
variants.py CONVERT.
"""

import json
import subprocess

from meaning import events, meaning
from translate import *
from translate import CONVERT

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


@edge("answers", "of an unexpected type are used")
def _():
    gathered = {"type": "input_json_delta", "partial_json": {"a": 1}}
    text = {"id": "c", "model": "m", "choices": [
        {"index": 0, "text": "ab", "finish_reason": "stop"}]}
    call = {"id": "t", "function": {"name": "f", "arguments": '{"a":1}'}}
    other = dict(call, id="u")
    both = [("f", {"a": 1}), ("f", {"a": 1})]
    bare = {"type": "message", "id": "msg_1", "role": "assistant",
            "model": "m", "usage": {}, "stop_reason": "end_turn"}
    for source, data, want in (
            ("openai", whole_chat({"content": ["a", {"type": "text",
                                                     "text": "b"}]}), "ab"),
            ("openai", chat_sse(chunk({"content": ["a", "b"]}),
                                chunk({}, "stop")), "ab"),
            ("openai", text, "ab"),
            ("openai", chat_sse({**text, "object": "chat.completion.chunk"}),
             "ab"),
            ("openai", whole_chat({"function_call": {
                "name": "f", "arguments": {"a": 1}}}), [("f", {"a": 1})]),
            ("responses", whole_response([], output_text="ab"), "ab"),
            ("responses", whole_response([said("ab")], output_text="ab"),
             "ab"),
            ("responses", response_sse(
                {"type": "response.output_text.delta", "output_index": 0,
                 "content_index": 0, "delta": "ab"},
                {"type": "response.completed",
                 "response": whole_response([], output_text="ab")}), "ab"),
            # a list as PHP writes it, and blocks without a type
            ("openai", whole_chat({"tool_calls": {"0": call, "2": other}}),
             both),
            ("openai", chat_sse(chunk({"tool_calls": {"0": call, "2": other}}),
                                chunk({}, "tool_calls")), both),
            ("openai", whole_chat({"tool_calls": call}), both[:1]),
            ("anthropic", {**bare, "content": [{"text": "a"}, "b"]}, "ab"),
            ("anthropic", {**bare, "content": [
                {"thinking": "t", "signature": "s"},
                {"id": "t", "name": "f", "input": {"a": 1}}]}, both[:1]),
            ("anthropic", claude_sse(
                start(), {"type": "content_block_start", "index": 0,
                          "content_block": {"text": ""}},
                {"type": "content_block_delta", "index": 0,
                 "delta": {"text": "ab"}},
                {"type": "content_block_stop", "index": 0}, *stop()), "ab"),
            ("anthropic", claude_sse(
                start(), {"type": "content_block_start", "index": 0,
                          "content_block": {"id": "t", "name": "f",
                                            "input": {}}},
                {"type": "content_block_delta", "index": 0,
                 "delta": {"partial_json": '{"a":1}'}},
                {"type": "content_block_stop", "index": 0},
                *stop("tool_use")), both[:1]),
            ("anthropic", claude_sse(
                start(), *block(0, "tool_use", gathered, id="t", name="f",
                                input={}), *stop("tool_use")),
             [("f", {"a": 1})])):
        for target in ("anthropic", "openai", "responses"):
            for how in ("whole", "stream"):
                if target == source:
                    continue
                got = meaning(target, answer(source, target, data, how))
                assert want in (got["text"], got["tools"]), (data, how, got)


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


def content_of(out, target="anthropic"):
    m = meaning(target, out)
    return m["text"], m["tools"]


@edge("choices", "several: the first one alone, parts of one together")
def _():
    two = whole_chat({"content": "one"})
    two["choices"].append({"index": 1, "finish_reason": "stop", "message": {
        "role": "assistant", "content": "two"}})
    for choices in (two["choices"], two["choices"][::-1]):
        out = answer("openai", "anthropic", {**two, "choices": choices},
                     "whole")
        assert content_of(out) == ("one", []), out
    c1 = {"index": 1, "delta": {"content": "B"}, "finish_reason": None}
    data = chat_sse(
        chunk({"content": "a"}), {"id": "c", "choices": [c1]},
        {"id": "c", "choices": [c1, chunk({"content": "b"})["choices"][0]]},
        {"id": "c", "choices": [{**c1, "finish_reason": "length"}]},
        chunk({}, "stop"))
    for target in ("anthropic", "responses"):
        m = meaning(target, answer("openai", target, data))
        assert (m["text"], m["finish"]) == ("ab", "stop"), m
    parts = whole_chat({"content": "text"}, "tool_calls")
    parts["choices"].append({"index": 0, "finish_reason": "tool_calls",
                             "message": call(0, '{"a":1}', "t", "f")})
    for drop in (False, True):
        for c in parts["choices"]:
            if drop:
                del c["index"]
        out = answer("openai", "anthropic", parts, "whole")
        assert content_of(out) == ("text", [("f", {"a": 1})]), out


@edge("choices", "a message beside the delta, or in its place")
def _():
    message = {"role": "assistant", "content": "xy"}
    end = {"index": 0, "finish_reason": "stop"}
    for last, before, want in (
            ({"delta": {}, "message": message}, ("x", "y"), "xy"),
            ({"message": message}, ("x", "y"), "xy"),
            ({"message": message}, (), "xy"),
            ({"delta": {}, "message": message}, (), "xy"),
            ({"delta": {"role": "assistant", "content": ""},
              "message": message}, (), "xy"),
            ({"delta": None, "message": message}, (), "xy"),
            ({"delta": {"content": "z"}, "message": message}, ("x", "y"),
             "xyz")):
        data = chat_sse(*(chunk({"content": t}) for t in before),
                        {"id": "c", "choices": [{**end, **last}]})
        got = content_of(answer("openai", "anthropic", data))
        assert got == (want, []), (last, before, got)
    data = whole_chat({})
    data["choices"][0]["delta"] = data["choices"][0].pop("message")
    data["choices"][0]["delta"]["content"] = "x"
    assert content_of(answer("openai", "anthropic", data, "whole"))[0] == "x"


@edge("calls", "a new id for each fragment is one call; none without a name")
def _():
    data = chat_sse(chunk(call(0, '{"a":', "x1", "f")),
                    chunk(call(0, '"b', "x2")), chunk(call(0, '"}', "x3")),
                    chunk(call(1, '{"c"', "y1", "g")),
                    chunk(call(1, ":2}", "y2")), chunk({}, "tool_calls"))
    want = [("f", {"a": "b"}), ("g", {"c": 2})]
    for target in ("anthropic", "responses"):
        out = answer("openai", target, data)
        assert meaning(target, out)["tools"] == want, out
    no_index = [chunk(call(0, "{}", "x", "f")), chunk(call(0, "", "y"))]
    for c in no_index:
        del c["choices"][0]["delta"]["tool_calls"][0]["index"]
    out = answer("openai", "anthropic", chat_sse(
        *no_index, chunk({}, "tool_calls")))
    assert content_of(out)[1] == [("f", {})], out
    for name in ("", None):
        bad = call(0, "{}", "x", name)
        assert refused("openai", "anthropic", chat_sse(
            chunk(bad), chunk({}, "tool_calls")))[0] == 502
        assert refused("openai", "responses", whole_chat(bad), "whole")[0] == 502
    first = chunk(call(0, "", "x"))
    out = answer("openai", "anthropic", chat_sse(
        first, chunk(call(0, "{}", "x", "f")), chunk({}, "tool_calls")))
    assert content_of(out)[1] == [("f", {})], out


@edge("calls", "a name that comes in pieces is one call's")
def _():
    def piece(name, text="", id=None, index=0):
        return chunk(call(index, text, id, name))
    end = chunk({}, "tool_calls")
    for names in (("get_", "weather"), ("get_", "get_weather"),
                  ("get_weather", "get_weather"), ("g", "et_", "weather")):
        for id in (None, "x1"):  # only at first, or each time
            for last in ("", "{}", '{"a":1}'):
                data = chat_sse(
                    piece(names[0], id="x1"),
                    *(piece(n, id=id) for n in names[1:]),
                    piece(None, last, id), piece("g", "{}", "x2", 1), end)
                want = [("get_weather", {"a": 1} if "a" in last else {}),
                        ("g", {})]
                for target in ("anthropic", "responses"):
                    out = answer("openai", target, data)
                    assert meaning(target, out)["tools"] == want, (names, out)
    # The next call of the same index has another name, behind arguments.
    data = chat_sse(piece("f", "{}"), piece("g", '{"a":1}'), end)
    assert content_of(answer("openai", "anthropic", data))[1] == [
        ("f", {}), ("g", {"a": 1})]
    long = chat_sse(piece("n" * 600, id="x"), piece("m" * 600), end)
    assert refused("openai", "anthropic", long)[0] == 502


@edge("calls", "arguments of any JSON type are kept")
def _():
    for given, want in (({"a": 1}, {"a": 1}), ([1], {"rawInvalidInput": [1]}),
                        (7, {"rawInvalidInput": "7"}), (None, {}),
                        ("", {}), ({}, {})):
        c = {"id": "t", "type": "function", "function": {
            "name": "f", "arguments": given}}
        out = answer("openai", "anthropic", whole_chat(
            {"tool_calls": [c]}, "tool_calls"), "whole")
        assert content_of(out)[1] == [("f", want)], (given, out)
        item = {"type": "function_call", "id": "fc_1", "call_id": "t",
                "name": "f", "arguments": given}
        out = answer("responses", "anthropic", whole_response([item]), "whole")
        assert content_of(out)[1] == [("f", want)], (given, out)


@edge("values", "of other types in an answer's texts and calls are used")
def _():
    call = {"id": "t", "type": "function", "function": {
        "name": "f", "arguments": "{}"}}
    for given, want in ((5, "5"), ({"z": 1}, '{"z":1}'), (1.0, "1.0"),
                        ({"type": "text", "text": "x"}, "x"), (True, ""),
                        ([{"type": "text", "text": 7}], "7")):
        m = meaning("anthropic", answer("openai", "anthropic", whole_chat(
            {"content": given, "reasoning_content": 8, "tool_calls": call},
            "tool_calls"), "whole"))
        assert (m["text"], m["reasoning"]) == (want, "8"), (given, m)
        assert m["tools"] == [("f", {})], m
    for given in ("x", {"type": "output_text", "text": "x"}):
        m = meaning("anthropic", answer("responses", "anthropic",
                                        whole_response([
            {"type": "message", "id": "msg_1", "content": given},
            {"type": "reasoning", "id": "rs_1", "summary": given}]), "whole"))
        assert (m["text"], m["reasoning"]) == ("x", "x"), m
    for given, want in (('{"a":1}', '{"a":1}'), ([1], "[1]"), (5, "5")):
        out = json.loads(answer("anthropic", "openai", {
            "type": "message", "role": "assistant", "id": "m", "usage": {},
            "stop_reason": "tool_use", "content": [
                {"type": "text", "text": 7},
                {"type": "tool_use", "id": "t", "name": "f",
                 "input": given}]}, "whole"))["choices"][0]["message"]
        assert out["content"] == "7", out
        assert out["tool_calls"][0]["function"]["arguments"] == want, out


@edge("stop", "vLLM's stop_reason is the stop sequence")
def _():
    for reason, want in (("END", ("stop_sequence", "END")),
                         (7, ("end_turn", None)), (None, ("end_turn", None)),
                         ("", ("end_turn", None))):
        out = json.loads(answer("openai", "anthropic", whole_chat(
            {"content": "x"}, stop_reason=reason), "whole"))
        assert (out["stop_reason"], out["stop_sequence"]) == want, out
        last = chunk({}, "stop")
        last["choices"][0]["stop_reason"] = reason
        out = answer("openai", "anthropic", chat_sse(
            chunk({"content": "x"}), last))
        d = next(o["delta"] for _, o in events(out)
                 if o["type"] == "message_delta")
        assert (d["stop_reason"], d["stop_sequence"]) == want, d
    out = json.loads(answer("openai", "anthropic", whole_chat(
        {"content": "x"}, "length", stop_reason="y"), "whole"))
    assert (out["stop_reason"], out["stop_sequence"]) == ("max_tokens", None)
    assert refused("openai", "anthropic", whole_chat(
        {"content": ""}, "abort"), "whole")[0] == 502


@edge("status", "a response that is not finished is no answer")
def _():
    for status in ("cancelled", "queued", "in_progress", "failed"):
        for target in ("anthropic", "openai"):
            code, text = refused("responses", target, whole_response(
                [], status, usage=None), "whole")
            assert code == 502 and status in text, (status, code, text)
    code, text = refused("responses", "anthropic", whole_response(
        [], "failed", error={"code": "rate_limit_exceeded",
                             "message": "slow"}), "whole")
    assert (code, text) == (429, "slow")
    for last in ({"type": "response.cancelled",
                  "response": whole_response([], "cancelled")},
                 {"type": "response.completed",
                  "response": whole_response([], "cancelled")}):
        assert refused("responses", "anthropic", response_sse(
            {"type": "response.created", "response": {"id": "r"}},
            last))[0] == 502
    out = answer("responses", "anthropic", response_sse(
        {"type": "response.completed",
         "response": whole_response([said("x")], "in_progress")}))
    assert content_of(out)[0] == "x"
    whole = whole_response([said("x")])
    del whole["status"]
    assert content_of(answer("responses", "anthropic", whole, "whole"))[0] == "x"


@edge("custom", "a free-text call of a Responses upstream keeps its input")
def _():
    text = '*** Begin "x"\n'
    item = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "t",
            "name": "apply_patch", "input": text}
    deltas = [{"type": "response.custom_tool_call_input.delta",
               "output_index": 0, "item_id": "ctc_1", "delta": d}
              for d in (text[:5], text[5:])]
    added = {"type": "response.output_item.added", "output_index": 0,
             "item": {**item, "input": ""}}
    done = {"type": "response.output_item.done", "output_index": 0,
            "item": item}
    last = {"type": "response.completed", "response": whole_response([item])}
    ended = {"type": "response.custom_tool_call_input.done",
             "output_index": 0, "item_id": "ctc_1", "input": text}
    for evs in ([added, *deltas, ended, done, last], [added, done, last],
                [added, ended, done, last], [last]):
        for step in (0, 1):
            out = answer("responses", "anthropic", response_sse(*evs),
                         step=step)
            assert content_of(out)[1] == [("apply_patch", {"input": text})], out
            out = answer("responses", "openai", response_sse(*evs), step=step)
            got = "".join(c["custom"].get("input", "") for _, o in events(out)
                          if o != "[DONE]" for ch in o["choices"]
                          for c in ch["delta"].get("tool_calls", []))
            assert got == text, out
    out = answer("responses", "anthropic", whole_response([item]), "whole")
    assert content_of(out)[1] == [("apply_patch", {"input": text})], out
    out = json.loads(answer("responses", "openai", whole_response([item]),
                            "whole"))
    assert out["choices"][0]["message"]["tool_calls"][0]["custom"] == {
        "name": "apply_patch", "input": text}
    empty = {**item, "input": ""}
    out = answer("responses", "anthropic", response_sse(
        {**added, "item": empty}, {**done, "item": empty},
        {**last, "response": whole_response([empty])}))
    assert content_of(out)[1] == [("apply_patch", {"input": ""})], out


CUSTOM = {"input": "hi", "tools": [
    {"type": "custom", "name": "apply_patch", "format": {"type": "text"}}]}


def custom_input(arguments, how="whole"):
    """What a Codex client gets of a free-text call made as a function's."""
    c = call(0, arguments, "t", "apply_patch")
    data = (whole_chat(c, "tool_calls") if how == "whole" else
            chat_sse(chunk(c), chunk({}, "tool_calls")))
    out = answer("openai", "responses", data, how, asked=CUSTOM)
    r = (json.loads(out) if how == "whole" else
         [o for _, o in events(out)][-1]["response"])
    item = r["output"][0]
    assert item["type"] == "custom_tool_call", item
    return item["input"]


@edge("custom", "the model wraps the input in another key")
def _():
    for arguments, want in (
            ({"input": "P"}, "P"), ({"patch": "P"}, "P"),
            ({"input": "P", "note": "n"}, "P"), ({"patch": ""}, ""),
            ({"patch": "P", "timeout": 5}, "P"), ("P", "P"),
            ({"apply_patch": {"patch": "P"}}, "P"),
            ({"input": {"patch": "P"}}, "P"),
            ({"a": "P", "b": "Q"}, '{"a": "P", "b": "Q"}'),
            ({"a": 5}, '{"a": 5}'), ([1], "[1]")):
        for how in ("whole", "stream"):
            got = custom_input(json.dumps(arguments), how)
            assert got == want, (arguments, how, got)
    for how in ("whole", "stream"):
        assert custom_input("*** Begin", how) == "*** Begin"


def deltas(out):
    return [c["delta"] for _, o in events(out) if o != "[DONE]"
            for c in o["choices"]]


def thinking_sse(*blocks_):
    evs, i = [start()], 0
    for pieces, signature in blocks_:
        if pieces is None:
            evs += block(i, "redacted_thinking", data=signature)
        else:
            evs += block(i, "thinking", *(
                {"type": "thinking_delta", "thinking": p} for p in pieces), *(
                [{"type": "signature_delta", "signature": signature}]
                if signature else []), thinking="", signature="")
        i += 1
    return claude_sse(*evs, *block(i, "text", text_delta("x"), text=""),
                      *stop())


@edge("thinking", "in a Chat stream: each piece twice, its signature last")
def _():
    out = answer("anthropic", "openai", thinking_sse(
        (["a", "b"], "S1"), (None, "RED"), (["c"], "S2"), (["d"], "")))
    got = [d for d in deltas(out) if "reasoning_details" in d]
    for d in got:
        entry, = d["reasoning_details"]
        assert d.get("reasoning_content") == entry.get("text"), d
    assert [d["reasoning_content"] for d in deltas(out)
            if "reasoning_content" in d] == ["a", "b", "c", "d"]
    said_ = [d["reasoning_details"][0] for d in got]
    assert [(e["index"], e.get("text"), "signature" in e, "data" in e)
            for e in said_] == [
        (0, "a", False, False), (0, "b", False, False), (0, None, True, False),
        (1, None, False, True), (2, "c", False, False), (2, None, True, False),
        (3, "d", False, False), (3, None, True, False)], said_
    # What a client has gathered comes back as it was, by entry or by index.
    by_index = {}
    for e in said_:
        was = by_index.setdefault(e["index"], dict(e))
        if was is not e and was != e:
            for key in ("text", "signature"):
                if key in e:
                    was[key] = was.get(key, "") * (key == "text") + e[key]
    for details in (said_, list(by_index.values())):
        r = request("openai", "anthropic", {"messages": [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "x",
             "reasoning_content": "abcd", "reasoning_details": details},
            {"role": "user", "content": "go"}]}, "claude-opus-4-8")
        back = [b for b in r["messages"][1]["content"] if b["type"] != "text"]
        assert [(b.get("thinking"), b.get("signature"), b.get("data"))
                for b in back][:3] == [("ab", "S1", None),
                                       (None, None, "RED"),
                                       ("c", "S2", None)], back
    # Another router reads the text once.
    for target in ("anthropic", "responses"):
        m = meaning(target, answer("openai", target, out))
        assert m["reasoning"].replace("\n", "") == "abcd", m["reasoning"]


def left_out(source, target, data, how):
    """What of an answer is named as dropped."""
    data = data if isinstance(data, (str, bytes)) else json.dumps(data)
    p = subprocess.run(
        [CONVERT, "answer", source, target, how, "0"], timeout=120,
        input=data if isinstance(data, bytes) else data.encode(),
        check=True, capture_output=True)
    assert not p.stdout.startswith(b"HTTP "), p.stdout
    assert b"end" in p.stdout, p.stdout  # and yet the text comes
    return p.stderr.decode()


@edge("dropped", "searches of the provider and citations in answers")
def _():
    blocks = ({"type": "server_tool_use", "id": "srvtoolu_1",
               "name": "web_search", "input": {"query": "q"}},
              {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1",
               "content": []})
    cite = {"type": "web_search_result_location", "url": "http://x"}
    url = {"type": "url_citation", "url": "http://x", "start_index": 0,
           "end_index": 1}
    claude = ({"type": "message", "role": "assistant", "id": "m", "model": "m",
               "stop_reason": "end_turn", "usage": {}, "content": [
                   *blocks, {"type": "text", "text": "end",
                             "citations": [cite]}]},
              claude_sse(start(), *block(0, **{
                  "kind": "server_tool_use", "id": "srvtoolu_1",
                  "name": "web_search", "input": {}}),
                         *block(1, "web_search_tool_result",
                                tool_use_id="srvtoolu_1", content=[]),
                         *block(2, "text", text_delta("end"), {
                             "type": "citations_delta", "citation": cite},
                                text=""), *stop()))
    chat = (whole_chat({"role": "assistant", "content": "end",
                        "annotations": [url]}),
            chat_sse(chunk({"content": "end"}),
                     chunk({"annotations": [url]}), chunk({}, "stop")))
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    item = {"type": "message", "role": "assistant", "id": "msg_1", "content": [
        {"type": "output_text", "text": "end", "annotations": [url]}]}
    response = whole_response([search, item])
    # Chat has no place for a search, Messages none for one without a query.
    for source, answers, unsaid in (
            ("anthropic", claude, {
                "openai": "answer.server_tool_use, "
                          "answer.web_search_tool_result"}),
            ("openai", chat, {}),
            ("responses", (response,), {"openai": "answer.web_search_call",
                                        "anthropic":
                                        "answer.web_search_call"})):
        for target in ("anthropic", "openai", "responses"):
            for data in answers:
                for how in ("whole", "stream"):
                    if data is claude[1] and target == "anthropic":
                        continue  # it never says what it looks for
                    want = unsaid.get(target, "")
                    got = left_out(source, target, data, how)
                    assert got == want, (source, target, data, got)
    found = dict(chat[0], citations=["http://x"], search_results=[{}],
                 images=[])
    event = dict(chunk({"content": "end"}), citations=["http://x"])
    for data in (found, chat_sse(event, chunk({}, "stop"))):
        got = left_out("openai", "responses", data, "whole")
        assert "answer.citations" in got and "images" not in got, got
    assert "answer.search_results" in left_out("openai", "anthropic", found,
                                               "whole")
    plain = whole_chat({"role": "assistant", "content": "end",
                        "annotations": []})
    assert left_out("openai", "anthropic", plain, "whole") == ""
    odd = claude[0]
    odd["content"][:2] = [{"type": t} for t in (
        "a\r\nx: y", "a, b", "", "t" * 400, *(f"b{i}" for i in range(99)))]
    got = left_out("anthropic", "openai", odd, "whole")
    assert got.startswith("answer." + "t" * 40 + ", answer.b0, "), got
    assert len(got) < 512 and "\r" not in got, got


run()
