#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""JSON values go from one API to another as they were written: exact.py CONVERT
TOOLS. Numbers that no double and no 64 bits hold, -0, keys that come twice,
escapes; in tool inputs, schemas, formats and results, in all six translations
of requests and answers, and through the map of a subscription's tools. Fixed
seed.
"""

import json
import os
import random
import subprocess
import sys
import tempfile

CONVERT, TOOLS = sys.argv[1:3]
os.environ.setdefault("DARIO_DATADIR", os.path.abspath(
    os.path.join(os.path.dirname(__file__), "..", "..")))
ROUNDS = int(os.environ.get("EXACT_ROUNDS", 30))
MODEL = "claude-sonnet-4-5"
DIALECTS = ("anthropic", "openai", "responses")


# --- values, as text ------------------------------------------------------

NUMBERS = ["0", "-0", "1.0", "-0.0", "1e400", "-1E-400", "1e5", "1E+05",
           "9223372036854775807", "9223372036854775808",
           "-9223372036854775808", "-9223372036854775809",
           "18446744073709551615", "18446744073709551616",
           "123456789012345678901234567890",
           "-123456789012345678901234567890", "0.10000000000000000000001",
           "1234567890123456.78900"]
STRINGS = ['""', '"a"', '"\\u00e9\\/"', '"\u6f22 \U0001f600"', '"-0"', '"}"',
           '"12345678901234567890123"', '"\\\\\\""', '"{\\"a\\": 1}"']


def value(r, depth=0):
    kinds = [lambda: r.choice(NUMBERS), lambda: r.choice(NUMBERS),
             lambda: str(r.randrange(10 ** r.randrange(1, 40))),
             lambda: r.choice(STRINGS),
             lambda: r.choice(["true", "false", "null", "[]", "{}"])]
    if depth < 4:
        kinds += [lambda: obj(r, depth + 1), lambda: "[" + ",".join(
            value(r, depth + 1) for _ in range(r.randrange(4))) + "]"]
    return r.choice(kinds)()


def obj(r, depth=0):
    """Keys may come twice, and are escaped in one way or the other."""
    keys = ['"a"', '"b"', '"\\u0061"', '"b"', '"\u00e9"', '"k\\n"']
    return "{" + ",".join(r.choice(keys) + ":" + value(r, depth)
                          for _ in range(r.randrange(5))) + "}"


def spaced(r, text):
    """The same with blanks, as an editor would write it."""
    if r.random() < .7:
        return text
    out, quoted, last = "", False, ""
    for c in text:
        if c == '"' and (last != "\\"):
            quoted = not quoted
        last = "" if last == "\\" and c == "\\" else c
        out += c + ("\n  " if not quoted and c in ",[{" else "")
    return out


class Number(str):
    """As it is written."""


def tokens(text):
    """All that is said, in its order: numbers by their text, every member."""
    return json.loads(text, parse_int=Number, parse_float=Number,
                      parse_constant=Number,
                      object_pairs_hook=lambda pairs: ("object", pairs))


def members(o, key):
    return [v for k, v in o[1] if k == key] if isinstance(o, tuple) else []


def walk(o):
    yield o
    for v in (m[1] for m in o[1]) if isinstance(o, tuple) else \
            o if isinstance(o, list) else ():
        yield from walk(v)


def found(o, key):
    """The values of all members of that name, anywhere."""
    return [v for x in walk(o) for v in members(x, key)]


# --- requests -------------------------------------------------------------

def body(dialect, input, schema, result):
    """One call with its result. `input` and `schema` are objects, `result` is
    any JSON that is no list and no string; all of them are text."""
    quoted = json.dumps(input)
    format = '{"type":"json_schema","name":"r","schema":%s}' % schema
    if dialect == "anthropic":
        return ('{"max_tokens":9,"messages":[{"role":"user","content":"q"},'
                '{"role":"assistant","content":[{"type":"tool_use","id":"c1",'
                '"name":"f","input":%s}]},{"role":"user","content":[{"type":'
                '"tool_result","tool_use_id":"c1","content":%s}]}],'
                '"tools":[{"name":"f","input_schema":%s}],'
                '"output_config":{"format":{"type":"json_schema","schema":%s}}}'
                % (input, result, schema, schema))
    if dialect == "openai":
        return ('{"messages":[{"role":"user","content":"q"},'
                '{"role":"assistant","tool_calls":[{"id":"c1","type":'
                '"function","function":{"name":"f","arguments":%s}}]},'
                '{"role":"tool","tool_call_id":"c1","content":%s}],"tools":[{'
                '"type":"function","function":{"name":"f","parameters":%s}}],'
                '"response_format":{"type":"json_schema","json_schema":%s}}'
                % (quoted, result, schema, format))
    return ('{"input":[{"role":"user","content":"q"},{"type":"function_call",'
            '"call_id":"c1","name":"f","arguments":%s},{"type":'
            '"function_call_output","call_id":"c1","output":%s}],"tools":[{'
            '"type":"function","name":"f","parameters":%s}],'
            '"text":{"format":%s}}' % (quoted, result, schema, format))


def convert(argv, text):
    p = subprocess.run([CONVERT, *argv], input=text.encode(), timeout=120,
                       capture_output=True)
    assert p.returncode == 0, (p.stdout[:300], text)
    return p.stdout.decode()


def text_in(o):
    """What a tool's result says: a string, or parts of text."""
    texts = found(o, "text") if not isinstance(o, str) else [o]
    return "".join(texts)


