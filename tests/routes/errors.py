# SPDX-License-Identifier: MIT
"""A prompt that is too long, in each provider's words: errors.py URL PROVIDER.

Each refusal comes from a backend of one API and is asked for by clients of all
three. Where the API is the same and clients know the words it must come as it
is, byte for byte; else in the words that all know, with the numbers where there
are any. Prints "PASS name" or "FAIL name: why".
"""

import json
import random
import sys
import urllib.error
import urllib.request

url, provider = sys.argv[1:3]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages",
         "responses": "/v1/responses"}
N, M, O = (random.randint(300000, 900000), random.randint(100000, 299999),
           random.randint(1000, 9000))


def chat(message, code=None, kind="invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None,
                      "code": code}}


def claude(message):
    return {"type": "error", "error": {"type": "invalid_request_error",
                                       "message": message}}


# provider, its API, status, body, tokens in all or None, words are known
ROWS = [
    ("Anthropic", "anthropic", 400,
     claude(f"prompt is too long: {N} tokens > {M} maximum"), N, True),
    ("Anthropic, with the answer", "anthropic", 400,
     claude(f"input length and `max_tokens` exceed context limit: {N} + {O} > "
            f"{M}, decrease input length or `max_tokens` and try again"),
     N + O, True),
    ("OpenAI", "openai", 400, chat(
        f"This model's maximum context length is {M} tokens. However, your "
        f"messages resulted in {N} tokens. Please reduce the length of the "
        "messages.", "context_length_exceeded"), N, True),
    ("OpenAI, configured", "openai", 400, chat(
        f"Input tokens exceed the configured limit of {M} tokens. Your "
        f"messages resulted in {N} tokens. Please reduce the length of the "
        "messages."), N, False),
    ("OpenAI's Responses", "responses", 400, chat(
        "Your input exceeds the context window of this model. Please adjust "
        "your input and try again.", "context_length_exceeded"), None, True),
    ("Azure", "openai", 400, chat(
        f"This model's maximum context length is {M} tokens. However, you "
        f"requested {N} tokens ({N - O} in the messages, {O} in the "
        "completion). Please reduce the length of the messages or "
        "completion.", "context_length_exceeded"), N, True),
    ("DeepSeek", "openai", 400, chat(
        f"This model's maximum context length is {M} tokens. However, you "
        f"requested {N} tokens ({N - O} in the messages, {O} in the "
        "completion).", "invalid_request_error"), N, True),
    ("Groq", "openai", 400, chat(
        "Please reduce the length of the messages or completion.",
        "context_length_exceeded"), None, True),
    ("Cerebras", "openai", 400, chat(
        "Please reduce the length of the messages or completion. Current "
        f"length is {N} while limit is {M}", "x"), N, False),
    ("Mistral", "openai", 400, {
        "object": "error", "type": "invalid_request_prompt", "code": "3051",
        "message": f"Prompt contains {N} tokens and 0 draft tokens, too large "
        f"for model with {M} maximum context length"}, N, True),
    ("Gemini", "openai", 400, [{"error": {
        "code": 400, "status": "INVALID_ARGUMENT",
        "message": f"The input token count ({N}) exceeds the maximum number "
        f"of tokens allowed ({M})."}}], N, True),
    ("xAI", "openai", 400, {
        "code": "Client specified an invalid argument",
        "error": f"This model's maximum prompt length is {M} but the request "
        f"contains {N} tokens."}, N, False),
    ("OpenRouter", "openai", 400, {"error": {
        "code": 400, "message": f"This endpoint's maximum context length is "
        f"{M} tokens. However, you requested about {N} tokens (1 of text "
        "input, 2 in the output)."}}, N, True),
    ("OpenRouter, from behind", "openai", 400, {"error": {
        "code": 400, "message": "Provider returned error", "metadata": {
            "raw": json.dumps({"error": f"Range of input length should be "
                               f"[1, {M}]"}), "provider_name": "x"}}},
     None, False),
    ("Together", "openai", 422, chat(
        f"Input validation error: `inputs` tokens + `max_new_tokens` must be "
        f"<= {M}. Given: {N} `inputs` tokens and {O} `max_new_tokens`"),
     N + O, False),
    ("Together on SGLang", "openai", 400, chat(
        f"The input ({N} tokens) is longer than the model's context length "
        f"({M} tokens)."), N, False),
    ("TGI", "openai", 422, chat(
        f"Input validation error: `inputs` must have less than {M} tokens. "
        f"Given: {N}"), N, False),
    ("Fireworks", "openai", 400, chat(
        f"The prompt is too long: {N}, model maximum context length: {M}"),
     N, True),
    ("Bedrock", "openai", 400, {"message":
                                "Input is too long for requested model."},
     None, False),
    ("Bedrock, Claude", "anthropic", 400, claude(
        "The model returned the following errors: prompt is too long: "
        f"{N} tokens > {M} maximum"), N, True),
    ("Bedrock, Titan", "openai", 400, {"message":
        f"Too many input tokens. Max input tokens: {M}, request input token "
        f"count: {N} "}, N, False),
    ("vLLM", "openai", 400, {"error": {
        "message": f"You passed {N} input tokens and requested {O} output "
        f"tokens. However, the model's context length is only {M + O} tokens, "
        f"resulting in a maximum input length of {M} tokens. Please reduce "
        f"the length of the input prompt. (parameter=input_tokens, value={N})",
        "type": "BadRequestError", "param": "input_tokens", "code": 400}},
     N, False),
    ("vLLM, at least", "openai", 400, chat(
        f"This model's maximum context length is {M} tokens. However, you "
        f"requested {O} output tokens and your prompt contains at least {N} "
        "input tokens, for a total of"), N + O, True),
    ("vLLM, with the answer", "openai", 400, chat(
        f"'max_tokens' or 'max_completion_tokens' is too large: {O}. This "
        f"model's maximum context length is {M} tokens and your request has "
        f"{N} input tokens ({O} > {M} - {N})."), N + O, True),
    ("vLLM, the decoder", "openai", 400, chat(
        f"The decoder prompt (length {N}) is longer than the maximum model "
        f"length of {M}."), N, False),
    ("vLLM, once", "openai", 400, chat(
        f"The prompt (total length {N}) is too long to fit into the model "
        f"(context length {M})."), N, False),
    ("llama.cpp", "openai", 400, {"error": {
        "code": 400, "message": "the request exceeds the available context "
        "size, try increasing it", "type": "exceed_context_size_error",
        "n_prompt_tokens": N, "n_ctx": M}}, N, True),
    ("llama.cpp, newer", "openai", 400, {"error": {
        "code": 400, "message": f"request ({N} tokens) exceeds the available "
        f"context size ({M} tokens), try increasing it",
        "type": "exceed_context_size_error"}}, N, True),
    ("llama.cpp, as its own fault", "openai", 500, {"error": {
        "code": 500, "message": "Context size has been exceeded.",
        "type": "server_error"}}, None, False),
    ("Ollama", "openai", 400, chat(
        "prompt too long; exceeded max context length by 4096 tokens"),
     None, False),
    ("Ollama, embeddings", "openai", 400, {
        "error": "the input length exceeds the context length"}, None, False),
    ("LM Studio", "openai", 400, {
        "error": "The number of tokens to keep from the initial prompt is "
        f"greater than the context length (n_keep: {N}>= n_ctx: {M}). Try to "
        "load the model with a larger context length, or provide a shorter "
        "input."}, N, False),
    ("LM Studio, without", "anthropic", 400, claude(
        "The number of tokens to keep from the initial prompt is greater than "
        "the context length. Try to load the model with a larger context "
        "length, or provide a shorter input"), None, False),
    ("LM Studio, once", "openai", 400, {
        "error": f"Trying to keep the first {N} tokens when context the "
        "overflows. However, the model is loaded with context length of only "
        f"{M} tokens, which is not enough."}, N, False),
    ("LiteLLM", "openai", 400, chat(
        "litellm.ContextWindowExceededError: litellm.BadRequestError: "
        'AnthropicError - {"message":"prompt is too long: '
        f'{N} tokens > {M} maximum"}}'), N, True),
    ("LiteLLM, alone", "openai", 400, chat(
        "litellm.ContextWindowExceededError: litellm.BadRequestError: "
        "ContextWindowExceededError: VertexAIException - x"), None, False),
    ("Moonshot", "openai", 400, chat(
        f"Invalid request: Your request exceeded model token limit: {M} "
        f"(requested: {N})"), N, False),
    ("Qwen", "openai", 400, chat(
        "<400> InternalError.Algo.InvalidParameter: Range of input length "
        f"should be [1, {M}]", "invalid_parameter_error"), None, False),
    ("Z.ai", "openai", 400, {"error": {
        "code": "1261", "message": "Prompt exceeds max length"}}, None, False),
    ("Z.ai, by its code", "openai", 400, {"error": {
        "code": "1261", "message": "提示过长"}}, None, False),
    ("Z.ai as Claude", "anthropic", 400, claude(
        "The model has reached its context window limit."), None, False),
    ("MiniMax", "openai", 400, chat(
        "invalid params, context window exceeds limit (2013)"), None, False),
    ("Copilot", "openai", 400, {"error": {
        "message": f"prompt token count of {N} exceeds the limit of {M}",
        "code": "model_max_prompt_tokens_exceeded"}}, N, False),
    ("Cohere", "openai", 400, {
        "message": "too many tokens: total number of tokens in the prompt "
        f"cannot exceed {M} - received {N}. Try using a shorter prompt."},
     N, False),
    ("SambaNova", "openai", 400, chat(
        f"The maximum context length of Meta-Llama-3.1-8B is {M}. However, "
        f"answering your request will take {N} tokens. Please reduce the "
        "length of the messages."), N, True),
    ("DeepSeek at home", "openai", 400, chat(
        f"Prompt has {N:,} tokens, but the configured context size is {M:,} "
        "tokens"), N, False),
    ("in a few words", "anthropic", 400, claude("Prompt is too long"), None,
     False),
    ("OpenAI, half of it", "openai", 400, chat(
        f"Input tokens exceed the configured limit of {M} tokens."), None,
     False),
    ("DeepSeek, half of it", "openai", 400, chat(
        f"This model's maximum context length is {M} tokens."), None, True),
    ("Gemini, once", "openai", 400, {"error": {
        "code": 400, "status": "INVALID_ARGUMENT",
        "message": "The input token count exceeds the maximum number of "
        f"tokens allowed {M}."}}, None, True),
    ("anybody", "openai", 400, chat("Context length exceeded."), None, False),
    ("anybody, by the code", "openai", 400, chat(
        "Too much.", "context_length_exceeded"), None, True),
    ("Volcengine", "openai", 400, chat(
        "Total tokens of image and text exceed max message tokens."),
     None, False),
]
# What is none: status, body, its words.
OTHERS = [
    (429, chat("Request too large for model `x` in organization `o` on tokens "
               f"per minute (TPM): Limit {M}, Requested {N}, please reduce "
               "your message size and try again.", "rate_limit_exceeded",
               "tokens")),
    (413, chat("Request too large for model: Limit 1, Requested 2",
               "rate_limit_exceeded")),
    (400, chat("max_tokens is too large: 40000. This model supports at most "
               "16384 completion tokens, whereas you provided 40000.")),
    (401, chat("prompt is too long for this key")),
    (404, chat("no model with a maximum context length like that",
               "model_not_found")),
    (400, chat("Invalid 'tools[0].function.name': string too long.",
               "string_above_max_length")),
]


