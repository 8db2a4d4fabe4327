#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider and its clients, for a router that is stopped or replaced.

    load.py provider PORT FILE
        Chat Completions: the model says what comes. "plain" is whole and takes
        30 ms; "stream-N" is N events, 20 ms apart; "stream-held" goes on until
        FILE is there, "stream-mute" does with one event, "mute" with nothing.

    load.py clients URL FILE [one]
        Asks without a pause, whole and streamed, over new connections and over
        kept ones, or one request after the other, and counts what becomes of
        it, until FILE.enough is there. Each is written into FILE; the sums are
        printed at the end, as JSON:
        ok       whole, and 200
        busy     503 with Retry-After, an error that says why, and its end
        told     a stream that ends with an error event
        refused  nobody listens (any more)
        raced    a kept connection was closed as the request was sent, and
                 nothing came: every client has to expect that
        late     nothing came, and the machine had held this client up: it was
                 not the router's turn
        lost     everything else
"""
import asyncio
import json
import os
import sys
import time


LONG = 90  # seconds that no request of ours takes
LATE = 0.1  # seconds in which a client says what it wants, or it was held up


async def read_head(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    fields = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        fields[name.lower()] = value.strip()
    return lines[0], fields


async def read_body(reader, fields):
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    if fields.get("transfer-encoding") != "chunked":
        return await reader.read()
    body = b""
    while True:
        size = int(await reader.readuntil(b"\r\n"), 16)
        body += (await reader.readexactly(size + 2))[:size]
        if size == 0:
            return body


# --- the provider ----------------------------------------------------------

def event(text):
    return b"data: " + json.dumps({
        "id": "c1", "object": "chat.completion.chunk", "created": 1,
        "model": "m", "choices": [{"index": 0, "delta": {"content": text},
                                   "finish_reason": None}]}).encode() + b"\n\n"


def is_held():
    return not os.path.exists(sys.argv[3])


async def turns(kind):
    """One for each event of a stream."""
    if kind == "mute":
        yield
        while is_held():
            await asyncio.sleep(0.5)
    elif kind == "held":
        while is_held():
            yield
            await asyncio.sleep(0.02)
    else:
        for _ in range(int(kind)):
            yield
            await asyncio.sleep(0.02)


async def serve(reader, writer):
    try:
        while True:
            _, fields = await read_head(reader)
            model = json.loads(await read_body(reader, fields))["model"]
            if model == "mute":
                while is_held():
                    await asyncio.sleep(0.5)
                writer.close()
                return
            if not model.startswith("stream-"):
                await asyncio.sleep(0.03)
                body = json.dumps({
                    "id": "c1", "object": "chat.completion", "created": 1,
                    "model": "m", "choices": [{
                        "index": 0, "finish_reason": "stop", "message": {
                            "role": "assistant", "content": "hi"}}]}).encode()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/"
                             b"json\r\nContent-Length: %d\r\n\r\n" % len(body)
                             + body)
                await writer.drain()
                continue
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"
                         b"\r\nConnection: close\r\n\r\n")
            async for _ in turns(model[7:]):
                writer.write(event("x"))
                await writer.drain()
            writer.write(b'data: {"id":"c1","object":"chat.completion.chunk",'
                         b'"created":1,"model":"m","choices":[{"index":0,'
                         b'"delta":{},"finish_reason":"stop"}]}\n\n'
                         b"data: [DONE]\n\n")
            await writer.drain()
            writer.close()
            return
    except (OSError, asyncio.IncompleteReadError):
        writer.close()


async def provider(port):
    server = await asyncio.start_server(serve, "127.0.0.1", port, backlog=1000)
    print("listening", flush=True)
    await server.serve_forever()


# --- the clients -----------------------------------------------------------

def judge(status, fields, body, stream):
    if status.split()[1:2] == ["503"]:
        error = json.loads(body)["error"]
        said = error["message"] and int(fields["retry-after"]) > 0
        return "busy" if said else "lost: 503 " + body.decode()
    if status.split()[1:2] != ["200"]:
        return f"lost: {status} {body[:200]}"
    if not stream:
        json.loads(body)
        return "ok"
    if body.endswith(b"data: [DONE]\n\n") and b'"error"' not in body:
        return "ok"
    return "told" if b'"error"' in body else f"lost: ended {body[-80:]}"


class Client:
    def __init__(self, port, model, keep):
        self.port, self.model, self.keep = port, model, keep
        self.reader = self.writer = None
        self.idle = 0.0  # since when

    async def ask(self):
        kept = self.writer is not None
        since = self.idle if kept else time.monotonic()
        try:
            if not kept:
                self.reader, self.writer = await asyncio.open_connection(
                    "127.0.0.1", self.port)
        except ConnectionRefusedError:
            return "refused"
        except OSError as e:
            return f"lost: connect: {e}"
        stream = self.model.startswith("stream")
        body = json.dumps({"model": f"up:{self.model}", "stream": stream,
                           "messages": [{"role": "user", "content": "hi"}]})
        begun = late = False
        try:
            self.writer.write(
                (f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                 f"Content-Type: application/json\r\n"
                 f"Connection: {'keep-alive' if self.keep else 'close'}\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n{body}").encode())
            await self.writer.drain()
            late = time.monotonic() - since > LATE
            status, fields = await read_head(self.reader)
            begun = True
            verdict = judge(status, fields, await read_body(self.reader,
                                                            fields), stream)
        except (OSError, asyncio.IncompleteReadError) as e:
            verdict = "late" if late and not begun else \
                "raced" if kept and not begun else f"lost: {e!r}"
        self.idle = time.monotonic()
        if not self.keep or verdict in ("late", "raced", "busy") or \
                verdict.startswith("lost") or \
                fields.get("connection") == "close":
            self.writer.close()
            self.reader = self.writer = None
        return verdict


async def clients(port, path, one):
    end = time.monotonic() + 300
    counts, examples = {}, []
    file = open(path, "w", encoding="utf-8", buffering=1)

    async def loop(client):
        while time.monotonic() < end and not os.path.exists(path + ".enough"):
            try:
                verdict = await asyncio.wait_for(client.ask(), LONG)
            except asyncio.TimeoutError:
                verdict = f"lost: nothing within {LONG} s"
                client.writer = None
            key = verdict.split(":")[0]
            counts[key] = counts.get(key, 0) + 1
            if key == "lost":
                examples.append(verdict)
            print(client.model, verdict, file=file)
            if key == "refused":
                await asyncio.sleep(0.05)

    kinds = [("plain", False)] if one else \
        [("plain", False)] * 6 + [("plain", True)] * 6 + \
        [("stream-40", False)] * 4
    await asyncio.gather(*(loop(Client(port, *kind)) for kind in kinds))
    counts["examples"] = examples[:3]
    print(json.dumps(counts))


if sys.argv[1] == "provider":
    asyncio.run(provider(int(sys.argv[2])))
else:
    asyncio.run(clients(int(sys.argv[2].rsplit(":", 1)[1]),
                        sys.argv[3], sys.argv[4:] == ["one"]))
