#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies in gzip and zstd, good and bad ones.

    packed.py PORT UPSTREAM WORKER

Asks the router at PORT, whose process is WORKER, for model up:m; what arrives
is told by the upstream at UPSTREAM. Prints PASS and FAIL lines.
"""

import gzip
import hashlib
import http.client
import json
import os
import struct
import sys
import zlib

PORT, UP, WORKER = (int(a) for a in sys.argv[1:4])
MIB = 1 << 20
CHAT = "/v1/chat/completions"


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def ask(coding, body, path=CHAT, chunked=False, kind="application/json"):
    c = http.client.HTTPConnection("127.0.0.1", PORT, timeout=120)
    fields = {"Content-Type": kind}
    if coding:
        fields["Content-Encoding"] = coding
    pieces = (body[i:i + 7] for i in range(0, len(body), 7))
    c.request("POST", path, pieces if chunked else body, fields,
              encode_chunked=chunked)
    r = c.getresponse()
    text = r.read()
    c.close()
    try:
        return r.status, json.loads(text)
    except ValueError:
        return r.status, text


def arrived():
    c = http.client.HTTPConnection("127.0.0.1", UP, timeout=300)
    c.request("DELETE", "/seen")
    return json.loads(c.getresponse().read())


def frame(blocks, size=None, window=None):
    """A frame of zstd (RFC 8878) of blocks: bytes as they are, or (byte, n)."""
    head = b"\x28\xb5\x2f\xfd"
    if window is None:
        head += bytes([0xa0]) + struct.pack("<I", size)
    else:
        head += bytes([0, (window - 10) << 3])
    out = [head]
    for i, block in enumerate(blocks):
        last = i == len(blocks) - 1
        if isinstance(block, bytes):
            out.append(struct.pack("<I", last | len(block) << 3)[:3] + block)
        else:
            out.append(struct.pack("<I", last | 1 << 1 | block[1] << 3)[:3])
            out.append(block[0])
    return b"".join(out)


def zstd(text):
    step = 100000
    return frame([text[i:i + step] for i in range(0, len(text), step)] or [b""],
                 size=len(text), window=20 if len(text) > MIB else None)


def peak():
    with open(f"/proc/{WORKER}/status", encoding="ascii") as f:
        for line in f:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) << 10
    raise SystemExit("no VmHWM")


def good():
    text = json.dumps({"model": "up:m", "messages": [
        {"role": "user", "content": "wörds " * 50000}]}).encode()
    want = text.replace(b"up:m", b"m")
    half = len(text) // 2
    for name, coding, body, chunked in (
            ("gzip", "gzip", gzip.compress(text), False),
            ("x-gzip", "x-gzip", gzip.compress(text), False),
            ("GZIP", "GZIP", gzip.compress(text), False),
            ("gzip of two members", "gzip",
             gzip.compress(text[:half]) + gzip.compress(text[half:]), False),
            ("gzip in small pieces", "gzip", gzip.compress(text), True),
            ("zstd", "zstd", zstd(text), False),
            ("zstd of two frames", "zstd",
             zstd(text[:half]) + zstd(text[half:]), False),
            ("identity", "identity", text, False)):
        arrived()
        status, answer = ask(coding, body, chunked=chunked)
        got = arrived()
        check(f"{name}: 200", status == 200, (status, answer))
        check(f"{name}: the body arrives", len(got) == 1 and
              got[0]["n"] == len(want) and
              got[0]["body"].encode("latin-1") == want[:4096], got)
        check(f"{name}: as a plain one", got and
              "content-encoding" not in got[0]["fields"] and
              got[0]["fields"]["content-length"] == str(len(want)), got)
    message = json.dumps({"model": "up:m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "hello there"}]}).encode()
    status, answer = ask("gzip", gzip.compress(message), "/v1/messages")
    got = arrived()
    check("translated: 200", status == 200, (status, answer))
    check("translated: the text arrives",
          "hello there" in got[-1]["body"], got)
    big = json.dumps({"model": "up:m", "messages": [
        {"role": "user", "content": "x" * (60 * MIB)}]}).encode()
    for name, body in (("gzip", gzip.compress(big, 1)), ("zstd", zstd(big))):
        status, answer = ask(name, body)
        check(f"{name} of 60 MiB: 200", status == 200, (status, answer))


FORM = {"path": "/v1/audio/transcriptions",
        "kind": "multipart/form-data; boundary=bound"}


def form(file, last=False, model=b"up:m"):
    parts = [b'Content-Disposition: form-data; name="model"\r\n\r\n' + model,
             b'Content-Disposition: form-data; name="file"; filename="a.wav"'
             b"\r\n\r\n" + file]
    if last:
        parts.reverse()
    return b"".join(b"--bound\r\n" + p + b"\r\n" for p in parts) + b"--bound--\r\n"


def forms():
    """The model is in a form that is packed."""
    arrived()
    for coding, pack in (("gzip", gzip.compress), ("zstd", zstd)):
        for name, file, last, chunked in (
                ("first", os.urandom(3000), False, False),
                ("last", os.urandom(3000), True, False),
                ("of unknown length", os.urandom(3000), False, True),
                ("before 5 MiB", os.urandom(5 * MIB), False, False),
                ("behind 5 MiB", os.urandom(5 * MIB), True, False)):
            body = form(file, last)
            want = body.replace(b"up:m", b"m", 1)
            status, answer = ask(coding, pack(body), chunked=chunked, **FORM)
            got = arrived()
            check(f"a form in {coding}, the model {name}: 200", status == 200,
                  (status, answer))
            check(f"a form in {coding}, the model {name}: as a plain one",
                  len(got) == 1 and got[0]["sha"] == hashlib.sha256(
                      want).hexdigest() and
                  "content-encoding" not in got[0]["fields"], got)
    # What a few bytes stand for streams through as well.
    dense = form(bytes(60 * MIB))
    step = 128 << 10
    for coding, packed in (
            ("gzip", gzip.compress(dense, 9)),
            ("zstd", frame([dense[:200]] + [(b"\0", step)] * (len(dense) // step - 1) +
                           [dense[200 + (len(dense) // step - 1) * step:]],
                           window=20))):
        whole = dense if coding == "gzip" else \
            dense[:200] + bytes(step * (len(dense) // step - 1)) + \
            dense[200 + (len(dense) // step - 1) * step:]
        before = peak()
        status, answer = ask(coding, packed, **FORM)
        got, grown = arrived(), peak() - before
        check(f"60 MiB in {len(packed)} bytes of {coding}: 200", status == 200,
              (status, answer))
        check(f"60 MiB in {len(packed)} bytes of {coding}: all of it",
              len(got) == 1 and got[0]["sha"] == hashlib.sha256(
                  whole.replace(b"up:m", b"m", 1)).hexdigest(), got)
        check(f"60 MiB in {len(packed)} bytes of {coding}: memory",
              grown < 12 * MIB, grown)
    for name, packed in (("gzip", gzip.compress(form(bytes(150 * MIB)), 9)),):
        status, answer = ask(name, packed, **FORM)
        check(f"150 MiB in {len(packed)} bytes of {name}: 413", status == 413,
              (status, answer))
        arrived()
    small, large = form(b"x" * 3000), form(os.urandom(5 * MIB))
    for name, coding, body in (
            ("a torn form", "gzip", gzip.compress(small)[:-9]),
            ("a torn large form", "gzip", gzip.compress(large)[:-9]),
            ("a form that is not packed", "gzip", small),
            ("a torn zstd form", "zstd", zstd(small)[:-3]),
            ("a packed form without an end", "gzip",
             gzip.compress(small.replace(b"bound\r\n", b"bound", 1)))):
        status, answer = ask(coding, body, **FORM)
        check(f"{name}: 400", status == 400 and isinstance(answer, dict),
              (status, answer))
    arrived()
    status, answer = ask("br", small, **FORM)
    got = arrived()
    check("a form of another coding goes to the only backend as it is",
          status == 200 and got[0]["sha"] == hashlib.sha256(small).hexdigest()
          and got[0]["fields"]["content-encoding"] == "br", (status, answer, got))


def bad():
    text = json.dumps({"model": "up:m", "messages": []}).encode()
    arrived()
    for name, coding, body, want in (
            ("torn gzip", "gzip", gzip.compress(text)[:-9], 400),
            ("gzip that is none", "gzip", text, 400),
            ("gzip with a wrong sum", "gzip",
             gzip.compress(text)[:-8] + bytes(8), 400),
            ("more behind gzip", "gzip", gzip.compress(text) + b"more", 400),
            ("zlib named gzip", "gzip", zlib.compress(text), 400),
            ("torn zstd", "zstd", zstd(text)[:-3], 400),
            ("zstd that is none", "zstd", text, 400),
            ("more behind zstd", "zstd", zstd(text) + b"more", 400),
            ("a window of 128 MiB", "zstd",
             frame([text], window=27), 400),
            ("no JSON in gzip", "gzip", gzip.compress(b"{"), 400),
            ("nothing in gzip", "gzip", b"", 400),
            ("br", "br", text, 415),
            ("gzip twice", "gzip, gzip", gzip.compress(text), 415)):
        status, answer = ask(coding, body)
        check(f"{name}: {want}", status == want and
              isinstance(answer, dict), (status, answer))
    check("bad ones go nowhere", arrived() == [])
    status, _ = ask("gzip", gzip.compress(text))
    check("a good one after them: 200", status == 200, status)


def bombs():
    head = b'{"model":"up:m","messages":[{"role":"user","content":"'
    maker = zlib.compressobj(9, zlib.DEFLATED, 31)
    small = maker.compress(head) + b"".join(
        maker.compress(b"x" * MIB) for _ in range(1024)) + maker.flush()
    rle = frame([head] + [(b"x", 128 << 10)] * (8 << 10), window=20)
    blank = frame([(b" ", 128 << 10)] * (8 << 10), window=20)
    before = peak()
    for name, coding, body in (("gzip", "gzip", small), ("zstd", "zstd", rle),
                               ("zstd of blanks", "zstd", blank)):
        status, answer = ask(coding, body)
        check(f"1 GiB in {len(body)} bytes of {name}: 413",
              status == 413, (status, answer))
    grown = peak() - before
    # The limit of a body twice, as it grows.
    check("bombs: less memory than they stand for", grown < 200 * MIB, grown)


forms()
bombs()
bad()
good()
