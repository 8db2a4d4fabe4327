# SPDX-License-Identifier: MIT
"""The page in a headless Chromium: page.py URL, with a JSON object on standard
input: owner, person, removed (keys), axe (path of axe.min.js, or ""), shots (a
folder for pictures, or ""), remove, ask (commands). With "newcomer", of a
router that has nothing and no key: add (a command).

Speaks W3C WebDriver to chromedriver. Prints PASS and FAIL lines.
"""

import base64
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
         "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars"]
WAIT = 90  # seconds; what is waited for mostly comes at once


class Browser:
    def __init__(self, base, folder):
        self.base = base
        self.root = ""
        session = self.call("POST", "/session", capabilities={
            "alwaysMatch": {"browserName": "chrome", "goog:loggingPrefs": {
                "browser": "ALL"}, "goog:chromeOptions": {
                "args": FLAGS + [f"--user-data-dir={folder}"]}}})
        self.root = f"/session/{session['sessionId']}"
        self.call("POST", "/timeouts", script=600000)

    def call(self, method, path, **body):
        data = json.dumps(body).encode() if method == "POST" else None
        request = urllib.request.Request(
            self.base + self.root + path, data, method=method,
            headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=700) as f:
            return json.load(f)["value"]

    def open(self, url):
        self.call("POST", "/url", url=url)

    def js(self, script, *args):
        return self.call("POST", "/execute/sync", script=script, args=args)

    def wait(self, script, *args):
        """Until the expression is true; its value then, or the last one."""
        end = time.monotonic() + WAIT
        while True:
            value = self.js("return " + script, *args)
            if value or time.monotonic() > end:
                return value
            time.sleep(0.05)

    def keys(self, selector, text):
        found = self.call("POST", "/element", using="css selector",
                          value=selector)
        self.call("POST", f"/element/{next(iter(found.values()))}/value",
                  text=text)

    def hover(self, element, x, y):
        """From the middle of it; of None: at that place of the window."""
        self.call("POST", "/actions", actions=[{
            "type": "pointer", "id": "mouse", "actions": [{
                "type": "pointerMove", "duration": 0, "x": x, "y": y,
                "origin": element or "viewport"}]}])

    def devtools(self, cmd, **params):
        return self.call("POST", "/goog/cdp/execute", cmd=cmd, params=params)

    def theme(self, name, motion="no-preference"):
        self.devtools("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name},
            {"name": "prefers-reduced-motion", "value": motion}])

    def press(self, key):
        """Whatever has the focus gets it."""
        self.call("POST", "/actions", actions=[{
            "type": "key", "id": "keys", "actions": [
                {"type": t, "value": key} for t in ("keyDown", "keyUp")]}])

    def held(self):
        """What the page holds, when what it let go of is gone."""
        self.devtools("HeapProfiler.enable")
        self.devtools("Performance.enable")
        self.devtools("HeapProfiler.collectGarbage")
        found = self.devtools("Performance.getMetrics")["metrics"]
        return {x["name"]: x["value"] for x in found}

    def size(self, width, height):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width,
                      height=height, deviceScaleFactor=1, mobile=False)

    def shot(self, path):
        data = self.call("GET", "/screenshot")
        with open(path, "wb") as f:
            f.write(base64.b64decode(data))


@contextlib.contextmanager
def chromium():
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
        with tempfile.TemporaryDirectory() as folder:
            b = Browser(f"http://127.0.0.1:{port}", folder)
            try:
                yield b
            finally:
                b.call("DELETE", "")
    finally:
        driver.terminate()
        driver.wait()


def check(name, good, why=""):
    print(f"PASS {name}" if good else f"FAIL {name}: {why}", flush=True)


SHOWN = "document.querySelector(arguments[0]) && !document.querySelector(arguments[0]).closest('[hidden]')"
TEXT = "document.querySelector(arguments[0]).textContent"


