// SPDX-License-Identifier: MIT
// The official npm clients against Claude accounts: sdk.mjs URL. Prints
// "PASS name" or "FAIL name: why" for each case.
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import assert from "node:assert/strict";

const url = process.argv[2];
const oa = new OpenAI({ baseURL: `${url}/v1`, apiKey: "any", maxRetries: 0 });
const an = new Anthropic({ baseURL: url, apiKey: "any", maxRetries: 0 });
const messages = [{ role: "user", content: "hi" }];
const text = "Hello from the provider.";
const streamed = text.replaceAll(" ", "");

const cases = {
	async anthropic_whole() {
		const r = await an.messages.create({
			model: "sonnet", max_tokens: 100, messages });
		assert.equal(r.content[0].text, text);
		assert.equal(r.model, "claude-sonnet-9");
	},
	async anthropic_stream() {
		const s = an.messages.stream({
			model: "opus", max_tokens: 100, messages });
		assert.equal(await s.finalText(), streamed);
	},
	async openai_whole() {
		const r = await oa.chat.completions.create({
			model: "sonnet", messages });
		assert.equal(r.choices[0].message.content, text);
	},
	async openai_stream() {
		const s = oa.chat.completions.stream({
			model: "sonnet", messages });
		assert.equal(await s.finalContent(), streamed);
	},
	async openai_responses_stream() {
		const s = oa.responses.stream({ model: "sonnet", input: "hi" });
		for await (const _ of s);
		assert.equal((await s.finalResponse()).output_text, streamed);
	},
};

for (const [name, fn] of Object.entries(cases)) {
	try {
		await fn();
		console.log(`PASS ${name}`);
	} catch (e) {
		console.log(`FAIL ${name}: ${String(e.stack).replaceAll("\n", " ")}`);
	}
}