def check_request(source, target):
    r = random.Random(1)
    for _ in range(ROUNDS):
        input, said = spaced(r, obj(r)), spaced(r, value(r))
        while said[0] in '["' or said == "null":
            said = value(r)
        schema = ('{"type":"object","additionalProperties":false,"properties":'
                  '{"p":{"const":%s}},"required":["p"]}' % value(r))
        out = convert(["request", source, target, MODEL],
                      body(source, input, schema, said))
        o = tokens(out)
        key = {"anthropic": "input"}.get(target, "arguments")
        call = [v for v in found(o, key)
                if not isinstance(v, list) and v != "q"][0]
        got = call if target == "anthropic" else tokens(call)
        assert got == tokens(input), (input, call)
        key = {"anthropic": "input_schema"}.get(target, "parameters")
        assert found(o, key)[0] == tokens(schema), (schema, found(o, key))
        assert found(o, "schema")[0] == tokens(schema), (schema, out)
        key = {"responses": "output"}.get(target, "content")
        texts = [text_in(v) for v in found(o, key)]
        assert any(t.strip() and t[0] not in "qr" and tokens(t) == tokens(said)
                   for t in texts if t != "q"), (said, texts)


# --- answers --------------------------------------------------------------

def whole(dialect, input):
    """`input` as an object, which some servers send where a string belongs."""
    if dialect == "anthropic":
        return ('{"type":"message","role":"assistant","id":"m","content":[{'
                '"type":"tool_use","id":"c1","name":"f","input":%s}],'
                '"stop_reason":"tool_use","usage":{}}' % input)
    if dialect == "openai":
        return ('{"id":"m","choices":[{"index":0,"message":{"tool_calls":[{'
                '"id":"c1","type":"function","function":{"name":"f",'
                '"arguments":%s}}]},"finish_reason":"tool_calls"}]}' % input)
    return ('{"object":"response","status":"completed","id":"r","output":[{'
            '"type":"function_call","id":"fc_1","call_id":"c1","name":"f",'
            '"arguments":%s}],"usage":{}}' % input)


def streamed(dialect, input):
    """The same as events; an event is one line."""
    input = input.replace("\n", " ")
    if dialect == "anthropic":
        return "".join("event: %s\ndata: %s\n\n" % (
            json.loads(e)["type"], e) for e in (
            '{"type":"message_start","message":{"id":"m","content":[]}}',
            '{"type":"content_block_start","index":0,"content_block":{"type":'
            '"tool_use","id":"c1","name":"f","input":%s}}' % input,
            '{"type":"content_block_stop","index":0}',
            '{"type":"message_delta","delta":{"stop_reason":"tool_use"}}',
            '{"type":"message_stop"}'))
    if dialect == "openai":
        return ('data: %s\n\ndata: [DONE]\n\n' %
                whole(dialect, input).replace('"message"', '"delta"'))
    return "".join("event: %s\ndata: %s\n\n" % (json.loads(e)["type"], e)
                   for e in (
        '{"type":"response.created","response":{"id":"r"}}',
        '{"type":"response.output_item.done","output_index":0,"item":%s}' %
        whole(dialect, input)[whole(dialect, input).index("[") + 1:
                              whole(dialect, input).rindex("]")],
        '{"type":"response.completed","response":{"id":"r","status":'
        '"completed","output":[]}}'))


