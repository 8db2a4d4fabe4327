#!/bin/sh
# SPDX-License-Identifier: MIT
# Faults that people met at translating proxies, and two that need a router: the
# list of a Responses conversation is compacted by its provider, and what an
# answer loses is named.
. "$(dirname "$0")/../sh/lib.sh"
need python3 lighttpd curl
export PYTHONDONTWRITEBYTECODE=1
report cases "$tmp/cases.out" python3 "$srcdir/tests/golden/cases.py" \
	"$builddir/tests/golden/convert"

cat >"$tmp/provider.py" <<'END'
import http.server, os, sys, time

# A search behind the first text.
LATE = b"".join(b"data: %s\n\n" % e for e in (
    b'{"type":"response.created","response":{"id":"r","model":"m"}}',
    b'{"type":"response.output_text.delta","output_index":0,"delta":"early"}',
    b'{"type":"response.output_item.done","output_index":0,"item":{"type":'
    b'"message","content":[]}}',
    b'{"type":"response.output_item.done","output_index":1,"item":{"type":'
    b'"web_search_call","id":"ws_1","status":"completed"}}',
    b'{"type":"response.completed","response":{"status":"completed",'
    b'"output":[]}}'))

class Provider(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1] + "/seen", "wb") as f:
            f.write(self.path.encode() + b"\n" + body)
        text = b'{"object":"response.compaction","output":[]}'
        if not self.path.endswith("/compact"):
            text = b"""{"object":"response","id":"r","status":"completed",
                "model":"m","output":[{"type":"web_search_call","id":"ws_1"},
                {"type":"message","role":"assistant","content":[
                {"type":"output_text","text":"found","annotations":[
                {"type":"url_citation","url":"http://x"}]}]}],"usage":{}}"""
        if b'"late"' in body:
            return self.late()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def late(self):
        """What comes behind the text waits until the text was seen."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        at = LATE.index(b'data: {"type":"response.output_item.done","output_i'
                        b'ndex":1')
        self.wfile.write(LATE[:at])
        self.wfile.flush()
        while not os.path.exists(sys.argv[1] + "/seen-text"):
            time.sleep(.01)
        self.wfile.write(LATE[at:])

    def log_message(self, *args):
        pass

s = http.server.HTTPServer(("127.0.0.1", 0), Provider)
with open(sys.argv[1] + "/port.new", "w") as f:
    f.write(str(s.server_port))
os.rename(sys.argv[1] + "/port.new", sys.argv[1] + "/port")
s.serve_forever()
END
start_process "$tmp/provider.log" python3 "$tmp/provider.py" "$tmp"
wait_for test -s "$tmp/port" || exit 1
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
mended() {
	id=call_$(printf '%080d' 0)
	post /v1/responses/compact '{"model":"rsp:gpt-5.4","input":[
		{"role":"user","content":"hi"},
		{"type":"reasoning","summary":[],"encrypted_content":"dario1:signature:x"},
		{"type":"message","id":"made up","role":"assistant","content":"x"},
		{"type":"function_call","call_id":"'"$id"'","name":"f","arguments":"{}"},
		{"type":"function_call_output","call_id":"'"$id"'","output":"o"}]}' \
		>"$tmp/got"
	[ "$(status)" = 200 ] || return 1
	python3 - "$tmp/seen" <<'END'
import json, sys
path, body = open(sys.argv[1]).read().split("\n", 1)
items = json.loads(body)["input"]
assert path == "/v1/responses/compact"
ids = [i["call_id"] for i in items if "call_id" in i]
assert len(ids) == 2 and ids[0] == ids[1] and len(ids[0]) <= 64, ids
assert "dario1:" not in body, body
assert not any(i.get("id") == "made up" for i in items), items
END
}
ok '/v1/responses/compact is forwarded' compacted
ok 'with what its provider refuses made legal' mended
ok 'and refused by name where nobody can' named
for stream in false true; do
	post /v1/messages '{"model":"rsp:gpt-5.4","max_tokens":9,"top_k":3,"x":1,
		"stream":'$stream',"messages":[{"role":"user","content":"q"}]}' \
		>"$tmp/got"
	is "what an answer loses is named (stream: $stream)" \
		"$(status) $(grep -c found "$tmp/got") $(header x-dario-dropped)" \
		'200 1 x, top_k, answer.web_search_call'
done
late() {
	curl -sN -m 30 -o "$tmp/late" -d '{"model":"rsp:late","stream":true,
		"messages":[{"role":"user","content":"q"}]}' \
		"$url/v1/chat/completions" &
	wait_for grep -qs early "$tmp/late"
	: >"$tmp/seen-text"
	wait $!
	sed -n 's/^\(: x-dario-dropped.*\)/\1/p; s/^data: \(.DONE.\)/\1/p' "$tmp/late"
}
is 'what it loses behind its head is named before its end' "$(late)" \
	': x-dario-dropped: answer.web_search_call
[DONE]'
done_testing
