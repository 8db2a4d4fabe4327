#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What Anthropic's API takes and refuses in a request, and what of its own the
others get: claude.py CONVERT.
"""

import json

from translate import *

MARK = {"type": "ephemeral"}
HI = {"role": "user", "content": "hi"}
NEW = "claude-opus-4-8"


def fn(name="f", parameters=None, **more):
    return {"type": "function", "function": {
        "name": name, "parameters": parameters or {
            "type": "object", "properties": {}}, **more}}


def chat(messages, model="claude-sonnet-4-6", **more):
    return request("openai", "anthropic", {"messages": messages, **more}, model)


def calls(*ids):
    return {"role": "assistant", "tool_calls": [
        {"id": i, "type": "function",
         "function": {"name": "f", "arguments": "{}"}} for i in ids]}


def result(id, content="r", **more):
    return {"role": "tool", "tool_call_id": id, "content": content, **more}


def marks(o):
    """Places of all cache_control in a body."""
    if isinstance(o, dict):
        return ((["x"] if "cache_control" in o else []) +
                [m for v in o.values() for m in marks(v)])
    return [m for v in o for m in marks(v)] if isinstance(o, list) else []


def status(source, target, body, model="m"):
    try:
        request(source, target, body, model)
    except HttpError as e:
        return e.status, e.body["error"]
    return 200, None


@edge("system", "in the middle stands where it may")
def _():
    def says(role, text):
        return {"role": role, "content": text}
    u, a, s = says("user", "u"), says("assistant", "a"), says("system", "S")
    t = says("developer", "T")
    tools = [calls("c1"), result("c1")]
    for messages, want in (
            ([u, a, s, u], ["user", "assistant", "user"]),
            ([u, s, a, u], ["user", "system", "assistant", "user"]),
            ([u, s, t, a, u], ["user", "system", "assistant", "user"]),
            ([u, s], ["user", "system"]),
            ([u, a, s], ["user", "assistant", "user"]),
            ([u, s, u], ["user"]),
            ([u, a, s, a, u], ["user", "assistant", "user", "assistant",
                               "user"]),
            ([u, *tools, s], ["user", "assistant", "user", "system"]),
            ([u, *tools, s, u], ["user", "assistant", "user"]),
            ([u, tools[0], s, tools[1]], ["user", "assistant", "user",
                                          "system"]),
            ([u, tools[0], s, tools[1], t, a, u],
             ["user", "assistant", "user", "system", "assistant", "user"]),
            ([u, s, says("assistant", ""), u], ["user"])):
        r = chat(messages, NEW, tools=[fn()])
        roles = [m["role"] for m in r["messages"]]
        assert roles == want, (messages, r["messages"])
        for i, role in enumerate(roles):
            if role == "system":
                assert roles[i - 1] == "user", roles
                assert roles[i + 1:i + 2] in ([], ["assistant"]), roles
        text = json.dumps(r["messages"])
        assert "S" in text and ("T" in text) == (t in messages), text


@edge("system", "alone is asked as a user's")
def _():
    for source, body in (
            ("openai", {"messages": [{"role": "system", "content": "S"}]}),
            ("openai", {"messages": [{"role": "system", "content": "A"},
                                     {"role": "developer", "content": "S"}]}),
            ("responses", {"instructions": "S", "input": []}),
            ("responses", {"input": [{"role": "developer", "content": "S"}]})):
        for target in ("anthropic", "openai", "responses"):
            if source == target:
                continue
            r = request(source, target, body, "claude-opus-4-8")
            last = (r.get("messages") or r["input"])[-1]
            assert last["role"] == "user" and "S" in json.dumps(last), r
            assert json.dumps(r).count('"S"') == 1, r
    r = request("anthropic", "openai", {"system": "S", "messages": []}, "m")
    assert r["messages"] == [{"role": "user", "content": "S"}], r


@edge("cache", "marks on results, pictures, calls and whole messages stay")
def _():
    r = chat([HI, calls("c1"), result(
        "c1", [{"type": "text", "text": "r", "cache_control": MARK}])],
        tools=[fn()])
    block = r["messages"][-1]["content"][0]
    assert block["cache_control"] == MARK and len(marks(r)) == 1, block
    r = chat([HI, calls("c1"), result("c1", cache_control=MARK)], tools=[fn()])
    assert r["messages"][-1]["content"][0]["cache_control"] == MARK, r
    picture = {"type": "image_url", "cache_control": MARK,
               "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    r = chat([{"role": "user", "content": [picture]}])
    assert r["messages"][0]["content"][0]["cache_control"] == MARK, r
    file = {"type": "file", "cache_control": MARK, "file": {
        "file_data": "data:application/pdf;base64,JVBERi0="}}
    r = chat([{"role": "user", "content": [file]}])
    assert r["messages"][0]["content"][0]["cache_control"] == MARK, r
    r = chat([{**HI, "cache_control": MARK}])
    assert r["messages"][0]["content"][0]["cache_control"] == MARK, r
    r = chat([{"role": "system", "content": "S", "cache_control": MARK}, HI])
    assert r["system"][0]["cache_control"] == MARK, r
    r = chat([HI], tools=[{**fn(), "cache_control": MARK},
                          fn("g", cache_control=MARK)])
    assert [t["cache_control"] for t in r["tools"]] == [MARK, MARK], r
    tool = {"name": "f", "input_schema": {"type": "object"}}
    for where in ("text", "tool_result", "image"):
        block = {"text": {"type": "text", "text": "x"},
                 "tool_result": {"type": "tool_result", "tool_use_id": "t"},
                 "image": {"type": "image", "source": {
                     "type": "url", "url": "https://a.b/c.png"}}}[where]
        for target in ("openai", "responses"):
            r = request("anthropic", target, {"tools": [tool], "messages": [
                {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t", "name": "f",
                     "input": {}}]},
                {"role": "user", "content": [
                    {**block, "cache_control": MARK}]}]}, "m")
            assert not marks(r) and "cache_control" in r["dropped"], r


@edge("cache", "four marks at most, the last ones")
def _():
    def part(i, mark=MARK):
        return {"type": "text", "text": str(i), "cache_control": mark}
    for n in (3, 4, 5, 9):
        r = chat([{"role": "system", "content": [part("s")]}] +
                 [{"role": "user", "content": [part(i) for i in range(n - 2)]}],
                 tools=[{**fn(), "cache_control": MARK}])
        assert len(marks(r)) == min(n, 4), (n, r)
        assert ("cache_control" in r["dropped"]) == (n > 4)
        assert "cache_control" in r["messages"][-1]["content"][-1]
        assert ("cache_control" in r["tools"][0]) == (n <= 4)


def root(schema, strict=None, target="anthropic"):
    f = fn(parameters=schema) if strict is None else fn(
        parameters=schema, strict=strict)
    body = {"messages": [HI], "tools": [f]}
    if target == "openai":
        t = request("anthropic", "openai", {"messages": [HI], "tools": [
            {"name": "f", "input_schema": schema}]}, "m")["tools"][0]
        return t["function"]["parameters"]
    t = request("openai", target, body, "claude-sonnet-4-6")["tools"][0]
    return t["input_schema"] if target == "anthropic" else t["parameters"]


@edge("schema", "a choice at the root becomes one object")
def _():
    a, b = {"type": "string"}, {"type": "integer"}

    def obj(required=(), **properties):
        return {"type": "object", "properties": properties,
                "required": list(required)}

    cases = (
        ({"anyOf": [obj(["a", "b"], a=a, b=b), obj(["a"], a=a)]},
         {"a": a, "b": b}, ["a"]),
        ({"oneOf": [obj(["a"], a=a), obj(["b"], b=b)]}, {"a": a, "b": b}, []),
        ({"allOf": [obj(["a"], a=a), obj(["b"], b=b)]},
         {"a": a, "b": b}, ["a", "b"]),
        ({**obj(["a"], a=a), "anyOf": [{"required": ["b"]},
                                      {"properties": {"b": b}}]},
         {"a": a, "b": b}, ["a"]),
        ({"anyOf": [obj(a=a), obj(a=b)]}, {"a": {"anyOf": [a, b]}}, []),
        ({"anyOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}],
          "$defs": {"A": obj(["a"], a=a), "B": obj(["a", "b"], a=a, b=b)}},
         {"a": a, "b": b}, ["a"]),
        ({"$ref": "#/$defs/A", "$defs": {"A": obj(["a"], a=a)}},
         {"a": a}, ["a"]),
        ({"allOf": [{"anyOf": [obj(a=a)]}, obj(b=b)]}, {"a": a, "b": b}, []),
        ({"anyOf": [{"$ref": "#/$defs/A"}], "$defs": {
            "A": {"allOf": [{"$ref": "#/$defs/A"}, obj(a=a)]}}}, {"a": a}, []),
        ({"anyOf": []}, {}, []), ({"anyOf": 5}, {}, []),
        ({"anyOf": [5, None, {"$ref": "http://x"}]}, {}, []))
    for schema, properties, required in cases:
        for target in ("anthropic", "responses", "openai"):
            s = root(schema, target=target)
            assert s["type"] == "object", s
            assert not {"anyOf", "oneOf", "allOf", "$ref"} & set(s), s
            assert s["properties"] == properties, (schema, s)
            assert sorted(s.get("required", [])) == required, (schema, s)
            assert s.get("$defs") == schema.get("$defs"), s
    plain = {"type": "object", "properties": {"a": {"anyOf": [a, b]}},
             "x-own": 1}
    for target in ("anthropic", "responses", "openai"):
        assert root(plain, target=target) == plain
    assert root({"type": ["object", "null"]})["type"] == "object"


@edge("schema", "what one object at the root cannot say is named")
def _():
    a, b = {"type": "string"}, {"type": "integer"}

    def obj(required=(), **properties):
        return {"type": "object", "properties": properties,
                "required": list(required)}

    ref, defs = {"$ref": "#/$defs/A"}, {"$defs": {"A": obj(["a"], a=a)}}
    same = ({"allOf": [obj(["a"], a=a), obj(["b"], b=b)]},
            {"anyOf": [obj(["a"], a=a)]}, {"allOf": [ref], **defs},
            {**ref, **defs}, {**obj(a=a), "anyOf": []},
            {**obj(a=a), "allOf": [{"required": ["a"]}]},
            {"allOf": [obj(a=a), obj(["a"], a=a)]})
    less = ({"anyOf": [obj(["a"], a=a), obj(["b"], b=b)]},
            {"oneOf": [obj(["a"], a=a), obj(["b"], b=b)]},
            {**obj(a=a, b=b), "anyOf": [{"required": ["a"]},
                                        {"required": ["b"]}]},
            {"allOf": [obj(a=a), obj(a=b)]},
            {"allOf": [obj(a=a), {"not": {"required": ["b"]}}]},
            {"allOf": [obj(a=a), {"description": "only this says what"}]},
            {"allOf": [{"anyOf": [obj(a=a), obj(b=b)]}]},
            {"anyOf": [{**obj(a=a), "additionalProperties": False}]},
            {"anyOf": [obj(a=a), {"type": "null"}]},
            {"$ref": "#/$defs/B", **defs}, {"$ref": "http://x"},
            {"allOf": [{**ref, "required": ["b"]}], **defs})
    for target in ("anthropic", "openai", "responses"):
        for schema in same + less:
            if target == "openai":
                r = request("anthropic", "openai", {
                    "messages": [HI], "tools": [
                        {"name": "f", "input_schema": schema}]}, "m")
            else:
                r = request("openai", target, {
                    "messages": [HI], "tools": [fn(parameters=schema)]}, "m")
            want = "tools.schema.root" if schema in less else ""
            assert r["dropped"] == want, (target, schema, r["dropped"])
    s = root({**ref, "required": ["b"], "properties": {"b": b}, **defs})
    assert sorted(s["required"]) == ["a", "b"], s
    r = request("openai", "anthropic", {"messages": [HI], "tools": [
        fn(parameters={"anyOf": [obj(a={"type": "string", "minLength": 1}),
                                 obj(b=b)]}, strict=True)]},
        "claude-sonnet-4-6")
    assert r["dropped"] == "tools.schema.root, tools.schema.bounds", r


@edge("schema", "circular definitions cost little")
def _():
    many = [{"$ref": "#/$defs/A"}] * 500
    s = root({"anyOf": many, "$defs": {"A": {"allOf": many}}})
    assert s["type"] == "object" and s["properties"] == {}


@edge("schema", "of a strict tool has no keyword that is refused")
def _():
    schema = {"type": "object", "additionalProperties": False, "properties": {
        "n": {"type": "integer", "minimum": 1, "multipleOf": 2},
        "s": {"type": "array", "items": {"type": "string", "pattern": "a",
                                         "maxLength": 3}, "maxItems": 3},
        "o": {"type": "object", "properties": {"minimum": {"type": "string"}}},
        "e": {"enum": [{"minimum": 1}]}}, "required": ["n", "s"]}
    s = root(schema, True)
    text = json.dumps(s)
    for word in ("multipleOf", "pattern", "maxLength", "maxItems"):
        assert word not in text, text
    p = s["properties"]
    assert p["n"] == {"type": "integer"} and p["e"]["enum"] == [{"minimum": 1}]
    assert p["o"]["additionalProperties"] is False, p
    assert "minimum" in p["o"]["properties"], p
    assert root(schema, False) == schema and root(schema) == schema
    # OpenAI's strict mode wants all properties: what has not is not strict.
    for given, want in ((schema, False), ({
            "type": "object", "properties": {"a": {"type": "string"}},
            "required": ["a"], "additionalProperties": False}, True)):
        for target in ("openai", "responses"):
            t = request("anthropic", target, {"messages": [HI], "tools": [
                {"name": "f", "input_schema": given, "strict": True}]},
                "gpt-5.1")["tools"][0]
            assert t.get("function", t)["strict"] is want, t


@edge("search", "tools are deferred until a result refers to them")
def _():
    tool = {"input_schema": {"type": "object"}}
    tools = [{"name": "ToolSearch", **tool}, {"name": "f", **tool},
             {"name": "late", "defer_loading": True, **tool},
             {"name": "later", "defer_loading": True, **tool}]
    use = {"role": "assistant", "content": [
        {"type": "tool_use", "id": "t", "name": "ToolSearch", "input": {}}]}
    refers = {"role": "user", "content": [
        {"type": "tool_result", "tool_use_id": "t", "content": [
            {"type": "tool_reference", "tool_name": "late"}]}]}
    for target in ("openai", "responses"):
        def sent(messages, tools=tools, **more):
            r = request("anthropic", target, {
                "messages": messages, "tools": tools, **more}, "m")
            return [t.get("function", t)["name"] for t in r["tools"]], r
        names, r = sent([HI])
        assert names == ["ToolSearch", "f"] and "deferred" in r["dropped"]
        names, r = sent([HI, use, refers])
        assert names == ["ToolSearch", "f", "late"], names
        last = (r.get("messages") or r["input"])[-1]
        assert "late" in (last.get("content") or last["output"]), last
        assert "tool_reference" not in r["dropped"], r["dropped"]
        names, _ = sent([HI], tool_choice={"type": "tool", "name": "late"})
        assert names == ["ToolSearch", "f", "late"], names
        used = {"role": "assistant", "content": [
            {"type": "tool_use", "id": "t", "name": "later", "input": {}}]}
        names, _ = sent([HI, used, {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t"}]}])
        assert names == ["ToolSearch", "f", "later"], names
        # Anthropic's own search is not there: nothing could be found.
        names, _ = sent([HI], [{"type": "tool_search_tool_regex_20251119",
                                "name": "tool_search_tool_regex"}] + tools[1:])
        assert names == ["f", "late", "later"], names


@edge("own", "safeguards are refused by name")
def _():
    for target in ("openai", "responses"):
        code, error = status("anthropic", target, {
            "messages": [HI], "safeguards": {"mode": "auto"}})
        assert code == 400 and "safeguards" in error["message"], error
    r = request("anthropic", "openai", {"messages": [HI], "tags": ["a"]}, "m")
    assert "tags" in r["dropped"]


@edge("own", "documents with pictures keep them")
def _():
    png = {"type": "image", "source": {"type": "base64",
                                       "media_type": "image/png",
                                       "data": "iVBORw0KGgo="}}
    document = {"type": "document", "title": "T", "source": {
        "type": "content", "content": [{"type": "text", "text": "one"}, png,
                                       {"type": "text", "text": "two"}]}}
    for inside in (False, True):
        block = ({"type": "tool_result", "tool_use_id": "t",
                  "content": [document]} if inside else document)
        r = request("anthropic", "openai", {"messages": [
            {"role": "user", "content": [block]}]}, "m")
        text = json.dumps(r["messages"])
        assert text.count("image_url") >= 1 and "iVBORw0KGgo=" in text, text
        for word in ("T", "one", "two"):
            assert f'{word}' in text, text
        assert not r["dropped"], r["dropped"]
    document["source"]["content"] = [{"type": "text", "text": "one"}]
    r = request("anthropic", "openai", {"messages": [
        {"role": "user", "content": [document]}]}, "m")
    assert r["messages"][0]["content"] == "T\none", r


@edge("own", "the web search of each API is the other's")
def _():
    place = {"type": "approximate", "city": "Bern", "country": "CH"}
    claude = {"type": "web_search_20250305", "name": "web_search",
              "allowed_domains": ["a.b"], "user_location": place}
    openai = {"type": "web_search", "filters": {"allowed_domains": ["a.b"]},
              "user_location": place}
    r = request("anthropic", "responses", {"messages": [HI],
                                           "tools": [claude]}, "gpt-5.1")
    assert r["tools"] == [openai], r["tools"]
    r = request("responses", "anthropic", {"input": "hi", "tools": [
        {**openai, "search_context_size": "low"}]}, "claude-opus-4-8")
    assert r["tools"] == [claude], r["tools"]
    r = chat([HI], web_search_options={"user_location": {
        "type": "approximate", "approximate": {"city": "Bern",
                                               "country": "CH"}}})
    assert r["tools"] == [{"type": "web_search_20250305",
                           "name": "web_search", "user_location": place}], r
    r = request("anthropic", "openai", {"messages": [HI], "tools": [claude]},
                "m")
    assert "tools" not in r and "web_search" in r["dropped"]
    r = request("responses", "anthropic", {"input": "hi", "tools": [openai]},
                "glm-5")
    assert "tools" not in r and "web_search" in r["dropped"], r


SERVED = (
    # what was asked, what was found, and the words of both
    ({"type": "server_tool_use", "name": "web_fetch",
      "input": {"url": "https://a.b/c"}},
     {"type": "web_fetch_tool_result", "content": {
         "type": "web_fetch_result", "url": "https://a.b/c",
         "content": {"type": "document", "title": "T", "source": {
             "type": "text", "media_type": "text/plain",
             "data": "fetched words"}}}},
     ('[web_fetch {"url":"https://a.b/c"}]', "[web_fetch_tool_result]", "T",
      "fetched words")),
    ({"type": "server_tool_use", "name": "web_fetch", "input": {}},
     {"type": "web_fetch_tool_result", "content": {
         "type": "web_fetch_result", "url": "https://a.b/d.pdf",
         "content": {"type": "document", "source": {
             "type": "base64", "media_type": "application/pdf",
             "data": "SkVCRVI="}}}},
     ("https://a.b/d.pdf",)),
    ({"type": "server_tool_use", "name": "code_execution",
      "input": {"code": "print(1)"}},
     {"type": "code_execution_tool_result", "content": {
         "type": "code_execution_result", "stdout": "1\n", "stderr": "warned",
         "return_code": 0, "content": []}},
     ('[code_execution {"code":"print(1)"}]', "\n1\n", "warned")),
    ({"type": "server_tool_use", "name": "bash_code_execution",
      "input": {"command": "ls"}},
     {"type": "bash_code_execution_tool_result", "content": {
         "type": "bash_code_execution_tool_result_error",
         "error_code": "unavailable"}},
     ('"command":"ls"', "unavailable")),
    ({"type": "server_tool_use", "name": "text_editor_code_execution",
      "input": {"command": "view", "path": "f"}},
     {"type": "text_editor_code_execution_tool_result", "content": {
         "type": "text_editor_code_execution_view_result",
         "file_type": "text", "content": "viewed words"}},
     ('"path":"f"', "viewed words")),
    ({"type": "mcp_tool_use", "name": "look", "server_name": "s",
      "input": {"a": 1}},
     {"type": "mcp_tool_result", "is_error": False, "content": [
         {"type": "text", "text": "one"}, {"type": "text", "text": "two"}]},
     ('[look {"a":1}]', "one\ntwo")),
)


@edge("own", "what tools of Anthropic's found is said in words")
def _():
    for use, found, want in SERVED:
        for target in ("openai", "responses"):
            r = request("anthropic", target, {"max_tokens": 9, "messages": [
                HI, {"role": "assistant", "content": [
                    {"id": "srvtoolu_1", **use},
                    {"tool_use_id": "srvtoolu_1", **found},
                    {"type": "text", "text": "so it is"}]}, HI]}, "m")
            said = (r.get("messages") or r["input"])[1]["content"]
            if not isinstance(said, str):
                said = "".join(p["text"] for p in said)
            assert all(w in said for w in want), (target, use, said)
            assert said.endswith("\nso it is"), said
            assert "SkVC" not in said and not r["dropped"], (said, r)
    # what is not in words is named
    r = request("anthropic", "openai", {"max_tokens": 9, "messages": [
        HI, {"role": "assistant", "content": [
            {"type": "web_fetch_tool_result", "tool_use_id": "s",
             "content": {}},
            {"type": "block_to_come"}, {"type": "text", "text": "x"}]}, HI]},
        "m")
    assert r["dropped"] == ("content.web_fetch_tool_result, "
                            "content.block_to_come"), r["dropped"]
    assert r["messages"][1]["content"] == "x", r


@edge("values", "of other types in messages, tools and calls")
def _():
    for target in ("openai", "responses"):
        for given, want in (('{"a":1}', {"a": 1}), ({"a": 1}, {"a": 1}),
                            (None, {})):
            r = request("anthropic", target, {"messages": [
                HI, {"role": "assistant", "content": [
                    {"type": "tool_use", "id": "t", "name": "f",
                     "input": given}]}]}, "m")
            text = (r["messages"][1]["tool_calls"][0]["function"]["arguments"]
                    if target == "openai" else r["input"][1]["arguments"])
            assert json.loads(text) == want, (given, text)
    for given, want in (({"a": 1}, {"a": 1}), ('{"a":1}', {"a": 1}),
                        (None, {}), ([1], {"rawInvalidInput": [1]})):
        message = calls("c1")
        message["tool_calls"][0]["function"]["arguments"] = given
        r = chat([HI, message, result("c1", {"x": [1]})], tools=[fn()])
        assert r["messages"][1]["content"][0]["input"] == want, r
        assert r["messages"][2]["content"][0]["content"][0]["text"] == \
            '{"x":[1]}', r
    text = {"type": "text", "text": 5}
    for source in ("openai", "anthropic"):
        target = "anthropic" if source == "openai" else "openai"
        for bad in ({"messages": [{"role": "user", "content": 5}]},
                    {"messages": [{"role": "user", "content": [5]}]},
                    {"messages": [{"role": "user", "content": [text]}]},
                    {"messages": [{"role": "user", "content": True}]},
                    {"messages": [5]}, {"messages": {}},
                    {"messages": [HI], "tools": {}},
                    {"messages": [HI], "stream": "yes"},
                    {"messages": [HI], "tools": [
                        fn("") if source == "openai" else {"name": ""}]}):
            code, error = status(source, target, bad)
            assert code == 400, (source, bad)
    for bad in (5, [5], {"type": "text", "text": 5}):
        assert status("anthropic", "openai", {"messages": [HI],
                                              "system": bad})[0] == 400, bad
    r = chat([{**HI, "name": "bob"}])
    assert "messages.name" in r["dropped"], r["dropped"]


@edge("dropped", "whatever is left out is named")
def _():
    png = "data:image/png;base64,iVBORw0KGgo="
    picture = {"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": png, "detail": "low"}}]}
    r = request("openai", "responses", {"messages": [picture]}, "m")
    assert r["input"][0]["content"][0]["detail"] == "low", r
    item = {"role": "user", "content": [
        {"type": "input_image", "image_url": png, "detail": "high"}]}
    r = request("responses", "openai", {"input": [item]}, "m")
    part = r["messages"][0]["content"][0]["image_url"]
    assert part == {"url": png, "detail": "high"}, part
    r = chat([picture], service_tier="flex", reasoning_effort="high",
             verbosity="low", model="claude-3-5-haiku")
    for word in ("image detail", "service_tier", "reasoning effort",
                 "verbosity"):
        assert word in r["dropped"].split(", "), (word, r["dropped"])
    r = chat([HI], service_tier="auto")
    assert not r["dropped"], r["dropped"]
    body = {"messages": [
        {"role": "assistant", "content": [
            {"type": "text", "text": "x", "citations": [{"type": "x"}]},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "t", "is_error": True,
             "content": "bad"},
            {"type": "document", "context": "C", "source": {
                "type": "text", "media_type": "text/plain", "data": "D"}}]}],
        "tools": [{"name": "f", "input_schema": {"type": "object"},
                   "input_examples": [{}]}],
        "output_config": {"effort": "high"}}
    for target in ("openai", "responses"):
        r = request("anthropic", target, body, "m")
        for word in ("content.citations", "is_error",
                     "tools.input_examples", "reasoning effort"):
            assert word in r["dropped"].split(", "), (word, r["dropped"])
    r = request("anthropic", "openai", {"messages": [HI],
                                        "tools_x": 1, "tools": []}, "m")
    assert r["dropped"] == "tools_x", r["dropped"]


run()
