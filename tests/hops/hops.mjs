// SPDX-License-Identifier: MIT
// Conversations that move between strict providers: hops.mjs STRICT URL BASE
// COUNT SEED MODE ACCOUNT [WHAT]
//
// STRICT is the module of the strict providers. They are there twice, as those
// of two organisations that do not know each other's signatures: on eight ports
// from BASE on and on the next eight, below /two; on the one behind, a port
// that takes the key "two" to the second, any other to the first. URL is a
// router that has a backend for each and a pool for the last, and one account of
// Claude (ACCOUNT tells its kind). COUNT conversations of seven turns are made from
// SEED, by three clients in turn: the official SDKs, which send back what they
// got. Each turn is asked of another provider, now and then of one that fails
// at first. MODE "mended" demands that nothing is refused, lost or doubled;
// "bare" counts how many are refused. Prints PASS and FAIL lines; with a file
// WHAT each violation goes there.
import fs from "node:fs";
import http from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [strict, url, base, count, seed, mode, account, what] =
  process.argv.slice(2);
const { start, conv, mark, rng, markersOf } = await import(strict);
const other = await import(`${strict}?two`);
const servers = await start({ port: Number(base), seed: Number(seed) });
const others = await other.start({ port: Number(base) + 8,
                                   seed: Number(seed) });
for (const id of "abcdefgh") // a connection that is reused stays
  for (const s of [servers, others])
    s[id].server.keepAliveTimeout = 600000;

// The same address for both: whose key it is tells them apart.
const front = http.createServer((req, res) => {
  const second = /two/.test(req.headers.authorization);
  const to = (second ? others : servers).c.url;
  const pass = http.request(`${to}/pool${second ? "-two" : ""}${req.url}`, {
    method: req.method, headers: req.headers }, answer => {
    res.writeHead(answer.statusCode, answer.headers);
    answer.pipe(res);
  });
  pass.on("error", () => res.destroy());
  req.pipe(pass);
});
front.keepAliveTimeout = 600000;
await new Promise(done => front.listen(Number(base) + 16, "127.0.0.1", done));
const key = process.env.DARIO_API_KEY || "none";

const TARGETS = {
  a: ["claude-opus-4-8", "claude-opus-5", "claude-sonnet-4-6"]
    .map(m => `claude:${m}`),
  b: ["b:gpt-5.4"],
  c: ["c:gpt-5.5"],
  d: ["d:deepseek-v4-pro"],
  e: ["e:gemini-3-flash"],
  f: ["f:mistral-medium-3-5"],
  g: ["g:kimi-k2.6"],
  q: ["g:qwen3.8"],
  h: ["h:ministral-3"],
  // the second organisation, and a pool with a key of each
  a2: ["a2:claude-opus-4-8", "a2:claude-sonnet-4-6"],
  b2: ["b2:gpt-5.4"],
  c2: ["c2:gpt-5.5"],
  e2: ["e2:gemini-3-flash"],
  p: ["pool:gpt-5.5"],
};
const ORGANISATIONS = new Set(["a.signature", "c.encrypted", "e.signature"]);
const place = entry => entry.id + entry.path.split("/v1")[0];
const isSame = (a, b) => place(a) === place(b);
const pick = (r, list) => list[Math.floor(r() * list.length)];
const PNG = n => Buffer.concat([
  Buffer.from("89504e470d0a1a0a", "hex"), Buffer.from(`${n}`)]);

// --- tools ------------------------------------------------------------------
const SCHEMAS = {
  look_up: { type: "object", required: ["name"], properties: {
    name: { type: "string" }, limit: { type: "integer" } } },
  run: { type: "object", properties: { command: { type: "string" } } },
  "plan-ahead": { type: "object", properties: {
    steps: { type: "array", items: { type: "string" } } } },
};

const LONG = `mcp__${"notes-".repeat(16)}find`; // of 105 letters
const ODD = "mcp.notes/find";

