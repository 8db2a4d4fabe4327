#!/bin/sh
# SPDX-License-Identifier: MIT
# dario backend test and doctor: the provider's own words, and what is wrong
# with the way there.
. "$(dirname "$0")/lib.sh"
need python3 openssl

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$tmp/key.pem" \
	-out "$tmp/cert.pem" -days 2 -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost >/dev/null 2>&1
cat >"$tmp/up.py" <<'PY'
import http.server, json, ssl, sys
class Up(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def do_GET(self):
        key = (self.headers["Authorization"] or "").removeprefix("Bearer ")
        kind = self.path.split("/")[1].split("?")[0]
        if self.path.startswith("/catalog"):
            kind = "bare" if self.path.startswith("/catalog/models") else "page"
        status, body = {
            "good": (200, {"data": [{"id": "m"}]}),
            "bare": (200, [{"id": "m"}, {"id": "n"}]),
            "refuses": (401, {"error": {"message": "Incorrect API key provided: " + key
                                        + ". Also sk-ant-api03-other0123456789 is wrong."}}),
            "gemini": (400, [{"error": {"code": 400, "message": "API key not valid."}}]),
            "busy": (503, {"detail": "the model is loading"}),
            "hostile": (403, {"error": {"message": "a\x1b[2Jb\nc" + "d" * 5000}}),
            "page": (404, "<html>nothing</html>"),
            "secure": (400, "Client sent an HTTP request to an HTTPS server."),
        }[kind]
        body = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Up)
server.daemon_threads = True
if len(sys.argv) > 1:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1] + "/cert.pem", sys.argv[1] + "/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
PY
start_process "$tmp/plain" python3 "$tmp/up.py"
start_process "$tmp/tls" python3 "$tmp/up.py" "$tmp"
wait_for test -s "$tmp/plain"
wait_for test -s "$tmp/tls"
plain=127.0.0.1:$(cat "$tmp/plain")
tls=localhost:$(cat "$tmp/tls")
key=sk-planted-key-0123456789

add() { # URL
	printf '%s\n' $key | "$dario" backend add up --key-stdin --base-url="$1" 2>/dev/null
}
says() { # NAME URL PART [PART of doctor]
	add "$2"
	out=$("$dario" backend test up 2>&1)
	like "$1" "$out" "$3"
	unlike "$1: no key" "$out" planted
	"$dario" doctor --json >"$tmp/doc" 2>"$tmp/doc.err"
	seen=$(json '"".join(c["seen"] + ": " + (c["fix"] or "") for c in j["checks"] if c["name"] == "backend up")' <"$tmp/doc")
	like "$1: doctor" "$seen" "${4-$3}"
	unlike "$1: doctor shows no key" "$(cat "$tmp/doc" "$tmp/doc.err")" planted
}
export DARIO_CONNECT_TIMEOUT_MS=5000
says 'a good one' "http://$plain/good" 'lists 1 models' 'models: 1'
says 'a bare list' "http://$plain/bare" 'lists 2 models' 'models: 2'
says "the provider's words" "http://$plain/refuses" 'says: Incorrect API key provided: '
unlike 'nor another key' "$out" other0123
says "Gemini's words" "http://$plain/gemini" 'HTTP 400 and says: API key not valid.'
says 'a text alone' "http://$plain/busy" 'HTTP 503 and says: the model is loading'
says 'nothing that a terminal obeys' "http://$plain/hostile" 'says: a [2Jb c'
ok 'not too long' test "${#out}" -lt 700
says 'a page says nothing' "http://$plain/page" '(HTTP 404): is the base URL complete?' 'HTTP 404 for the list'

# GitHub Models has its list beside the API.
elsewhere() { # MEMBERS
	(umask 077 && printf '{"name":"up","apiKey":"%s",%s}' $key "$1" >"$DARIO_HOME/backends/up.json")
	out=$("$dario" backend test up 2>&1)
}
elsewhere "\"baseUrl\":\"http://$plain/page/v1\",\"modelsPath\":\"/catalog/models\""
like 'a list elsewhere on the host' "$out" 'lists 2 models'
like 'the same in doctor' "$("$dario" doctor)" 'models: 2'
elsewhere "\"baseUrl\":\"http://$plain/page?v=1\",\"modelsPath\":\"/catalog/models\""
like 'with the query of the base URL' "$out" 'lists 2 models'
for path in catalog http://h.example/models '//h.example/a?b' '/a#b'; do
	elsewhere "\"baseUrl\":\"http://$plain/good\",\"modelsPath\":\"$path\""
	like "not $path" "$out" 'modelsPath must be a path'