def log_in(b, key):
    b.wait(SHOWN, "#login-key")
    b.keys("#login-key", key + "\ue007")


def logging_in(b, url, told):
    b.open(url)
    check("without a log-in: the form", b.wait(SHOWN, "#login-form"))
    check("without a log-in: no numbers", not b.js(
        "return " + SHOWN, "#accounts"))
    axe_finds(b, told, "the form")
    log_in(b, "wrong-key")
    said = b.wait(TEXT, "#login-error")
    check("a wrong key: refused, in words", "no key of this router" in said,
          said)
    check("a wrong key: no cookie", b.call("GET", "/cookie") == [])
    b.js("document.getElementById('login-key').value = ''")
    log_in(b, told["owner"])
    check("the router's key: lets in", b.wait(SHOWN, "#accounts"),
          b.js("return " + TEXT, "#live"))
    cookie = b.call("GET", "/cookie")
    check("the cookie: closed", len(cookie) == 1 and cookie[0]["httpOnly"]
          and cookie[0]["sameSite"] == "Strict", str(cookie))
    check("the cookie: no script sees it", b.js("return document.cookie") == "")
    status = b.js("return fetch('accounts').then((r) => r.status)")
    check("the cookie: good for nothing alone", status == 401, str(status))
    b.open(url)
    check("loaded anew: still logged in", b.wait(SHOWN, "#accounts"))
    status = b.js("return fetch('v1/models').then((r) => r.status)")
    check("the cookie: no key for models", status == 401, str(status))
    status = b.js("return fetch('v1/accounts').then((r) => r.status)")
    check("the cookie: for the page's own paths alone", status == 401,
          str(status))


def living(b, told):
    b.wait("document.querySelectorAll('#request-rows tr').length > 0")
    b.js("""for (const n of document.querySelectorAll('#account-list article'))
    n.marked = true;
document.querySelector('#request-rows tr').marked = true;
window.marked = true""")
    was = b.js("return document.querySelector('#request-rows tr').dataset.item")
    subprocess.run(told["ask"], shell=True, check=True)
    new = b.wait("document.querySelector('#request-rows tr').dataset.item "
                 "!== arguments[0]", was)
    check("a new request appears by itself", new)
    check("without another load of the page", b.js("return window.marked"))
    check("what was shown stays the same node", b.js(
        "return [...document.querySelectorAll('#account-list article')]"
        ".every((n) => n.marked) && document.querySelectorAll("
        "'#request-rows tr')[1].marked"))


CHART = "#charts > [data-item=requests]"
TIP = "document.getElementById('tip')"


def hovering(b):
    """The numbers of a chart, by mouse and by keys, are those of its table."""
    b.wait(SHOWN, CHART)
    b.js("document.querySelector(arguments[0]).scrollIntoView("
         "{block: 'center'})", CHART)
    rows = b.js("""return [...document.querySelectorAll(arguments[0] + " table tr")]
    .map((r) => [...r.cells].map((c) => c.textContent))""", CHART)
    names, last = rows[0][1:], rows[-1]
    want = [f"{n}: {v}" for n, v in zip(names, last[1:]) if v != "–"]
    chart = b.call("POST", "/element", using="css selector",
                   value=CHART + " svg")
    box = b.js("const x = arguments[0].getBoundingClientRect();"
               "return [x.width, x.height]", chart)
    check("a chart: no numbers before", b.js(f"return {TIP}.hidden"))
    b.hover(chart, int(box[0] * 0.48), 0)  # where the last hour is
    said = b.js(f"return {TIP}.hidden ? '' : {TIP}.textContent")
    check("a chart: its numbers under the mouse", said.split("\n") ==
          [last[0], *want], f"{said!r}, not {last[0]!r} and {want!r}")
    inside = b.js(f"const x = {TIP}.getBoundingClientRect(); return x.left >= 0"
                  " && x.right <= innerWidth && x.top >= 0")
    check("a chart: they are inside of the window", inside)
    b.hover(None, 2, 2)
    check("a chart: gone with the mouse", b.wait(f"{TIP}.hidden"))
    b.keys(CHART + " svg", "\ue012\ue014")  # to the left and back
    said = b.js(f"return {TIP}.hidden ? '' : {TIP}.textContent")
    check("a chart: the same by keys", said.split("\n") == [last[0], *want],
          repr(said))
    told = b.js("return document.querySelector(arguments[0] + ' svg')"
                ".getAttribute('aria-description')", CHART)
    check("a chart: and for screen readers", told == said, repr(told))
    b.keys(CHART + " svg", "\ue00c")  # Escape
    check("a chart: gone with Escape", b.wait(f"{TIP}.hidden"))


