// SPDX-License-Identifier: MIT
// Histories as no well-made client would send them: odd.mjs STRICT URL BASE
// COUNT SEED
//
// STRICT is the module of the strict providers, which listen from port BASE on;
// URL is a router that has a backend for each, by its letter. COUNT histories
// are made from SEED: turns in any order, ids of any form and more than once,
// calls without results and the reverse, blank and empty content, system
// messages anywhere, unsigned thinking, pictures everywhere, members that no
// API knows; refusals, documents, calls of every kind that a client can have.
// Each is sent in one of the three APIs to one of the providers: none may
// refuse it, and each text arrives once, or is named as left out.
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
const base64 = text => Buffer.from(text).toString("base64");
const png = text => Buffer.concat([
  Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(text)])
  .toString("base64");

// --- a history, in no API ------------------------------------------------------
function history(c, r, shapes) {
  const turns = [], open = [];
  const text = kind => r() < 0.12 ? pick(r, ["", " ", "\n"])
    : `${mark(c, kind)} t`;
  for (let n = 2 + Math.floor(r() * 9); n > 0; n--) {
    const x = r();
    if (x < 0.3) {
      turns.push({ kind: "user", text: text("U"),
                   image: r() < 0.2 ? png(mark(c, "I")) : null,
                   document: r() < 0.15 ? `${mark(c, "D")} d` : null,
                   found: r() < 0.05 ? `${mark(c, "D")} d` : null });
    } else if (x < 0.33) {
      turns.push({ kind: "refused", text: `${mark(c, "A")} no` });
    } else if (x < 0.35) {
      turns.push({ kind: "searched", text: mark(c, "W") });
    } else if (x < 0.37) {
      turns.push({ kind: "agent", text: `${mark(c, "U")} t` });
    } else if (x < 0.5) {
      turns.push({ kind: "said", text: text("A"),
                   thinking: r() < 0.3 ? `${mark(c, "T")} t` : null });
    } else if (x < 0.6) {
      turns.push({ kind: "system", text: text("S"), developer: r() < 0.4 });
    } else if (x < 0.8) {
      const calls = Array.from({ length: 1 + Math.floor(r() * 2) }, () => ({
        id: pick(r, IDS), args: r() < 0.15 ? null : { q: mark(c, "C") },
        shape: r() < 0.6 ? "function" : pick(r, shapes) }));
      turns.push({ kind: "calls", calls, text: r() < 0.3 ? text("A") : "",
                   thinking: r() < 0.3 ? `${mark(c, "T")} t` : null });
      open.push(...calls.filter(() => r() < 0.8));
    } else if (open.length && r() < 0.9) {
      const call = open.splice(Math.floor(r() * open.length), 1)[0];
      turns.push({ kind: "result", id: call.id, text: text("R"),
                   shape: call.shape, failed: r() < 0.1,
                   document: r() < 0.1 ? `${mark(c, "D")} d` : null,
                   image: r() < 0.1 ? png(mark(c, "I")) : null });
    } else {
      turns.push({ kind: "result", id: pick(r, IDS), text: text("R") });
    }
  }
  turns.push({ kind: "user", text: `${mark(c, "U")} end` });
  return turns;
}

// --- in each API -----------------------------------------------------------------
const messages = (turns, r, own) => turns.map(t => {
  const odd = r() < 0.2 ? { id: "msg_1", stop_reason: "end_turn" } : {};
  const list = (...b) => b.filter(x => x);
  const image = t.image && { type: "image", source: {
    type: "base64", media_type: "image/png", data: t.image } };
  const text = t.text === "" && r() < 0.5 ? null
    : { type: "text", text: t.text, ...(r() < 0.1 ? { index: 0 } : {}) };
  const thinking = t.thinking && { type: "thinking", thinking: t.thinking,
                                   signature: "" };
  const document = t.document && { type: "document", title: "d.txt",
    ...(r() < 0.3 ? { citations: { enabled: true } } : {}), source:
    r() < 0.5 ? { type: "text", media_type: "text/plain", data: t.document }
      : { type: "content", content: [{ type: "text", text: t.document }] } };
  const found = t.found && { type: "search_result", source: "https://s.example",
    title: "s", content: [{ type: "text", text: t.found }] };
  switch (t.kind) {
  case "agent":
  case "user":
    return { role: "user", content: t.image || document || found || r() < 0.5
      ? list(document, text, image, found) : t.text };
  case "refused":
    return { role: "assistant", content: [{ type: "text", text: t.text }] };
  case "searched":
    return { role: "assistant", content: own ? t.text : [
      { type: "server_tool_use", id: "srvtoolu_1", name: "web_search",
        input: { query: t.text } },
      { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [
        { type: "web_search_result", url: "https://s.example", title: "s",
          encrypted_content: "x" }] }] };
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
    { type: "tool_result", tool_use_id: t.id,
      ...(t.failed ? { is_error: true } : {}), content: t.image || document ?
        list(text, image, document) : t.text }] };
});

