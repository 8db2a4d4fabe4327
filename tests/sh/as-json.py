# SPDX-License-Identifier: MIT
"""Asks each command for JSON: as-json.py DARIO DOCUMENT HOW FOLDER.

HOW is "empty" or "full", as the home is; "told": has each member that the
document names for a command been seen by now? FOLDER keeps those that were.
Prints "PASS name" or "FAIL name: why".
"""

import json
import os
import re
import subprocess
import sys

dario, document, how, folder = sys.argv[1:5]

# Each command that has --json: what to ask it (a list of arguments each), the
# part of the document that has its members, and how it ends in an empty home.
ASKED = {
    "setup": (["", "--no-copy"], "dario setup", 0),
    "doctor": ([""], "dario doctor", 1),
    "status": ([""], "GET /status", None),
    "accounts list": ([""], "GET /accounts", 0),
    "backend list": ([""], "dario backend list", 0),
    "backend test": (["up"], "dario backend list", 1),
    "backend probe": (["up"], "dario backend list", 1),
    "route list": ([""], "dario route list", 0),
    "explain": (["fast", "claude-opus-5 --api=messages", "none/such"],
                "dario explain", 1),
    "key list": ([""], "dario key list", 0),
    "key show": (["ada"], "dario key list", 1),
    "key add": (["ada/NEW"], "Other commands", 0),
    "key rotate": (["ben"], "Other commands", 1),
    "key invite": (["ada", "ben --expires=2099-01-01"], "Other commands", 1),
    "key audit": (["", "ada"], "Other commands", 0),
    "usage": (["", "--by=model,day", "--since=7d", "--errors"],
              "GET /analytics", 0),
    "top": ([""], "Other commands", 0),
    "config": ([""], "dario config", 0),
    "store status": ([""], "Other commands", 0),
    "service status": ([""], "Other commands", 0),
    "version": ([""], "Other commands", 0),
}
# Parts whose members stand below those of another.
BELOW = {"top": ["GET /health", "GET /accounts", "GET /analytics",
                 "GET /requests"],
         "key audit": ["dario key list"]}
BY_NAME = {"perAccount", "perModel", "spend", "before", "after"}


def verdict(name, why):
    print(f"FAIL {name}: {why}" if why else f"PASS {name}", flush=True)


def run(words):
    return subprocess.run([dario, *words], capture_output=True, timeout=120,
                          stdin=subprocess.DEVNULL, check=False)


def commands():
    """Those that have --json, as the help of each command says."""
    found = []
    groups = re.findall(r"(?m)^  ([a-z]+) ", run(["help"]).stdout.decode())
    for group in groups:
        if group in ("help", "version"):
            continue
        help_ = run(["help", group]).stdout.decode().partition("Examples")[0]
        for part in re.split(r"(?m)^dario ", help_)[1:]:
            if re.search(r"(?m)^  --json", part):
                words = re.match(r"[a-z]+(?: [a-z]+(?![|\w]))?", part)[0]
                found.append(words)
    return found + ["version"], groups


def once(pairs):
    """An object, unless it has a name twice."""
    names = [k for k, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"a name twice in {sorted(names)}")
    return dict(pairs)


def no_constant(text):
    raise ValueError(f"{text} is not JSON")


def read(out):
    """The value, or why it is not JSON in lines."""
    try:
        text = out.decode("utf-8")
        value = json.loads(text, object_pairs_hook=once,
                           parse_constant=no_constant)
    except ValueError as e:
        return None, f"{e}: {out[:200]!r}"
    if not text.endswith("\n") or "\x1b" in text:
        return value, f"not lines of text: {text[-40:]!r}"
    return value, None


def members(value, into):
    for v in value if isinstance(value, list) else []:
        members(v, into)
    for k, v in value.items() if isinstance(value, dict) else []:
        into.add(k)
        if k not in BY_NAME:
            members(v, into)


def parts():
    with open(document) as f:
        text = f.read()
    return dict(re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", text))


def row(part, command):
    """Of a table of commands that of this one alone."""
    for line in part.splitlines():
        cells = line.split("|")
        if len(cells) > 2 and f"`dario {command}`" in cells[1]:
            return cells[2]
    return ""


def told_of(command, title):
    part = parts()[title]
    if title == "Other commands":
        part = row(part, command)
    return set(re.findall(r"`(\w+)`", part + "".join(
        parts()[p] for p in BELOW.get(command, []))))


def ask(command, args, title, status):
    name = " ".join(["dario", command, args]).strip()
    args = args.replace("NEW", f"d{os.getpid()}").split()
    if command in ("key rotate", "doctor"):
        plain = None  # it would be another key; doctor.t does it
    else:
        plain = run([*command.split(), *args]).returncode
        args = [a + "x" if command == "key add" else a for a in args]
    done = run([*command.split(), *args, "--json"])
    if plain is not None:
        verdict(f"{name}: ends as without --json", done.returncode != plain and
                f"{done.returncode}, not {plain}: {done.stderr[-300:]}")
    if status is not None:
        verdict(f"{name}: status {status}", done.returncode != status and
                f"{done.returncode}: {done.stderr[-300:]}")
    if not done.stdout:
        verdict(f"{name}: says why there is nothing",
                (done.returncode == 0 or not done.stderr) and done)
        return
    value, why = read(done.stdout)
    verdict(f"{name}: JSON, and nothing else", why)
    found = set()
    if command == "config":
        value = {k: v for one in value.values() for k, v in one.items()} \
            if value else {}
    members(value, found)
    more = found - told_of(command, title)
    verdict(f"{name}: members are those of the document",
            more and f"not told: {sorted(more)}")
    with open(folder, "a") as f:
        f.writelines(f"{command}\t{k}\n" for k in found)


def all_told():
    """Members in the first cells of a part's tables, but for what needs a
    state that is not made here."""
    rare = {"GET /accounts": {"queued"},
            "dario route list": {"retries", "budgetMs", "firstByteTimeoutMs"},
            "dario backend list": {"keyEnv", "keyProgram"}}
    with open(folder) as f:
        seen = [line.rstrip("\n").split("\t") for line in f]
    for title in sorted({part for _, part, _ in ASKED.values()}):
        if title.startswith("GET /") or title == "Other commands":
            continue
        there = {k for c, k in seen if ASKED[c][1] == title}
        cells = re.findall(r"(?m)^\|([^|]*)\|", parts()[title])
        named = {k for c in cells for k in re.findall(r"`(\w+)`", c)}
        missing = named - there - rare.get(title, set())
        verdict(f"doc/json.md: {title}: each member was printed",
                missing and f"not printed: {sorted(missing)}")


if how == "told":
    all_told()
else:
    known, groups = commands()
    verdict("dario help: the commands were found",
            (len(groups) < 20 or len(known) < 20) and (known, groups))
    verdict("each command with --json is asked, and no other",
            set(known) != set(ASKED) and sorted(set(known) ^ set(ASKED)))
    for command, (lists, title, status) in ASKED.items():
        for args in lists:
            ask(command, args, title, status if how == "empty" else None)
