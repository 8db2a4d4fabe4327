#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers and requests of servers and clients that bend their API, as people
met them: reports.py CONVERT. Nothing of them is lost or doubled.
"""

from meaning import meaning
from translate import *

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


run()
