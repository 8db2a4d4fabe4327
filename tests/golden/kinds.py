#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A member of another JSON type than it can have is used or refused by its name,
never read as if it were not there: kinds.py CONVERT. Every member of a full
request is replaced by values of other types, for both other dialects.
"""

import copy
import json
import os
import subprocess
import sys

CONVERT = sys.argv[1]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
MODELS = {"anthropic": "claude-sonnet-4-5", "openai": "gpt-5",
          "responses": "gpt-5"}
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}},
          "required": ["q"], "additionalProperties": False}
PNG = "data:image/png;base64,AAAA"
PDF = "data:application/pdf;base64,AAAA"
FORMAT = {"name": "n", "schema": SCHEMA, "strict": True}
FULL = {
    "anthropic": {
        "max_tokens": 50, "stream": True, "temperature": 0.5, "top_p": 0.5,
        "top_k": 5, "system": [{"type": "text", "text": "S"}], "stop_sequences": ["E"],
        "metadata": {"user_id": "u"}, "service_tier": "auto",
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": "f", "description": "d", "input_schema": SCHEMA,
                   "strict": True},
                  {"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": {"type": "tool", "name": "f",
                        "disable_parallel_tool_use": True},
        "output_config": {"effort": "high", "format": {
            "type": "json_schema", "schema": SCHEMA}},
        "messages": [
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image", "source": {
                    "type": "base64", "media_type": "image/png",
                    "data": "AAAA"}},
                {"type": "document", "title": "T", "source": {
                    "type": "text", "media_type": "text/plain",
                    "data": "D"}},
                {"type": "document", "title": "T", "source": {
                    "type": "base64", "media_type": "application/pdf",
                    "data": "AAAA"}},
                {"type": "document", "source": {
                    "type": "content", "content": [
                        {"type": "text", "text": "dc"}]}},
                {"type": "image", "source": {
                    "type": "url", "url": "https://x/y.png"}}]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "th", "signature": "s"},
                {"type": "text", "text": "a"},
                {"type": "tool_use", "id": "t1", "name": "f",
                 "input": {"q": "1"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "is_error": True,
                 "content": [{"type": "text", "text": "r"}]},
                {"type": "search_result", "source": "s", "title": "ti",
                 "content": [{"type": "text", "text": "sr"}]}]}]},
    "openai": {
        "max_completion_tokens": 50, "stop": ["E"], "stream": True,
        "temperature": 0.5, "user": "u", "service_tier": "auto",
        "reasoning_effort": "high", "verbosity": "low",
        "parallel_tool_calls": False, "web_search_options": {
            "search_context_size": "low"}, "n": 1, "modalities": ["text"],
        "stream_options": {"include_usage": True}, "top_p": 0.5,
        "safety_identifier": "i", "max_tokens": 40, "functions": [
            {"name": "old", "description": "d", "parameters": SCHEMA}],
        "response_format": {"type": "json_schema", "json_schema": FORMAT},
        "tools": [
            {"type": "function", "function": {
                "name": "f", "description": "d", "parameters": SCHEMA,
                "strict": True}},
            {"type": "custom", "custom": {
                "name": "c", "description": "d", "format": {
                    "type": "grammar", "grammar": {
                        "syntax": "lark", "definition": "x"}}}}],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "messages": [
            {"role": "system", "content": "S"},
            {"role": "user", "content": [
                {"type": "text", "text": "hi"},
                {"type": "image_url", "image_url": {
                    "url": PNG, "detail": "low"}},
                {"type": "file", "file": {"filename": "f",
                                          "file_data": PDF}}]},
            {"role": "assistant", "content": "a", "reasoning_content": "th",
             "reasoning_details": [
                 {"type": "reasoning.text", "text": "th", "signature": "s",
                  "format": "anthropic-claude-v1"}],
             "refusal": "no", "tool_calls": [
                 {"id": "t1", "type": "function", "function": {
                     "name": "f", "arguments": "{\"q\":1}"}},
                 {"id": "t2", "type": "custom", "custom": {
                     "name": "c", "input": "x"}}]},
            {"role": "tool", "tool_call_id": "t1", "content": "r"},
            {"role": "tool", "tool_call_id": "t2", "content": [
                {"type": "text", "text": "r2"}]},
            {"role": "assistant", "content": None, "function_call": {
                "name": "old", "arguments": "{}"}},
            {"role": "function", "name": "old", "content": "fr"},
            {"role": "user", "content": "go"}]},
    "responses": {
        "max_output_tokens": 50, "instructions": "S", "stream": True,
        "temperature": 0.5, "user": "u", "service_tier": "auto",
        "reasoning": {"effort": "high"}, "background": False, "top_p": 0.5,
        "safety_identifier": "i",
        "parallel_tool_calls": False, "text": {
            "format": {"type": "json_schema", **FORMAT}, "verbosity": "low"},
        "tools": [
            {"type": "function", "name": "f", "description": "d",
             "parameters": SCHEMA, "strict": True},
            {"type": "custom", "name": "c", "description": "d", "format": {
                "type": "grammar", "syntax": "lark", "definition": "x"}},
            {"type": "namespace", "name": "ns", "tools": [
                {"type": "function", "name": "g", "parameters": SCHEMA}]},
            {"type": "local_shell"}, {"type": "shell"},
            {"type": "tool_search", "execution": "client",
             "description": "d", "parameters": SCHEMA},
            {"type": "web_search", "search_context_size": "low"}],
        "tool_choice": {"type": "function", "name": "f"},
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "hi"},
                {"type": "input_image", "image_url": PNG, "detail": "low"},
                {"type": "input_file", "filename": "f", "file_data": PDF}]},
            {"type": "reasoning", "id": "rs_1", "encrypted_content": "E",
             "summary": [{"type": "summary_text", "text": "th"}]},
            {"type": "message", "role": "assistant", "id": "msg_1",
             "content": [{"type": "output_text", "text": "a"}]},
            {"type": "function_call", "call_id": "t1", "name": "f",
             "arguments": "{\"q\":1}"},
            {"type": "custom_tool_call", "call_id": "t2", "name": "c",
             "input": "x"},
            {"type": "local_shell_call", "call_id": "t3", "action": {
                "type": "exec", "command": ["ls"]}},
            {"type": "function_call_output", "call_id": "t1", "output": "r"},
            {"type": "custom_tool_call_output", "call_id": "t2", "output": [
                {"type": "input_text", "text": "r2"}]},
            {"type": "local_shell_call_output", "call_id": "t3",
             "output": "r3"},
            {"type": "shell_call", "call_id": "t4", "action": {
                "commands": ["ls"]}},
            {"type": "shell_call_output", "call_id": "t4", "output": [
                {"stdout": "a", "stderr": "b", "outcome": {
                    "type": "exit", "exit_code": 0}}]},
            {"type": "tool_search_call", "call_id": "t5", "execution":
             "client", "arguments": {"query": "q"}},
            {"type": "tool_search_output", "call_id": "t5", "execution":
             "client", "tools": [{"type": "function", "name": "ts",
                                  "parameters": SCHEMA}]},
            {"type": "additional_tools", "tools": [
                {"type": "function", "name": "at", "parameters": SCHEMA}]},
            {"type": "agent_message", "author": "x", "recipient": "y",
             "content": [{"type": "input_text", "text": "am"}]},
            {"role": "user", "content": "go"}]}}
OTHERS = [5, "zz", {"z": 1}, [{"z": 1}], True]
FREE = ("properties", "required", "action", "input_schema", "parameters",
        "schema")  # below these anything may stand


# What nobody reads: it goes as it is, or is named as left out.
UNREAD = ("id", "approximate", "user_location", "search_context_size")


def translated(source, target, body):
    """What is sent, or the error; and what is named as left out."""
    p = subprocess.run(
        [CONVERT, "request", source, target, MODELS[target],
         '{"webSearch":true,"customTools":true}'], capture_output=True,
        timeout=120, input=json.dumps(body).encode())
    return p.stdout, p.stderr


def paths(o, at=()):
    for k, v in (o.items() if isinstance(o, dict) else
                 enumerate(o) if isinstance(o, list) else ()):
        yield at + (k,)
        if k not in FREE and not (k == "input" and at):
            yield from paths(v, at + (k,))


def changed(o, at, *value):
    o = copy.deepcopy(o)
    inner = o
    for k in at[:-1]:
        inner = inner[k]
    was = inner[at[-1]]
    if value:
        inner[at[-1]] = value[0]
    else:
        del inner[at[-1]]
    return o, was


def kind(v):
    return float if type(v) is int else type(v)


def is_named(out, at):
    """A 400 that says which member is wrong?"""
    if out[:8] != b"HTTP 400":
        return False
    e = json.loads(out.split(b"\n", 1)[1])["error"]
    return e.get("param") or any(str(k) in e["message"] for k in at)


def check(source, target):
    full = FULL[source]
    whole = translated(source, target, full)
    assert whole[0][:1] == b"{", whole
    for at in paths(full):
        without, was = changed(full, at)
        gone = translated(source, target, without)
        read = gone != whole and gone[0][:4] != b"HTTP"
        for other in OTHERS:
            if kind(other) == kind(was) or at[-1] in UNREAD:
                continue
            got = translated(source, target, changed(full, at, other)[0])
            said = "/".join(map(str, at)), other, got
            assert is_named(got[0], at) or got[0][:4] != b"HTTP", said
            # without a difference it is as good as not there
            assert not read or got != gone, said
            # type alone tells what it is, and may be new
            assert not read or got[0] != gone[0] or at[-1] == "type" or \
                got[1] == whole[1] or is_named(got[0], at), said


def stops(source, target):
    key = "stop_sequences" if source == "anthropic" else "stop"
    for value in (5, {"a": 1}, True, [5], ["E", None], ["E", ["F"]], [{}]):
        got = translated(source, target, {**FULL[source], key: value})[0]
        assert got[:8] == b"HTTP 400" and key.encode() in got, (value, got)


def words(source, target):
    """A word that is not known is not read as none, either."""
    for at in (("tool_choice",), ("thinking", "type"),
               ("output_config", "effort"), ("reasoning_effort",),
               ("reasoning", "effort")):
        try:
            changed_body, _ = changed(FULL[source], at, "zz")
            gone = translated(source, target, changed(FULL[source], at)[0])
        except (KeyError, TypeError):
            continue
        got = translated(source, target, changed_body)
        assert got != gone, (at, got)


for source in FULL:
    for target in FULL:
        if source == target:
            continue
        for fn in (check, words) if source == "responses" else \
                (check, words, stops):
            try:
                fn(source, target)
                print(f"PASS {source} to {target}: {fn.__name__}")
            except Exception as e:
                print(f"FAIL {source} to {target}: {fn.__name__}: "
                      f"{type(e).__name__} {e}"[:600])
