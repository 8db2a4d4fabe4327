#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Asks for every kind of endpoint, and looks at what the provider was asked.

    endpoints.py PORT UPSTREAM HOME PART

PART is one of the functions below. Prints PASS and FAIL lines.
"""

import gzip
import http.client
import json
import os
import socket
import sys
import time

PORT, UP, HOME = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
BINARY = bytes(range(256)) * 1024
JSON = {"Content-Type": "application/json"}
ANTHROPIC = {"anthropic-version": "2023-06-01"}
BOUNDARY = "==a boundary=="


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def forget():
    c = http.client.HTTPConnection("127.0.0.1", UP, timeout=300)
    c.request("DELETE", "/seen")
    return json.loads(c.getresponse().read())


class Answer:
    def __init__(self, r):
        self.status, self.text = r.status, r.read()
        self.fields = {k.lower(): v for k, v in r.getheaders()}
        try:
            self.json = json.loads(self.text)
        except ValueError:
            self.json = {}

    def __repr__(self):
        return f"{self.status} {self.text[:300]!r}"


def ask(method, path, body=None, fields=None, chunked=False):
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
    fields = dict(fields or {})
    if isinstance(body, dict):
        body = json.dumps(body)
        fields = JSON | fields
    c.request(method, path, body, fields, encode_chunked=chunked)
    answer = Answer(c.getresponse())
    c.close()
    return answer


def asked(method, path, body=None, fields=None, **more):
    """The answer, and what the provider saw: one request, or None."""
    forget()
    answer = ask(method, path, body, fields, **more)
    got = forget()
    return answer, got[0] if len(got) == 1 else None


def to(name, field="x-dario-backend"):
    return {field: name}


def form(*parts, quote=True):
    """(name, value) or (name, value, file's name), in that order."""
    out = []
    for name, value, *file in parts:
        named = f'name="{name}"' if quote else f"name={name}"
        more = f'; filename="{file[0]}"' if file else ""
        out.append(f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
                   f"{named}{more}\r\n\r\n".encode() + value + b"\r\n")
    body = b"".join(out) + f"--{BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f'multipart/form-data; boundary="{BOUNDARY}"'}


def table():
    """Each endpoint: the method, the path and the query as they were, the
    credential of the backend, the body but for the model's name."""
    for path in ("images/generations", "images/edits", "images/variations",
                 "audio/speech", "moderations", "rerank", "embeddings",
                 "responses/compact", "responses/input_tokens"):
        a, got = asked("POST", f"/v1/{path}?q=1&x=%2F",
                       {"model": "b:m/1", "z": [1.0, 2e5]}, {"OpenAI-Beta": "x=v1"})
        check(f"{path}: 200", a.status == 200, a)
        check(f"{path}: literal", got and got["method"] == "POST" and
              got["path"] == f"/b/v1/{path}?q=1&x=%2F", got)
        check(f"{path}: the body", got and
              got["body"] == '{"model": "m/1", "z": [1.0, 200000.0]}', got)
        check(f"{path}: the credential", got and got["fields"]
              .get("authorization") == "Bearer sk-b-0123456789abcdef", got)
        check(f"{path}: who it was", a.fields.get("x-dario-backend") == "b" and
              a.fields.get("x-dario-model") == "m/1", a.fields)
    for method, path in (
            ("GET", "files"), ("GET", "files/file-1"),
            ("GET", "files/file-1/content"), ("DELETE", "files/file-1"),
            ("GET", "batches"), ("GET", "batches/batch_1"),
            ("POST", "batches/batch_1/cancel"),
            ("GET", "responses/resp_1"), ("DELETE", "responses/resp_1"),
            ("POST", "responses/resp_1/cancel"),
            ("GET", "responses/resp_1/input_items"),
            ("GET", "conversations/conv_1"), ("POST", "conversations"),
            ("POST", "conversations/conv_1"),
            ("DELETE", "conversations/conv_1/items/msg_1"),
            ("GET", "fine_tuning/jobs"), ("POST", "fine_tuning/jobs"),
            ("GET", "fine_tuning/jobs/ftjob-1/events"),
            ("GET", "vector_stores"), ("POST", "vector_stores"),
            ("POST", "vector_stores/vs_1/search"),
            ("DELETE", "vector_stores/vs_1/files/file-1"),
            ("GET", "chat/completions"), ("GET", "chat/completions/chatcmpl-1"),
            ("GET", "files/"), ("POST", "uploads"),
            ("POST", "uploads/upload_1/complete"),
            ("GET", "videos/video_1/content"),
            ("GET", "audio/voices"), ("HEAD", "files/file-1")):
        body = {"x": 1} if method == "POST" else None
        for prefix in ("/v1/", "/", "/v1/v1/"):
            a, got = asked(method, f"{prefix}{path}?limit=2&after=x", body,
                           to("b"))
            check(f"{method} {prefix}{path}", a.status == 200 and got and
                  got["method"] == method and
                  got["path"] == f"/b/v1/{path}?limit=2&after=x" and
                  got["body"] == (json.dumps(body) if body else ""), (a, got))
    for method, path in (
            ("POST", "messages/batches"), ("GET", "messages/batches"),
            ("GET", "messages/batches/msgbatch_1"),
            ("GET", "messages/batches/msgbatch_1/results"),
            ("POST", "messages/batches/msgbatch_1/cancel"),
            ("DELETE", "messages/batches/msgbatch_1"),
            ("GET", "files"), ("POST", "files"), ("GET", "files/file_1/content")):
        a, got = asked(method, f"/v1/{path}", {"requests": []} if
                       method == "POST" else None, to("an") | ANTHROPIC |
                       {"anthropic-beta": "files-api-2025-04-14"})
        check(f"{method} {path} of Anthropic", a.status == 200 and got and
              got["path"] == f"/an/v1/{path}" and
              got["fields"].get("x-api-key") == "sk-an-0123456789abcdef" and
              got["fields"].get("anthropic-version") == "2023-06-01" and
              got["fields"].get("anthropic-beta") == "files-api-2025-04-14",
              (a, got))
    for path, want in (("/v1/files?limit=1", "/q/v1/files?api-version=7&limit=1"),
                       ("/v1/batches", "/q/v1/batches?api-version=7"),
                       ("/to/q/x/y?z=1", "/q/v1/x/y?api-version=7&z=1"),
                       ("/to/q", "/q/v1?api-version=7")):
        a, got = asked("GET", path, None, to("q") | {
            "X-Own": "kept", "Cookie": "mine", "X-Forwarded-For": "1.2.3.4"})
        check(f"{path}: the base URL's own query", got and got["path"] == want,
              (a, got))
        check(f"{path}: fields", got and got["fields"].get("x-own") == "kept" and
              not {"cookie", "x-forwarded-for", "x-dario-backend"} &
              set(got["fields"]), got)
    a, got = asked("DELETE", "/v1/models/b:ft:gpt-4o:x")
    check("DELETE models", got and got["path"] == "/b/v1/models/ft:gpt-4o:x", (a, got))
    for method, path, allow in (("PUT", "/v1/files", "GET, POST, DELETE"),
                                ("DELETE", "/v1/rerank", "POST")):
        a, got = asked(method, path, None, to("b"))
        check(f"{method} {path}: 405", a.status == 405 and not got and
              a.fields.get("allow") == allow and "/to/NAME" in str(a.json), a)
    for path in ("/v1/nothing", "/files2", "/v1/images", "/v2/files"):
        a, got = asked("POST", path, {}, to("b"))
        check(f"{path}: 404 that says what to do", a.status == 404 and
              not got and "/to/NAME" in str(a.json), a)
    a, got = asked("GET", "/v1/audio/x", None, to("b") | {
        "Upgrade": "websocket", "Connection": "Upgrade",
        "Sec-WebSocket-Key": "x", "Sec-WebSocket-Version": "13"})
    check("WebSocket: 426", a.status == 426 and not got, a)


def choice():
    """Whom to ask: the model, the header, the only one."""
    for name, fields, path, want in (
            ("a prefix", {}, "images/generations", ("a", "x")),
            ("a model before the header", to("b"), "images/generations",
             ("a", "x"))):
        a, got = asked("POST", f"/v1/{path}", {"model": "a:x"}, fields)
        check(f"{name}", got and got["path"] == f"/{want[0]}/v1/{path}", (a, got))
    a, got = asked("POST", "/v1/images/generations", {"model": "way-1"})
    check("a rule", got and got["path"].startswith("/a/") and
          json.loads(got["body"]) == {"model": "mapped"}, (a, got))
    a, got = asked("POST", "/v1/moderations", {"model": "fall", "x": "y"})
    check("a fallback, while all is here", a.status == 200 and got and
          got["path"].startswith("/b/") and "x-dario-fallback" in a.fields and
          json.loads(got["body"]) == {"model": "other", "x": "y"}, (a, got))
    a, got = asked("POST", "/v1/images/generations", {"model": "claude:opus"})
    check("the wrong API: 400", a.status == 400 and not got, a)
    a, got = asked("POST", "/v1/images/generations", {"model": "opus", "x": 1},
                   to("b"))
    check("a name that leads to the wrong API: the header", got and
          got["path"] == "/b/v1/images/generations" and
          got["body"] == '{"model": "opus", "x": 1}', (a, got))
    a, got = asked("POST", "/v1/images/generations", {"model": "opus"})
    check("and without one: 400 that names those that can", a.status == 400 and
          not got and "x-dario-backend" in str(a.json), a)
    a, got = asked("POST", "/v1/images/generations", {"model": "dall-e-3"})
    check("OpenAI's other models", got and got["path"] ==
          "/a/v1/images/generations", (a, got))
    a, got = asked("POST", "/v1/images/generations", {"model": "r:x"})
    check("Responses alone has the rest of OpenAI's", got and
          got["path"] == "/r/v1/images/generations", (a, got))
    a, got = asked("GET", "/v1/files")
    check("several: 400 that names them", a.status == 400 and not got and
          "a, b, bare" in str(a.json) and "x-dario-backend" in str(a.json), a)
    a, got = asked("GET", "/v1/messages/batches")
    check("several of Anthropic: their error", a.status == 400 and
          a.json.get("type") == "error", a)
    a, got = asked("GET", "/v1/files", None, to("nobody"))
    check("an unknown one: 400", a.status == 400 and not got and
          "nobody" in str(a.json), a)
    a, got = asked("GET", "/v1/files", None, to("an"))
    check("one that cannot: 400", a.status == 400 and not got, a)
    a, got = asked("GET", "/v1/messages/batches", None, to("claude"))
    check("claude: one of its accounts", a.status == 200 and got and
          got["path"] == "/claude/v1/messages/batches" and
          got["fields"].get("x-api-key", "").startswith("sk-ant-c"), (a, got))
    a, got = asked("POST", "/v1/moderations", {"input": "x"})
    check("no model: 400", a.status == 400 and not got, a)
    a, got = asked("POST", "/v1/moderations", {"input": "x"}, to("b"))
    check("no model, but a header", got and
          got["body"] == '{"input": "x"}', (a, got))
    a, got = asked("POST", "/v1/moderations", '{"input": }', JSON | to("b"))
    check("no JSON: 400", a.status == 400 and not got, a)
    a, got = asked("POST", "/v1/moderations",
                   '{"model":"a:x","model":"b:x"}', JSON)
    check("two models: 400", a.status == 400 and not got, a)


CREATE = (("/v1/responses", {"model": "b:m", "input": "x"}),
          ("/v1/responses", {"model": "b:m", "stream": True, "input": "x"}),
          ("/v1/files", None), ("/v1/batches", {"x": 1}),
          ("/v1/conversations", {"x": 1}), ("/v1/vector_stores", {"x": 1}),
          ("/v1/containers", {"x": 1}),
          ("/v1/fine_tuning/jobs", {"x": 1}), ("/v1/uploads", {"x": 1}))


def create(path, body, where):
    fields = dict(where)
    if path.endswith("/files"):
        body, more = form(("purpose", b"batch"), ("file", b"x" * 99, "f"))
        fields |= more
    a, got = asked("POST", path, body, fields)
    text = a.text.decode()
    if text.startswith("event:"):
        return json.loads(text.split("data: ")[1].split("\n")[0])["response"]["id"], got
    return a.json.get("id"), got


def ids():
    """An object is where it was made."""
    with open(os.path.join(HOME, "made"), "w", encoding="utf-8") as f:
        for path, body in CREATE:
            if body and "model" in body:
                body = {k: v.replace("b:", "r:") if k == "model" else v
                        for k, v in body.items()}
            ident, _ = create(path, body, to("r"))
            check(f"{path}: an id", ident, ident)
            f.write(f"{path} {ident}\n")
            for method, more in (("GET", ""), ("POST", "/cancel"),
                                 ("GET", "/items"), ("DELETE", "")):
                a, got = asked(method, f"{path}/{ident}{more}")
                check(f"{method} {path}/{ident}{more}: found", a.status == 200
                      and got and got["path"] == f"/r{path}/{ident}{more}", (a, got))
            for written in ("".join(f"%{ord(c):02x}" for c in ident),
                            ident[:2] + f"%{ord(ident[2]):02X}" + ident[3:],
                            ident.replace("_", "%5F").replace("-", "%2d")):
                a, got = asked("GET", f"{path}/{written}", None, to("b"))
                check(f"{path}/{written}: found, and left as it is written",
                      a.status == 200 and got and
                      got["path"] == f"/r{path}/{written}", (a, got))
            a, got = asked("GET", f"{path}/{ident}", None, to("b"))
            check(f"{path}/{ident}: the id before the header", got and
                  got["path"].startswith("/r/"), (a, got))
    for n in range(2):
        ident, _ = create("/v1/files", None, to("plain"))
        check(f"an id that begins like none of ours, {n}", ident.startswith("0191"))
        for method, path in (("GET", f"/v1/files/{ident}"), ("DELETE", f"/v1/files/{ident}"),
                             ("GET", f"/v1/files/{ident}/content")):
            a, got = asked(method, path)
            check(f"{method} {path}: where it was made", got and
                  got["path"] == f"/plain{path}", (a, got))
    a, got = asked("GET", "/v1/files/0191f5e2-0000-0000-0000-000000000000")
    check("one that nobody made: 400", a.status == 400 and not got, a)
    ident, _ = create("/v1/responses", {"model": "norm:m", "input": "x"}, {})
    a, got = asked("GET", f"/v1/responses/{ident}")
    check("of a backend whose answers are written anew", got and
          got["path"] == f"/norm/v1/responses/{ident}", (ident, a, got))
    for stream in (False, True):
        a, made = asked("POST", "/v1/messages", {
            "model": "an2:m", "max_tokens": 9, "stream": stream, "messages": [
                {"role": "user", "content": "use a container"}]}, ANTHROPIC)
        ident = "container_an2" + ("streamed" if stream else "whole")
        for name, body, want in (
                ("its id", ident, "an2"), ("an object", {"id": ident, "skills": []}, "an2"),
                ("one that nobody knows", ident + "x", "claude")):
            a, got = asked("POST", "/v1/messages", {
                "model": "claude-x", "max_tokens": 9, "messages": [
                    {"role": "user", "content": "x"}], "container": body}, ANTHROPIC)
            check(f"a container of a message, stream {stream}, {name}", made and got
                  and got["path"].startswith(f"/{want}/v1/messages"), (a, made, got))
    ident, _ = create("/v1/containers", {"x": 1}, to("r"))
    a, got = asked("POST", "/v1/responses", {"model": "way-x", "input": "x", "tools": [
        {"type": "code_interpreter", "container": ident}]})
    check("a container of a tool", got and got["path"] == "/r/v1/responses", (a, got))
    for n in range(6):
        ident, made = create("/v1/responses", {"model": "pool:m", "input": f"x{n}"}, {})
        for method in ("GET", "DELETE"):
            a, got = asked(method, f"/v1/responses/{ident}")
            check(f"the key of the pool that made it, {method} {n}", got and made and
                  got["fields"]["authorization"] == made["fields"]["authorization"],
                  (made, got))
    for n in range(6):
        a, made = asked("POST", "/v1/messages/batches", {"requests": []},
                        to("claude") | ANTHROPIC)
        ident = a.json.get("id", "")
        for more in ("", "/results", "/cancel"):
            a, got = asked("POST" if more == "/cancel" else "GET",
                           f"/v1/messages/batches/{ident}{more}", None, ANTHROPIC)
            check(f"the account that made it{more}, {n}", got and made and
                  ident.startswith("msgbatch_") and
                  got["path"] == f"/claude/v1/messages/batches/{ident}{more}" and
                  got["fields"]["x-api-key"] == made["fields"]["x-api-key"],
                  (made, got))
    for method, path, body in (("GET", "/v1/batches/done", None),
                               ("POST", "/v1/uploads/done", {})):
        a, _ = asked(method, path, body, to("a"))
        for ident in (a.json["output_file_id"], a.json["error_file_id"],
                      a.json["file"]["id"]):
            a, got = asked("GET", f"/v1/files/{ident}/content")
            check(f"{path}: what it tells of, {ident}", got and
                  got["path"] == f"/a/v1/files/{ident}/content", (a, got))
    a, got = asked("GET", "/v1/files/file-unknown")
    check("an unknown id: 400", a.status == 400 and not got, a)
    a, _ = asked("POST", "/v1/responses", {"model": "b:m", "store": False, "input": "x"})
    a, got = asked("GET", "/v1/responses/" + a.json["id"])
    check("what is not stored is not remembered", a.status == 400 and not got, a)
    # Many of them
    many = [create("/v1/batches", {"n": n}, to("a" if n % 2 else "b"))[0]
            for n in range(60)]
    wrong = [i for n, i in enumerate(many) if asked("GET", f"/v1/batches/{i}")[1]
             ["path"] != f"/{'a' if n % 2 else 'b'}/v1/batches/{i}"]
    check("sixty of them", not wrong, wrong)


def stored():
    """What the body names is where it was made, whatever the model says."""
    at_r, _ = create("/v1/responses", {"model": "r:m", "input": "x"}, {})
    file_a, _ = create("/v1/files", None, to("a"))
    file_r, _ = create("/v1/files", None, to("r"))
    conv_r, _ = create("/v1/conversations", {"x": 1}, to("r"))
    for name, more in (("previous_response_id", {"previous_response_id": at_r}),
                       ("conversation", {"conversation": conv_r}),
                       ("conversation as an object", {"conversation": {"id": conv_r}}),
                       ("file_id", {"input": [{"role": "user", "content": [
                           {"type": "input_file", "file_id": file_r}]}]})):
        a, got = asked("POST", "/v1/responses",
                       {"model": "way-x", "input": "x"} | more)
        check(f"{name}: goes there", got and got["path"] == "/r/v1/responses" and
              json.loads(got["body"])["model"] == "way-x", (a, got))
        a, got = asked("POST", "/v1/responses", {"model": "b:m", "input": "x"} | more)
        check(f"{name}: another was named, 400", a.status == 400 and not got and
              "r" in str(a.json), a)
    a, got = asked("POST", "/v1/responses", {
        "model": "way-x", "input": "x", "previous_response_id": "resp_unknown"})
    check("an unknown id changes nothing", got is None or
          got["path"].startswith(("/a/", "/b/")), (a, got))
    text = json.dumps({"file_id": file_r})
    a, got = asked("POST", "/v1/chat/completions", {
        "model": "a:m", "messages": [{"role": "user", "content": text}]})
    check("an id in a text is a text", got and
          got["path"] == "/a/v1/chat/completions", (a, got))
    a, got = asked("POST", "/v1/chat/completions", {
        "model": "way-m", "messages": [{"role": "user", "content": [
            {"type": "file", "file": {"file_id": file_a}}]}]})
    check("a file in Chat", got and got["path"] == "/a/v1/chat/completions" and
          json.loads(got["body"])["model"] == "mapped", (a, got))
    a, got = asked("POST", "/v1/messages", {
        "model": "claude-x", "max_tokens": 9, "messages": [
            {"role": "user", "content": [{"type": "document", "source": {
                "type": "file", "file_id": file_a}}]}]}, ANTHROPIC)
    check("a file of another API: 400", a.status == 400 and not got and
          file_a in str(a.json), a)
    a, got = asked("POST", "/v1/responses", {
        "model": "b:m", "input": [{"role": "user", "content": [
            {"type": "input_file", "file_id": file_a},
            {"type": "input_file", "file_id": file_r}]}]})
    check("two places: 400 that names both", a.status == 400 and not got and
          file_a in str(a.json) and file_r in str(a.json), a)
    for n in range(4):
        a, made = asked("POST", "/v1/files", *form(("file", b"x", "f"))[:1],
                        form()[1] | to("claude") | ANTHROPIC)
        a, got = asked("POST", "/v1/messages", {
            "model": "claude-x", "max_tokens": 9, "messages": [
                {"role": "user", "content": [{"type": "document", "source": {
                    "type": "file", "file_id": a.json["id"]}}]}]}, ANTHROPIC)
        check(f"a file of a Claude account, {n}", got and made and
              got["path"].startswith("/claude/v1/messages") and
              got["fields"]["x-api-key"] == made["fields"]["x-api-key"],
              (a, made, got))
    a, got = asked("POST", "/v1/batches", {"input_file_id": file_a})
    check("input_file_id", got and got["path"] == "/a/v1/batches", (a, got))
    a, got = asked("POST", "/v1/fine_tuning/jobs",
                   {"model": "gpt-x", "training_file": file_r})
    check("training_file", got and got["path"] == "/r/v1/fine_tuning/jobs", (a, got))
    a, got = asked("POST", "/v1/vector_stores", {"file_ids": [file_a, file_a]})
    check("file_ids", got and got["path"] == "/a/v1/vector_stores", (a, got))
    for n in range(4):
        first, made = create("/v1/responses", {"model": "pool:m", "input": f"y{n}"}, {})
        a, got = asked("POST", "/v1/responses", {
            "model": "pool:m", "input": "more", "previous_response_id": first})
        check(f"the key that made it, {n}", got and got["fields"]["authorization"]
              == made["fields"]["authorization"], (made, got))
    many = [{"type": "input_file", "file_id": f"file-none{n}"} for n in range(99999)]
    begun = time.monotonic()
    a, got = asked("POST", "/v1/responses", {
        "model": "b:m", "input": [{"role": "user", "content": many}]})
    check("very many ids: in time", got and time.monotonic() - begun < 240, a)
    os.rename(os.path.join(HOME, "backends/r.json"), os.path.join(HOME, "r.json"))
    a, got = asked("POST", "/v1/responses", {
        "model": "b:m", "input": "x", "previous_response_id": at_r})
    check("a backend that is gone: 400", a.status == 400 and not got and
          at_r in str(a.json), a)
    os.rename(os.path.join(HOME, "r.json"), os.path.join(HOME, "backends/r.json"))


def batch(*models, **more):
    return {"requests": [{"custom_id": f"c{n}", "params": {
        "max_tokens": 9, "model": m, "messages": [{"role": "user", "content": "x"}]}}
        for n, m in enumerate(models)]} | more


def batches():
    """A batch of Anthropic's goes where the models of its requests lead."""
    path = "/v1/messages/batches"

    def sent(got):
        return [r["params"]["model"] for r in json.loads(got["body"])["requests"]]

    for name, models, where, want in (
            ("a prefix", ["an:x/1", "an:y"], "an", ["x/1", "y"]),
            ("a slash", ["an2/x"], "an2", ["x"]),
            ("a rule", ["batch-1", "an2:y", "batch-2"], "an2", ["mapped", "y", "mapped"]),
            ("of Claude", ["claude-x-1", "claude:claude-y"], "claude",
             ["claude-x-1", "claude-y"]),
            ("in Claude Code's words", ["claude-at-an:m"], "an", ["m"]),
            ("a model that has no name", ["an:x", None], "an", ["x", None])):
        for p in (path, path + "/", "/messages/batches", path + "?beta=true"):
            a, got = asked("POST", p, batch(*models), ANTHROPIC)
            check(f"{name}, {p}", a.status == 200 and got and
                  got["path"].split("?")[0].rstrip("/") == f"/{where}{path}" and
                  sent(got) == want, (a, got))
        check(f"{name}: who it was", a.fields.get("x-dario-backend") == where and
              a.fields.get("x-dario-model") == want[0], a.fields)
    ask("POST", path, batch("opus"), ANTHROPIC)  # asks for their list, too
    a, got = asked("POST", path, batch("opus", "haiku"), ANTHROPIC)
    check("families: by their real names", got and all(
        m.startswith("claude-") for m in sent(got)), (a, got))
    a, got = asked("POST", path, batch("claude-x[1m]", "claude-y"), ANTHROPIC)
    check("the long context", got and sent(got) == ["claude-x", "claude-y"] and
          "context-1m" in got["fields"].get("anthropic-beta", ""), (a, got))
    a, got = asked("POST", path, '{ "requests" : [{"params":{"mod\\u0065l" : '
                   '"an\\u003ax","z":[1.0, 2e5]}, "model": "an2:no"}] , "model":"an2:x"}',
                   JSON | ANTHROPIC)
    check("the rest as it was", got and got["path"] == f"/an{path}" and got["body"] ==
          '{ "requests" : [{"params":{"mod\\u0065l" : "x","z":[1.0, 2e5]}, '
          '"model": "an2:no"}] , "model":"an2:x"}', (a, got))
    a, got = asked("POST", path, batch("x", "an:y"), ANTHROPIC | to("an"))
    check("a name that is nobody's: the header", got is None or
          got["path"] == f"/an{path}", (a, got))
    for name, body, words in (
            ("two backends", batch("an:x", "an2:y"), ("an:x", "an2:y", "leads to an,")),
            ("a backend and Claude", batch("claude-x", "an2:y"), ("claude-x", "an2")),
            ("one that is none's", batch("an:x", "qwen-none"), ("qwen-none",)),
            ("no API of theirs", batch("a:x"), ("a", "openai")),
            ("no model", batch(None), ("x-dario-backend",)),
            ("two models", '{"requests":[{"params":{"model":"an:x","model":"an2:y"}}]}',
             ("second",)),
            ("two of params", '{"requests":[{"params":{"model":"an:x"},"par\\u0061ms":{}}]}',
             ("second",)),
            ("two of requests", '{"requests":[],"requests":[{"params":{"model":"an:x"}}]}',
             ("second",)),
            ("a long name", batch("an:" + "x" * 300), ("256",)),
            ("no JSON", '{"requests":[}', ("JSON",))):
        a, got = asked("POST", path, body, ANTHROPIC | JSON)
        check(f"{name}: refused, and why", a.status in (400, 404) and not got and
              a.json.get("type") == "error" and all(w in str(a.json) for w in words),
              (a, got))
    for body in ({"requests": {}}, {"requests": [1, "x", None, [], {"params": 1}]},
                 {"requests": [{"params": {"model": 7}}]}, {}):
        a, got = asked("POST", path, body, ANTHROPIC | to("an2"))
        check(f"{body}: theirs to refuse", got and got["path"] == f"/an2{path}" and
              json.loads(got["body"]) == body, (a, got))
    for where in ("an", "an2", "claude"):
        a, made = asked("POST", path, batch(f"{where}:claude-x"), ANTHROPIC)
        ident = a.json["id"]
        for method, more in (("GET", ""), ("POST", "/cancel"), ("GET", "/results"),
                             ("DELETE", "")):
            a, got = asked(method, f"{path}/{ident}{more}", None,
                           ANTHROPIC | to("an"))
            check(f"{method} {more}: where it was made, {where}", made and got and
                  got["path"] == f"/{where}{path}/{ident}{more}", (a, got))
    file_an, _ = create("/v1/files", None, to("an2") | ANTHROPIC)
    body = batch("batch-1", "claude-x")
    body["requests"][0]["params"]["messages"][0]["content"] = [
        {"type": "document", "source": {"type": "file", "file_id": file_an}}]
    del body["requests"][1]
    a, got = asked("POST", path, body, ANTHROPIC)
    check("a file in it: where that is", got and got["path"] == f"/an2{path}", (a, got))
    begun = time.monotonic()
    a, got = asked("POST", path, batch(*("an:m" for _ in range(100000))), ANTHROPIC)
    check("a hundred thousand", got and got["n"] == len(json.dumps(
        batch(*("m" for _ in range(100000))))) and time.monotonic() - begun < 240, a)


def pictures():
    """The type of a stream with a second between its events, and when each has
    come."""
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=300)
    c.request("POST", "/v1/images/generations", json.dumps(
        {"model": "b:i", "stream": True}), JSON)
    r = c.getresponse()
    times = [time.monotonic() for line in iter(r.readline, b"")
             if line.startswith(b"data:")]
    c.close()
    return r.getheader("content-type"), times


