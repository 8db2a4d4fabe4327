#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Calls and their results in Chat requests that are not translated, whose
values are of another kind than providers take: calls.py CONVERT.

Prints "PASS what" or "FAIL what: why" a line.
"""

import json

import runner
from mend import PIXEL, mend
from translate import request

case = runner.Cases()
USER = {"role": "user", "content": "q"}
IMAGE = {"type": "image_url", "image_url": {"url": PIXEL}}
FILE = {"type": "file", "file": {"filename": "f", "file_data": "data:a,b"}}
PAIRED = {"callsPaired": True}


def text(t):
    return {"type": "text", "text": t}


def calls(*ids, **function):
    return {"role": "assistant", "content": None, "tool_calls": [
        {"id": i, "type": "function", "function": {
            "name": "f", "arguments": "{}", **function}} for i in ids]}


def result(i, content):
    return {"role": "tool", "tool_call_id": i, "content": content}


def arguments_of(value, switches):
    r = mend({"model": "m", "messages": [
        USER, calls("c", arguments=value), result("c", "r")]}, switches)
    return (r["messages"][1]["tool_calls"][0]["function"]["arguments"],
            r["mended"])


@case("arguments are text")
def _():
    for value, want in (({"a": 1}, {"a": 1}), ({}, {}), (None, {}),
                        ([1], {"rawInvalidInput": [1]}),
                        (True, {"rawInvalidInput": True})):
        for switches in ({}, {"jsonArguments": True}):
            got, mended = arguments_of(value, switches)
            assert json.loads(got) == want, (value, got)
            assert mended == "arguments of calls", mended
    bare = calls("c")
    del bare["tool_calls"][0]["function"]["arguments"]
    r = mend({"model": "m", "messages": [USER, bare, result("c", "r")]},
             {"jsonArguments": True})
    f = r["messages"][1]["tool_calls"][0]["function"]
    assert f == {"name": "f", "arguments": "{}"}, f


@case("arguments are the text of an object, where that is read")
def _():
    for value, want in (("", {}), (" ", {}), ("[1]", {"rawInvalidInput": [1]}),
                        ('{"a": 1', {"rawInvalidInput": '{"a": 1'}),
                        ("x", {"rawInvalidInput": "x"})):
        got, mended = arguments_of(value, {"jsonArguments": True})
        assert json.loads(got) == want and mended, (value, got)
        got, mended = arguments_of(value, {})
        assert got == value and not mended, (value, got)
        r = request("responses", "openai", {"input": [
            USER, {"type": "function_call", "call_id": "c", "name": "f",
                   "arguments": value},
            {"type": "function_call_output", "call_id": "c", "output": "r"}]},
            "m", {"jsonArguments": True})
        f = r["messages"][1]["tool_calls"][0]["function"]
        assert json.loads(f["arguments"]) == want, (value, f)
    for fine in ('{"a": 123456789012345678901234567890}', " {} "):
        got, mended = arguments_of(fine, {"jsonArguments": True})
        assert got == fine and not mended, got


def shown(r):
    """The messages behind the calls, and what is told."""
    return r["messages"][2:], r["mended"], r["dropped"]


@case("images in results follow as a user's")
def _():
    for media in (IMAGE, FILE):
        for words in ([], [text("r")], [text("r"), text("s")]):
            got, mended, dropped = shown(mend({"model": "m", "messages": [
                USER, calls("c"), result("c", [*words, media])]}, PAIRED))
            assert got == [
                result("c", words or ""),
                {"role": "user", "content": [
                    text("Attachment of tool call c:"), media]}], got
            assert mended == "images in results" and not dropped, mended


@case("images in results come behind all results of the turn")
def _():
    late = {"role": "user", "content": "v"}
    got, _, _ = shown(mend({"model": "m", "messages": [
        USER, calls("a\"", "b", "c"), result("a\"", [text("x"), IMAGE]),
        result("b", "r"), late, result("c", [IMAGE])]}, PAIRED))
    assert [m["role"] for m in got] == ["tool", "tool", "tool", "user",
                                        "user"], got
    assert got[3]["content"] == [
        text('Attachment of tool call a":'), IMAGE,
        text("Attachment of tool call c:"), IMAGE], got
    assert got[4] == late and got[2]["content"] == "", got
    # where turns are taken it is part of the next one
    got, _, _ = shown(mend({"model": "m", "messages": [
        USER, calls("c"), result("c", [IMAGE]), late]},
        {"alternate": True, **PAIRED}))
    assert [m["role"] for m in got] == ["tool", "assistant", "user"], got
    assert got[2]["content"][1:] == [IMAGE, text("v")], got


@case("results stay as they are where nothing speaks against it")
def _():
    body = {"model": "m", "messages": [USER, calls("c"),
                                       result("c", [text("r"), IMAGE])]}
    r = mend(body)
    assert r["messages"] == body["messages"] and not r["mended"], r
    got, _, dropped = shown(mend(body, {"noImages": True, **PAIRED}))
    assert len(got) == 1 and "image" in dropped, (got, dropped)
    assert "left out" in got[0]["content"][1]["text"], got
    body["messages"][2]["content"] = [text("r"), text("s")]
    r = mend(body, PAIRED)
    assert r["messages"] == body["messages"] and not r["mended"], r


case.run()