def choosing(b):
    """The windows of an hour, and of two days."""
    chart = "#charts > [data-item=util]"
    last = "[...document.querySelectorAll(arguments[0] + ' tbody tr')].length"
    b.wait(SHOWN, chart)
    few = b.js("return " + last, chart)
    b.js("document.querySelector('[data-past=\"48h\"]').click()")
    many = b.wait(f"({last}) > 40 && ({last})", chart)
    check("the windows of two days", few <= 12 < 40 < (many or 0),
          f"{few}, then {many} rows")
    first = b.js("return document.querySelector(arguments[0] + ' tbody th')"
                 ".textContent", chart)
    check("it says which is chosen", b.js(
        "return [...document.querySelectorAll('#past [aria-pressed=true]')]"
        ".map((n) => n.dataset.past).join()") == "48h")
    names = b.js("return [...document.querySelectorAll(arguments[0] + "
                 "' thead th')].map((n) => n.textContent)", chart)
    check("each account has both", names == [
        "Time", "home, 5 h", "home, 7 d", "work, 5 h", "work, 7 d"], names)
    b.js("window.past = document.getElementById('past')")
    b.js("document.querySelector('[data-past=\"24h\"]').click()")
    later = b.wait("document.querySelector(arguments[0] + ' tbody th')"
                   ".textContent !== arguments[1]", chart, first)
    check("and of one", later and b.js("return " + last, chart) > 24)
    check("the choice stays the same node", b.js(
        "return window.past === document.getElementById('past')"))


LEGEND = "[...document.querySelectorAll('#charts > [data-item=' + " \
    "arguments[0] + '] .legend .key')].map((n) => n.textContent).sort().join()"


def splitting(b):
    """Sums by hour and day, by model, backend and key."""
    for by, names in (("backend", "claude,groq,openai"),
                      ("key", "anna,ben,owner"),
                      ("model", "claude-haiku-4-5,claude-haiku-9,claude-opus-9,"
                                "claude-sonnet-9,gpt-5,llama-3.3-70b")):
        b.js("document.querySelector(arguments[0]).click()",
             f"#split [data-by={by}]")
        now = b.wait(f"{LEGEND} === arguments[1]", "cost", names)
        check(f"cost by {by}", now, b.js("return " + LEGEND, "cost"))
    shown = b.js("return [...document.querySelectorAll('#charts > *')].map("
                 "(n) => n.dataset.item).join()")
    check("a chart of each", shown == "util,cost,requests,in,out,errors,first",
          shown)
    rows = "document.querySelectorAll('#charts > [data-item=requests] " \
        "tbody tr').length"
    hours = b.js("return " + rows)
    b.js("document.querySelector('#span [data-span=day]').click()")
    check("by day: one row each", b.wait(f"{rows} < 5") and hours > 40,
          f"{hours} hours")
    b.js("document.querySelector('#span [data-span=hour]').click()")
    check("by hour again", b.wait(f"{rows} > 40"))
    span = b.js("return state.analytics.window.minutes")
    said = b.js("return [...document.querySelectorAll('#tiles [data-part="
                "label]')].slice(0, 3).map((n) => n.textContent).join('; ')")
    check("of which time the numbers at the top are", said ==
          "Requests, {0} min; Tokens, {0} min; Cost, {0} min".format(span),
          said)
    check("when a window will be full", re.search(
        r"work: its 5 h window will be full at .*\d\d:\d\d, at \d+ % an hour",
        b.js("return " + TEXT, "#notes")))


