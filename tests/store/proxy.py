#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Stands before a store and can be slow: proxy.py SOCKET <COMMANDS >PORT

COMMANDS, a line each: "delay MS" (each answer comes so much later), "mute"
(it accepts, reads and says nothing, also on the connections that there are),
"cut" (all connections end). Each is answered with "ok" on the standard output,
which begins with the port. It ends with its standard input.
"""

import asyncio
import sys

state = {"delay": 0.0, "mute": False}
writers = set()


async def pump(reader, writer, late):
    """`late`: what is read goes on in its order, each part after its time."""
    loop = asyncio.get_running_loop()
    queue = asyncio.Queue()

    async def send():
        while True:
            at, data = await queue.get()
            await asyncio.sleep(max(0, at - loop.time()))
            while state["mute"]:
                await asyncio.sleep(0.02)
            if not data:
                break
            writer.write(data)
            await writer.drain()
        writer.close()

    sending = asyncio.create_task(send())
    try:
        while data := await reader.read(65536):
            queue.put_nowait(
                (loop.time() + (state["delay"] if late else 0), data))
        queue.put_nowait((0, b""))
        await sending
    except OSError:
        pass
    finally:
        sending.cancel()
        writer.close()


async def serve(reader, writer):
    up_reader, up_writer = await asyncio.open_unix_connection(sys.argv[1])
    writers.update((writer, up_writer))
    await asyncio.gather(pump(reader, up_writer, False),
                         pump(up_reader, writer, True))
    writers.difference_update((writer, up_writer))


async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).split():
        if line[0] == b"delay":
            state.update(delay=int(line[1]) / 1000, mute=False)
        elif line[0] == b"mute":
            state["mute"] = True
        else:
            for w in list(writers):
                w.transport.abort()
        print("ok", flush=True)


asyncio.run(main())
