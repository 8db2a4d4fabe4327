#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Measures dario against a direct connection, plain reverse proxies, and the
least that a FastCGI responder can do (floor.c) behind the same web servers.

All targets forward to the same nginx and are measured in turn, second after
second, in one run, so that a noisy machine hits all of them alike; what counts
are the ratios. Needs wrk, h2load, nginx with the echo module and lighttpd, and
takes HAProxy where there is one; uses loopback only and ends by itself.

    tests/bench/bench.py [--rounds=N] [--seconds=S] [--translate | --map]
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ANSWER = json.dumps({
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1,
    "model": "m", "choices": [{"index": 0, "finish_reason": "stop",
    "message": {"role": "assistant", "content": "word " * 60}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 60,
              "total_tokens": 69}})
CHUNK = ('data: {"id":"chatcmpl-1","object":"chat.completion.chunk",'
         '"created":1,"model":"m","choices":[{"index":0,"delta":'
         '{"content":"a few words of text "},"finish_reason":null}]}')
FINISH = CHUNK.replace('null}]}', '"stop"}]}')
MESSAGE = [  # the events of a Messages stream around its deltas
    '{"type":"message_start","message":{"id":"msg_1","type":"message",'
    '"role":"assistant","model":"m","content":[],"stop_reason":null,'
    '"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}}',
    '{"type":"content_block_start","index":0,'
    '"content_block":{"type":"text","text":""}}',
    '{"type":"content_block_delta","index":0,'
    '"delta":{"type":"text_delta","text":"a few words of text "}}',
    '{"type":"content_block_stop","index":0}',
    '{"type":"message_delta","delta":{"stop_reason":"end_turn",'
    '"stop_sequence":null},"usage":{"output_tokens":60}}',
    '{"type":"message_stop"}']


def body(model, stream):
    return json.dumps({"model": model, "stream": stream, "messages": [
        {"role": "user", "content": "hello " * 30}]})


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def events(count, pause):
    """nginx echo directives that stream `count` chunks."""
    lines = []
    for i in range(count):
        if pause:
            lines.append(f"echo_sleep {pause};")
        text = CHUNK if i < count - 1 else FINISH
        lines.append(f"echo '{text}\n'; echo_flush;")
    lines.append("echo 'data: [DONE]\n';")
    return "\n".join(lines)


def message(count, pause):
    """nginx echo directives that stream a message of `count` deltas."""
    start, begin, delta, *ends = MESSAGE
    return f"echo_sleep {pause};\n".join(
        f"echo 'event: {json.loads(data)['type']}\ndata: {data}\n'; "
        "echo_flush;\n" for data in [start, begin] + [delta] * count + ends)


class Bench:
    def __init__(self, args):
        self.args = args
        self.dir = tempfile.mkdtemp(prefix="dario-bench-")
        self.children = []
        self.kept = {}
        self.ports = {n: free_port() for n in NAMES}

    # --- set-up ---------------------------------------------------------

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, argv, port, env=None):
        log = open(os.path.join(self.dir, f"{port}.log"), "wb")
        child = subprocess.Popen(argv, stdout=log, stderr=log, env=env,
                                 start_new_session=True)
        self.children.append(child)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return child
            except OSError:
                if child.poll() is not None:
                    break
                time.sleep(0.02)
        with open(log.name) as f:
            sys.exit(f"bench: {argv[0]} does not start:\n{f.read()}")

    def nginx(self, name, port, http):
        module = "/usr/lib/nginx/modules/ngx_http_echo_module.so"
        load = f"load_module {module};" if os.path.exists(module) else ""
        conf = self.write(f"{name}.conf", f"""
            {load}
            daemon off; worker_processes 1; pid {self.dir}/{name}.pid;
            error_log stderr error;
            events {{ worker_connections 8192; }}
            http {{
                access_log off; keepalive_requests 1000000;
                client_body_temp_path {self.dir}/{name}-body;
                proxy_temp_path {self.dir}/{name}-proxy;
                fastcgi_temp_path {self.dir}/{name}-f;
                uwsgi_temp_path {self.dir}/{name}-u;
                scgi_temp_path {self.dir}/{name}-s;
                {http}
            }}""")
        return self.start(["nginx", "-p", self.dir, "-c", conf], port)

    def start_upstream(self):
        port = self.ports["direct"]
        stream = "default_type text/event-stream; echo_read_request_body;"
        self.nginx("direct", port, f"""
            server {{
                listen 127.0.0.1:{port} backlog=4096;
                location /fast/ {{
                    default_type application/json;
                    return 200 '{ANSWER}';
                }}
                location /first/ {{ {stream}
                    echo '{CHUNK}\n'; echo_flush; echo_sleep 0.01;
                    echo '{FINISH}\n\ndata: [DONE]\n';
                }}
                location /s50/ {{ {stream} {events(50, 0)} }}
                location /slow/ {{ {stream} {events(30, 0.05)} }}
                location /idle/ {{ {stream} {events(3, 2)} }}
                location /claude/ {{ {stream} {message(30, 0.05)} }}
            }}""")

    def lighttpd(self, name, more):
        port = self.ports[name]
        conf = self.write(f"{name}.conf", f"""
            server.document-root = "{self.dir}"
            server.bind = "127.0.0.1"
            server.port = {port}
            server.max-fds = 8192
            server.listen-backlog = 4096
            server.max-keep-alive-requests = 1000000
            server.stream-response-body = 2
            {more}""")
        return self.start(["lighttpd", "-D", "-f", conf], port)

    def start_proxies(self):
        up, port = self.ports["direct"], self.ports["nginx"]
        self.nginx("nginx", port, f"""
            upstream up {{ server 127.0.0.1:{up}; keepalive 64; }}
            server {{
                listen 127.0.0.1:{port} backlog=4096;
                location / {{
                    proxy_pass http://up; proxy_http_version 1.1;
                    proxy_set_header Connection ""; proxy_buffering off;
                }}
            }}""")
        self.lighttpd("lighttpd", f"""
            server.modules = ("mod_proxy")
            proxy.server = ("" => ((
                "host" => "127.0.0.1", "port" => {up})))""")

    def start_floor(self):
        """The least FastCGI responder, behind the same web servers."""
        os.chmod(self.dir, 0o711)  # nginx may be another user
        socket_path = os.path.join(self.dir, "floor.sock")
        log = open(os.path.join(self.dir, "floor.log"), "wb")
        self.children.append(subprocess.Popen(
            [os.path.join(self.args.builddir, "tests", "bench", "floor"),
             socket_path, str(self.ports["direct"])], stdout=log, stderr=log))
        self.write("static.json", ANSWER)
        self.lighttpd("floor", f"""
            server.modules = ("mod_fastcgi")
            mimetype.assign = (".json" => "application/json")
            $HTTP["url"] !~ "^/static" {{
                fastcgi.server = ("" => ((
                    "socket" => "{socket_path}",
                    "check-local" => "disable")))
            }}""")
        self.nginx("floor-nginx", self.ports["floor_nginx"], f"""
            upstream floor {{ server unix:{socket_path}; keepalive 64; }}
            server {{
                listen 127.0.0.1:{self.ports["floor_nginx"]} backlog=4096;
                location / {{
                    fastcgi_pass floor; fastcgi_keep_conn on;
                    fastcgi_buffering off;
                    fastcgi_param REQUEST_METHOD $request_method;
                    fastcgi_param REQUEST_URI $request_uri;
                    fastcgi_param CONTENT_LENGTH $content_length;
                }}
            }}""")

    def start_haproxy(self):
        if not shutil.which("haproxy"):
            return
        port = self.ports["haproxy"]
        conf = self.write("haproxy.conf", f"""
global
    maxconn 4096
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    option http-no-delay
frontend f
    bind 127.0.0.1:{port}
    default_backend up
backend up
    http-reuse always
    server up 127.0.0.1:{self.ports["direct"]}
""")
        self.start(["haproxy", "-f", conf], port)

    def start_dario(self):
        dario = os.path.join(self.args.builddir, "dario")
        port, up = self.ports["dario"], self.ports["direct"]
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("DARIO_")}
        env["DARIO_HOME"] = self.home = os.path.join(self.dir, "home")
        env["DARIO_DATADIR"] = os.path.join(HERE, "..", "..")
        env["DARIO_ANTHROPIC_BASE_URL"] = f"http://127.0.0.1:{up}/claude"
        env["DARIO_MIN_INTERVAL_MS"] = "0"
        for name in ("fast", "first", "s50", "slow", "idle"):
            subprocess.run([dario, "backend", "add", name,
                            f"--base-url=http://127.0.0.1:{up}/{name}/v1"],
                           env=env, check=True, stderr=subprocess.DEVNULL)
        return self.start([dario, "proxy", f"--port={port}"], port, env)

    def stop(self):
        for child in reversed(self.children):
            child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- one measurement ------------------------------------------------

    def url(self, target, kind):
        prefix = "" if target == "dario" else f"/{kind}"
        return (f"http://127.0.0.1:{self.ports[target]}{prefix}"
                "/v1/chat/completions")

    def connection(self, target):
        """A kept connection to the target."""
        if target not in self.kept:
            self.kept[target] = http.client.HTTPConnection(
                "127.0.0.1", self.ports[target])
        return self.kept[target]

    def static(self, connections):
        """lighttpd with a file of the answer's size."""
        out = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", "-d1s",
             f"http://127.0.0.1:{self.ports['floor']}/static.json"],
            check=True, capture_output=True, text=True).stdout
        return float(re.search(r"Requests/sec:\s+(\S+)", out)[1])

    def wrk(self, target, kind, connections):
        env = dict(os.environ, BODY=body(f"{kind}:m", kind != "fast"))
        out = subprocess.run(
            ["wrk", "-t1", f"-c{connections}", "-d1s",
             "--latency", "-s", os.path.join(HERE, "post.lua"),
             self.url(target, kind)],
            env=env, check=True, capture_output=True, text=True).stdout
        if "Non-2xx" in out or "Socket errors" in out:
            print(f"bench: {target}: {out}", file=sys.stderr)
        return {"rps": float(re.search(r"Requests/sec:\s+(\S+)", out)[1]),
                "p50": micros(re.search(r"\n +50%\s+(\S+)", out)[1]),
                "p99": micros(re.search(r"\n +99%\s+(\S+)", out)[1])}

    def h2load(self, target, kind, clients):
        data = self.write("body.json", body(f"{kind}:m", True))
        started = time.monotonic()
        out = subprocess.run(
            ["h2load", "--h1", f"-n{clients}", f"-c{clients}", "-t1",
             "-d", data, "-H", "Content-Type: application/json",
             self.url(target, kind)],
            check=True, capture_output=True, text=True).stdout
        ok = int(re.search(r"status codes: (\d+) 2xx", out)[1])
        size = int(re.search(r"\((\d+)\) data", out)[1])
        return {"seconds": time.monotonic() - started, "ok": ok,
                "bytes": size}

    def dario_pids(self):
        """lighttpd and the worker of the router under test."""
        pids = subprocess.run(["pgrep", "-f", f"{self.home}/run"],
                              capture_output=True, text=True).stdout.split()
        below = []
        for pid in pids:
            below += subprocess.run(["pgrep", "-P", pid], text=True,
                                    capture_output=True).stdout.split()
        return sorted(set(pids + below), key=int)

    def cpu(self):
        ticks = 0
        for pid in self.dario_pids():
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def worker_memory(self):
        """MiB resident in dario.fcgi."""
        for pid in self.dario_pids():
            with open(f"/proc/{pid}/status") as f:
                text = f.read()
            if "Name:\tdario.fcgi" in text:
                return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) / 1024
        return 0.0


