#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Generated conversations keep their meaning: property.py CONVERT.

Each is written in every dialect by this script, translated into every dialect
(its own too), and read back by this script. Fixed seed. Prints "PASS pair" or
"FAIL pair: why" for each of the nine pairs.
"""

import json
import os
import random
import string
import subprocess
import sys

CONVERT = sys.argv[1]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
ROUNDS = 40
MODEL = "claude-sonnet-4-5"


# --- a conversation in no dialect ----------------------------------------

def text(r):
    words = ["plain", "\u00e9\u6f22", "\U0001f600", 'quo"te', "back\\slash",
             "line\nend", "tab\t", "</x>", "{json}", "a" * 200]
    return " ".join(r.choices(words, k=r.randrange(1, 6)))


def value(r, depth=0):
    kinds = [lambda: text(r), lambda: r.randrange(-9, 10**9),
             lambda: r.choice([True, False, None]), lambda: r.random()]
    if depth < 3:
        kinds += [lambda: [value(r, depth + 1)
                           for _ in range(r.randrange(3))],
                  lambda: {text(r): value(r, depth + 1)
                           for _ in range(r.randrange(3))}]
    return r.choice(kinds)()


def conversation(r):
    """Turns as (role, items); items are text, image, call and result."""
    turns, n = [], 0
    for _ in range(r.randrange(1, 5)):
        items = [("text", text(r))]
        if r.random() < .3:
            items.append(("image", "https://h/" + str(r.randrange(99))))
        turns.append(("user", items))
        calls = []
        for _ in range(r.randrange(3)):
            n += 1
            i = "".join(r.choices(string.ascii_letters + "0123456789_",
                                  k=r.randrange(1, 30))) + str(n)
            calls.append(("call", i, r.choice("fgh"),
                          {"a": value(r), "b": value(r)}))
        said = [("text", text(r))] if r.random() < .7 or not calls else []
        turns.append(("assistant", said + calls))
        if calls:
            turns.append(("user", [("result", c[1], text(r))
                                   for c in calls]))
            turns.append(("assistant", [("text", text(r))]))
    turns.append(("user", [("text", text(r))]))
    c = {"turns": turns, "system": text(r) if r.random() < .7 else None,
         "max": r.randrange(1, 9000), "stream": r.random() < .5,
         "temperature": r.choice([None, 0, 0.5, 1]),
         "choice": r.choice(["auto", "any", "none", None]),
         "tools": [(t, text(r), {"type": "object", "properties": {
             text(r): {"type": "string", "minLength": 2}}, "x-extra": [1]})
             for t in "fgh"]}
    return c


# --- written in each dialect ---------------------------------------------

def as_anthropic(c):
    def item(i):
        if i[0] == "text":
            return {"type": "text", "text": i[1]}
        if i[0] == "image":
            return {"type": "image", "source": {"type": "url", "url": i[1]}}
        if i[0] == "call":
            return {"type": "tool_use", "id": i[1], "name": i[2],
                    "input": i[3]}
        return {"type": "tool_result", "tool_use_id": i[1], "content": i[2]}
    o = {"model": MODEL, "max_tokens": c["max"], "stream": c["stream"],
         "messages": [{"role": role, "content": [item(i) for i in items]}
                      for role, items in c["turns"]],
         "tools": [{"name": n, "description": d, "input_schema": s}
                   for n, d, s in c["tools"]]}
    if c["system"]:
        o["system"] = c["system"]
    if c["temperature"] is not None:
        o["temperature"] = c["temperature"]
    if c["choice"]:
        o["tool_choice"] = {"type": c["choice"]}
    return o


WORDS = {"auto": "auto", "any": "required", "none": "none"}


def as_openai(c):
    messages = []
    if c["system"]:
        messages.append({"role": "system", "content": c["system"]})
    for role, items in c["turns"]:
        results = [i for i in items if i[0] == "result"]
        messages += [{"role": "tool", "tool_call_id": i[1], "content": i[2]}
                     for i in results]
        rest = [i for i in items if i[0] in ("text", "image")]
        m = {"role": role}
        if role == "user" and rest:
            m["content"] = [
                {"type": "text", "text": i[1]} if i[0] == "text" else
                {"type": "image_url", "image_url": {"url": i[1]}}
                for i in rest]
        elif role == "assistant":
            m["content"] = rest[0][1] if rest else None
            calls = [{"id": i[1], "type": "function", "function": {
                "name": i[2], "arguments": json.dumps(i[3])}}
                for i in items if i[0] == "call"]
            if calls:
                m["tool_calls"] = calls
        if len(m) > 1:
            messages.append(m)
    o = {"model": MODEL, "max_tokens": c["max"], "stream": c["stream"],
         "messages": messages, "tools": [
             {"type": "function", "function": {
                 "name": n, "description": d, "parameters": s}}
             for n, d, s in c["tools"]]}
    if c["temperature"] is not None:
        o["temperature"] = c["temperature"]
    if c["choice"]:
        o["tool_choice"] = WORDS[c["choice"]]
    return o


def as_responses(c):
    items = []
    for role, parts in c["turns"]:
        kind = "output_text" if role == "assistant" else "input_text"
        content = [{"type": kind, "text": i[1]} if i[0] == "text" else
                   {"type": "input_image", "image_url": i[1]}
                   for i in parts if i[0] in ("text", "image")]
        for i in parts:
            if i[0] == "result":
                items.append({"type": "function_call_output",
                              "call_id": i[1], "output": i[2]})
        if content:
            items.append({"role": role, "content": content})
        for i in parts:
            if i[0] == "call":
                items.append({"type": "function_call", "call_id": i[1],
                              "name": i[2], "arguments": json.dumps(i[3])})
    o = {"model": MODEL, "max_output_tokens": c["max"],
         "stream": c["stream"], "input": items, "tools": [
             {"type": "function", "name": n, "description": d,
              "parameters": s, "strict": False} for n, d, s in c["tools"]]}
    if c["system"]:
        o["instructions"] = c["system"]
    if c["temperature"] is not None:
        o["temperature"] = c["temperature"]
    if c["choice"]:
        o["tool_choice"] = WORDS[c["choice"]]
    return o


# --- and read back -------------------------------------------------------

def merged(turns):
    out = []
    for role, items in turns:
        if out and out[-1][0] == role:
            out[-1][1].extend(items)
        else:
            out.append((role, list(items)))
    return out


def plain(content):
    if isinstance(content, str):
        return content
    return "".join(p["text"] for p in content)


def common(o, turns, system, limit, tools, choice):
    words = {v: k for k, v in WORDS.items()}
    if isinstance(choice, dict):
        choice = choice["type"]
    else:
        choice = words.get(choice)
    return {"turns": merged(turns), "system": system, "max": limit,
            "stream": bool(o.get("stream")),
            "temperature": o.get("temperature"), "choice": choice,
            "tools": tools}


def of_anthropic(o):
    def item(b):
        if b["type"] == "text":
            return ("text", b["text"])
        if b["type"] == "image":
            return ("image", b["source"]["url"])
        if b["type"] == "tool_use":
            return ("call", b["id"], b["name"], b["input"])
        return ("result", b["tool_use_id"], plain(b["content"]))
    turns = [(m["role"], [item(b) for b in m["content"]])
             for m in o["messages"]]
    system = "".join(b["text"] for b in o.get("system", [])) or None
    return common(o, turns, system, o["max_tokens"],
                  [(t["name"], t["description"], t["input_schema"])
                   for t in o["tools"]], o.get("tool_choice"))


def of_openai(o):
    turns, system = [], None
    for m in o["messages"]:
        if m["role"] == "system":
            system = m["content"]
        elif m["role"] == "tool":
            turns.append(("user", [("result", m["tool_call_id"],
                                    m["content"])]))
        else:
            items = []
            content = m["content"]
            if isinstance(content, str):
                items.append(("text", content))
            for p in content if isinstance(content, list) else []:
                items.append(("text", p["text"]) if p["type"] == "text" else
                             ("image", p["image_url"]["url"]))
            items += [("call", t["id"], t["function"]["name"],
                       json.loads(t["function"]["arguments"]))
                      for t in m.get("tool_calls", [])]
            turns.append((m["role"], items))
    return common(o, turns, system, o["max_tokens"],
                  [(t["function"]["name"], t["function"]["description"],
                    t["function"]["parameters"]) for t in o["tools"]],
                  o.get("tool_choice"))


def of_responses(o):
    turns = []
    for i in o["input"]:
        if i["type"] == "message":
            turns.append((i["role"], [
                ("image", p["image_url"]) if p["type"] == "input_image" else
                ("text", p["text"]) for p in i["content"]]))
        elif i["type"] == "function_call":
            turns.append(("assistant", [("call", i["call_id"], i["name"],
                                         json.loads(i["arguments"]))]))
        else:
            turns.append(("user", [("result", i["call_id"],
                                    plain(i["output"]))]))
    return common(o, turns, o.get("instructions"), o["max_output_tokens"],
                  [(t["name"], t["description"], t["parameters"])
                   for t in o["tools"]], o.get("tool_choice"))


WRITE = {"anthropic": as_anthropic, "openai": as_openai,
         "responses": as_responses}
READ = {"anthropic": of_anthropic, "openai": of_openai,
        "responses": of_responses}


def check(source, target):
    r = random.Random(20261122)
    for n in range(ROUNDS):
        c = conversation(r)
        p = subprocess.run([CONVERT, "request", source, target, MODEL],
                           input=json.dumps(WRITE[source](c)).encode(),
                           capture_output=True, timeout=120)
        assert p.returncode == 0, p.stdout[:300]
        assert not p.stderr, f"dropped {p.stderr}"
        got = READ[target](json.loads(p.stdout))
        want = dict(c, turns=merged(c["turns"]))
        for key in want:
            assert got[key] == want[key], (
                f"round {n}, {key}: {want[key]!r:.200} became "
                f"{got[key]!r:.200}")


for source in WRITE:
    for target in READ:
        try:
            check(source, target)
            print(f"PASS {source} to {target}")
        except Exception as e:
            print(f"FAIL {source} to {target}: {type(e).__name__} {e}"
                  .replace("\n", " ")[:700])
