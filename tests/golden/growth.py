# SPDX-License-Identifier: MIT
"""The work for n things, whose number comes from outside, grows like n:
growth.py CONVERT TOOLS. Each case is run with n and 4n of them, in processor
time; 4n may take at most nine times as long (a square would take sixteen), or
almost nothing.
"""

import json
import os
import resource
import subprocess
import sys

convert, tools = sys.argv[1:3]
N = int(os.environ.get("GROWTH_N", 2500))
SLOTS = 1000  # an answer has at most 4,096 parts
RATIO, LITTLE = 9, 0.25
TRIES = 9


def call(i, same=False):
    return "call_x" if same else "call_%d" % i


def anthropic(messages, **rest):
    return dict({"model": "m", "max_tokens": 9, "messages": messages}, **rest)


def text(role, what="hi"):
    return {"role": role, "content": what}


def request_anthropic(n, kind):
    tool = [{"name": "t%d" % i, "input_schema": {"type": "object"}}
            for i in range(n if kind == "tools" else 1)]
    if kind == "messages":
        return anthropic([text("user" if i % 2 == 0 else "assistant")
                          for i in range(n)] + [text("user")])
    if kind == "same role":
        return anthropic([text("user") for i in range(n)])
    if kind == "parts":
        return anthropic([text("user", [{"type": "text", "text": "x"}] * n)])
    if kind == "system":
        return anthropic([text("user")], system=[{"type": "text", "text": "x"}] * n)
    if kind == "tools":
        return anthropic([text("user")], tools=tool)
    if kind == "hosted":
        return anthropic([text("user")], tools=[
            {"type": "web_search_%d" % i, "name": "w%d" % i} for i in range(n)])
    if kind == "unknown fields":
        return anthropic([text("user")], **{"f%d" % i: 1 for i in range(n)})
    if kind == "stops":
        return anthropic([text("user")], stop_sequences=["s%d" % i for i in range(n)])
    same = kind == "calls with one id"
    uses = [{"type": "tool_use", "id": call(i, same), "name": "t%d" % i, "input": {}}
            for i in range(n)]
    results = [{"type": "tool_result", "tool_use_id": call(i, same), "content": "r"}
               for i in range(n)]
    if kind == "undeclared":
        return anthropic([text("user"), text("assistant", uses), text("user", results)])
    if kind == "turns of calls":
        turns = [text("user")]
        for use, result in zip(uses, results):
            turns += [text("assistant", [use]), text("user", [result])]
        return anthropic(turns, tools=tool)
    if kind == "calls and results reversed":
        results.reverse()
    if kind == "systems inside":
        turns = [text("user")]
        for i in range(n):
            turns += [text("system", "s"), text("user", "u")]
        return anthropic(turns)
    return anthropic([text("user"), text("assistant", uses), text("user", results)],
                     tools=tool)


def request_openai(n, kind):
    def function(i):
        return {"type": "function", "function": {"name": "t%d" % i, "parameters": {}}}

    same = kind == "calls with one id"
    calls = [{"id": call(i, same), "type": "function",
              "function": {"name": "t%d" % i, "arguments": "{}"}} for i in range(n)]
    results = [{"role": "tool", "tool_call_id": call(i, same), "content": "r"}
               for i in range(n)]
    body = {"model": "m", "messages": [text("user")]}
    if kind == "messages":
        body["messages"] = [text("user" if i % 2 == 0 else "assistant")
                            for i in range(n)] + [text("user")]
    elif kind == "same role":
        body["messages"] = [text("user")] * n
    elif kind == "system":
        body["messages"] = [text("system")] * n + [text("user")]
    elif kind == "systems inside":
        body["messages"] = [text("user")] + [
            text(r) for i in range(n) for r in ("developer", "user")]
    elif kind == "parts":
        body["messages"] = [text("user", [{"type": "text", "text": "x"}] * n)]
    elif kind == "tools":
        body["tools"] = [function(i) for i in range(n)]
    elif kind == "hosted":
        body["tools"] = [{"type": "h%d" % i} for i in range(n)]
    elif kind == "unknown fields":
        body.update({"f%d" % i: 1 for i in range(n)})
    elif kind == "stops":
        body["stop"] = ["s%d" % i for i in range(n)]
    else:
        body["tools"] = [function(0)]
        if kind == "undeclared":
            del body["tools"]
        if kind == "calls and results reversed":
            results.reverse()
        turns = [text("user")]
        if kind == "turns of calls":
            for c, r in zip(calls, results):
                turns += [{"role": "assistant", "content": None, "tool_calls": [c]}, r]
        else:
            turns += [{"role": "assistant", "content": None, "tool_calls": calls}]
            turns += results
        body["messages"] = turns
    return body


