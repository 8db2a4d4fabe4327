#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Claude provider for tests: authorization server and Messages API.

    provider.py [FOLDER]    prints its port and serves until it is killed; with
                            TLS, when cert.pem and key.pem of FOLDER are given

It also plays any number of other backends, below /b/NAME/v1, for Chat, Messages
and Responses.

What it does is set with POST /set (a JSON object over `rules`), what it has
seen is read with GET /seen. Refresh tokens are good for one use, access tokens
end when they say, PKCE is verified.
"""

import base64
import hashlib
import json
import secrets
import ssl
import sys
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

lock = threading.Lock()
WRONG_KEY = {"error": {"message": "Incorrect API key provided",
                       "type": "invalid_request_error",
                       "code": "invalid_api_key"}}
CHAT_ID = "chatcmpl-of-the-provider"  # no id that is drawn has a "-" there
rules = {
    "refresh_delay": 0,     # seconds that a refresh takes
    "refresh_hold": False,  # it takes until this is false again
    "refresh_error": None,  # [status, body] in place of tokens
    "expires_in": 28800,
    "answers": {},          # credential: [{status, headers, body}, ...]
    "windows": {},          # credential: {name: {limit, used, reset, family}}
    "allowances": {},       # a backend's key: {limit, used}
    "disabled": [],         # credentials whose organisation is
    "said": {},             # what its accounts have said, and when
    "accept": [],           # further credentials that are good
    "text": "Hello from the provider.",
    "tool": None,           # [name, input]: answered when it is offered
    "delay": 0,             # seconds before an answer
    "gather": 0,            # none is answered before so many have come
    "keep": True,           # requests, for /seen
    "faults": {},           # backend: [{status, delay, cut, cut_at, garbage}]
    "keys": {},             # the same by a backend's key, with headers, text
    "dead": {},             # key of a backend: its refusal, as a step, always
}
refresh_tokens, access_tokens, codes = set(), {}, {}
# "full": requests to an account whose window was used up; "known_full": those
# that came after its answer that says so had been written; "known_disabled":
# the same of one whose organisation is disabled; "known_late": of both, those
# that can hardly have been on their way at that time.
seen = {"full": 0, "known_full": 0, "known_disabled": 0,
        "known_late": 0, "asked": 0, "refreshes": 0, "reuses": 0, "exchanges": 0, "requests": []}


def new_tokens():
    access = "sk-ant-oat01-" + secrets.token_hex(16)
    refresh = "sk-ant-ort01-" + secrets.token_hex(16)
    access_tokens[access] = time.time() + rules["expires_in"]
    refresh_tokens.add(refresh)
    seen["newest"] = refresh
    return {"access_token": access, "refresh_token": refresh,
            "expires_in": rules["expires_in"], "token_type": "Bearer",
            "scope": "user:inference user:profile"}


def refresh(form):
    seen["asked"] += 1
    time.sleep(rules["refresh_delay"])
    while rules["refresh_hold"]:
        time.sleep(0.02)
    with lock:
        seen["refreshes"] += 1
        if rules["refresh_error"]:
            return tuple(rules["refresh_error"])
        token = form.get("refresh_token")
        if token not in refresh_tokens:
            seen["reuses"] += 1
            return 400, {"error": "invalid_grant",
                         "error_description": "Refresh token not found"}
        refresh_tokens.discard(token)
        return 200, new_tokens()


def exchange(form):
    with lock:
        asked = codes.pop(form.get("code"), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode())
        challenge = base64.urlsafe_b64encode(digest.digest()).decode()
        if (not asked or asked["code_challenge"] != challenge.rstrip("=") or
                asked["redirect_uri"] != form.get("redirect_uri") or
                asked["state"] != form.get("state")):
            return 400, {"error": "invalid_grant"}
        seen["exchanges"] += 1
        return 200, new_tokens()


def consent_page(query):
    """Two links back to the client, or a code to copy."""
    code = secrets.token_hex(8)
    with lock:
        codes[code] = query
    to, state = query["redirect_uri"], urllib.parse.quote(query["state"])
    return (f'<title>Consent</title><a id="allow" href="{to}?code={code}'
            f'&state={state}">Allow</a> <a id="deny" href="{to}?error='
            f'access_denied&state={state}">Deny</a> '
            f'<a id="forge" href="{to}?code={code}&state=wrong">Forge</a> '
            f'<code id="code">{code}#{query["state"]}</code>')


def counts(part, model):
    """Is a request for the model one that this window counts?"""
    return part.get("family", "") in (model or "")


def is_known(what, arrived):
    """Had an answer that says so been written when this request came?"""
    ago = arrived - rules["said"].get(what, arrived)
    seen["known_late"] += ago > 3
    return ago > 0


def limit_fields(credential, model, arrived):
    """Unified fields of windows that fill up, one request at a time; whether
    it is refused; what the account says with that: that a window for all is
    full, or whom one for some refuses."""
    w = rules["windows"].get(credential)
    if not w:
        return {}, False, []
    now = time.time()
    for part in w.values():
        if part["reset"] <= now:
            part["used"] = 0
            part["reset"] = now + part["length"]
    refused = [n for n, p in w.items()
               if counts(p, model) and p["used"] >= p["limit"]]
    full = bool(refused)
    seen["full"] += full
    seen["known_full"] += any(is_known(f"{credential} {n}", arrived)
                              for n in refused)
    if not full:
        for part in w.values():
            part["used"] += counts(part, model)
    told = []
    for n, part in w.items():
        if part["used"] < part["limit"]:
            rules["said"].pop(f"{credential} {n}", None)
        elif "family" not in part or n in refused:
            told.append(f"{credential} {n}")
    name = "anthropic-ratelimit-unified-"
    fields = {name + "status": "rejected" if full else "allowed",
              name + "representative-claim": "five_hour"}
    for part, v in w.items():
        fields[f"{name}{part}-utilization"] = f"{v['used'] / v['limit']:.4f}"
        fields[f"{name}{part}-reset"] = str(int(v["reset"]) + 1)
    return fields, full, told


def key_fields(credential, arrived):
    """The same as OpenAI and others tell it of a key."""
    k = rules["allowances"].get(credential)
    if not k:
        return {}, False, []
    full = k["used"] >= k["limit"]
    seen["full"] += full
    seen["known_full"] += full and is_known(credential, arrived)
    k["used"] += not full
    return {"x-ratelimit-limit-requests": k["limit"],
            "x-ratelimit-remaining-requests": k["limit"] - k["used"],
            "x-ratelimit-reset-requests": "1h0m0s"}, full, \
        [credential] if k["used"] >= k["limit"] else []


def hold(delay):
    """Before an answer: the others that have to come first, the delay."""
    end = time.monotonic() + 120
    while (len(seen["requests"]) < rules["gather"] and
           time.monotonic() < end):
        time.sleep(0.01)
    time.sleep(delay)


class InFlight:
    """A request at the credential while it runs; the most of the burst that it
    is part of are kept."""

    def __init__(self, credential):
        self.credential = credential

    def __enter__(self):
        with lock:
            now = seen.setdefault("in_flight", {})
            now[self.credential] = now.get(self.credential, 0) + 1
            most = seen.setdefault("most_in_flight", {})
            most[self.credential] = max(most.get(self.credential, 0),
                                        now[self.credential])

    def __exit__(self, *args):
        with lock:
            seen["in_flight"][self.credential] -= 1


def events(message, text, tool):
    """The stream of one answer."""
    yield {"type": "message_start", "message": dict(
        message, content=[], stop_reason=None,
        usage={"input_tokens": 12, "output_tokens": 1,
               "cache_read_input_tokens": 100,
               "cache_creation_input_tokens": 20})}
    block = ({"type": "tool_use", "id": "toolu_1", "name": tool[0],
              "input": {}} if tool else {"type": "text", "text": ""})
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    parts = ([{"type": "input_json_delta", "partial_json": json.dumps(tool[1])}]
             if tool else [{"type": "text_delta", "text": w}
                           for w in text.split(" ")])
    for p in parts:
        yield {"type": "content_block_delta", "index": 0, "delta": p}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": {
        "stop_reason": message["stop_reason"], "stop_sequence": None},
        "usage": {"output_tokens": 7}}
    yield {"type": "message_stop"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def parse_request(self):
        self.arrived = time.time()
        self.told = []
        return super().parse_request()

    def reply(self, status, body, fields=None, kind="application/json"):
        data = body if isinstance(body, bytes) else (
            body if kind == "text/html" else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in (fields or {}).items():
            self.send_header(name, str(value))
        if self.told:
            with lock:
                for what in self.told:
                    rules["said"].setdefault(what, time.time())
        self.end_headers()
        self.wfile.write(data)

    def scripted(self, step, otherwise, fields):
        """A body that is a text goes as it is: a page, a word, nothing."""
        body = step.get("body", otherwise)
        self.reply(step["status"], body, fields, "text/html" if isinstance(
            body, str) else "application/json")

    def credential(self):
        key = self.headers.get("x-api-key")
        auth = self.headers.get("authorization", "")
        return key or auth.removeprefix("Bearer ")

    def error(self, status, kind, text, fields=None):
        self.reply(status, {"type": "error", "error": {
            "type": kind, "message": text}}, fields)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/seen":
            with lock:
                self.reply(200, seen)
        elif url.path == "/used":
            with lock:
                self.reply(200, {k: w["5h"]["used"]
                                 for k, w in rules["windows"].items()})
        elif url.path == "/windows":
            with lock:
                self.reply(200, {k: max(p["used"] / p["limit"] for p in
                                        w.values())
                                 for k, w in rules["windows"].items()})
        elif url.path == "/authorize":
            query = dict(urllib.parse.parse_qsl(url.query))
            self.reply(200, consent_page(query), kind="text/html")
        elif url.path.startswith("/b/") and url.path.endswith("/models"):
            dead = rules["dead"].get(self.credential())
            if dead:
                self.scripted(dead, WRONG_KEY, dead.get("headers"))
            else:
                self.reply(200, {"object": "list", "data": [
                    {"id": "of-" + self.credential(), "object": "model"}]})
        elif url.path == "/v1/models" and self.credential() in rules["dead"]:
            self.error(401, "authentication_error", "invalid x-api-key")
        elif url.path == "/v1/models":
            seen["models"] = seen.get("models", 0) + 1
            self.reply(200, {"data": [
                {"type": "model", "id": "claude-opus-9-1", "display_name": "O",
                 "created_at": "2026-10-01T00:00:00Z"},
                {"type": "model", "id": "claude-opus-9", "display_name": "O",
                 "created_at": "2026-01-01T00:00:00Z"},
                {"type": "model", "id": "claude-sonnet-9",
                 "display_name": "S", "created_at": "2026-02-01T00:00:00Z"},
            ], "has_more": False})
        else:
            self.error(404, "not_found_error", "no such page")

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urllib.parse.urlsplit(self.path).path
        if path == "/set":
            change = json.loads(body)
            with lock:
                for token in change.pop("refresh_tokens", []):
                    refresh_tokens.add(token)
                for token, until in change.pop("access_tokens", {}).items():
                    access_tokens[token] = until
                if change.pop("forget", False):
                    seen["requests"] = []
                    seen["most_in_flight"] = {}
                rules.update(change)
            self.reply(200, {})
        elif path == "/v1/oauth/token":
            kind = self.headers.get("Content-Type", "")
            if kind.startswith("application/json"):
                self.reply(*exchange(json.loads(body)))
            else:
                self.reply(*refresh(dict(urllib.parse.parse_qsl(
                    body.decode()))))
        elif path.startswith("/b/"):
            self.backend(path.split("/")[2], path, json.loads(body))
        elif path in ("/v1/messages", "/v1/messages/count_tokens"):
            self.messages(path, json.loads(body), body)
        else:
            self.error(404, "not_found_error", "no such page")

    def raw(self, parts):
        """Texts, numbers of bytes, {"wait": seconds}, as they are; the end."""
        self.close_connection = True
        for part in parts:
            if isinstance(part, dict):
                time.sleep(part["wait"])
                continue
            text = "x" * part if isinstance(part, int) else part
            self.wfile.write(text.encode())
            self.wfile.flush()

    def backend(self, name, path, body):
        with lock:
            if not rules["keep"]:
                seen["requests"].clear()
            seen["requests"].append({
                "time": time.time(), "backend": name, "path": path,
                "address": self.path,
                "headers": {k.lower(): v for k, v in self.headers.items()},
                "model": body.get("model"), "body": body})
            script = (rules["keys"].get(self.credential()) or
                      rules["faults"].get(name))
            step = script.pop(0) if script else {}
            step = rules["dead"].get(self.credential(), step)
            limits, full, self.told = key_fields(self.credential(),
                                                 self.arrived)
        with InFlight(self.credential()):
            hold(step.get("delay", 0) or rules["delay"])
        step = dict(step, headers=dict(limits, **step.get("headers", {})))
        if full:
            self.reply(429, {"error": {"message": "Rate limit reached",
                                       "type": "requests"}}, step["headers"])
        elif "raw" in step:
            self.raw(step["raw"])
        elif "cut" in step:
            self.close_connection = True
            self.connection.close()
        elif "garbage" in step:
            self.wfile.write(b"this is not HTTP\r\n\r\n")
            self.close_connection = True
        elif "status" in step:
            self.scripted(step, {"error": {
                "message": step.get("text", "scripted"),
                "type": "test_error"}}, step.get("headers"))
        elif path.endswith("/messages"):
            self.answer(body, {}, step)
        elif path.endswith("/chat/completions"):
            self.chat(body, step)
        elif path.endswith("/responses"):
            self.reply(200, {
                "id": "resp_1", "object": "response", "created_at": 1,
                "status": "completed", "model": body["model"], "output": [{
                    "type": "message", "id": "msg_1", "role": "assistant",
                    "status": "completed", "content": [{
                        "type": "output_text", "text": rules["text"],
                        "annotations": []}]}],
                "usage": {"input_tokens": 1, "output_tokens": 1,
                          "total_tokens": 2}})
        else:
            self.error(404, "not_found_error", "no such page")

    def chat(self, body, step):
        head = {"id": CHAT_ID, "created": 1, "model": body["model"]}
        usage = {"prompt_tokens": 1, "completion_tokens": 1,
                 "total_tokens": 2}
        if not body.get("stream"):
            self.reply(200, dict(head, object="chat.completion", choices=[{
                "index": 0, "finish_reason": "stop", "message": {
                    "role": "assistant", "content": rules["text"]}}],
                usage=usage), step.get("headers"))
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        deltas = [({"role": "assistant", "content": ""}, None)]
        deltas += [({"content": w}, None) for w in rules["text"].split(" ")]
        deltas += [({}, "stop")]
        for i, (delta, finish) in enumerate(deltas):
            if step.get("cut_at") == i:
                self.connection.close()
                return
            e = dict(head, object="chat.completion.chunk", choices=[{
                "index": 0, "delta": delta, "finish_reason": finish}])
            self.wfile.write(f"data: {json.dumps(e)}\n\n".encode())
            self.wfile.flush()
        self.wfile.write(b"data: [DONE]\n\n")

    def messages(self, path, body, raw):
        credential = self.credential()
        with lock:
            if rules["keep"]:
                seen["requests"].append({
                    "time": time.time(), "path": self.path,
                    "credential": credential, "model": body.get("model"),
                    "headers": {k.lower(): v for k, v in self.headers.items()},
                    "text": raw.decode() if len(raw) < 1000000 else None,
                    "body": body if len(raw) < 1000000 else None})
            good = (credential in rules["accept"] or
                    access_tokens.get(credential, 0) > time.time())
            script = rules["answers"].get(credential)
            step = script.pop(0) if script else None
        if not good:
            self.error(401, "authentication_error", "OAuth token is not valid")
            return
        if credential in rules["disabled"]:
            with lock:
                seen["known_disabled"] += is_known(credential, self.arrived)
                self.told = [credential]
            self.error(400, "invalid_request_error",
                       "This organization has been disabled.")
            return
        with lock:
            fields, full, self.told = limit_fields(
                credential, body.get("model"), self.arrived)
        with InFlight(credential):
            hold(rules["delay"])
        if step:
            fields.update(step.get("headers", {}))
        time.sleep((step or {}).get("wait", 0))
        if step and "raw" in step:
            self.raw(step["raw"])
        elif step and "cut" in step:
            self.close_connection = True
            self.connection.close()
        elif step and step.get("status", 200) != 200:
            self.scripted(step, {
                "type": "error", "error": {"type": "test_error",
                                           "message": "scripted"}}, fields)
        elif full:
            self.error(429, "rate_limit_error", "window used up", fields)
        elif path.endswith("count_tokens"):
            self.reply(200, {"input_tokens": 42}, fields)
        else:
            self.answer(body, fields, step or {})

    def answer(self, body, fields, step):
        names = [t.get("name") for t in body.get("tools") or []]
        called = any(b.get("type") == "tool_result" for m in body["messages"]
                     if isinstance(m["content"], list) for b in m["content"])
        tool = rules["tool"]
        if not tool or tool[0] not in names or called:
            tool = None
        message = {"id": "msg_" + secrets.token_hex(8), "type": "message",
                   "role": "assistant", "model": body["model"],
                   "stop_reason": "tool_use" if tool else "end_turn",
                   "stop_sequence": None,
                   "content": [{"type": "tool_use", "id": "toolu_1",
                                "name": tool[0], "input": tool[1]}] if tool
                   else [{"type": "text", "text": rules["text"]}],
                   "usage": {"input_tokens": 12, "output_tokens": 7,
                             "cache_read_input_tokens": 100,
                             "cache_creation_input_tokens": 20}}
        if not body.get("stream"):
            self.reply(200, message, fields)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        for name, value in fields.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.close_connection = True
        for i, e in enumerate(events(message, rules["text"], tool)):
            if step.get("error_at") == i:
                e = {"type": "error", "error": {
                    "type": "overloaded_error", "message": "Overloaded"}}
            if step.get("cut_at") == i:
                self.connection.close()
                return
            if step.get("pause_at") == i:
                time.sleep(step["pause"])
            self.wfile.write(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                             .encode())
            self.wfile.flush()
            if e["type"] == "error":
                return


class Server(ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", 0), Handler)
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[1] + "/cert.pem",
                                sys.argv[1] + "/key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    print(server.server_address[1], flush=True)
    server.serve_forever()
