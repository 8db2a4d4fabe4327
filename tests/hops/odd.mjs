// SPDX-License-Identifier: MIT
// Histories as no well-made client would send them: odd.mjs STRICT URL BASE
// COUNT SEED
//
// STRICT is the module of the strict providers, which listen from port BASE on;
// URL is a router that has a backend for each, by its letter. COUNT histories
// are made from SEED: turns in any order, ids of any form and more than once,
// calls without results and the reverse, blank and empty content, system
// messages anywhere, unsigned thinking, pictures everywhere, members that no
// API knows. Each is sent in one of the three APIs to one of the providers:
// none may refuse it, and each text arrives once, or is named as left out.
// Prints PASS and FAIL lines.
const [strict, url, base, count, seed] = process.argv.slice(2);
const { start, conv, mark, rng, markersOf } = await import(strict);
const servers = await start({ port: Number(base), seed: 1 });
const MODELS = ["a:claude-opus-4-8", "a:claude-sonnet-4-6", "b:gpt-5.4",
                "c:gpt-5.5", "d:deepseek-v4-pro", "e:gemini-3-flash",
                "f:mistral-medium-3-5", "g:kimi-k2.6", "g:qwen3.8",
                "h:ministral-3"];
const pick = (r, list) => list[Math.floor(r() * list.length)];
const IDS = ["functions.f:0", "functions.f:1", "call_1", "a1B2c3D4e",
             "toolu_01abc", "x".repeat(70), "a b", "fc-1/2", "d\u00e9j\u00e0"];
const SCHEMA = { type: "object", properties: { q: { type: "string" } } };
const png = text => Buffer.concat([
  Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(text)])
  .toString("base64");

// --- a history, in no API ------------------------------------------------------
function history(c, r) {
  const turns = [], open = [];
  const text = kind => r() < 0.12 ? pick(r, ["", " ", "\n"])
    : `${mark(c, kind)} t`;
  for (let n = 2 + Math.floor(r() * 9); n > 0; n--) {
    const x = r();
    if (x < 0.3) {
      turns.push({ kind: "user", text: text("U"),
                   image: r() < 0.2 ? png(mark(c, "I")) : null });
    } else if (x < 0.5) {
      turns.push({ kind: "said", text: text("A"),
                   thinking: r() < 0.3 ? `${mark(c, "T")} t` : null });
    } else if (x < 0.6) {
      turns.push({ kind: "system", text: text("S"), developer: r() < 0.4 });
    } else if (x < 0.8) {
      const calls = Array.from({ length: 1 + Math.floor(r() * 2) }, () => ({
        id: pick(r, IDS), args: r() < 0.15 ? null : { q: mark(c, "C") } }));
      turns.push({ kind: "calls", calls, text: r() < 0.3 ? text("A") : "",
                   thinking: r() < 0.3 ? `${mark(c, "T")} t` : null });
      open.push(...calls.filter(() => r() < 0.8));
    } else if (open.length && r() < 0.9) {
      turns.push({ kind: "result", id: open.shift().id, text: text("R"),
                   image: r() < 0.1 ? png(mark(c, "I")) : null });
    } else {
      turns.push({ kind: "result", id: pick(r, IDS), text: text("R") });
    }
  }
  turns.push({ kind: "user", text: `${mark(c, "U")} end` });
  return turns;
}

// --- in each API -----------------------------------------------------------------
const messages = (turns, r) => turns.map(t => {
  const odd = r() < 0.2 ? { id: "msg_1", stop_reason: "end_turn" } : {};
  const list = (...b) => b.filter(x => x);
  const image = t.image && { type: "image", source: {
    type: "base64", media_type: "image/png", data: t.image } };
  const text = t.text === "" && r() < 0.5 ? null
    : { type: "text", text: t.text, ...(r() < 0.1 ? { index: 0 } : {}) };
  const thinking = t.thinking && { type: "thinking", thinking: t.thinking,
                                   signature: "" };
  switch (t.kind) {
  case "user":
    return { role: "user", content: t.image || r() < 0.5 ? list(text, image)
      : t.text };
  case "system":
    return { role: "system", content: t.text };
  case "said":
    return { role: "assistant", content: list(thinking, text), ...odd };
  case "calls":
    return { role: "assistant", ...odd, content: list(
      thinking, text, ...t.calls.map(k => ({
        type: "tool_use", id: k.id, name: "f", input: k.args ?? {} }))) };
  }
  return { role: "user", content: [
    { type: "tool_result", tool_use_id: t.id, content: t.image ?
      list(text, image) : t.text }] };
});

