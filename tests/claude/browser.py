# SPDX-License-Identifier: MIT
"""A headless Chromium opens an address and clicks: browser.py URL ID [FLAG...].

Speaks W3C WebDriver to chromedriver. Waits for the element, and prints the
title of the page that the click leads to. A FLAG goes to Chromium.
"""

import json
import subprocess
import sys
import tempfile
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]


def command(base, method, path, **body):
    data = json.dumps(body).encode() if method == "POST" else None
    request = urllib.request.Request(base + path, data, method=method, headers={
        "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as f:
        return json.load(f)["value"]


def drive(base, url, element, flags):
    with tempfile.TemporaryDirectory() as folder:
        session = command(base, "POST", "/session", capabilities={
            "alwaysMatch": {"browserName": "chrome", "goog:chromeOptions": {
                "args": FLAGS + flags + [f"--user-data-dir={folder}"]}}})
        here = f"/session/{session['sessionId']}"
        try:
            command(base, "POST", here + "/timeouts", implicit=20000)
            command(base, "POST", here + "/url", url=url)
            found = command(base, "POST", here + "/element",
                            using="css selector", value="#" + element)
            was = title = command(base, "GET", here + "/title")
            command(base, "POST", f"{here}/element/{found[ELEMENT]}/click")
            end = time.monotonic() + 90
            while title == was and time.monotonic() < end:
                title = command(base, "GET", here + "/title")
            print(title)
        finally:
            command(base, "DELETE", here)


driver = subprocess.Popen(["chromedriver", "--port=0"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
try:
    port = None
    while not port:
        line = driver.stdout.readline()
        if "started successfully on port" in line:
            port = line.rstrip(".\n").split()[-1]
        elif not line:
            sys.exit("chromedriver does not start")
    drive(f"http://127.0.0.1:{port}", *sys.argv[1:3], sys.argv[3:])
finally:
    driver.terminate()
    driver.wait()
