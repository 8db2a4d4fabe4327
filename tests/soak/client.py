# SPDX-License-Identifier: MIT
"""The clients of the soak: client.py LOG SEED PORT SECONDS CLIENTS

Each asks, one request after the other, in a dialect, for a target and with a
plan that the seed decides, and writes one JSON line a request: the numbers it
got, in the order in which they came, and how the end looked to it.
"""

import asyncio
import json
import random
import sys
import time

import plan as plans

# model: what it is in the table
TARGETS = {"upm:m": "messages", "upc:m": "chat", "upr:m": "responses",
           "claude-sonnet-9": "pool", "safe": "fallback"}
PATHS = {"messages": "/v1/messages", "chat": "/v1/chat/completions",
         "responses": "/v1/responses"}
serial = 0


class Stop(Exception):
    """The client has seen enough."""


class Seen:
    """What a client makes of the bytes of one answer."""

    def __init__(self, dialect):
        self.dialect = dialect
        self.text = ""
        self.final = None   # text as the last event repeats it
        self.terminal = 0   # clean terminal events
        self.errors = []
        self.status = 0
        self.framing = None # how HTTP tells where the body ends
        self.stray = 0      # content behind the end

    def delta(self, text):
        if text:
            self.stray += self.terminal > 0 or bool(self.errors)
            self.text += text

    def messages(self, data):
        kind = data.get("type")
        if kind == "content_block_delta":
            self.delta(data["delta"].get("text"))
        elif kind == "message_stop":
            self.terminal += 1
        elif kind == "error":
            self.errors.append(data["error"]["type"])

    def chat(self, data):
        if data.get("error"):
            self.errors.append(str(data["error"].get("code")))
            return
        for choice in data.get("choices", ()):
            self.delta(choice["delta"].get("content"))

    def responses(self, data):
        kind = data.get("type")
        if kind == "response.output_text.delta":
            self.delta(data["delta"])
        elif kind in ("response.completed", "response.incomplete"):
            self.terminal += 1
            self.final = self.whole_text(data["response"])
        elif kind == "response.failed":
            # follows the event "error" of the same fault
            code = str(data["response"]["error"]["code"])
            if code not in self.errors:
                self.errors.append(code)
        elif kind == "error":
            self.errors.append(str(data.get("code")))

    def event(self, block):
        data = "\n".join(line[5:].lstrip(" ") for line in block.split("\n")
                         if line.startswith("data:"))
        if data == "[DONE]":
            self.terminal += 1
        elif data:
            getattr(self, self.dialect)(json.loads(data))

    def whole_text(self, data):
        if self.dialect == "messages":
            return "".join(p.get("text", "") for p in data["content"])
        if self.dialect == "chat":
            return data["choices"][0]["message"]["content"] or ""
        return "".join(p.get("text", "") for item in data["output"]
                       for p in item.get("content", ()))

    def whole(self, text):
        data = json.loads(text)
        if data.get("error") or self.status != 200:
            error = data["error"]
            self.errors.append(str(error.get("code") or error.get("type")))
            return
        self.text = self.whole_text(data)
        self.terminal += 1


def body_of(dialect, model, text, stream):
    body = {"model": model, "stream": stream}
    turn = [{"role": "user", "content": text}]
    if dialect == "messages":
        body.update(max_tokens=4096, messages=turn)
    elif dialect == "chat":
        body.update(messages=turn)
    else:
        body.update(input=turn)
    return json.dumps(body).encode()


async def pieces(reader, fields):
    """The body as it comes; IncompleteReadError when its framing is cut."""
    if "chunked" in fields.get("transfer-encoding", ""):
        while True:
            line = await reader.readuntil(b"\r\n")
            size = int(line, 16)
            data = await reader.readexactly(size + 2)
            if not size:
                return
            yield data[:-2]
    elif "content-length" in fields:
        left = int(fields["content-length"])
        while left:
            data = await reader.read(min(left, 65536))
            if not data:
                raise asyncio.IncompleteReadError(b"", left)
            left -= len(data)
            yield data
    else:
        while data := await reader.read(65536):
            yield data


