// SPDX-License-Identifier: MIT
// The official npm clients with keys at their limits, as limits.py has them:
// limits.mjs URL LOG KEYS.
import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [url, log, list] = process.argv.slice(2);
const keys = Object.fromEntries(list.split(" ").map((k) => k.split("=", 2)));
const hi = [{ role: "user", content: "hi" }];
const asked = () => readFileSync(log, "utf8").split('"path":"/v1/').length;
// A line may be written just after its answer has come.
async function written(before) {
  for (let i = 0; i < 500 && asked() === before; i++)
    await new Promise((done) => setTimeout(done, 20));
}
const openai = (key) => new OpenAI({ baseURL: `${url}/v1`, apiKey: key });
const apis = {
  chat: (key, stream) =>
    openai(key).chat.completions.create({ model: "demo", messages: hi, stream }),
  responses: (key, stream) =>
    openai(key).responses.create({ model: "demo", input: "hi", stream }),
  messages: (key, stream) =>
    new Anthropic({ baseURL: url, apiKey: key }).messages.create({
      model: "demo", max_tokens: 9, messages: hi, stream,
    }),
};
const expected = {
  spent: [429, "insufficient_quota", "spend limit reached"],
  rate: [429, "insufficient_quota", "request limit reached"],
  models: [400, undefined, "other*"],
  expired: [401, undefined, "expired"],
  wrong: [401, undefined, "wrong API key"],
};

async function check(api, key, stream) {
  const [status, code, words] = expected[key];
  const before = asked();
  try {
    const answer = await apis[api](keys[key], stream);
    if (stream) for await (const unused of answer) void unused;
    return ["no error"];
  } catch (e) {
    const wrong = [];
    if (e.status !== status) wrong.push(`status ${e.status}: ${e}`);
    if (api !== "messages" && code && e.code !== code) wrong.push(e.code);
    if (!String(e.message).includes(words)) wrong.push(e.message);
    await written(before);
    if (asked() - before !== 1) wrong.push(`it asked ${asked() - before} times`);
    return wrong;
  }
}

for (const key of Object.keys(expected))
  for (const api of Object.keys(apis))
    for (const stream of [false, true]) {
      const name = `${key}: ${api}${stream ? ", a stream" : ""}`;
      const wrong = await check(api, key, stream);
      console.log(wrong.length ? `FAIL ${name}: ${wrong.join("; ")}` : `PASS ${name}`);
    }
