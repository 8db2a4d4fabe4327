// SPDX-License-Identifier: MIT
// The npm clients read translated answers: read.mjs FOLDER. See read.py.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const folder = process.argv[2];

const answering = (data, stream) => async () => new Response(data, {
  headers: { "content-type": stream ? "text/event-stream"
                                    : "application/json" },
});

const read = {
  async anthropic(data, stream) {
    const client = new Anthropic({ apiKey: "k", maxRetries: 0,
                                   fetch: answering(data, stream) });
    const args = { model: "m", max_tokens: 9,
                   messages: [{ role: "user", content: "x" }] };
    const r = stream ? await client.messages.stream(args).finalMessage()
                     : await client.messages.create(args);
    return {
      text: r.content.filter((b) => b.type === "text")
        .map((b) => b.text).join(""),
      reasoning: r.content.filter((b) => b.type === "thinking")
        .map((b) => b.thinking).join(""),
      tools: r.content.filter((b) => b.type === "tool_use")
        .map((b) => [b.name, b.input]),
    };
  },
  async openai(data, stream) {
    const client = new OpenAI({ apiKey: "k", maxRetries: 0,
                                fetch: answering(data, stream) });
    const args = { model: "m", messages: [{ role: "user", content: "x" }] };
    const r = stream
      ? await client.chat.completions.stream(args).finalChatCompletion()
      : await client.chat.completions.create(args);
    const m = r.choices[0].message;
    return {
      text: (m.content ?? "") + (m.refusal ?? ""),
      tools: (m.tool_calls ?? []).map((t) =>
        [t.function.name, JSON.parse(t.function.arguments)]),
    };
  },
  async responses(data, stream) {
    const client = new OpenAI({ apiKey: "k", maxRetries: 0,
                                fetch: answering(data, stream) });
    const args = { model: "m", input: "x" };
    const r = stream ? await client.responses.stream(args).finalResponse()
                     : await client.responses.create(args);
    const out = { text: "", reasoning: "", tools: [] };
    for (const item of r.output) {
      if (item.type === "message")
        out.text += item.content.map((p) => p.text ?? p.refusal).join("");
      else if (item.type === "reasoning")
        out.reasoning += item.summary.map((p) => p.text).join("");
      else if (item.type === "function_call")
        out.tools.push([item.name, JSON.parse(item.arguments)]);
    }
    return out;
  },
};

for (const file of readdirSync(folder).filter((f) => f.endsWith(".want"))) {
  const base = file.slice(0, -".want".length);
  const want = JSON.parse(readFileSync(join(folder, file), "utf8"));
  const dialect = base.slice(base.lastIndexOf(".") + 1);
  for (const how of ["stream", "whole"]) {
    try {
      const got = await read[dialect](
        readFileSync(join(folder, `${base}.${how}`)), how === "stream");
      for (const key of Object.keys(got))
        assert.deepEqual(got[key], want[key], key);
      console.log(`PASS ${base} ${how}`);
    } catch (e) {
      console.log(`FAIL ${base} ${how}: ${String(e).replaceAll("\n", " ")}`);
    }
  }
}
