#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The official PyPI clients, as they are installed, with keys at their limits:
limits.py URL LOG KEYS, the keys as "name=key ...".

Each says what is the matter, in its own words, and asks once: what no retry
mends is not retried. LOG is the router's. Prints "PASS name" or "FAIL name:
why" for each case.
"""

import sys
import time

import anthropic
import openai

url, log = sys.argv[1:3]
keys = dict(k.split("=", 1) for k in sys.argv[3].split())
HI = [{"role": "user", "content": "hi"}]


def asked():
    with open(log) as f:
        return sum('"path":"/v1/' in line for line in f)


def oa(key):
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key)


def chat(key, stream):
    return oa(key).chat.completions.create(model="demo", messages=HI, stream=stream)


def responses(key, stream):
    return oa(key).responses.create(model="demo", input="hi", stream=stream)


def messages(key, stream):
    return anthropic.Anthropic(base_url=url, api_key=key).messages.create(
        model="demo", max_tokens=9, messages=HI, stream=stream)


# of the key: class, code in OpenAI's words, type in Anthropic's, what is said
EXPECTED = {
    "spent": ("RateLimitError", "insufficient_quota", "billing_error", "spend limit reached"),
    "rate": ("RateLimitError", "insufficient_quota", "rate_limit_error", "request limit reached"),
    "models": ("BadRequestError", None, "invalid_request_error", "other*"),
    "expired": ("AuthenticationError", None, "authentication_error", "expired"),
    "wrong": ("AuthenticationError", None, "authentication_error", "wrong API key"),
}


def check(api, key, stream):
    kind, code, type_, words = EXPECTED[key]
    before = asked()
    try:
        list(api(keys[key], stream))
        return "no error"
    except (openai.APIError, anthropic.APIError) as e:
        got, body = e, e.body
    wrong = []
    if type(got).__name__ != kind:
        wrong.append(type(got).__name__)
    if api is messages and body["error"]["type"] != type_:
        wrong.append(body)
    if api is not messages and code and got.code != code:
        wrong.append(got.code)
    if words not in str(got):
        wrong.append(str(got))
    for _ in range(4500):  # a line may be written just after its answer has come
        if asked() > before:
            break
        time.sleep(0.02)
    if asked() - before != 1:
        wrong.append(f"it asked {asked() - before} times")
    return wrong


for key in EXPECTED:
    for api in (chat, responses, messages):
        for stream in (False, True):
            name = f"{key}: {api.__name__}{', a stream' if stream else ''}"
            wrong = check(api, key, stream)
            print(f"PASS {name}" if not wrong else f"FAIL {name}: {wrong}", flush=True)