const chat = (turns, r) => turns.map(t => {
  const odd = r() < 0.2 ? { annotations: [], audio: null } : {};
  const thinking = t.thinking ? { reasoning_content: t.thinking } : {};
  const image = t.image ? [{ type: "image_url", image_url: {
    url: `data:image/png;base64,${t.image}` } }] : [];
  const document = t.document ? [{ type: "file", file: { filename: "d.txt",
    file_data: `data:text/plain;base64,${base64(t.document)}` } }] : [];
  switch (t.kind) {
  case "agent":
  case "user":
    return { role: "user", content: image.length || document.length ? [
      { type: "text", text: t.text }, ...image, ...document,
      ...(t.found ? [{ type: "text", text: t.found }] : [])]
      : t.text + (t.found ?? "") };
  case "refused":
    return { role: "assistant", content: null, refusal: t.text };
  case "searched":
    return { role: "assistant", content: t.text, annotations: [
      { type: "url_citation", url_citation: { url: "https://s.example",
        title: "s", start_index: 0, end_index: 1 } }] };
  case "system":
    return { role: t.developer ? "developer" : "system", content: t.text };
  case "said":
    return { role: "assistant", content: t.text === "" ? null : t.text,
             ...thinking, ...odd };
  case "calls":
    return { role: "assistant", content: t.text || null, ...thinking, ...odd,
             ...(t.calls[0].shape === "legacy" ? { function_call: {
               name: "f", arguments: JSON.stringify(t.calls[0].args ?? {}) } }
               : { tool_calls: t.calls.map((k, index) => ({
                 ...(r() < 0.3 ? { index } : {}), id: k.id,
                 ...(k.shape === "custom" ? { type: "custom", custom: {
                   name: "p", input: k.args?.q ?? "" } }
                   : { type: "function", function: { name: "f", arguments:
                     JSON.stringify(k.args ?? {}) } }) })) }) };
  }
  if (t.shape === "legacy")
    return { role: "function", name: "f", content: t.text };
  return { role: "tool", tool_call_id: t.id, content: image.length ||
    document.length ? [{ type: "text", text: t.text }, ...image, ...document]
    : t.text };
});

const SHAPES = {
  function: ["function_call", (q, json) => ({ name: "f", arguments: json })],
  namespace: ["function_call", (q, json) => ({
    name: "find", namespace: "mcp__n", arguments: json })],
  custom: ["custom_tool_call", q => ({ name: "p", input: q })],
  shell: ["shell_call", q => ({ action: { commands: [q] } })],
  local_shell: ["local_shell_call", q => ({
    action: { type: "exec", command: [q], env: {} } })],
  apply_patch: ["apply_patch_call", q => ({
    operation: { type: "create_file", path: "p", diff: q } })],
  tool_search: ["tool_search_call", q => ({
    execution: "client", arguments: { query: q } })],
};
const outputs = (t, content) => t.shape === "shell" ? { output: [
  { stdout: t.text, stderr: "", outcome: { type: "exit", exit_code: 0 } }] }
  : t.shape === "tool_search" ? { execution: "client", tools: [
    { type: "function", name: "late", parameters: SCHEMA }] }
    : { output: content };

