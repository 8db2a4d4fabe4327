# SPDX-License-Identifier: MIT
"""Header fields, both ways, through lighttpd and through plain CGI:
fields.py URL WORKER, with a home folder in DARIO_HOME.

An upstream records each request's head as it came and answers with fields of
its own. What must pass and what must stay is listed here by hand; as many names
again are made at random. Prints "PASS name" or "FAIL name: why".
"""

import glob
import json
import os
import random
import socket
import string
import struct
import subprocess
import sys
import threading
import urllib.parse

url, worker = sys.argv[1:3]
host = urllib.parse.urlsplit(url)
ANSWERS = {
    "/chat/completions": {"id": "c", "object": "chat.completion", "created": 1,
                          "model": "m", "choices": [{
                              "index": 0, "finish_reason": "stop", "message": {
                                  "role": "assistant", "content": "hi"}}]},
    "/messages": {"id": "msg_1", "type": "message", "role": "assistant",
                  "model": "m", "content": [{"type": "text", "text": "hi"}],
                  "stop_reason": "end_turn", "stop_sequence": None,
                  "usage": {"input_tokens": 1, "output_tokens": 1}},
}


class Upstream:
    """One connection, one answer."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.socket.getsockname()[1]
        self.heads, self.fields, self.status = [], [], "200 OK"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            conn, _ = self.socket.accept()
            with conn:
                self.answer(conn)

    def answer(self, conn):
        data = b""
        while b"\r\n\r\n" not in data:
            more = conn.recv(65536)
            if not more:
                return
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        fields = [tuple(x.split(": ", 1)) if ": " in x else (x.rstrip(":"), "")
                  for x in lines[1:]]
        length = int(dict((k.lower(), v) for k, v in fields)["content-length"])
        while len(body) < length:
            body += conn.recv(65536)
        self.heads.append((lines[0].split(" ")[1], fields))
        path = lines[0].split(" ")[1].split("?")[0]
        text = json.dumps(next(
            v for k, v in ANSWERS.items() if path.endswith(k))).encode()
        out = f"HTTP/1.1 {self.status}\r\nContent-Type: application/json\r\n"
        out += "".join(f"{k}: {v}\r\n" for k, v in self.fields)
        out += f"Content-Length: {len(text)}\r\n\r\n"
        conn.sendall(out.encode("latin-1") + text)


up = Upstream()


def backend(name, protocol, **more):
    folder = os.path.join(os.environ["DARIO_HOME"], "backends")
    os.makedirs(folder, 0o700, exist_ok=True)
    path = os.path.join(folder, name + ".json")
    fd = os.open(path + ".tmp", os.O_WRONLY | os.O_CREAT, 0o600)
    file = dict({"name": name, "protocol": protocol, "apiKey": "sk-up-012345678",
                 "baseUrl": f"http://127.0.0.1:{up.port}/v1"}, **more)
    with os.fdopen(fd, "w") as f:
        json.dump(file, f)
    os.rename(path + ".tmp", path)


def by_lighttpd(path, body, fields):
    """(status, fields, body) of a request written by hand."""
    with socket.create_connection((host.hostname, host.port)) as s:
        head = (f"POST {path} HTTP/1.1\r\nHost: {host.netloc}\r\n"
                f"Content-Length: {len(body)}\r\n")
        head += "".join(f"{k}: {v}\r\n" for k, v in fields)
        if not any(k.lower() == "connection" for k, _ in fields):
            head += "Connection: close\r\n"
        s.sendall(head.encode("latin-1") + b"\r\n" + body)
        data = b""
        s.settimeout(90)
        while True:
            more = s.recv(65536)
            data += more
            at, _, rest = data.partition(b"\r\n\r\n")
            if not more or b"content-length: %d" % len(rest) in at.lower():
                break
    head, _, rest = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return (int(lines[0].split(" ")[1]),
            [tuple(x.split(": ", 1)) for x in lines[1:] if ": " in x], rest)


def by_cgi(path, body, fields):
    path, _, query = path.partition("?")
    env = {k: v for k, v in os.environ.items()
           if k.startswith("DARIO_") or k in ("HOME", "PATH")}
    env.update(GATEWAY_INTERFACE="CGI/1.1", REQUEST_METHOD="POST",
               SCRIPT_NAME="/cgi-bin/dario.cgi", PATH_INFO=path,
               QUERY_STRING=query, REMOTE_ADDR="127.0.0.1",
               HTTP_HOST="localhost", CONTENT_LENGTH=str(len(body)),
               CONTENT_TYPE="application/json")
    for k, v in fields:
        name = "HTTP_" + k.upper().replace("-", "_")
        if k.lower() == "content-type":
            name = "CONTENT_TYPE"
            del env[name]
        env[name] = env[name] + ", " + v if name in env else v
    env = {k.encode("latin-1"): v.encode("latin-1") for k, v in env.items()}
    out = subprocess.run([worker], input=body, env=env, capture_output=True,
                         check=False).stdout
    head, _, rest = out.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return (int(lines[0].split(" ")[1]),
            [tuple(x.split(": ", 1)) for x in lines[1:] if ": " in x], rest)


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def length(n):
    return bytes([n]) if n < 128 else struct.pack(">I", n | 1 << 31)


def by_fastcgi(path, body, fields):
    """As a web server that hands on each of several fields of one name."""
    path, _, query = path.partition("?")
    pairs = [("REQUEST_METHOD", "POST"), ("SCRIPT_NAME", path),
             ("QUERY_STRING", query), ("REMOTE_ADDR", "127.0.0.1"),
             ("HTTP_HOST", "localhost"), ("CONTENT_LENGTH", str(len(body))),
             ("HTTP_CONTENT_LENGTH", str(len(body))),
             ("HTTP_CONTENT_TYPE", "application/json")]
    pairs += [("HTTP_" + k.upper().replace("-", "_"), v) for k, v in fields]
    params = b"".join(
        length(len(k)) + length(len(v)) + k.encode("latin-1") +
        v.encode("latin-1") for k, v in pairs)
    data = out = b""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(90)
        s.connect(glob.glob(os.environ["DARIO_HOME"] +
                            "/run/**/worker*.sock", recursive=True)[0])
        s.sendall(record(1, b"\0\1\0\0\0\0\0\0") + b"".join(
            record(4, params[i:i + 60000])
            for i in range(0, len(params), 60000)) + record(4, b"") +
            record(5, body) + record(5, b""))
        while more := s.recv(65536):
            data += more
    while len(data) >= 8:
        size, pad = struct.unpack(">HB", data[4:7])
        if data[1] == 6:
            out += data[8:8 + size]
        data = data[8 + size + pad:]
    head, _, rest = out.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return (int(lines[0].split(" ")[1]),
            [tuple(x.split(": ", 1)) for x in lines[1:] if ": " in x], rest)


LANES = {"lighttpd": by_lighttpd, "cgi": by_cgi, "fastcgi": by_fastcgi}


def word(n=8):
    return "".join(random.choices(string.ascii_lowercase, k=n))


def made(n):
    """Names that nobody has heard of: of two or three words."""
    starts = ["X-", "", "Openai-", "Anthropic-", "X-Claude-Code-"]
    return [random.choice(starts) + "-".join(
        word(random.randint(2, 9)) for _ in range(random.randint(2, 3)))
            for _ in range(n)]


UP_PASS = [
    "anthropic-workspace-id", "anthropic-dangerous-direct-browser-access",
    "OpenAI-Beta", "OpenAI-Organization", "OpenAI-Project", "HTTP-Referer",
    "X-Title", "Idempotency-Key", "traceparent", "tracestate", "baggage",
    "x-client-request-id", "x-claude-code-agent-id", "x-stainless-lang",
    "x-app", "x-session-id", "X-Request-Id", "Accept-Language", "DNT",
    "x-codex-turn-metadata", "Helicone-Auth", "cf", "X-Forward", "Section",
    "Priority", "Cookie-Jar", "Hosting", "session_id", "If-None-Match",
    "X-Real-IPs"]
UP_STAY = [
    "Authorization", "x-api-key", "api-key", "x-goog-api-key", "Cookie",
    "Proxy-Authorization", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto",
    "X-Forwarded-Anything", "X-Real-IP", "Via", "CF-Ray", "CF-Connecting-IP",
    "Referer", "Sec-CH-UA", "Sec-GPC", "Keep-Alive", "Proxy-Connection",
    "Proxy", "X-Hop", "X-HTTP-Method-Override", "X-HTTP-Method",
    "X-Method-Override", "X-Original-URL", "X-Original-Host", "X-Rewrite-URL",
    "X-Host", "X-Forwarded", "X-Client-IP", "True-Client-IP"]
DOWN_PASS = [
    "x-request-id", "openai-processing-ms", "openai-version", "cf-ray",
    "x-ratelimit-limit-requests", "anthropic-organization-id", "ETag",
    "Cache-Control", "retry-after-ms", "X-Envoy-Upstream-Service-Time", "Link",
    "Content-Language", "x-statusline", "X-Locations", "Server-Timing",
    "Refreshing", "WWW-Authenticate", "X-Sender", "Dates"]
DOWN_STAY = [
    "Set-Cookie", "Server", "Date", "Alt-Svc", "Strict-Transport-Security",
    "Access-Control-Allow-Origin", "Access-Control-Expose-Headers",
    "Status", "Location", "Refresh", "X-Accel-Redirect", "X-Accel-Expires",
    "X-Accel-Buffering", "X-Sendfile", "X-Sendfile2", "X-LIGHTTPD-send-file",
    "X-LIGHTTPD-KBytes-per-second", "Keep-Alive", "Proxy-Authenticate",
    "Trailer", "x-dario-account", "X-Down-Hop", "stAtus", "NEL", "Report-To",
    "Reporting-Endpoints", "Accept-CH", "Service-Worker-Allowed", "Set-Login",
    "Origin-Trial"]


def verdict(name, why):
    print(f"FAIL {name}: {why}" if why else f"PASS {name}", flush=True)


def got(fields, name):
    """Values of the field, as RFC 9110 compares names; hyphens are CGI's."""
    name = name.lower().replace("_", "-")
    return [v for k, v in fields if k.lower().replace("_", "-") == name]


