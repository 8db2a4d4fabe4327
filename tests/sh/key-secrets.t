#!/bin/sh
# SPDX-License-Identifier: MIT
# A key is printed once. After that neither it nor its hash is anywhere but in
# its own file: no log, answer, page, output, file, process.
. "$(dirname "$0")/lib.sh"
need lighttpd curl python3

export DARIO_API_KEY=owner-key-0123456789
said=$tmp/said # all that is printed and answered
mkdir "$said"
n=0
keep() { # COMMAND...: its output
	n=$((n + 1))
	"$@" >"$said/$n" 2>&1
}
ask() { # PATH KEY [curl flags]: head and body
	path=$1
	key=$2
	shift 2
	keep curl -gsi -H "x-api-key: $key" "$@" "$url$path"
}
chat='{"model":"demo","stream":true,"messages":[{"role":"user","content":"hi"}]}'
wrong='{"model":"bad:m","messages":[{"role":"user","content":"hi"}]}'

printf '#!/bin/sh\necho sk-of-a-command-0123456789\n' >"$tmp/print-key"
chmod 755 "$tmp/print-key"
"$dario" backend add bad --base-url=http://127.0.0.1:9/v1 --key-command="$tmp/print-key" 2>"$said/backend"
anna=$("$dario" key add anna --spend=5/month --rate=9/min --models='demo*,bad*' 2>/dev/null)
laptop=$("$dario" key add anna/laptop 2>/dev/null)
bob=$("$dario" key add bob 2>/dev/null)
gone=$("$dario" key add gone 2>/dev/null)
start_router --demo --workers=2 --verbose
old=$anna
anna=$("$dario" key rotate anna 2>/dev/null)

# what a person does, with every key and with wrong ones
for key in "$anna" "$laptop" "$bob" "$old" "$gone" "${anna}x" "$DARIO_API_KEY" "$DARIO_API_KEY/"; do
	for path in / /health /status /accounts /analytics '/analytics?by=key,user' /metrics /requests /v1/models \
		/api/oauth/usage /managed/settings /v1/organizations/spend_limits \
		/v1/organizations/spend_limits/effective /v1/organizations/spend_limits/audit "/v1/$key?key=$key"; do
		ask "$path" "$key"
	done
	ask /v1/chat/completions "$key" -d "$chat"
	ask /v1/messages "$key" -d "$wrong"
	ask /v1/responses "$key" -d "{\"model\":\"$key\",\"input\":\"$key\"}"
	ask /v1/chat/completions "$key" -H "Authorization: Bearer $key" -d "$wrong"
done
"$dario" key remove gone 2>"$said/removed"
ask /v1/chat/completions "$gone" -d "$chat"
for i in 1 2 3 4 5 6 7 8 9 10 11; do
	ask /v1/chat/completions "$anna" -d "$chat"
done

# signing in
keep curl -s "$url/oauth/device_authorization" -d surface=claude_code
device=$(json 'j["device_code"]' <"$said/$n")
user=$(json 'j["user_code"]' <"$said/$n")
keep curl -si "$url/device" --data-urlencode "user_code=$user" --data-urlencode "key=$bob" -d action=approve
curl -s -o "$tmp/tokens" "$url/oauth/token" -d grant_type=urn:ietf:params:oauth:grant-type:device_code \
	--data-urlencode "device_code=$device"
access=$(json 'j["access_token"]' <"$tmp/tokens")
renew=$(json 'j["refresh_token"]' <"$tmp/tokens")
ask /v1/chat/completions "$access" -d "$chat"
ask /api/oauth/usage "${access}x"
rm "$tmp/tokens"

# what the owner does
for command in 'key list' 'key list --json' 'key show anna' 'key show anna --json' 'key change anna --rate=5/min' 'key disable bob' \
	'key enable bob' 'key audit' 'key audit --json' 'key list --wrong' 'usage' 'usage --by=key,user --json' 'usage --by=key --csv' \
	'usage --errors' 'config' 'config --json' 'doctor' 'doctor --json' 'backend list --json' 'explain bad:m' 'status' 'accounts list'; do
	# shellcheck disable=SC2086
	keep "$dario" $command