const responses = (turns, r, own) => turns.flatMap(t => {
  const thinking = t.thinking ? [{
    type: "reasoning", id: "rs_1", summary: [
      { type: "summary_text", text: t.thinking }], encrypted_content: "",
    ...(r() < 0.5 ? { status: null } : {}) }] : [];
  const said = t.text ? [{ type: "message", role: "assistant", content: [
    { type: pick(r, ["output_text", "input_text"]), text: t.text }],
    ...(r() < 0.3 ? { id: "item_1", status: "completed" } : {}) }] : [];
  const image = t.image ? [{ type: "input_image", detail: "auto",
    image_url: `data:image/png;base64,${t.image}` }] : [];
  const document = t.document ? [{ type: "input_file", filename: "d.txt",
    file_data: `data:text/plain;base64,${base64(t.document)}` }] : [];
  const words = { type: "input_text", text: t.text };
  switch (t.kind) {
  case "user":
    return [{ role: "user", content: image.length || document.length ? [
      words, ...image, ...document,
      ...(t.found ? [{ type: "input_text", text: t.found }] : [])]
      : t.text + (t.found ?? "") }];
  case "agent":
    return [own ? { role: "user", content: t.text } : {
      type: "agent_message", author: "a", recipient: "b", content: [words] }];
  case "refused":
    return [{ type: "message", role: "assistant", content: [
      { type: "refusal", refusal: t.text }] }];
  case "searched":
    return own ? [] : [{ type: "web_search_call", id: "ws_1",
      status: "completed", action: { type: "search", query: t.text } }];
  case "system":
    return [{ role: t.developer ? "developer" : "system", content: t.text }];
  case "said":
    return [...thinking, ...said];
  case "calls":
    return [...thinking, ...said, ...t.calls.map(k => ({
      type: SHAPES[k.shape][0], call_id: k.id,
      ...SHAPES[k.shape][1](k.args?.q ?? "", JSON.stringify(k.args ?? {})),
      ...(r() < 0.3 ? { id: pick(r, ["fc_1", "call_9"]), caller: null } : {}),
    }))];
  }
  return [{ type: `${SHAPES[t.shape ?? "function"][0]}_output`
    .replace("search_call", "search"), call_id: t.id,
    ...outputs(t, image.length || document.length ?
      [words, ...image, ...document] : t.text) }];
});

const tool = (more, others) => (r, shapes) => r() < 0.8 ? {
  tools: [more, ...shapes.flatMap(s => others?.[s] ?? [])] } : {};
const APIS = {
  messages: [messages, tool({ name: "f", input_schema: SCHEMA }), r => ({
    max_tokens: 4000, ...(r() < 0.3 ? { thinking: { type: "adaptive" } } : {}),
  })],
  "chat/completions": [chat, (r, shapes) => shapes[0] !== "legacy" ?
    tool({ type: "function", function: { name: "f", parameters: SCHEMA } }, {
      custom: { type: "custom", custom: { name: "p" } } })(r, shapes)
    : r() < 0.8 ? { functions: [{ name: "f", parameters: SCHEMA }] } : {},
    r => r() < 0.3 ? { reasoning_effort: "low" } : {}],
  responses: [responses, tool({ type: "function", name: "f", strict: false,
                                parameters: SCHEMA }, {
    custom: { type: "custom", name: "p" },
    namespace: { type: "namespace", name: "mcp__n", tools: [
      { type: "function", name: "find", parameters: SCHEMA }] },
    ...Object.fromEntries(["shell", "local_shell", "apply_patch"]
      .map(s => [s, { type: s }])),
    tool_search: { type: "tool_search", execution: "client" } }), r => ({
    store: false, ...(r() < 0.3 ? { reasoning: { effort: "low" } } : {}) })],
};

// The kinds of calls of a request. The strict OpenAI knows functions alone, and
// its Responses those, custom tools and what is in a namespace.
function shapesOf(r, api, to) {
  const all = api === "chat/completions" ? r() < 0.3 ? ["legacy"]
    : to === "b" ? ["function"] : ["function", "custom"]
    : api === "responses" ? Object.keys(SHAPES) : ["function"];
  return to !== "c" ? all : all.filter(s =>
    ["legacy", "function", "custom", "namespace"].includes(s));
}

// --- the judge ---------------------------------------------------------------------
const TOLD = { T: /thinking|reasoning/, I: /image|output without/, C: /call without/,
               R: /output without/, D: /document|output without/,
               W: /search|server_tool_use/ };

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
  const [write, tools, more] = APIS[api], own =
    model[0] === { messages: "a", responses: "c" }[api];
  const shapes = shapesOf(r, api, model[0]);
  const list = write(history(c, r, shapes), r, own);
  const body = { model, [api === "responses" ? "input" : "messages"]: list,
                 ...tools(r, shapes), ...more(r) };
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
