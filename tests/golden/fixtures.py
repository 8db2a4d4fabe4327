#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Translates recordings of real providers into both other dialects.

    fixtures.py CONVERT FOLDER OUT

The results go to the folder OUT for other readers, with what they should find
in them. Each is fed at once, byte by byte and at seeded splits; all must give the same,
streamed and whole, and mean what the recording means. Prints "PASS name" or
"FAIL name: why" a line.
"""

import json
import pathlib
import random
import re
import subprocess
import sys

from meaning import meaning

NAMES = {"anthropic": "anthropic", "openai-chat": "openai",
         "openai-responses": "responses"}


def convert(program, source, target, how, step, data):
    return subprocess.run(
        [program, "answer", source, target, how, str(step)], input=data,
        check=True, capture_output=True, timeout=60).stdout


def steady(data):
    """Without what is random or the time of day."""
    text = re.sub(rb'"created(_at)?":\d+', b'"created":0', data)
    return re.sub(rb"\b(chatcmpl-|msg_|resp_|rs_|fc_|call_)\w{24}\b",
                  rb"\1X", text)


def differences(want, got):
    keys = ("text", "tools", "reasoning", "finish", "usage", "error")
    return [f"{k}: {want[k]!r:.200} became {got[k]!r:.200}"
            for k in keys if want[k] != got[k]]


def save(name, target, want, streamed, whole):
    out = pathlib.Path(sys.argv[3]) / f"{name}.{target}"
    out.with_suffix(f".{target}.stream").write_bytes(streamed)
    out.with_suffix(f".{target}.whole").write_bytes(whole)
    out.with_suffix(f".{target}.want").write_text(json.dumps(want))


def check(program, meta, data, target):
    source = NAMES[meta["protocol"]]
    random.seed(meta["id"])
    streamed = convert(program, source, target, "stream", 0, data)
    whole = convert(program, source, target, "whole", 0, data)
    if meta["status"] >= 400:
        o = json.loads(whole.split(b"\n", 1)[1])
        want = json.loads(data)["error"]["message"]
        assert o["error"]["message"] == want, o
        return
    for step in [1] + [random.randrange(2, 400) for _ in range(4)]:
        for how, first in (("stream", streamed), ("whole", whole)):
            again = convert(program, source, target, how, step, data)
            assert steady(again) == steady(first), f"{how} step {step}"
    want = meaning(source, data)
    got = meaning(target, streamed)
    if want["error"]:
        # what was said before stays, and the error is told
        assert got["error"] == want["error"], got
        assert got["text"] == want["text"] or target == "responses", got
        return
    save(meta["id"], target, want, streamed, whole)
    if want["usage"] is None:
        want["usage"] = got["usage"]
    wrong = differences(want, got)
    assert not wrong, "streamed: " + "; ".join(wrong)
    wrong = differences(want, meaning(target, whole))
    assert not wrong, "whole: " + "; ".join(wrong)


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    for path in sorted(folder.glob("*.meta.json")):
        meta = json.loads(path.read_text())
        data = (folder / meta["body"]).read_bytes()
        for target in NAMES.values():
            if target == NAMES[meta["protocol"]]:
                continue
            name = f"{meta['id']} to {target}"
            try:
                check(program, meta, data, target)
                print(f"PASS {name}")
            except Exception as e:
                print(f"FAIL {name}: {type(e).__name__} {e}".replace(
                    "\n", " ")[:600])


main()
