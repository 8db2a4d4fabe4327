#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A provider that does what the prompt says, and keeps a bill of its own.

The prompt is a JSON object: id, in, read, w5, w1h (tokens that are read), out,
chars (of the answer), end: whole, cut (it hangs up after so many characters),
hang (it stops there, and waits until the other side hangs up), hold (that, before
it has answered anything) or an HTTP status. In Chat also usage: never, or asked (a stream tells it only when it is
asked to; without it always), and form: bytes (the end comes byte by byte) or
crlf. told: further members of the usage, with every chunk of Chat's where
`every` is true. head: further header fields. Each answer has a line in the bill, whose path is the first argument.
Prints its port.
"""
import asyncio
import json
import sys

PIECE = 40
MODELS = ["claude-opus-5-5", "claude-haiku-4-5", "gpt-4o", "gpt-4.1"]
bill = open(sys.argv[1], "a", buffering=1)


def enter(order, chars):
    bill.write(json.dumps(dict(order, sent=chars)) + "\n")


def usage(order, out):
    return {"input_tokens": order["in"],
            "cache_read_input_tokens": order.get("read", 0),
            "cache_creation_input_tokens": order.get("w5", 0) + order.get("w1h", 0),
            "cache_creation": {"ephemeral_5m_input_tokens": order.get("w5", 0),
                               "ephemeral_1h_input_tokens": order.get("w1h", 0)},
            "output_tokens": out, **order.get("told", {})}


def chat_usage(order):
    read = order.get("read", 0)
    return {"prompt_tokens": order["in"] + read, "completion_tokens": order["out"],
            "total_tokens": order["in"] + read + order["out"],
            "prompt_tokens_details": {"cached_tokens": read}, **order.get("told", {})}


def message(order, out, content):
    return {"id": "msg_" + str(order["id"]), "type": "message", "role": "assistant",
            "model": order["model"], "content": content, "stop_reason": None,
            "stop_sequence": None, "usage": usage(order, out)}


def whole(order, chat):
    text = "x" * order["chars"]
    if chat:
        return {"id": "c", "object": "chat.completion", "created": 1, "model": order["model"],
                "choices": [{"index": 0, "finish_reason": "stop",
                             "message": {"role": "assistant", "content": text}}],
                **({} if order.get("usage") == "never" else {"usage": chat_usage(order)})}
    return dict(message(order, order["out"], [{"type": "text", "text": text}]),
                stop_reason="end_turn")


def event(name, data):
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def begin(order, chat):
    if chat:
        return b""
    return (event("message_start", {"type": "message_start", "message": message(order, 1, [])}) +
            event("content_block_start", {"type": "content_block_start", "index": 0,
                                          "content_block": {"type": "text", "text": ""}}))


def delta(order, chat, text):
    if chat:
        return event(None, {"id": "c", "object": "chat.completion.chunk", "created": 1,
                            "model": order["model"],
                            "choices": [{"index": 0, "delta": {"content": text},
                                         "finish_reason": None}],
                            **({"usage": dict(chat_usage(order), completion_tokens=1)}
                               if order.get("every") else {})})
    return event("content_block_delta", {"type": "content_block_delta", "index": 0,
                                         "delta": {"type": "text_delta", "text": text}})


def finish(order, chat):
    if chat:
        told = order.get("usage") != "never" and (order.get("usage") != "asked" or order["asked"])
        last = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": order["model"]}
        return (event(None, dict(last, choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])) +
                (event(None, dict(last, choices=[], usage=chat_usage(order))) if told else b"") +
                b"data: [DONE]\n\n")
    return (event("content_block_stop", {"type": "content_block_stop", "index": 0}) +
            event("message_delta", {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                                    "usage": {"output_tokens": order["out"]}}) +
            event("message_stop", {"type": "message_stop"}))


async def stream(order, chat, reader, writer):
    """False: this connection is over."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
    writer.write(begin(order, chat))
    sent = 0
    while sent < order["chars"]:
        n = min(PIECE, order["chars"] - sent)
        writer.write(delta(order, chat, "é" * n))
        sent += n
        await writer.drain()
        if order.get("ms"):
            await asyncio.sleep(order["ms"] / 1000)
    if order["end"] == "whole":
        end = finish(order, chat)
        if order.get("form") == "crlf":
            end = end.replace(b"\n", b"\r\n")
        for piece in ([end[i:i + 1] for i in range(len(end))] if order.get("form") == "bytes" else [end]):
            writer.write(piece)
            await writer.drain()
        enter(order, sent)
        await writer.drain()
    else:
        enter(order, sent)
        await writer.drain()
        if order["end"] == "hang":
            await reader.read(1)


async def answer(body, path, reader, writer):
    if not body:
        data = json.dumps({"object": "list", "data": [{"id": m, "object": "model"} for m in MODELS]}).encode()
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        return True
    request = json.loads(body)
    text = request["messages"][0]["content"]
    if not isinstance(text, str):
        text = text[0]["text"]
    chat = path.endswith("/chat/completions")
    order = dict(json.loads(text), model=request["model"],
                 asked=bool((request.get("stream_options") or {}).get("include_usage")))
    if path.endswith("/count_tokens"):
        reply = {"input_tokens": order["in"]}
    elif str(order["end"]).isdigit():
        status = int(order["end"])
        data = json.dumps({"type": "error", "error": {"type": "api_error", "message": "as ordered"}}).encode()
        enter(order, 0)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        return True
    elif order["end"] == "hold":
        enter(order, 0)
        await reader.read(1)
        return False
    elif request.get("stream"):
        await stream(order, chat, reader, writer)
        return False
    else:
        if order.get("ms"):
            await asyncio.sleep(order["ms"] / 1000)
        reply = whole(order, chat)
        enter(order, order["chars"])
    data = json.dumps(reply).encode()
    head = "" if not body else "".join(f"{k}: {v}\r\n" for k, v in order.get("head", {}).items())
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}"
                 f"anthropic-ratelimit-requests-remaining: 7\r\n"
                 f"anthropic-ratelimit-unified-status: allowed\r\n"
                 f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
    return True


async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lines = head.split("\r\n")
            length = 0
            for line in lines[1:]:
                name, _, value = line.partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            body = await reader.readexactly(length)
            if not await answer(body, lines[0].split()[1].partition("?")[0], reader, writer):
                break
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