done
for key in "$anna" "$access"; do
	keep "$dario" key show "$key"
	keep "$dario" key add "$key"
	keep "$dario" key change anna --spend="$key"
	keep "$dario" "$key"
done

# Where each of them may be: its hash in its own file; the key that a command
# has printed where workers share it.
cat >"$tmp/look.py" <<'PY'
import base64, hashlib, os, sys
home, places, router, names = sys.argv[1], sys.argv[2:-2], int(sys.argv[-2]), sys.argv[-1].split()
secrets = dict(zip(names, sys.stdin.read().split()))
needles = {}
for name, text in secrets.items():
    raw = hashlib.sha256(text.encode()).digest()
    needles[name] = {"key": text.encode(), "end": text[-16:].encode(),
                     "hash": raw.hex().encode(), "HASH": raw.hex().upper().encode(), "raw hash": raw,
                     "base64": base64.b64encode(raw)[:40], "base64url": base64.urlsafe_b64encode(raw)[:40]}
    if name == "owner": # its end is its whole
        del needles[name]["end"]


def allowed(path, name, form):
    own = {"anna": "keys/anna.json", "laptop": "keys/anna/laptop.json", "bob": "keys/bob.json"}.get(name)
    if form == "hash" and own and path == os.path.join(home, own):
        return True
    if name == "command" and form in ("key", "end"):
        return path == os.path.join(home, "state/key-bad.json")
    return name in ("access", "renew") and form != "key" and form != "end" and "/state/grants-" in path


def look(where, data, own=None):
    return [f"{where}: {name}, {form}" for name, forms in needles.items() for form, text in forms.items()
            if text in data and not (own and allowed(own, name, form))]


def say(what, found):
    print(f"PASS {what}" if not found else f"FAIL {what}: {found[:60]}")


files, found, modes = 0, [], []
for place in [home] + places:
    for folder, _, names in os.walk(place):
        for one in names:
            path = os.path.join(folder, one)
            if os.path.islink(path) or not os.path.isfile(path):
                continue
            files += 1
            found += look(path, open(path, "rb").read(), path)
            if path.startswith(home + "/") and os.stat(path).st_mode & 0o077:
                modes.append(path)
say(f"no file has more than it may, of {files}", found if files > 100 else ["too few files"])
say("no file of the home is open to others", modes)
about, environs, processes = [], [], 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) == os.getpid():
        continue
    try:
        about += look(f"argv of {pid}", open(f"/proc/{pid}/cmdline", "rb").read())
        environ = open(f"/proc/{pid}/environ", "rb").read()
    except OSError:
        continue
    processes += 1
    # The owner's key is in the environment of who was given it there.
    environs += [f for f in look(f"environment of {pid}", environ) if not f.endswith(": owner, key")]
say(f"no argument of a process, of {processes}", about if processes > 3 else ["too few processes"])
say("no environment of one", environs)
PY
printf '%s\n' "$anna" "$laptop" "$bob" "$old" "$gone" "$access" "$renew" "$DARIO_API_KEY" sk-of-a-command-0123456789 >"$tmp/secrets"
mkdir "$tmp/logs"
cp "$tmp/log" "$tmp/logs/log"
cat >"$tmp/run" <<'EOS'
exec python3 "$1/look.py" "$DARIO_HOME" "$1/said" "$1/logs" "$2" 'anna laptop bob old gone access renew owner command' <"$1/secrets"
EOS
ok 'there are answers' grep -q chat.completion.chunk -r "$said"
ok 'and refusals of a limit' grep -q rate_limit -r "$said"
ok 'and of a wrong key' grep -q 'wrong API key' -r "$said"
# Only for this: what a request was asked with is in curl's arguments no more.
report 'keys and hashes' "$tmp/out" sh "$tmp/run" "$tmp" "$router"

# The key that a command has printed, of a backend that goes.
file=$DARIO_HOME/state/key-bad.json
is 'it is kept for the workers alone' "$(stat -c %a "$file")" 600
"$dario" backend remove bad 2>/dev/null
ok 'it goes with its backend' test ! -e "$file"
done_testing