BODY = {"model": "plain:m", "messages": [{"role": "user", "content": "hi"}]}


def ask(lane, fields=(), model="plain:m", path="/v1/chat/completions"):
    body = dict(BODY, model=model, max_tokens=9)
    return LANES[lane](path, json.dumps(body).encode(), list(fields))


def check(what, there, wanted):
    if wanted is None:
        verdict(what, there and f"it is there: {there}")
    else:
        verdict(what, there != [wanted] and f"{there}, not [{wanted!r}]")


def both_ways(lane):
    up_pass, down_pass = UP_PASS + made(30), DOWN_PASS + made(30)
    sent = {k: "v-" + word() for k in up_pass + UP_STAY}
    up.fields = [(k, "v-" + word()) for k in down_pass + DOWN_STAY]
    up.fields.append(("Connection", "close, X-Down-Hop"))
    fields = list(sent.items()) + [("Connection", "close, X-Hop"),
                                   ("TE", "trailers")]
    status, back, _ = ask(lane, fields)
    verdict(f"{lane}: 200", status != 200 and status)
    seen = up.heads[-1][1]
    for name in up_pass:
        check(f"{lane}: up, {name} passes", got(seen, name), sent[name])
    for name in UP_STAY + ["TE"]:
        there = [v for v in got(seen, name) if v == sent.get(name, "trailers")]
        check(f"{lane}: up, {name} stays", there, None)
    for name, value in up.fields[:-1]:
        if name in down_pass:
            check(f"{lane}: down, {name} passes", got(back, name), value)
        else:
            there = [v for v in got(back, name) if value in v]
            check(f"{lane}: down, {name} stays", there, None)


