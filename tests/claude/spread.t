#!/bin/sh
# SPDX-License-Identifier: MIT
# Requests that come at once are spread over accounts that are alike.
. "$(dirname "$0")/../sh/lib.sh"
. "$srcdir/tests/claude/claude.sh"
need lighttpd curl python3
start_provider
DARIO_MIN_INTERVAL_MS=300
mkdir -m 700 "$DARIO_HOME"
for alias in a b c; do
	subscription accounts/$alias.json sk-ant-oat01-$alias sk-ant-ort01-$alias 36000000
done
rule '{"accept":["sk-ant-api03-x","sk-ant-api03-y","sk-ant-api03-z"]}'
start_router --workers=2

twelve() { # NAME: first requests of twelve conversations, at once
	clients=
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		curl -s -o /dev/null -d "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$1 $i\"}]}" "$url/v1/messages" &
		clients="$clients $!"
	done
	wait $clients
}
answered() { # [FIELD]: how many each account got
	seen "(lambda c: sorted(c.count(x) for x in set(c)))([r${1-[\"credential\"]} for r in j[\"requests\"]])"
}
# With files a choice is made under a lock. With the store each worker chooses by
# news that may be 50 ms old, and as much on its way: nobody stands idle.
is_spread() { # NAME [FIELD]
	name=$1
	shift
	if [ "${STORE-}" = redis ]; then
		is "$name" "$(answered "$@" | json '[len(j), sum(j), min(j) > 1]')" '[3, 12, True]'
	else
		is "$name" "$(answered "$@")" '[4, 4, 4]'
	fi
}
# None is answered before all twelve have been sent somewhere.
rule '{"forget":true,"gather":12}'
begun=$(now_ms)
twelve one
is_spread 'twelve over three subscriptions'
is 'each of them kept its pace' "$(seen "(lambda at: all(max(at[c]) * 1000 - $begun >= 300 * (len(at[c]) - 1) for c in at))(
	{c: [r[\"time\"] for r in j[\"requests\"] if r[\"credential\"] == c] for c in set(r[\"credential\"] for r in j[\"requests\"])})")" True
# A store hears a little later than the client that less is held.
none_in_flight() { curl -s "$url/accounts" | json 'sum(a["inFlight"] for a in j["accounts"])' | grep -q '^0$'; }
ok 'nothing is in flight any more' wait_for none_in_flight

# One after the other: nobody waits for a pace while another idles.
stop_router
forget_state
DARIO_MIN_INTERVAL_MS=60000
start_router --workers=2
rule '{"forget":true,"gather":0}'
for i in 1 2 3; do
	curl -s -m 50 -o /dev/null -d "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"seq $i\"}]}" "$url/v1/messages"
done
is 'three in a row: three accounts' "$(answered)" '[1, 1, 1]'
stop_router

# Keys without limits in their answers, of Claude.
rm -rf "$DARIO_HOME"/accounts/*
forget_state
for alias in x y z; do
	printf 'sk-ant-api03-%s\n' $alias | "$dario" accounts add $alias --key-stdin 2>/dev/null
done
start_router --workers=2
rule '{"forget":true,"gather":12}'
twelve two
is_spread 'twelve over three API keys'

# One after the other, with nothing in flight: they take turns, across the
# workers; a conversation stays.
rule '{"forget":true,"gather":0}'
ask() { # TEXT
	post /v1/messages "{\"model\":\"claude-x\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\",\"content\":\"$1\"}]}" >/dev/null
	header x-dario-account
}
order=$(for i in 1 2 3 4 5 6 7 8 9; do
	wait_for none_in_flight
	ask "turn $i"
done | tr -d '\n')
is 'nine in a row: three each' "$(answered)" '[3, 3, 3]'
is 'nine in a row: in turn' "$order" "$(echo $order | cut -c1-3 | sed 's/.*/&&&/')"
stays=$(ask stays)
wait_for none_in_flight # its account is noted by then
is 'a conversation stays' "$(ask stays)$(ask stays)$(ask stays)" "$stays$stays$stays"
after=$(for i in 1 2 3; do
	wait_for none_in_flight
	ask "after $i"
done | tr -d '\n')
is 'and what it had counts as a turn' "$(echo $after | cut -c3)" "$stays"
rule '{"forget":true,"answers":{"sk-ant-api03-x":[{"status":500},{"status":500},{"status":500}]}}'
for i in 1 2 3 4 5 6; do
	wait_for none_in_flight
	ask "failing $i"
done >/dev/null
is 'one that fails has its turns, too' \
	"$(seen '(lambda c: [c.count(x) for x in ("sk-ant-api03-y", "sk-ant-api03-z")])([r["credential"] for r in j["requests"]])')" '[3, 3]'
rule '{"answers":{}}'

# A worker that is killed gives back what it had in flight.
rule '{"gather":1000}'
twelve three &
running=$!
held() { curl -s "$url/accounts" | json 'sum(a["inFlight"] for a in j["accounts"]) >= 12' | grep -q True; }
ok 'twelve are in flight' wait_for held
kill -9 $(worker_pid)
rule '{"gather":0}'
given_back() {
	message claude-x >/dev/null
	none_in_flight
}
ok 'killed: they are not any more' wait_for given_back
wait $running

# Those who wait in line look again and again, and open no file for it.
stop_router
forget_state
DARIO_QUEUE_MS=300000 # until a person says so
export DARIO_QUEUE_MS
start_router --threads=300
full="{\"status\":429,\"headers\":{\"retry-after\":\"250\"}}"
rule "{\"forget\":true,\"answers\":{\"sk-ant-api03-x\":[$full],\"sk-ant-api03-y\":[$full],\"sk-ant-api03-z\":[$full]}}"
python3 - "$url" "$DARIO_HOME" "$dario" >"$tmp/opens" <<'END'
import ctypes, json, os, struct, subprocess, sys, threading, time
import urllib.request
url, home, dario = sys.argv[1:]
libc = ctypes.CDLL(None)
IN_OPEN, IN_ISDIR = 0x20, 0x40000000
fd = libc.inotify_init1(os.O_NONBLOCK)

def ask(i):
    body = json.dumps({"model": "claude-x", "max_tokens": 9, "messages": [
        {"role": "user", "content": f"waits {i}"}]}).encode()
    with urllib.request.urlopen(url + "/v1/messages", body) as f:
        status.append(f.status)

def opens():
    n = 0
    try:
        while True:
            data = os.read(fd, 1 << 16)
            while data:
                mask, _, size = struct.unpack_from("III", data, 4)
                n += not mask & IN_ISDIR
                data = data[16 + size:]
    except BlockingIOError:
        return n

def queued():
    with urllib.request.urlopen(url + "/accounts") as f:
        return json.load(f)["queued"]

status = []
threads = [threading.Thread(target=ask, args=(i,)) for i in range(128)]
until = time.time() + 120

def wait_for(n):
    while queued() < n and time.time() < until:
        time.sleep(0.1)

threads[0].start()  # it is refused by all
wait_for(1)
for t in threads[1:]:
    t.start()
wait_for(128)
print("waiting", queued() >= 128)
for folder in ("", "/state", "/accounts"):
    libc.inotify_add_watch(fd, (home + folder).encode(), IN_OPEN)
opens()
time.sleep(2)
print("opened", opens() <= 64)
for alias in "xyz":
    subprocess.run([dario, "accounts", "resume", alias], check=True)
for t in threads:
    t.join()
print("answered", status.count(200))
END
is '128 come: they wait in line' "$(sed -n 's/^waiting //p' "$tmp/opens")" True
is '128 wait: hardly a file is opened meanwhile' "$(sed -n 's/^opened //p' "$tmp/opens")" True
is '128 waited: all are answered' "$(sed -n 's/^answered //p' "$tmp/opens")" 128
is '128 waited: no account was asked by them meanwhile' "$(seen 'len(j["requests"])')" 131

# Keys of another backend wait in line, too.
stop_router
DARIO_QUEUE_MS=60000
"$dario" backend add groq --base-url="$provider/b/groq/v1" 2>/dev/null
for alias in one two; do
	printf 'gsk-%s\n' $alias | "$dario" accounts add $alias --backend=groq --key-stdin 2>/dev/null
done
start_router
rule '{"keys":{"gsk-one":[{"status":429,"headers":{"retry-after":"2"}}],"gsk-two":[{"status":429,"headers":{"retry-after":"300"}}]}}'
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: in line until the first is free' "$(status) $(header x-dario-account)" '200 one'
"$dario" accounts add two --reserve=50% 2>/dev/null
forget_state
rule '{"keys":{"gsk-two":[{"headers":{"x-ratelimit-limit-requests":"10","x-ratelimit-remaining-requests":"4"}}],"gsk-one":[{"status":500}]}}'
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: the other' "$(header x-dario-account)" two
post /v1/chat/completions '{"model":"groq:m","messages":[{"role":"user","content":"hi"}]}' >/dev/null
is 'keys: what is left is its reserve' "$(header x-dario-account) $(header x-dario-fallback)" 'one groq/two: window'

# And they are spread as Claude's are.
printf 'gsk-three\n' | "$dario" accounts add three --backend=groq --key-stdin 2>/dev/null
"$dario" accounts add two --reserve=0 2>/dev/null
forget_state
rule '{"forget":true,"gather":12}'
clients=
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
	curl -s -o /dev/null -d "{\"model\":\"groq:m\",\"messages\":[{\"role\":\"user\",\"content\":\"keys $i\"}]}" "$url/v1/chat/completions" &
	clients="$clients $!"
done
wait $clients
is_spread 'keys: twelve over three' '["headers"]["authorization"]'
done_testing
