# SPDX-License-Identifier: MIT
# After the page's block: model.
import asyncio

from pydantic_ai import Agent
from tool import ASK, MODE, read_file

agent = Agent(model, tools=[read_file] if MODE == "tools" else [])


async def stream():
    async with agent.run_stream(ASK) as r:
        return "".join([t async for t in r.stream_text(delta=True)])


print(asyncio.run(stream()) if MODE == "stream" else agent.run_sync(ASK).output)