const chat = (turns, r) => turns.map(t => {
  const odd = r() < 0.2 ? { annotations: [], audio: null } : {};
  const thinking = t.thinking ? { reasoning_content: t.thinking } : {};
  switch (t.kind) {
  case "user":
    return { role: "user", content: t.image ? [
      { type: "text", text: t.text },
      { type: "image_url", image_url: {
        url: `data:image/png;base64,${t.image}` } }] : t.text };
  case "system":
    return { role: t.developer ? "developer" : "system", content: t.text };
  case "said":
    return { role: "assistant", content: t.text === "" ? null : t.text,
             ...thinking, ...odd };
  case "calls":
    return { role: "assistant", content: t.text || null, ...thinking, ...odd,
             tool_calls: t.calls.map((k, index) => ({
               ...(r() < 0.3 ? { index } : {}), id: k.id, type: "function",
               function: { name: "f", arguments: k.args ?
                 JSON.stringify(k.args) : "{}" } })) };
  }
  return { role: "tool", tool_call_id: t.id, content: t.text };
});

const responses = (turns, r) => turns.flatMap(t => {
  const thinking = t.thinking ? [{
    type: "reasoning", id: "rs_1", summary: [
      { type: "summary_text", text: t.thinking }], encrypted_content: "",
    ...(r() < 0.5 ? { status: null } : {}) }] : [];
  const said = t.text ? [{ type: "message", role: "assistant", content: [
    { type: pick(r, ["output_text", "input_text"]), text: t.text }],
    ...(r() < 0.3 ? { id: "item_1", status: "completed" } : {}) }] : [];
  switch (t.kind) {
  case "user":
    return [{ role: "user", content: t.image ? [
      { type: "input_text", text: t.text },
      { type: "input_image", detail: "auto",
        image_url: `data:image/png;base64,${t.image}` }] : t.text }];
  case "system":
    return [{ role: t.developer ? "developer" : "system", content: t.text }];
  case "said":
    return [...thinking, ...said];
  case "calls":
    return [...thinking, ...said, ...t.calls.map(k => ({
      type: "function_call", call_id: k.id, name: "f",
      arguments: JSON.stringify(k.args ?? {}),
      ...(r() < 0.3 ? { id: pick(r, ["fc_1", "call_9"]), caller: null } : {}),
    }))];
  }
  return [{ type: "function_call_output", call_id: t.id, output: t.text }];
});

const tool = more => r => r() < 0.8 ? { tools: [more] } : {};
const APIS = {
  messages: [messages, tool({ name: "f", input_schema: SCHEMA }), r => ({
    max_tokens: 4000, ...(r() < 0.3 ? { thinking: { type: "adaptive" } } : {}),
  })],
  "chat/completions": [chat, tool({ type: "function", function: {
    name: "f", parameters: SCHEMA } }), r => r() < 0.3 ?
    { reasoning_effort: "low" } : {}],
  responses: [responses, tool({ type: "function", name: "f", strict: false,
                                parameters: SCHEMA }), r => ({
    store: false, ...(r() < 0.3 ? { reasoning: { effort: "low" } } : {}) })],
};

// --- the judge ---------------------------------------------------------------------
const TOLD = { T: /thinking|reasoning/, I: /image|output without/, C: /call without/,
               R: /output without/ };

function faults(body, entry, headers) {
  const told = `${headers.get("x-dario-dropped")} ${
    headers.get("x-dario-mended")}`;
  const times = (list, m) => list.filter(x => x.m === m).length;
  const sent = markersOf(body), arrived = markersOf(entry.body);
  return sent.flatMap(({ m, kind }) => {
    const n = times(arrived, m);
    return n > 1 ? [`${m} came ${n} times`]
      : n || TOLD[kind]?.test(told) ? [] : [`${m} is lost: ${told}`];
  });
}

async function ask(i) {
  const r = rng(Number(seed) * 1000003 + i), c = conv(100000 + i, 1);
  const api = pick(r, Object.keys(APIS)), model = pick(r, MODELS);
  const [write, tools, more] = APIS[api];
  const list = write(history(c, r), r);
  const body = { model, [api === "responses" ? "input" : "messages"]: list,
                 ...tools(r), ...more(r) };
  if (model.includes("sonnet") && body.thinking)
    body.thinking = { type: "enabled", budget_tokens: 2000 };
  const answer = await fetch(`${url}/v1/${api}`, {
    method: "POST", body: JSON.stringify(body),
    headers: { "content-type": "application/json" } });
  const said = await answer.text(), entry = c.log.at(-1);
  const broken = c.log.flatMap(e => e.violations)
    .map(v => `${v.rule}: ${v.msg}`);
  if (answer.status !== 200 || !entry)
    broken.push(`HTTP ${answer.status} ${said.slice(0, 300)}`);
  else
    broken.push(...faults(body, entry, answer.headers));
  return broken.map(b => `${i} ${api} to ${model}: ${b}`);
}

const wrong = [];
for (let i = 0; i < Number(count); i++)
  wrong.push(...await ask(i));
console.log(wrong.length ? `FAIL ${wrong.length} faults in ${count} histories`
  : `PASS ${count} odd histories are taken, and nothing of them is lost`);
for (const w of wrong.slice(0, 20))
  console.log(`  ${w}`);
servers.stop();
process.exit(0);