def keying(b, url):
    """By keys alone: past the navigation, and to what can be changed."""
    b.open(url)
    b.wait(SHOWN, "#accounts")
    b.keys("body", "\ue004")  # Tab
    check("keys: first the way to the content", b.js(
        "return document.activeElement.className") == "skip")
    b.keys(".skip", "\ue007")
    check("keys: there", b.wait("document.activeElement.id === 'main'"))
    b.wait("document.querySelectorAll('#account-list summary').length > 0")
    seen = []
    for _ in range(12):
        b.press("\ue004")
        seen.append(b.js("return document.activeElement.textContent.trim()"))
    check("keys: each account, and what is added", "Change" in seen and
          "Add an account by its key" in seen and "Add a backend" in seen, seen)
    check("keys: what has them is seen", b.js(
        "return getComputedStyle(document.activeElement).outlineStyle") !=
        "none")


FOCUS = "document.activeElement"


def acting_by_keys(b):
    """An account is rested, and serves again, without a mouse."""
    card = "#account-list article[data-item='claude/work']"
    pill = f"document.querySelector(\"{card} [data-part=pill]\").textContent"
    b.js("document.querySelector(arguments[0]).focus()", card + " summary")
    b.press("\ue007")  # Enter
    check("keys: an account's form opens", b.wait(
        "document.querySelector(arguments[0]).open", card + " details"))
    for name, want in (("Pause", "paused"), ("Resume", "ready")):
        for _ in range(8):
            if b.js(f"return {FOCUS}.textContent") == name:
                break
            b.press("\ue004")
        b.press("\ue007")
        check(f"keys: {name}", b.wait(f"{pill} === arguments[0]", want),
              b.js("return " + pill))
    check("keys: the focus stays where it was", b.js(
        f"return {FOCUS}.dataset.part") == "pause")


def still(b):
    """Nothing moves for whom that makes ill."""
    moves = "[...document.querySelectorAll('*')].filter((n) => { const s = " \
        "getComputedStyle(n); return parseFloat(s.transitionDuration) > 0 || " \
        "s.animationName !== 'none' || s.scrollBehavior === 'smooth'; }).length"
    check("motion: bars move to their places", b.wait(f"{moves} > 0"))
    b.theme("light", "reduce")
    check("motion: nothing moves where that is asked for",
          b.wait(f"{moves} === 0"), b.js("return " + moves))
    b.theme("light")


LAST = 60  # refreshes: five minutes


def lasting(b):
    """A page that stays open holds no more than at first."""
    again = "const done = arguments[0]; (async () => { for (let i = 0; i < " \
        f"{LAST}; i++) {{ clearTimeout(timer); await refresh(); }} done(); }})()"
    b.call("POST", "/execute/async", script=again, args=[])
    first = b.held()
    b.call("POST", "/execute/async", script=again, args=[])
    then = b.held()
    for what, more in (("Nodes", 50), ("JSEventListeners", 10),
                       ("JSHeapUsedSize", 1 << 20)):
        check(f"open for long: {what}", then[what] <= first[what] + more,
              f"{first[what]}, then {then[what]}")