def agent(lane):
    own = [("User-Agent", "thing/2 (x; y)")]
    ask(lane, own)
    check(f"{lane}: the client is named, and dario",
          [v.rsplit("/", 1)[0] for v in got(up.heads[-1][1], "user-agent")],
          "thing/2 (x; y) dario")
    ask(lane)
    check(f"{lane}: dario alone",
          [v.split("/")[0] for v in got(up.heads[-1][1], "user-agent")],
          "dario")
    ask(lane, own, model="anth:m")
    check(f"{lane}: translated, dario alone",
          [v.split("/")[0] for v in got(up.heads[-1][1], "user-agent")],
          "dario")


def translated(lane):
    neutral = ["traceparent", "tracestate", "baggage", "Idempotency-Key",
               "x-client-request-id", "X-Team-Name"]
    stay = ["OpenAI-Beta", "x-stainless-lang", "anthropic-beta", "X-Title",
            "Cookie", "Authorization"] + made(5)
    ask(lane, [(k, "v-" + k) for k in neutral + stay], model="anth:m")
    seen = up.heads[-1][1]
    for name in neutral:
        check(f"{lane}: translated, {name} passes", got(seen, name),
              "v-" + name)
    for name in stay:
        check(f"{lane}: translated, {name} stays", got(seen, name), None)


def joined(lane):
    ask(lane, [("X-Twice", "a"), ("X-Other", "o"), ("x-twice", "b, c"),
               ("anthropic-beta", "one"), ("anthropic-beta", "two,three")],
        model="messages:m", path="/v1/messages")
    seen = up.heads[-1][1]
    check(f"{lane}: two of one name are one list", got(seen, "x-twice"),
          "a, b, c")
    betas = ",".join(got(seen, "anthropic-beta")).replace(" ", "")
    check(f"{lane}: betas of two lines", [betas], "one,two,three")
    many = ",".join(f"{word()}-{i}" for i in range(600))
    ask(lane, [("anthropic-beta", many)], model="messages:m",
        path="/v1/messages")
    there = ",".join(got(up.heads[-1][1], "anthropic-beta"))
    verdict(f"{lane}: {len(many)} bytes of betas, all of them",
            there != many and f"{len(there)} bytes")


