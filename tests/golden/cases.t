#!/bin/sh
# SPDX-License-Identifier: MIT
# Faults that people met at translating proxies, and one that needs a router:
# the list of a Responses conversation is compacted by its provider.
. "$(dirname "$0")/../sh/lib.sh"
need python3 lighttpd curl
export PYTHONDONTWRITEBYTECODE=1
report cases "$tmp/cases.out" python3 "$srcdir/tests/golden/cases.py" \
	"$builddir/tests/golden/convert"

cat >"$tmp/provider.py" <<'END'
import http.server, sys

class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1] + "/seen", "wb") as f:
            f.write(self.path.encode() + b"\n" + body)
        text = b'{"object":"response.compaction","output":[]}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass

s = http.server.HTTPServer(("127.0.0.1", 0), Provider)
with open(sys.argv[1] + "/port.new", "w") as f:
    f.write(str(s.server_port))
import os
os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
s.serve_forever()
END
start_process "$tmp/provider.log" python3 "$tmp/provider.py" "$tmp"
wait_for 10 test -s "$tmp/port" || exit 1
"$dario" backend add rsp --protocol=responses --key=k \
	--base-url="http://127.0.0.1:$(cat "$tmp/port")/v1" 2>/dev/null
"$dario" backend add oai --key=k \
	--base-url="http://127.0.0.1:$(cat "$tmp/port")/v1" 2>/dev/null
start_router
compacted() {
	post /v1/responses/compact '{"model":"rsp:gpt-5.4","input":[{"role":"user","content":"hi"}]}' >"$tmp/got"
	[ "$(status)" = 200 ] && grep -q response.compaction "$tmp/got" &&
		grep -q '^/v1/responses/compact' "$tmp/seen" &&
		grep -q '"model":"gpt-5.4"' "$tmp/seen"
}
named() {
	post /v1/responses/compact '{"model":"oai:m","input":[{"role":"user","content":"hi"}]}' >"$tmp/got"
	[ "$(status)" = 400 ] && grep -q '/responses/compact' "$tmp/got"
}
ok '/v1/responses/compact is forwarded' compacted
ok 'and refused by name where nobody can' named
done_testing