def micros(text):
    number, unit = re.match(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 1, "ms": 1e3, "s": 1e6, "m": 6e7}[unit]


def median(samples, key):
    return statistics.median(s[key] for s in samples)


TARGETS = ["direct", "lighttpd", "nginx", "floor", "floor_nginx", "dario"]
NAMES = {"direct": "direct", "lighttpd": "lighttpd mod_proxy",
         "nginx": "nginx proxy_pass", "haproxy": "HAProxy",
         "floor": "floor behind lighttpd",
         "floor_nginx": "floor behind nginx", "dario": "dario"}


def table(bench, kind, connections, title):
    samples = {t: [] for t in TARGETS}
    for target in TARGETS:
        bench.wrk(target, kind, connections)  # warm up
    # Short turns: what the machine does meanwhile weighs on all of them.
    for _ in range(bench.args.rounds * bench.args.seconds):
        for target in TARGETS:
            samples[target].append(bench.wrk(target, kind, connections))
    base = median(samples["lighttpd"], "rps")
    print(f"\n{title}, {connections} connection(s)\n")
    floor = median(samples["floor"], "rps")
    print("| target | requests/s | to mod_proxy | to the floor | p50 µs "
          "| p99 µs |")
    print("|---|---:|---:|---:|---:|---:|")
    for t in TARGETS:
        s = samples[t]
        print(f"| {NAMES[t]} | {median(s, 'rps'):.0f} "
              f"| {median(s, 'rps') / base:.2f} "
              f"| {median(s, 'rps') / floor:.2f} | {median(s, 'p50'):.0f} "
              f"| {median(s, 'p99'):.0f} |", flush=True)
    return samples


