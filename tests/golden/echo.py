# SPDX-License-Identifier: MIT
"""What a client has of an answer and sends back in the next request, as the
SDKs do it.
"""

import json

from meaning import events

MODELS = {"anthropic": "claude-opus-4-8", "openai": "gpt-5.4",
          "responses": "gpt-5.4"}


def answered(client, out):
    """What the client's SDK has of the answer, streamed or whole: the entries
    that it sends back."""
    if out[:1] == b"{":
        o = json.loads(out)
        if client == "anthropic":
            return [{"role": "assistant", "content": o["content"]}]
        if client == "openai":
            return [o["choices"][0]["message"]]
        return o["output"]
    if client == "responses":
        return [o for _, o in events(out)][-1]["response"]["output"]
    if client == "anthropic":
        return [{"role": "assistant", "content": gathered(out)}]
    return [gathered_chat(out)]


def gathered(out):
    blocks = []
    for _, o in events(out):
        if o["type"] == "content_block_start":
            blocks.append(dict(o["content_block"], json=""))
        elif o["type"] == "content_block_delta":
            d, b = o["delta"], blocks[o["index"]]
            for key in ("text", "thinking", "signature"):
                if key in d:
                    b[key] = b.get(key, "") + d[key]
            if "citation" in d:
                b["citations"] = (b.get("citations") or []) + [d["citation"]]
            b["json"] += d.get("partial_json", "")
    for b in blocks:
        text = b.pop("json")
        if text:
            b["input"] = json.loads(text)
    return blocks


def gathered_chat(out):
    m = {"role": "assistant", "content": ""}
    for _, o in events(out):
        for choice in o["choices"] if o != "[DONE]" else ():
            d = choice["delta"]
            m["content"] += d.get("content") or ""
            if d.get("reasoning_content"):
                m["reasoning_content"] = (m.get("reasoning_content", "") +
                                          d["reasoning_content"])
            for key in ("reasoning_details", "annotations"):
                if d.get(key):
                    m.setdefault(key, []).extend(d[key])
            for c in d.get("tool_calls", ()):
                calls = m.setdefault("tool_calls", [])
                if c["index"] == len(calls):
                    calls.append(dict(c))
                    continue
                kind = "custom" if "custom" in c else "function"
                key = "input" if kind == "custom" else "arguments"
                calls[c["index"]][kind][key] += c[kind][key]
    return m


def results(client, said):
    """An output for every call of the answer."""
    if client == "anthropic":
        blocks = [{"type": "tool_result", "tool_use_id": b["id"],
                   "content": "r"} for b in said[0]["content"]
                  if b["type"] == "tool_use"]
        return [{"role": "user", "content": blocks or "go on"}]
    if client == "openai":
        return [{"role": "tool", "tool_call_id": c["id"], "content": "r"}
                for c in said[0].get("tool_calls", ())] or [
            {"role": "user", "content": "go on"}]
    return [{"type": i["type"] + "_output", "call_id": i["call_id"],
             "output": "r"} for i in said if "call_id" in i] or [
        {"role": "user", "content": "go on"}]
