# SPDX-License-Identifier: MIT
# After the page's block: model.
import smolagents
from tool import ASK, MODE, read_file

said = [{"role": "user", "content": ASK}]
if MODE == "stream":
    print("".join(d.content or "" for d in model.generate_stream(said)))
elif MODE == "text":
    print(model.generate(said).content)
else:
    agent = smolagents.ToolCallingAgent(
        tools=[smolagents.tool(read_file)], model=model, max_steps=4,
        verbosity_level=0)
    print(agent.run(ASK))
