# SPDX-License-Identifier: MIT
"""Claude Code itself signs in at the router and meets its limits: gateway.py
CLAUDE URL DARIO SPENDER FOLDER KEY

It runs on a terminal of its own, in a mount namespace whose /etc names the
router as the gateway of the organisation (unshare -m, see gateway.t). Prints
"PASS name" or "FAIL name: why".
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
import urllib.parse
import urllib.request

claude, url, dario, spender, folder, key = sys.argv[1:7]
config = os.path.join(folder, "claude")
work = os.path.join(folder, "work")
os.makedirs(config, exist_ok=True)
os.makedirs(work, exist_ok=True)
with open(os.path.join(config, ".claude.json"), "w", encoding="utf-8") as f:
    json.dump({"hasCompletedOnboarding": True, "theme": "dark",
               "lastOnboardingVersion": "9.9.9", "projects": {work: {
                   "hasTrustDialogAccepted": True,
                   "hasCompletedProjectOnboarding": True}}}, f)
MOVES = re.compile(rb"\x1b\[[0-9;?<>=]*[a-zA-Z]|\x1b\][^\x07\x1b]*(\x07|\x1b\\)"
                   rb"|\x1b.|[\s\x00-\x1f]")


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


class Terminal:
    def __init__(self):
        self.shown = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(work)
            os.execve(claude, [claude], {
                "HOME": folder, "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                "TERM": "xterm-256color", "CLAUDE_CONFIG_DIR": config,
                "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
                "DISABLE_AUTOUPDATER": "1", "BROWSER": "/bin/true"})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 50, 160, 0, 0))

    def text(self):
        """Without blanks and movements: how wide a gap is says nothing."""
        return MOVES.sub(b"", self.shown).decode("utf-8", "replace")

    def until(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.text())
            if found:
                return found
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    self.shown += os.read(self.fd, 65536)
                except OSError:
                    break
        return None

    def settle(self):
        """Until nothing moves for a moment."""
        while select.select([self.fd], [], [], 1.0)[0]:
            self.shown += os.read(self.fd, 65536)
            if len(self.shown) > 4 << 20:
                break

    def send(self, text):
        self.shown = b""
        os.write(self.fd, text.encode())

    def type(self, text, pattern, seconds=60):
        """A line, as one types it; None, or what shows `pattern`."""
        self.send(text)
        self.until(re.escape(text[-8:].replace(" ", "")), 10)
        os.write(self.fd, b"\r")
        return self.until(pattern, seconds)


def spend(tokens):
    urllib.request.urlopen(f"{spender}/set",
                           json.dumps({"input": tokens}).encode()).read()


def limit(what):
    subprocess.run([dario, "key", "change", "anna", what], check=True)


def spent():
    out = subprocess.run([dario, "key", "show", "anna", "--json"], check=True,
                         capture_output=True).stdout
    return float(json.loads(out)["used"]["spend"]["month"])


t = Terminal()
check("it starts", t.until("Cloudgateway"), t.text()[-500:])
check("/login asks at this gateway",
      t.type("/login", "Entertoconnect"), t.text()[-500:])
t.send("\r")
check("it asks whether to trust it", t.until("Yes,trust"), t.text()[-500:])
t.send("\x1b[A\r")
code = t.until("([B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4})")
check("it shows a code", code, t.text()[-500:])
if not code:
    sys.exit(1)
form = urllib.parse.urlencode({"user_code": code.group(1), "key": key,
                               "action": "approve"}).encode()
with urllib.request.urlopen(f"{url}/device", form) as f:
    check("the page takes the key", b"as anna" in f.read())
check("it is signed in",
      t.until("(?i)ConnectedtoCloudgateway"), t.text()[-800:])
t.send("\r")
t.until("❯", 10)

spend(1000)
check("it answers", t.type("say something", "spentit"), t.text()[-800:])
token = None
for name in os.listdir(config):
    if name.startswith(".credentials"):
        with open(os.path.join(config, name), encoding="utf-8") as f:
            token = "sk-dario-at-" in f.read()
check("by a token of this router", token)

limit("--models=claude-haiku-*")
check("a model that it may not use is refused readably",
      t.type("once more", "maynotusethemodel"), t.text()[-800:])
limit("--models=")

spend(400000)
limit("--spend=1000/month")
t.type("spend a lot", "spentit")
limit(f"--spend={spent() / 0.82:.4f}/month")
spend(1)
shown = t.type("now look", "(?i)used8[0-9]%|8[0-9]%used|8[0-9]%ofyour")
check("at 80 % it says so", shown, t.text()[-1200:])
t.settle()
dollars = t.type("/usage", r"\$[0-9]+\.[0-9]{2}/\$[0-9]+\.[0-9]{2}")
check("it shows dollars", dollars, t.text()[-1500:])
print("seen:", shown and shown.group(0), dollars and dollars.group(0))
t.send("\x1b")
t.settle()
limit(f"--spend={spent() / 2:.4f}/month")
check("at 100 % the refusal is readable",
      t.type("is it over", "(?i)spendlimitreached"), t.text()[-1500:])
os.kill(t.pid, 9)
os.waitpid(t.pid, 0)
