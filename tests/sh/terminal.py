# SPDX-License-Identifier: MIT
"""A hidden question on a real terminal: terminal.py HOW COMMAND... HOW is
"answer:TEXT", "signal:NAME" (as kill sends it), "key:NAME" (as the keyboard
does), "stop" (Ctrl-Z, then continued, then an answer) or "again" (two
stops), "answer-after:NAME:TEXT" (a signal that is ignored).
Prints "PASS case" or "FAIL case".
"""

import fcntl
import os
import pty
import select
import signal
import sys
import termios
import time

how, command = sys.argv[1], sys.argv[2:]
kind, _, what = how.partition(":")
# We are the shell: a session of our own, its terminal, and a job in front.
first = os.fork()
if first:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]))
os.setsid()
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGHUP, signal.SIG_IGN)
fd, terminal = pty.openpty()
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
pid = os.fork()
if pid == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(terminal, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    if "nohup" not in os.environ:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for i in range(3):
        os.dup2(terminal, i)
    os.execv(command[0], command)
shown = ""


def echo():
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def wait_for(name, condition, seconds=90):
    global shown
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            print("FAIL", how, name, repr(shown), flush=True)
            os.kill(pid, signal.SIGKILL)
            os._exit(1)
        if select.select([fd], [], [], 0.01)[0]:
            try:
                shown += os.read(fd, 4096).decode()
            except OSError:
                return


def check(name, good):
    print("PASS" if good else "FAIL", how, name, "" if good else repr(shown))


def wait_status():
    """How it ended or stopped; None: not yet."""
    global status
    done, raw = os.waitpid(pid, os.WNOHANG | os.WUNTRACED)
    if done:
        status = raw
    return done


status = None
wait_for("asks", lambda: "paste" in shown and not echo())
for turn in range({"stop": 1, "again": 2}.get(kind, 0)):
    os.write(fd, b"\x1a")
    wait_for("stops", wait_status)
    check("stops", os.WIFSTOPPED(status))
    check("stopped: the echo is on", echo())
    before = shown.count("paste")
    os.kill(pid, signal.SIGCONT)
    wait_for("asks again", lambda: shown.count("paste") > before and not echo())
    check("continued: asks again", True)
if kind == "answer-after":
    name, _, what = what.partition(":")
    kind = "answer"
    os.kill(pid, getattr(signal, "SIG" + name))
    check("it goes on", not echo())
if kind in ("stop", "again"):
    kind, what = "answer", "sk-secret-0123456789"
if kind == "answer":
    os.write(fd, what.encode() + b"\n")
    wait_for("ends", wait_status)
    check("ends by itself", os.WIFEXITED(status))
    wait_for("all is read", lambda: not select.select([fd], [], [], 0)[0])
    check("is not shown", what not in shown)
elif kind == "key":
    keys = {"INT": b"\x03", "QUIT": b"\x1c"}
    os.write(fd, keys[what])
    wait_for("ends", wait_status)
else:
    os.kill(pid, getattr(signal, "SIG" + what))
    wait_for("ends", wait_status)
if kind in ("key", "signal"):
    check("ends by the signal", os.WIFSIGNALED(status)
          and os.WTERMSIG(status) == getattr(signal, "SIG" + what))
check("the echo is on", echo())