def request_responses(n, kind):
    same = kind == "calls with one id"
    calls = [{"type": "function_call", "call_id": call(i, same), "name": "t%d" % i,
              "arguments": "{}"} for i in range(n)]
    results = [{"type": "function_call_output", "call_id": call(i, same), "output": "r"}
               for i in range(n)]

    def say(role):
        return {"type": "message", "role": role, "content": "hi"}

    body = {"model": "m", "input": [say("user")]}
    if kind == "messages":
        body["input"] = [say("user" if i % 2 == 0 else "assistant")
                         for i in range(n)] + [say("user")]
    elif kind == "same role":
        body["input"] = [say("user")] * n
    elif kind == "system":
        body["input"] = [say("system")] * n + [say("user")]
    elif kind == "systems inside":
        body["input"] = [say("user")] + [
            say(r) for i in range(n) for r in ("developer", "user")]
    elif kind == "parts":
        body["input"] = [{"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "x"}] * n}]
    elif kind == "tools":
        body["tools"] = [{"type": "function", "name": "t%d" % i, "parameters": {}}
                         for i in range(n)]
    elif kind == "hosted":
        body["tools"] = [{"type": "h%d" % i} for i in range(n)]
    elif kind == "unknown fields":
        body.update({"f%d" % i: 1 for i in range(n)})
    elif kind == "stops":
        return None
    elif kind == "late results":
        body["input"] = [say("user")] + calls + [say("assistant")] + results
    elif kind == "deferred":
        body["tools"] = [{"type": "tool_search", "execution": "client"}, {
            "type": "namespace", "name": "s", "tools": [
                {"type": "function", "name": "t%d" % i, "defer_loading": True}
                for i in range(n)]}]
    else:
        if kind != "undeclared":
            body["tools"] = [{"type": "function", "name": "t0", "parameters": {}}]
        if kind == "calls and results reversed":
            results.reverse()
        if kind == "turns of calls":
            items = [i for pair in zip(calls, results) for i in pair]
        else:
            items = calls + results
        body["input"] = [say("user")] + items
    return body


KINDS = [
    "messages", "same role", "parts", "system", "systems inside", "tools", "hosted",
    "unknown fields", "stops", "undeclared", "turns of calls", "calls",
    "calls with one id", "calls and results reversed",
]
OF_RESPONSES = ["late results", "deferred"]
REQUESTS = {"anthropic": request_anthropic, "openai": request_openai,
            "responses": request_responses}


def sse(events, named):
    out = []
    for e in events:
        if named:
            out.append("event: %s\n" % e["type"])
        out.append("data: %s\n\n" % json.dumps(e))
    return "".join(out)


ANSWERS = ["calls", "calls with one id", "calls without an id", "interleaved", "texts"]


def answer_anthropic(n, kind, stream):
    def block(i):
        if kind == "texts":
            return {"type": "text", "text": "x"}
        b = {"type": "tool_use", "name": "t", "input": {},
             "id": "" if "without" in kind else call(i, "one" in kind)}
        return b

    usage = {"input_tokens": 1, "output_tokens": 1}
    head = {"id": "m", "type": "message", "role": "assistant", "model": "m",
            "content": [], "stop_reason": None, "usage": usage}
    if not stream:
        return json.dumps(dict(head, content=[block(i) for i in range(n)],
                               stop_reason="tool_use"))
    events = [{"type": "message_start", "message": head}]
    starts = [{"type": "content_block_start", "index": i, "content_block": block(i)}
              for i in range(n)]
    deltas = [{"type": "content_block_delta", "index": i, "delta":
               {"type": "text_delta", "text": "y"} if kind == "texts" else
               {"type": "input_json_delta", "partial_json": "{}"}} for i in range(n)]
    stops = [{"type": "content_block_stop", "index": i} for i in range(n)]
    if kind == "interleaved":
        events += starts + deltas[::-1] + stops[::-1]
    else:
        events += [e for three in zip(starts, deltas, stops) for e in three]
    events += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"},
                "usage": usage}, {"type": "message_stop"}]
    return sse(events, True)


