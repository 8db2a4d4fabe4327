# SPDX-License-Identifier: MIT
# After the page's block: client, model.
from tool import ASK, MODE, SCHEMA, read_file

said = [{"role": "user", "content": ASK}]
more = {"model": model, "max_tokens": 1000, "messages": said}
if MODE == "tools":
    more["tools"] = [{"name": "read_file", "description": "Read a file.",
                      "input_schema": SCHEMA}]
if MODE == "stream":
    with client.messages.stream(**more) as stream:
        print("".join(stream.text_stream))
else:
    m = client.messages.create(**more)
    while m.stop_reason == "tool_use":
        said.append({"role": "assistant", "content": m.content})
        said.append({"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": b.id,
             "content": read_file(**b.input)}
            for b in m.content if b.type == "tool_use"]})
        m = client.messages.create(**more)
    print("".join(b.text for b in m.content if b.type == "text"))
