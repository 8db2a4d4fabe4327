#!/bin/sh
# SPDX-License-Identifier: MIT
# share/prices.json: each row has a source and is of use, and the common models
# of the providers that dario knows have a price there.
. "$(dirname "$0")/lib.sh"
need python3

cat >"$tmp/look.py" <<'PY'
import datetime, fnmatch, json, re, sys
prices = json.load(open(sys.argv[1]))
providers = json.load(open(sys.argv[2]))["providers"]
rows = prices["prices"]
ids = {p["id"] for p in providers}
local = {p["id"] for p in providers if p.get("local")}
wrong = []


def say(name, found):
    print(f"PASS {name}" if not found else f"FAIL {name}: {found[:5]}")


def rates(r):
    return [r, r["long"]] if "long" in r else [r]


KEYS = {"match", "at", "from", "source", "input", "output", "read", "write5m",
        "write1h", "reasoning", "search", "long", "image", "audio", "hour", "batch", "images", "characters",
        "call"}
say("each row has the members that are read, and no other",
    [r["match"] for r in rows if set(r) - KEYS or not {"match", "source", "input", "output"} <= set(r)])
say("each source has an address, and each address a row",
    sorted({r["source"] for r in rows} ^ set(prices["sources"])) +
    [s for s in prices["sources"].values() if not s["page"].startswith("https://")])
say("each source says when it was read, and through whom",
    [s for s in prices["sources"].values() if not s["by"] or
     datetime.date.fromisoformat(s["read"]) > datetime.date.today() + datetime.timedelta(days=1)])
say("dates are dates", [r["from"] for r in rows if "from" in r and not
                        re.fullmatch(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]", r["from"])])
say("a price is a price", [r["match"] for r in rows for x in rates(r)
                           if not (0 <= x["input"] < 1000 and 0 <= x["output"] < 2000)])
say("what a cache had costs no more than what it had not",
    [r["match"] for r in rows for x in rates(r) if x.get("read", 0) > x["input"]])
say("what is no text has the prices that are read, and no other",
    [r["match"] for r in rows for kind in ("image", "audio") for x in [r.get(kind, {"input": 1})]
     if not x or set(x) - {"input", "read", "output"} or any(not 0 <= v < 200 for v in x.values())])
say("one of something has a price, and a list of them ends with any",
    [r["match"] for r in rows if any(not 0 < i["price"] < 1 for i in r.get("images", [])) or
     set(r.get("images", [{"price": 1}])[-1]) != {"price"} or not 0 <= r.get("characters", 1) <= 100])
say("a row without tokens has something else",
    [r["match"] for r in rows if not (r["input"] or r["output"] or {"images", "hour", "characters", "search", "call"} & set(r)
                                         or "moderation" in r["match"][0])])
say("a provider is one that dario knows, and not on this machine",
    [r["at"] for r in rows if not set(r.get("at", ids)) <= ids or set(r.get("at", [])) & local])

# An exact name that an earlier row of the place has without a date is never read.
dead = []
for i, r in enumerate(rows):
    for name in r["match"]:
        if "*" in name or "[" in name:
            continue
        for e in rows[:i]:
            if e.get("at") == r.get("at") and "from" not in e and \
                    any(fnmatch.fnmatchcase(name, g) for g in e["match"]):
                dead.append((name, e["match"][0]))
                break
say("no row stands behind one that is read in its place", dead)

COMMON = {
    "openai": ["gpt-5", "gpt-5-mini", "gpt-5.4", "gpt-6-sol", "gpt-4o", "o3", "o4-mini", "text-embedding-3-small",
               "gpt-image-1", "gpt-image-2", "gpt-audio", "gpt-4o-transcribe", "whisper-1", "tts-1-hd",
               "dall-e-3", "dall-e-2"],
    "azure": ["gpt-4o", "gpt-4.1", "o3"],
    "anthropic": ["claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5", "claude-fable-5-2", "claude-3-haiku-20240307"],
    "openrouter": ["anthropic/claude-sonnet-4.5", "openai/gpt-5", "google/gemini-2.5-pro", "deepseek/deepseek-v3.2",
                   "meta-llama/llama-3.3-70b-instruct", "qwen/qwen3-coder", "x-ai/grok-4"],
    "groq": ["llama-3.3-70b-versatile", "llama-3.1-8b-instant", "openai/gpt-oss-120b"],
    "cerebras": ["gpt-oss-120b", "zai-glm-4.7"],
    "fireworks": ["accounts/fireworks/models/gpt-oss-120b", "accounts/fireworks/models/deepseek-v3p2"],
    "deepseek": ["deepseek-chat", "deepseek-reasoner", "deepseek-v4-flash", "deepseek-v4-pro"],
    "moonshot": ["kimi-k2.6", "kimi-k3"],
    "zai": ["glm-4.6", "glm-5", "glm-5.3"],
    "minimax": ["MiniMax-M2", "MiniMax-M3"],
    "google": ["gemini-2.5-pro", "gemini-2.5-flash", "gemini-3-pro-preview"],
    "mistral": ["mistral-large-latest", "mistral-medium-latest", "codestral-latest", "devstral-2512"],
    "xai": ["grok-4", "grok-4.6", "grok-code-fast-1"],
    "together": ["meta-llama/Llama-3.3-70B-Instruct-Turbo", "openai/gpt-oss-120b"],
    "perplexity": ["sonar", "sonar-pro", "sonar-reasoning-pro"],
    "cohere": ["command-a-03-2025", "command-r-plus-08-2024"],
    "bedrock": ["openai.gpt-oss-120b-1:0"],
    "bedrock-mantle": ["anthropic.claude-sonnet-4-5"],
    "databricks": ["databricks-claude-sonnet-4-5"],
}
say("of providers that dario knows", sorted(set(COMMON) - ids))
for place, names in COMMON.items():
    say(f"{place}: its common models", [
        n for n in names if not any(
            place in r.get("at", [place]) and any(fnmatch.fnmatchcase(n, g) for g in r["match"]) for r in rows)])
PY
report 'prices' "$tmp/out" python3 "$tmp/look.py" "$srcdir/share/prices.json" "$srcdir/share/providers.json"
done_testing
