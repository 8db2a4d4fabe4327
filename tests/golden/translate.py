# SPDX-License-Identifier: MIT
"""What the tests of translation share: requests and answers through CONVERT,
the first argument of the test, and a table of cases. run() prints
"PASS NN what", or "FAIL NN what: why" a line.
"""

import json
import os
import subprocess
import sys
import tempfile

from meaning import events, meaning

CONVERT = sys.argv[1]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
CASES = []


class HttpError(Exception):
    def __init__(self, status, body):
        super().__init__(f"HTTP {status} {body}")
        self.status, self.body = status, body


def edge(number, what):
    def add(fn):
        CASES.append((number, what, fn))
        return fn
    return add


def http_error(out):
    status, body = out.decode().split("\n", 1)
    return HttpError(int(status.split()[1]), json.loads(body))


def request(source, target, body, model, switches=None):
    """The translated body, and `dropped`."""
    argv = [CONVERT, "request", source, target, model]
    if switches:
        argv.append(json.dumps(switches))
    p = subprocess.run(argv, input=json.dumps(body).encode(), timeout=120,
                       capture_output=True)
    if p.returncode:
        raise http_error(p.stdout)
    out = json.loads(p.stdout)
    out["dropped"] = p.stderr.decode()
    return out


def to_claude(body, model="claude-sonnet-4-5"):
    body.setdefault("messages", [{"role": "user", "content": "hi"}])
    return request("openai", "anthropic", body, model)


def to_chat(body, model="m", switches=None):
    body.setdefault("max_tokens", 10)
    body.setdefault("messages", [{"role": "user", "content": "hi"}])
    return request("anthropic", "openai", body, model, switches)


def answer(source, target, data, how="stream", step=0, asked=None, model="m"):
    if isinstance(data, dict):
        data = json.dumps(data)
    argv = [CONVERT, "answer", source, target, how, str(step)]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        if asked is not None:
            json.dump(asked, f)
            f.flush()
            argv += [f.name, model]
        out = subprocess.run(
            argv, input=data if isinstance(data, bytes) else data.encode(),
            check=True, capture_output=True, timeout=120).stdout
    if out.startswith(b"HTTP "):
        raise http_error(out)
    return out


def chat_sse(*chunks, done=True):
    lines = [c if isinstance(c, str) else "data: " + json.dumps(c)
             for c in chunks]
    return "\n\n".join(lines + (["data: [DONE]"] if done else [])) + "\n\n"


def chunk(delta, finish=None, **more):
    return {"id": "c", "object": "chat.completion.chunk", "model": "m",
            "choices": [{"index": 0, "delta": delta,
                         "finish_reason": finish}], **more}


def call(index, args, id=None, name=None):
    c = {"index": index, "function": {"arguments": args}}
    if id is not None:
        c.update(id=id, type="function")
    if name is not None:
        c["function"]["name"] = name
    return {"tool_calls": [c]}


def claude_sse(*evs):
    return "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                   for e in evs)


def start(**message):
    return {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
        "content": [], "stop_reason": None,
        "usage": {"input_tokens": 1, "output_tokens": 1}, **message}}


def block(index, kind, *deltas, **more):
    out = [{"type": "content_block_start", "index": index,
            "content_block": {"type": kind, **more}}]
    out += [{"type": "content_block_delta", "index": index, "delta": d}
            for d in deltas]
    return out + [{"type": "content_block_stop", "index": index}]


def text_delta(text):
    return {"type": "text_delta", "text": text}


def stop(reason="end_turn", **usage):
    return [{"type": "message_delta",
             "delta": {"stop_reason": reason, "stop_sequence": None},
             "usage": {"output_tokens": 1, **usage}},
            {"type": "message_stop"}]


def blocks_of(out):
    """Content blocks of an Anthropic stream, in order."""
    found = []
    for _, o in events(out):
        if o["type"] == "content_block_start":
            found.append(dict(o["content_block"], json=""))
            assert o["index"] == len(found) - 1
        elif o["type"] == "content_block_delta":
            assert o["index"] == len(found) - 1
            found[-1]["json"] += o["delta"].get("partial_json", "")
    return found


def text_of(message):
    content = message["content"]
    return content if isinstance(content, str) else content[0].get("text")


# --- requests, Chat to Anthropic -----------------------------------------


def run():
    for number, what, fn in CASES:
        name = f"{number:02d}" if isinstance(number, int) else number
        try:
            fn()
            print(f"PASS {name} {what}")
        except Exception as e:
            print(f"FAIL {name} {what}: {type(e).__name__} {e}".replace(
                "\n", " ")[:500])