done
"$dario" backend remove up 2>/dev/null || rm "$DARIO_HOME/backends/up.json"
printf '%s\n' $key | "$dario" backend add github --key-stdin 2>/dev/null
is "GitHub's list is there" "$(json 'j["baseUrl"], j["modelsPath"]' <"$DARIO_HOME/backends/github.json")" \
	'https://models.github.ai/inference /catalog/models'
printf '%s\n' $key | "$dario" backend add github --key-stdin --base-url="http://$plain/good" 2>/dev/null
is 'but not at another address' "$(json '"modelsPath" in j' <"$DARIO_HOME/backends/github.json")" False
"$dario" backend remove github 2>/dev/null

says 'TLS where there is none' "https://$plain/good" 'does not speak TLS: if it is plain HTTP, write http://'
says 'no TLS where there is' "http://$tls/good" 'the port speaks TLS' 'write https:// in its baseUrl'
add "http://$plain/secure"
like 'a 400 of a plain port: its words' "$("$dario" backend test up 2>&1)" 'says: Client sent an HTTP request'
says 'a certificate of its own' "https://$tls/good" 'as caFile'
trust() { # FILE
	python3 - "$DARIO_HOME/backends/up.json" "$1" <<-'END'
	import json, sys
	j = json.load(open(sys.argv[1]))
	j["caFile"] = sys.argv[2]
	json.dump(j, open(sys.argv[1], "w"))
	END
}
trusting() { # NAME FILE HOST PART FIX: what is wrong, and in doctor what to do
	add "https://$3/good"
	trust "$2"
	out=$("$dario" backend test up 2>&1)
	like "$1" "$out" "$4"
	"$dario" doctor --json >"$tmp/doc" 2>"$tmp/doc.err"
	like "$1: doctor" "$(json '"".join(c["fix"] or "" for c in j["checks"] if c["name"] == "backend up")' <"$tmp/doc")" "$5"
}
trusting 'caFile is none' "$tmp/up.py" $tls 'caFile holds no certificate: name a file' 'certificates in PEM as caFile'
trusting 'caFile is not there' "$tmp/nothing" $tls 'caFile: cannot open' 'certificates in PEM as caFile'
trusting 'a certificate of another name' "$tmp/cert.pem" 127.0.0.1:${tls#*:} \
	'is for another name: write that in baseUrl' 'the name that its certificate has'
mkdir "$tmp/old"
cp "$tmp/key.pem" "$tmp/old"
openssl req -new -key "$tmp/key.pem" -subj /CN=localhost -out "$tmp/old/csr" 2>/dev/null
printf 'subjectAltName=DNS:localhost\n' >"$tmp/old/ext"
openssl x509 -req -in "$tmp/old/csr" -signkey "$tmp/key.pem" -days -1 -extfile "$tmp/old/ext" -out "$tmp/old/cert.pem" 2>/dev/null
start_process "$tmp/oldport" python3 "$tmp/up.py" "$tmp/old"
wait_for test -s "$tmp/oldport"
trusting 'an old certificate' "$tmp/old/cert.pem" localhost:$(cat "$tmp/oldport") \
	'has expired, or the clock of this machine' 'look at the clock'
add "https://$plain/good"
"$dario" doctor --json >"$tmp/doc" 2>"$tmp/doc.err"
is 'TLS where there is none: doctor' "$(json '"".join(c["fix"] or "" for c in j["checks"] if c["name"] == "backend up")' <"$tmp/doc")" \
	'write http:// in its baseUrl, or the port that does'
add "https://$tls/good"
trust "$tmp/cert.pem"
like 'with that as caFile' "$("$dario" backend test up 2>&1)" 'lists 1 models'
is 'as JSON' "$("$dario" backend test up --json | json 'j["backend"], j["models"], j["ms"] >= 0')" 'up 1 True'
done_testing