// --- the three clients: history in their own dialect ------------------------
// ask(body, how) sends the history and keeps the answer as the SDK gives it:
// whole, streamed, or by the SDK's own helper for streams; `open` are the calls
// that it made, `headers` those of the last answer.
const watched = client => async (...args) => {
  const response = await fetch(...args);
  client.headers = response.headers;
  return response;
};

// What clients make of an answer before they send it back. Each is given the
// messages or items of one answer, as plain objects, and gives those it keeps.
const nulls = (o, ...names) => Object.assign(
  Object.fromEntries(names.map(n => [n, null])), o);
const without = (o, ...names) => Object.fromEntries(
  Object.entries(o).filter(([k]) => !names.includes(k)));
const HABITS = {
  Messages: {
    // model_dump() of Python's SDK
    dumped: m => ({ ...m, content: m.content.map(b =>
      b.type === "text" ? nulls(b, "citations")
        : b.type === "tool_use" ? nulls(b, "caller", "toolset_name") : b) }),
    // all of the answer, as it came
    spread: (m, answer) => ({ ...answer }),
    // blocks as they are gathered from a stream
    gathered: m => ({ ...m, content: m.content.map((b, index) => ({
      ...b, index, ...(b.type === "tool_use" ?
        { partial_json: JSON.stringify(b.input) } : {}) })) }),
    // without thinking
    brief: m => ({ ...m, content: m.content.filter(b =>
      !/thinking/.test(b.type)) }),
    // thinking, but not its signature
    unsigned: m => ({ ...m, content: m.content.map(b =>
      b.type === "thinking" ? without(b, "signature") : b) }),
  },
  Chat: {
    dumped: m => nulls(m, "refusal", "annotations", "audio", "function_call",
                       "tool_calls"),
    spread: m => ({ ...m, annotations: m.annotations ?? [],
                    tool_calls: m.tool_calls?.map((t, index) =>
                      ({ index, ...t })) ?? [] }),
    brief: m => ({ role: m.role, content: m.content ?? "",
                   ...(m.tool_calls ? { tool_calls: m.tool_calls.map(t =>
                     ({ id: t.id, type: t.type, function: t.function })) }
                     : {}) }),
    parts: m => ({ ...m, ...(typeof m.content === "string" && m.content ?
      { content: [{ type: "text", text: m.content }] } : {}) }),
  },
  Responses: {
    dumped: list => list.map(i => i.type === "reasoning" ?
      nulls(i, "content", "encrypted_content", "status")
      : /_call$/.test(i.type) ?
        nulls(i, "async", "caller", "namespace", "status")
        : nulls(i, "phase", "status")),
    // Codex keeps no ids and no status
    codex: list => list.map(i => i.type === "reasoning" ?
      { ...without(i, "id", "status"), content: null }
      : without(i, "id", "status")),
    brief: list => list.filter(i => i.type !== "reasoning").map(i =>
      i.type !== "message" ? i : { role: "assistant", content: i.content.map(
        p => p.text ?? p.refusal).join("") }),
    done: list => list.map(i => ({ ...i, status: "completed" })),
  },
};
// What is opaque has gone, or has no id by which a refusal can name it.
const BRIEF = new Set(["brief", "unsigned", "codex"]);

