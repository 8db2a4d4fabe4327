// SPDX-License-Identifier: MIT
// What strict providers refuse, one input for each of their rules: rules.mjs
// STRICT URL BASE
//
// STRICT is the module of the strict providers, which listen from port BASE on;
// URL is a router that has a backend for each, by its letter. `direct` is a
// body that the provider refuses by that rule; `ask` is one of a client's that
// means the same, or a list of such. Through the router nothing of both is
// refused. Prints PASS and FAIL lines.
const [strict, url, base] = process.argv.slice(2);
const { start, conv, check, RULES, PROVIDERS } = await import(strict);
const servers = await start({ port: Number(base), seed: 1 });

const OPUS = "claude-opus-4-8", SONNET = "claude-sonnet-4-6";
const MODELS = { a: OPUS, b: "gpt-5.4", c: "gpt-5.5", d: "deepseek-v4-pro",
                 e: "gemini-3-flash", f: "mistral-medium-3-5",
                 g: "kimi-k2.6", h: "ministral-3" };
let number = 0; // of the rule at hand: the strict providers look for it
const U = () => `[[${number}.U.1]]`;

// --- bodies ------------------------------------------------------------------
const say = (role, content, more) => ({ role, content, ...more });
const text = t => ({ type: "text", text: t });
const SCHEMA = { type: "object", properties: {} };
const CLAUDE_TOOLS = [{ name: "f", input_schema: SCHEMA }];
const CHAT_TOOLS = [{ type: "function",
                      function: { name: "f", parameters: SCHEMA } }];
const FLAT_TOOLS = [{ type: "function", name: "f", parameters: SCHEMA,
                      strict: false }];
const use = (id, more) => ({ type: "tool_use", id, name: "f", input: {},
                             ...more });
const result = (id, content = "r") => ({ type: "tool_result", tool_use_id: id,
                                         content });
const loop = id => [say("user", U()), say("assistant", [use(id)]),
                    say("user", [result(id)])];
const call = (id, args = "{}") => ({ id, type: "function",
                                     function: { name: "f", arguments: args } });
const chatLoop = (id, args, more) => [
  say("user", U()), say("assistant", null, { tool_calls: [call(id, args)],
                                             ...more }),
  { role: "tool", tool_call_id: id, content: "r" }];
const items = (...list) => [say("user", U()), ...list];
const done = id => ({ type: "function_call", call_id: id, name: "f",
                      arguments: "{}" });
const output = id => ({ type: "function_call_output", call_id: id,
                        output: "r" });
const PNG = "iVBORw0KGgo=", JPEG = "/9j/4AAQ";
const picture = uri => ({ type: "image_url", image_url: { url: uri } });
const block = (type, data) => ({ type: "image", source: {
  type: "base64", media_type: type, data } });
const LONG = "n".repeat(80);

const messages = (list, more) => ({ api: "messages", body: {
  max_tokens: 4000, messages: list, ...more } });
const chat = (list, more) => ({ api: "chat/completions",
                                body: { messages: list, ...more } });
const responses = (input, more) => ({ api: "responses",
                                      body: { input, ...more } });
// Functions, as they were before tools.
const legacy = () => chat([
  say("user", U()), say("assistant", null, {
    function_call: { name: "f", arguments: "{}" } }),
  { role: "function", name: "f", content: "r" }], {
  functions: [{ name: "f", parameters: SCHEMA }], function_call: "auto" });
// A body that goes to the provider as it is, and the same through the router.
const both = made => ({ direct: made.body, ask: made });
// The same, and another client's beside it.
const all = (made, ...others) => ({ direct: made.body,
                                    ask: [made, ...others] });