def set_fault(api, step):
    request = urllib.request.Request(provider + "/set", json.dumps(
        {"faults": {api: [step]}}).encode())
    urllib.request.urlopen(request).read()


def ask(client, api, streamed=False):
    body = {"model": api + ":m", "stream": streamed}
    if client == "responses":
        body["input"] = "hi"
    else:
        body.update(max_tokens=9, messages=[{"role": "user", "content": "hi"}])
    try:
        with urllib.request.urlopen(url + PATHS[client],
                                    json.dumps(body).encode()) as f:
            return f.status, f.headers, f.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def differs(client, text, status, total):
    if status != 400:
        return f"status {status}"
    o = json.loads(text)
    e = o["error"]
    message = e["message"]
    words = (f"prompt is too long: {total} tokens > {M} maximum" if total
             else "prompt is too long")
    if words not in message:
        return message
    if client == "anthropic":
        return None if (o["type"], e["type"]) == (
            "error", "invalid_request_error") else o
    return None if e["code"] == "context_length_exceeded" else o


def verdict(name, why):
    print(f"FAIL {name}: {why}" if why else f"PASS {name}", flush=True)


def as_it_is(body):
    if isinstance(body, list):  # clients look for an object
        return json.dumps(body)[1:-1].encode()
    return json.dumps(body).encode()