def credentials(lane):
    key = "sk-up-012345678"
    ask(lane, model="azure:m", path="/v1/chat/completions?beta=true")
    path, seen = up.heads[-1]
    check(f"{lane}: the URL's own query and the client's", [path],
          "/v1/chat/completions?api-version=2026-01-01&beta=true")
    check(f"{lane}: a key by another name", got(seen, "api-key"), key)
    check(f"{lane}: no usual one then", got(seen, "authorization"), None)
    ask(lane, model="azure:m")
    check(f"{lane}: the URL's own query", [up.heads[-1][0]],
          "/v1/chat/completions?api-version=2026-01-01")
    ask(lane, [("x-team", "theirs"), ("User-Agent", "thing/1")],
        model="scheme:m")
    seen = up.heads[-1][1]
    check(f"{lane}: another scheme", got(seen, "authorization"),
          f"ApiKey {key}")
    check(f"{lane}: what the backend's file says counts", got(seen, "x-team"),
          "ours")
    check(f"{lane}: so does the user agent", got(seen, "user-agent"), "own/1")
    ask(lane, model="fixed:m", path="/v1/messages")
    seen = up.heads[-1][1]
    check(f"{lane}: without the key", got(seen, "authorization"), "Basic eA==")
    check(f"{lane}: and no other", got(seen, "x-api-key"), None)
    ask(lane, model="gate:m", path="/v1/messages")
    seen = up.heads[-1][1]
    check(f"{lane}: a gate before it", got(seen, "authorization"), "Basic eA==")
    check(f"{lane}: the key behind the gate", got(seen, "x-api-key"), key)


def hostile(lane):
    """What is no field, too much, or means to be read in two ways."""
    before = len(up.heads)
    many = [(f"x-many-{i}", "v") for i in range(97)]
    status, _, body = ask(lane, many)
    verdict(f"{lane}: 97 fields are too many",
            (status != 400 or b"more than 96" not in body) and (status, body))
    verdict(f"{lane}: nobody is asked then", len(up.heads) != before and "asked")
    status, _, _ = ask(lane, many[:90])
    verdict(f"{lane}: 90 are not", status != 200 and status)
    ask(lane, [("Connection", "close, Authorization, Content-Type, x-api-key")])
    seen = up.heads[-1][1]
    check(f"{lane}: our own key cannot be named away",
          got(seen, "authorization"), "Bearer sk-up-012345678")
    check(f"{lane}: nor the type", got(seen, "content-type"),
          "application/json")
    ask(lane, [("X-Bytes", "caf\xe9 \xff"), ("X-Tab", "a\tb")])
    seen = up.heads[-1][1]
    check(f"{lane}: bytes above ASCII are bytes", got(seen, "x-bytes"),
          "caf\xe9 \xff")
    check(f"{lane}: a tab is a blank", got(seen, "x-tab"), "a\tb")
    ask(lane, [("Proxy", "http://127.0.0.1:1")])
    check(f"{lane}: Proxy is no proxy and goes nowhere",
          got(up.heads[-1][1], "proxy"), None)
    up.fields = [(f"x-many-{i}", "v") for i in range(300)]
    status, _, _ = ask(lane)
    verdict(f"{lane}: an answer with 300 fields", status != 502 and status)
    up.fields = [("Connection", "X-Gone"), ("X-Gone", "v"),
                 ("Connection", "close"), ("X-Stays", "v")]
    _, back, _ = ask(lane)
    check(f"{lane}: the first of two Connection fields counts too",
          got(back, "x-gone"), None)
    up.fields = [("Connection", "close"), ("Connection", "X-Gone"),
                 ("X-Gone", "v")]
    _, back, _ = ask(lane)
    check(f"{lane}: and the second", got(back, "x-gone"), None)
    up.fields = [("X-Same", "a"), ("X-Same", "b"), ("X-Tab", "a\tb"),
                 ("X-Bytes", "\xe9"), ("X Bad", "v"), ("Status ", "500 No")]
    status, back, _ = ask(lane)
    check(f"{lane}: down, two of one name",
          [", ".join(got(back, "x-same"))], "a, b")
    check(f"{lane}: down, a tab is a blank", got(back, "x-tab"), "a\tb")
    check(f"{lane}: down, bytes above ASCII", got(back, "x-bytes"), "\xe9")
    verdict(f"{lane}: down, no name is no field",
            (status != 200 or got(back, "X Bad")) and (status, back))
    up.fields = [("X-Folded", "a\r\n  b\r\n\tc"), ("X-Empty", "d\r\n "),
                 ("X-Behind", "e\r\n Set-Cookie: f"), ("X-Last", "g")]
    _, back, _ = ask(lane)
    for name, value in (("x-folded", "a b c"), ("x-empty", "d"),
                        ("x-behind", "e Set-Cookie: f"), ("x-last", "g")):
        check(f"{lane}: down, {name} over more than one line",
              [" ".join(v.split()) for v in got(back, name)], value)
    check(f"{lane}: what goes on with another is no field",
          got(back, "set-cookie"), None)
    up.fields = []


