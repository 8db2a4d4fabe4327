# SPDX-License-Identifier: MIT
"""A web page that tries what a page can do to a router: browser.py ROUTER LOG.

Prints its port. What the page could see of each attempt goes to LOG, a line
each; then a link "go" to the router appears.
"""

import http.server
import sys
import urllib.parse

PAGE = """<!doctype html><title>a page</title><body>
<iframe name="frame" id="frame"></iframe>
<form id="form" method="post" enctype="text/plain" target="frame">
<input name='{"model":"demo","messages":[{"role":"user","content":"a' value='"}]}'>
</form>
<script>
const router = "ROUTER";
const chat = '{"model":"demo","messages":[{"role":"user","content":"hi"}]}';
const said = (what) => fetch("/said?" + encodeURIComponent(what));
const tag = (name) => new Promise((done) => {
	const e = document.createElement(name);
	e.onload = () => done(name + " loaded");
	e.onerror = () => done(name + " refused");
	e.src = router + "/v1/models/" + name;
	document.body.append(e);
});
const ask = (how, path, options) => fetch(router + path, options).then(
	(r) => r.text()).then((t) => how + " read " + t.length, () => how + " refused");
const framed = (begin) => new Promise((done) => {
	document.getElementById("frame").onload = done;
	begin();
});
(async () => {
	await said(await ask("simple", "/v1/models"));
	await said(await ask("preflight", "/v1/chat/completions", {method: "POST",
		headers: {"Content-Type": "application/json"}, body: chat}));
	await said(await ask("no-cors", "/v1/responses", {method: "POST",
		mode: "no-cors", body: '{"model":"demo","input":"hi"}'}));
	await said(await tag("img"));
	await said(await tag("script"));
	const form = document.getElementById("form");
	form.action = router + "/v1/messages";
	await framed(() => form.submit());
	await framed(() => frame.location = router + "/");
	const link = document.createElement("a");
	link.id = "go";
	link.href = router + "/";
	link.textContent = "go";
	document.body.prepend(link);
})();
</script>
"""


class Page(http.server.BaseHTTPRequestHandler):
    def log_message(self, *a):
        pass

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/said":
            with open(sys.argv[2], "a") as f:
                print(self.headers["Host"].split(":")[0],
                      urllib.parse.unquote(query), file=f)
        body = PAGE.replace("ROUTER", sys.argv[1]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
print(server.server_address[1], flush=True)
server.serve_forever()