class Messages {
  constructor() {
    this.sdk = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0,
                               timeout: 60000, fetch: watched(this) });
    this.history = [];
    this.thinks = false;
  }
  system(text) { this.instructions = text; }
  later(text) { this.tail = text; }
  user(text, image, results) {
    const content = results.map(([call, out, shown]) => ({
      type: "tool_result", tool_use_id: call.id,
      ...(shown?.failed ? { is_error: true } : {}),
      content: [{ type: "text", text: out },
        ...(shown?.image ? [{ type: "image", source: { type: "base64",
          media_type: "image/png", data: shown.image.toString("base64") } }]
          : []),
        ...(shown?.document ? [{ type: "document", source: { type: "text",
          media_type: "text/plain", data: shown.document } }] : [])] }));
    if (image)
      content.push({ type: "image", source: {
        type: "base64", media_type: "image/png",
        data: image.toString("base64") } });
    if (text)
      content.push({ type: "text", text });
    this.history.push({ role: "user", content });
    if (this.tail)
      this.history.push({ role: "system", content: this.tail });
    this.tail = null;
  }
  body(model) {
    return {
      model, max_tokens: 4000, messages: this.history,
      ...(this.instructions ? { system: this.instructions } : {}),
      ...(this.thinks && !/sonnet/.test(model) ?
        { thinking: { type: "adaptive" } } : {}),
      ...(this.thinks && /sonnet/.test(model) ?
        { thinking: { type: "enabled", budget_tokens: 2000 } } : {}),
      tools: Object.entries({ ...SCHEMAS, [LONG]: SCHEMAS.run }).map(
        ([name, input_schema]) => ({ name, input_schema, description: name })),
    };
  }
  async ask(body, how) {
    const message = how === "whole" ? await this.sdk.messages.create(body)
      : await this.sdk.messages.stream(body).finalMessage();
    const said = { role: "assistant", content: message.content };
    this.history.push(this.habit ? this.habit(said, message) : said);
    this.open = message.content.filter(b => b.type === "tool_use");
  }
}

class Chat {
  constructor() {
    this.textOnly = true; // what a tool gives
    this.sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0,
                            timeout: 60000, fetch: watched(this) });
    this.history = [];
  }
  system(text) { this.history.push({ role: "system", content: text }); }
  later(text) {
    this.history.push({ role: this.developer ? "developer" : "system",
                        content: text });
  }
  user(text, image, results) {
    for (const [call, out] of results)
      this.history.push(this.legacy ?
        { role: "function", name: call.name, content: out }
        : { role: "tool", tool_call_id: call.id, content: out });
    if (image)
      this.history.push({ role: "user", content: [
        { type: "text", text },
        { type: "image_url", image_url: {
          url: `data:image/png;base64,${image.toString("base64")}` } }] });
    else if (text)
      this.history.push({ role: "user", content: text });
  }
  body(model) {
    return {
      model, messages: this.history, max_completion_tokens: 4000,
      ...(this.thinks ? { reasoning_effort: "medium" } : {}),
      ...(this.legacy ? { functions: this.tools() } : {
        tools: this.tools().map(f => ({ type: "function", function: f })) }),
    };
  }
  tools() {
    return Object.entries({ ...SCHEMAS, [ODD]: SCHEMAS.run }).map(
      ([name, parameters]) => ({ name, parameters }));
  }
  // As clients that stream do: text is joined, lists grow, fields are kept.
  async whole(stream) {
    const m = { role: "assistant", content: null };
    for await (const chunk of stream) {
      const { role, content, tool_calls, function_call, ...rest } =
        chunk.choices[0]?.delta ?? {};
      if (function_call) {
        m.function_call ??= { name: "", arguments: "" };
        m.function_call.name += function_call.name ?? "";
        m.function_call.arguments += function_call.arguments ?? "";
      }
      if (Array.isArray(content))
        m.content = (m.content ?? "") + content.filter(p => p.text)
          .map(p => p.text).join("");
      else if (content)
        m.content = (m.content ?? "") + content;
      for (const [k, v] of Object.entries(rest)) {
        if (v === null)
          continue;
        m[k] = m[k] === undefined ? v : Array.isArray(v) ? [...m[k], ...v]
          : typeof v === "string" ? m[k] + v : v;
      }
      for (const t of tool_calls ?? []) {
        m.tool_calls ??= [];
        const known = t.index === undefined ? undefined
          : m.tool_calls.find(x => x.index === t.index);
        if (!known) {
          m.tool_calls.push(structuredClone(t));
          continue;
        }
        known.function.arguments += t.function?.arguments ?? "";
        if (t.extra_content)
          known.extra_content = t.extra_content;
      }
    }
    for (const t of m.tool_calls ?? [])
      delete t.index;
    return m;
  }
  async answer(body, how) {
    const chat = this.sdk.chat.completions;
    if (how === "whole")
      return (await chat.create(body)).choices[0].message;
    if (how === "streamed")
      return this.whole(await chat.create({ ...body, stream: true }));
    return (await chat.stream(body).finalChatCompletion()).choices[0].message;
  }
  async ask(body, how) {
    const m = JSON.parse(JSON.stringify(await this.answer(body, how)));
    this.history.push(this.habit ? this.habit(m) : m);
    this.open = this.legacy ? (m.function_call ? [m.function_call] : [])
      : (m.tool_calls ?? []).map(t => ({ id: t.id, name: t.function.name }));
  }
}

