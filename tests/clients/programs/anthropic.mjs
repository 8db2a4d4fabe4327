// SPDX-License-Identifier: MIT
// After the page's block: client, model.
import { about, ask, mode, readFile, schema } from "./tool.mjs";

const messages = [{ role: "user", content: ask }];
const q = { model, max_tokens: 1000, messages };
if (mode === "tools")
  q.tools = [{ ...about, input_schema: schema }];

async function answer() {
  if (mode === "stream")
    return client.messages.stream(q).finalText();
  for (;;) {
    const m = await client.messages.create(q);
    const calls = m.content.filter((b) => b.type === "tool_use");
    if (!calls.length)
      return m.content.map((b) => b.text ?? "").join("");
    messages.push({ role: "assistant", content: m.content });
    messages.push({ role: "user", content: calls.map((b) => ({
      type: "tool_result", tool_use_id: b.id, content: readFile(b.input),
    })) });
  }
}

console.log(await answer());
