"""A program that has the port where a router is expected: python3 meet.py PORT
FILE [ROUTER]. It answers as a router would that has an account, and hands
/health on to ROUTER where there is one; what it was sent goes to FILE."""
import http.server
import json
import sys
import urllib.request

PORT, FILE, ROUTER = int(sys.argv[1]), sys.argv[2], sys.argv[3:]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with open(FILE, "a") as seen:
            seen.write(f"{self.path}\n{self.headers}")
        body = json.dumps({"status": "ok", "proof": "A" * 43, "data": []})
        if ROUTER and self.path.startswith("/health"):
            with urllib.request.urlopen(ROUTER[0] + self.path) as answer:
                body = answer.read().decode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *args):
        pass


http.server.HTTPServer(("127.0.0.1", PORT), Handler).serve_forever()
