// SPDX-License-Identifier: MIT
// After the page's block: client, model.
import assert from "node:assert/strict";
import { about, ask, mode, readFile, schema } from "./tool.mjs";

const tool = { ...about, parameters: schema };

async function chat() {
  const messages = [{ role: "user", content: ask }];
  const create = (more) =>
    client.chat.completions.create({ model, messages, ...more });
  if (mode === "stream") {
    let text = "";
    for await (const c of await create({ stream: true }))
      text += c.choices[0]?.delta?.content ?? "";
    return text;
  }
  const more = mode === "tools" ?
    { tools: [{ type: "function", function: tool }] } : {};
  for (;;) {
    const { message } = (await create(more)).choices[0];
    if (!message.tool_calls?.length)
      return message.content;
    messages.push(message);
    for (const call of message.tool_calls)
      messages.push({
        role: "tool", tool_call_id: call.id,
        content: readFile(JSON.parse(call.function.arguments)),
      });
  }
}

async function responses() {
  const input = [{ role: "user", content: ask }];
  const create = (more) => client.responses.create({ model, input, ...more });
  if (mode === "stream") {
    let text = "";
    for await (const e of await create({ stream: true }))
      text += e.type === "response.output_text.delta" ? e.delta : "";
    return text;
  }
  const more = mode === "tools" ?
    { tools: [{ type: "function", ...tool }] } : {};
  for (;;) {
    const r = await create(more);
    const calls = r.output.filter((i) => i.type === "function_call");
    if (!calls.length)
      return r.output_text;
    input.push(...r.output);
    for (const call of calls)
      input.push({
        type: "function_call_output", call_id: call.call_id,
        output: readFile(JSON.parse(call.arguments)),
      });
  }
}

const text = await chat();
assert.equal(await responses(), text);
console.log(text);
