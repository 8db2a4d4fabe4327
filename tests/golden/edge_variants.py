#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Variants that providers send, beyond the numbered edge cases."""

import json

from edge_answers import USAGE, responses_sse
from edge_requests import TOOLS, two_calls
from meaning import meaning
from translate import *


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
        if source != "responses": # whose clients are known to write it so
            for bad in (["x"], [{"type": "text", "text": "y"}, "x"]):
                e = refusal(source, target, asked(source, bad))
                assert e["message"].startswith(f"{key}.1: "), e
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


@edge("tools", "whose properties are of another type are refused")
def _():
    for source, target in PAIRS:
        for odd in "x", 5, [{"b": {"type": "string"}}]:
            schema = {"type": "object", "properties": odd}
            tool = {"name": "f", "parameters": schema}
            if source == "anthropic":
                tool = {"name": "f", "input_schema": schema}
            elif source == "openai":
                tool = {"type": "function", "function": tool}
            else:
                tool["type"] = "function"
            e = refusal(source, target, {**asked(source, "x"),
                                         "tools": [tool]})
            assert "properties must be an object" in e["message"], e


def formatted(source, **format):
    """A request for an answer in that form."""
    body = asked(source, "x")
    if source == "openai":
        schema = {k: format.pop(k) for k in list(format) if k != "type"}
        if schema:
            format["json_schema"] = schema
        return {**body, "response_format": format}
    if source == "responses":
        return {**body, "text": {"format": format}}
    return {**body, "max_tokens": 9, "output_config": {"format": format}}


@edge("format", "one without a type is refused, and what is left out is named")
def _():
    schema = {"type": "object", "properties": {"a": {"type": "string"}},
              "required": ["a"], "additionalProperties": False}
    for source, target in PAIRS:
        model = "claude-opus-5" if target == "anthropic" else "m"
        e = refusal(source, target, formatted(source, schema=schema))
        assert "type" in e["message"] and "format" in e["message"], e
        body = formatted(source, type="json_schema", name="n", schema=schema,
                         description="D", new=1)
        r = request(source, target, body, model)
        assert "format.new" in r["dropped"], (source, target, r)
        told = "format.description" in r["dropped"]
        assert told != ('"D"' in json.dumps(r)), (source, target, r)
        assert told or target != "anthropic", r
        for empty in {}, {"type": "text"}:
            r = request(source, target, formatted(source, **empty), model)
            assert not r["dropped"], r
    for source, key in ("responses", "text"), ("anthropic", "output_config"):
        r = request(source, "openai", {**asked(source, "x"), "max_tokens": 9,
                                       key: {"new": 1}}, "m")
        assert f"{key}.new" in r["dropped"], r
    made = {"id": "c", "type": "function", "function": {"arguments": "{}"}}
    body = {"messages": [
        {"role": "user", "content": "q"},
        {"role": "assistant", "content": None, "tool_calls": [made]},
        {"role": "tool", "tool_call_id": "c", "content": "r"}]}
    assert not request("openai", "anthropic", body, "m")["dropped"]
    made["function"] = {"value": {"name": "f"}}
    e = refusal("openai", "anthropic", body)
    assert "name" in e["message"], e
    r = request("anthropic", "openai", {"messages": [{
        "role": "user", "content": [{
            "type": "search_result", "source": "s", "title": "t",
            "content": [{"type": "image", "url": "u"}]}]}]}, "m")
    assert "content.image" in r["dropped"], r


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