def answers():
    """Whatever comes back goes on as it is, and as it comes."""
    a, got = asked("POST", "/v1/audio/speech", {"model": "b:tts", "input": "x"})
    check("speech: the bytes", a.text == BINARY and
          a.fields.get("content-type") == "audio/mpeg", a.fields)
    check("speech: no page of ours", "sandbox" in
          a.fields.get("content-security-policy", "") and
          a.fields.get("x-content-type-options") == "nosniff", a.fields)
    check("speech: its length", a.fields.get("content-length") == str(len(BINARY)),
          a.fields)
    a, got = asked("HEAD", "/v1/files/file-1/content", None, to("b"))
    check("HEAD: a head", a.status == 200 and got["method"] == "HEAD" and
          not a.text, (a, got))
    kind, times = pictures()
    for _ in range(9):  # whoever is held up sees them all at once
        if len(times) != 4 or times[3] - times[0] > 0.7:
            break
        kind, times = pictures()
    check("pictures: an event stream", kind == "text/event-stream", kind)
    check("pictures: as they come", len(times) == 4 and
          times[3] - times[0] > 0.7, times)
    for path, want in (("nothing", 204), ("unchanged", 304), ("lost", 404),
                       ("limited", 429)):
        a, got = asked("GET", f"/to/b/{path}")
        check(f"{path}: {want}", a.status == want, a)
        if want >= 400:
            check(f"{path}: no page of ours", "sandbox" in
                  a.fields.get("content-security-policy", ""), a.fields)
        if want == 404:
            check("their own words", a.json == {
                "error": {"message": "there is no such thing"}}, a)
        if want == 429:
            check("and when to come back", a.fields.get("retry-after") == "7",
                  a.fields)
    a, got = asked("GET", "/v1/responses/failed", None, to("b"))
    check("an object with an error in it is no error", a.status == 200 and
          a.json.get("error", {}).get("message") == "it failed", a)
    a, got = asked("GET", "/to/b/moved")
    check("a redirect is not followed", a.status == 502 and got and
          "location" not in a.fields, (a, a.fields))
    a, got = asked("GET", "/to/b/squeezed")
    check("compressed: plain", a.text == BINARY and
          "content-encoding" not in a.fields, a.fields)
    a, got = asked("GET", "/to/b/echo")
    check("the key is nobody's to see", len(a.text) > 200000 and
          b"sk-b-0123" not in a.text and b"***" in a.text, a)