class Responses {
  constructor() {
    this.sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0,
                            timeout: 60000, fetch: watched(this) });
    this.history = [];
  }
  system(text) { this.instructions = text; }
  later(text) {
    this.history.push({ role: "developer", content: text });
  }
  user(text, image, results) {
    for (const [call, out, shown] of results)
      this.history.push({ type: call.custom ? "custom_tool_call_output"
        : "function_call_output", call_id: call.id, output: !shown?.image ? out
        : [{ type: "input_text", text: out }, { type: "input_image",
          detail: "auto", image_url: `data:image/png;base64,${
            shown.image.toString("base64")}` }] });
    if (text)
      this.history.push({ role: "user", content: [
        { type: "input_text", text },
        ...(image ? [{ type: "input_image", detail: "auto", image_url:
          `data:image/png;base64,${image.toString("base64")}` }] : [])] });
  }
  body(model) {
    return {
      model, input: this.history, max_output_tokens: 4000, store: false,
      include: ["reasoning.encrypted_content"],
      ...(this.instructions ? { instructions: this.instructions } : {}),
      ...(this.thinks ? { reasoning: { effort: "medium" } } : {}),
      tools: [...Object.entries(SCHEMAS).map(([name, parameters]) =>
        ({ type: "function", name, parameters, strict: false })),
        { type: "custom", name: "patch", description: "Applies a patch.",
          format: { type: "grammar", syntax: "lark", definition: "start: /.+/" } },
        { type: "namespace", name: "mcp__notes", description: "Notes", tools: [
          { type: "function", name: "find", strict: false,
            parameters: SCHEMAS.run }] }],
    };
  }
  async answer(body, how) {
    if (how === "whole")
      return this.sdk.responses.create(body);
    if (how === "helped")
      return this.sdk.responses.stream(body).finalResponse();
    const stream = await this.sdk.responses.create({ ...body, stream: true });
    let answer;
    for await (const e of stream)
      if (/^response\.(completed|incomplete|failed)$/.test(e.type))
        answer = e.response;
    return answer;
  }
  compact(model) {
    const { input, instructions } = this.body(model);
    return this.sdk.post("/responses/compact", {
      body: { model, input, ...(instructions ? { instructions } : {}) } });
  }
  async ask(body, how) {
    const answer = await this.answer(body, how);
    const items = answer.output;
    this.history.push(...this.habit ? this.habit(items) : items);
    this.open = answer.output.filter(i => /_call$/.test(i.type)).map(i => ({
      id: i.call_id, name: i.name, custom: i.type === "custom_tool_call" }));
  }
}
// What else a request may ask for, now and then.
const WHIMS = {
  Legacy: [
    b => ({ ...b, functions: undefined }),
    b => ({ ...b, function_call: "none" }),
    b => ({ ...b, max_completion_tokens: 1 }),
    b => ({ ...b, function_call: "auto", stop: ["[[stop]]"] }),
  ],
  Messages: [
    b => ({ ...b, tools: undefined }), // calls in the history, and no tools
    b => ({ ...b, tool_choice: { type: "none" } }),
    b => ({ ...b, max_tokens: 1, thinking: undefined }),
    b => ({ ...b, stop_sequences: ["[[stop]]"], metadata: { user_id: "u" } }),
    b => ({ ...b, tools: b.tools.map(t => ({
      ...t, cache_control: { type: "ephemeral" } })),
      messages: b.messages.map((m, i) => i < b.messages.length - 3 ||
        !Array.isArray(m.content) || !m.content.length ||
        /thinking/.test(m.content.at(-1).type) ? m : {
          ...m, content: [...m.content.slice(0, -1), {
            ...m.content.at(-1), cache_control: { type: "ephemeral" } }] }) }),
  ],
  Chat: [
    b => ({ ...b, tools: undefined }),
    b => ({ ...b, tool_choice: "none" }),
    b => ({ ...b, max_completion_tokens: 1 }),
    b => ({ ...b, max_completion_tokens: undefined, max_tokens: 900 }),
    b => ({ ...b, seed: 5, stop: ["[[stop]]"], user: "u", n: 1,
            parallel_tool_calls: false }),
    b => ({ ...b, response_format: { type: "json_schema", json_schema: {
      name: "n", schema: { ...SCHEMAS.run, additionalProperties: false,
                           required: ["command"] }, strict: true } } }),
  ],
  Responses: [
    b => ({ ...b, tools: undefined }),
    b => ({ ...b, tool_choice: "none" }),
    b => ({ ...b, max_output_tokens: 1 }),
    b => ({ ...b, parallel_tool_calls: false, prompt_cache_key: "k",
            text: { verbosity: "low" } }),
    b => ({ ...b, include: undefined, store: undefined }),
  ],
};
const CLIENTS = [Messages, Chat, Responses];