def pausing(b):
    """Nothing is asked for while another tab is in front."""
    b.js("""window.asked = 0;
const fetched = window.fetch, later = window.setTimeout;
window.fetch = (...a) => { window.asked++; return fetched(...a); };
window.setTimeout = (fn, ms, ...a) => later(fn, ms / 20, ...a)""")
    refreshes = b.wait("window.asked > 9")  # of which each asks five times
    check("in front: it refreshes itself", refreshes)
    first = b.call("GET", "/window")
    other = b.call("POST", "/window/new", type="tab")["handle"]
    b.call("POST", "/window", handle=other)
    b.call("POST", "/window", handle=first)
    if not b.js("return document.hidden"):  # this one stays in front
        b.js("Object.defineProperty(document, 'hidden', {configurable: true, "
             "get: () => true});"
             "document.dispatchEvent(new Event('visibilitychange'))")
    check("hidden: it says so", b.wait(TEXT + " === 'paused'", "#live"),
          b.js("return " + TEXT, "#live"))
    b.wait("!running")
    was = b.js("return window.asked")
    time.sleep(1)  # the time of four refreshes
    now = b.js("return window.asked")
    check("hidden: it asks for nothing", now == was, f"{now - was} times")
    b.js("delete document.hidden;"
         "document.dispatchEvent(new Event('visibilitychange'))")
    check("in front again: it goes on", b.wait(
        "window.asked > arguments[0] + 9", was))
    check("in front again: it says so", b.wait(TEXT + " === 'live'", "#live"))
    b.call("POST", "/window", handle=other)
    b.call("DELETE", "/window")
    b.call("POST", "/window", handle=first)


def acting(b):
    card = "[...document.querySelectorAll('#account-list article')].find(" \
        "(n) => n.dataset.item === 'claude/spare')"
    b.js(f"{card}.querySelector('summary').click()")
    b.js(f"{card}.querySelector('[data-part=pause]').click()")
    check("an account is resumed", b.wait(
        f"{card}.querySelector('[data-part=pill]').textContent === 'ready'"))
    b.js(f"""const form = {card}.querySelector('form');
form.elements.reserve.value = 15; form.elements.priority.value = 7;
form.requestSubmit()""")
    check("reserve and priority are set", b.wait(
        f"{card}.querySelector('[data-part=rank]').textContent === "
        "'priority 7, 15 % reserved'"))
    b.js(f"""const form = {card}.querySelector('form');
form.noValidate = true; form.elements.priority.value = 100000;
form.requestSubmit()""")
    said = b.wait(f"({card}.querySelector('.result.bad') || {{}}).textContent")
    check("what is wrong is said, as by the command",
          said and "priority must be 0 to 1000" in said, said)
    b.js("""const form = document.getElementById('add-backend');
form.closest('details').open = true;
form.elements.name.value = 'mine'; form.requestSubmit()""")
    said = b.wait("(document.querySelector('#add-backend .bad') || {})"
                  ".textContent")
    check("a backend nobody knows needs an address",
          said and "no address is known for mine" in said, said)
    b.js("""const form = document.getElementById('add-backend');
form.elements['base-url'].value = 'http://127.0.0.1:9/v1';
form.requestSubmit()""")
    check("a backend is added", b.wait("document.getElementById("
                                       "'backend-list').textContent.includes('mine')"))
    b.js("""const form = document.getElementById('add-rule');
form.closest('details').open = true;
form.elements.match.value = 'slow*'; form.elements.target.value = 'nobody';
form.requestSubmit()""")
    said = b.wait("(document.querySelector('#add-rule .bad') || {}).textContent")
    check("a rule to nobody is refused", said and "nobody" in said, said)
    b.js("""const form = document.getElementById('add-rule');
form.elements.target.value = 'local'; form.requestSubmit()""")
    check("a rule is added", b.wait("document.getElementById('rule-list')"
                                    ".textContent.includes('slow*')"))
    gone = "![...document.querySelectorAll('#rule-list code')].some(" \
        "(n) => n.textContent === 'slow*')"
    b.js("const x = document.querySelector('[aria-label=\"Remove the rule for "
         "slow*\"]'); x.click(); x.click()")
    check("a rule is removed, after a question", b.wait(gone))
    keeping_keys(b)
    logging_account_in(b)
    b.js(DETAILS + "false")