for name, api, status, body, total, known in ROWS:
    for client in PATHS:
        for streamed in (False, True):
            set_fault(api, {"status": status, "body": body,
                            "headers": {"x-request-id": "up-1"}})
            got, head, text = ask(client, api, streamed)
            what = f"{name}, to {client}, stream {streamed}"
            if client == api and known:
                verdict(what, (got, text) != (status, as_it_is(body)) and
                        (got, text))
                continue
            verdict(what, differs(client, text, got, total))
            if head["content-type"] != "application/json" or \
                    len(head.get_all("content-length")) != 1:
                verdict(what + ": its head", head)
for status, body in OTHERS:
    for client in PATHS:
        set_fault("openai", {"status": status, "body": body})
        got, head, text = ask(client, "openai")
        verdict(f"{body['error']['message'][:30]} to {client}: no such thing",
                (b"prompt is too long:" in text or
                 b"context_length" in text or got == 200) and (got, text))

# In the stream, as LM Studio tells it, and in what is no JSON.
text = f"greater than the context length (n_keep: {N}>= n_ctx: {M})"
for client in PATHS:
    event = f'event: error\ndata: {{"error":"{text}"}}\n\n'
    set_fault("openai", {"raw": ["HTTP/1.1 200 OK\r\nContent-Type: text/event-"
                                 "stream\r\nConnection: close\r\n\r\n" + event]})
    got, head, answer = ask(client, "openai", True)
    verdict(f"in a stream, to {client}", differs(client, answer, got, N))
    set_fault("openai", {"raw": [
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: "
        f"close\r\nContent-Length: {len(text)}\r\n\r\n{text}"]})
    got, head, answer = ask(client, "openai")
    verdict(f"in plain text, to {client}", differs(client, answer, got, N))
# A list is read also where nothing else is to be said.
for client in PATHS:
    set_fault("openai", {"status": 400, "body": [{"error": {
        "code": 400, "message": "no such field", "status": "X"}}]})
    got, _, answer = ask(client, "openai")
    verdict(f"an error in a list, to {client}",
            (got, json.loads(answer)["error"]["message"]) !=
            (400, "no such field") and answer)
# MiniMax says no with HTTP 200, and without the word.
for client in PATHS:
    for streamed in (False, True):
        for choices in ({}, {"choices": None}):
            set_fault("openai", {"status": 200, "body": {
                "id": "x", **choices, "base_resp": {
                    "status_code": 1004, "status_msg": "login fail"}}})
            got, _, answer = ask(client, "openai", streamed)
            verdict(f"base_resp, to {client}, stream {streamed}",
                    (got != 401 or "login fail" not in json.loads(answer)[
                        "error"]["message"]) and (got, answer))
set_fault("openai", {"status": 200, "body": {
    "id": "x", "object": "chat.completion", "choices": [{
        "index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": "base_resp"}}],
    "base_resp": {"status_code": 0, "status_msg": ""}}})
got, _, answer = ask("openai", "openai")
verdict("base_resp of an answer", got != 200 and (got, answer))