// --- the judge --------------------------------------------------------------
// What the client sent must have arrived, once each; thinking may go, and what
// is named as dropped.
function lost(sent, arrived, headers) {
  const count = list => list.reduce((o, { m }) =>
    ({ ...o, [m]: (o[m] ?? 0) + 1 }), {});
  const a = count(sent), b = count(arrived), faults = [];
  const told = `${headers.get("x-dario-dropped") ?? ""} ${
    headers.get("x-dario-mended") ?? ""}`;
  for (const { m, kind } of sent) {
    const n = b[m] ?? 0;
    if (n > (a[m] ?? 0) && kind !== "T")
      faults.push(`${m} doubled`);
    if (n)
      continue;
    if (/[RCDI]/.test(kind) && /without its/.test(told))
      continue;
    if (kind === "T" ? !/thinking|reasoning/.test(told)
      : kind === "I" ? !/image/.test(told) : true)
      faults.push(`${m} lost (${told.trim() || "nothing told"})`);
  }
  return [...new Set(faults)];
}

// What went to one provider before is the beginning of what goes there now.
function moved(before, now, answered) {
  const list = b => b.messages ?? b.input;
  // Claude takes a text alone as the same as a list of it.
  const text = v => JSON.stringify(v, (k, x) =>
    k === "cache_control" ? undefined : k === "content" &&
    typeof x === "string" ? [{ type: "text", text: x }] : x);
  const a = list(before), b = list(now);
  if (!Array.isArray(a) || !Array.isArray(b) || b.length < a.length)
    return "shorter than before";
  for (let i = 0; i < a.length; i++)
    // the last one goes on where what was answered to it said nothing
    if (text(a[i]) !== text(b[i]) && (i < a.length - 1 || answered))
      return `message ${i} was ${text(a[i])} and is ${text(b[i])}`;
  return null;
}

