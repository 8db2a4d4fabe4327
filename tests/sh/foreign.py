# SPDX-License-Identifier: MIT
"""Text that a terminal would obey, in every place it can come from.

foreign.py plant HOME PORT   files of a home that hold it
foreign.py serve PORTFILE    a provider that says it, on a port of its own
foreign.py check FILE [json] prints what in FILE a terminal would obey
foreign.py lines FILE        the same for a log; each line must be JSON
"""

import http.server
import json
import os
import sys

BAD = "\x1b]0;pwned\x07\x1b[31m\x7f\r\n\x9b32m\x85\u202e\u2066\u200b\u2028\u2029\ufeff\x00"
# What a file's names and a URL may hold: no C0.
HIGH = "\x9b32m\x85\u202e\u2066\u200b\u2028"


def harmful(c):
    n = ord(c)
    return (
        n < 0x20
        or 0x7F <= n <= 0x9F
        or n == 0x061C
        or 0x200B <= n <= 0x200F
        or 0x2028 <= n <= 0x202E
        or 0x2060 <= n <= 0x206F
        or n == 0xFEFF
    )


def put(home, name, value):
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(value if isinstance(value, str) else json.dumps(value))


def plant(home, port):
    url = "http://127.0.0.1:%s/" % port
    put(home, "backends/evil.json", {
        "name": "evil", "provider": "openai", "protocol": "openai",
        "baseUrl": url + "json", "models": ["glob" + BAD.strip("\0") + "*"],
    })
    put(home, "backends/plain.json", {
        "name": "plain", "provider": "openai", "protocol": "openai",
        "baseUrl": url + "v1",
    })
    put(home, "routes.json", {"rules": [{
        "match": "r" + HIGH + "*", "target": "evil:m" + HIGH,
        "fallbacks": ["plain:f" + HIGH],
    }]})
    put(home, "config.json", {"model": "m" + HIGH})
    put(home, "accounts/work.json", {"alias": "work", "apiKey": "sk-ant-0123456789"})
    put(home, "accounts/tok.json", {
        "alias": "tok", "accessToken": "a", "refreshToken": "r", "expiresAt": 1,
    })
    put(home, "state/limits-work.json", {
        "status": "s" + BAD, "claim": "c" + BAD, "cause": "x" + BAD,
    })
    line = json.dumps({
        "t": 1, "a": "acc" + BAD, "b": "b" + BAD, "m": "mod" + BAD, "s": 200,
        "ms": 1, "u": [1, 2, 3, 0, 5, 0],
    })
    put(home, "state/history.jsonl", line + "\n")


class Provider(http.server.BaseHTTPRequestHandler):
    def answer(self):
        n = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(n)
        text = json.dumps({
            "error": {"type": "t" + BAD, "code": "c" + BAD,
                      "message": "says" + BAD, "param": "p" + BAD},
        }, ensure_ascii=False).encode() if "json" in self.path else \
            ("says" + BAD).encode() + b"\xff\xfe\x9b31m\xe2\x80"
        self.send_response(500)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = answer

    def log_message(self, *args):
        pass


def serve(portfile):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    with open(portfile + ".new", "w") as f:
        f.write(str(server.server_port))
    os.rename(portfile + ".new", portfile)
    server.serve_forever()


def found(data):
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        return ["not UTF-8: %s" % e]
    return ["U+%04X" % ord(c) for c in text if harmful(c) and c != "\n"]


def check(path, form=None):
    with open(path, "rb") as f:
        data = f.read()
    if not data.strip():
        print("nothing was printed")
    print("".join(w + " " for w in found(data)[:20]).strip())
    if form:
        json.loads(data)


def lines(path):
    with open(path, "rb") as f:
        all_lines = f.read().split(b"\n")
    for line in all_lines:
        bad = found(line)
        if bad:
            print(bad[:10], line[:200])
        if line.startswith(b"{"):
            try:
                json.loads(line)
            except ValueError as e:
                print(e, line[-200:])


globals()[sys.argv[1]](*sys.argv[2:])
