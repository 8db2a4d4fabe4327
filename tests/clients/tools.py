#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs against the router, set up as their pages in doc/tools say.

    tools.py [--write] [NAME...]

Each page doc/tools/NAME.md has shell blocks that ask "Say hello", and files
("In `~/PATH`:" and a block). All are taken from the page, with the router's
address and key put in, and run in three lanes: the backend speaks the client's
own API, Messages alone, Chat Completions alone. In each the program is asked
for a text, then to read a file with its tools. Its answer has to hold a word
that only the provider knows, drawn at the start, and the file's content.

A NAME that ends with .py or .mjs is an SDK. Each block below its heading in
doc/tools/python.md or javascript.md is put in front of programs/NAME (or of the
NAME without its last parts: programs/langchain.py), which is asked for a text,
a streamed text, and to read a file with its tool.

--write puts the rows of what was run into the table of doc/tools/README.md.
What cannot be installed has failed. Everything is on loopback but the
installation.
"""

import argparse
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.abspath(os.path.join(HERE, "..", ".."))
BUILD = os.environ.get("builddir", TOP)
DEPS = os.path.join(BUILD, "tests", "clients", "tools")
KEY = "router-key-" + secrets.token_hex(8)
WORD, CONTENT = ("w" + secrets.token_hex(8) for _ in range(2))
ASK = "Say hello"
SHOWN = {"http://localhost:3456": None, "the-router-key": KEY}
LANES = {"same": "anthropic,openai,responses", "messages": "anthropic",
         "chat": "openai"}
LIMIT = 180  # seconds of one run
# What it takes to let a program use its tools without a question.
NO_TOOLS = {"aider", "llm"}  # they declare none
SDK_PAGES = {".py": "python.md", ".mjs": "javascript.md"}
FREE = {"claude-code": '--allowedTools "Bash(cat *)"', "codex": "",
        "qwen-code": "--approval-mode yolo", "continue": "--auto",
        "copilot": "--allow-all-tools"}
PACKAGES = {
    "claude-code": "npm:@anthropic-ai/claude-code@2.1.332",
    "codex": "npm:@openai/codex@0.169.0",
    "opencode": "npm:opencode-ai@1.18.33",
    "cline": "npm:cline@3.0.65",
    "continue": "npm:@continuedev/cli@1.5.47",
    "qwen-code": "npm:@qwen-code/qwen-code@0.24.4",
    "pi": "npm:@mariozechner/pi-coding-agent@0.73.1",
    "copilot": "npm:@github/copilot@1.0.102",
    "aider": "pip:aider-chat==0.86.2",
    "llm": "pip:llm==0.36",
    "openai.py": "pip:openai==3.57.0",
    "anthropic.py": "pip:anthropic==2.14.0",
    "litellm.py": "pip:litellm==1.110.2",
    "langchain-openai.py": "pip:langchain-openai==1.7.4",
    "langchain-anthropic.py": "pip:langchain-anthropic==1.7.10",
    "pydantic-ai.py": "pip:pydantic-ai==2.62.0",
    "smolagents.py": "pip:smolagents[openai]==1.26.0",
    "openai.mjs": "npm:openai@7.57.0",
    "anthropic.mjs": "npm:@anthropic-ai/sdk@1.14.0",
    "ai-openai.mjs": "npm:ai@7.0.173 @ai-sdk/openai@4.0.118 zod@4.6.7",
    "ai-anthropic.mjs": "npm:ai@7.0.173 @ai-sdk/anthropic@4.0.105 zod@4.6.7",
    "ai-openai-compatible.mjs":
        "npm:ai@7.0.173 @ai-sdk/openai-compatible@3.0.92 zod@4.6.7",
    "langchain-openai.mjs":
        "npm:@langchain/openai@1.6.0 @langchain/core@1.4.0 zod@4.6.7",
    "langchain-anthropic.mjs":
        "npm:@langchain/anthropic@1.5.11 @langchain/core@1.4.0 zod@4.6.7",
    "openai-agents.mjs": "npm:@openai/agents@0.20.0 zod@4.6.7",
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def install(name):
    """The folder of its programs, or a text that says why not."""
    kind, spec = PACKAGES[name].split(":", 1)
    folder = os.path.join(DEPS, name)
    done = os.path.join(folder, ".done")
    bin_dir = os.path.join(folder, "node_modules" if kind == "npm" else "",
                           ".bin" if kind == "npm" else "bin")
    if os.path.exists(done) and open(done).read() == spec:
        return bin_dir, None
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    if kind == "npm":
        with open(os.path.join(folder, "package.json"), "w") as f:
            f.write('{"private": true}')
        steps = [["npm", "install", "--no-audit", "--no-fund",
                  "--loglevel=error", *spec.split()]]
    else:
        steps = [["python3", "-m", "venv", folder],
                 [f"{folder}/bin/pip", "install", "-q",
                  "--disable-pip-version-check", *spec.split()]]
    for step in steps:
        got = subprocess.run(step, cwd=folder, capture_output=True, text=True)
        if got.returncode:
            return None, (got.stderr.strip().splitlines() or ["?"])[-1][:200]
    with open(done, "w") as f:
        f.write(spec)
    return bin_dir, None


class Page:
    """What doc/tools says is to be done with NAME."""

    def __init__(self, name):
        stem, self.kind = os.path.splitext(name)
        self.path = SDK_PAGES.get(self.kind, f"{name}.md")
        with open(os.path.join(TOP, "doc", "tools", self.path)) as f:
            text = f.read()
        self.files = re.findall(r"In `~/([^`]+)`:\n\n```\w*\n(.*?)```", text,
                                re.S)
        if self.kind:
            self.path += f"#{stem}"
            text = text.partition(f"\n## {stem}\n")[2].split("\n## ")[0]
            self.runs = re.findall(r"```\w+\n(.*?)```", text, re.S)
        else:
            self.runs = [b for b in re.findall(r"```sh\n(.*?)```", text, re.S)
                         if ASK in b]
        for need in SHOWN:
            if need not in text:
                sys.exit(f"{self.path} does not name {need}")


class Router:
    def __init__(self, folder):
        self.folder, self.children = folder, []
        self.port, up = free_port(), free_port()
        self.log = os.path.join(folder, "asked")
        home = os.path.join(folder, "home")
        self.env = dict(os.environ, DARIO_HOME=home, DARIO_API_KEY=KEY,
                        DARIO_DATADIR=TOP)
        self.start([sys.executable, f"{HERE}/word.py", str(up), WORD, self.log],
                   up)
        for lane, protocols in LANES.items():
            self.dario("backend", "add", lane, "--key-file=/dev/stdin",
                       f"--base-url=http://127.0.0.1:{up}/v1",
                       f"--protocol={protocols}", text="provider-key-1")
        self.start([f"{BUILD}/dario", "proxy", f"--port={self.port}"],
                   self.port)
        SHOWN["http://localhost:3456"] = f"http://localhost:{self.port}"

    def start(self, argv, port):
        self.children.append(subprocess.Popen(
            argv, env=self.env, stdin=subprocess.DEVNULL,
            stdout=open(os.path.join(self.folder, "log"), "ab"),
            stderr=subprocess.STDOUT))
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit(f"{argv[0]} does not start: see {self.folder}/log")

    def dario(self, *args, text=None):
        subprocess.run([f"{BUILD}/dario", *args], env=self.env, check=True,
                       input=text, text=True, capture_output=True)

    def lane(self, lane):
        self.dario("route", "add", "*", f"{lane}:word-model")

    def stop(self):
        for c in reversed(self.children):
            c.send_signal(signal.SIGTERM)
            c.wait(20)


def put_in(text):
    for shown, real in SHOWN.items():
        text = text.replace(shown, real)
    return text


def command(name, page, block, bin_dir, work, ask, mode):
    """The arguments that run the block: a shell's, or a whole program's."""
    block = put_in(block)
    if not page.kind:
        free = FREE.get(name)
        if mode == "tools" and free:
            block = block.replace(f'"{ASK}"', f'"{ASK}" {free}')
        return ["sh", "-ec", block.replace(ASK, ask)]
    parts = os.path.join(HERE, "programs")
    rest = name[:-len(page.kind)]
    while not os.path.exists(os.path.join(parts, rest + page.kind)):
        rest = rest[:rest.rindex("-")]
    shutil.copy(os.path.join(parts, f"tool{page.kind}"), work)
    with open(os.path.join(parts, rest + page.kind)) as f:
        block += "\n" + f.read()
    program = os.path.join(work, f"program{page.kind}")
    with open(program, "w") as f:
        f.write(block)
    if page.kind == ".py":
        return [f"{bin_dir}/python3", program, ask, mode]
    os.symlink(os.path.dirname(bin_dir), os.path.join(work, "node_modules"))
    return ["node", program, ask, mode]


def run(name, page, block, bin_dir, folder, mode):
    """None, or why it is wrong."""
    home = tempfile.mkdtemp(dir=folder)
    work = os.path.join(home, "work")
    os.mkdir(work)
    for path, text in page.files:
        path = os.path.join(home, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(put_in(text))
    ask = "Say the word."
    if mode == "tools":
        with open(os.path.join(work, "note.txt"), "w") as f:
            f.write(CONTENT + "\n")
        ask = f"Use a tool to read {work}/note.txt and say what it says."
    env = {k: os.environ[k] for k in ("LANG", "TERM") if k in os.environ}
    env.update(HOME=home, PATH=f"{bin_dir}:{os.environ['PATH']}",
               TMPDIR=home, CI="1", NO_COLOR="1",
               LITELLM_LOCAL_MODEL_COST_MAP="True")  # else it fetches one
    child = subprocess.Popen(
        command(name, page, block, bin_dir, work, ask, mode), cwd=work, env=env,
        stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, start_new_session=True)
    try:
        out = child.communicate(timeout=LIMIT)[0]
        status = child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, status = child.communicate()[0], "none in time"
    if os.environ.get("SHOW"):
        print(out)
    missing = [what for what, text in (("word", WORD), ("file", CONTENT))
               if text not in out and (what == "word" or mode == "tools")]
    if missing or (page.kind and status):
        tail = " ".join(out.split())[-300:].replace(KEY, "KEY")
        return f"no {' and no '.join(missing) or 'good end'} in its " \
            f"answer (exit {status}): {tail}"
    return None


def try_all(names, folder):
    """{name: {lane: [why it failed]}}"""
    router, results = Router(folder), {}
    try:
        for name in names:
            page = Page(name)
            bin_dir, why = install(name)
            results[name] = {}
            for lane in LANES:
                router.lane(lane)
                bad = results[name][lane] = [why] if why else []
                for n, block in enumerate(page.runs):
                    for mode in ("text", "stream", "tools"):
                        if why or (mode == "tools" and name in NO_TOOLS) or \
                                (mode == "stream" and not page.kind):
                            continue
                        wrong = run(name, page, block, bin_dir, folder, mode)
                        what = f"{name}, {lane}, block {n + 1}, {mode}"
                        print(f"FAIL {what}: {wrong}" if wrong else
                              f"PASS {what}", flush=True)
                        bad += [wrong] if wrong else []
                if why:
                    print(f"FAIL {name}, {lane}: cannot be installed: {why}")
    finally:
        router.stop()
    return results


def write(results):
    """The table of doc/tools/README.md: what was not run keeps its row."""
    path = os.path.join(TOP, "doc", "tools", "README.md")
    with open(path) as f:
        text = f.read()
    begin, end = "<!-- programs -->\n", "<!-- end of programs -->"
    head, _, rest = text.partition(begin)
    old, _, rest = rest.partition(end)
    rows = {m[1]: m[0] for m in re.finditer(r"^\| \[(.+?)\].*$", old, re.M)}
    for name, lanes in results.items():
        spec = PACKAGES[name].split(":", 1)[1]
        rows[name] = f"| [{name}]({Page(name).path}) | {spec} | " + \
            " | ".join("**fails**" if bad else "works"
                       for bad in lanes.values()) + " |"
    table = ["| program | tried with | its own API | to Messages | to Chat |",
             "|---|---|---|---|---|"]
    table += [rows[name] for name in PACKAGES if name in rows]
    with open(path, "w") as f:
        f.write(head + begin + "\n" + "\n".join(table) + "\n\n" + end + rest)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--write", action="store_true")
    p.add_argument("names", nargs="*", default=list(PACKAGES))
    args = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="dario-tools-") as folder:
        results = try_all(args.names, folder)
    if args.write:
        write(results)
    sys.exit(any(bad for lanes in results.values() for bad in lanes.values()))


if __name__ == "__main__":
    main()