def bodies():
    """Any method and any body."""
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for n in (0, 1, 70000, 3000000):
            body = os.urandom(n)
            for chunked in (False, True):
                pieces = (body[i:i + 50000] for i in range(0, n, 50000))
                a, got = asked(method, "/to/b/any", pieces if chunked else body,
                               {"Content-Type": "application/x"} |
                               ({"Transfer-Encoding": "chunked"} if chunked else {}),
                               chunked=chunked)
                name = f"{method} of {n}{', chunked' if chunked else ''}"
                check(f"{name}: arrives", a.status == 200 and got and
                      got["method"] == method and got["n"] == n and
                      got["fields"].get("content-type") == "application/x", (a, got))
    a, got = asked("GET", "/to/b/any")
    check("GET: no body, no type", got and "content-type" not in got["fields"]
          and got["n"] == 0, got)
    packed = gzip.compress(b'{"model":"x"}')
    a, got = asked("POST", "/to/b/any", packed, JSON | {"Content-Encoding": "gzip"})
    check("/to: a coding stays", got and got["n"] == len(packed) and
          got["fields"].get("content-encoding") == "gzip", got)
    a, got = asked("POST", "/v1/moderations", gzip.compress(b'{"model":"b:x"}'),
                   JSON | {"Content-Encoding": "gzip"})
    check("read for its model: it goes", got and got["body"] == '{"model":"x"}'
          and "content-encoding" not in got["fields"], (a, got))
    body, kind = form(("model", b"b:m"), ("file", b"x", "f"))
    for coding in ("br", "gzip, gzip"):
        packed = kind | {"Content-Encoding": coding}
        a, got = asked("POST", "/v1/images/edits", body, packed)
        check(f"a form in {coding}: 415, and what to do", a.status == 415 and
              not got and coding in a.text.decode() and
              "x-dario-backend" in a.text.decode(), (a, got))
        a, got = asked("POST", "/v1/images/edits", body, packed | to("b"))
        check(f"a form in {coding}, and who gets it: as it is", got and
              got["path"] == "/b/v1/images/edits" and
              got["fields"]["content-encoding"] == coding, (a, got))
    curls = {"Content-Type": "application/x-www-form-urlencoded"}
    for text, sent in ((b'{"model":"b:x"}', '{"model":"x"}'),
                       (b'\n {"model":"b:x"}\n', '\n {"model":"x"}\n')):
        a, got = asked("POST", "/v1/moderations", text, curls)
        check(f"JSON that curl calls a form, {len(text)} bytes", got and
              got["body"] == sent and got["path"] == "/b/v1/moderations" and
              got["fields"]["content-type"] == "application/json", (a, got))
    a, got = asked("POST", "/v1/moderations", b"model=b%3Ax", curls | to("a"))
    check("what is such a form stays one", got and got["body"] == "model=b%3Ax"
          and got["fields"]["content-type"] == curls["Content-Type"], (a, got))
    a, got = asked("POST", "/to/b/any", b'{"model":"b:x"}', curls)
    check("/to: its type stays", got and got["body"] == '{"model":"b:x"}' and
          got["fields"]["content-type"] == curls["Content-Type"], (a, got))
    a, got = asked("POST", "/to/b/early", os.urandom(20 << 20))
    check("an answer before the body's end", a.status in (413, 502), a)
    a, got = asked("POST", "/to/dead/any", os.urandom(3 << 20))
    check("nobody there: 502", a.status == 502, a)


