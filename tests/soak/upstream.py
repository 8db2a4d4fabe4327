# SPDX-License-Identifier: MIT
"""The provider of the soak, in all three dialects: upstream.py LOG

Prints its port. Writes one JSON line when a call begins, and one when it ends
with what was sent: numbers are noted before they leave, so that nobody can
have one that is not in the log.
"""

import asyncio
import json
import socket
import struct
import sys

import plan as plans

MODELS = json.dumps({"object": "list", "has_more": False, "data": [
    {"id": "claude-sonnet-9", "type": "model", "object": "model",
     "display_name": "s", "created_at": "2026-01-01T00:00:00Z"}]})
calls = {}  # id: how many so far; the oldest ones are forgotten
log = None
serial = 0
issued = 0


def note(**fields):
    log.write(json.dumps(fields) + "\n")


class Messages:
    @staticmethod
    def head(model):
        yield "message_start", {"type": "message_start", "message": {
            "id": "msg_1", "type": "message", "role": "assistant",
            "model": model, "content": [], "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 3, "output_tokens": 1}}}
        yield "content_block_start", {
            "type": "content_block_start", "index": 0,
            "content_block": {"type": "text", "text": ""}}

    @staticmethod
    def delta(text):
        return "content_block_delta", {
            "type": "content_block_delta", "index": 0,
            "delta": {"type": "text_delta", "text": text}}

    @staticmethod
    def tail(model, text):
        yield "content_block_stop", {"type": "content_block_stop", "index": 0}
        yield "message_delta", {"type": "message_delta",
                                "delta": {"stop_reason": "end_turn",
                                          "stop_sequence": None},
                                "usage": {"output_tokens": 9}}
        yield "message_stop", {"type": "message_stop"}

    @staticmethod
    def whole(model, text):
        return {"id": "msg_1", "type": "message", "role": "assistant",
                "model": model, "content": [{"type": "text", "text": text}],
                "stop_reason": "end_turn", "stop_sequence": None,
                "usage": {"input_tokens": 3, "output_tokens": 9}}

    @staticmethod
    def error(message, kind):
        return "error", {"type": "error",
                         "error": {"type": kind, "message": message}}


class Chat:
    @staticmethod
    def chunk(delta, finish=None):
        return None, {"id": "c", "object": "chat.completion.chunk",
                      "created": 1, "model": "m", "choices": [
                          {"index": 0, "delta": delta,
                           "finish_reason": finish}]}

    @staticmethod
    def head(model):
        yield Chat.chunk({"role": "assistant", "content": ""})

    @staticmethod
    def delta(text):
        return Chat.chunk({"content": text})

    @staticmethod
    def tail(model, text):
        yield Chat.chunk({}, "stop")
        yield None, {"id": "c", "object": "chat.completion.chunk",
                     "created": 1, "model": model, "choices": [],
                     "usage": {"prompt_tokens": 3, "completion_tokens": 9,
                               "total_tokens": 12}}
        yield None, "[DONE]"

    @staticmethod
    def whole(model, text):
        return {"id": "c", "object": "chat.completion", "created": 1,
                "model": model, "choices": [
                    {"index": 0, "finish_reason": "stop", "message": {
                        "role": "assistant", "content": text}}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 9,
                          "total_tokens": 12}}

    @staticmethod
    def error(message, kind):
        return None, {"error": {"message": message, "type": kind,
                                "param": None, "code": kind}}


class Responses:
    @staticmethod
    def response(model, status, text=None):
        item = [] if text is None else [Responses.item(status, text)]
        return {"id": "resp_1", "object": "response", "created_at": 1,
                "model": model, "status": status, "output": item,
                "error": None, "usage": None if text is None else {
                    "input_tokens": 3, "output_tokens": 9,
                    "total_tokens": 12}}

    @staticmethod
    def item(status, text):
        return {"type": "message", "id": "msg_1", "role": "assistant",
                "status": status, "content": [
                    {"type": "output_text", "text": text,
                     "annotations": []}]}

    @staticmethod
    def event(kind, **fields):
        return kind, {"type": kind, "sequence_number": 0, **fields}

    @staticmethod
    def head(model):
        yield Responses.event("response.created", response=Responses.response(
            model, "in_progress"))
        yield Responses.event("response.output_item.added", output_index=0,
                              item={"type": "message", "id": "msg_1",
                                    "role": "assistant", "content": [],
                                    "status": "in_progress"})
        yield Responses.event("response.content_part.added", item_id="msg_1",
                              output_index=0, content_index=0,
                              part={"type": "output_text", "text": "",
                                    "annotations": []})

    @staticmethod
    def delta(text):
        return Responses.event("response.output_text.delta", item_id="msg_1",
                               output_index=0, content_index=0, delta=text)

    @staticmethod
    def tail(model, text):
        yield Responses.event("response.output_text.done", item_id="msg_1",
                              output_index=0, content_index=0, text=text)
        yield Responses.event("response.content_part.done", item_id="msg_1",
                              output_index=0, content_index=0,
                              part={"type": "output_text", "text": text,
                                    "annotations": []})
        yield Responses.event("response.output_item.done", output_index=0,
                              item=Responses.item("completed", text))
        yield Responses.event("response.completed",
                              response=Responses.response(
                                  model, "completed", text))

    @staticmethod
    def whole(model, text):
        return Responses.response(model, "completed", text)

    @staticmethod
    def error(message, kind):
        return Responses.event("error", code=kind, message=message,
                               param=None)


DIALECTS = {"/v1/messages": Messages, "/v1/chat/completions": Chat,
            "/v1/responses": Responses}


def as_event(event):
    name, data = event
    text = data if isinstance(data, str) else json.dumps(data)
    return (f"event: {name}\n" if name else "") + f"data: {text}\n\n"


class Call:
    """One request for content; `sent` and `clean` are what the judge sees."""

    def __init__(self, plan, dialect, body, reader, writer):
        self.plan, self.dialect, self.writer = plan, dialect, writer
        self.reader = reader
        self.model = body.get("model", "m")
        self.stream = body.get("stream") is True
        self.sent = 0
        self.clean = False
        self.how = "?"

    async def write(self, text):
        self.writer.write(text.encode())
        await self.writer.drain()

    async def chunk(self, text):
        data = text.encode()
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def status(self, code):
        form = Messages if self.dialect is Messages else Chat
        _, data = form.error("not now", "overloaded_error")
        text = json.dumps(data)
        await self.write(f"HTTP/1.1 {code} X\r\nContent-Type: application/json"
                         f"\r\nRetry-After: 1\r\nContent-Length: {len(text)}"
                         f"\r\n\r\n{text}")

    async def head(self):
        await self.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream"
                         "\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in self.dialect.head(self.model):
            await self.chunk(as_event(event))

    async def gone(self):
        """The router has left: it closes, or writes where nothing is due."""
        await self.reader.read(1)
        raise ConnectionResetError

    async def pause(self, ms):
        if not ms:
            return
        try:
            await asyncio.wait_for(self.gone(), ms / 1000)
        except asyncio.TimeoutError:
            pass

    async def streamed(self):
        p = self.plan
        await self.head()
        last = p.count if p.end == "clean" else p.at
        text = ""
        for n in range(last):
            self.sent = n + 1
            part = plans.number(n, p.pad)
            text += part
            await self.chunk(as_event(self.dialect.delta(part)))
            await self.pause(p.gap)
        if p.end == "clean":
            self.clean = True
            for event in self.dialect.tail(self.model, text):
                await self.chunk(as_event(event))
        elif p.end == "error":
            await self.chunk(as_event(self.dialect.error(
                "overloaded", "overloaded_error")))
        elif p.end == "half":
            torn = as_event(self.dialect.delta("torn"))
            await self.chunk(torn[:len(torn) // 2])
        if p.end in ("clean", "noterm", "error"):
            await self.write("0\r\n\r\n")
            return True
        if p.end == "reset":
            self.reset()
        return False

    async def answered(self):
        p = self.plan
        await self.pause(p.gap * 2)
        text = "".join(plans.number(n, p.pad) for n in range(p.count))
        whole = json.dumps(self.dialect.whole(self.model, text))
        if p.end == "error":
            await self.status(503)
            return True
        head = ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(whole)}\r\n\r\n")
        if p.end == "clean":
            self.sent, self.clean = p.count, True
            await self.write(head + whole)
            return True
        cut = len(whole) * (p.at + 1) // (p.count + 2)
        self.sent = len(plans.numbers(whole[:cut]))
        await self.write(head + whole[:cut])
        if p.end == "reset":
            self.reset()
        return False

    async def serve(self, nth):
        """True: the connection may be used again."""
        first = self.plan.first if nth == 1 else "-"
        self.how = self.plan.end if first == "-" else first
        if first == "drop":
            self.reset()
            return False
        if first == "bare" and self.stream:
            await self.head()
            return False
        if first.isdigit():
            await self.status(int(first))
            return True
        return await (self.streamed() if self.stream else self.answered())


async def request(reader):
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    lines = head.split("\r\n")
    fields = {k.lower(): v.strip() for k, _, v in
              (line.partition(":") for line in lines[1:] if line)}
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    return lines[0].split(" ")[1].partition("?")[0], fields, body.decode()


def fresh_tokens():
    """Of a subscription; they are soon to be refreshed again."""
    global issued
    issued += 1
    return json.dumps({"access_token": f"sk-ant-oat01-{issued}-s",
                       "refresh_token": f"sk-ant-ort01-{issued}-s",
                       "expires_in": 1803, "token_type": "Bearer"})


async def other(path, writer):
    code, text = 404, "{}"
    if path == "/v1/models":
        code, text = 200, MODELS
    elif path == "/v1/oauth/token":
        code, text = 200, fresh_tokens()
        note(refresh=issued)
    writer.write(f"HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n"
                 f"Content-Length: {len(text)}\r\n\r\n{text}".encode())
    await writer.drain()


def times(ident):
    """Which call of this id it is."""
    calls[ident] = calls.pop(ident, 0) + 1
    if len(calls) > 20000:
        del calls[next(iter(calls))]
    return calls[ident]


async def one(reader, writer):
    global serial
    path, fields, body = await request(reader)
    plan = plans.parse(body)
    if path not in DIALECTS or not plan:
        await other(path, writer)
        return True
    serial += 1
    number = serial
    key = fields.get("x-api-key") or fields.get("authorization", "")
    nth = times(plan.id)
    note(begin=number, id=plan.id, nth=nth, path=path, key=key[-1:])
    call = Call(plan, DIALECTS[path], json.loads(body), reader, writer)
    again, lost = False, False
    try:
        again = await call.serve(nth)
    except OSError: # the connection is gone, or its socket already closed
        lost = True
    finally:
        note(end=number, id=plan.id, sent=call.sent, clean=call.clean,
             how=call.how, lost=lost)
    return again


async def connection(reader, writer):
    try:
        while await one(reader, writer):
            pass
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    global log
    with open(sys.argv[1], "w", encoding="utf-8", buffering=1) as log:
        server = await asyncio.start_server(connection, "127.0.0.1", 0,
                                            limit=1 << 20, backlog=512)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


asyncio.run(main())
