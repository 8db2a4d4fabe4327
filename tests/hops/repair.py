#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A conversation goes on by another key: repair.py URL PORT

A provider on PORT has two organisations, each of which takes only what it gave
itself, and says so in the words of real ones. The router at URL has it as
backends of each dialect: "one-D" and "two-D" (an organisation each), "pool-D"
(a key of each), "left-D" (the second, with "mend": false). D is messages, chat
or responses. Prints PASS and FAIL lines.
"""

import http.client
import http.server
import itertools
import json
import os
import sys
import threading
import urllib.parse

url, port = urllib.parse.urlsplit(sys.argv[1]), int(sys.argv[2])
key = os.environ.get("DARIO_API_KEY", "none")
PATHS = {"messages": "/v1/messages", "chat": "/v1/chat/completions",
         "responses": "/v1/responses"}
made = 0
seen = []          # (organisation, path, body, text)
words = {}         # how the next refusals are said, by dialect
full = set()       # keys that are used up
lock = threading.Lock()


def token(org):
    global made
    with lock:
        made += 1
        return f"gAAAA{org}x{made:04d}=="


def foreign(value, org):
    return value is not None and f"gAAAA{org}x" not in str(value)


# --- the provider ------------------------------------------------------------
def refuse_messages(body, org):
    for i, m in enumerate(body["messages"]):
        content = m["content"] if isinstance(m["content"], list) else []
        for j, b in enumerate(content):
            if b["type"] == "thinking" and foreign(b["signature"], org):
                return {"type": "error", "error": {
                    "type": "invalid_request_error",
                    "message": f"messages.{i}.content.{j}: Invalid "
                               "`signature` in `thinking` block"}}
    return None


# As Gemini's API, Vertex AI and its documents have it, and as a router hands it
# on (decolua/9router/issues/301, QwenLM/qwen-code/issues/1187).
NAMED = [
    "Function call is missing a thought_signature in functionCall parts. "
    "Additional data, function call `default_api:{}` , position 2.",
    "Unable to submit request because function call `default_api:{}` in the "
    "2. content block is missing a `thought_signature`.",
    "Unable to submit request because function call `{}` in the 2. content "
    "block is missing a `thought_signature`.",
    "Function call `{}` in the `1.` content block is missing a "
    "`thoughtSignature`.",
    "{{\"message\":\"function call \\\"{}\\\" is missing a "
    "thought_signature\"}}",
]
UNNAMED = "Function call is missing a thought_signature in functionCall parts."


def refuse_chat(body, org):
    def error(message):
        return [{"error": {"code": 400, "message": message,
                           "status": "INVALID_ARGUMENT"}}]

    named = words.get("named", NAMED[0])
    for m in body["messages"]:
        for c in m.get("tool_calls") or []:
            s = c.get("extra_content", {}).get("google", {}) \
                .get("thought_signature")
            if words.get("chat") == "each" and s is None:
                return error(named.format(c["function"]["name"]))
            if s != "skip_thought_signature_validator" and foreign(s, org):
                name = c["function"]["name"]
                return error(named.format(name)
                             if words.get("chat") == "named" else
                             "Invalid thoughtSignature."
                             if words.get("chat") == "joined" else
                             "Corrupted thought signature.")
        for d in m.get("reasoning_details") or []:
            if foreign(d.get("signature"), org):
                return {"error": {
                    "message": "Provider returned error", "code": 400,
                    "metadata": {"raw": "{\"message\":\"messages.1.content.0: "
                                        "Invalid `signature` in `thinking` "
                                        "block\"}"}}}
        if words.get("chat") == "fields" and "reasoning_content" in m:
            return {"error": {"message": "Unknown parameter: 'messages[1]."
                                         "reasoning_content'.",
                              "type": "invalid_request_error",
                              "code": "unknown_parameter"}}
    return None


def refuse_responses(body, org):
    for item in body["input"]:
        content = item.get("encrypted_content")
        if item.get("type") != "reasoning" or not foreign(content, org):
            continue
        said = {
            "item": f"The encrypted content for item {item.get('id')} could "
                    "not be verified. Reason: Encrypted content could not be "
                    "decrypted or parsed.",
            "end": f"The encrypted content {content[:4]}...{content[-6:]} "
                   "could not be verified.",
            "bare": "Encrypted content organization_id did not match the "
                    "target organization.",
        }[words.get("responses", "item")]
        return {"error": {"message": said, "type": "invalid_request_error",
                          "param": None, "code": "invalid_encrypted_content"}}
    return None


REFUSE = {"messages": refuse_messages, "chat": refuse_chat,
          "responses": refuse_responses}
TEXT = "It is so."


def answer(dialect, org):
    if dialect == "messages":
        return {"id": "msg_1", "type": "message", "role": "assistant",
                "model": "m", "stop_reason": "end_turn", "stop_sequence": None,
                "content": [
                    {"type": "thinking", "thinking": "hm",
                     "signature": token(org)},
                    {"type": "text", "text": TEXT}],
                "usage": {"input_tokens": 1, "output_tokens": 1}}
    if dialect == "chat":
        return {"id": "c", "object": "chat.completion", "model": "m",
                "choices": [{"index": 0, "finish_reason": "tool_calls",
                             "message": {
                    "role": "assistant", "content": TEXT, "tool_calls": [{
                        "id": f"call_{made}", "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                        "extra_content": {"google": {
                            "thought_signature": token(org)}}}],
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": "hm", "index": 0,
                         "format": "anthropic-claude-v1",
                         "signature": token(org)}]}}],
                "usage": {"prompt_tokens": 1, "completion_tokens": 1,
                          "total_tokens": 2}}
    t = token(org)
    return {"id": "resp_1", "object": "response", "status": "completed",
            "model": "m", "output": [
                {"type": "reasoning", "id": f"rs_{made:04d}", "summary": [
                    {"type": "summary_text", "text": "hm"}],
                 "encrypted_content": t},
                {"type": "message", "id": f"msg_{made:04d}",
                 "role": "assistant", "status": "completed", "content": [
                     {"type": "output_text", "text": TEXT,
                      "annotations": []}]}],
            "usage": {"input_tokens": 1, "output_tokens": 1,
                      "total_tokens": 2}}


def stream_of(dialect, a):
    """What is checked of a stream is its beginning and its end alone."""
    if dialect == "responses":
        begun = dict(a, status="in_progress", output=[])
        events = [{"type": "response.created", "response": begun}]
        for i, item in enumerate(a["output"]):
            events.append({"type": "response.output_item.added",
                           "output_index": i, "item": item})
            events.append({"type": "response.output_item.done",
                           "output_index": i, "item": item})
        events.append({"type": "response.completed", "response": a})
        return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                for e in events]
    if dialect == "chat":
        c = a["choices"][0]
        calls = [dict(t, index=i)
                 for i, t in enumerate(c["message"]["tool_calls"])]
        delta = dict(c["message"], tool_calls=calls)
        base = {"id": "c", "object": "chat.completion.chunk", "model": "m"}
        chunks = [dict(base, choices=[{"index": 0, "delta": delta,
                                       "finish_reason": None}]),
                  dict(base, choices=[{"index": 0, "delta": {},
                                       "finish_reason": "tool_calls"}])]
        return [f"data: {json.dumps(e)}\n\n" for e in chunks] + \
            ["data: [DONE]\n\n"]
    events = [{"type": "message_start", "message": dict(
        a, content=[], stop_reason=None)}]
    for i, b in enumerate(a["content"]):
        events.append({"type": "content_block_start", "index": i,
                       "content_block": b})
        events.append({"type": "content_block_stop", "index": i})
    events += [{"type": "message_delta", "delta": {"stop_reason": "end_turn"},
                "usage": {"output_tokens": 1}}, {"type": "message_stop"}]
    return [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]


class Provider(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def give(self, status, kind, data, more=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        org, path = self.path[1:].split("/", 1)
        dialect = next(d for d, p in PATHS.items()
                       if "/" + path.split("?")[0] == p)
        said = self.headers.get("x-api-key") or \
            self.headers.get("Authorization", "").removeprefix("Bearer ")
        if org == "pool":
            org = said.split("-")[1]
        body = json.loads(text)
        seen.append((org, self.path, body, text))
        if said in full:
            error = {"error": {"message": "slow down", "code": "x",
                               "type": "rate_limit_error"}}
            return self.give(429, "application/json",
                             json.dumps(error).encode(),
                             [("Retry-After", "600")])
        bad = REFUSE[dialect](body, org)
        if bad and body.get("stream") and dialect == "responses":
            # as it was seen: an error in the stream, before any content
            e = dict(bad["error"], type="error", sequence_number=1)
            events = stream_of(dialect, answer(dialect, org))[:1] + [
                f"event: error\ndata: {json.dumps(e)}\n\n"]
            return self.give(200, "text/event-stream",
                             "".join(events).encode())
        if bad:
            return self.give(400, "application/json", json.dumps(bad).encode())
        a = answer(dialect, org)
        if body.get("stream"):
            return self.give(200, "text/event-stream",
                             "".join(stream_of(dialect, a)).encode())
        self.give(200, "application/json", json.dumps(a).encode())

    def log_message(self, *args):
        pass


# --- the clients ---------------------------------------------------------------
def post(dialect, body, headers=None):
    c = http.client.HTTPConnection(url.hostname, url.port, timeout=60)
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    c.request("POST", PATHS[dialect], text, {
        "Content-Type": "application/json", "x-api-key": key,
        "anthropic-version": "2023-06-01", **(headers or {})})
    r = c.getresponse()
    data = r.read()
    c.close()
    return r, data


def begin(dialect, model, stream=False):
    body = {"model": model, "stream": stream}
    if dialect == "responses":
        return dict(body, store=False, input=[
            {"role": "user", "content": f"hello {model} {made}"}])
    body["messages"] = [{"role": "user", "content": f"hello {model} {made}"}]
    if dialect == "messages":
        return dict(body, max_tokens=2000, thinking={"type": "adaptive"})
    return dict(body, tools=[{"type": "function", "function": {
        "name": "f", "parameters": {"type": "object", "properties": {}}}}])


def answer_in(dialect, data, stream):
    if not stream:
        return json.loads(data)
    events = [json.loads(line[6:]) for line in data.decode().split("\n")
              if line.startswith("data: {")]
    if dialect == "responses":
        done = [e for e in events if e["type"] == "response.completed"]
        return done[0]["response"] if done else None
    if dialect == "chat":
        message = {}
        for e in events:
            for c in e.get("choices", []):
                message.update({k: v for k, v in c["delta"].items() if v})
        for t in message.get("tool_calls", []):
            t.pop("index", None)
        return {"choices": [{"message": message}]} if message else None
    blocks = [e["content_block"] for e in events
              if e["type"] == "content_block_start"]
    return {"content": blocks} if blocks else None


def go_on(dialect, body, answered, model):
    """The history with the answer, as the client got it, and a question."""
    if dialect == "responses":
        items = body["input"] + answered["output"] + [
            {"role": "user", "content": "and?"}]
        return dict(body, model=model, input=items)
    if dialect == "messages":
        more = [{"role": "assistant", "content": answered["content"]},
                {"role": "user", "content": "and?"}]
    else:
        m = answered["choices"][0]["message"]
        more = [m] + [{"role": "tool", "tool_call_id": c["id"],
                       "content": "r"} for c in m.get("tool_calls") or []]
    return dict(body, model=model, messages=body["messages"] + more)


def check(name, good, why=""):
    print(f"PASS {name}" if good else f"FAIL {name}: {str(why)[:600]}")


def tokens_in(text):
    return sorted(w for w in text.decode().replace("\\", "").split('"')
                  if w.startswith("gAAAA"))


def talk(dialect, models, stream=False, client=None, tell=None):
    """A turn with each model; what the provider got in the last one."""
    client = client or dialect
    body, at = begin(client, models[0], stream), 0
    for i, model in enumerate(models):
        at = len(seen)
        r, data = post(client, body)
        if r.status != 200:
            return r, data, seen[at:]
        a = answer_in(client, data, stream)
        if not a:
            return r, data, seen[at:]
        if i + 1 < len(models):
            body = go_on(client, body, a, models[i + 1])
    return r, data, seen[at:]


def two_backends():
    for dialect in PATHS:
        for stream in (False, True):
            for said in ("item", "end", "bare") if dialect == "responses" \
                    else (None,):
                words[dialect] = said
                name = f"{dialect}, {'streamed' if stream else 'whole'}" + \
                    (f", by {said}" if said else "")
                one, two = f"one-{dialect}:m", f"two-{dialect}:m"
                r, data, asked = talk(dialect, [one, two], stream)
                check(f"{name}: goes on", r.status == 200 and
                      TEXT.encode() in data, data)
                check(f"{name}: asked {len(asked)} times",
                      2 <= len(asked) <= 3, asked)
                check(f"{name}: what went is named",
                      stream or r.headers.get("x-dario-mended"), r.headers)
                # own values stay where the foreign ones are told apart
                r, data, asked = talk(dialect, [one, two, two], stream)
                left = tokens_in(asked[-1][3])
                want = 0 if said == "bare" else 1
                if dialect == "chat": # whatever is of the kind goes
                    want = 0
                check(f"{name}: of three turns", r.status == 200 and
                      len(left) == want and
                      all("gAAAAtwox" in t for t in left),
                      (data, left, len(asked)))
        words.clear()


def many():
    """Values of others in every other turn: four calls, whatever their number,
    and what stands before the third one stays."""
    for dialect in ("messages", "responses"):
        for said in ("item", "end", "bare") if dialect == "responses" \
                else (None,):
            words[dialect] = said
            one, two = f"one-{dialect}:m", f"two-{dialect}:m"
            body = begin(dialect, two)
            for i in range(14):
                org = "one" if i % 2 and i > 2 else "two"
                body = go_on(dialect, body, answer(dialect, org), two)
            at = len(seen)
            r, data = post(dialect, body)
            left = tokens_in(seen[-1][3])
            name = f"{dialect}, many{f', by {said}' if said else ''}"
            check(f"{name}: goes on", r.status == 200, data)
            check(f"{name}: four calls at most", len(seen) - at <= 4,
                  len(seen) - at)
            check(f"{name}: what was taken stays",
                  len(left) == (0 if said == "bare" else 5) and
                  all("gAAAAtwox" in t for t in left), left)
    words.clear()


def only_that():
    """Every byte that was not refused is where it was."""
    r, data = post("responses", begin("responses", "one-responses:m"))
    body = go_on("responses", begin("responses", "two-responses:m"),
                 json.loads(data), "two-responses:m")
    body["input"][0]["content"] = "hello"
    text = json.dumps(body, indent=1)[:-1] + ', "metadata" : {"n": 1e400} }'
    at = len(seen)
    r, data = post("responses", text.encode())
    sent, again = seen[at][3].decode(), seen[at + 1][3].decode()
    reasoning = [i for i in body["input"] if i.get("type") == "reasoning"][0]
    start = sent.index(json.dumps("reasoning"))
    start = sent.rindex("{", 0, start)
    check("responses: the first call is as it came",
          sent == text.replace("two-responses:m", "m"), sent)
    check("responses: only the item is gone", len(again) < len(sent) and
          sent[:start].rstrip(", \n") in again and
          again.endswith('"metadata" : {"n": 1e400} }') and
          reasoning["encrypted_content"] not in again, again)
    at = len(seen)
    r, data = post("responses", text.replace(
        "two-responses:m", "left-responses:m").encode())
    check("mend off: refused, and asked once",
          r.status == 400 and len(seen) == at + 1 and
          b"invalid_encrypted_content" in data, data)


def fields():
    words["chat"] = "fields"
    body = begin("chat", "two-chat:m")
    body["messages"] += [{"role": "assistant", "content": "x",
                          "reasoning_content": "hm"},
                         {"role": "user", "content": "go"}]
    at = len(seen)
    r, data = post("chat", body)
    check("chat: a member that is not known goes",
          r.status == 200 and "reasoning_content" not in
          seen[-1][2]["messages"][1] and len(seen) == at + 2, data)
    check("chat: and is named", "thinking" in
          (r.headers.get("x-dario-dropped") or ""), r.headers)
    words.clear()


def named_calls(said):
    """Of several calls in one turn that whose signature is refused."""
    words.update(chat="named", named=said)
    how = f"by words {NAMED.index(said)}"
    # of the other organisation, among its own; of one tool they come first
    for others, one in itertools.product((1, 2, 5), (False, True)):
        name = f"{others} of {'one tool' if one else 'their own tools'}, {how}"
        calls = [(f"own-{n}", f"gAAAAonex9{n}") for n in range(3)]
        for n in range(others):
            calls.insert(n + (not one), (f"other-{n}", f"gAAAAtwox9{n}"))
        history = [{"role": "user", "content": "q"}]
        for tool, signature in calls:
            history += [{"role": "assistant", "content": None, "tool_calls": [{
                "id": f"c-{tool}", "type": "function",
                "function": {"name": "f" if one else tool, "arguments": "{}"},
                "extra_content": {"google": {
                    "thought_signature": signature}}}]},
                {"role": "tool", "tool_call_id": f"c-{tool}", "content": "r"}]
        at = len(seen)
        r, data = post("chat", {"model": "one-chat:m", "messages": history})
        own = [t for t in tokens_in(seen[-1][3]) if "onex" in t]
        check(f"chat, {name}, named: goes on",
              r.status == 200 and len(seen) - at <= 4, (r.status, data))
        # of many all go that stand behind the first
        left = 3 if others < 3 else 0 if one else 1
        check(f"chat, {name}, named: its own stay", len(own) == left, own)
    words.clear()


def parallel_calls(said):
    """Of parallel calls some came without a signature, and are refused so."""
    words.update(chat="each", named=said)
    for names in ("fg", "ff", "fgg", "fgf"):
        calls = [{"id": f"c{i}", "type": "function", "function": {
            "name": n, "arguments": "{}"}} for i, n in enumerate(names)]
        calls[0]["extra_content"] = {"google": {
            "thought_signature": "gAAAAonex90"}}
        history = [{"role": "user", "content": "q"}, {
            "role": "assistant", "content": None, "tool_calls": calls},
            *({"role": "tool", "tool_call_id": c["id"], "content": "r"}
              for c in calls)]
        r, data = post("chat", {"model": "one-chat:m", "messages": history})
        name = f"chat, parallel calls {names}, told {said[:60]}"
        check(f"{name}: goes on", r.status == 200, data)
        sent = seen[-1][2]["messages"][1]["tool_calls"]
        check(f"{name}: the one that is there stays",
              [c.get("extra_content", {}).get("google", {}).get(
                  "thought_signature") for c in sent] == ["gAAAAonex90"] + [
                      "skip_thought_signature_validator"] * (len(names) - 1),
              sent)
    words.clear()


def joined_name():
    """The member by its name in Google's own API."""
    words["chat"] = "joined"
    r, data, asked = talk("chat", ["one-chat:m", "two-chat:m"])
    check("chat, thoughtSignature: goes on", r.status == 200, data)
    words.clear()


