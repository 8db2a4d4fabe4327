#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests in the provider's own API that hold what it refuses, though no
client of it would write that: names of tools, media, blocks of the other side,
members of other APIs. strange.py CONVERT

Prints "PASS what" or "FAIL what: why" a line.
"""

import base64
import json

from mend import mend_text
from translate import HttpError, request

CASES = []
USER = {"role": "user", "content": "q"}
EMPTY = {"type": "object", "properties": {}}
JPEG, PNG, PDF = "/9j/4AAQ", "iVBORw0KGgo=", "JVBERi0xLjQ="
CLAUDE = ("anthropic", "claude-opus-4-8", {"strictMessages": True})
OPENAI = ("responses", "gpt-5.5", {"callsPaired": True,
                                   "foreignFieldsRefused": True})


def case(what):
    def add(fn):
        CASES.append((what, fn))
        return fn
    return add


def mend(target, body):
    """The body, what was mended, what was dropped."""
    dialect, model, switches = target
    text = json.dumps({"model": model, **body})
    out, mended, dropped = mend_text(text, switches, dialect, model)
    assert bool(mended) == (out != text), (mended, out)
    return json.loads(out), mended, dropped


def claude(messages, **more):
    return mend(CLAUDE, {"max_tokens": 9, "messages": messages, **more})


def left(target, body):
    _, mended, dropped = mend(target, body)
    assert not mended and not dropped, (mended, dropped)


def loop(*more, name="f"):
    return [USER, {"role": "assistant", "content": [
        {"type": "tool_use", "id": "t", "name": name, "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "content": "r"},
            *more]}]


# --- names of tools ------------------------------------------------------------

ODD = ("mcp.notes/find", "na me", "caf\u00e9", "n" * 140, "a\"b")


@case("Messages: names of tools, where they stand")
def _():
    for odd in ODD:
        r, mended, dropped = claude(loop(name=odd), tools=[
            {"name": odd, "input_schema": EMPTY},
            {"name": "n" * 100, "input_schema": EMPTY}],
            tool_choice={"type": "tool", "name": odd})
        name = r["tools"][0]["name"]
        assert name.replace("_", "").isalnum() and name.isascii(), name
        assert len(name) <= 128 and r["tools"][1]["name"] == "n" * 100
        assert r["tool_choice"]["name"] == name, r
        assert r["messages"][1]["content"][0]["name"] == name, r
        assert mended == "names of tools" and not dropped, (mended, dropped)
        # as a translated request has it: a conversation that moves on
        other = request("openai", "anthropic", {"messages": [USER], "tools": [
            {"type": "function", "function": {"name": odd}}]}, CLAUDE[1])
        assert other["tools"][0]["name"] == name, (name, other)
    names = {claude([USER], tools=[{"name": n, "input_schema": EMPTY}])[0][
        "tools"][0]["name"] for n in ("a.b", "a/b", "a_b")}
    assert len(names) == 3, names
    # of calls alone, without declared tools
    r, _, _ = claude(loop(name="a.b"))
    assert r["tools"][0]["name"] == r["messages"][1]["content"][0]["name"], r


@case("Messages: of tools with one name the last stays")
def _():
    tools = [{"name": n, "description": d, "input_schema": EMPTY}
             for n, d in (("f", "1"), ("g", "2"), ("f", "3"), ("f", "4"))]
    r, mended, dropped = claude([USER], tools=tools)
    assert [(t["name"], t["description"]) for t in r["tools"]] == [
        ("g", "2"), ("f", "4")], r
    assert "same name" in mended and "same name" in dropped
    left(CLAUDE, {"max_tokens": 9, "messages": [USER], "tools": tools[:2]})
    left(CLAUDE, {"max_tokens": 9, "messages": loop(name="f"), "tools": [
        {"name": "f", "input_schema": EMPTY},
        {"name": "t", "input_schema": EMPTY}]})  # an id is no name


@case("Responses: names of tools, but where others are called by their type")
def _():
    for odd in ODD[:3] + ("n" * 80,):
        tool = {"type": "function", "name": odd, "parameters": EMPTY,
                "strict": False}
        body = {"input": [USER, {
            "type": "function_call", "call_id": "c", "name": odd,
            "arguments": "{}"}, {"type": "function_call_output",
                                 "call_id": "c", "output": "o"}],
            "tools": [tool, {"type": "custom", "name": odd + "2"}],
            "tool_choice": {"type": "function", "name": odd}}
        r, mended, dropped = mend(OPENAI, body)
        name = r["tools"][0]["name"]
        assert name.replace("_", "").isalnum() and len(name) <= 64, name
        assert r["tool_choice"]["name"] == r["input"][1]["name"] == name, r
        assert r["tools"][1]["name"] != name and mended == "names of tools"
        assert not dropped, dropped
        left(OPENAI, {**body, "tools": [tool, {"type": "namespace", "name":
                                               "s", "tools": []}]})


# --- media -----------------------------------------------------------------------


def image(data, mime=None, kind="image"):
    return {"type": kind, "source": {"type": "base64", "data": data,
                                     **({"media_type": mime} if mime else {})}}


@case("Messages: an image is what its data says")
def _():
    for data, mime, want in (
            (JPEG, "image/jpg", "image/jpeg"), (JPEG, "image/png",
                                                "image/jpeg"),
            (PNG, "IMAGE/PNG", "image/png"), (PNG, None, "image/png"),
            (PNG, "application/octet-stream", "image/png"),
            ("data:image/jpg;base64," + JPEG, "image/jpg", "image/jpeg"),
            ("R0lGODlh", "image/webp", "image/gif"),
            ("AAAA", "image/jpg", "image/jpeg")):
        block = image(data, mime)
        for messages in ([{"role": "user", "content": [block]}],
                         loop(block)[:2] + [{"role": "user", "content": [
                             {"type": "tool_result", "tool_use_id": "t",
                              "content": [block]}]}]):
            r, mended, dropped = claude(messages, tools=[
                {"name": "f", "input_schema": EMPTY}])
            got = r["messages"][-1]["content"][0]
            got = got if got["type"] == "image" else got["content"][0]
            assert got["source"] == {
                "type": "base64", "media_type": want,
                "data": data.split(",")[-1]}, (mime, got)
            assert mended == "sources of media" and not dropped, mended
        r = request("anthropic", "openai", {"max_tokens": 9, "messages": [
            {"role": "user", "content": [block]}]}, "m")
        assert r["messages"][0]["content"][0]["image_url"]["url"] == \
            f"data:{want};base64," + data.split(",")[-1], r
    for block in (image(PNG, "image/png"), image(PDF, "application/pdf",
                                                 "document"),
                  {"type": "image", "source": {"type": "url",
                                               "url": "https://x/y.png"}}):
        left(CLAUDE, {"max_tokens": 9, "messages": [
            {"role": "user", "content": [block]}]})
    r = request("openai", "anthropic", {"messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {
            "url": "data:image/png;base64," + JPEG}}]}]}, CLAUDE[1])
    assert r["messages"][0]["content"][0]["source"]["media_type"] == \
        "image/jpeg", r


@case("Messages: data in a URL, text in base64, slashes with escapes")
def _():
    r, _, _ = claude([{"role": "user", "content": [
        {"type": "image", "source": {
            "type": "url", "url": "data:image/png;base64," + PNG}}]}])
    assert r["messages"][0]["content"][0]["source"] == {
        "type": "base64", "media_type": "image/png", "data": PNG}, r
    text = 'one\n"two" \u00e9'
    r, _, _ = claude([{"role": "user", "content": [image(
        base64.b64encode(text.encode()).decode(), "text/plain",
        "document")]}])
    assert r["messages"][0]["content"][0]["source"] == {
        "type": "text", "media_type": "text/plain", "data": text}, r
    body = json.dumps({"model": CLAUDE[1], "max_tokens": 9, "messages": [
        {"role": "user", "content": [image(JPEG, "image/png")]}]})
    out, mended, _ = mend_text(body.replace("/9j/", "\\/9j\\/"), CLAUDE[2],
                               "anthropic", CLAUDE[1])
    source = json.loads(out)["messages"][0]["content"][0]["source"]
    assert source["media_type"] == "image/jpeg", out
    assert source["data"] == JPEG and mended, out


# --- turns of the other side ------------------------------------------------------


@case("Messages: what an assistant cannot show or answer")
def _():
    r, mended, dropped = claude([USER, {"role": "assistant", "content": [
        image(PNG, "image/png"),
        {"type": "document", "title": "T", "source": {
            "type": "text", "media_type": "text/plain", "data": "TEXT"}},
        {"type": "search_result", "source": "s", "title": "t",
         "content": []}, {"type": "text", "text": "x"}]}, USER])
    assert [b["text"] for b in r["messages"][1]["content"]] == [
        "[image left out: image/png]", "TEXT", "x"], r
    assert "another role" in mended, mended
    assert "image" in dropped and "search_result" in dropped, dropped
    # a result beside its call goes, and so does the call
    r, _, dropped = claude([USER, {"role": "assistant", "content": [
        {"type": "text", "text": "x"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "tool_result", "tool_use_id": "t", "content": "r"}]}, USER])
    assert [b["type"] for b in r["messages"][1]["content"]] == ["text"], r
    assert "call without" in dropped and "output without" in dropped, dropped


@case("Messages: what a user cannot think or call")
def _():
    r, mended, dropped = claude([{"role": "user", "content": [
        {"type": "thinking", "thinking": "t", "signature": "s"},
        {"type": "redacted_thinking", "data": "d"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        {"type": "text", "text": "go"}]}])
    assert r["messages"] == [{"role": "user", "content": [
        {"type": "text", "text": "go"}]}], r
    assert "another role" in mended and "thinking" in dropped, dropped
    assert "tool call without" in dropped, dropped
    r, _, _ = claude([{"role": "user", "content": [
        {"type": "thinking", "thinking": "t", "signature": "s"}]}, USER])
    assert r["messages"] == [USER], r


# --- members of other APIs --------------------------------------------------------


@case("Responses: members of Chat and Messages, by their place here")
def _():
    for body, want, lost in (
            ({"max_tokens": 50}, {"max_output_tokens": 50}, ""),
            ({"max_tokens": 50, "max_completion_tokens": 60},
             {"max_output_tokens": 50}, ""),
            ({"max_tokens": 50, "max_output_tokens": 60},
             {"max_output_tokens": 60}, "max_tokens"),
            ({"reasoning_effort": "low"}, {"reasoning": {"effort": "low"}},
             ""),
            ({"verbosity": "low", "response_format": {
                "type": "json_schema", "json_schema": {
                    "name": "n", "schema": EMPTY, "strict": True}}},
             {"text": {"format": {"type": "json_schema", "name": "n",
                                  "schema": EMPTY, "strict": True},
                       "verbosity": "low"}}, ""),
            ({"response_format": {"type": "json_object"}},
             {"text": {"format": {"type": "json_object"}}}, ""),
            ({"seed": 1, "stop": ["x"], "n": 1, "logit_bias": {}}, {},
             "seed, stop, n, logit_bias"),
            ({"stop_sequences": ["x"], "thinking": {"type": "disabled"},
              "system": "S"}, {}, "stop_sequences, thinking, system")):
        r, mended, dropped = mend(OPENAI, {"input": "hi", **body})
        assert r == {"model": OPENAI[1], "input": "hi", **want}, r
        assert dropped == lost and mended, (dropped, mended)
    # where fields are not known to be refused they stay
    left(("responses", "m", {}), {"input": "hi", "seed": 1, "top_k": 5})
    left(OPENAI, {"input": "hi", "reasoning": {"effort": "low"}, "text": {
        "verbosity": "low"}, "user": "u", "top_logprobs": 1,
        "max_output_tokens": 50, "metadata": {"seed": "1", "stop": "2"}})


def main():
    for what, fn in CASES:
        try:
            fn()
        except (AssertionError, KeyError, IndexError, TypeError, ValueError,
                HttpError) as e:
            print(f"FAIL {what}: {type(e).__name__} {e}"[:900])
        else:
            print(f"PASS {what}")


if __name__ == "__main__":
    main()
