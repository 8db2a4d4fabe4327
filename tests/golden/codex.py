#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Tools and items of Responses clients, Codex above all, at providers that know
functions only: codex.py CONVERT.
"""

import json

from meaning import events, meaning
from translate import *

SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}}
USER = {"role": "user", "content": "hi"}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def fn(name, **more):
    return {"type": "function", "name": name, "parameters": SCHEMA, **more}


def space(name, *tools):
    return {"type": "namespace", "name": name, "description": "d",
            "tools": list(tools)}


def call_item(id, name="f", arguments="{}", **more):
    return {"type": "function_call", "call_id": id, "name": name,
            "arguments": arguments, **more}


def output_item(id, output="r", type="function_call_output"):
    return {"type": type, "call_id": id, "output": output}


def sent(input, tools=(), target="openai", **more):
    body = {"input": input, "tools": list(tools), **more}
    return request("responses", target, body, "claude-sonnet-4-5")


def offered(r):
    return [t.get("function", t)["name"] for t in r.get("tools", [])]


def turns(r):
    """role and content of each Chat message: text, calls, id of a result."""
    out = []
    for m in r["messages"]:
        calls = [(c["id"], c["function"]["name"],
                  json.loads(c["function"]["arguments"]))
                 for c in m.get("tool_calls", [])]
        out.append((m["role"], m.get("tool_call_id"), m.get("content"), calls))
    return out


def item_back(tools, name, arguments, how="stream", input="hi"):
    """The item that a client with these tools gets for a function call."""
    asked = {"input": input, "tools": tools}
    c = call(0, arguments, "call_1", name)
    if how == "stream":
        out = answer("openai", "responses", chat_sse(
            chunk(c), chunk({}, "tool_calls")), asked=asked)
        evs = [o for _, o in events(out)]
        items = evs[-1]["response"]["output"]
        done = [o["item"] for o in evs
                if o["type"] == "response.output_item.done"]
        assert done == items, (done, items)
        added = [o["item"] for o in evs
                 if o["type"] == "response.output_item.added"]
        assert [(i["id"], i["type"]) for i in added] == [
            (i["id"], i["type"]) for i in items]
    else:
        out = answer("openai", "responses", {
            "id": "c", "choices": [{"index": 0, "finish_reason": "tool_calls",
                                    "message": {"role": "assistant", **c}}]},
            "whole", asked=asked)
        items = json.loads(out)["output"]
    assert len(items) == 1, items
    return items[0]


def both(tools, name, arguments, want, input="hi"):
    for how in ("stream", "whole"):
        item = item_back(tools, name, arguments, how, input)
        got = {k: item.get(k) for k in want}
        assert got == want, (how, item)
        assert item["call_id"] == "call_1"


def refused(input, word):
    for target in ("openai", "anthropic"):
        try:
            sent(input, target=target)
        except HttpError as e:
            assert e.status == 400 and word in e.body["error"]["message"], e
            assert e.body["error"]["param"] == "input", e
        else:
            raise AssertionError("taken")


@edge("namespace", "tools are offered, and calls come back with it")
def _():
    tools = [space("mcp__notes", fn("find"), fn("add", strict=False)),
             space("crm__", fn("find")), fn("f")]
    for target in ("openai", "anthropic"):
        assert offered(sent("hi", tools, target)) == [
            "mcp__notes__find", "mcp__notes__add", "crm__find", "f"]
    both(tools, "mcp__notes__find", '{"q":"x"}', {
        "type": "function_call", "name": "find", "namespace": "mcp__notes",
        "arguments": '{"q":"x"}'})
    both(tools, "crm__find", "{}", {"name": "find", "namespace": "crm__"})
    both(tools, "f", "{}", {"name": "f", "namespace": None})
    both(tools, "add", "{}", {"name": "add", "namespace": "mcp__notes"})
    both(tools, "find", "{}", {"name": "find", "namespace": None})
    long = "n" * 60
    both([space(long, fn("find"))],
         offered(sent("hi", [space(long, fn("find"))]))[0], "{}",
         {"name": "find", "namespace": long})


@edge("namespace", "two tools never share a flat name")
def _():
    def names(tools, target="openai"):
        got = offered(sent("hi", tools, target))
        assert len(set(got)) == len(got), got
        return got

    for tools, where in (
            ([space("mcp__n", fn("find")), fn("mcp__n__find")],
             [("mcp__n", "find"), (None, "mcp__n__find")]),
            ([fn("mcp__n__find"), space("mcp__n", fn("find"), fn("add"))],
             [(None, "mcp__n__find"), ("mcp__n", "find"), ("mcp__n", "add")]),
            ([space("a", fn("b__c")), space("a__b", fn("c"))],
             [("a", "b__c"), ("a__b", "c")]),
            ([space("n" * 60, fn("find")), fn("n" * 60 + "__find")],
             [("n" * 60, "find"), (None, "n" * 60 + "__find")])):
        for target in ("openai", "anthropic"):
            assert len(names(tools, target)) == len(where)
        for flat, (ns, name) in zip(names(tools), where):
            both(tools, flat, "{}", {"name": name, "namespace": ns})
            more = {"namespace": ns} if ns else {}
            r = sent([USER, call_item("1", name, **more), output_item("1")],
                     tools, tool_choice={"type": "function", "name": name,
                                         **more})
            assert [c[1] for t in turns(r) for c in t[3]] == [flat], turns(r)
            assert r["tool_choice"]["function"]["name"] == flat, r
            assert flat == names(tools[::-1])[::-1][
                names(tools).index(flat)] or len(where) > 2
    tools = [space("a", fn("f")), space("a", fn("f"))]
    assert offered(sent("hi", tools)) == ["a__f"]  # one tool, said twice


@edge("namespace", "free-text tools, history and choices")
def _():
    custom = {"type": "custom", "name": "patch", "format": {"type": "text"}}
    tools = [space("a", custom, fn("g")), fn("f")]
    both(tools, "a__patch", '{"input":"T"}', {
        "type": "custom_tool_call", "name": "patch", "namespace": "a",
        "input": "T"})
    r = sent([USER, call_item("1", "g", namespace="a"), output_item("1"),
              {"type": "custom_tool_call", "call_id": "2", "name": "patch",
               "namespace": "a", "input": "T"},
              output_item("2", type="custom_tool_call_output")], tools)
    assert [c for t in turns(r) for c in t[3]] == [
        ("1", "a__g", {}), ("2", "a__patch", {"input": "T"})], turns(r)
    for choice, want in (
            ({"type": "function", "name": "g", "namespace": "a"}, "a__g"),
            ({"type": "function", "name": "g"}, "a__g"),
            ({"type": "custom", "name": "patch"}, "a__patch"),
            ({"type": "function", "name": "f"}, "f")):
        r = sent("hi", tools, tool_choice=choice)
        assert r["tool_choice"]["function"]["name"] == want, r["tool_choice"]
    for allowed, want in (
            ([{"type": "namespace", "name": "a"}], ["a__patch", "a__g"]),
            ([{"type": "function", "name": "g", "namespace": "a"}], ["a__g"]),
            ([{"type": "function", "name": "f"}], ["f"])):
        r = sent("hi", tools, tool_choice={
            "type": "allowed_tools", "mode": "auto", "tools": allowed})
        assert offered(r) == want, offered(r)


@edge("tools", "that stand in the input; one name is one tool")
def _():
    item = {"type": "additional_tools", "role": "developer",
            "tools": [fn("g"), space("s", fn("h")), fn("f", description="2")]}
    for target in ("openai", "anthropic"):
        r = sent([item, USER], [fn("f", description="1")], target)
        assert offered(r) == ["f", "g", "s__h"], r
        f = r["tools"][0].get("function", r["tools"][0])
        assert f["description"] == "2" and "additional" not in r["dropped"]
        assert len(r["messages"]) == 1
    both([], "s__h", "{}", {"name": "h", "namespace": "s"}, [item, USER])
    assert offered(sent([item, USER])) == ["g", "s__h", "f"]


@edge("tools", "of two kinds with one name: the one that goes is named")
def _():
    custom = {"type": "custom", "name": "apply_patch"}
    for tools in ([fn("shell"), {"type": "shell"}],
                  [custom, {"type": "apply_patch"}],
                  [fn("apply_patch"), custom]):
        for target in ("openai", "anthropic"):
            r = sent("hi", tools, target)
            assert len(offered(r)) == 1, r
            assert "a tool of the same name" in r["dropped"], r["dropped"]
    assert not sent("hi", [fn("f"), fn("f")])["dropped"]


@edge("tools", "found by a search that the client runs")
def _():
    search = {"type": "tool_search", "execution": "client",
              "description": "Find", "parameters": SCHEMA}
    late = fn("late", defer_loading=True)
    tools = [search, fn("f"), late, space("s", fn("g", defer_loading=True))]
    r = sent("hi", tools)
    assert offered(r) == ["tool_search", "f"], offered(r)
    assert "deferred tools" in r["dropped"]
    assert r["tools"][0]["function"]["parameters"] == SCHEMA
    both(tools, "tool_search", '{"q":"x"}', {
        "type": "tool_search_call", "execution": "client",
        "arguments": {"q": "x"}})
    history = [USER, {"type": "tool_search_call", "call_id": "1",
                      "execution": "client", "arguments": {"q": "x"}},
               {"type": "tool_search_output", "call_id": "1",
                "execution": "client", "status": "completed", "tools": [
                    late, space("n", fn("new", defer_loading=True))]}]
    for target in ("openai", "anthropic"):
        r = sent(history, tools, target)
        assert set(offered(r)) == {"tool_search", "f", "late", "n__new"}, r
    r = sent(history, tools)
    _, use, result = turns(r)
    assert use[3] == [("1", "tool_search", {"q": "x"})], use
    assert "late" in result[2] and "new" in result[2], result
    both(tools, "n__new", "{}", {"name": "new", "namespace": "n"}, history)
    r = sent([USER, call_item("1", "g", namespace="s"), output_item("1")],
             tools)
    assert "s__g" in offered(r) and "late" not in offered(r)
    # A search that the provider runs: here nobody does, so all are offered.
    r = sent("hi", [{"type": "tool_search"}, late])
    assert offered(r) == ["late"] and "tool_search" in r["dropped"]
    r = sent([USER, {"type": "tool_search_call", "call_id": None,
                     "execution": "server", "arguments": {}},
              {"type": "tool_search_output", "call_id": None,
               "execution": "server", "tools": [late]}, USER], tools)
    assert "late" in offered(r) and "tool_search_call" in r["dropped"]
    assert [t[0] for t in turns(r)] == ["user"]


SHAPED = [
    ("local_shell", {"command": ["ls", "-l"]}, "action",
     {"type": "exec", "command": ["ls", "-l"], "env": {}}),
    ("shell", {"commands": ["ls"]}, "action",
     {"commands": ["ls"], "timeout_ms": None, "max_output_length": None}),
    ("apply_patch", {"type": "delete_file", "path": "x"}, "operation",
     {"type": "delete_file", "path": "x"}),
]


@edge("shells", "local_shell, shell and apply_patch go and come")
def _():
    for type, arguments, member, want in SHAPED:
        tool = {"type": type}
        for target in ("openai", "anthropic"):
            assert offered(sent("hi", [tool], target)) == [type]
        for text in (json.dumps(arguments), json.dumps({member: arguments})):
            both([tool], type, text, {"type": type + "_call", member: want})
        item = {"type": type + "_call", "call_id": "1", "id": "x_1",
                "status": "completed", member: want}
        out = {"type": type + "_call_output", "call_id": "1", "output": "OUT"}
        r = sent([USER, item, out], [tool])
        _, use, result = turns(r)
        assert use[3] == [("1", type, want)], use
        assert result[1:3] == ("1", "OUT"), result
        assert not r["dropped"], r["dropped"]
        r = sent("hi", [tool, fn("f")], tool_choice={"type": type})
        assert r["tool_choice"]["function"]["name"] == type


@edge("shells", "a line of text, or a list alone, is what is asked for")
def _():
    line = ["bash", "-lc", "ls -l"]
    for type, key, said, want in (
            ("local_shell", "command", "ls -l", line),
            ("local_shell", "command", ["ls", "-l"], ["ls", "-l"]),
            ("shell", "commands", "ls -l", ["ls -l"]),
            ("shell", "commands", ["ls", "pwd"], ["ls", "pwd"])):
        for asked in (said, {key: said, "timeout_ms": 5},
                      {"timeout_ms": 5, key: said}, {"action": {key: said}}):
            for how in ("stream", "whole"):
                item = item_back([{"type": type}], type,
                                 json.dumps(asked, indent=1), how)
                action = item["action"]
                assert action[key] == want, (asked, item)
                more = "timeout_ms" in asked
                assert (action.get("timeout_ms") == 5) == more, item
        out = {"type": type + "_call_output", "call_id": "1", "output": "o"}
        for asked in (said, {key: said}):
            items = [USER, {"type": type + "_call", "call_id": "1",
                            "action": asked}, out]
            r = sent(items, [{"type": type}])
            assert turns(r)[1][3] == [("1", type, {key: said})], r
            r = sent(items, [{"type": type}], "anthropic")
            assert r["messages"][1]["content"][0]["input"] == {key: said}, r
    # what was cut short is no command
    for cut in ('{"command":"rm', '"rm'):
        for how in ("stream", "whole"):
            item = item_back([{"type": "local_shell"}], "local_shell", cut,
                             how)
            assert item["action"] == cut, item


@edge("shells", "their outputs are read whole")
def _():
    r = sent([USER, {"type": "shell_call", "call_id": "1", "action": {
        "commands": ["a", "b"]}}, {
            "type": "shell_call_output", "call_id": "1", "output": [
                {"stdout": "one\n", "stderr": "bad",
                 "outcome": {"type": "exit", "exit_code": 3}},
                {"stdout": "two", "stderr": "",
                 "outcome": {"type": "timeout"}}]}], [{"type": "shell"}])
    text = turns(r)[-1][2]
    for part in ("one\n", "bad", "exit code 3", "two", "timed out"):
        assert part in text, text
    # One that is made of parts, as functions give them.
    for type, member, asked in (
            ("local_shell", "action", {"type": "exec", "command": ["ls"]}),
            ("shell", "action", {"commands": ["ls"]}),
            ("apply_patch", "operation", {"type": "delete_file",
                                          "path": "x"})):
        r = sent([USER, {"type": type + "_call", "call_id": "1",
                         member: asked}, {
            "type": type + "_call_output", "call_id": "1", "output": [
                {"type": "input_text", "text": "one"},
                {"type": "input_image", "image_url": PIXEL}]}],
                 [{"type": type}], "anthropic")
        parts = r["messages"][-1]["content"][0]["content"]
        assert [p["type"] for p in parts] == ["text", "image"], parts
        assert parts[0]["text"] == "one", parts
    # The old shell's output names the call by its item's id.
    r = sent([USER, {"type": "local_shell_call", "id": "lsh_1",
                     "call_id": "1", "action": {"type": "exec",
                                                "command": ["ls"]}},
              {"type": "local_shell_call_output", "id": "lsh_1",
               "output": "OUT"}], [{"type": "local_shell"}])
    assert turns(r)[-1][1:3] == ("1", "OUT"), turns(r)
    r = sent([USER, {"type": "apply_patch_call", "call_id": "1",
                     "operation": {"type": "delete_file", "path": "x"}},
              {"type": "apply_patch_call_output", "call_id": "1",
               "status": "failed"}], [{"type": "apply_patch"}], "anthropic")
    result = r["messages"][-1]["content"][0]
    assert result["is_error"] and result["content"][0]["text"] == "failed"


@edge("items", "what an agent says to another is read")
def _():
    for content in ("done", [{"type": "input_text", "text": "done"}]):
        r = sent([USER, {"role": "assistant", "content": "ok"},
                  {"type": "agent_message", "author": "helper",
                   "recipient": "root", "content": content}])
        role, _, text, _ = turns(r)[-1]
        assert role == "user" and "helper" in text and "done" in text, text
    r = sent([USER, {"type": "agent_message", "author": "helper", "content": [
        {"type": "encrypted_content", "encrypted_content": "x"}]}])
    assert "encrypted_content" in r["dropped"]


@edge("items", "that only their provider can read are refused by name")
def _():
    for item in ({"type": "compaction", "encrypted_content": "x"},
                 {"type": "compaction_trigger"},
                 {"type": "compaction_summary", "encrypted_content": "x"},
                 {"type": "item_reference", "id": "msg_1"}):
        refused([USER, item], item["type"])
    refused([USER, 5], "object")


@edge("pairs", "a result stands directly behind its call")
def _():
    a, b = call_item("A"), call_item("B")
    ra, rb = output_item("A", "rA"), output_item("B", "rB")
    says = {"role": "assistant", "content": [
        {"type": "output_text", "text": "one"}]}
    asks = {"role": "user", "content": "more"}
    for items in ([a, b, ra, says, rb], [a, b, rb, says, ra],
                  [a, b, says, ra, rb], [a, says, b, ra, rb],
                  [a, b, ra, asks, rb], [a, ra, b, rb],
                  [a, b, ra, says, asks, rb], [ra, a, b, rb],
                  [a, b, ra, {"role": "developer", "content": "D"}, rb],
                  [a, b, ra, says, rb, says]):
        for target in ("openai", "anthropic"):
            r = sent([USER, *items], [fn("f")], target)
            check_pairs(target, r, {"A": "rA", "B": "rB"}, items)
            text = json.dumps(r["messages"])
            assert (says in items) == ("one" in text), text
            assert (asks in items) == ("more" in text), text
            if items[-1] is not says:
                assert r["messages"][-1]["role"] != "assistant", r["messages"]


def check_pairs(target, r, want, items):
    """Each call is answered in the turn behind it, and by its own result."""
    got, due = {}, []
    for m in r["messages"]:
        if target == "openai":
            if m["role"] == "tool":
                assert m["tool_call_id"] in due, (items, r["messages"])
                due.remove(m["tool_call_id"])
                got[m["tool_call_id"]] = m["content"]
                continue
            assert not due, (items, r["messages"])
            due = [c["id"] for c in m.get("tool_calls", [])]
            continue
        blocks = m["content"] if isinstance(m["content"], list) else []
        for i, blk in enumerate(blocks):
            if blk["type"] == "tool_result":
                assert i < len(due) or not due, (items, r["messages"])
                assert blk["tool_use_id"] in due, (items, r["messages"])
                got[blk["tool_use_id"]] = blk["content"][0]["text"]
        assert set(due) <= set(got), (items, r["messages"])
        due = [blk["id"] for blk in blocks if blk["type"] == "tool_use"]
    assert got == want, (items, got)


@edge("pairs", "a call and its output go together")
def _():
    keep = [call_item("A"), output_item("A", "rA")]
    for more, word in (([call_item("B")], "call"), ([output_item("B")], "output"),
                       ([call_item("B"), output_item("C")], "call"),
                       ([output_item("A")], "output"),
                       ([{"type": "computer_call", "call_id": "B"},
                         {"type": "computer_call_output", "call_id": "B"}],
                        "computer_call_output")):
        for items in ([*keep, *more], [*more, *keep]):
            for target in ("openai", "anthropic"):
                r = sent([USER, *items, USER], [fn("f")], target)
                # an output before its call is another's, if there is one
                check_pairs(target, r, {"A": "rA"}, items)
                assert word in r["dropped"], r["dropped"]


@edge("pairs", "an id used in two turns finds its own result")
def _():
    items = [USER, call_item("A", arguments='{"n":1}'), output_item("A", "r1"),
             call_item("A", arguments='{"n":2}'), output_item("A", "r2")]
    r = sent(items, [fn("f")])
    assert [t[2] for t in turns(r) if t[0] == "tool"] == ["r1", "r2"]
    assert [t[0] for t in turns(r)] == ["user", "assistant", "tool",
                                        "assistant", "tool"]


@edge("values", "of other types are used or refused")
def _():
    for output, want in (({"a": 1}, '{"a":1}'), ([1, 2], "[1,2]"),
                         (7, "7"), (True, "true"), (None, ""), ("x", "x"),
                         ([{"n": 1}], '[{"n":1}]'), (["x"], '["x"]'),
                         ([{"type": "input_text", "text": "x"}], "x")):
        r = sent([USER, call_item("A", arguments={"b": 2}),
                  output_item("A", output)], [fn("f")])
        assert turns(r)[-1][2] == want, (output, turns(r))
        assert turns(r)[1][3] == [("A", "f", {"b": 2})]
    for bad in (5, True, 1.5, [5], [None], [[]]):
        for target in ("openai", "anthropic"):
            try:
                sent([{"role": "user", "content": bad}], target=target)
                raise AssertionError(f"taken: {bad}")
            except HttpError as e:
                assert e.status == 400, e
    r = sent([{"role": "user", "content": ["a", "b"]}])
    assert "a" in turns(r)[0][2] and "b" in turns(r)[0][2]


@edge("dropped", "reasoning that only its provider can read is named")
def _():
    for target in ("openai", "anthropic"):
        for summary, want in (([], "reasoning.encrypted_content"),
                              ([{"type": "summary_text", "text": "s"}],
                               "thinking")):
            r = sent([{"type": "reasoning", "id": "rs_1", "summary": summary,
                       "encrypted_content": "gAAA"},
                      {"role": "assistant", "content": "x"}, USER],
                     target=target)
            assert want in r["dropped"], (target, want, r["dropped"])


# --- free text at providers that know it ----------------------------------

LARK = "start: /a+/\nb: \"x\""
GRAMMARS = {
    "responses": {"type": "grammar", "syntax": "lark", "definition": LARK},
    "openai": {"type": "grammar", "grammar": {"syntax": "lark",
                                              "definition": LARK}}}
CUSTOM = {"customTools": True}


def custom_tool(dialect, format="grammar"):
    about = {"name": "patch", "description": "d", "format":
             GRAMMARS[dialect] if format == "grammar" else {"type": "text"}}
    if dialect == "responses":
        return {"type": "custom", **about}
    return {"type": "custom", "custom": about}


def custom_body(dialect, **more):
    """A call with free text, a call of a function, and their outputs."""
    text = 'no {json "\\\n'
    tools = [custom_tool(dialect)]
    if dialect == "responses":
        return {"tools": tools + [fn("f")], "input": [
            USER, {"type": "custom_tool_call", "call_id": "a",
                   "name": "patch", "input": text},
            call_item("b"),
            output_item("a", "ra", "custom_tool_call_output"),
            output_item("b", "rb")], **more}
    return {"tools": tools + [{"type": "function", "function": {
        "name": "f", "parameters": SCHEMA}}], "messages": [
        USER, {"role": "assistant", "tool_calls": [
            {"id": "a", "type": "custom",
             "custom": {"name": "patch", "input": text}},
            {"id": "b", "type": "function",
             "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": "ra"},
        {"role": "tool", "tool_call_id": "b", "content": "rb"}], **more}


@edge("custom", "stays free text from Responses to Chat, where it is known")
def _():
    want = custom_body("openai")
    r = request("responses", "openai", custom_body("responses"), "gpt-5",
                CUSTOM)
    assert r["tools"][0] == custom_tool("openai"), r["tools"]
    assert r["messages"][1]["tool_calls"] == want["messages"][1]["tool_calls"]
    assert r["messages"][2:] == want["messages"][2:], r["messages"]
    assert not r["dropped"], r
    r = request("responses", "openai", custom_body("responses", tool_choice={
        "type": "custom", "name": "patch"}), "gpt-5", CUSTOM)
    assert r["tool_choice"] == {"type": "custom",
                                "custom": {"name": "patch"}}, r


@edge("custom", "stays free text from Chat to Responses")
def _():
    want = custom_body("responses")
    r = request("openai", "responses", custom_body("openai"), "gpt-5")
    assert r["tools"][0] == custom_tool("responses"), r["tools"]
    assert r["input"][1:] == [{k: v for k, v in i.items() if k != "id"}
                              for i in want["input"][1:]], r["input"]
    r = request("openai", "responses", custom_body("openai", tool_choice={
        "type": "custom", "custom": {"name": "patch"}}), "gpt-5")
    assert r["tool_choice"] == {"type": "custom", "name": "patch"}, r
    r = request("openai", "responses", {
        "messages": [USER], "tools": [custom_tool("openai", "text")]}, "gpt-5")
    assert r["tools"][0]["format"] == {"type": "text"}, r


@edge("custom", "is a function elsewhere, and its grammar is told")
def _():
    for source in ("openai", "responses"):
        for target, switches in (("openai", None), ("anthropic", None)):
            if source == target:
                continue
            r = request(source, target, custom_body(source), "m", switches)
            t = r["tools"][0]
            f = t.get("function", t)
            assert f["name"] == "patch" and LARK in f["description"], r
            assert "lark" in f["description"] and "d\n" in f["description"]
            assert "\\n" not in f["description"], f
            input = (json.loads(
                r["messages"][1]["tool_calls"][0]["function"]["arguments"])
                if target == "openai" else
                r["messages"][1]["content"][0]["input"])
            assert input == {"input": 'no {json "\\\n'}, input


@edge("custom", "comes back as free text, whole and in pieces")
def _():
    text = '{not json [" \u00e9\n}'
    whole = {"id": "c", "choices": [{
        "index": 0, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": None, "tool_calls": [
                {"id": "a", "type": "custom",
                 "custom": {"name": "patch", "input": text}},
                {"id": "b", "type": "function",
                 "function": {"name": "f", "arguments": "{}"}}]}}]}

    def piece(text, **more):
        return chunk({"tool_calls": [{"index": 0, "custom": {
            "input": text, **more.pop("custom", {})}, **more}]})
    stream = chat_sse(
        piece("", id="a", type="custom", custom={"name": "patch"}),
        *[piece(c) for c in text],
        chunk(call(1, "{}", "b", "f")), chunk({}, "tool_calls"))
    for data in (whole, stream):
        for asked in (custom_body("responses"), None):
            for how in ("whole", "stream"):
                out = answer("openai", "responses", data, how, asked=asked,
                             model="gpt-5")
                o = (json.loads(out) if how == "whole" else
                     [o for _, o in events(out)][-1]["response"])
                a, b = o["output"]
                assert (a["type"], a["name"], a["input"]) == (
                    "custom_tool_call", "patch", text), a
                assert a["id"].startswith("ctc_"), a
                assert (b["type"], b["arguments"]) == (
                    "function_call", "{}"), b
        out = json.loads(answer("openai", "anthropic", data, "whole"))
        assert out["content"][0]["input"] == {"input": text}, out
    data = {"object": "response", "id": "r", "status": "completed", "output": [
        {"type": "custom_tool_call", "id": "ctc_1", "call_id": "a",
         "name": "patch", "input": text}], "usage": {}}
    for asked in (custom_body("openai"), None):
        out = json.loads(answer("responses", "openai", data, "whole",
                                asked=asked, model="gpt-5"))
        c = out["choices"][0]["message"]["tool_calls"][0]
        assert (c["type"], c["custom"]) == (
            "custom", {"name": "patch", "input": text}), c


run()