def answer_openai(n, kind, stream):
    def one(i):
        c = {"index": i, "type": "function",
             "function": {"name": "t", "arguments": "{}"}}
        if "without" not in kind:
            c["id"] = call(i, "one" in kind)
        return c

    def chunk(delta, finish=None):
        return {"id": "c", "object": "chat.completion.chunk", "model": "m",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    calls = [one(i) for i in range(n)]
    if not stream:
        message = {"role": "assistant", "content": "x", "tool_calls": calls}
        if kind == "texts":
            message = {"role": "assistant",
                       "content": [{"type": "text", "text": "x"}] * n}
        return json.dumps({"id": "c", "model": "m", "choices": [
            {"index": 0, "message": message, "finish_reason": "tool_calls"}]})
    if kind == "texts":
        deltas = [chunk({k: "x"}) for i in range(n // 2)
                  for k in ("content", "reasoning_content")]
    elif kind == "interleaved":
        deltas = [chunk({"tool_calls": [dict(c, function={"name": "t", "arguments": ""})]})
                  for c in calls]
        deltas += [chunk({"tool_calls": [{"index": c["index"], "function":
                                          {"arguments": "{}"}}]}) for c in calls[::-1]]
    else:
        deltas = [chunk({"tool_calls": [c]}) for c in calls]
    return sse(deltas + [chunk({}, "tool_calls")], False) + "data: [DONE]\n\n"


def answer_responses(n, kind, stream):
    def item(i, whole):
        if kind == "texts":
            return {"type": "message", "id": "i%d" % i, "role": "assistant", "content":
                    [{"type": "output_text", "text": "x"}] if whole else []}
        c = {"type": "function_call", "id": "i%d" % i, "name": "t",
             "arguments": "{}" if whole else ""}
        if "without" not in kind:
            c["call_id"] = call(i, "one" in kind)
        return c

    done = {"id": "r", "object": "response", "model": "m", "status": "completed",
            "output": [item(i, True) for i in range(n)],
            "usage": {"input_tokens": 1, "output_tokens": 1}}
    if not stream:
        return json.dumps(done)
    starts = [{"type": "response.output_item.added", "output_index": i,
               "item": item(i, False)} for i in range(n)]
    deltas = [{"type": "response.output_text.delta", "output_index": i,
               "content_index": 0, "delta": "x"} if kind == "texts" else
              {"type": "response.function_call_arguments.delta", "output_index": i,
               "delta": "{}"} for i in range(n)]
    stops = [{"type": "response.output_item.done", "output_index": i,
              "item": item(i, True)} for i in range(n)]
    if kind == "interleaved":
        events = starts + deltas[::-1] + stops[::-1]
    else:
        events = [e for three in zip(starts, deltas, stops) for e in three]
    return sse([{"type": "response.created", "response": dict(done, output=[])}] + events
               + [{"type": "response.completed", "response": done}], True)


READERS = {"anthropic": answer_anthropic, "openai": answer_openai,
           "responses": answer_responses}


def seconds(command, data):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        done = subprocess.run(command, input=data.encode(), stderr=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=120)
    except subprocess.TimeoutExpired:
        return 120.0
    if done.returncode or done.stdout.startswith(b"HTTP"):
        sys.exit("%s: %s" % (command, done.stdout[:300]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def judge(name, command, make, n):
    few, many = make(n), make(4 * n)
    one, four = seconds(command, few), seconds(command, many)
    for _ in range(TRIES):
        good = four <= LITTLE or four <= RATIO * one
        if good:
            break
        # Others take part of the processor's caches: the least of several counts.
        one, four = min(one, seconds(command, few)), min(four, seconds(command, many))
    print("%s %s%s" % ("PASS" if good else "FAIL", name,
                       "" if good and "GROWTH_SHOW" not in os.environ else
                       ": %.2f s for %d, %.2f s for %d" % (one, n, four, 4 * n)),
          flush=True)


def dump(make, kind):
    return lambda n: json.dumps(make(n, kind))


def late(n, dialect, same):
    """Calls turn by turn, and all of their results behind the last."""
    ids = [call(i, same) for i in range(n)]
    if dialect == "responses":
        return json.dumps({"model": "m", "input": [
            {"type": "function_call", "call_id": i, "name": "f",
             "arguments": "{}"} for i in ids] + [
            {"type": "custom_tool_call_output", "call_id": i, "output": "r"}
            for i in ids]})
    if dialect == "anthropic":
        said = [m for i in ids for m in (
            text("assistant", [{"type": "tool_use", "id": i, "name": "f",
                                "input": {}}]), text("user", "go"))]
        return json.dumps(anthropic(said + [text("user", [
            {"type": "tool_result", "tool_use_id": i, "content": "r"}
            for i in ids])]))
    made = [{"id": i, "type": "function", "function": {
        "name": "f", "arguments": "{}"}} for i in ids]
    return json.dumps({"model": "m", "messages": [
        {"role": "assistant", "content": None, "tool_calls": made},
        text("user")] + [{"role": "tool", "tool_call_id": i, "content": "r"}
                         for i in ids]})


wanted = os.environ.get("GROWTH_ONLY", "")
for dialect in REQUESTS:
    for same in (False, True):
        name = "mend %s, late results%s" % (dialect, ", one id" * same)
        if wanted in name:
            judge(name, [convert, "mend", dialect, "m", json.dumps(
                {"callsPaired": True, "strictMessages": True})],
                lambda n: late(n, dialect, same), N)
for source, make in REQUESTS.items():
    for kind in KINDS + OF_RESPONSES * (source == "responses"):
        if make(1, kind) is None:
            continue
        for target in REQUESTS:
            name = "request %s to %s, %s" % (source, target, kind)
            if target != source and wanted in name:
                judge(name, [convert, "request", source, target, "m"], dump(make, kind), N)
for source, make in READERS.items():
    for kind in ANSWERS:
        for how in ("stream", "whole"):
            for target in READERS:
                name = "answer %s to %s, %s, %s" % (source, target, kind, how)
                if target != source and wanted in name:
                    judge(name, [convert, "answer", source, target, how, "0"],
                          lambda n: make(n, kind, how == "stream"), SLOTS)
for kind in KINDS:
    name = "tools request, " + kind
    if wanted in name:
        judge(name, [tools, "request", "map"], dump(request_anthropic, kind), N)