// What a provider has signed or encrypted is back where it was made, but for
// reasoning that nothing followed.
function astray(log, entry) {
  const body = JSON.stringify(entry.body);
  return log.filter(e => isSame(e, entry) && e.answer && !e.torn && !e.cut &&
      (e.id !== "c" || e.answer.texts.length || e.answer.calls.length))
    .flatMap(e => e.tokens).filter(t => {
      home++;
      return !body.includes(t);
    });
}

let refused = 0, turns = 0, prefixes = 0, home = 0, compactions = 0;
let mendings = 0; // after a refusal
const faults = [];
const note = (id, line) => {
  faults.push(`${id}: ${line}`);
  if (what)
    fs.appendFileSync(what, `${id}: ${line}\n`);
};

// The history so far, at the endpoint that makes it shorter.
async function compacted(c, client, id, n, to) {
  const before = c.log.length;
  await client.compact(TARGETS[to][0]);
  const entry = c.log.at(-1);
  compactions++;
  if (c.log.length === before || !/compact$/.test(entry.path))
    note(id, `${n} compact did not arrive`);
  for (const v of entry.violations)
    note(id, `${n} compact: ${v.rule} ${v.msg}`);
  entry.tokens = []; // what it answers is not gone on with
  entry.answer = null;
}

async function turn(c, client, id, n, r) {
  const kinds = Object.keys(TARGETS);
  const to = pick(r, kinds);
  const fails = r() < 0.15;
  const model = fails ? `hop-${to}` : pick(r, TARGETS[to]);
  const image = r() < 0.15 ? PNG(mark(c, "I")) : null;
  const calls = client.open ?? [];
  const results = calls.map(k => [k, `${mark(c, "R")} done`, {
    failed: r() < 0.1,
    image: !client.textOnly && r() < 0.1 ? PNG(mark(c, "I")) : null,
    document: client instanceof Messages && r() < 0.1 ? `${mark(c, "D")} d`
      : null }]);
  if (r() < 0.3) // as they were done
    results.reverse();
  if (n === 0 && r() < 0.7)
    client.system(`${mark(c, "S")} Be brief.`);
  if (n > 0 && r() < 0.15 && !calls.length)
    client.later(`${mark(c, "S")} From now on be briefer.`);
  const silent = calls.length && r() < 0.6;
  client.user(silent ? "" : `${mark(c, "U")} go on`, silent ? null : image,
              results);
  const cut = r() < 0.06 && n > 2; // a window: its beginning goes
  if (cut)
    client.history.splice(0, 1 + Math.floor(r() * 3));
  let body = client.body(client.model = model);
  if (r() < 0.25)
    body = pick(r, WHIMS[client.legacy ? "Legacy"
      : client.constructor.name])(body);
  if (client.compact && !calls.length && n > 1 && r() < 0.2)
    await compacted(c, client, id, n, pick(r, ["c", "c2", "p"]));
  const sent = markersOf(body), before = c.log.length;
  if (fails)
    c.fail = 1;
  turns++;
  const how = pick(r, ["whole", "streamed", "helped"]);
  await client.ask(body, how);
  const headers = client.headers;
  const entry = c.log.at(-1);
  c.fail = 0;
  // What only a refusal shows may be refused, as long as that is mended.
  for (const e of c.log.slice(before))
    for (const v of e.violations)
      if (v.rule === "harness" || (mode === "mended" &&
          (e === entry || !ORGANISATIONS.has(v.rule))))
        note(id, `${n} ${e.id} ${model}: ${v.rule} ${v.msg} (${v.from})`);
  mendings += c.log.slice(before).filter(e => e !== entry &&
    e.violations.some(v => ORGANISATIONS.has(v.rule))).length;
  for (const f of lost(sent, markersOf(entry.body), headers))
    note(id, `${n} ${entry.id} ${model}: ${f}`);
  // a helper of Chat keeps the last piece only of thinking and its signature
  if (cut) // what was said before is another conversation
    for (const e of c.log)
      e.cut = true;
  entry.torn = (how === "helped" && client instanceof Chat) || client.brief;
  for (const t of astray(c.log.slice(0, before), entry))
    note(id, `${n} ${entry.id} ${model}: ${t.slice(0, 30)} did not come home`);
  // Google looks at the last turn alone: what was refused there is not later.
  // What has no id is not named by a refusal: all of its kind went with it.
  entry.refused = c.log.slice(before).some(e => e.violations.some(v =>
    v.rule === "e.signature" || (client.brief && v.rule === "c.encrypted")));
  // Tools stand before all else: with others nothing is the same.
  entry.tools = JSON.stringify(body.tools ?? null);
  const earlier = entry.refused ? null : c.log.slice(0, before)
    .findLast(e => !e.cut && isSame(e, entry) && e.model === entry.model &&
      e.answer && e.tools === entry.tools);
  if (earlier && !earlier.refused) {
    const { texts, calls } = earlier.answer;
    const m = moved(earlier.body, entry.body, texts.length + calls.length);
    prefixes++;
    if (m)
      note(id, `${n} ${entry.id} ${model}: the prefix moved: ${m}`);
  }
}

