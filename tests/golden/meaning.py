# SPDX-License-Identifier: MIT
"""What an answer means, read from the wire without dario's help.

meaning(dialect, data) gives text, tools, reasoning, finish and usage of an
answer in any of the three dialects, streamed or whole, with the variants that
real providers send.
"""

import json


def events(data):
    """(event name, parsed data) of an event stream; [DONE] is a string."""
    name, lines = "", []
    for line in data.decode().replace("\r\n", "\n").split("\n") + [""]:
        if line == "":
            if lines:
                text = "\n".join(lines)
                yield name, text if text == "[DONE]" else json.loads(text)
            name, lines = "", []
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))


def empty():
    return {"text": "", "tools": [], "reasoning": "", "finish": None,
            "usage": None, "error": None}


def parsed(arguments):
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


def finish_class(m, reason):
    """stop, tool, length, refusal: what all dialects can say."""
    classes = {
        "stop": "stop", "end_turn": "stop", "eos": "stop",
        "stop_sequence": "stop", "pause_turn": "stop",
        "tool_calls": "tool", "tool_use": "tool", "function_call": "tool",
        "length": "length", "max_tokens": "length",
        "model_length": "length", "max_output_tokens": "length",
        "model_context_window_exceeded": "length",
        "content_filter": "refusal", "refusal": "refusal",
    }
    found = classes.get(reason, "stop")
    if found in ("stop", "tool"):
        found = "tool" if m["tools"] else "stop"
    return found


# --- Anthropic -----------------------------------------------------------

def anthropic_usage(seen, u):
    for key in ("input_tokens", "cache_read_input_tokens",
                "cache_creation_input_tokens", "output_tokens"):
        if u.get(key) is not None:
            seen[key] = u[key]
    details = u.get("output_tokens_details") or {}
    if details.get("thinking_tokens") is not None:
        seen["thinking"] = details["thinking_tokens"]


def anthropic_finish(m, blocks, seen, stop, explanation=None):
    for b in blocks:
        if b["type"] == "text":
            m["text"] += b.get("text", "")
        elif b["type"] == "thinking":
            m["reasoning"] += b.get("thinking", "")
        elif b["type"] == "tool_use":
            given = b.get("input") or {}
            m["tools"].append((b["name"], parsed(b["json"])
                               if b.get("json") else given))
    if stop == "refusal" and not m["text"] and explanation:
        m["text"] = explanation
    m["finish"] = finish_class(m, stop)
    read, write = (seen.get(k, 0) for k in (
        "cache_read_input_tokens", "cache_creation_input_tokens"))
    m["usage"] = {"prompt": seen.get("input_tokens", 0) + read + write,
                  "read": read, "write": write,
                  "completion": seen.get("output_tokens", 0),
                  "reasoning": seen.get("thinking", 0)}


def anthropic_stream(data):
    m, blocks, seen = empty(), {}, {}
    stop = explanation = None
    for name, o in events(data):
        kind = o["type"]
        if kind == "message_start":
            anthropic_usage(seen, o["message"].get("usage") or {})
            stop = o["message"].get("stop_reason") or stop
            for i, b in enumerate(o["message"].get("content") or []):
                blocks[i] = dict(b)
        elif kind == "content_block_start":
            blocks[o["index"]] = dict(o["content_block"])
        elif kind == "content_block_delta":
            b, d = blocks[o["index"]], o["delta"]
            if d["type"] == "text_delta":
                b["text"] = b.get("text", "") + d["text"]
            elif d["type"] == "thinking_delta":
                b["thinking"] = b.get("thinking", "") + d["thinking"]
            elif d["type"] == "input_json_delta":
                b["json"] = b.get("json", "") + d["partial_json"]
        elif kind == "message_delta":
            stop = o["delta"].get("stop_reason") or stop
            details = o["delta"].get("stop_details") or {}
            explanation = details.get("explanation")
            anthropic_usage(seen, o.get("usage") or {})
        elif kind == "error":
            m["error"] = o["error"]["message"]
    anthropic_finish(m, [blocks[k] for k in sorted(blocks)], seen, stop,
                     explanation)
    return m


def anthropic_whole(o):
    m, seen = empty(), {}
    anthropic_usage(seen, o["usage"])
    anthropic_finish(m, o["content"], seen, o["stop_reason"],
                     (o.get("stop_details") or {}).get("explanation"))
    return m


# --- Chat ----------------------------------------------------------------

def chat_usage(u):
    details = u.get("prompt_tokens_details") or {}
    out = u.get("completion_tokens_details") or {}
    prompt = u.get("prompt_tokens") or 0
    return {"prompt": prompt,
            "read": details.get("cached_tokens")
            or u.get("prompt_cache_hit_tokens") or 0,
            "write": details.get("cache_write_tokens") or 0,
            "completion": max(u.get("completion_tokens") or 0,
                              (u.get("total_tokens") or 0) - prompt),
            "reasoning": out.get("reasoning_tokens")
            or u.get("reasoning_tokens") or 0}


