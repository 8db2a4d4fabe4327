# SPDX-License-Identifier: MIT
"""What the benchmark measures: the same upstream, reached directly, through
plain reverse proxies, through the least FastCGI responder (floor.c) and through
the router, each behind lighttpd and behind nginx. All on loopback; what was
started ends with stop()."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from fastcgi import add_accounts, put

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.join(HERE, "..", "..")
# Backends, by the part of the upstream's path that says what is answered.
KINDS = ("whole-1024", "whole-65536", "whole-1048576", "stream-50-0",
         "stream-64-50")
# For what differs in its files alone: whether one loop or two are at work costs
# more than what is compared.
ONE_LOOP = {"workers": os.cpu_count()}
PLAIN = ["direct", "lighttpd", "nginx", "haproxy", "floor", "floor_nginx"]
CURL = ["curl", "curl_nginx"]  # the floor with libcurl
PASSED = ["dario passed", "dario_nginx passed"]  # in lanes that translate
NAMES = {"direct": "direct", "lighttpd": "lighttpd mod_proxy",
         "nginx": "nginx proxy_pass", "haproxy": "HAProxy",
         "floor": "floor behind lighttpd",
         "floor_nginx": "floor behind nginx",
         "curl": "floor with libcurl behind lighttpd",
         "curl_nginx": "floor with libcurl behind nginx",
         "dario": "dario behind lighttpd",
         "dario_nginx": "dario behind nginx",
         "dario passed": "dario behind lighttpd, passed",
         "dario_nginx passed": "dario behind nginx, passed",
         "old": "the other worker behind lighttpd",
         "old_nginx": "the other worker behind nginx",
         "pool1": "1 account", "pool3": "3 accounts",
         "many1": "1 account, backend, route",
         "many200": "200 of each",
         "store1": "1 account, on a store", "store3": "3 accounts, on a store",
         "mapped": "tools mapped", "kept": "tools preserved"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def tree(pid):
    """A process and all below it."""
    below = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True,
                           text=True).stdout.split()
    return [pid] + [p for child in below for p in tree(int(child))]


class Servers:
    def __init__(self, builddir, other=None):
        self.builddir = builddir
        self.other = other
        self.dir = tempfile.mkdtemp(prefix="dario-bench-")
        os.chmod(self.dir, 0o711)  # a web server may be another user
        self.children = []
        self.ports, self.pids, self.https = {}, {}, {}
        self.worker_pids = {}
        self.up, self.up_tls = free_port(), free_port()
        self.answers = {}  # of a home's Claude, where it is no whole one

    # --- processes ------------------------------------------------------

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, name, argv, ready, env=None, **more):
        """`ready` is a port or the path of a socket."""
        log = os.path.join(self.dir, f"{name}.log")
        with open(log, "wb") as f:
            child = subprocess.Popen(argv, stdout=f, stderr=f, env=env,
                                     start_new_session=True, **more)
        self.children.append(child)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and child.poll() is None:
            try:
                if isinstance(ready, int):
                    socket.create_connection(("127.0.0.1", ready), 1).close()
                else:
                    with socket.socket(socket.AF_UNIX) as s:
                        s.connect(ready)
                return child
            except OSError:
                time.sleep(0.02)
        with open(log) as f:
            sys.exit(f"bench: {argv[0]} does not start:\n{f.read()}")

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
        # Theirs may still put their sockets away.
        deadline = time.monotonic() + 5
        while os.path.exists(self.dir) and time.monotonic() < deadline:
            shutil.rmtree(self.dir, ignore_errors=True)
            time.sleep(0.05)

    def serves(self, target, port, *children, https=None):
        self.ports[target] = port
        self.pids[target] = [c.pid for c in children]
        if https:
            self.https[target] = https

    # --- web servers ----------------------------------------------------

    def nginx(self, name, port, http):
        conf = self.write(f"{name}.conf", f"""
            {"user root;" if os.geteuid() == 0 else ""}
            daemon off; worker_processes 1; pid {self.dir}/{name}.pid;
            error_log stderr error; worker_rlimit_nofile 16384;
            events {{ worker_connections 8192; }}
            http {{
                access_log off; keepalive_requests 10000000;
                client_body_temp_path {self.dir}/{name}-body;
                proxy_temp_path {self.dir}/{name}-proxy;
                fastcgi_temp_path {self.dir}/{name}-f;
                uwsgi_temp_path {self.dir}/{name}-u;
                scgi_temp_path {self.dir}/{name}-s;
                {http}
            }}""")
        return self.start(name, ["nginx", "-p", self.dir, "-c", conf], port)

    def lighttpd(self, name, port, more):
        conf = self.write(f"{name}.conf", f"""
            server.document-root = "{self.dir}"
            server.bind = "127.0.0.1"
            server.port = {port}
            server.max-fds = 16384
            server.max-connections = 8000
            server.listen-backlog = 4096
            server.max-keep-alive-requests = 10000000
            server.stream-response-body = 2
            server.upload-dirs = ( "{self.dir}" )
            server.max-request-size = 65537
            {more}""")
        return self.start(name, ["lighttpd", "-D", "-f", conf], port)

    # --- the upstream and what forwards to it ----------------------------

    def start_upstream(self):
        program = os.path.join(self.builddir, "tests", "bench", "upstream")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
             "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
             "-keyout", f"{self.dir}/key", "-out", f"{self.dir}/certificate",
             "-subj", "/CN=localhost", "-addext",
             "subjectAltName=DNS:localhost"], check=True,
            capture_output=True)
        child = self.start("upstream", [program, str(self.up)], self.up)
        self.start("upstream-tls",
                   [program, str(self.up_tls), f"{self.dir}/certificate",
                    f"{self.dir}/key"], self.up_tls)
        self.serves("direct", self.up, child)

    def start_proxies(self):
        port, tls = free_port(), free_port()
        pass_on = """proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_buffering off; client_max_body_size 64m;"""
        child = self.nginx("nginx", port, f"""
            upstream up {{ server 127.0.0.1:{self.up}; keepalive 64; }}
            upstream tls {{ server localhost:{self.up_tls}; keepalive 64; }}
            server {{
                listen 127.0.0.1:{port} backlog=4096; {pass_on}
                location / {{ proxy_pass http://up; }}
            }}
            server {{
                listen 127.0.0.1:{tls} backlog=4096; {pass_on}
                location / {{ proxy_pass https://tls; }}
            }}""")
        self.serves("nginx", port, child, https=tls)
        port = free_port()
        child = self.lighttpd("lighttpd", port, f"""
            server.modules = ("mod_proxy")
            proxy.server = ("" => ((
                "host" => "127.0.0.1", "port" => {self.up})))""")
        self.serves("lighttpd", port, child)

    def start_haproxy(self):
        port, tls = free_port(), free_port()
        conf = self.write("haproxy.conf", f"""
global
    maxconn 8000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-no-delay
    http-reuse always
listen plain
    bind 127.0.0.1:{port}
    server up 127.0.0.1:{self.up}
listen tls
    bind 127.0.0.1:{tls}
    server up 127.0.0.1:{self.up_tls} ssl verify none
""")
        child = self.start("haproxy", ["haproxy", "-db", "-f", conf], port)
        self.serves("haproxy", port, child, https=tls)

    def shipped_lighttpd(self, name, path):
        """lighttpd as the router ships it, for a worker of ours."""
        port = free_port()
        with open(os.path.join(TOP, "lighttpd", "dario.conf")) as f:
            conf = f.read()
        for was, now in ((r"(?m)^var\.port .*", f"var.port = {port}"),
                         (r"(?m)^var\.run .*", f'var.run = "{self.dir}"'),
                         (r"(?m)^var\.errors .*",
                          f'var.errors = "{TOP}/lighttpd/errors"'),
                         (r'var\.run \+ "/worker\.sock"', f'"{path}"')):
            conf, n = re.subn(was, now, conf)
            if n == 0:
                sys.exit(f"bench: lighttpd/dario.conf has no {was}")
        return port, self.start(name, [
            "lighttpd", "-D", "-f", self.write(f"{name}.conf", conf)], port)

    def start_floor(self):
        """Behind the same web servers as the router."""
        floor = self.floor("floor")
        self.serves("floor alone", self.ports["floor"], floor)
        self.write("static.json", "x" * 1280)
        port = free_port()
        self.serves("static", port, self.lighttpd("static", port, ""))

    def floor(self, target, *form):
        path = os.path.join(self.dir, f"{target}.sock")
        floor = self.start(
            target, [os.path.join(self.builddir, "tests", "bench", "floor"),
                     path, str(self.up), *form], path)
        self.worker_pids[target] = floor.pid
        port, child = self.shipped_lighttpd(f"{target}-lighttpd", path)
        self.serves(target, port, child, floor)
        port, child = self.printed_nginx(
            target, self.home(target), path,
            "fastcgi_param REQUEST_URI $request_uri;")
        self.serves(f"{target}_nginx", port, child, floor)
        return floor

    # --- the router -------------------------------------------------------

    def home(self, name, accounts=1, backends=0, routes=0, **settings):
        """With the backends of every lane, and so many that are in no lane."""
        home = os.path.join(self.dir, f"home-{name}")
        os.mkdir(home, 0o700)
        plain = {k: f"http://127.0.0.1:{self.up}/{k}/v1" for k in KINDS}
        tls = {"tls-warm": "whole-1024", "tls-cold": "whole-1024-close"}
        for k, url in plain.items():
            put(f"{home}/backends/{k}.json", {
                "provider": "openai", "name": k, "apiKey": "bench-key-1",
                "baseUrl": url})
        for k, kind in tls.items():
            put(f"{home}/backends/{k}.json", {
                "provider": "openai", "name": k, "apiKey": "bench-key-1",
                "baseUrl": f"https://localhost:{self.up_tls}/{kind}/v1",
                "caFile": f"{self.dir}/certificate"})
        for i in range(backends):
            put(f"{home}/backends/b{i}.json", {
                "provider": "openai", "name": f"b{i}",
                "apiKey": "bench-key-1", "models": [f"model-{i}-*"],
                "baseUrl": f"http://127.0.0.1:{self.up}/whole-1024/v1"})
        dario = os.path.join(self.builddir, "dario")
        env = dict(self.env(home))
        for i in range(routes - 1):
            subprocess.run([dario, "route", "add", f"route-{i}-*",
                            "whole-1024:m"], env=env, check=True,
                           capture_output=True)
        if routes:
            subprocess.run([dario, "route", "add", "routed-*",
                            "whole-1024:m"], env=env, check=True,
                           capture_output=True)
        add_accounts(home, accounts)
        put(f"{home}/config.json", settings)
        return home

    def env(self, home):
        answer = self.answers.get(home, "whole-1024")
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("DARIO_")}
        return dict(env, DARIO_HOME=home, HOME=self.dir, DARIO_DATADIR=TOP,
                    DARIO_MIN_INTERVAL_MS="0", DARIO_ANTHROPIC_BASE_URL=
                    f"http://127.0.0.1:{self.up}/{answer}")

    def worker(self, name, home, program=None):
        """A worker of its own; the path of its socket."""
        path = os.path.join(self.dir, f"{name}.sock")
        program = program or os.path.join(self.builddir, "dario.fcgi")
        child = self.start(name, [program, f"--listen={path}"], path,
                           self.env(home))
        self.worker_pids[name] = child.pid
        return path, child

    def printed_nginx(self, name, home, path, more=""):
        """nginx with what the router prints for it, and `more` beside."""
        port = free_port()
        dario = os.path.join(self.builddir, "dario")

        def printed(kind):
            return subprocess.run(
                [dario, "proxy", f"--print-config={kind}", "--prefix=/",
                 f"--socket={path}"], env=self.env(home), check=True,
                capture_output=True, text=True).stdout

        block = self.write(f"{name}-upstream", printed("nginx-upstream"))
        passes = "fastcgi_pass dario;"
        conf = self.write(f"{name}-location", printed("nginx").replace(
            passes, f"{passes} {more}"))
        child = self.nginx(f"{name}-nginx", port, f"""
            include {block};
            server {{ listen 127.0.0.1:{port} backlog=4096;
                include {conf}; }}""")
        return port, child

    def start_router(self):
        home = self.home("dario")
        port = free_port()
        child = self.start("proxy", [os.path.join(self.builddir, "dario"),
                                     "proxy", f"--port={port}"], port,
                           self.env(home))
        self.serves("dario", port, child, https=port)
        self.worker_pids["dario"] = self.find_worker(child.pid)
        self.behind_nginx("dario_nginx", home)
        self.https["dario_nginx"] = self.ports["dario_nginx"]

    def find_worker(self, pid):
        """Its port is open before there is a worker."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for p in tree(pid):
                try:
                    with open(f"/proc/{p}/comm") as f:
                        if f.read().strip() == "dario.fcgi":
                            return int(p)
                except OSError:
                    continue  # it has ended meanwhile
            time.sleep(0.02)
        sys.exit("bench: no worker below dario proxy")

    def behind_nginx(self, target, home, program=None):
        path, worker = self.worker(target, home, program)
        port, web = self.printed_nginx(target, home, path)
        self.serves(target, port, web, worker)

    def start_other(self):
        """The binary to compare with, with the same files."""
        home = self.home("old")
        path, worker = self.worker("old", home, self.other)
        port, web = self.shipped_lighttpd("old-lighttpd", path)
        self.serves("old", port, web, worker)
        self.behind_nginx("old_nginx", home, self.other)

    def start_pools(self):
        for n in (1, 3):
            self.behind_nginx(f"pool{n}", self.home(
                f"pool{n}", accounts=n, **ONE_LOOP))
        for n in (1, 200):
            self.behind_nginx(f"many{n}", self.home(
                f"many{n}", accounts=n, backends=n, routes=n, **ONE_LOOP))

    def start_stores(self):
        """As start_pools, with the state in a redis-server."""
        path = os.path.join(self.dir, "redis.sock")
        child = self.start(
            "redis", ["redis-server", "--port", "0", "--unixsocket", path,
                      "--save", "", "--dir", self.dir], path)
        for n in (1, 3):
            name = f"store{n}"
            self.behind_nginx(name, self.home(
                name, accounts=n, store=f"unix:{path}",
                storePrefix=f"{name}:", **ONE_LOOP))
            self.pids[name].append(child.pid)

    def start_tools(self):
        for name, kept in (("mapped", False), ("kept", True)):
            home = self.home(name, preserveTools=kept)
            self.answers[home] = "stream-50-0"
            self.behind_nginx(name, home)

    # --- what they use ----------------------------------------------------

    def cpu(self, target):
        """Seconds of CPU of a target's processes so far."""
        ticks = 0
        for root in self.pids[target]:
            for pid in tree(root):
                try:
                    with open(f"/proc/{pid}/stat") as f:
                        fields = f.read().rsplit(")", 1)[1].split()
                except OSError:
                    continue
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory(self, name):
        """KB resident in a worker."""
        with open(f"/proc/{self.worker_pids[name]}/status") as f:
            for line in f:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
        return 0


def body(model, stream, size=1000, messages=False):
    """A request of about `size` bytes."""
    asked = {"model": model, "stream": stream, "messages": [
        {"role": "user", "content": ("some words of a question, " *
                                     (size // 26 + 1))[:max(size - 120, 9)]}]}
    if messages:
        asked["max_tokens"] = 99
    return json.dumps(asked).encode()
