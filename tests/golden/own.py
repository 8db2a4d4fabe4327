#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Our own goldens: tests/golden/data, byte for byte. own.py CONVERT [--update]

request-DIALECT.json and answer-DIALECT.sse are translated into the other
dialects; the result must be what NAME.to-DIALECT holds, but for random ids and
the time of day. --update writes what comes out: read the difference before you
commit it.
"""

import os
import pathlib
import re
import subprocess
import sys

CONVERT = sys.argv[1]
HERE = pathlib.Path(__file__).parent
os.environ.setdefault("DARIO_DATADIR", str(HERE.parent.parent.resolve()))
DIALECTS = ("anthropic", "openai", "responses")
MODELS = {"anthropic": "claude-sonnet-4-5", "openai": "gpt-5.1",
          "responses": "gpt-5.1"}


def steady(data):
    data = re.sub(rb'"created(_at)?":\d+', rb'"created\1":0', data)
    return re.sub(rb"\b(chatcmpl-|msg_|resp_|rs_|fc_|call_)\w{24}\b",
                  rb"\1X", data)


def translate(path, source, target):
    if path.name.startswith("request"):
        argv = ["request", source, target, MODELS[target]]
    else:
        argv = ["answer", source, target, "stream", "0"]
    return steady(subprocess.run([CONVERT, *argv], check=True, timeout=120,
                                 input=path.read_bytes(),
                                 capture_output=True).stdout)


for path in sorted((HERE / "data").glob("*-*.*")):
    source = path.stem.split("-")[-1]
    if ".to-" in path.name:
        continue
    for target in DIALECTS:
        if target == source:
            continue
        golden = path.with_name(f"{path.stem}.to-{target}{path.suffix}")
        name = golden.name
        try:
            got = translate(path, source, target)
            if "--update" in sys.argv:
                golden.write_bytes(got)
            want = golden.read_bytes()
            at = next((i for i, (a, b) in enumerate(zip(got, want))
                       if a != b), min(len(got), len(want)))
            assert got == want, (f"at byte {at}: {got[at-20:at+60]!r}, "
                                 f"wanted {want[at-20:at+60]!r}")
            print(f"PASS {name}")
        except Exception as e:
            print(f"FAIL {name}: {type(e).__name__} {e}".replace("\n", " "))