def chat_reasoning(d):
    text = d.get("reasoning_content") or d.get("reasoning")
    if text:
        return text
    return "".join(x.get("text") or x.get("summary") or ""
                   for x in d.get("reasoning_details") or [])


def chat_content(m, content):
    if isinstance(content, str):
        m["text"] += content
    for p in content if isinstance(content, list) else []:
        if p["type"] == "thinking":
            for t in p["thinking"]:
                m["reasoning"] += t["text"]
        else:
            m["text"] += p["text"]


def chat_message(m, d, calls, whole):
    if whole or not d.get("reasoning_details") or chat_reasoning(d):
        m["reasoning"] += chat_reasoning(d)
    chat_content(m, d.get("content"))
    m["text"] += d.get("refusal") or ""
    m["refused"] = m.get("refused") or bool(d.get("refusal"))
    for c in d.get("tool_calls") or []:
        f = c.get("function") or c.get("custom")
        match = None
        if not whole:
            match = next((x for x in reversed(calls) if (
                x["id"] == c["id"] if c.get("id") else
                "index" not in c or x["index"] == c["index"])), None)
        if match is None:
            match = {"id": c.get("id") or "", "index": c.get("index"),
                     "name": "", "args": ""}
            calls.append(match)
        match["name"] = match["name"] or f.get("name") or ""
        match["args"] += f.get("arguments") or f.get("input") or ""


def chat_done(m, calls, reason):
    m["tools"] = [(c["name"], parsed(c["args"])) for c in calls]
    m["finish"] = finish_class(m, reason)
    if m.pop("refused", False):
        m["finish"] = "refusal"
    return m


def chat_stream(data):
    m, calls, reason = empty(), [], None
    details = []
    for name, o in events(data):
        if o == "[DONE]":
            continue
        if o.get("error"):
            m["error"] = o["error"]["message"]
            continue
        usage = (o.get("x_groq") or {}).get("usage") or o.get("usage")
        if usage:
            m["usage"] = chat_usage(usage)
        for choice in o.get("choices", [])[:1]:
            # the signed copy at the end repeats what was streamed
            d = dict(choice.get("delta") or {})
            if m["reasoning"] and not chat_reasoning(
                    {k: v for k, v in d.items() if k != "reasoning_details"}):
                details += d.pop("reasoning_details", None) or []
            chat_message(m, d, calls, False)
            reason = choice.get("finish_reason") or reason
    return chat_done(m, calls, reason)


def chat_whole(o):
    m, calls = empty(), []
    choice = o["choices"][0]
    chat_message(m, choice["message"], calls, True)
    if o.get("usage"):
        m["usage"] = chat_usage(o["usage"])
    return chat_done(m, calls, choice["finish_reason"])


# --- Responses -----------------------------------------------------------

def responses_object(o):
    m = empty()
    refused = False
    for item in o["output"]:
        if item["type"] == "message":
            for p in item["content"]:
                m["text"] += p.get("text") or p.get("refusal") or ""
                refused |= p["type"] == "refusal"
        elif item["type"] == "reasoning":
            parts = item.get("summary") or item.get("content") or []
            m["reasoning"] += "\n\n".join(p["text"] for p in parts)
        elif item["type"] == "function_call":
            m["tools"].append((item["name"], parsed(item["arguments"])))
    why = (o.get("incomplete_details") or {}).get("reason")
    m["finish"] = "refusal" if refused else finish_class(m, why or "stop")
    u = o.get("usage")
    if u:
        details = u.get("input_tokens_details") or {}
        out = u.get("output_tokens_details") or {}
        m["usage"] = {"prompt": u["input_tokens"],
                      "read": details.get("cached_tokens") or 0,
                      "write": details.get("cache_write_tokens") or 0,
                      "completion": u["output_tokens"],
                      "reasoning": out.get("reasoning_tokens") or 0}
    return m


def responses_stream(data):
    final, error, items = None, None, []
    for name, o in events(data):
        if o == "[DONE]":
            continue
        if o["type"] in ("response.completed", "response.incomplete"):
            final = o["response"]
        elif o["type"] == "response.failed":
            final = o["response"]
            error = final["error"]["message"]
        elif o["type"] == "response.output_item.done":
            items.append(o["item"])
        elif o["type"] == "error":
            error = o.get("message") or o["error"]["message"]
    m = responses_object(final or {"output": items})
    m["error"] = error
    return m


STREAMS = {"anthropic": anthropic_stream, "openai": chat_stream,
           "responses": responses_stream}
WHOLES = {"anthropic": anthropic_whole, "openai": chat_whole,
          "responses": responses_object}


def meaning(dialect, data):
    if data.lstrip()[:1] == b"{":
        return WHOLES[dialect](json.loads(data))
    return STREAMS[dialect](data)
