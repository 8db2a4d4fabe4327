// SPDX-License-Identifier: MIT
// The official npm clients against a running router: sdk.mjs URL KEY.
// Prints "PASS name" or "FAIL name: why" for each case.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
const user = (content) => [{ role: "user", content }];
const schema = { type: "object", properties: { city: { type: "string" } } };
const chatTool = {
  type: "function",
  function: { name: "get_weather", parameters: schema },
};

async function test(name, fn) {
  try {
    await fn();
    console.log(`PASS ${name}`);
  } catch (e) {
    console.log(`FAIL ${name}: ${String(e.stack ?? e).replaceAll("\n", " ")}`);
  }
}

await test("openai chat", async () => {
  const r = await openai.chat.completions.create({
    model: "demo", messages: user("hi"),
  });
  assert.match(r.choices[0].message.content, /demo/);
  assert.equal(r.usage.total_tokens,
    r.usage.prompt_tokens + r.usage.completion_tokens);
});

await test("openai chat stream", async () => {
  const stream = await openai.chat.completions.create({
    model: "demo", messages: user("hi"), stream: true,
    stream_options: { include_usage: true },
  });
  let text = "", usage, chunks = 0;
  for await (const c of stream) {
    text += c.choices[0]?.delta?.content ?? "";
    usage = c.usage ?? usage;
    chunks++;
  }
  assert.match(text, /You asked: "hi"/);
  assert.ok(chunks > 10);
  assert.ok(usage.completion_tokens > 10);
});

await test("openai chat stream helper, tool call", async () => {
  const r = await openai.chat.completions.stream({
    model: "demo", messages: user("use get_weather"), tools: [chatTool],
  }).finalChatCompletion();
  const call = r.choices[0].message.tool_calls[0];
  assert.equal(call.function.name, "get_weather");
  assert.deepEqual(JSON.parse(call.function.arguments), { city: "demo" });
});

await test("openai responses", async () => {
  const r = await openai.responses.create({ model: "demo", input: "hi" });
  assert.match(r.output_text, /demo/);
  assert.equal(r.status, "completed");
});

await test("openai responses stream helper", async () => {
  const r = await openai.responses.stream({
    model: "demo", input: "use get_weather",
    tools: [{ type: "function", name: "get_weather", parameters: schema,
              strict: false }],
  }).finalResponse();
  const call = r.output.find((o) => o.type === "function_call");
  assert.deepEqual(JSON.parse(call.arguments), { city: "demo" });
  const text = await openai.responses.stream({ model: "demo", input: "hi" })
    .finalResponse();
  assert.match(text.output_text, /You asked/);
});

await test("openai error classes", async () => {
  await assert.rejects(
    openai.chat.completions.create({ model: "refused:m", messages: user("x") }),
    (e) => e instanceof OpenAI.InternalServerError && e.status === 502 &&
      e.code === "upstream_unreachable" && /^req_/.test(e.requestID));
  await assert.rejects(
    new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 })
      .chat.completions.create({ model: "demo", messages: user("x") }),
    (e) => e instanceof OpenAI.AuthenticationError);
});

await test("anthropic messages", async () => {
  const r = await anthropic.messages.create({
    model: "demo", max_tokens: 100, messages: user("hi"),
  });
  assert.match(r.content[0].text, /demo/);
  assert.equal(r.stop_reason, "end_turn");
});

await test("anthropic stream helper", async () => {
  let text = "";
  const stream = anthropic.messages.stream({
    model: "demo", max_tokens: 100, messages: user("hi"),
  }).on("text", (t) => { text += t; });
  const r = await stream.finalMessage();
  assert.equal(r.content[0].text, text);
  assert.ok(r.usage.output_tokens > 10);
});

await test("anthropic stream helper, tool use", async () => {
  const r = await anthropic.messages.stream({
    model: "demo", max_tokens: 100, messages: user("use get_weather"),
    tools: [{ name: "get_weather", input_schema: schema }],
  }).finalMessage();
  assert.equal(r.stop_reason, "tool_use");
  assert.deepEqual(r.content[0].input, { city: "demo" });
});

await test("anthropic error classes", async () => {
  await assert.rejects(
    anthropic.messages.create({
      model: "refused:m", max_tokens: 1, messages: user("x") }),
    (e) => e instanceof Anthropic.InternalServerError &&
      e.error.error.type === "api_error" && /^req_/.test(e.requestID));
  await assert.rejects(
    new Anthropic({ baseURL: url, apiKey: "wrong", maxRetries: 0 })
      .messages.create({ model: "demo", max_tokens: 1, messages: user("x") }),
    (e) => e instanceof Anthropic.AuthenticationError);
});

await test("a client that stops reading", async () => {
  const stream = await openai.chat.completions.create({
    model: "demo", messages: user("hi"), stream: true,
  });
  for await (const c of stream) {
    assert.ok(c.id);
    break;
  }
});
