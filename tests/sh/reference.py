# SPDX-License-Identifier: MIT
"""Tries what doc/configuration.md says: reference.py PAGE DARIO FOLDER.

Each row becomes a file with its example, of which `dario proxy --check` must
have nothing to say; where a row has a range, both ends are taken and what is
beyond them is refused.
"""

import json
import os
import re
import shutil
import subprocess
import sys

page, dario, folder = sys.argv[1:4]
RANGE = re.compile(r"^(\d+) to (\d+)")
KEY = {"apiKey": "sk-0123456789", "baseUrl": "https://up.example/v1"}
# What a member needs beside it, or cannot have.
BESIDE = {"keyEnv": {"apiKey": None}, "keyCommand": {"apiKey": None},
          "keyTtl": {"apiKey": None, "keyCommand": "echo k"},
          "storePasswordFile": {"store": "redis://127.0.0.1:6379"}}


def tables():
    """The rows of each table that has examples: by its title."""
    title, found = None, {}
    with open(page) as f:
        for line in f:
            if line.startswith("## "):
                title = line[3:].strip()
            cells = [c.strip().replace("\\", "").strip("`")
                     for c in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) >= 5 and cells[0] not in ("member", "---"):
                found.setdefault(title, []).append(
                    (cells[0], cells[-3], cells[-1], "not used" in line))
    return found


def put(home, name, what):
    path = os.path.join(home, name)
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
              "w") as f:
        json.dump(what, f)


def hold(home, title, members):
    """A home in which a file of that kind has the members."""
    shutil.rmtree(home, ignore_errors=True)
    os.mkdir(home, 0o700)
    if title == "config.json":
        put(home, "config.json", members)
    elif title.startswith(("backends/", "Switches")):
        put(home, "backends/up.json", with_base(KEY, members))
    elif title.startswith("accounts/"):
        put(home, "accounts/a.json", with_base({"apiKey": "sk-1"}, members))
        put(home, "backends/up.json", KEY)
        put(home, "backends/up/b.json", with_base({"apiKey": "sk-2"}, members))
    elif title == "routes.json":
        put(home, "backends/groq.json", KEY)
        put(home, "backends/openai.json", KEY)
        put(home, "routes.json", {"rules": [with_base(
            {"match": "x", "target": "groq:y"}, members)]})
    elif title.startswith("keys/"):
        put(home, "keys/anna.json", with_base(
            {"hash": "sha256:" + 64 * "a"}, members))
    else:
        put(home, "prices.json", {"prices": [with_base(
            {"match": ["x"], "input": 1, "output": 2}, members)]})


def with_base(base, members):
    return {k: v for k, v in {**base, **members}.items() if v is not None}


def there(members):
    """A file that an example names, and that is read, is one of the test's."""
    for name in {"template", "storePasswordFile"} & set(members):
        if not isinstance(members[name], str):
            continue
        put(folder, "a-file", {"max_tokens": 100})
        members = {**members, name: os.path.join(folder, "a-file")}
    return members


def check(title, members):
    """None when nothing is wrong with it, else what was said."""
    home = os.path.join(folder, "reference")
    hold(home, title, there(members))
    done = subprocess.run(
        [dario, "proxy", "--check"], capture_output=True, text=True,
        timeout=60, env={"HOME": folder, "DARIO_HOME": home,
                         "PATH": os.environ["PATH"], "GROQ_API_KEY": "k",
                         **{k: v for k, v in os.environ.items()
                            if k in ("DARIO_FCGI", "DARIO_DATADIR",
                                     "ASAN_OPTIONS", "LSAN_OPTIONS")}})
    said = done.stdout + done.stderr
    os.environ.get("REFERENCE_SHOW") and print("#", title, members, said)
    bad = done.returncode or "unknown key" in said or "not used" in said or \
        "is refused" in said
    return said.strip().replace("\n", " / ") if bad else None


def tell(good, what, said):
    print("PASS" if good else "FAIL", what + ("" if good else ": %s" % said))


def try_wrong(title, name, beside, right):
    """What is of another type is refused by name, never read as absent."""
    for wrong in ("x y", 7.5, True, ["x"], {"x": 1}):
        if isinstance(wrong, type(right)) or \
                isinstance(wrong, float) and isinstance(right, float | int):
            continue
        said = check(title, {**beside, name: wrong})
        tell(said is not None and name in said, "%s: %s: %s is refused" % (
            title, name, json.dumps(wrong)), said)


def try_row(title, name, takes, example, others):
    beside = BESIDE.get(name, {})
    if example:
        right = json.loads(example)
        said = check(title, {**beside, name: right})
        tell(said is None, "%s: %s: its example" % (title, name), said)
        if not others:  # it is for other programs
            try_wrong(title, name, beside, right)
    found = RANGE.match(takes)
    if not found:
        return
    low, high = (int(n) for n in found.groups())
    for n, good in ((low, True), (high, True), (low - 1, False),
                    (high + 1, False)):
        said = check(title, {**beside, name: n})
        tell((said is None) == good, "%s: %s: %d is %s" % (
            title, name, n, "taken" if good else "refused"), said)


rows = tables()
tell(len(rows) == 7, "tables: seven", list(rows))
for title in rows:
    for row in rows[title]:
        try_row(title, *row)
