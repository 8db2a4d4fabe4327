# SPDX-License-Identifier: MIT
"""Many plain CGI workers at once, all with the same account: swarm.py CASE.

Prints "PASS name" or "FAIL name: why". DARIO_HOME has an account whose token
has expired; the provider knows its refresh token.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request

WORKER = os.path.join(os.environ["DARIO_LIBEXECDIR"], "dario.fcgi")
PROVIDER = os.environ["DARIO_ANTHROPIC_BASE_URL"]
FILE = os.path.join(os.environ["DARIO_HOME"], "credentials.json")
BODY = json.dumps({"model": "claude-sonnet-9", "max_tokens": 9, "messages": [
    {"role": "user", "content": "hi"}]}).encode()
COUNT = 50


def check(name, ok, why=""):
    print(f"PASS {name}" if ok else f"FAIL {name}: {why}", flush=True)


def seen():
    with urllib.request.urlopen(PROVIDER + "/seen") as f:
        return json.load(f)


def begin():
    env = dict(os.environ, REQUEST_METHOD="POST", SCRIPT_NAME="",
               PATH_INFO="/v1/messages",
               HTTP_HOST="localhost", REMOTE_ADDR="127.0.0.1",
               CONTENT_LENGTH=str(len(BODY)),
               GATEWAY_INTERFACE="CGI/1.1", SERVER_PROTOCOL="HTTP/1.1")
    p = subprocess.Popen([WORKER], stdin=subprocess.PIPE, env=env,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdin.write(BODY)
    p.stdin.close()
    p.stdin = None
    return p


def run(kill):
    workers = [begin() for _ in range(COUNT)]
    victims = random.sample(workers, kill)
    for v in victims:
        time.sleep(random.uniform(0, 0.06))
        v.send_signal(signal.SIGKILL)
    answers = []
    for w in workers:
        out, err = w.communicate(timeout=300)
        if w not in victims:
            answers.append((out, err))
    return answers


def stored():
    with open(FILE, encoding="utf-8") as f:
        return json.load(f)["claudeAiOauth"]


def main(case, kill):
    before = seen()
    answers = run(kill)
    # Whoever asks does so to the end, also for a worker that was killed.
    end = time.monotonic() + 120
    while seen()["refreshes"] == before["refreshes"]:
        assert time.monotonic() < end, "no refresh"
        time.sleep(0.05)
    after = seen()
    bad = [a for a in answers if not a[0].startswith(b"Status: 200")]
    check(f"{case}: all {len(answers)} requests succeed", not bad, bad[:2])
    check(f"{case}: one refresh reached the server",
          after["refreshes"] == before["refreshes"] + 1,
          after["refreshes"] - before["refreshes"])
    check(f"{case}: no refresh token was used twice",
          after["reuses"] == before["reuses"])
    check(f"{case}: the newest refresh token is stored",
          stored()["refreshToken"] == after["newest"])


random.seed(7)
main(sys.argv[1], int(sys.argv[2]))