def keeping_keys(b):
    b.js("""const form = document.getElementById('add-key');
form.closest('details').open = true;
form.elements.name.value = 'carla'; form.elements.spend.value = '7/month';
form.requestSubmit()""")
    shown = b.wait("document.getElementById('new-key').hidden ? '' : "
                   "document.getElementById('new-key').textContent")
    check("a person's key is made, and shown", shown and "carla" in shown and
          "sk-dario-" in shown)
    row = "[...document.querySelectorAll('#key-list > *')].find((n) => " \
        "n.querySelector('b').textContent === 'carla')"
    check("it is in the list with its limit",
          b.wait(f"({row} || {{textContent: ''}}).textContent.includes('$7/month')"))
    b.js("document.getElementById('new-key-hide').click()")
    check("it is hidden, and nowhere else", b.js(
        "return !document.body.textContent.includes('sk-dario-')"))
    b.js(f"""const form = {row}.querySelector('form');
form.closest('details').open = true;
form.elements.spend.value = ''; form.elements.parallel.value = '3';
form.requestSubmit()""")
    check("its limits are changed", b.wait(
        f"{row}.textContent.includes('3 at a time') && "
        f"!{row}.textContent.includes('$7')"))
    b.js(f"{row}.querySelector('[data-part=off]').click()")
    check("it is disabled", b.wait(
        f"{row}.querySelector('[data-part=off]').textContent === 'Enable'"))
    b.js(f"const x = {row}.querySelector('[aria-label=\"Remove the key of "
         "carla\"]'); x.click(); x.click()")
    check("it is removed, after a question", b.wait(f"!{row}"))


def logging_account_in(b):
    b.js("""const form = document.getElementById('log-in-account');
form.closest('details').open = true;
form.elements.alias.value = 'sub'; form.requestSubmit()""")
    address = b.wait("!document.getElementById('log-in-open').hidden && "
                     "document.getElementById('log-in-address').href")
    check("a log-in shows its address", address and "/authorize?" in address)
    with urllib.request.urlopen(address) as f:
        code = re.search(r'<code id="code">([^<]+)', f.read().decode())[1]
    b.keys("#log-in-code input", code)
    b.js("document.querySelector('#log-in-account [name=end]').click()")
    check("it is done with the code", b.wait(
        "document.querySelector('#log-in-account .result').textContent"
        ".includes('good for')"))
    check("the account is there", b.wait(
        "document.getElementById('account-list').textContent.includes('sub')"))


def axe_finds(b, told, name):
    if not told["axe"]:
        return
    with open(told["axe"]) as f:
        b.js(f.read())
    found = b.call("POST", "/execute/async", args=[], script="""
const done = arguments[0];
axe.run(document, {resultTypes: ["violations"]}).then((r) => done(r.violations.map(
    (v) => v.id + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | "))),
    (e) => done([String(e)]))""")
    check(f"{name}: axe finds nothing", found == [], "; ".join(found))


DETAILS = "for (const d of document.querySelectorAll('details')) d.open = "


def opened(b, told, name):
    """With every form and table open, on a phone."""
    b.js(DETAILS + "true")
    axe_finds(b, told, f"{name}, all open")
    check(f"{name}, all open: as wide as a phone", b.js(
        "return document.documentElement.scrollWidth <= innerWidth"))
    b.js(DETAILS + "false")


def themes(b, told):
    for name in ("light", "dark"):
        b.theme(name)
        b.size(1280, 900)
        now = b.wait("document.documentElement.dataset.theme === arguments[0]",
                     name)
        check(f"{name}: as the system has it", now)
        axe_finds(b, told, name)
        wide = b.js("return document.documentElement.scrollWidth <= innerWidth")
        b.size(360, 740)
        narrow = b.wait("document.documentElement.scrollWidth <= innerWidth")
        check(f"{name}: as wide as the window, on a phone too", wide and narrow)
        opened(b, told, name)
        if told["shots"]:
            b.js("document.body.focus(); scrollTo(0, 0)")
            b.shot(f"{told['shots']}/page-{name}-phone.png")
            b.size(1280, 1600)
            time.sleep(0.6)  # bars move to their places
            b.shot(f"{told['shots']}/page-{name}.png")
        b.size(1280, 900)
    b.js("document.getElementById('theme').click()")
    b.theme("light")
    check("the switch: dark, whatever the system has", b.wait(
        "document.documentElement.dataset.theme === 'dark'"))
    b.js("document.getElementById('theme').click()")
    b.js("document.getElementById('theme').click()")


