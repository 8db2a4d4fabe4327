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
USER = {"role": "user", "content": "q"}


def run(argv, body):
    """What is printed, and how many instructions that took."""
    p = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         CONVERT, *argv], input=json.dumps(body).encode(), capture_output=True)
    assert p.returncode == 0, p.stdout[:300]
    return json.loads(p.stdout), int(re.search(
        rb"Collected : (\d+)", p.stderr).group(1))


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


def main():
    seal = sealed()
    for client, target in (("anthropic", "responses"),
                           ("openai", "responses"), ("responses", "openai")):
        base, few, many = (
            run(["request", client, target, "m"], history(client, seal, n))[1]
            for n in (0, FEW, FACTOR * FEW))
        what = f"{client}: texts among which an answer is looked for"
        good = few > base and many - base <= MOST * (few - base)
        print(f"PASS {what}" if good else f"FAIL {what}: {base} {few} {many}")


main()
