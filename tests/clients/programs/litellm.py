# SPDX-License-Identifier: MIT
# After the page's block: completion, settings.
import json

from tool import ASK, MODE, SCHEMA, read_file

said = [{"role": "user", "content": ASK}]
more = dict(settings, messages=said)
if MODE == "tools":
    more["tools"] = [{"type": "function", "function": {
        "name": "read_file", "description": "Read a file.",
        "parameters": SCHEMA}}]
if MODE == "stream":
    print("".join(c.choices[0].delta.content or ""
                  for c in completion(**more, stream=True)))
else:
    m = completion(**more).choices[0].message
    while m.tool_calls:
        said.append(m)
        for call in m.tool_calls:
            said.append({"role": "tool", "tool_call_id": call.id, "content":
                         read_file(**json.loads(call.function.arguments))})
        m = completion(**more).choices[0].message
    print(m.content)
