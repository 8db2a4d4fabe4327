# SPDX-License-Identifier: MIT
"""The PyPI clients read translated answers: read.py FOLDER.

FOLDER has NAME.DIALECT.{stream,whole,want}. Prints "PASS name" or
"FAIL name: why" for each.
"""

import json
import pathlib
import sys

import anthropic
import httpx2 as httpx
import openai


def http(data, stream):
    kind = "text/event-stream" if stream else "application/json"
    return httpx.Client(transport=httpx.MockTransport(
        lambda request: httpx.Response(
            200, content=data, headers={"content-type": kind})))


def read_anthropic(data, stream):
    client = anthropic.Anthropic(api_key="k", max_retries=0,
                                 http_client=http(data, stream))
    args = dict(model="m", max_tokens=9,
                messages=[{"role": "user", "content": "x"}])
    if stream:
        with client.messages.stream(**args) as s:
            r = s.get_final_message()
    else:
        r = client.messages.create(**args)
    return {"text": "".join(b.text for b in r.content if b.type == "text"),
            "reasoning": "".join(b.thinking for b in r.content
                                 if b.type == "thinking"),
            "tools": [[b.name, b.input] for b in r.content
                      if b.type == "tool_use"]}


def read_openai(data, stream):
    client = openai.OpenAI(api_key="k", max_retries=0,
                           http_client=http(data, stream))
    args = dict(model="m", messages=[{"role": "user", "content": "x"}])
    if stream:
        try:
            with client.chat.completions.stream(**args) as s:
                r = s.get_final_completion()
        except openai.ContentFilterFinishReasonError:
            return None  # how this helper tells a refusal
    else:
        r = client.chat.completions.create(**args)
    m = r.choices[0].message
    return {"text": (m.content or "") + (m.refusal or ""),
            "reasoning": getattr(m, "reasoning_content", None) or "",
            "tools": [[t.function.name, json.loads(t.function.arguments)]
                      for t in m.tool_calls or []]}


def read_responses(data, stream):
    client = openai.OpenAI(api_key="k", max_retries=0,
                           http_client=http(data, stream))
    args = dict(model="m", input="x")
    if stream:
        with client.responses.stream(**args) as s:
            r = None
            for event in s:
                if event.type in ("response.completed",
                                  "response.incomplete"):
                    r = event.response
    else:
        r = client.responses.create(**args)
    out = {"text": "", "reasoning": "", "tools": []}
    for item in r.output:
        if item.type == "message":
            out["text"] += "".join(getattr(p, "text", None) or p.refusal
                                   for p in item.content)
        elif item.type == "reasoning":
            out["reasoning"] += "".join(p.text for p in item.summary)
        elif item.type == "function_call":
            out["tools"].append([item.name, json.loads(item.arguments)])
    return out


READ = {"anthropic": read_anthropic, "openai": read_openai,
        "responses": read_responses}

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.want")):
    want = json.loads(path.read_text())
    dialect = path.stem.rsplit(".", 1)[1]
    for how in ("stream", "whole"):
        name = f"{path.stem} {how}"
        try:
            got = READ[dialect](path.with_suffix(f".{how}").read_bytes(),
                                how == "stream")
            for key in got or ():
                assert got[key] == want[key], \
                    f"{key}: {got[key]!r:.150} != {want[key]!r:.150}"
            print(f"PASS {name}")
        except Exception as e:
            print(f"FAIL {name}: {type(e).__name__} {e}".replace("\n", " "))