def slow_streams(bench):
    """500 streams of 30 events, and the CPU of router and lighttpd."""
    rows = {t: [] for t in ("direct", "dario")}
    for _ in range(bench.args.rounds):
        for t in rows:
            before = bench.cpu()
            row = bench.h2load(t, "slow", 500)
            row["cpu"] = (bench.cpu() - before) / (500 * 31) * 1e6
            rows[t].append(row)
    return rows


def first_byte(bench):
    """Median µs from a request to the first byte of its stream, each target,
    one request at a time over a kept connection."""
    data = body("first:m", True).encode()
    times = {t: [] for t in TARGETS}
    for _ in range(100 * bench.args.rounds):
        for t in TARGETS:
            c = bench.connection(t)
            started = time.perf_counter()
            prefix = "" if t == "dario" else "/first"
            c.request("POST", prefix + "/v1/chat/completions", data)
            r = c.getresponse()
            r.read(1)
            times[t].append((time.perf_counter() - started) * 1e6)
            r.read()
    return {t: statistics.median(v) for t, v in times.items()}


def memory(bench, clients):
    """Worker's MiB while `clients` streams are open, and before."""
    before = bench.worker_memory()
    data = bench.write("idle.json", body("idle:m", True))
    load = subprocess.Popen(
        ["h2load", "--h1", f"-n{clients}", f"-c{clients}", "-t1", "-d", data,
         bench.url("dario", "idle")], stdout=subprocess.DEVNULL)
    time.sleep(3)
    during = bench.worker_memory()
    load.wait(60)
    return before, during