def fallback():
    for dialect in PATHS:
        r, data = post(dialect, begin(dialect, f"hop-{dialect}"))
        body = go_on(dialect, begin(dialect, "x"), json.loads(data),
                     f"hop-{dialect}")
        full.add(f"key-one-{dialect}")
        r, data = post(dialect, body)
        full.clear()
        check(f"{dialect}, fallback: goes on", r.status == 200 and
              r.headers.get("x-dario-backend") == f"two-{dialect}",
              (r.status, data))


def pools():
    for client in PATHS:
        for dialect in PATHS:
            if client != dialect and dialect == "chat":
                continue # what it signs is Google's, as a carrier
            model = f"pool-{dialect}:m"
            name = f"pool of {dialect}, asked as {client}"
            body = begin(client, model)
            r, data = post(client, body)
            first = r.headers.get("x-dario-account")
            org = seen[-1][0]
            body = go_on(client, body, json.loads(data), model)
            full.add(f"key-{org}-{dialect}")
            at = len(seen)
            r, data = post(client, body)
            asked = seen[at:]
            check(f"{name}: goes on by the other key",
                  r.status == 200 and
                  r.headers.get("x-dario-account") != first and
                  asked[-1][0] != org, (r.status, data))
            if r.status == 200:
                body = go_on(client, body, json.loads(data), model)
                at = len(seen)
                r, data = post(client, body)
                own = [t for t in tokens_in(seen[-1][3])]
                check(f"{name}: its own stays",
                      r.status == 200 and (own or dialect == "chat") and
                      not any(f"gAAAA{org}x" in t for t in own),
                      (r.status, data, own))
                if client != dialect:
                    check(f"{name}: it was learnt", len(seen) == at + 1,
                          len(seen) - at)
            full.clear()
            post("chat", {"model": "nobody", "messages": []})
            home = os.environ["DARIO_HOME"]
            for f in os.listdir(f"{home}/state"):
                if f.startswith("limits-"):
                    os.unlink(f"{home}/state/{f}")


threading.Thread(target=http.server.ThreadingHTTPServer(
    ("127.0.0.1", port), Provider).serve_forever, daemon=True).start()
two_backends()
many()
only_that()
fields()
for said in NAMED:
    named_calls(said)
    parallel_calls(said)
parallel_calls(UNNAMED)
joined_name()
fallback()
pools()