def leaving(b, url, told):
    b.js("document.getElementById('logout').click()")
    check("logged out: the form again", b.wait(SHOWN, "#login-form"))
    status = b.js("return fetch('accounts').then((r) => r.status)")
    check("logged out: nothing to be had", status == 401, str(status))
    log_in(b, told["person"])
    check("a person's key: lets in", b.wait(SHOWN, "#requests"))
    b.wait("document.querySelectorAll('#request-rows tr').length > 0")
    whose = b.js("return [...new Set([...document.querySelectorAll("
                 "'#request-rows [data-part=time2]')]"
                 ".map((n) => n.textContent))].join()")
    check("a person: their own requests alone", whose == "anna", whose)
    check("a person: no accounts", not b.js("return " + SHOWN, "#accounts"))
    status = b.js("return ask('accounts').catch((e) => e.status)")
    check("a person: none to be had", status == 403, str(status))
    b.size(360, 740)
    for name in ("light", "dark"):
        b.theme(name)
        b.wait("document.documentElement.dataset.theme === arguments[0]", name)
        axe_finds(b, told, f"a person, {name}")
    check("a person: as wide as a phone", b.wait(
        "document.documentElement.scrollWidth <= innerWidth"))
    subprocess.run(told["remove"], shell=True, check=True)
    check("a key that is removed ends its session",
          b.wait(SHOWN, "#login-form"))


def beginning(b, url, told):
    """Nothing is configured: what is next, until something is."""
    b.open(url)
    check("a newcomer: what is next", b.wait(SHOWN, "#start"))
    said = b.js("return " + TEXT, "#start")
    for part in ("dario login", "dario backend add", "ANTHROPIC_BASE_URL=" + url,
                 "OPENAI_BASE_URL=" + url + "/v1"):
        check(f"a newcomer: {part}", part in said, said)
    check("a newcomer: nothing that cannot be done here", not b.js(
        "return [...document.querySelectorAll('form, button')].some((n) =>"
        " n.offsetParent && !n.closest('.tools, .segment, .end'))"))
    for name in ("light", "dark"):
        b.theme(name)
        b.wait("document.documentElement.dataset.theme === arguments[0]", name)
        axe_finds(b, told, f"a newcomer, {name}")
    b.size(360, 740)
    check("a newcomer: as wide as a phone", b.wait(
        "document.documentElement.scrollWidth <= innerWidth"))
    subprocess.run(told["add"], shell=True, check=True)
    check("a newcomer: it notices by itself",
          b.wait("document.getElementById('start').hidden"))
    check("a newcomer: and shows what was added", b.wait(
        "document.getElementById('backend-list').textContent"
        ".includes('ollama')"))


def main():
    url, told = sys.argv[1], json.load(sys.stdin)
    with chromium() as b:
        b.theme("light")
        if told.get("newcomer"):
            return beginning(b, url, told)
        logging_in(b, url, told)
        living(b, told)
        hovering(b)
        choosing(b)
        splitting(b)
        keying(b, url)
        acting_by_keys(b)
        still(b)
        lasting(b)
        pausing(b)
        acting(b)
        themes(b, told)
        leaving(b, url, told)
        said = [x["message"] for x in b.call("POST", "/se/log", type="browser")
                if "status of 40" not in x["message"]]
        check("nothing in the browser's log", said == [], "; ".join(said))


main()
