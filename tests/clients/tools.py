#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Real programs against the router, set up as their pages in doc/tools say.

    tools.py [--write] [NAME...]

Each page doc/tools/NAME.md has shell blocks that ask "Say hello", and files
("In `~/PATH`:" and a block). All are taken from the page, with the router's
address and key put in, and run in three lanes: the backend speaks the client's
own API, Messages alone, Chat Completions alone. In each the program is asked
for a text, then to read a file with its tools. Its answer has to hold a word
that only the provider knows, drawn at the start, and the file's content. What
Claude Code shows of models and their window has to be as its page says, too.

A NAME that ends with .py or .mjs is an SDK. Each block below its heading in
doc/tools/python.md or javascript.md is put in front of programs/NAME (or of the
NAME without its last parts: programs/langchain.py), which is asked for a text,
a streamed text, and to read a file with its tool.

--write puts the rows of what was run into the table of doc/tools/README.md.
What cannot be installed within INSTALL seconds has failed, and no failure keeps
the others from being tried. Everything is on loopback but the
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
WORD, CONTENT, MODEL = ("w" + secrets.token_hex(8) for _ in range(3))
ASK = "Say hello"
SHOWN = {"http://localhost:3456": None, "the-router-key": KEY}
NAMED = {"NAME:MODEL": None}  # in a lane
LANES = {"same": "anthropic,openai,responses", "messages": "anthropic",
         "chat": "openai"}
LIMIT = 180  # seconds of one run
INSTALL = 1200  # seconds
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
        try:
            got = subprocess.run(step, cwd=folder, capture_output=True,
                                 text=True, timeout=INSTALL)
        except subprocess.TimeoutExpired:
            return None, f"cannot be installed within {INSTALL} s"
        if got.returncode:
            return None, "cannot be installed: " + \
                (got.stderr.strip().splitlines() or ["?"])[-1][:200]
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
        self.start([sys.executable, f"{HERE}/word.py", str(up), WORD, self.log,
                    "word-model", MODEL], up)
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
        NAMED["NAME:MODEL"] = f"{lane}:word-model"

    def stop(self):
        for c in reversed(self.children):
            c.send_signal(signal.SIGTERM)
            c.wait(20)


def put_in(text):
    for shown, real in (SHOWN | NAMED).items():
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


def launch(argv, home, work, bin_dir):
    """Its output, and how it ended."""
    env = {k: os.environ[k] for k in ("LANG", "TERM") if k in os.environ}
    env.update(HOME=home, PATH=f"{bin_dir}:{os.environ['PATH']}",
               TMPDIR=home, CI="1", NO_COLOR="1",
               LITELLM_LOCAL_MODEL_COST_MAP="True")  # else it fetches one
    child = subprocess.Popen(
        argv, cwd=work, env=env, stdin=subprocess.DEVNULL, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        start_new_session=True)
    try:
        out, status = child.communicate(timeout=LIMIT)[0], child.returncode
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        out, status = child.communicate()[0], "none in time"
    if os.environ.get("SHOW"):
        print(out)
    return out, status


def end_daemons(folder):
    """What a program has left behind: its home is in our folder."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                if f"\0HOME={folder}/".encode() in b"\0" + f.read():
                    os.kill(int(pid), signal.SIGKILL)
        except OSError:
            pass


def claude_settings(page, block, bin_dir, folder):
    """None, or what of models and their window is not as the page says."""
    home = tempfile.mkdtemp(dir=folder)
    cache = f"{home}/.claude/cache/gateway-models.json"
    window = re.search(r"MAX_CONTEXT_TOKENS=(\d+)000\n", block)[1]
    # It asks for models beside what it does, and ends without waiting for
    # them: on a machine that is slow a later run finds the time.
    for _ in range(5):
        out, status = launch(
            command("claude-code", page, block, bin_dir, home, "/context",
                    "text"), home, home, bin_dir)
        if os.path.exists(cache):
            break
    try:
        with open(cache) as f:
            listed = f.read()
    except OSError as e:
        listed = str(e)
    if f"/ {window}k" not in out:
        return f"no window of {window}k (exit {status}): {out[:300]}"
    if MODEL not in listed:
        return f"{MODEL} is not among its models: {listed[:300]}"
    return None


def run(name, page, block, bin_dir, folder, mode):
    """None, or why it is wrong."""
    if mode == "settings":
        return claude_settings(page, block, bin_dir, folder)
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
    out, status = launch(command(name, page, block, bin_dir, work, ask, mode),
                         home, work, bin_dir)
    missing = [what for what, text in (("word", WORD), ("file", CONTENT))
               if text not in out and (what == "word" or mode == "tools")]
    if missing or (page.kind and status):
        tail = " ".join(out.split())[-300:].replace(KEY, "KEY")
        return f"no {' and no '.join(missing) or 'good end'} in its " \
            f"answer (exit {status}): {tail}"
    return None


def modes(name, page, block):
    """What is tried of a block."""
    yield "text"
    if page.kind:
        yield "stream"
    if name not in NO_TOOLS:
        yield "tools"
    if "CLAUDE_CODE_MAX_CONTEXT_TOKENS" in block:
        yield "settings"


def try_one(name, router, folder):
    """{lane: [why it failed]}"""
    page = Page(name)
    bin_dir, why = install(name)
    if not page.runs:
        why = f"{page.path} has nothing to run"
    results = {}
    for lane in LANES:
        router.lane(lane)
        bad = results[lane] = [why] if why else []
        if why:
            print(f"FAIL {name}, {lane}: {why}", flush=True)
            continue
        for n, block in enumerate(page.runs):
            for mode in modes(name, page, block):
                wrong = run(name, page, block, bin_dir, folder, mode)
                what = f"{name}, {lane}, block {n + 1}, {mode}"
                print(f"FAIL {what}: {wrong}" if wrong else f"PASS {what}",
                      flush=True)
                bad += [wrong] if wrong else []
    end_daemons(folder)
    return results


def try_all(names, folder, done):
    """done(name, results) after each; whether all is well."""
    router, well = Router(folder), True
    try:
        for name in names:
            try:
                results = try_one(name, router, folder)
            except Exception as e:  # the others are tried all the same
                print(f"FAIL {name}: {e!r}", flush=True)
                results = {lane: [repr(e)] for lane in LANES}
            well = well and not any(results.values())
            done(name, results)
    finally:
        router.stop()
        end_daemons(folder)
    return well


def write(name, lanes):
    """Its row in doc/tools/README.md: the others stay."""
    path = os.path.join(TOP, "doc", "tools", "README.md")
    with open(path) as f:
        text = f.read()
    begin, end = "<!-- programs -->\n", "<!-- end of programs -->"
    head, _, rest = text.partition(begin)
    old, _, rest = rest.partition(end)
    rows = {m[1]: m[0] for m in re.finditer(r"^\| \[(.+?)\].*$", old, re.M)}
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
    with tempfile.TemporaryDirectory(prefix="dario-tools-",
                                     ignore_cleanup_errors=True) as folder:
        well = try_all(args.names, folder,
                       write if args.write else lambda name, results: None)
    sys.exit(not well)


if __name__ == "__main__":
    main()
