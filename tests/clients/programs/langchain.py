# SPDX-License-Identifier: MIT
# After the page's block: model.
from langchain_core.messages import HumanMessage, ToolMessage
from tool import ASK, MODE, read_file

said = [HumanMessage(ASK)]
if MODE == "stream":
    print("".join(c.text for c in model.stream(said)))
else:
    bound = model.bind_tools([read_file]) if MODE == "tools" else model
    m = bound.invoke(said)
    while m.tool_calls:
        said.append(m)
        said += [ToolMessage(read_file(**call["args"]), tool_call_id=call["id"])
                 for call in m.tool_calls]
        m = bound.invoke(said)
    print(m.text)
