# SPDX-License-Identifier: MIT
"""dario login --manual on a terminal: terminal.py DARIO WHAT.

WHAT is "right", "wrong" (a code of another log-in) or "nothing". Prints what
the terminal showed, then "exit STATUS", then "echoed" if the code was.
"""

import os
import pty
import re
import sys
import urllib.request

dario, what = sys.argv[1:3]
pid, fd = pty.fork()
if pid == 0:
    os.execv(dario, [dario, "login", "--manual"])

shown = ""


def read_until(pattern):
    global shown
    while not re.search(pattern, shown):
        try:
            data = os.read(fd, 4096)
        except OSError:
            return
        if not data:
            return
        shown += data.decode()


read_until("paste the code: ")
url = re.search(r"http://\S+/authorize\S+", shown).group(0)
with urllib.request.urlopen(url) as f:
    code = re.search(r'<code id="code">([^<]+)', f.read().decode()).group(1)
if what == "wrong":
    code = code.split("#")[0] + "#another"
if what == "nothing":
    code = ""
os.write(fd, code.encode() + b"\n")
read_until("$never")
status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
print(shown)
print("exit", status)
if code and code.split("#")[0] in shown.split("paste the code: ")[1]:
    print("echoed")
