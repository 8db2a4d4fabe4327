#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every row of share/tools.json, there and back. tools.py TOOLS [--update]

tests/golden/data/tools.json holds one call for every client tool that has a
row: its input as the client writes it and as the model does. Each is sent as
declaration and as history of two turns, and comes back as a stream (which
TOOLS reads whole, bytewise and at seeded places) and whole, for clients of all
three APIs. --update writes the data anew from the rows: read the difference
before you commit it.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOOLS = sys.argv[1]
HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent.resolve()
os.environ.setdefault("DARIO_DATADIR", str(ROOT))
DATA = HERE / "data" / "tools.json"
ROWS = json.loads((ROOT / "share/tools.json").read_text())
MODEL = "claude-sonnet-4-5"
VALUES = {"string": "text \u00e4 \"q\" \n", "number": 7, "boolean": True,
          "array": [{"content": "a", "status": "pending"}]}


def made_cases():
    """One case a client name: the usual names, and a field of its own."""
    forms = {t["name"]: t["input_schema"]["properties"] for t in ROWS["tools"]}
    for row in ROWS["map"]:
        for name in row["names"]:
            client, model = {}, {}
            for field, names in row["fields"].items():
                value = VALUES[forms[row["tool"]][field]["type"]]
                client[names[0]] = model[field] = value
            client["own_field"] = model["own_field"] = 1
            yield {"client": name, "tool": row["tool"],
                   "client_input": client, "model_input": model}


def schema(values):
    kinds = {str: "string", bool: "boolean", int: "integer", list: "array"}
    return {"type": "object", "required": list(values),
            "properties": {k: {"type": kinds[type(v)]}
                           for k, v in values.items()}}


def as_anthropic(c):
    call = {"type": "tool_use", "name": c["client"],
            "input": c["client_input"]}
    turn = [{"role": "assistant", "content": [
                {"type": "text", "text": f"I use {c['client']}"},
                dict(call, id="t1")]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1",
                 "content": f"{c['client']} says"}]}]
    again = json.loads(json.dumps(turn).replace('"t1"', '"t2"'))
    return {"model": MODEL, "max_tokens": 99, "stream": True,
            "messages": [{"role": "user", "content": c["client"]}] + turn +
            again,
            "tools": [{"name": c["client"], "description": "Own words.",
                       "input_schema": schema(c["client_input"])},
                      {"name": "unknown_tool",
                       "input_schema": {"type": "object", "properties": {}}}],
            "tool_choice": {"type": "tool", "name": c["client"]}}


def as_openai(c):
    def turn(id):
        return [{"role": "assistant", "content": f"I use {c['client']}",
                 "tool_calls": [{
                     "id": id, "type": "function", "function": {
                         "name": c["client"],
                         "arguments": json.dumps(c["client_input"])}}]},
                {"role": "tool", "tool_call_id": id,
                 "content": f"{c['client']} says"}]
    tools = [{"name": c["client"], "description": "Own words.",
              "parameters": schema(c["client_input"])},
             {"name": "unknown_tool",
              "parameters": {"type": "object", "properties": {}}}]
    return {"model": MODEL, "max_tokens": 99, "stream": True,
            "messages": [{"role": "user", "content": c["client"]}] +
            turn("t1") + turn("t2"),
            "tools": [{"type": "function", "function": t} for t in tools],
            "tool_choice": {"type": "function",
                            "function": {"name": c["client"]}}}


def as_responses(c):
    o = as_openai(c)

    def turn(id):
        return [{"type": "message", "role": "assistant", "content": [
                    {"type": "output_text", "text": f"I use {c['client']}"}]},
                {"type": "function_call", "call_id": id, "name": c["client"],
                 "arguments": json.dumps(c["client_input"])},
                {"type": "function_call_output", "call_id": id,
                 "output": f"{c['client']} says"}]
    return {"model": MODEL, "max_output_tokens": 99, "stream": True,
            "input": [{"type": "message", "role": "user",
                       "content": c["client"]}] + turn("t1") + turn("t2"),
            "tools": [dict(t["function"], type="function")
                      for t in o["tools"]],
            "tool_choice": {"type": "function", "name": c["client"]}}


def message(c):
    return {"id": "msg_1", "type": "message", "role": "assistant",
            "model": MODEL, "content": [
                {"type": "text", "text": c["tool"]},
                {"type": "tool_use", "id": "t3", "name": c["tool"],
                 "input": c["model_input"]},
                {"type": "tool_use", "id": "t4", "name": "unknown_tool",
                 "input": {"command": 1, "file_path": 2}}],
            "stop_reason": "tool_use", "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1}}


def events(c):
    m = message(c)
    blocks = m.pop("content")
    yield {"type": "message_start",
           "message": dict(m, content=[], stop_reason=None)}
    for i, b in enumerate(blocks):
        call = b["type"] == "tool_use"
        text = json.dumps(b["input"]) if call else b["text"]
        empty = dict(b, input={}) if call else dict(b, text="")
        yield {"type": "content_block_start", "index": i,
               "content_block": empty}
        for at in range(0, len(text), 9):
            yield {"type": "content_block_delta", "index": i, "delta":
                   {"type": "input_json_delta",
                    "partial_json": text[at:at + 9]} if call else
                   {"type": "text_delta", "text": text[at:at + 9]}}
        yield {"type": "content_block_stop", "index": i}
    yield {"type": "message_delta", "usage": m["usage"],
           "delta": {"stop_reason": "tool_use", "stop_sequence": None}}
    yield {"type": "message_stop"}


def sse(c):
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                   for e in events(c)).encode()


