#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests in the provider's own API that hold what it refuses, though no
client of it would write that: names of tools, media, blocks of the other side,
members of other APIs, functions in place of tools. strange.py CONVERT

Prints "PASS what" or "FAIL what: why" a line.
"""

import base64
import json

from meaning import events
from mend import mend_text
from translate import (HttpError, answer, block, claude_sse, request, start,
                       stop)

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


# --- names of tools ----------------------------------------------------------

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


@case("Responses: names of tools, whatever else is asked for")
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
        space = {"type": "namespace", "name": "s.p", "tools": [
            {**tool, "name": "a.b"}]}
        for more in ({"tools": [tool, space, {"type": "web_search"}]},
                     {"top_logprobs": 2},
                     {"include": ["message.output_text.logprobs"]},
                     {"context_management": [{"type": "compaction"}]}):
            r, mended, dropped = mend(OPENAI, {**body, **more})
            assert mended == "names of tools" and not dropped, dropped
            assert r["tools"][0]["name"] == r["input"][1]["name"] == name, r
            assert "tools" not in more or r["tools"][1:] == more["tools"][1:]
            assert all(r[k] == more[k] for k in more if k != "tools"), r
    # within a namespace a call has the name that it has there
    left(OPENAI, {"input": [USER, {
        "type": "function_call", "call_id": "c", "name": "a.b",
        "namespace": "s.p", "arguments": "{}"}, {
            "type": "function_call_output", "call_id": "c", "output": "o"}],
        "tools": [space]})


@case("Messages: names, whatever tools the provider runs beside them")
def _():
    tools = [{"name": ODD[0], "input_schema": EMPTY}]
    body = {"max_tokens": 9, "messages": loop(name=ODD[0]), "tools": tools}
    for more in ({"tools": [*tools, {"type": "code_execution_20250825",
                                     "name": "code_execution"}]},
                 {"tools": [*tools, {"type": "web_search_20250305",
                                     "name": "web_search"}]},
                 {"mcp_servers": [{"type": "url", "name": "s",
                                   "url": "https://s.example"}]},
                 {"container": "container_1"},
                 {"context_management": {"edits": [
                     {"type": "compact_20260112"}]}}):
        r, mended, dropped = mend(CLAUDE, {**body, **more})
        assert mended == "names of tools" and not dropped, (mended, dropped)
        assert r["tools"][0]["name"] == r["messages"][1]["content"][0][
            "name"] != ODD[0], r
        assert r["tools"][1:] == more.get("tools", [0])[1:], r
        assert all(r[k] == more[k] for k in more if k != "tools"), r
    for kind in ("bash_20250124", "text_editor_20250728",
                 "computer_20251124", "memory_20250818"):
        r, mended, dropped = mend(CLAUDE, {**body, "tools": [
            *tools, {"type": kind, "name": "own"}]})
        assert [t["name"] for t in r["tools"]] == [
            r["messages"][1]["content"][0]["name"], "own"], r
        assert r["tools"][0]["name"] != ODD[0], r
        assert mended == "names of tools" and not dropped, (mended, dropped)


@case("Chat: what an answer would lose is not asked for, and named")
def _():
    asked = {"n": 3, "logprobs": True, "top_logprobs": 2,
             "modalities": ["text", "audio"], "audio": {"voice": "v"}}
    odd = [{"type": "function", "function": {"name": ODD[0]}}]
    custom = [{"type": "custom", "custom": {"name": "c"}}]
    groq = ("openai", "m", {"customTools": False, "callsPaired": True})
    for target, more in ((groq, {"tools": custom}),
                         (groq, {"functions": LEGACY["functions"]}),
                         (CHAT, {"functions": [{"name": ODD[0]}]})):
        r, _, dropped = mend(target, {"messages": [USER], **more, **asked})
        assert set(dropped.split(", ")) == set(asked), dropped
        assert not set(asked) & set(r) and len(r["tools"]) == 1 + (
            "functions" in more and len(more["functions"]) > 1), r
        kept = {"n": 1, "logprobs": False, "top_logprobs": 0,
                "modalities": ["text"], "audio": None}
        r, _, dropped = mend(target, {"messages": [USER], **more, **kept})
        assert {k: r[k] for k in kept} == kept and not dropped, (r, dropped)
    # names alone lose nothing
    r, mended, dropped = mend(CHAT, {"messages": [USER], "tools": odd, **asked})
    assert mended == "names of tools" and not dropped, (mended, dropped)
    assert all(r[k] == asked[k] for k in asked), r
    # a tool that the provider runs has a name of its own there
    left(CHAT, {"messages": [USER], "n": 2, "tools": [
        {"type": "builtin_function", "function": {"name": "$web_search"}}]})



# --- media -------------------------------------------------------------------


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


@case("Responses: what a call has and gives as text, written as JSON")
def _():
    raw = '{"n":123456789012345678901234567890,"n": -0}'
    for kind, key in (("function_call", "arguments"),
                      ("custom_tool_call", "input"),
                      ("function_call_output", "output"),
                      ("custom_tool_call_output", "output")):
        call = kind.replace("_output", "")
        text = {"function_call": {"arguments": "{}"},
                "custom_tool_call": {"input": "i"}}
        for value, want in ((raw, raw), ("5", "5"), ("true", "true"),
                            ("null", "{}" if key == "arguments" else "")):
            items = [{"type": call, "call_id": "c", "name": "f", **text[call]},
                     {"type": call + "_output", "call_id": "c", "output": "o"}]
            items[kind != call][key] = "VALUE"
            body = json.dumps({"model": "m", "input": [USER, *items]})
            out, mended, dropped = mend_text(
                body.replace('"VALUE"', value), {}, "responses", "m")
            got = json.loads(out)["input"][1 + (kind != call)]
            assert got[key] == want, (kind, value, got)
            assert mended == ("outputs of calls" if key == "output"
                              else "arguments of calls"), mended
            assert not dropped, dropped
    left(OPENAI, {"input": [
        USER, {"type": "function_call", "call_id": "c", "name": "f",
               "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c",
         "output": [{"type": "input_text", "text": "t"}]},
        {"type": "shell_call", "call_id": "s", "action": {"commands": []}},
        {"type": "shell_call_output", "call_id": "s", "output": []},
        {"type": "mcp_call", "id": "mcp_1", "name": "f", "arguments": "{}",
         "server_label": "l", "output": None}]})


@case("Messages: what is fetched by https alone is named else")
def _():
    for kind in ("image", "document"):
        block = {"type": kind, "source": {"type": "url",
                                          "url": "http://x/y"}}
        for messages in ([{"role": "user", "content": [block]}],
                         loop()[:2] + [{"role": "user", "content": [
                             {"type": "tool_result", "tool_use_id": "t",
                              "content": [block]}]}]):
            more = {"tools": [{"name": "f", "input_schema": EMPTY}]}
            r, mended, dropped = claude(messages, **more)
            got = r["messages"][-1]["content"][0]
            got = got if got["type"] == "text" else got["content"][0]
            assert got["type"] == "text" and "http://x/y" in got["text"], r
            assert mended == "images" and dropped == kind, (mended, dropped)
            body = {"max_tokens": 9, "messages": messages, **more}
            left(("anthropic", "llama", {}), body)


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


# --- parts of other APIs, and of other roles, in Chat -----------------------

CHAT = ("openai", "gpt-5.4", {"callsPaired": True})
PNG_URL = "data:image/png;base64," + PNG
SHOWN = {"type": "image_url", "image_url": {"url": PNG_URL}}


def chat_part(part, role="user", target=CHAT):
    """What becomes of a part behind a text; what was mended, what dropped."""
    r, mended, dropped = mend(target, {"messages": [
        USER, {"role": role, "content": [
            {"type": "text", "text": "t"}, part]}, USER]})
    content = r["messages"][1]["content"]
    assert content[0] == {"type": "text", "text": "t"}, content
    assert len(content) == 2, content
    return content[1], mended, dropped


@case("Chat: parts as other APIs have them are its own")
def _():
    file = {"filename": "document.pdf",
            "file_data": "data:application/pdf;base64," + PDF}
    for part, want in (
            ({"type": "input_text", "text": "a\u00e9\"b"},
             {"type": "text", "text": "a\u00e9\"b"}),
            ({"type": "output_text", "text": "a", "annotations": []},
             {"type": "text", "text": "a"}),
            ({"type": "input_image", "image_url": PNG_URL}, SHOWN),
            ({"type": "input_image", "image_url": "https://x/y",
              "detail": "high"},
             {"type": "image_url", "image_url": {
                 "url": "https://x/y", "detail": "high"}}),
            ({"type": "input_file", **file}, {"type": "file", "file": file}),
            ({"type": "image", "source": {
                "type": "base64", "media_type": "image/png", "data": PNG}},
             SHOWN),
            ({"type": "image", "source": {
                "type": "url", "url": "https://x/y"}},
             {"type": "image_url", "image_url": {"url": "https://x/y"}}),
            ({"type": "document", "source": {
                "type": "base64", "media_type": "application/pdf",
                "data": PDF}}, {"type": "file", "file": file}),
            ({"type": "document", "source": {
                "type": "text", "media_type": "text/plain", "data": "d"}},
             {"type": "text", "text": "d"})):
        got, mended, dropped = chat_part(part)
        assert got == want and not dropped, (got, dropped)
        assert mended == "types of parts", mended
        left(("openai", "m", {}), {"messages": [
            {"role": "user", "content": [part]}]})
    for part in ({"type": "input_file", "file_url": "https://x/y"},
                 {"type": "document", "source": {
                     "type": "url", "url": "https://x/y"}}):
        got, _, dropped = chat_part(part)
        assert got["type"] == "text" and "https://x/y" in got["text"], got
        assert dropped == "document", dropped
    got, _, dropped = chat_part(
        {"type": "input_image", "image_url": PNG_URL},
        target=("openai", "m", {"callsPaired": True, "noImages": True}))
    assert "image left out" in got["text"] and dropped == "image", got
    left(CHAT, {"messages": [
        {"role": "system", "content": [{"type": "text", "text": "s"}]},
        {"role": "user", "content": [{"type": "text", "text": "t"}, SHOWN]}]})


@case("Chat: what a model or a system message cannot show is named")
def _():
    for role in ("assistant", "system", "developer"):
        for part in (SHOWN, {"type": "file", "file": {"filename": "f",
                                                      "file_data": "d"}},
                     {"type": "input_image", "image_url": PNG_URL}):
            got, mended, dropped = chat_part(part, role)
            assert got["type"] == "text" and "left out" in got["text"], got
            assert dropped in ("image", "document"), dropped
        # in the text of a user's turn, too
        r, _, dropped = mend(("openai", "m", {
            "callsPaired": True, "oneSystemMessage": True}), {"messages": [
                USER, {"role": role, "content": [
                    {"type": "text", "text": "t"}, SHOWN]}, USER]})
        assert "image left out" in json.dumps(r) and dropped == "image", r
    left(CHAT, {"messages": [USER, {"role": "assistant", "content": [
        {"type": "text", "text": "t"}, {"type": "refusal", "refusal": "r"}]},
        USER]})


@case("Chat: a result is text, and its pictures are a user's")
def _():
    def sent(*content):
        r, mended, dropped = mend(CHAT, {"messages": [
            USER, {"role": "assistant", "content": None, "tool_calls": [
                {"id": "c", "type": "function", "function": {
                    "name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", **dict(content)}, USER]})
        assert not dropped, dropped
        return r["messages"], mended

    for content in ([("content", None)], []):
        messages, mended = sent(*content)
        assert messages[2]["content"] == "" and messages[3] == USER, messages
        assert mended == "empty content", mended
    for part in (SHOWN, {"type": "input_image", "image_url": PNG_URL},
                 {"type": "image", "source": {
                     "type": "base64", "media_type": "image/png",
                     "data": PNG}}):
        messages, _ = sent(("content", [
            {"type": "input_text", "text": "t"}, part]))
        assert messages[2]["content"] == [
            {"type": "text", "text": "t"}], messages
        assert messages[3]["content"][1:] == [SHOWN], messages


# --- turns of the other side -------------------------------------------------


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


@case("Messages: what is told to be mended was")
def _():
    r, mended, _ = claude([USER, {"role": "assistant", "content": [
        image(PNG, "image/jpg"), {"type": "text", "text": "x"}]}, USER])
    assert [b["type"] for b in r["messages"][1]["content"]] == [
        "text", "text"], r
    assert mended == "blocks of another role, images", mended


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


# --- members of other APIs ---------------------------------------------------


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


@case("Responses and Chat: arguments and outputs of another type are text")
def _():
    for value, args, out in (
            ({"a": 1}, {"a": 1}, '{"a": 1}'), (None, {}, ""),
            (5, 5, "5"), (True, True, "true")):
        for target in (OPENAI, ("responses", "m", {})):
            for call, kind in (("function_call", "arguments"),
                               ("custom_tool_call", "input")):
                body = {"input": [USER, {
                    "type": call, "call_id": "c", "name": "f",
                    kind: value if kind == "arguments" else "i"}, {
                        "type": call + "_output", "call_id": "c",
                        "output": value}]}
                r, mended, dropped = mend(target, body)
                assert r["input"][2]["output"] == out, r
                if kind == "arguments":
                    assert json.loads(r["input"][1][kind]) == args, r
                assert "outputs of calls" in mended and not dropped, mended
        if value is not None:
            r, mended, _ = mend(("openai", "m", {}), {"messages": [
                USER, {"role": "assistant", "content": None, "tool_calls": [{
                    "id": "c", "type": "function", "function": {
                        "name": "f", "arguments": "{}"}}]},
                {"role": "tool", "tool_call_id": "c", "content": value}]})
            assert r["messages"][2]["content"] == out, r
            assert mended == "outputs of calls", mended
    for items in ([{"type": "function_call_output", "call_id": "c",
                    "output": [{"type": "input_text", "text": "x"}]}],
                  [{"type": "function_call_output", "call_id": "c",
                    "output": "x"}]):
        left(OPENAI, {"input": [USER, {
            "type": "function_call", "call_id": "c", "name": "f",
            "arguments": "{}"}, *items]})
    left(("responses", "m", {}), {"input": [USER, {
        "type": "tool_search_call", "call_id": "c", "execution": "server",
        "arguments": {"q": 1}}]})


@case("Responses and Chat: schemas with null or a list for an object")
def _():
    one = {"type": "object", "properties": {"a": {"type": "string"}}}
    for ill, want in (({"type": "object", "properties": None}, EMPTY),
                      ({"type": "object", "properties": []}, EMPTY),
                      ({**one, "required": None}, one),
                      ({"required": None, **one}, one)):
        tool = {"name": "f", "parameters": ill}
        r, mended, dropped = mend(OPENAI, {"input": "q", "tools": [
            {"type": "function", **tool}]})
        assert r["tools"][0]["parameters"] == want, r
        assert mended == "schemas of tools" and not dropped, mended
        r, mended, dropped = mend(CHAT, {"messages": [USER], "tools": [
            {"type": "function", "function": tool}]})
        assert r["tools"][0]["function"]["parameters"] == want, r
        assert mended == "schemas of tools" and not dropped, mended
    for fine in (EMPTY, {**one, "required": ["a"]}, {
            "type": "object", "properties": {
                "properties": {"type": "array"}, "required": {
                    "type": "boolean"}}, "required": ["properties"]}):
        tool = {"name": "f", "parameters": fine, "strict": True}
        left(OPENAI, {"input": "q", "tools": [{"type": "function", **tool}]})
        left(CHAT, {"messages": [USER], "tools": [
            {"type": "function", "function": tool}]})


@case("Messages: calls as Chat has them, in a turn of nothing else, are named")
def _():
    r, _, dropped = claude([USER, {"role": "assistant", "content": "",
                                   "tool_calls": [{"id": "c"}]}, USER])
    assert len(r["messages"]) == 2 and dropped == "messages.tool_calls", r


# --- functions, before there were tools --------------------------------------

CHAT = ("openai", "gpt-5.4", {"callsPaired": True, "toolIdMax": 40})
LEGACY = {"functions": [{"name": "f", "parameters": EMPTY}, {"name": "g"}],
          "function_call": {"name": "f"}, "messages": [
    USER, {"role": "assistant", "content": None, "function_call": {
        "name": "f", "arguments": '{"a": 1}'}},
    {"role": "function", "name": "f", "content": "r1"},
    {"role": "assistant", "content": "t", "function_call": {
        "name": "f", "arguments": "{}"}},
    {"role": "function", "name": "f", "content": "r2"}, USER]}


@case("Chat: functions become tools, and their calls")
def _():
    r, mended, dropped = mend(CHAT, LEGACY)
    assert r["tools"] == [{"type": "function", "function": f}
                          for f in LEGACY["functions"]], r
    assert r["tool_choice"] == {"type": "function",
                                "function": {"name": "f"}}, r
    assert not {"functions", "function_call"} & set(r), r
    assert r["parallel_tool_calls"] is False, r
    _, one, r1, two, r2, _ = r["messages"]
    for call, out, text, args in ((one, r1, "r1", '{"a": 1}'),
                                  (two, r2, "r2", "{}")):
        c = call["tool_calls"][0]
        assert c["function"] == {"name": "f", "arguments": args}, call
        assert out == {"role": "tool", "tool_call_id": c["id"],
                       "content": text}, out
        assert "function_call" not in call, call
    assert "functions" in mended and not dropped, (mended, dropped)
    # the ids are those of a translated request
    other = request("openai", "responses", LEGACY, "m")
    assert other["input"][1]["call_id"] == one["tool_calls"][0]["id"], other
    left(("openai", "m", {}), LEGACY)
    left(CHAT, {"messages": [USER, {
        "role": "assistant", "content": "a", "function_call": None}, USER]})
    left(CHAT, {"messages": [{"role": "user", "content": "function"}]})


@case("Chat: functions stay where the answer would lose something")
def _():
    for more in ({"n": 2}, {"logprobs": True}, {"tools": [], "n": 2}):
        now = {"functions": LEGACY["functions"], "messages": [USER],
               "function_call": {"name": "f"}}
        if "tools" not in more:
            left(CHAT, {**now, **more})
        r, mended, dropped = mend(CHAT, {**LEGACY, **more})
        more.pop("tools", None)
        want = {"functions", "function_call", "messages", "model", *more}
        assert set(r) == want and not dropped, (r, dropped)
        assert "functions" in mended, mended
        assert all(r[k] == LEGACY[k] for k in ("functions", "function_call"))
        assert [m["role"] for m in r["messages"]] == [
            "user", "assistant", "tool", "assistant", "tool", "user"], r


@case("Chat: functions beside tools, calls without names or results")
def _():
    tool = {"type": "function", "function": {"name": "t"}}
    r, _, dropped = mend(CHAT, {"messages": [USER], "tools": [tool],
                                "functions": LEGACY["functions"],
                                "function_call": "auto"})
    assert r["tools"] == [tool] and dropped == "functions", (r, dropped)
    r, _, dropped = mend(CHAT, {"messages": [USER], "tools": [],
                                "functions": LEGACY["functions"]})
    assert len(r["tools"]) == 2 and not dropped, (r, dropped)
    r, _, _ = mend(CHAT, {"messages": [USER], "function_call": "none"})
    assert set(r) == {"model", "messages"}, r
    r, _, dropped = mend(CHAT, {"messages": [
        USER, {"role": "function", "content": "lost"},
        {"role": "assistant", "content": "a", "function_call": {
            "name": "f", "arguments": "{}"}}, USER]})
    assert [m["role"] for m in r["messages"]] == [
        "user", "assistant", "user"], r
    assert "call without" in dropped and "output without" in dropped, dropped
    mistral = ("openai", "mistral-large-3", {
        "callsPaired": True, "nineCharacterIds": True,
        "extraFieldsRefused": True})
    r, _, _ = mend(mistral, LEGACY)
    ids = [m["tool_calls"][0]["id"] for m in r["messages"]
           if "tool_calls" in m]
    assert all(len(i) == 9 and i.isalnum() for i in ids), ids
    assert ids == [m["tool_call_id"] for m in r["messages"]
                   if m["role"] == "tool"], r


@case("Chat: a call comes back as it was asked for, from any API")
def _():
    claude = {"id": "m", "type": "message", "role": "assistant",
              "model": "m", "stop_reason": "tool_use",
              "usage": {"input_tokens": 1, "output_tokens": 1},
              "content": [{"type": "text", "text": "t"},
                          {"type": "tool_use", "id": "a", "name": "f",
                           "input": {"a": 1}},
                          {"type": "tool_use", "id": "b", "name": "g",
                           "input": {}}]}
    stream = claude_sse(start(), *block(0, "tool_use", *(
        {"type": "input_json_delta", "partial_json": c} for c in '{"a":1}'),
        id="a", name="f", input={}), *stop("tool_use"))
    choice = json.loads(answer("anthropic", "openai", claude, "whole",
                               asked=LEGACY))["choices"][0]
    assert choice["finish_reason"] == "function_call", choice
    m = choice["message"]
    assert m["function_call"]["name"] == "f", m
    assert json.loads(m["function_call"]["arguments"]) == {"a": 1}, m
    assert [c["function"]["name"] for c in m["tool_calls"]] == ["g"], m
    deltas, ends = [], []
    for _, o in events(answer("anthropic", "openai", stream, asked=LEGACY)):
        for c in o["choices"] if isinstance(o, dict) else ():
            deltas.append(c["delta"].get("function_call"))
            ends.append(c["finish_reason"])
            assert "tool_calls" not in c["delta"], c
    calls = [d for d in deltas if d]
    assert calls[0]["name"] == "f" and json.loads("".join(
        d["arguments"] for d in calls)) == {"a": 1}, calls
    assert [e for e in ends if e] == ["function_call"], ends


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