def given(target, out):
    """The arguments of the one call, as text."""
    if out[0] == "{":
        o = tokens(out)
        return found(o, "input")[0] if target == "anthropic" else \
            tokens(found(o, "arguments")[0])
    text, done = "", None
    for line in out.split("\n"):
        if not line.startswith("data: {"):
            continue
        o = tokens(line[6:])
        text += "".join(found(o, "partial_json"))
        if target == "openai":
            text += "".join(found(o, "arguments"))
        elif found(o, "arguments"):
            done = found(o, "arguments")[-1]
    return tokens(done or text)


def check_answer(source, target):
    r = random.Random(2)
    for _ in range(ROUNDS):
        input = spaced(r, obj(r))
        for form in (whole, streamed):
            for how in ("whole", "stream"):
                out = convert(["answer", source, target, how, "0"],
                              form(source, input))
                assert given(target, out) == tokens(input), (input, out)


# --- calls that are items of their own ------------------------------------

def check_items():
    r = random.Random(3)
    for _ in range(ROUNDS):
        action = '{"type":"exec","command":["x"],"env":%s}' % obj(r)
        out = convert(["request", "responses", "openai", "m"],
                      '{"input":[{"role":"user","content":"q"},{"type":'
                      '"local_shell_call","call_id":"c1","action":%s},{"type":'
                      '"local_shell_call_output","id":"c1","output":"o"}],'
                      '"tools":[{"type":"local_shell"}]}' % spaced(r, action))
        got = found(tokens(out), "arguments")[0]
        assert tokens(got) == tokens(action), (action, got)


# --- tools of a subscription ----------------------------------------------

def renamed(o, names):
    return ("object", [(names.get(k, k), v) for k, v in o[1]])


def check_map():
    """As history, in a stream and whole; what is renamed is the key alone."""
    r = random.Random(4)
    names = {"timeout_ms": "timeout"}
    back = {v: k for k, v in names.items()}
    for _ in range(ROUNDS):
        client = '{"command":"x","timeout_ms":%s,"own":%s}' % (
            r.choice(NUMBERS), value(r))
        model = client.replace('"timeout_ms"', '"timeout"')
        schema = ('{"type":"object","properties":{"command":{"type":"string"},'
                  '"timeout_ms":{"maximum":%s},"own":{"const":%s}}}' %
                  (r.choice(NUMBERS), r.choice(NUMBERS)))
        asked = ('{"max_tokens":9,"tools":[{"name":"bash","input_schema":%s}],'
                 '"messages":[{"role":"user","content":"q"},{"role":'
                 '"assistant","content":[{"type":"tool_use","id":"t","name":'
                 '"bash","input":%s}]}]}' % (schema, client))
        out = subprocess.run([TOOLS, "request", "map"], input=asked.encode(),
                             capture_output=True, check=True, timeout=120)
        o = tokens(out.stdout.decode())
        assert found(o, "name")[0] == "Bash", out.stdout
        assert found(o, "input")[0] == renamed(tokens(client), names), (
            client, out.stdout)
        said = found(found(o, "properties")[0], "maximum") + \
            found(found(o, "properties")[0], "const")
        assert said == found(tokens(schema), "maximum") + \
            found(tokens(schema), "const"), (schema, out.stdout)
        with tempfile.NamedTemporaryFile("w") as f:
            f.write(asked)
            f.flush()
            for answer in (whole("anthropic", model),
                           streamed("anthropic", model)):
                out = subprocess.run(
                    [TOOLS, "answer", "map", f.name], check=True, timeout=120,
                    capture_output=True,
                    input=answer.replace('"f"', '"Bash"').encode()).stdout
                text = out.decode()
                if text[0] != "{":
                    text = next(line[6:] for line in text.split("\n")
                                if '"input":' in line)
                assert found(tokens(text), "input")[0] == tokens(client), (
                    client, text)


def check(name, fn, *args):
    try:
        fn(*args)
        print(f"PASS {name}")
    except Exception as e:
        print(f"FAIL {name}: {type(e).__name__} {e}".replace(
            "\n", " ")[:900])


for source in DIALECTS:
    for target in DIALECTS:
        if source != target:
            check(f"request {source} to {target}", check_request, source,
                  target)
            check(f"answer {source} to {target}", check_answer, source, target)
check("items of their own", check_items)
check("mapped tools", check_map)
