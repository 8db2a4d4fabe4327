#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Searches in what a client sends back do not grow in squares: steps.py CONVERT

Instructions are counted, by callgrind: four times as much of it may cost five
times as many, where a square would cost sixteen. Prints "PASS what" or "FAIL
what: why" a line.
"""

import json
import re
import subprocess
import sys

CONVERT = sys.argv[1]
FEW, FACTOR, MOST = 1500, 4, 5
SOME = 120  # pairs of members: of one object a thousand may come
USER = {"role": "user", "content": "q"}


def run(argv, body):
    """What is printed, and how many instructions that took."""
    text = body if isinstance(body, str) else json.dumps(body)
    p = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         CONVERT, *argv], input=text.encode(), capture_output=True)
    assert p.returncode == 0, p.stdout[:300]
    return json.loads(p.stdout), int(re.search(
        rb"Collected : (\d+)", p.stderr).group(1))


def check(what, few, argv, body):
    """`body` gives one with so many of what is looked at."""
    base, less, more = (run(argv, body(n))[1] for n in (0, few, FACTOR * few))
    good = less > base and more - base <= MOST * (less - base)
    print(f"PASS {what}" if good else f"FAIL {what}: {base} {less} {more}")


def sealed():
    """What of an answer of Responses travels with its text: its item's id."""
    answer = {"object": "response", "id": "r", "status": "completed",
              "model": "m", "usage": {}, "output": [
                  {"type": "message", "id": "msg_1", "role": "assistant",
                   "phase": "commentary", "content": [
                       {"type": "output_text", "text": "said"}]}]}
    got, _ = run(["answer", "responses", "anthropic", "whole", "0"], answer)
    return next(b["data"] for b in got["content"]
                if b["type"] == "redacted_thinking")


def history(client, seal, n):
    """The answer back, among texts without a byte, and changed by its client."""
    if client == "anthropic":
        return {"max_tokens": 9, "messages": [USER, {
            "role": "assistant", "content": [
                {"type": "redacted_thinking", "data": seal},
                *({"type": "text", "text": ""} for _ in range(n)),
                {"type": "text", "text": "other"}]}, USER]}
    if client == "openai":
        return {"messages": [USER, {
            "role": "assistant", "reasoning_details": [
                {"type": "reasoning.encrypted", "data": seal}],
            "content": [*({"type": "text", "text": ""} for _ in range(n)),
                        {"type": "text", "text": "other"}]}, USER]}
    return {"input": [USER, {
        "type": "reasoning", "id": "rs_1", "summary": [],
        "encrypted_content": seal}, {"role": "assistant", "content": [
            *({"type": "output_text", "text": ""} for _ in range(n)),
            {"type": "output_text", "text": "other"}]}, USER]}


def body(inside):
    """Of a request in any API, with these members besides."""
    return '{"model":"m","max_tokens":9' + inside + "}"


def members(text, before=""):
    return lambda n: body(before + f",{text}" * n)


def message(text, role):
    """A member of one message."""
    said = '"role":"%s","name":"f","content":"x"' % role
    return lambda n: body(',"messages":[{"role":"user","content":"q"},{'
                          + said + f",{text}" * n + "}]")


def systems(n):
    """Messages that say nothing, of each of which may be asked what follows."""
    empty = '{"role":"system","content":[{"type":"text","text":""}]}'
    return body(',"messages":[{"role":"user","content":"q"}%s]'
                % (f",{empty}" * n))


TOOLS = ',"tools":[%s]' % ",".join(
    '{"name":"t%d","input_schema":{"type":"object"}}' % i for i in range(99))
CALL = ('"tool_calls":[{"id":"a","type":"function","function":'
        '{"name":"f","arguments":"{}"}}]')
LEGACY = {"callsPaired": True}
STRICT = {"strictMessages": True}
FOREIGN = {"foreignFieldsRefused": True}

# A member that stands there again and again: what is looked for at each.
AGAIN = (
    ("openai", "m", LEGACY, "functions and their choice", members(
        '"function_call":"a","functions":[{"name":"f"}]')),
    ("openai", "m", LEGACY, "the name of a result", message(
        '"name":"f","x":0', "function")),
    ("openai", "m", {"maxCompletionTokens": True}, "a limit", members(
        '"max_tokens":9,"x":0')),
    ("openai", "m", {"reasoningContent": True}, "a role", message(
        '"role":"assistant","x":0', 'assistant",' + CALL + ',"x":"')),
    ("openai", "m", {"customTools": False}, "members of a choice",
     lambda n: body(',"tool_choice":{"type":"custom","custom":{"name":"f"}'
                    + ',"x":0' * 9 * n + '},"tools":[{"type":"custom",'
                    '"custom":{"name":"f"}}]')),
    ("responses", "m", FOREIGN, "what Chat has", members(
        '"max_tokens":9,"verbosity":"low"')),
    ("anthropic", "m", STRICT, "a choice", members(
        '"tool_choice":{"type":"tool","name":"t1"},"x":0', TOOLS)),
    ("anthropic", "claude-opus-5", STRICT, "thinking", members(
        '"thinking":{"type":"enabled","budget_tokens":2000},"x":0',
        ',"output_config":{}')),
    ("anthropic", "claude-opus-5-5", {}, "a system message", systems),
)


def main():
    seal = sealed()
    for client, target in (("anthropic", "responses"),
                           ("openai", "responses"), ("responses", "openai")):
        check(f"{client}: texts among which an answer is looked for", FEW,
              ["request", client, target, "m"],
              lambda n: history(client, seal, n))
    for dialect, model, switches, what, made in AGAIN:
        check(f"{dialect}: {what}, again and again", SOME,
              ["mend", dialect, model, json.dumps(switches)], made)


main()
