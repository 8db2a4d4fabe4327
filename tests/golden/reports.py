#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers and requests of servers and clients that bend their API, as people
met them: reports.py CONVERT. Nothing of them is lost or doubled.
"""

import json
import subprocess

from meaning import meaning
from translate import *
from translate import CONVERT

MESSAGE = {"type": "message", "id": "msg_1", "role": "assistant", "content": [
    {"type": "output_text", "text": "said", "annotations": []}]}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f",
        "arguments": '{"a":1}'}
USAGE = {"input_tokens": 1, "output_tokens": 2}


def sse(*evs):
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                   for e in evs)


def completed(*output, kind="response.completed", **more):
    return {"type": kind, "response": {
        "id": "resp_1", "object": "response", "status": "completed",
        "output": list(output), "usage": USAGE, **more}}


def delta(text, kind="output_text", **more):
    return {"type": f"response.{kind}.delta", "delta": text, **more}


def got(source, data, how="stream"):
    """What the clients of both other APIs have got: the same."""
    seen = []
    for target in ("anthropic", "openai", "responses"):
        if target != source:
            m = meaning(target, answer(source, target, data, how))
            assert not m["error"], m
            seen.append((m["text"], m["reasoning"], [
                (n, a if isinstance(a, (dict, str)) else json.loads(a))
                for n, a in m["tools"]]))
            assert seen[-1] == seen[0], seen
    return seen[0]


@edge("responses", "deltas that do not say of what: nothing is doubled")
def _():
    added = {"type": "response.output_item.added", "item": dict(
        CALL, arguments="")}
    text, args = delta("said"), delta('{"a":1}', "function_call_arguments")
    for evs, want in (
            ((text,), ("said", "", [])),
            ((delta("sa"), delta("id")), ("said", "", [])),
            ((delta("sa"), delta("id", item_id="msg_1")), ("said", "", [])),
            ((delta("t", "reasoning_text"), text), ("said", "t", [])),
            ((text, added, args), ("said", "", [("f", {"a": 1})])),
            ((added, args), ("", "", [("f", {"a": 1})]))):
        items = [i for i, there in (
            ({"type": "reasoning", "id": "rs_1", "summary": [], "content": [
                {"type": "reasoning_text", "text": "t"}]}, want[1]),
            (MESSAGE, want[0]), (CALL, want[2])) if there]
        done = [{"type": "response.output_item.done", "item": i}
                for i in items]
        for end in ([completed()], [completed(*items)],
                    [*done, completed(*items)], [*done, completed()]):
            assert got("responses", sse(*evs, *end)) == want, (evs, end)


@edge("responses", "an output that numbers its items in another way")
def _():
    for index in (1, 7):
        assert got("responses", sse(
            delta("t", "reasoning_text", output_index=0),
            delta("said", output_index=index), completed(MESSAGE))) == (
                "said", "t", [])
    # two of them, and one of another kind between them
    two = [dict(MESSAGE, id=f"msg_{i}", content=[
        {"type": "output_text", "text": i}]) for i in "ab"]
    assert got("responses", sse(
        delta("a", output_index=1), delta("b", output_index=3),
        completed(two[0], CALL, two[1]))) == (
            "ab", "", [("f", {"a": 1})])
    # the first of two is in the output alone
    assert sorted(got("responses", sse(
        delta("b", output_index=1), completed(*two)))[0]) == ["a", "b"]


@edge("responses", "other names of the events that end and that think")
def _():
    assert got("responses", sse(
        delta("said", output_index=0),
        completed(MESSAGE, kind="response.done"))) == ("said", "", [])
    for kind in ("reasoning", "reasoning_content", "reasoning_summary",
                 "reasoning_text", "reasoning_summary_text"):
        assert got("responses", sse(
            delta("t", kind, output_index=0, item_id="rs"),
            delta("said", output_index=1), completed())) == ("said", "t", [])


@edge("responses", "text that the end of its part alone has")
def _():
    part = {"type": "response.content_part.done", "output_index": 0,
            "part": MESSAGE["content"][0]}
    for evs in ((part,), (delta("said", output_index=0), part),
                (dict(part, output_index=None),)):
        assert got("responses", sse(*evs, completed())) == ("said", "", [])
    thought = dict(part, part={"type": "reasoning_text", "text": "t"})
    for evs in ((thought,), (delta("t", "reasoning_text", output_index=0),
                             thought)):
        assert got("responses", sse(
            *evs, dict(part, output_index=1), completed())) == (
                "said", "t", [])


@edge("responses", "items without a type, an output that is a text")
def _():
    for output in ([{k: v for k, v in i.items() if k != "type"}
                    for i in (MESSAGE, CALL)], [MESSAGE, CALL]):
        data = completed(*output)["response"]
        want = ("said", "", [("f", {"a": 1})])
        assert got("responses", data, "whole") == want
        assert got("responses", sse(completed(*output))) == want
    assert got("responses", dict(data, output="said"), "whole") == (
        "said", "", [])


def whole(message, finish="stop", **more):
    return {"id": "c", "choices": [{"index": 0, "finish_reason": finish,
                                    "message": {"role": "assistant",
                                                **message}}], **more}


def tool_call(arguments, **more):
    return {"content": None, "tool_calls": [{"id": "x", "function": {
        "name": "f", "arguments": arguments}, **more}]}


def message(content, **more):
    return {"id": "m", "type": "message", "role": "assistant", "model": "m",
            "content": content, "stop_reason": "end_turn", **more}


ONE = ("", "", [("f", {"a": 1})])
NONE = ("", "", [("f", {})])


@edge("arguments", "an empty object before the real one, one object twice")
def _():
    for pieces, want in (
            (["{}", '{"a":1}'], ONE), (["{}", '{"a"', ":1}"], ONE),
            (['{}{"a":1}'], ONE), (["{ } ", "{}", '{"a":1}'], ONE),
            (['{"a":1}{"a":1}'], ONE), (['{"a":1}', '{"a":1}'], ONE),
            (['{"a"', ":1}", '{"a":1}'], ONE), (["null"], NONE),
            (["{}"], NONE), (["{}", ""], NONE), (["[]"], NONE), ([], NONE)):
        text = "".join(pieces)
        assert got("openai", chat_sse(
            chunk(call(0, "", "x", "f")), *(chunk(call(0, p))
                                            for p in pieces),
            chunk({}, "tool_calls"))) == want, pieces
        assert got("openai", whole(tool_call(text)), "whole") == want, text
        assert got("anthropic", claude_sse(start(), *block(
            0, "tool_use", *({"type": "input_json_delta", "partial_json": p}
                             for p in pieces), id="x", name="f", input={}),
            *stop("tool_use"))) == want, pieces
        assert got("responses", sse(
            {"type": "response.output_item.added", "output_index": 0,
             "item": dict(CALL, arguments="")},
            *(delta(p, "function_call_arguments", output_index=0)
              for p in pieces), completed())) == want, pieces
        assert got("responses", completed(
            dict(CALL, arguments=text))["response"], "whole") == want, text
    # what is given at the start stays, whatever comes
    assert got("anthropic", claude_sse(start(), *block(
        0, "tool_use", {"type": "input_json_delta", "partial_json": "{}"},
        id="x", name="f", input={"a": 1}), *stop("tool_use"))) == ONE
    # strings that hold such things are not touched
    for text in ('{"a":"{}{}"}', '{"a":"null"}', '{"a":{},"b":{}}'):
        for data, how in ((whole(tool_call(text)), "whole"), (chat_sse(
                chunk(call(0, text[:4], "x", "f")), chunk(call(0, text[4:])),
                chunk({}, "tool_calls")), "stream")):
            assert got("openai", data, how)[2] == [("f", json.loads(text))]


@edge("arguments", "the same in histories")
def _():
    tools = [{"type": "function", "function": {"name": "f"}}]
    for text, want in (('{}{"a":1}', {"a": 1}), ('{"a":1}{"a":1}', {"a": 1}),
                       ("null", {}), ("[]", {}), ('{"a":"{}{}"}',
                                                  {"a": "{}{}"})):
        body = {"tools": tools, "messages": [
            {"role": "user", "content": "q"},
            {"role": "assistant", **tool_call(text)},
            {"role": "tool", "tool_call_id": "x", "content": "r"}]}
        r = request("openai", "anthropic", body, "claude-sonnet-4-6")
        assert r["messages"][1]["content"][0]["input"] == want, r
        r = request("openai", "responses", body, "m")
        assert json.loads(r["input"][1]["arguments"]) == want, r


@edge("calls", "without a level between, and among the text")
def _():
    for c in ({"name": "f", "arguments": '{"a":1}'},
              {"name": "f", "args": {"a": 1}},
              {"function": {"name": "f", "parameters": {"a": 1}}}):
        data = whole({"content": None, "tool_calls": [{"id": "x", **c}]})
        assert got("openai", data, "whole") == ONE, c
    use = {"type": "tool_use", "id": "x", "name": "f", "input": {"a": 1}}
    said = {"type": "text", "text": "t"}
    for more in ({}, tool_call('{"a":1}')):
        data = whole({**more, "content": [said, use]}, "tool_calls")
        assert got("openai", data, "whole") == ("t", *ONE[1:]), more
    assert got("openai", chat_sse(chunk({"content": [said, use]}),
                                  chunk({}, "stop"))) == ("t", *ONE[1:])


@edge("stop", "in the words of another API")
def _():
    def finishes(source, data, how="whole"):
        return {meaning(t, answer(source, t, data, how))["finish"]
                for t in ("anthropic", "openai", "responses") if t != source}

    for words, want in (
            (("length", "max_tokens", "MAX_TOKENS", "max_output_tokens",
              "model_context_window_exceeded"), "length"),
            (("content_filter", "refusal", "SAFETY", "sensitive",
              "PROHIBITED_CONTENT"), "refusal"),
            (("stop", "end_turn", "STOP", "eos", "whatever"), "stop")):
        for word in words:
            assert finishes("openai", whole({"content": "t"}, word)) == {
                want}, word
            assert finishes("anthropic", message(
                [{"type": "text", "text": "t"}], stop_reason=word)) == {
                    want}, word
    for word in ("error", "network_error", "abort",
                 "function_call_filter: MALFORMED_FUNCTION_CALL"):
        m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
            chunk({"content": "t"}), chunk({}, word))))
        assert m["error"], word


@edge("thinking", "under any name and in any shape")
def _():
    for value in ("t", {"text": "t"}, [{"type": "text", "text": "t"}],
                  {"content": "t"}, ["t"]):
        for key in ("reasoning_content", "reasoning", "reasoning_text",
                    "thinking"):
            for data, how in (
                    (whole({"content": "said", key: value}), "whole"),
                    (chat_sse(chunk({key: value}), chunk({"content": "said"}),
                              chunk({}, "stop")), "stream")):
                assert got("openai", data, how) == ("said", "t", []), key
    twice = whole({"content": "said", "reasoning": "t", "thinking": "t",
                   "reasoning_content": "t"})
    assert got("openai", twice, "whole") == ("said", "t", [])


@edge("messages", "pieces within another block, or without the start of one")
def _():
    thought = {"type": "thinking_delta", "thinking": "t"}
    begin = {"type": "content_block_start", "index": 0, "content_block": {
        "type": "text", "text": ""}}
    pieces = [{"type": "content_block_delta", "index": 0, "delta": d}
              for d in (thought, text_delta("sa"), text_delta("id"))]
    end = {"type": "content_block_stop", "index": 0}
    for evs in ([begin, *pieces, end], pieces, [*pieces, end]):
        assert got("anthropic", claude_sse(start(), *evs, *stop())) == (
            "said", "t", []), evs


@edge("messages", "content that is no list")
def _():
    for content in ("said", {"type": "text", "text": "said"}):
        assert got("anthropic", message(content), "whole") == (
            "said", "", [])


@edge("messages", "thinking in a text, calls as Chat has them")
def _():
    thought = {"type": "thinking", "text": "t", "signature": ""}
    said = {"type": "text", "text": "said"}
    assert got("anthropic", message([thought, said]), "whole") == (
        "said", "t", [])
    assert got("anthropic", claude_sse(start(), *block(
        0, "thinking", {"type": "thinking_delta", "text": "t"}, thinking=""),
        *block(1, "text", text_delta("said"), text=""), *stop())) == (
            "said", "t", [])
    p = subprocess.run(
        [CONVERT, "answer", "anthropic", "openai", "whole", "0"],
        input=json.dumps(message([said], tool_calls=[{"id": "c"}])).encode(),
        capture_output=True, check=True)
    assert "answer.tool_calls" in p.stderr.decode(), p.stderr


@edge("errors", "without the word, in place of an answer")
def _():
    for o, status, text in (
            ({"detail": "D"}, 502, "D"),
            ({"detail": [{"loc": ["body"], "msg": "D"}]}, 502, "D"),
            ({"code": 400, "message": "D"}, 400, "D"),
            ({"code": "Throttling", "msg": "D"}, 429, "D"),
            ({"success": False, "errors": [{"message": "D"}]}, 502, "D"),
            ({"status": "error", "message": "D"}, 502, "D"),
            ({"choices": None, "base_resp": {
                "status_code": 1008, "status_msg": "D"}}, 402, "D"),
            ({"choices": [], "base_resp": {
                "status_code": 1002, "status_msg": "D"}}, 429, "D")):
        for data, how in ((o, "whole"), (chat_sse(o), "stream")):
            try:
                out = answer("openai", "anthropic", data, how)
            except HttpError as e:
                assert (e.status, e.body["error"]["message"]) == (
                    status, text), (o, e)
            else:
                assert False, (o, out)
        m = meaning("anthropic", answer("openai", "anthropic", chat_sse(
            chunk({"content": "t"}), o)))
        assert (m["text"], m["error"]) == ("t", "D"), m
    for o in ({"base_resp": {"status_code": 0, "status_msg": ""}},
              {"status": "queued", "message": "wait"}, {"code": 200}):
        assert got("openai", chat_sse(
            o, chunk({"content": "said"}), chunk({}, "stop"))) == (
                "said", "", []), o
        assert got("openai", {**o, **whole({"content": "said"})}, "whole") == (
            "said", "", []), o


@edge("dropped", "what is no text in a Chat answer; of sound its words")
def _():
    def dropped(m):
        p = subprocess.run(
            [CONVERT, "answer", "openai", "anthropic", "whole", "0"],
            input=json.dumps(whole(m)).encode(), capture_output=True,
            check=True)
        return p.stderr.decode(), json.loads(p.stdout)["content"]

    names, content = dropped({"content": "t", "images": [
        {"type": "image_url", "image_url": {"url": "http://x"}}]})
    assert "answer.images" in names and content[0]["text"] == "t", names
    names, content = dropped({"content": None, "audio": {
        "id": "a", "transcript": "t", "data": "AAAA"}})
    assert "answer.audio" in names and content[0]["text"] == "t", names
    names, content = dropped({"content": [
        {"type": "image_url", "image_url": {"url": "http://x"}},
        {"type": "text", "text": "t"}]})
    assert "answer.image_url" in names and content[0]["text"] == "t", names


HI = {"role": "user", "content": "hi"}


@edge("schemas", "with null or a list where an object should be")
def _():
    plain = {"type": "object", "properties": {}}
    one = {"type": "object", "properties": {"a": {"type": "string"}}}
    for ill, want in (
            ({"type": "object", "properties": None, "required": None}, plain),
            ({"type": "object", "properties": []}, plain), ([], plain),
            ({**one, "required": None}, one), ({**one, "required": {}}, one),
            (one, one), ({**one, "required": ["a"]},
                         {**one, "required": ["a"]})):
        for source, target in (("openai", "anthropic"),
                               ("openai", "responses"),
                               ("anthropic", "openai"),
                               ("responses", "anthropic")):
            tool = {"name": "f", "parameters": ill}
            body = {"tools": [{"type": "function", "function": tool}],
                    "messages": [HI]}
            if source == "responses":
                body = {"input": "hi", "tools": [{**tool,
                                                  "type": "function"}]}
            elif source == "anthropic":
                body = {"max_tokens": 9, "messages": [HI], "tools": [
                    {"name": "f", "input_schema": ill}]}
            t = request(source, target, body, "claude-sonnet-4-6")["tools"][0]
            t = t.get("function", t)
            assert t.get("input_schema", t.get("parameters")) == want, (ill, t)
    for ill, want in (({"type": "object", "properties": None}, plain),
                      ({**one, "required": None}, one)):
        text = json.dumps({"model": "claude-opus-4-8", "max_tokens": 9,
                           "messages": [HI], "tools": [
                               {"name": "f", "input_schema": ill}]})
        p = subprocess.run(
            [CONVERT, "mend", "anthropic", "claude-opus-4-8",
             '{"strictMessages": true}'], input=text.encode(), check=True,
            capture_output=True)
        assert json.loads(p.stdout)["tools"][0]["input_schema"] == want, ill
        assert p.stderr.startswith(b"schemas of tools\n"), p.stderr


@edge("thinking", "asked for in Chat as routers have it")
def _():
    def asked(model, **more):
        r = request("openai", "anthropic", {"messages": [HI], **more}, model)
        assert not r["dropped"], r
        return r.get("thinking"), r.get("output_config")

    def words(effort):
        return asked("claude-opus-4-8", reasoning_effort=effort)

    assert words("low") != words("high")
    for effort in ("low", "high"):
        assert asked("claude-opus-4-8", reasoning={
            "effort": effort}) == words(effort)
    for more in ({"thinking": {"type": "enabled", "budget_tokens": 3000}},
                 {"reasoning": {"max_tokens": 3000}}):
        assert asked("claude-opus-4-5", **more)[0] == {
            "type": "enabled", "budget_tokens": 3000}, more
    for more in ({"thinking": {"type": "disabled"}},
                 {"reasoning": {"enabled": False}},
                 {"enable_thinking": False}):
        r = request("openai", "responses", {"messages": [HI], **more}, "gpt-5.5")
        assert r["reasoning"]["effort"] == "none", (more, r)
    # OpenAI's own word counts
    assert asked("claude-opus-4-8", reasoning_effort="low", reasoning={
        "effort": "high"}) == words("low")


@edge("limit", "-1 is none")
def _():
    for source, target, body in (
            ("openai", "responses", {"messages": [HI], "max_tokens": -1}),
            ("responses", "openai", {"input": "hi",
                                     "max_output_tokens": -1})):
        r = request(source, target, body, "m")
        assert not {k for k in r if "tokens" in k} and not r["dropped"], r
    try:
        request("openai", "responses", {"messages": [HI], "max_tokens": -2},
                "m")
        assert False
    except HttpError as e:
        assert e.status == 400


@edge("choice", "of a tool, where there are none, is named")
def _():
    for choice in ("required", {"type": "function", "function": {
            "name": "f"}}):
        r = request("openai", "anthropic", {"messages": [HI],
                                            "tool_choice": choice}, "m")
        assert r["dropped"] == "tool_choice" and "tool_choice" not in r, r
    r = request("openai", "anthropic", {"messages": [HI],
                                        "tool_choice": "auto"}, "m")
    assert not r["dropped"], r


@edge("items", "parts in their place, outputs and messages in another member")
def _():
    call = {"type": "function_call", "call_id": "c", "name": "f",
            "arguments": "{}"}
    r = request("responses", "anthropic", {"input": [
        {"type": "input_text", "text": "q"},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
        {"type": "output_text", "text": "a"},
        {"type": "agent_message", "message": "other"}, call,
        {"type": "function_call_output", "call_id": "c", "content": "r"}],
        "tools": [{"type": "function", "name": "f"}]}, "claude-opus-4-8")
    assert not r["dropped"], r
    assert [(m["role"], [b["type"] for b in m["content"]])
            for m in r["messages"]] == [
        ("user", ["text", "image"]), ("assistant", ["text"]),
        ("user", ["text"]), ("assistant", ["tool_use"]),
        ("user", ["tool_result"])], r["messages"]
    assert r["messages"][2]["content"][0]["text"] == "other"
    assert r["messages"][4]["content"][0]["content"] == [
        {"type": "text", "text": "r"}], r


@edge("stream", "events without a blank line between, `data:` twice")
def _():
    said = [chunk({"content": c}) for c in ("sa", "id")]
    lines = ["data: " + json.dumps(c) for c in (*said, chunk({}, "stop"))]
    for gap, done in (("\n", "data: [DONE]\n"), ("\n", ""), ("\r\n", ""),
                      ("\n\n", "data: [done]\n\n"),
                      ("\n\ndata: ", "\ndata: [DONE]\n\n")):
        data = gap.join(lines) + "\n" + done
        for step in (0, 1, 7):
            m = meaning("anthropic", answer("openai", "anthropic", data,
                                            step=step))
            assert (m["text"], m["error"]) == ("said", None), (gap, m)
    data = claude_sse(start(), *block(0, "text", text_delta("said"), text=""),
                      *stop()).replace("\n\n", "\n")
    assert got("anthropic", data) == ("said", "", [])
    # one event of several lines stays one
    data = chat_sse("\n".join("data: " + line for line in json.dumps(
        chunk({"content": "said"}, "stop"), indent=1).split("\n")))
    assert got("openai", data) == ("said", "", [])


@edge("usage", "under Chat's names in the other APIs")
def _():
    chats = {"prompt_tokens": 5, "completion_tokens": 6,
             "prompt_tokens_details": {"cached_tokens": 2}}
    for source, data in (
            ("responses", completed(MESSAGE, usage=chats)["response"]),
            ("anthropic", message([{"type": "text", "text": "t"}],
                                  usage=chats))):
        m = meaning("openai", answer(source, "openai", data, "whole"))
        assert (m["usage"]["prompt"], m["usage"]["read"],
                m["usage"]["completion"]) == (5, 2, 6), m


@edge("names", "of tools with what models put before them")
def _():
    asked = {"messages": [HI], "max_tokens": 9, "tools": [
        {"name": n, "input_schema": {"type": "object"}} for n in "fh"]}
    for name, want in (("functions.f", "f"), ("default_api:f", "f"),
                       ("default_api.f", "f"), (" f ", "f"),
                       ("functions.g", "functions.g")):
        data = whole({"tool_calls": [{"id": "x", "function": {
            "name": name, "arguments": "{}"}}]})
        m = meaning("anthropic", answer("openai", "anthropic", data, "whole",
                                        asked=asked))
        assert m["tools"] == [(want, {})], (name, m)


run()