async function conversation(i) {
  const Client = CLIENTS[i % 3];
  const r = rng(Number(seed) * 1000003 + i);
  const c = conv(1000 * Number(seed) + i, Number(seed));
  other.convs.set(c.id, c);
  const client = new Client();
  client.thinks = r() < 0.6;
  client.developer = r() < 0.3;
  client.legacy = client instanceof Chat && r() < 0.25;
  const habits = Object.entries(HABITS[Client.name]);
  const habit = r() < 0.4 || client.legacy ? null : pick(r, habits);
  client.brief = client.legacy; // a call of a function has no place for more
  if (habit)
    [client.brief, client.habit] = [BRIEF.has(habit[0]), habit[1]];
  const id = `${Client.name}${client.legacy ? " of functions" : ""} ${i} ${habit?.[0] ?? "as it came"}`;
  for (let n = 0; n < 7; n++) {
    const before = c.log.length;
    try {
      await turn(c, client, id, n, r);
    } catch (e) {
      refused++;
      const v = c.log.slice(before).flatMap(x => x.violations)
        .map(x => x.rule).join(" ");
      const asked = c.log.slice(before).map(x => x.id + x.path).join(" ");
      note(id, `${n} ${client.model} at ${asked}: ${v} ${e.message}`
        .slice(0, 600));
      return;
    }
  }
}

const queue = Array.from({ length: Number(count) }, (_, i) => i);
await Promise.all(Array.from({ length: 4 }, async () => {
  for (let i; (i = queue.shift()) !== undefined;)
    await conversation(i);
}));
servers.stop();
others.stop();
front.close();

const said = `${count} conversations, ${turns} turns, account by ${account}`;
if (mode === "bare") {
  console.log(refused >= 0.9 * count ? `PASS bare, most are refused: ${said}`
    : `FAIL bare: only ${refused} of ${said} were refused`);
} else {
  console.log(refused ? `FAIL ${refused} were refused: ${said}`
    : `PASS none is refused: ${said}`);
  console.log(faults.length ? `FAIL nothing is lost or doubled: ${said}`
    : `PASS nothing is lost or doubled: ${said}`);
  console.log(home ? `PASS ${home} signatures were looked for at home`
    : "FAIL no signature was looked for");
  console.log(prefixes ? `PASS ${prefixes} prefixes were compared`
    : "FAIL no prefix was compared");
  // Of few conversations it depends on the pool's keys whether there is any:
  // repair.t has them all.
  console.log(mendings || count < 100 ? `PASS ${mendings} refusals were mended`
    : "FAIL no refusal was mended");
  console.log(compactions ? `PASS ${compactions} histories were compacted`
    : "FAIL no history was compacted");
  for (const f of faults.slice(0, 20))
    console.log(`  ${f}`);
}
process.exit(0);