// --- rules -------------------------------------------------------------------
const turns = (...more) => [say("user", U()), say("assistant", "a"), ...more];
const rules = {
  "a.unknown-field": () => ({
    direct: messages([say("user", U())], { seed: 1 }).body,
    ask: chat([say("user", U())], { seed: 1 }) }),
  "a.max-tokens": () => ({ direct: { messages: [say("user", U())] },
                           ask: chat([say("user", U())]) }),
  "a.sampler": () => ({
    direct: messages([say("user", U())], { temperature: 0.5 }).body,
    ask: chat([say("user", U())], { temperature: 0.5 }) }),
  "a.system-model": () => ({
    model: SONNET, ...both(messages([say("user", U()), say("system", "S")])) }),
  "a.system-after": () => both(messages(turns(say("system", "S"),
                                              say("user", "v")))),
  "a.system-before": () => both(messages([say("user", U()), say("system", "S"),
                                          say("user", "v")])),
  "a.empty-text": () => both(messages([
    say("user", U()), say("assistant", [text(" \n"), text("x")]),
    say("user", "v")])),
  "a.empty-message": () => both(messages([
    say("user", U()), say("assistant", []), say("user", "v")])),
  "a.tool-id": () => both(messages(loop("functions.f:0"),
                                   { tools: CLAUDE_TOOLS })),
  "a.tool-id-unique": () => both(messages([
    ...loop("c"), say("assistant", [use("c")]), say("user", [result("c")])],
    { tools: CLAUDE_TOOLS })),
  "a.tool-pair": () => all(
    messages([say("user", U()), say("assistant", [use("c")]),
              say("user", "v")], { tools: CLAUDE_TOOLS }),
    responses(items(done("c"), say("user", "v")), { tools: FLAT_TOOLS })),
  "a.tool-orphan": () => all(
    messages([say("user", [result("c"), text(U())])], { tools: CLAUDE_TOOLS }),
    responses(items(output("c"), say("user", "v")), { tools: FLAT_TOOLS })),
  "a.tool-first": () => all(
    messages([say("user", U()), say("assistant", [use("c")]),
              say("user", [text("v"), result("c")])], { tools: CLAUDE_TOOLS }),
    responses(items(done("c"), say("user", "v"), output("c")),
              { tools: FLAT_TOOLS })),
  "a.tool-input": () => ({
    direct: messages([say("user", U()),
                      say("assistant", [use("c", { input: "x" })]),
                      say("user", [result("c")])],
                     { tools: CLAUDE_TOOLS }).body,
    ask: chat(chatLoop("c", "\"x\""), { tools: CHAT_TOOLS }) }),
  "a.tools-missing": () => all(messages(loop("c")), chat(chatLoop("c"))),
  "a.signature": () => both(messages([
    say("user", U()), say("assistant", [
      { type: "thinking", thinking: "t", signature: "" }, text("x")]),
    say("user", "v")])),
  "a.thinking-first": () => ({
    model: SONNET, ...both(messages(loop("c"), {
      tools: CLAUDE_TOOLS,
      thinking: { type: "enabled", budget_tokens: 2000 } })) }),
  "a.thinking-type": () => ({
    direct: messages([say("user", U())], {
      thinking: { type: "enabled", budget_tokens: 2000 } }).body,
    ask: chat([say("user", U())], { reasoning_effort: "high" }) }),
  "a.budget": () => ({
    model: SONNET,
    direct: messages([say("user", U())], { max_tokens: 1000, thinking: {
      type: "enabled", budget_tokens: 2000 } }).body,
    ask: chat([say("user", U())], { max_tokens: 1000,
                                    reasoning_effort: "low" }) }),
  "a.choice-thinking": () => ({
    direct: messages([say("user", U())], {
      tools: CLAUDE_TOOLS, tool_choice: { type: "any" },
      thinking: { type: "adaptive" } }).body,
    ask: chat([say("user", U())], { tools: CHAT_TOOLS, tool_choice: "required",
                                    reasoning_effort: "high" }) }),
  "a.cache": () => {
    const parts = Array.from({ length: 5 }, (_, i) => ({
      ...text(i ? `p${i}` : U()), cache_control: { type: "ephemeral" } }));
    return all(messages([say("user", parts)]), chat([say("user", parts)]));
  },
  "a.tool-name": () => ({
    direct: messages([say("user", U())], { tools: [
      { name: "a.b", input_schema: SCHEMA }] }).body,
    ask: chat([say("user", U())], { tools: [{ type: "function", function: {
      name: "a.b", parameters: SCHEMA } }] }) }),
  "a.schema": () => {
    const any = { anyOf: [SCHEMA, { type: "object", properties: {
      x: { type: "string" } } }] };
    return {
      direct: messages([say("user", U())], { tools: [
        { name: "f", input_schema: any }] }).body,
      ask: chat([say("user", U())], { tools: [{ type: "function", function: {
        name: "f", parameters: any } }] }) };
  },
  "a.strict-keywords": () => {
    const bound = { type: "object", required: ["n"], properties: {
      n: { type: "integer", minimum: 1 } } };
    return {
      direct: messages([say("user", U())], { tools: [
        { name: "f", strict: true, input_schema: bound }] }).body,
      ask: chat([say("user", U())], { tools: [{ type: "function", function: {
        name: "f", strict: true, parameters: bound } }] }) };
  },
  "a.media": () => ({
    direct: messages([say("user", [text(U()), block("image/jpg", JPEG)])]).body,
    ask: chat([say("user", [text(U()),
                            picture(`data:image/jpg;base64,${JPEG}`)])]) }),
  "a.role-content": () => ({
    direct: messages([say("user", U()), say("assistant", [
      block("image/png", PNG), text("x")]), say("user", "v")]).body,
    ask: chat([say("user", U()), say("assistant", [
      picture(`data:image/png;base64,${PNG}`), text("x")]),
      say("user", "v")]) }),
  "b.max-tokens": () => both(chat([say("user", U())], { max_tokens: 100 })),
  "b.unknown-field": () => all(chat(turns(say("user", "v")).map(m =>
    m.role === "assistant" ? { ...m, reasoning_content: "t" } : m)), legacy()),
  "b.null-content": () => both(chat([say("user", U()), say("assistant", null),
                                     say("user", "v")])),
  "chat.role": () => ({ to: "d", ...all(
    chat([say("developer", "D"), say("user", U())]), legacy()) }),
  "chat.tool-pair": () => ({ to: "d", ...all(
    chat([say("user", U()), say("assistant", null, {
      tool_calls: [call("c")], reasoning_content: "t" }), say("user", "v")]),
    responses(items(done("c"), say("user", "v")), { tools: FLAT_TOOLS })) }),
  "chat.tool-orphan": () => ({ to: "d", ...all(
    chat([say("user", U()), { role: "tool", tool_call_id: "c",
                              content: "r" }]),
    responses(items(output("c"), say("user", "v")),
              { tools: FLAT_TOOLS })) }),
  "chat.arguments": () => ({
    to: "h",
    direct: chat([say("user", U()), say("assistant", null, {
      tool_calls: [{ ...call("c"), function: { name: "f", arguments: {} } }] }),
      { role: "tool", tool_call_id: "c", content: "r" }]).body,
    ask: messages(loop("c"), { tools: CLAUDE_TOOLS }) }),
  "chat.tool-name": () => ({
    to: "b",
    direct: chat([say("user", U())], { tools: [{ type: "function", function: {
      name: LONG, parameters: SCHEMA } }] }).body,
    ask: messages([say("user", U())], { tools: [
      { name: LONG, input_schema: SCHEMA }] }) }),
  "chat.tool-content": () => ({
    to: "b",
    direct: chat([say("user", U()), say("assistant", null, {
      tool_calls: [call("c")] }), { role: "tool", tool_call_id: "c", content: [
        picture(`data:image/png;base64,${PNG}`)] }]).body,
    ask: messages([say("user", U()), say("assistant", [use("c")]),
                   say("user", [result("c", [block("image/png", PNG)])])],
                  { tools: CLAUDE_TOOLS }) }),
  "chat.part": () => ({ to: "e", ...both(chat([
    say("user", U()), say("assistant", [
      { type: "thinking", thinking: [text("t")] }, text("x")]),
    say("user", "v")])) }),
  "c.unknown-field": () => ({
    direct: responses(items(), { seed: 1 }).body,
    ask: chat([say("user", U())], { seed: 1 }) }),
  "c.max-tokens": () => ({
    direct: responses(items(), { max_output_tokens: 1 }).body,
    ask: messages([say("user", U())], { max_tokens: 1 }) }),
  "c.part": () => all(
    responses(items(say("assistant", [{ type: "input_text", text: "a" }]),
                    say("user", [{ type: "output_text", text: "v" }]))),
    messages(turns(say("user", "v")))),
  "c.encrypted": () => both(responses(items(
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "" },
    say("assistant", [{ type: "output_text", text: "a" }]),
    say("user", "v")), { store: false })),
  "c.reasoning-follow": () => both(responses(items(
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "" },
    say("user", "v")), { store: false })),
  "c.call-pair": () => all(
    responses(items(done("c"), say("user", "v"))),
    chat([say("user", U()), say("assistant", null, {
      tool_calls: [call("c")] }), say("user", "v"),
      { role: "tool", tool_call_id: "c", content: "r" }],
      { tools: CHAT_TOOLS })),
  "c.call-orphan": () => all(
    responses(items({ type: "custom_tool_call", call_id: "c",
                      name: "f", input: "x" }, output("c"))),
    responses(items(output("d"))),
    chat([say("user", U()), say("assistant", null, { tool_calls: [
      { id: "c", type: "custom", custom: { name: "f", input: "x" } }] }),
      { role: "tool", tool_call_id: "c", content: "r" }], { tools: [
      { type: "custom", custom: { name: "f" } }] })),
  "c.call-id": () => ({
    direct: responses(items(done("c".repeat(70)),
                            output("c".repeat(70)))).body,
    ask: messages(loop("c".repeat(70)), { tools: CLAUDE_TOOLS }) }),
  "c.id-prefix": () => both(responses(items(
    { ...done("c"), id: "call_1" }, output("c")), { tools: FLAT_TOOLS })),
  "c.tool": () => ({
    direct: responses(items(), { tools: [{ ...FLAT_TOOLS[0],
                                           name: LONG }] }).body,
    ask: messages([say("user", U())], { tools: [
      { name: LONG, input_schema: SCHEMA }] }) }),
  "d.reasoning": () => both(chat(chatLoop("c"), { tools: CHAT_TOOLS })),
  "d.image": () => both(chat([say("user", [
    text(U()), picture(`data:image/png;base64,${PNG}`)])])),
  "e.signature": () => all(chat(chatLoop("c"), { tools: CHAT_TOOLS }),
                           legacy()),
  "f.tool-id": () => both(chat(chatLoop("call_1"), { tools: CHAT_TOOLS })),
  "f.unknown-field": () => all(chat([say("user", U())], {
    stream: true, stream_options: { include_usage: true } }), legacy()),
  "f.order": () => both(chat(turns(say("system", "S"), say("user", "v")))),
  "f.last": () => both(chat(turns())),
  "f.empty": () => both(chat([say("user", U()), say("assistant", ""),
                              say("user", "v")])),
  "g.empty": () => both(chat([say("user", U()), say("assistant", ""),
                              say("user", "v")])),
  "g.reasoning": () => all(chat(chatLoop("c"), { tools: CHAT_TOOLS }),
                           legacy()),
  "g.system": () => ({ model: "qwen3.8", ...both(chat(turns(
    say("system", "S"), say("user", "v")))) }),
  "h.alternate": () => all(chat([say("user", U()), say("user", "v")]),
                           legacy()),
  "h.system": () => both(chat([say("user", U()), say("system", "S"),
                               say("user", "v")])),
};

