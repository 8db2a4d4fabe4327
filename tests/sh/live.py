# SPDX-License-Identifier: MIT
"""A live picture on a real terminal: live.py HOW COMMAND... HOW is how it
ends: "key:q", "key:ctrl-c", "signal:TERM", "stop" (Ctrl-Z, continued, q) or
"resize". Prints "PASS case" or "FAIL case".
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

how, command = sys.argv[1], sys.argv[2:]
first = os.fork()
if first:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
os.setsid()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
fd, terminal = pty.openpty()
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def resize(rows, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ,
                struct.pack("HHHH", rows, columns, 0, 0))


resize(12, 70)
before = termios.tcgetattr(terminal)
shell = os.getpgrp()
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    for i in range(3):
        os.dup2(terminal, i)
    os.environ["TERM"] = "xterm"
    os.execv(command[0], command)
shown = ""
status = None


def read_some():
    global shown
    if select.select([fd], [], [], 0.02)[0]:
        shown += os.read(fd, 65536).decode(errors="replace")


def wait_for(name, condition, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        read_some()
        if time.monotonic() > end:
            print("FAIL", how, name, repr(shown[-600:]), flush=True)
            os.kill(pid, signal.SIGKILL)
            os._exit(1)


def check(name, good):
    print("PASS" if good else "FAIL", how, name, "" if good else repr(shown[-900:]), flush=True)


def waited():
    global status
    done, raw = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if done:
        status = raw
    return done


def pictures():
    """The whole ones, without what moves and colours."""
    parts = shown.split("\x1b[H\x1b[J")[1:]
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", p).replace("\r", "") for p in parts]


def raw_mode():
    return not termios.tcgetattr(terminal)[3] & termios.ICANON


wait_for("is drawn", lambda: len(pictures()) > 0 and "\n" in pictures()[0])
check("keys are read one by one", raw_mode())
check("the screen is another one", "\x1b[?1049h" in shown and "\x1b[?25l" in shown)
if how == "resize":
    seen = len(pictures())
    resize(9, 45)
    os.kill(pid, signal.SIGWINCH)

    def fits():
        """Those that were drawn before may still be on their way."""
        return any(p and max(map(len, p.split("\n"))) <= 45 and p.count("\n") < 9
                   for p in pictures()[seen:-1])

    wait_for("is drawn anew, and fits width and height", fits)
    check("is drawn anew", True)
else:
    wait_for("is drawn again", lambda: len(pictures()) > 1)
    lines = pictures()[0].split("\n")
    if "top" in command:
        check("fits the terminal", max(map(len, lines)) <= 70 and len(lines) <= 12)
if how == "stop":
    os.write(fd, b"\x1a")
    wait_for("stops", waited)
    check("stops", os.WIFSTOPPED(status))
    wait_for("stopped: the screen is back", lambda: "\x1b[?1049l" in shown)
    check("stopped: the terminal is as it was", not raw_mode())
    status = None
    seen = len(pictures())
    os.tcsetpgrp(terminal, pid)
    os.kill(pid, signal.SIGCONT)
    wait_for("goes on", lambda: len(pictures()) > seen and raw_mode())
if how == "key:ctrl-c":
    os.write(fd, b"\x03")
elif how.startswith("signal:"):
    os.kill(pid, getattr(signal, "SIG" + how[7:]))
else:
    os.write(fd, b"xyz q")
wait_for("ends", waited)
check("status 0", os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0)
wait_for("the screen is back", lambda: shown.rstrip().endswith("\x1b[?25h\x1b[?1049l"))
check("the terminal is as it was", termios.tcgetattr(terminal)[:6] == before[:6])
colour = re.search(r"\x1b\[(1|3[123])m", shown)
if "top" in command:
    check("colour as asked for", bool(colour) != bool(os.environ.get("NO_COLOR")))
