#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Messages requests that come to a model of Claude which does not take what
others take, in its own API: family.py CONVERT.

Prints "PASS what" or "FAIL what: why" a line.
"""

import json

from mend import mend_text

CASES = []
OPUS, FOUR_SIX, FOUR_FIVE = ("claude-opus-4-8", "claude-sonnet-4-6",
                             "claude-sonnet-4-5")
ALWAYS, BETWEEN = "claude-opus-5-5", "claude-sonnet-5-5"
USER = {"role": "user", "content": "q"}
TOOL = {"name": "f", "input_schema": {"type": "object", "properties": {}}}


def case(what):
    def add(fn):
        CASES.append((what, fn))
        return fn
    return add


def mend(model, body, switches={"strictMessages": True}):
    """The body, what was mended, what was dropped."""
    text = json.dumps({"model": model, "messages": [USER], **body})
    out, mended, dropped = mend_text(text, switches, "anthropic", model)
    assert bool(mended) == (out != text), (mended, out)
    return json.loads(out), mended, dropped


def left(model, body, **more):
    r, mended, dropped = mend(model, body, **more)
    assert not mended and not dropped, (model, r, mended)


def thinking(kind, **more):
    return {"max_tokens": 4000, "thinking": {"type": kind, **more}}


@case("thinking by a budget adapts itself where only that is taken")
def _():
    for model in (OPUS, "claude-opus-5", ALWAYS, BETWEEN):
        for budget, effort in ((1024, "low"), (4096, "medium"),
                               (16384, "high"), (40000, "xhigh")):
            body = thinking("enabled", budget_tokens=budget)
            body["max_tokens"] = 64000
            r, mended, _ = mend(model, body)
            assert r["thinking"] == {"type": "adaptive"}, r
            assert r["output_config"] == {"effort": effort}, (budget, r)
            assert mended == "thinking", mended
    r, _, _ = mend(OPUS, {**thinking("enabled", budget_tokens=2000,
                                     display="omitted"),
                          "output_config": {"effort": "max"}})
    assert r["thinking"] == {"type": "adaptive", "display": "omitted"}, r
    assert r["output_config"] == {"effort": "max"}, r
    left(FOUR_SIX, thinking("enabled", budget_tokens=2000))
    left(FOUR_SIX, thinking("adaptive"))
    left(OPUS, thinking("adaptive"))
    left(OPUS, thinking("enabled", budget_tokens=2000), switches={})


@case("thinking without a type is nobody's to mend")
def _():
    for model in (BETWEEN, OPUS, FOUR_FIVE):
        for value in ({}, {"type": None}, None, [], "x"):
            mend(model, {"max_tokens": 4000, "thinking": value})
    left(BETWEEN, {"max_tokens": 4000, "thinking": {}})


@case("thinking that adapts itself has a budget where that is needed")
def _():
    r, mended, _ = mend(FOUR_FIVE, thinking("adaptive"))
    assert r["thinking"] == {"type": "enabled", "budget_tokens": 3999}, r
    r, _, _ = mend(FOUR_FIVE, {**thinking("adaptive"), "max_tokens": 64000})
    assert r["thinking"]["budget_tokens"] == 16384, r
    r, mended, _ = mend(FOUR_FIVE, {**thinking("adaptive"), "max_tokens": 900})
    assert "thinking" not in r and mended == "thinking off", r
    # a loop of calls that began without thinking cannot go on with it
    loop = [USER, {"role": "assistant", "content": [
        {"type": "tool_use", "id": "c", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "c", "content": "r"}]}]
    r, mended, _ = mend(FOUR_FIVE, {**thinking("adaptive"), "tools": [TOOL],
                                    "messages": loop})
    assert "thinking" not in r, r
    r, _, _ = mend(OPUS, {**thinking("enabled", budget_tokens=2000),
                          "tools": [TOOL], "messages": loop})
    assert r["thinking"] == {"type": "adaptive"}, r


@case("a budget fits into the limit of the answer")
def _():
    for limit, budget, want in ((4000, 9000, 3999), (4000, 10, 1024),
                                (1025, 1024, 1024), (1024, 1024, None),
                                (10, 2000, None)):
        body = thinking("enabled", budget_tokens=budget)
        r, _, _ = mend(FOUR_SIX, {**body, "max_tokens": limit})
        got = r.get("thinking", {}).get("budget_tokens")
        assert got == want, (limit, budget, r)


@case("thinking is switched off as the model takes it")
def _():
    r, _, _ = mend(BETWEEN, thinking("disabled"))
    assert r["thinking"] == {"type": "between_tools"}, r
    r, _, _ = mend(OPUS, thinking("between_tools"))
    assert r["thinking"] == {"type": "disabled"}, r
    r, _, _ = mend(ALWAYS, thinking("disabled"))
    assert "thinking" not in r, r
    left(OPUS, thinking("disabled"))
    left(BETWEEN, thinking("between_tools"))


@case("a tool that must be called leaves no room for thinking")
def _():
    for choice in ({"type": "any"}, {"type": "tool", "name": "f"}):
        body = {"tools": [TOOL], "tool_choice": choice}
        r, mended, _ = mend(FOUR_SIX, {**thinking("adaptive"), **body})
        assert "thinking" not in r and r["tool_choice"] == choice, r
        assert mended == "thinking off", mended
        r, _, _ = mend(OPUS, {**thinking("adaptive"), **body})
        assert r["thinking"] == {"type": "disabled"}, r
        assert r["tool_choice"] == choice, r
        left(OPUS, {**body, "max_tokens": 9})
    r, _, _ = mend(FOUR_SIX, {
        **thinking("adaptive"), **body, "context_management": {"edits": [
            {"type": "clear_thinking_20251015"}]}})
    assert "context_management" not in r, r


@case("a tool cannot be forced where the model refuses it")
def _():
    other = {**TOOL, "name": "g"}
    for kind, tools in (("any", [TOOL, other]), ("tool", [other])):
        choice = {"type": kind, "disable_parallel_tool_use": True}
        if kind == "tool":
            choice["name"] = "g"
        r, mended, dropped = mend(ALWAYS, {"max_tokens": 9, "tools": [
            TOOL, other], "tool_choice": choice})
        assert r["tool_choice"] == {"type": "auto",
                                    "disable_parallel_tool_use": True}, r
        assert r["tools"] == tools, r
        assert mended == dropped == "tool_choice", (mended, dropped)
    left(ALWAYS, {"max_tokens": 9, "tools": [TOOL],
                  "tool_choice": {"type": "none"}})


@case("samplers go where they are refused")
def _():
    for key, value in (("temperature", 0), ("temperature", 0.7),
                       ("top_p", 0.5), ("top_k", 5)):
        r, mended, dropped = mend(OPUS, {"max_tokens": 9, key: value})
        assert key not in r and mended == dropped == key, (r, mended)
        r, mended, _ = mend(FOUR_SIX, {**thinking("adaptive"), key: value})
        assert key not in r and mended == key, (r, mended)
        left(FOUR_SIX, {"max_tokens": 9, key: value})
        left(FOUR_SIX, {**thinking("disabled"), key: value})
    left(OPUS, {"max_tokens": 9, "temperature": 1})
    left(OPUS, {"max_tokens": 9, "temperature": 1.0})
    left(FOUR_SIX, {**thinking("adaptive"), "temperature": 1})


@case("there is a limit of the answer")
def _():
    r, mended, _ = mend(FOUR_FIVE, {})
    assert r["max_tokens"] == 64000 and mended == "max_tokens", r
    r, _, _ = mend(FOUR_FIVE, {}, {"strictMessages": True, "maxTokens": 99})
    assert r["max_tokens"] == 99, r
    left(FOUR_FIVE, {}, switches={})
    left(FOUR_FIVE, {"max_tokens": 0})


@case("members of another API's body go, and are named")
def _():
    for key, value in (("seed", 1), ("stop", "x"), ("n", 1),
                       ("stream_options", {"include_usage": True}),
                       ("reasoning_effort", "low"), ("response_format", {}),
                       ("max_completion_tokens", 5)):
        r, mended, dropped = mend(OPUS, {"max_tokens": 9, key: value})
        assert key not in r and mended == dropped == key, (r, mended)
    left(OPUS, {"max_tokens": 9, "betas_to_come": [1]})
    left(OPUS, {"max_tokens": 9, "metadata": {"user": "a", "n": 1}})


@case("schemas of tools are objects, and no more than strict tools take")
def _():
    def sent(schema, model=OPUS, **more):
        r, mended, dropped = mend(model, {"max_tokens": 9, "tools": [
            {"name": "f", "input_schema": schema, **more}]})
        return r["tools"][0], mended, dropped

    some = {"type": "object", "properties": {"a": {"type": "string"}}}
    for choice in ("anyOf", "oneOf", "allOf"):
        t, mended, _ = sent({"type": "object", choice: [some, some]})
        assert t["input_schema"]["properties"] == some["properties"], t
        assert choice not in t["input_schema"], t
        assert mended == "schemas of tools", mended
        t, _, _ = sent({choice: [some]})
        assert t["input_schema"]["type"] == "object", t
    for empty in ({}, {"properties": {}}):
        t, _, _ = sent(empty)
        assert t["input_schema"]["type"] == "object", t
        t, _, _ = sent(empty, strict=True)
        assert t["input_schema"]["additionalProperties"] is False, t
    bound = {"type": "object", "required": ["n"], "properties": {
        "n": {"type": "integer", "minimum": 1},
        "l": {"type": "array", "maxItems": 3, "items": {"type": "string"}}}}
    t, _, dropped = sent(bound, strict=True)
    assert "minimum" not in json.dumps(t) and "maxItems" not in json.dumps(t)
    assert t["input_schema"]["additionalProperties"] is False, t
    assert t["strict"] is True and dropped == "tools.schema.bounds", dropped
    t, mended, _ = sent(bound, "claude-sonnet-4-20250514", strict=True)
    assert "strict" not in t and t["input_schema"] == bound, t
    assert mended == "strict tools", mended
    # what is inside, what is marked and what Anthropic runs stays
    inside = {"type": "object", "properties": {
        "anyOf": {"anyOf": [{"type": "string"}, {"type": "null"}]}}}
    left(OPUS, {"max_tokens": 9, "tools": [
        {"name": "f", "input_schema": inside, "strict": False,
         "cache_control": {"type": "ephemeral"}},
        {"name": "g", "input_schema": bound, "type": "custom"},
        {"type": "web_search_20250305", "name": "web_search"}]})
    closed = {**some, "additionalProperties": False}
    left(OPUS, {"max_tokens": 9, "tools": [
        {"name": "f", "input_schema": closed, "strict": True}]})


@case("the input of a call is an object")
def _():
    for value, want in (('{"a": -0}', '{"a": -0}'), ("", "{}"), ("  ", "{}"),
                        ("{bad", '{"rawInvalidInput":"{bad"}'),
                        ([1], '{"rawInvalidInput":[1]}'),
                        (None, "{}"), ([], "{}"), ("null", "{}"),
                        ('{}{"a":1}', '{"a":1}')):
        use = {"type": "tool_use", "id": "c", "name": "f", "input": value}
        body = {"max_tokens": 9, "tools": [TOOL], "messages": [
            USER, {"role": "assistant", "content": [use]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "c"}]}]}
        for switches in ({}, {"strictMessages": True}):
            r, mended, _ = mend(OPUS, body, switches)
            got = r["messages"][1]["content"][0]["input"]
            assert got == json.loads(want), (value, got)
            assert mended == "inputs of tools", mended


for what, fn in CASES:
    try:
        fn()
        print(f"PASS {what}")
    except Exception as e:  # pylint: disable=broad-except
        print(f"FAIL {what}: {type(e).__name__} {str(e)[:400]}")