def by_hand():
    body = json.dumps(BODY).encode()
    env = [("X-Good", "v"), ("X-Fold", "a\r\nX-Evil: 1"), ("X-\xc9", "v"),
           ("X-Lf", "a\nX-Evil: 1"), ("X-Odd: y\r\nX-Evil", "v"),
           ("User-Agent", "a\r\nX-Evil: 1"), ("Accept", "a\nX-Evil: 1")]
    for lane in ("cgi", "fastcgi"):
        LANES[lane]("/v1/chat/completions", body, env)
        seen = up.heads[-1][1]
        check(f"{lane}: a good one beside bad ones", got(seen, "x-good"), "v")
        check(f"{lane}: no line can be put in", got(seen, "x-evil"), None)
        check(f"{lane}: nor a part of it", got(seen, "x-fold"), None)
        verdict(f"{lane}: a name outside ASCII is none",
                any("\xc9" in k or k.lower() == "x-" for k, _ in seen) and
                seen)
    LANES["fastcgi"]("/v1/chat/completions", body, [
        ("X-Nul", "a\0b"), ("X-N\0ul", "v"), ("", "v"), ("-", "v"),
        ("X-Good", "v")])
    seen = up.heads[-1][1]
    check("fastcgi: a value ends at a NUL", got(seen, "x-nul"), "a")
    check("fastcgi: one beside it", got(seen, "x-good"), "v")
    for size in (200, 4000):
        status, _, _ = LANES["fastcgi"](
            "/v1/chat/completions", body, [("anthropic-beta", "x" * size)] * 60)
        verdict(f"fastcgi: 60 betas of {size} bytes are refused",
                status != 400 and status)
    there = len(up.heads)
    status, _, text = LANES["cgi"](
        "/v1/messages", json.dumps(dict(BODY, model="messages:m",
                                        max_tokens=9)).encode(),
        [("anthropic-beta", "x" * 40000)])
    verdict("cgi: 40000 bytes of betas are refused, not left out",
            (status != 400 or len(up.heads) > there or
             b"anthropic-beta" not in text) and (status, text))
    status, _, _ = LANES["fastcgi"]("/v1/chat/completions", body,
                                    [("X-Same", "v")] * 5000)
    verdict("fastcgi: 5000 of one name are refused", status != 400 and status)
    LANES["cgi"]("/v1/chat/completions", body, [("X-Empty", "")])
    check("cgi: an empty one is one", got(up.heads[-1][1], "x-empty"), "")
    status, _, text = LANES["cgi"]("/v1/chat/completions", body,
                                   [("X-Large", "x" * 40000)])
    verdict("cgi: 40000 bytes are too large",
            (status != 400 or b"larger than 32 KiB" not in text) and status)
    for kind, sent in (("application/json; charset=utf-8",) * 2,
                       ("application/x-www-form-urlencoded",
                        "application/json")):
        LANES["cgi"]("/v1/chat/completions", body, [("Content-Type", kind)])
        check(f"cgi: sent as {kind}", got(up.heads[-1][1], "content-type"),
              sent)


backend("plain", "openai")
backend("messages", "anthropic")
backend("anth", "anthropic", forward=["x-team-name"])
backend("azure", "openai", headers={"api-key": "{key}"},
        baseUrl=f"http://127.0.0.1:{up.port}/v1/?api-version=2026-01-01")
backend("scheme", "openai", headers={"Authorization": "ApiKey {key}",
                                     "X-Team": "ours", "User-Agent": "own/1"})
backend("fixed", "anthropic", headers={"authorization": "Basic eA=="})
backend("gate", "anthropic", headers={"Authorization": "Basic eA==",
                                      "X-Api-Key": "{key}"})
for lane in LANES:
    both_ways(lane)
    up.fields = []
    agent(lane)
    translated(lane)
    joined(lane)
    credentials(lane)
    hostile(lane)
by_hand()
