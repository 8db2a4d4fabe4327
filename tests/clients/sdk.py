# SPDX-License-Identifier: MIT
"""The official PyPI clients against a running router: sdk.py URL KEY.

Prints "PASS name" or "FAIL name: why" for each case.
"""

import json
import sys

import anthropic
import cases
import openai

url, key = sys.argv[1:3]
oa = openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0)
an = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}}
CHAT_TOOL = {"type": "function", "function": {
    "name": "get_weather", "parameters": SCHEMA}}
HI = [{"role": "user", "content": "hi"}]
ASK = [{"role": "user", "content": "use get_weather"}]


def openai_chat():
    r = oa.chat.completions.create(model="demo", messages=HI)
    assert "demo" in r.choices[0].message.content
    assert r.usage.completion_tokens > 10


def openai_chat_stream():
    text, finish, usage = "", None, None
    for c in oa.chat.completions.create(
            model="demo", messages=HI, stream=True,
            stream_options={"include_usage": True}):
        if c.choices:
            text += c.choices[0].delta.content or ""
            finish = c.choices[0].finish_reason or finish
        usage = c.usage or usage
    assert 'You asked: "hi"' in text
    assert finish == "stop" and usage.completion_tokens > 10


def openai_chat_stream_helper():
    with oa.chat.completions.stream(
            model="demo", messages=ASK, tools=[CHAT_TOOL]) as s:
        for _ in s:
            pass
        call = s.get_final_completion().choices[0].message.tool_calls[0]
    assert json.loads(call.function.arguments) == {"city": "demo"}


def openai_responses():
    r = oa.responses.create(model="demo", input="hi")
    assert "demo" in r.output_text and r.status == "completed"


def openai_responses_stream():
    with oa.responses.stream(model="demo", input="hi") as s:
        kinds = [e.type for e in s]
        r = s.get_final_response()
    assert kinds[0] == "response.created"
    assert kinds[-1] == "response.completed"
    assert "You asked" in r.output_text


def openai_errors():
    try:
        oa.chat.completions.create(model="refused:m", messages=HI)
    except openai.InternalServerError as e:
        assert e.status_code == 502 and e.code == "upstream_unreachable"
        assert e.request_id.startswith("req_")
    else:
        raise AssertionError("no error")


def anthropic_messages():
    r = an.messages.create(model="demo", max_tokens=100, messages=HI)
    assert "demo" in r.content[0].text and r.stop_reason == "end_turn"


def anthropic_stream():
    with an.messages.stream(model="demo", max_tokens=100, messages=HI) as s:
        text = "".join(s.text_stream)
        r = s.get_final_message()
    assert r.content[0].text == text and "You asked" in text


def anthropic_stream_tool():
    tool = {"name": "get_weather", "input_schema": SCHEMA}
    with an.messages.stream(model="demo", max_tokens=100, messages=ASK,
                            tools=[tool]) as s:
        r = s.get_final_message()
    assert r.stop_reason == "tool_use"
    assert r.content[0].input == {"city": "demo"}


def anthropic_errors():
    try:
        an.messages.create(model="refused:m", max_tokens=1, messages=HI)
    except anthropic.InternalServerError as e:
        assert e.body["error"]["type"] == "api_error"
    else:
        raise AssertionError("no error")


cases.run(globals())