async def head_of(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    return int(lines[0].split(" ")[1]), {
        k.lower(): v.strip() for k, _, v in
        (line.partition(":") for line in lines[1:] if line)}


async def read_answer(reader, seen, habits):
    seen.status, fields = await head_of(reader)
    seen.framing = ("chunked" if "chunked" in
                    fields.get("transfer-encoding", "") else
                    "length" if "content-length" in fields else "close")
    streamed = fields.get("content-type", "").startswith("text/event-stream")
    rest = b""
    async for data in pieces(reader, fields):
        rest += data
        if streamed:
            rest = rest.replace(b"\r\n", b"\n")
            *blocks, rest = rest.split(b"\n\n")
            for block in blocks:
                seen.event(block.decode())
        if habits["abort"] is not None and \
                len(plans.numbers(seen.text)) >= habits["abort"]:
            raise Stop
        if habits["slow"]:
            await asyncio.sleep(habits["slow"])
    if not streamed:
        seen.whole(rest.decode())


async def talk(port, path, body, seen, habits):
    """How the connection ended: ended, cut, refused, left or broken."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, limit=1 << 22)
    except OSError:
        return "refused"
    try:
        writer.write(b"POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                     b"Content-Type: application/json\r\nConnection: close"
                     b"\r\nContent-Length: %d\r\n\r\n%s"
                     % (path.encode(), len(body), body))
        await writer.drain()
        await asyncio.wait_for(read_answer(reader, seen, habits), 60)
        return "ended"
    except Stop:
        return "left"
    except asyncio.TimeoutError:
        return "hung"
    except (asyncio.IncompleteReadError, ConnectionError):
        return "cut"
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as e:
        seen.errors.append(f"unreadable: {type(e).__name__} {e}"[:200])
        return "unreadable"
    finally:
        writer.transport.abort()


def outcome(end, seen):
    """As a program would take it."""
    if end in ("left", "refused", "hung", "unreadable"):
        return end
    if seen.errors and seen.terminal:
        return "both"
    if seen.errors:
        return "error"
    if seen.terminal:
        return "clean"
    return "cut" if end == "cut" else "endless"


async def ask(rng, log, name, port):
    dialect = rng.choice(list(PATHS))
    model = rng.choice(list(TARGETS))
    plan = plans.make(rng, name)
    stream = rng.random() < 0.75
    habits = {"abort": rng.randint(0, plan.count) if stream and
              rng.random() < 0.12 else None,
              "slow": 0.05 if rng.random() < 0.05 else 0}
    seen = Seen(dialect)
    end = await talk(port, PATHS[dialect], body_of(
        dialect, model, plans.prompt(plan), stream), seen, habits)
    got = plans.numbers(seen.text)
    record = {"id": name, "dialect": dialect, "target": TARGETS[model],
              "stream": stream, "plan": plan, "got": plans.packed(got),
              "outcome": outcome(end, seen), "http": end,
              "framing": seen.framing,
              "status": seen.status, "errors": seen.errors,
              "terminals": seen.terminal, "stray": seen.stray,
              "same": seen.final is None or seen.final == seen.text,
              "abort": habits["abort"]}
    log.write(json.dumps(record) + "\n")
    # A router that is being restarted says so; to ask at once is no use.
    return "refused" if seen.errors[:1] == ["router_stopping"] else end


async def client(log, seed, n, port, until):
    rng = random.Random(f"{seed}/{n}")
    serial = 0
    while time.monotonic() < until:
        serial += 1
        if await ask(rng, log, f"c{n}n{serial}", port) == "refused":
            await asyncio.sleep(0.1)


async def main():
    path, seed, port, seconds, clients = sys.argv[1:]
    until = time.monotonic() + float(seconds)
    with open(path, "w", encoding="utf-8", buffering=1) as log:
        await asyncio.gather(*(client(log, seed, n, int(port), until)
                               for n in range(int(clients))))


asyncio.run(main())
