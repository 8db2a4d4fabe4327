# SPDX-License-Identifier: MIT
"""Looks at the documents.

    documents.py links TREE          each link and each anchor
    documents.py targets TREE        each `make TARGET`
    documents.py paths TREE          each file of the source that is named
    documents.py commands DOCUMENT   prints the commands of its sh blocks
    documents.py inline TREE DARIO   each `dario ...`: are its words and flags
                                     known, as dario help has them?
    documents.py json DOCUMENT DIR   each member in files named like its parts
"""

import glob
import json
import os
import re
import subprocess
import sys

CODE = re.compile(r"```.*?```|`[^`\n]*`", re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def documents(tree):
    return sorted(
        glob.glob(os.path.join(tree, "*.md")) +
        glob.glob(os.path.join(tree, "doc", "**", "*.md"), recursive=True))


def text_of(path):
    with open(path) as f:
        return f.read()


def anchors(path):
    """Those that a heading gets on GitHub and its like."""
    found = set()
    for line in CODE.sub(lambda m: m[0] if "\n" not in m[0] else "",
                         text_of(path)).splitlines():
        if line.startswith("#"):
            name = line.lstrip("#").strip().lower()
            name = re.sub(r"[^\w\- ]", "", name)
            found.add(name.replace(" ", "-"))
    return found


def wrong(path, link):
    if "://" in link:
        return False
    name, _, anchor = link.partition("#")
    to = os.path.normpath(os.path.join(os.path.dirname(path), name)) \
        if name else path
    return not os.path.exists(to) or \
        (anchor and to.endswith(".md") and anchor not in anchors(to))


def tell(good, what):
    print("PASS" if good else "FAIL", what)


def links(tree):
    count = 0
    for path in documents(tree):
        found = LINK.findall(CODE.sub("", text_of(path)))
        bad = [link for link in found if wrong(path, link)]
        count += len(found)
        tell(not bad, "links of %s%s" % (os.path.relpath(path, tree),
                                         ": %s" % bad if bad else ""))
    tell(count > 50, "links: %d" % count)
    index = text_of(os.path.join(tree, "doc", "README.md"))
    missing = [name for name in os.listdir(os.path.join(tree, "doc"))
               if name.endswith(".md") and name != "README.md" and
               "(%s" % name not in index]
    tell(not missing, "doc/README.md names every document%s" %
         (": %s" % missing if missing else ""))


def targets(tree):
    rules = text_of(os.path.join(tree, "Makefile.am"))
    known = set(re.findall(r"(?m)^([\w.-]+):", rules)) | {"check", "install",
                                                          "uninstall", "-B"}
    for path in documents(tree):
        named = set(re.findall(r"`make ([\w-]+)", text_of(path)))
        if named:
            tell(named <= known, "make targets of %s %s" % (
                os.path.relpath(path, tree), sorted(named - known)))


def paths(tree):
    """`fcgi/routes.c`, `dialect/seal.h`, `peek.c`: from wherever it is seen."""
    there = {os.path.join("/", os.path.relpath(folder, tree), name)
             for folder, _, names in os.walk(tree) for name in names}
    count = 0
    for path in documents(tree):
        named = {n for n in re.findall(
            r"`([\w.*/-]+\.(?:c|h|t|py|sh))`", text_of(path))
                 if not re.search(r"NAME|\*|^[/.]", n)}
        bad = [n for n in named if not any(f.endswith("/" + n) for f in there)]
        count += len(named)
        if named:
            tell(not bad, "source files that %s names: %d %s" % (
                os.path.relpath(path, tree), len(named), bad or ""))
    tell(count > 50, "source files that are named: %d" % count)


def commands(path):
    for block in re.findall(r"```sh\n(.*?)```", text_of(path), re.S):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            # An address of another machine is none of this one's.
            line = re.sub(r"--host=100\S+", "--host=127.0.0.1", line)
            if line.strip():
                print(line + " --check" * ("dario proxy" in line))


def help_of(program, group, known={}):
    """The words that may follow, and the flags; None: there is no such group."""
    if group not in known:
        p = subprocess.run([program, "help", group], text=True,
                           capture_output=True)
        said = p.stdout
        known[group] = (set(re.findall(rf"(?m)^dario {group} ([a-z-]+)", said)),
                        set(re.findall(r"(?m)^ *(--[a-z-]+)", said)) |
                        set(re.findall(r", (--?[a-z]+)", said))
                        ) if p.returncode == 0 else None
    return known[group]


def wrong_command(program, command):
    words = command.split()
    words = words[next(i for i, w in enumerate(words) if w == "dario") + 1:]
    while words and words[0].startswith("-"):
        if words[0] in ("--version", "-V", "--help", "-h"):
            return ""
        words.pop(0)
    if not words or not re.fullmatch(r"[a-z-]+", words[0]):
        return ""  # a file of that name, or "COMMAND"
    if words[0] in ("help", "version"):
        return ""
    found = help_of(program, words[0])
    if found is None:
        return f"no command {words[0]}"
    # "pull --force, --yes" of several; "add/remove"
    second = re.split(r"[^a-z-]", words[1])[0] if len(words) > 1 else ""
    if found[0] and second and not second.startswith("-") and \
            second not in found[0]:
        return f"{words[0]} has no {second}"
    if words[0] == "run":
        return ""  # flags may be the program's
    for flag in words[1:]:
        name = re.match(r"--?[a-zA-Z][a-z-]*", flag)
        if name and name[0] not in found[1]:
            return f"{words[0]} has no {name[0]}"
    return ""


def inline(tree, program):
    count = 0
    for path in documents(tree):
        text = re.sub(r"(?s)```.*?```", "", text_of(path))
        spans = [" ".join(s.split()) for s in re.findall(r"`([^`]+)`", text)]
        spans = [s for s in spans
                 if re.match(r"((sudo|-u \w+|[A-Z_]+=\S+) )*dario [a-z-]", s)]
        bad = [f"{s}: {why}" for s in spans
               if (why := wrong_command(program, s))]
        count += len(spans)
        if spans:
            tell(not bad, "commands in the text of %s: %d%s" % (
                os.path.relpath(path, tree), len(spans),
                bad and " %s" % bad or ""))
    tell(count > 150, "commands in texts: %d" % count)


BY_NAME = {"perAccount", "perModel"}  # their members are names of people's


def members(value, into, named=False):
    for v in value if isinstance(value, list) else []:
        members(v, into)
    for k, v in value.items() if isinstance(value, dict) else []:
        if not named:
            into.add(k)
        members(v, into, k in BY_NAME or k == "spend")


def fields(document, folder):
    parts = dict(re.findall(r"(?ms)^## (.*?)\n(.*?)(?=^## |\Z)", text_of(document)))
    tried = set()
    for name in sorted(os.listdir(folder)):
        title = name.partition(".")[0].replace("-", " ")
        title = title.replace("GET ", "GET /")
        tried.add(title)
        found = set()
        value = json.loads(text_of(os.path.join(folder, name)))
        members(value, found, title == "dario config")
        told = set(re.findall(r"`(\w+)`", parts[title]))
        tell(found and found <= told, "doc/json.md: %s (%s): %d members%s" % (
            title, name, len(found),
            found - told and ", not told: %s" % sorted(found - told) or ""))
    tell(tried == set(parts) - {"Other commands"}, "doc/json.md: each part was tried %s" % sorted(
        tried ^ set(parts)))


if __name__ == "__main__":
    {"links": links, "targets": targets, "paths": paths, "commands": commands,
     "inline": inline,
     "json": fields}[sys.argv[1]](*sys.argv[2:])