def data_of(out):
    return [json.loads(line[6:]) for line in out.decode().split("\n")
            if line.startswith("data: {")]


def calls_anthropic(out, stream):
    if not stream:
        return [(b["name"], b["input"]) for b in json.loads(out)["content"]
                if b["type"] == "tool_use"]
    blocks = {}
    for e in data_of(out):
        if e["type"] == "content_block_start":
            blocks[e["index"]] = [e["content_block"].get("name"), ""]
        elif e["type"] == "content_block_delta":
            blocks[e["index"]][1] += e["delta"].get("partial_json", "")
    return [(n, json.loads(t)) for n, t in blocks.values() if n]


def calls_openai(out, stream):
    if not stream:
        return [(t["function"]["name"], json.loads(t["function"]["arguments"]))
                for t in json.loads(out)["choices"][0]["message"]
                ["tool_calls"]]
    calls = {}
    for e in data_of(out):
        for choice in e["choices"]:
            for t in choice["delta"].get("tool_calls", []):
                c = calls.setdefault(t["index"], ["", ""])
                c[0] += t["function"].get("name", "")
                c[1] += t["function"].get("arguments", "")
    return [(n, json.loads(t)) for n, t in calls.values()]


def calls_responses(out, stream):
    o = data_of(out)[-1]["response"] if stream else json.loads(out)
    return [(i["name"], json.loads(i["arguments"])) for i in o["output"]
            if i["type"] == "function_call"]


APIS = {"anthropic": (as_anthropic, calls_anthropic, []),
        "openai": (as_openai, calls_openai, ["openai", MODEL]),
        "responses": (as_responses, calls_responses, ["responses", MODEL])}


def run(argv, data):
    p = subprocess.run([TOOLS, *argv], input=data, capture_output=True,
                       timeout=60)
    assert p.returncode == 0, p.stderr.decode()
    return p.stdout


def check_request(c, o):
    tool, other = o["tools"]
    assert tool["name"] == c["tool"], tool
    assert other["name"] == "unknown_tool", other
    assert tool["description"].endswith("\n\nOwn words."), tool
    want = schema(c["model_input"])
    got = tool["input_schema"]
    assert sorted(got["required"]) == sorted(want["required"]), got
    assert {k: v["type"] for k, v in got["properties"].items()} == {
        k: v["type"] for k, v in want["properties"].items()}, got
    assert o["tool_choice"]["name"] == c["tool"], o["tool_choice"]
    calls = [b for m in o["messages"] if isinstance(m["content"], list)
             for b in m["content"] if b["type"] == "tool_use"]
    assert [(b["name"], b["input"]) for b in calls] == \
        [(c["tool"], c["model_input"])] * 2, calls
    words = json.dumps([m for m in o["messages"]])
    assert words.count(c["client"] + " says") == 2, words
    assert words.count("I use " + c["client"]) == 2, words


def check(c, api):
    build, calls, extra = APIS[api]
    body = json.dumps(build(c)).encode()
    want = [(c["client"], c["client_input"]),
            ("unknown_tool", {"command": 1, "file_path": 2})]
    check_request(c, json.loads(run(["request", "map", *extra], body)))
    with tempfile.NamedTemporaryFile() as f:
        f.write(body)
        f.flush()
        for stream in (True, False):
            data = sse(c) if stream else json.dumps(message(c)).encode()
            got = calls(run(["answer", "map", f.name, *extra], data), stream)
            assert got == want, f"stream {stream}: {got}"


def complete(cases):
    have = [c["client"] for c in cases]
    want = [n for r in ROWS["map"] for n in r["names"]]
    assert have == want, set(have) ^ set(want)


if "--update" in sys.argv:
    DATA.write_text("[\n" + ",\n".join(
        "  " + json.dumps(c) for c in made_cases()) + "\n]\n")
CASES = json.loads(DATA.read_text())
for name, fn in [("every row has a case", lambda: complete(CASES))] + [
        (f"{api}: {c['client']}", lambda c=c, api=api: check(c, api))
        for api in APIS for c in CASES]:
    try:
        fn()
        print(f"PASS {name}")
    except Exception as e:
        print(f"FAIL {name}: {type(e).__name__} {e}".replace("\n", " ")[:900])
