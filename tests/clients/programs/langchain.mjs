// SPDX-License-Identifier: MIT
// After the page's block: model.
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { about, ask, mode, readFile, schema } from "./tool.mjs";

const said = [new HumanMessage(ask)];
if (mode === "stream") {
  let text = "";
  for await (const part of await model.stream(said))
    text += part.text;
  console.log(text);
} else {
  const bound = mode === "tools" ?
    model.bindTools([tool(readFile, { ...about, schema })]) : model;
  let m = await bound.invoke(said);
  while (m.tool_calls?.length) {
    said.push(m, ...m.tool_calls.map((call) => new ToolMessage({
      content: readFile(call.args), tool_call_id: call.id,
    })));
    m = await bound.invoke(said);
  }
  console.log(m.text);
}