const APIS = { a: "messages", c: "responses" };

// --- one after the other -------------------------------------------------------
async function through(to, model, { api, body }) {
  const r = await fetch(`${url}/v1/${api}`, {
    method: "POST", body: JSON.stringify({ model: `${to}:${model}`, ...body }),
    headers: { "content-type": "application/json" } });
  return [r.status, await r.text()];
}

for (const rule of Object.keys(RULES)) {
  number++;
  if (!rules[rule]) {
    console.log(`FAIL ${rule}: there is no input for it`);
    continue;
  }
  const made = rules[rule](), to = made.to ?? rule[0];
  const model = made.model ?? MODELS[to];
  const bites = check(to, { model, ...made.direct }, {
    "anthropic-version": "2023-06-01" }).map(v => v.rule);
  const log = conv(number).log, asks = [made.ask].flat();
  asks.push({ api: APIS[to] ?? "chat/completions", body: made.direct });
  let status = 200, answer = "";
  for (const ask of asks)
    if (status === 200)
      [status, answer] = await through(to, model, ask);
  const broken = log.flatMap(x => x.violations);
  if (!bites.includes(rule))
    console.log(`FAIL ${rule}: not refused as it stands: ${bites}`);
  else if (log.length < asks.length || status !== 200 || broken.length)
    console.log(`FAIL ${rule}: ${status} ${broken[0]?.rule ?? ""} ${
      broken[0]?.msg ?? answer.slice(0, 200)}`);
  else
    console.log(`PASS ${rule}: ${RULES[rule][0].slice(0, 60)}`);
}
if (Object.keys(PROVIDERS).some(p => !MODELS[p]))
  console.log("FAIL providers: there is one that is not asked");
servers.stop();