def remembered():
    """After a restart; and not for ever."""
    with open(os.path.join(HOME, "made"), encoding="utf-8") as f:
        made = [line.split() for line in f]
    for path, ident in made:
        a, got = asked("GET", f"{path}/{ident}")
        check(f"after a restart: {path}/{ident}", got and
              got["path"] == f"/r{path}/{ident}", (a, got))
    folder = os.path.join(HOME, "state/objects")
    for name in os.listdir(folder):
        if name.endswith(".json"):
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as f:
                value = json.load(f)
            for entry in value.values():
                if entry:
                    entry[2] -= 31 * 24 * 60 * 60
            text = "{\n" + ",\n".join(f"{json.dumps(k)}:{json.dumps(v)}"
                                      for k, v in value.items()) + "}\n"
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
    path, ident = made[0]
    a, got = asked("GET", f"{path}/{ident}")
    check("a month later it is forgotten", a.status == 400 and not got, (a, got))
    for name in os.listdir(folder):
        if name.endswith(".json"):
            with open(os.path.join(folder, name), "wb") as f:
                f.write(b'{\n"' + os.urandom(5000))
    a, got = asked("GET", f"{path}/{ident}")
    check("a torn file is none", a.status == 400 and not got, (a, got))
    ident, _ = create("/v1/batches", {"x": 1}, to("r"))
    a, got = asked("GET", f"/v1/batches/{ident}")
    check("and is mended", got and got["path"].startswith("/r/"), (a, got))