def stream_cpu(bench, path, model, streams, clients):
    """CPU seconds of router and lighttpd for so many streams."""
    data = json.dumps({
        "model": model, "stream": True, "max_tokens": 99,
        "messages": [{"role": "user", "content": "hello " * 30}]})
    before = bench.cpu()
    out = subprocess.run(
        ["h2load", "--h1", f"-n{streams}", f"-c{clients}", "-t1",
         "-d", bench.write("t.json", data),
         "-H", "Content-Type: application/json",
         f"http://127.0.0.1:{bench.ports['dario']}{path}"],
        check=True, capture_output=True, text=True).stdout
    assert f"{streams} 2xx" in out, out
    return bench.cpu() - before


def translated(bench):
    """CPU for a 50-chunk stream: translated (a Messages client) to passed
    through (a Chat client)."""
    return statistics.median(
        stream_cpu(bench, "/v1/messages", "s50:m", 4000, 16) /
        stream_cpu(bench, "/v1/chat/completions", "s50:m", 4000, 16)
        for _ in range(bench.args.rounds))


def mapped(bench):
    """CPU for 500 slow streams without tools from a subscription account:
    with tools mapped, as is the default, to tools preserved."""
    until = int(time.time() + 86400) * 1000
    with open(os.open(os.path.join(bench.home, "credentials.json"),
                      os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        json.dump({"claudeAiOauth": {
            "accessToken": "bench-access", "refreshToken": "bench-refresh",
            "expiresAt": until, "scopes": ["user:inference"]}}, f)
    settings = os.path.join(bench.home, "config.json")

    def cost(preserve):
        with open(os.open(settings + ".new", os.O_WRONLY | os.O_CREAT,
                          0o600), "w") as f:
            json.dump({"preserveTools": preserve}, f)
        os.rename(settings + ".new", settings)
        return stream_cpu(bench, "/v1/messages", "claude-sonnet-4-5",
                          streams=500, clients=500)

    # Each pair the other way round than the one before: what the machine does
    # meanwhile weighs on both.
    pairs = []
    for i in range(4 * bench.args.rounds):
        turns = {p: cost(p) for p in ((True, False), (False, True))[i % 2]}
        pairs.append(turns[False] / turns[True])
    return statistics.median(pairs)


def conversation(bench):
    """Milliseconds that translation adds to a conversation of 1 MiB."""
    words = "some words of a long conversation, with \\u00e9 and \\n. "
    turns = [{"role": ("user", "assistant")[i % 2],
              "content": [{"type": "text", "text": words * 20}]}
             for i in range(860)]
    data = json.dumps({"model": "fast:m", "max_tokens": 9,
                       "messages": turns}).encode()
    times = {}
    for path in ("/v1/chat/completions", "/v1/messages"):
        times[path] = []
        for _ in range(20):
            c = http.client.HTTPConnection("127.0.0.1", bench.ports["dario"])
            started = time.perf_counter()
            c.request("POST", path, data)
            r = c.getresponse()
            r.read()
            times[path].append(time.perf_counter() - started)
            assert r.status == 200
            c.close()
    passed, changed = (statistics.median(t) * 1e3 for t in times.values())
    return len(data) / 2**20, passed, changed


def run(bench):
    bench.start_upstream()
    bench.start_proxies()
    bench.start_floor()
    bench.start_haproxy()
    bench.start_dario()
    if shutil.which("haproxy"):
        TARGETS.insert(3, "haproxy")
    if bench.args.first_byte:
        print(first_byte(bench))
        return
    if bench.args.map:
        print(f"mapped stream: {mapped(bench):.3f}")
        return
    if bench.args.translate:
        print(f"translated stream: {translated(bench):.2f}")
        print("conversation: %.1f MiB, %.1f ms passed, %.1f ms translated"
              % conversation(bench))
        return
    files = statistics.median(bench.static(16) for _ in range(5))
    floor = statistics.median(bench.wrk("floor", "fast", 16)["rps"]
                              for _ in range(5))
    print(f"lighttpd serves {files:.0f} files a second of that size, and "
          f"{floor:.0f} answers of the floor: {floor / files:.2f} (more than "
          "a quarter, or the floor is none)")
    results = {}
    for connections in (1, 16, 64):
        results[connections] = table(bench, "fast", connections,
                                     "Non-stream requests")
    streams = table(bench, "s50", 16, "Streams of 50 chunks")
    first = first_byte(bench)
    print("\nTime to the first byte of a stream\n\n| target | µs |\n"
          "|---|---:|")
    for t in TARGETS:
        print(f"| {NAMES[t]} | {first[t]:.0f} |")
    before, with200 = memory(bench, 200)
    _, with500 = memory(bench, 500)
    print(f"\nMemory of the worker: {before:.1f} MiB after the load above, "
          f"{with200:.1f} MiB with 200 slow streams open, "
          f"{with500:.1f} MiB with 500")
    rows = slow_streams(bench)
    direct = median(rows["direct"], "seconds")
    dario = median(rows["dario"], "seconds")
    whole = all(r["ok"] == 500 and r["bytes"] == rows["direct"][0]["bytes"]
                for r in rows["dario"])
    cost = median(rows["dario"], "cpu")

    def of(c, key):
        s = results[c]
        return median(s["dario"], key), median(s["lighttpd"], key), \
            median(s["direct"], key)
    r16, l16, _ = of(16, "rps")
    p1, _, d1 = of(1, "p50")
    print("\n| measure | value | target |\n|---|---:|---:|")
    print(f"| requests/s to mod_proxy, 16 connections | {r16 / l16:.2f} "
          "| ≥ 0.55 |")
    print(f"| added p50 at 1 connection | {p1 - d1:.0f} µs | ≤ 200 µs |")
    print(f"| CPU per streamed chunk | {cost:.0f} µs | ≤ 80 µs |")
    print(f"| 500 streams of 30 events, time to direct | "
          f"{dario / direct:.2f} | ≤ 1.30 |")
    print(f"| 500 streams complete and equal in bytes | "
          f"{'yes' if whole else 'NO'} | yes |")
    print("| CPU of a translated 50-chunk stream to a passed one | "
          f"{translated(bench):.2f} | ≤ 2.00 |")
    size, passed, changed = conversation(bench)
    print(f"| translating a conversation of {size:.1f} MiB adds | "
          f"{changed - passed:.1f} ms | ≤ 25 ms |")
    print("| CPU of a stream without tools, tools mapped to preserved | "
          f"{mapped(bench):.2f} | ≤ 1.05 |")
    for processes in (1, 8):
        cost, _ = pool_cost(bench, processes)
        print(f"| choosing an account and noting its answer, {processes} at "
              f"once, median | {cost:.0f} µs | ≤ 50 µs |")
    s = streams
    print("| streams/s to mod_proxy, 50 chunks, 16 connections | "
          f"{median(s['dario'], 'rps') / median(s['lighttpd'], 'rps'):.2f} "
          "| |")


def pool_cost(bench, processes):
    """Median and 99th percentile in µs, all processes at once."""
    program = os.path.join(bench.args.builddir, "tests", "bench", "pool-cost")
    runs = []
    for _ in range(max(3, bench.args.rounds)):
        with tempfile.TemporaryDirectory() as home:
            out = subprocess.run([program, home, str(processes), "3000"],
                                 capture_output=True, text=True, check=True)
            runs.append([float(v) for v in out.stdout.split()])
    return sorted(runs)[len(runs) // 2]


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=int, default=3,
                   help="of load on each target and round, one at a time")
    p.add_argument("--builddir", default=os.path.join(HERE, "..", ".."))
    p.add_argument("--translate", action="store_true",
                   help="only the cost of translation")
    p.add_argument("--map", action="store_true",
                   help="only the cost of mapping tools when there are none")
    p.add_argument("--pool", action="store_true",
                   help="only the cost of choosing an account")
    p.add_argument("--first-byte", action="store_true",
                   help="only the time to first byte")
    bench = Bench(p.parse_args())
    bench.args.builddir = os.path.abspath(bench.args.builddir)
    if bench.args.pool:
        for processes in (1, 8):
            print(processes, *pool_cost(bench, processes))
        return
    for tool in ("wrk", "h2load", "nginx", "lighttpd"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
            sys.exit(f"bench: {tool} is missing: see packages.txt")
    os.environ["PATH"] += ":/usr/sbin"
    try:
        run(bench)
    finally:
        bench.stop()


if __name__ == "__main__":
    main()
