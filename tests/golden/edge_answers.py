#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Edge cases of answers, and what clients need, whatever comes."""

import json
import re
import subprocess

from edge_requests import ids
from meaning import events, meaning
from translate import *
from translate import CONVERT

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
