#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns of a conversation that follow each other in an odd order: turns.py
CONVERT.

Prints "PASS what" or "FAIL what: why" a line.
"""

import json

import runner
from mend import calls, chat, say, tool
from switches import shape
from translate import answer, chat_sse, request

case = runner.Cases()
LAST = {"userLast": True}
TAKEN = {"userLast": True, "alternate": True}


def grows(messages, s):
    """What each answer was asked with is the beginning of what the next one is
    asked with."""
    before = []
    for n in range(1, len(messages)):
        if messages[n]["role"] != "assistant":
            continue
        now = chat(messages[:n], s)["messages"]
        assert now[:len(before)] == before, (s, n, before, now)
        before = now


@case("an assistant that was last is followed by the same as then")
def _():
    talk = [say("user", "u"), say("assistant", "a"), say("assistant", "b"),
            say("user", "v"), say("assistant", "c"), calls("x"), tool("x"),
            say("assistant", "d")]
    for s in LAST, TAKEN, {"alternate": True}:
        grows(talk, s)
    r = chat(talk, LAST)
    assert shape(r) == ["user:u", "assistant:a", "user:Continue.",
                        "assistant:b", "user:v", "assistant:c",
                        "user:Continue.", "assistant", "tool:r",
                        "assistant:d", "user:Continue."], shape(r)
    assert "turns" in r["mended"], r["mended"]
    r = chat(talk[:4], {"alternate": True})
    assert shape(r) == ["user:u", "assistant:a", "user:Continue.",
                        "assistant:b", "user:v"], shape(r)
    # Nothing is put behind calls, nor where the user spoke.
    assert chat(talk[3:7], {})["mended"] == ""
    assert chat([say("user", "u"), calls("x"), tool("x"),
                 say("assistant", "d"), say("user", "v")], LAST)["mended"] == ""


def answered(message, how):
    """The items that a client of Responses has of an answer of Chat's."""
    body = json.dumps({"id": "c", "choices": [{
        "index": 0, "finish_reason": "stop", "message": message}]})
    if how == "stream":
        delta = dict(message, tool_calls=[
            dict(t, index=0) for t in message.get("tool_calls", [])])
        body = chat_sse({"choices": [{"index": 0, "delta": delta}]},
                        {"choices": [{"index": 0, "delta": {},
                                      "finish_reason": "stop"}]})
    out = answer("openai", "responses", body, how).decode()
    if how == "whole":
        return json.loads(out)["output"]
    events = [json.loads(line[6:]) for line in out.split("\n")
              if line.startswith("data: {")]
    return next(e for e in events if e["type"] == "response.completed")[
        "response"]["output"]


@case("the same of a history of Responses, by the ids of its answers")
def _():
    for how in "whole", "stream":
        said = answered(say("assistant", "a"), how)
        more = answered(say("assistant", "b"), how)
        both = answered(calls("x", content="c", reasoning_content="t"), how)
        call = answered(calls("x"), how)
        output = {"type": "function_call_output", "call_id": "x",
                  "output": "r"}
        for s in LAST, TAKEN:
            history = [say("user", "u")]
            before = []
            for items, want in ((said, 3), (more, 5), (call + [output], 7),
                                (both + [output], 9)):
                history += items
                now = request("responses", "openai", {"input": history}, "m",
                              s)["messages"]
                assert now[:len(before)] == before, (s, how, before, now)
                assert len(now) == want, now
                before = now
            # without ids nobody knows
            bare = [{k: v for k, v in i.items() if k != "id"}
                    for i in history]
            r = request("responses", "openai", {"input": bare}, "m", s)
            assert [m["role"] for m in r["messages"]] == [
                "user", "assistant", "tool", "assistant", "tool"], r
        r = request("responses", "openai", {"input": history}, "m")
        assert len(r["messages"]) == 5, r


@case("a text that the answer begins with stays the last one")
def _():
    talk = [say("user", "u"), say("assistant", "a", prefix=True)]
    r = chat(talk, LAST)
    assert r["mended"] == "" and r["messages"] == talk, r
    r = chat([say("user", "u"), say("assistant", "a", prefix=False)], LAST)
    assert shape(r)[-1] == "user:Continue."


@case("a function's call beside those of tools keeps its result")
def _():
    both = say("assistant", "a", function_call={"name": "g", "arguments":
                                                "{\"n\": 1}"},
               tool_calls=calls("x")["tool_calls"])
    result = {"role": "function", "name": "g", "content": "R"}
    paired = {"callsPaired": True}
    r = chat([say("user", "u"), both, result, say("user", "v")], paired)
    assert shape(r) == ["user:u", "assistant:a", "tool:R", "user:v"], r
    call, = r["messages"][1]["tool_calls"]
    assert call["function"] == both["function_call"], call
    assert call["id"] == r["messages"][2]["tool_call_id"], r
    assert r["dropped"] == "a tool call without its output", r["dropped"]
    r = chat([say("user", "u"), both, result, tool("x"), say("user", "v")],
             paired)
    assert [c["function"]["name"] for c in r["messages"][1]["tool_calls"]] == [
        "g", "f"], r
    assert shape(r) == ["user:u", "assistant:a", "tool:R", "tool:r",
                        "user:v"], r
    assert r["dropped"] == "", r["dropped"]
    # One that nothing answers is the same call in the older words.
    r = chat([say("user", "u"), both, tool("x"), say("user", "v")],
             {"extraFieldsRefused": True})
    call, = r["messages"][1]["tool_calls"]
    assert call["id"] == "x" and r["dropped"] == "function_call", r


if __name__ == "__main__":
    case.run()
