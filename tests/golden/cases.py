#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults that people met at translating proxies, one input each: cases.py
CONVERT. The kinds that they stand for are tested in codex.py, claude.py,
variants.py and switches.py; here is what was reported.
"""

import json
import re
import subprocess

from meaning import events, meaning
from translate import *
from translate import CONVERT

PLAIN = {"type": "object", "properties": {}}
HI = {"role": "user", "content": "hi"}


def chat_tool(name="f", **more):
    return {"type": "function", "function": {"name": name, **more,
                                             "parameters": more.get(
                                                 "parameters", PLAIN)}}


def chat_call(id, arguments="{}"):
    return {"role": "assistant", "content": None, "tool_calls": [
        {"id": id, "type": "function",
         "function": {"name": "f", "arguments": arguments}}]}


def claude_history(id):
    """A turn with one call, and its result."""
    return [HI, {"role": "assistant", "content": [
        {"type": "tool_use", "id": id, "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": id, "content": "r"}]}]


TOOL = {"name": "f", "input_schema": PLAIN}


@edge("case", "additional_tools carries tools")
def _():
    r = request("responses", "openai", {"input": [
        {"type": "additional_tools", "role": "developer", "tools": [
            {"type": "function", "name": "g", "parameters": PLAIN}]}, HI]}, "m")
    assert [t["function"]["name"] for t in r["tools"]] == ["g"], r
    assert [m["role"] for m in r["messages"]] == ["user"], r


@edge("case", "cache_control of a tool message")
def _():
    mark = {"type": "ephemeral", "ttl": "1h"}
    r = request("openai", "anthropic", {"tools": [chat_tool()], "messages": [
        {"role": "system", "content": [
            {"type": "text", "text": "S", "cache_control": mark}]},
        HI, chat_call("a"), {"role": "tool", "tool_call_id": "a", "content": [
            {"type": "text", "text": "r", "cache_control": mark}]}]},
        "claude-sonnet-4-6")
    block = r["messages"][-1]["content"][0]
    assert block["type"] == "tool_result" and block["cache_control"] == mark
    assert r["system"][0]["cache_control"] == mark


@edge("case", "a free-text input under another key")
def _():
    asked = {"input": "hi", "tools": [
        {"type": "custom", "name": "apply_patch", "format": {"type": "text"}}]}
    data = {"id": "c", "choices": [{
        "index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "tool_calls": [
                {"id": "a", "type": "function", "function": {
                    "name": "apply_patch",
                    "arguments": '{"patch":"*** Begin"}'}}]}}]}
    out = json.loads(answer("openai", "responses", data, "whole", asked=asked))
    item = out["output"][0]
    assert (item["type"], item["input"]) == ("custom_tool_call", "*** Begin")


@edge("case", "a developer message at a provider that knows none")
def _():
    r = request("responses", "openai", {
        "instructions": "I", "input": [{"role": "developer", "content": "D"},
                                       HI]},
        "deepseek-v4-flash", {"reasoningContent": True})
    roles = [m["role"] for m in r["messages"]]
    assert "developer" not in roles and roles[-1] == "user", r
    assert "D" in json.dumps(r["messages"])


@edge("case", "a call without thinking, where thinking must come back")
def _():
    r = request("anthropic", "openai", {
        "max_tokens": 9, "messages": claude_history("t"), "tools": [TOOL]},
        "deepseek-v4-pro", {"reasoningContent": True})
    m = next(m for m in r["messages"] if m.get("tool_calls"))
    assert m["reasoning_content"], m


@edge("case", "one id in two turns")
def _():
    r = request("openai", "anthropic", {"tools": [chat_tool()], "messages": [
        HI, chat_call("call_0", '{"a":1}'),
        {"role": "tool", "tool_call_id": "call_0", "content": "r1"},
        chat_call("call_0", '{"a":2}'),
        {"role": "tool", "tool_call_id": "call_0", "content": "r2"}]},
        "claude-sonnet-4-6")
    uses, results = ([(b.get("id") or b.get("tool_use_id"),
                       b.get("input") or b["content"][0]["text"])
                      for m in r["messages"] for b in m["content"]
                      if b["type"] == kind]
                     for kind in ("tool_use", "tool_result"))
    assert len({i for i, _ in uses}) == 2, uses
    assert [i for i, _ in uses] == [i for i, _ in results], (uses, results)
    assert [t for _, t in results] == ["r1", "r2"], results


RESPONSE = {"id": "resp_1", "object": "response", "status": "completed",
            "output": [
                {"type": "reasoning", "id": "rs_1", "encrypted_content": "ENC",
                 "summary": [{"type": "summary_text", "text": "p"}]},
                {"type": "function_call", "id": "fc_1", "call_id": "c1",
                 "name": "f", "arguments": "{}"}],
            "usage": {"input_tokens": 1, "output_tokens": 1}}


@edge("case", "encrypted reasoning is asked for, carried and sent back")
def _():
    body = {"max_tokens": 4000, "messages": [HI], "tools": [TOOL],
            "thinking": {"type": "enabled", "budget_tokens": 2000}}
    r = request("anthropic", "responses", body, "gpt-5.4")
    assert r["include"] == ["reasoning.encrypted_content"], r
    m = json.loads(answer("responses", "anthropic", RESPONSE, "whole"))
    assert m["content"][0]["signature"], m
    use = next(b for b in m["content"] if b["type"] == "tool_use")
    r = request("anthropic", "responses", {**body, "messages": [
        HI, {"role": "assistant", "content": m["content"]},
        {"role": "user", "content": [{
            "type": "tool_result", "tool_use_id": use["id"],
            "content": "r"}]}]}, "gpt-5.4")
    item = next(i for i in r["input"] if i["type"] == "reasoning")
    assert (item["id"], item["encrypted_content"]) == ("rs_1", "ENC"), item


@edge("case", "counts with a fraction")
def _():
    out = json.loads(answer("openai", "anthropic", {
        "id": "c", "choices": [{"index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "x"}}],
        "usage": {"prompt_tokens": 12.0, "completion_tokens": 3.0}}, "whole"))
    assert (out["usage"]["input_tokens"], out["usage"]["output_tokens"]) == (
        12, 3), out


@edge("case", "Gemini's signature of a call reaches the client and goes back")
def _():
    data = {"id": "c", "choices": [{
        "index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "tool_calls": [
                {"id": "call_g", "type": "function",
                 "function": {"name": "f", "arguments": "{}"},
                 "extra_content": {"google": {
                     "thought_signature": "SIG1"}}}]}}]}
    m = json.loads(answer("openai", "anthropic", data, "whole"))
    use = next(b for b in m["content"] if b["type"] == "tool_use")
    r = request("anthropic", "openai", {
        "max_tokens": 9, "tools": [TOOL], "messages": [
            HI, {"role": "assistant", "content": m["content"]},
            {"role": "user", "content": [{
                "type": "tool_result", "tool_use_id": use["id"],
                "content": "r"}]}]}, "gemini-3.5-flash")
    c = r["messages"][1]["tool_calls"][0]
    assert c["extra_content"]["google"]["thought_signature"] == "SIG1", c


@edge("case", "arguments as an object in the history")
def _():
    r = request("openai", "anthropic", {"tools": [chat_tool()], "messages": [
        HI, chat_call("a", {"a": 1}),
        {"role": "tool", "tool_call_id": "a", "content": "r"}]},
        "claude-sonnet-4-6")
    assert r["messages"][1]["content"][0]["input"] == {"a": 1}, r


@edge("case", "a new id for the second fragment of a call")
def _():
    out = answer("openai", "anthropic", chat_sse(
        chunk(call(0, '{"a":', "x1", "f")), chunk(call(0, "1}", "x2")),
        chunk({}, "tool_calls")))
    assert meaning("anthropic", out)["tools"] == [("f", {"a": 1})], out
    assert all(b["name"] for b in blocks_of(out) if b["type"] == "tool_use")


@edge("case", "the model speaks between two outputs")
def _():
    r = request("responses", "openai", {"input": [
        HI, *({"type": "function_call", "call_id": i, "name": "f",
               "arguments": "{}"} for i in "AB"),
        {"type": "function_call_output", "call_id": "A", "output": "rA"},
        {"role": "assistant", "content": [
            {"type": "output_text", "text": "one"}]},
        {"type": "function_call_output", "call_id": "B", "output": "rB"}],
        "tools": [{"type": "function", "name": "f", "parameters": PLAIN}]}, "m")
    roles = [m["role"] for m in r["messages"]]
    at = next(i for i, m in enumerate(r["messages"]) if m.get("tool_calls"))
    assert roles[at + 1:at + 3] == ["tool", "tool"], roles
    assert "one" in json.dumps(r["messages"])


@edge("case", "a limit below the smallest one")
def _():
    for limit in (1, 15, 16, 100):
        r = request("anthropic", "responses", {
            "max_tokens": limit, "messages": [HI]}, "gpt-5.4",
            {"minOutputTokens": 16})
        assert r["max_output_tokens"] == max(limit, 16), r


@edge("case", "tools in a namespace")
def _():
    body = {"input": "hi", "tools": [
        {"type": "namespace", "name": "mcp__notes", "description": "Notes",
         "tools": [{"type": "function", "name": "find", "strict": False,
                    "parameters": PLAIN}]},
        {"type": "function", "name": "f", "parameters": PLAIN}]}
    names = [t["function"]["name"] for t in
             request("responses", "openai", body, "m")["tools"]]
    assert len(names) == 2 and names[1] == "f", names
    out = answer("openai", "responses", chat_sse(
        chunk(call(0, "{}", "a", names[0])), chunk({}, "tool_calls")),
        asked=body)
    item = [o for _, o in events(out)][-1]["response"]["output"][0]
    assert (item["type"], item["name"], item["namespace"]) == (
        "function_call", "find", "mcp__notes"), item


@edge("case", "a response that was cancelled")
def _():
    for status in ("cancelled", "queued", "in_progress"):
        try:
            out = answer("responses", "anthropic", {
                "id": "r", "object": "response", "status": status,
                "error": None, "output": [], "usage": None}, "whole")
        except HttpError as e:
            assert e.status == 502, e
        else:
            raise AssertionError(f"{status}: {out}")


@edge("case", "a strict tool with bounds")
def _():
    parameters = {"type": "object", "additionalProperties": False,
                  "required": ["n", "s"], "properties": {
                      "n": {"type": "integer", "minimum": 1},
                      "s": {"type": "array", "items": {"type": "string"},
                            "maxItems": 3}}}
    r = request("openai", "anthropic", {"messages": [HI], "tools": [
        chat_tool(strict=True, parameters=parameters)]}, "claude-opus-4-8")
    tool = r["tools"][0]
    text = json.dumps(tool["input_schema"])
    assert not tool.get("strict") or (
        "minimum" not in text and "maxItems" not in text), tool


@edge("case", "an id that is not legal everywhere")
def _():
    p = subprocess.run(
        [CONVERT, "mend", "anthropic", "claude-opus-4-8"], check=True,
        capture_output=True, timeout=120, input=json.dumps({
            "model": "claude-opus-4-8", "max_tokens": 9, "tools": [TOOL],
            "messages": claude_history("functions.f:0")}).encode())
    body = json.loads(p.stdout)
    use, result = (body["messages"][i]["content"][0] for i in (1, 2))
    assert re.fullmatch("[A-Za-z0-9_-]+", use["id"]), use
    assert result["tool_use_id"] == use["id"], result


@edge("case", "a system message behind the model's turn")
def _():
    r = request("responses", "anthropic", {"input": [
        {"role": "user", "content": "u1"},
        {"role": "assistant", "content": "a1"},
        {"role": "developer", "content": "D1"},
        {"role": "user", "content": "u2"}]}, "claude-opus-4-8")
    roles = [m["role"] for m in r["messages"]]
    for i, role in enumerate(roles):
        assert role != "system" or (
            roles[i - 1] == "user" and
            roles[i + 1:i + 2] in ([], ["assistant"])), roles
    assert "D1" in json.dumps(r["messages"])


run()
