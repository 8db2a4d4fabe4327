// SPDX-License-Identifier: MIT
// After the page's block: runner.
import { Agent, tool } from "@openai/agents";
import { about, ask, mode, readFile, schema } from "./tool.mjs";

const agent = new Agent({
  name: "reader", model: "gpt-5", instructions: "Answer in one sentence.",
  tools: mode !== "tools" ? [] : [tool({
    ...about, execute: readFile, strict: true,
    parameters: { ...schema, additionalProperties: false },
  })],
});
if (mode === "stream") {
  const r = await runner.run(agent, ask, { stream: true });
  let text = "";
  for await (const part of r.toTextStream())
    text += part;
  console.log(text);
} else {
  console.log((await runner.run(agent, ask)).finalOutput);
}