def raw(path, method="GET"):
    """Bytes as no library would send them."""
    with socket.create_connection(("127.0.0.1", PORT), timeout=300) as s:
        if isinstance(path, str):
            path = path.encode("latin-1")
        s.sendall(method.encode() + b" " + path +
                  b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        text = b""
        while piece := s.recv(65536):
            text += piece
    return int(text.split(b" ")[1]) if text.startswith(b"HTTP/") else 0


def hostile():
    """No path leads anywhere but below the base URL."""
    for path in ("/to/b/../a/x", "/to/b/..", "/to/b/.", "/to/b/./x", "/to/b/%2e%2e/a",
                 "/to/b/%2E%2E/a", "/to/b/.%2e/a", "/to/b/x/%2e%2e/%2e%2e/a",
                 "/to/b/..%2fa", "/to/b/..%2Fa", "/to/b/%2e%2e%2fa",
                 "/to/b/%252e%252e/a", "/to/b/%252e%252e%252fa",
                 "/to/b/%25252e%25252e/a", "/to/b/%2525252e%2525252e/a",
                 "/to/b/..;/a", "/to/b/..;x=1/a", "/to/b/%2e%2e;/a",
                 "/to/b/..\\a", "/to/b/..%5ca", "/to/b/\\a", "/to/b/%5c%5chost",
                 "/to/b/%00", "/to/b/x%0d%0aX-Y:%20z", "/to/b/x%250d%250ay",
                 "/to/b/x\x80", "/to/b/x#y", "/v1/files/../../a", "/v1/files/%2e%2e/x",
                 "/v1/files/..%2f..%2fx", "/v1/batches/..;/x"):
        forget()
        status = raw(path)
        got = forget()
        if path in ("/to/b/.", "/to/b/./x", "/to/b/x#y"):
            fine = all(g["path"].startswith("/b/v1") and ".." not in g["path"]
                       and "#" not in g["path"] for g in got)
        else:
            fine = not got
        check(f"{path!r}: refused", fine and (got or status in (400, 403, 404)),
              (status, got))
    for path, want in (
            ("/v1/models/b:../x", None), ("/v1/models/b:../../a/x", None),
            ("/v1/models/b:..", None), ("/v1/models/b:%2e%2e%2fx", None),
            ("/v1/models/b:x%0d%0aX-Y:%20z", None), ("/v1/models/b:..;/x", None),
            ("/v1/models/b:..%5cx", None),
            ("/v1/models/b:a%3Fb=c", "/b/v1/models/a%3Fb=c"),
            ("/v1/models/b:a%23b%20c", "/b/v1/models/a%23b%20c"),
            ("/v1/models/b:a%2525", "/b/v1/models/a%2525")):
        forget()
        status = raw(path, "DELETE")
        got = forget()
        check(f"DELETE {path!r}: {want or 'refused'}", got[0]["path"] == want
              if want and got else not want and status in (400, 403, 404) and not got,
              (status, got))
    for path, want in (
            ("/to/b//host/x", "/b/v1//host/x"), ("/to/b/@host/x", "/b/v1/@host/x"),
            ("/to/b/:80/x", "/b/v1/:80/x"), ("/to/b/x@y:z", "/b/v1/x@y:z"),
            ("/to/b/a%2Fb", "/b/v1/a%2Fb"), ("/to/b/a%20b", "/b/v1/a%20b"),
            ("/to/b/http://host/x", "/b/v1/http://host/x"),
            ("/to/b/...", "/b/v1/..."), ("/to/b/x..y/.z", "/b/v1/x..y/.z"),
            ("/to/b/a%C3%A4", "/b/v1/a%C3%A4"), ("/to/b", "/b/v1"),
            ("/to/b/", "/b/v1/"), ("/to/b?x=1", "/b/v1?x=1"),
            ("/to/b/v1/x", "/b/v1/x"), ("/to/b/v1", "/b/v1"),
            ("/to/b/v1x", "/b/v1/v1x"), ("/to/b/v2/x", "/b/v1/v2/x"),
            ("/v1/to/b/x", "/b/v1/x"), ("/to/bare/x", "/bare/x"),
            ("/to/bare/v1/x", "/bare/v1/x"), ("/to/an/v1/x", "/an/v1/x"),
            ("/to/claude/v1/x", "/claude/v1/x"),
            ("/to/b/x?a=/../&b=%2e%2e//h", "/b/v1/x?a=/../&b=%2e%2e//h")):
        forget()
        status = raw(path)
        got = forget()
        check(f"{path}: literal", status == 200 and len(got) == 1 and
              got[0]["path"] == want, (status, got))
    for path in ("http://localhost/to/b/x", "HTTP://LOCALHOST/to/b/x"):
        forget()
        status = raw(path)
        got = forget()
        check(f"{path}: the host is ours", status == 200 and
              got[0]["path"] == "/b/v1/x", (status, got))
    forget()
    status = raw("http://127.0.0.1:1/to/b/x")
    check("another port of ours in the request line: ours", all(
        g["path"] == "/b/v1/x" for g in forget()), status)
    forget()
    check("a foreign host in the request line: refused",
          raw("http://evil.example/to/b/x") in (400, 403) and not forget())
    for path in ("/to/nobody/x", "/to/", "/to//x", "/to/127.0.0.1:1/x",
                 "/to/http://127.0.0.1:1/x", "/to/b@127.0.0.1:1/x",
                 "/to/b:1/x", "/to/b.evil/x", "/to/b%2fx", "/to/%62/x",
                 "/to", "/to/B/x"):
        forget()
        status = raw(path)
        check(f"{path}: nobody's", status in (400, 404) and not forget(), status)
    for method in ("TRACE", "CONNECT", "OPTIONS", "BREW"):
        forget()
        status = raw("/to/b/x", method)
        check(f"{method}: not passed", not forget(), status)


{f.__name__: f for f in (table, choice, ids, stored, batches, answers, bodies,
                         remembered, hostile)}[sys.argv[4]]()
