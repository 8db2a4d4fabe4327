# SPDX-License-Identifier: MIT
# After the page's block: client, model.
import json

from tool import ASK, MODE, SCHEMA, read_file

ABOUT = {"name": "read_file", "description": "Read a file.",
         "parameters": SCHEMA}


def chat():
    said = [{"role": "user", "content": ASK}]
    ask = client.chat.completions.create
    if MODE == "stream":
        return "".join(c.choices[0].delta.content or ""
                       for c in ask(model=model, messages=said, stream=True)
                       if c.choices)
    more = {"tools": [{"type": "function", "function": ABOUT}]} \
        if MODE == "tools" else {}
    while True:
        m = ask(model=model, messages=said, **more).choices[0].message
        if not m.tool_calls:
            return m.content
        said.append(m)
        for call in m.tool_calls:
            said.append({"role": "tool", "tool_call_id": call.id, "content":
                         read_file(**json.loads(call.function.arguments))})


def responses():
    said = [{"role": "user", "content": ASK}]
    ask = client.responses.create
    if MODE == "stream":
        return "".join(e.delta
                       for e in ask(model=model, input=said, stream=True)
                       if e.type == "response.output_text.delta")
    more = {"tools": [{"type": "function", **ABOUT}]} if MODE == "tools" else {}
    while True:
        r = ask(model=model, input=said, **more)
        calls = [i for i in r.output if i.type == "function_call"]
        if not calls:
            return r.output_text
        said += r.output
        for call in calls:
            said.append({"type": "function_call_output",
                         "call_id": call.call_id,
                         "output": read_file(**json.loads(call.arguments))})


a, b = chat(), responses()
assert a == b, f"Chat says {a!r}, Responses {b!r}"
print(a)
