# SPDX-License-Identifier: MIT
"""The official PyPI clients against Claude accounts: sdk.py URL.

Prints "PASS name" or "FAIL name: why" for each case.
"""

import json
import os
import sys

import anthropic
import openai

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "clients"))
import cases  # noqa: E402

url = sys.argv[1]
oa = openai.OpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0)
an = anthropic.Anthropic(base_url=url, api_key="any", max_retries=0)
HI = [{"role": "user", "content": "hi"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
TEXT = "Hello from the provider."


def anthropic_whole():
    r = an.messages.create(model="sonnet", max_tokens=100, messages=HI)
    assert r.content[0].text == TEXT and r.model == "claude-sonnet-9"
    assert r.usage.cache_read_input_tokens == 100


def anthropic_stream():
    with an.messages.stream(model="opus", max_tokens=100, messages=HI) as s:
        r = s.get_final_message()
    assert r.stop_reason == "end_turn" and r.model == "claude-opus-9-1"
    assert r.content[0].text == TEXT.replace(" ", "")


def anthropic_tool():
    tool = {"name": "get_weather", "input_schema": SCHEMA}
    with an.messages.stream(model="sonnet", max_tokens=100, messages=HI,
                            tools=[tool]) as s:
        r = s.get_final_message()
    assert r.content[0].input == {"city": "demo"}


def anthropic_count():
    r = an.messages.count_tokens(model="sonnet", messages=HI)
    assert r.input_tokens == 42


def openai_whole():
    r = oa.chat.completions.create(model="claude-sonnet-9", messages=HI)
    assert r.choices[0].message.content == TEXT
    assert r.usage.prompt_tokens == 132


def openai_stream():
    with oa.chat.completions.stream(model="sonnet", messages=HI) as s:
        for _ in s:
            pass
        r = s.get_final_completion()
    assert r.choices[0].message.content == TEXT.replace(" ", "")
    assert r.choices[0].finish_reason == "stop"


def openai_tool():
    tool = {"type": "function", "function": {
        "name": "get_weather", "parameters": SCHEMA}}
    r = oa.chat.completions.create(model="sonnet", messages=HI, tools=[tool])
    call = r.choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "demo"}


def openai_responses():
    r = oa.responses.create(model="claude:claude-sonnet-9", input="hi")
    assert r.output_text == TEXT and r.status == "completed"


def openai_responses_stream():
    with oa.responses.stream(model="sonnet", input="hi") as s:
        for _ in s:
            pass
        r = s.get_final_response()
    assert r.output_text == TEXT.replace(" ", "")


def openai_models():
    assert "claude-opus-9-1" in [m.id for m in oa.models.list()]


cases.run(globals())
