// SPDX-License-Identifier: MIT
// After the page's block: model.
import { generateText, isStepCount, jsonSchema, streamText, tool } from "ai";
import { about, ask, mode, readFile, schema } from "./tool.mjs";

const q = { model, prompt: ask };
if (mode === "tools")
  Object.assign(q, {
    tools: { [about.name]: tool({
      description: about.description, inputSchema: jsonSchema(schema),
      execute: readFile,
    }) },
    stopWhen: isStepCount(4),
  });
if (mode === "stream") {
  let text = "";
  for await (const part of streamText(q).textStream)
    text += part;
  console.log(text);
} else {
  console.log((await generateText(q)).text);
}
