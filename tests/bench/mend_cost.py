#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What it costs to look for what has to be mended, where nothing has:
mend_cost.py BUILDDIR

The same conversations, at a backend as it is and at one with "mend": false, in
instructions of the worker, as budget.py counts them. Prints PASS and FAIL
lines; exits with 77 without valgrind.
"""

import json
import shutil
import statistics
import sys
import tempfile

import budget
import fastcgi

ALLOWED = 1.03
PAIRS = 3  # of a window and one of twice the size
SIZE = 4   # requests in a window
STEPS = 12  # of a conversation: a call, its result, and what is said
TEXT = "the words of a result, as a tool would give them. " * 12


def messages(model):
    turns = [{"role": "user", "content": TEXT}]
    for i in range(STEPS):
        turns += [{"role": "assistant", "content": [
            {"type": "text", "text": TEXT[:200]},
            {"type": "tool_use", "id": f"toolu_{i}", "name": "f",
             "input": {"path": TEXT[:90]}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": f"toolu_{i}",
                 "content": TEXT}]}]
    return {"model": model, "max_tokens": 4000, "messages": turns,
            "system": [{"type": "text", "text": TEXT}],
            "thinking": {"type": "adaptive"}, "tools": [{
                "name": "f", "input_schema": {"type": "object"}}]}


def chat(model):
    turns = [{"role": "system", "content": TEXT},
             {"role": "user", "content": TEXT}]
    for i in range(STEPS):
        turns += [{"role": "assistant", "content": TEXT[:200], "tool_calls": [
            {"id": f"call_{i}", "type": "function", "function": {
                "name": "f", "arguments": json.dumps({"path": TEXT[:90]})}}]},
            {"role": "tool", "tool_call_id": f"call_{i}", "content": TEXT}]
    return {"model": model, "messages": turns, "tools": [{
        "type": "function", "function": {"name": "f", "parameters": {
            "type": "object"}}}]}


def responses(model):
    items = [{"role": "user", "content": [
        {"type": "input_text", "text": TEXT}]}]
    for i in range(STEPS):
        items += [{"type": "function_call", "call_id": f"call_{i}",
                   "name": "f", "arguments": json.dumps({"path": TEXT[:90]})},
                  {"type": "function_call_output", "call_id": f"call_{i}",
                   "output": TEXT}]
    return {"model": model, "input": items, "store": False,
            "instructions": TEXT, "tools": [{
                "type": "function", "name": "f", "strict": False,
                "parameters": {"type": "object"}}]}


RESPONSE = json.dumps({"id": "r", "object": "response", "status": "completed",
                       "output": [], "usage": {}}).encode()
LANES = {
    "Messages": ("/v1/messages", messages, "claude-opus-4-8", budget.MESSAGE),
    "Chat": ("/v1/chat/completions", chat, "m", budget.CHAT),
    "Chat with OpenAI's models": (
        "/v1/chat/completions", chat, "gpt-5.4", budget.CHAT),
    "Responses": ("/v1/responses", responses, "gpt-5.4", RESPONSE),
}
BACKENDS = {"looked": {}, "left": {"mend": False}}


def window(worker, lane, backend, times):
    path, make, model, text = LANES[lane]
    asked = json.dumps(make(f"{backend}:{model}")).encode()
    for _ in range(SIZE * times):
        got = worker.ask(path, asked, budget.answer(text))
        if b"Status: 200" not in got:
            worker.fail(f"{lane}: answered {got[:300]}")
        if b"x-dario-mended" in got:
            worker.fail(f"{lane}: there is something to be mended")
    if b"Status: 200" not in worker.get(budget.MARK_PATH):
        worker.fail(f"{budget.MARK_PATH} does not answer")


def measure(builddir):
    lanes = [(lane, b) for lane in LANES for b in BACKENDS]
    with tempfile.TemporaryDirectory(dir=fastcgi.PLACE) as place:
        tool = ["valgrind", "--tool=callgrind", f"--log-file={place}/log",
                f"--callgrind-out-file={place}/out",
                f"--dump-before={budget.MARK}"]
        with fastcgi.Worker(builddir, tool) as worker:
            for name, more in BACKENDS.items():
                fastcgi.put(f"{worker.home}/backends/{name}.json", {
                    "provider": "openai", "name": name,
                    "apiKey": "key-0123456789abcdef",
                    "baseUrl": f"{worker.upstream}/v1",
                    "protocol": "openai,responses,anthropic", **more})
            for lane, backend in lanes:  # warm
                window(worker, lane, backend, 1)
            for lane, backend in lanes:
                for _ in range(PAIRS):
                    window(worker, lane, backend, 1)
                    window(worker, lane, backend, 2)
        counts = budget.windows(place)[len(lanes):]
    costs = {}
    for i, key in enumerate(lanes):
        own = counts[2 * PAIRS * i:2 * PAIRS * (i + 1)]
        costs[key] = statistics.median(
            (own[2 * k + 1] - own[2 * k]) / SIZE for k in range(PAIRS))
    return costs


def main():
    if not shutil.which("valgrind"):
        print("SKIP valgrind is missing")
        return 77
    if "-fsanitize" in budget.built(sys.argv[1]):
        print("SKIP valgrind runs no build with sanitizers")
        return 77
    costs = measure(sys.argv[1])
    for lane in LANES:
        looked, left = (costs[lane, b] for b in BACKENDS)
        print(f"{'PASS' if looked <= ALLOWED * left else 'FAIL'} {lane}: "
              f"{looked:,.0f} instructions a request, {looked / left:.4f} of "
              f"those with \"mend\": false, {ALLOWED} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
