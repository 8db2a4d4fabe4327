#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The search that a provider runs itself, from one API to another: the tool,
what was searched and found, what a text cites, and the history: search.py
CONVERT FIXTURES.
"""

import json
import pathlib
import subprocess
import sys

from echo import MODELS, answered, results
from meaning import events, meaning
from translate import *

FIXTURES = pathlib.Path(sys.argv[2])
USER = {"role": "user", "content": "q"}
PLACE = {"type": "approximate", "city": "Oslo", "country": "NO"}
TOOL = {
    "anthropic": {"tools": [{
        "type": "web_search_20250305", "name": "web_search", "max_uses": 3,
        "allowed_domains": ["a.org"], "user_location": PLACE}]},
    "openai": {"web_search_options": {
        "search_context_size": "low", "user_location": {
            "type": "approximate",
            "approximate": {"city": "Oslo", "country": "NO"}}}},
    "responses": {"tools": [{
        "type": "web_search", "filters": {"allowed_domains": ["a.org"]},
        "search_context_size": "low", "user_location": PLACE}]}}


def asking(client, **more):
    body = dict(TOOL[client], **more)
    if client == "responses":
        return {"input": [USER], **body}
    return {"messages": [USER], "max_tokens": 9, **body}


def asked(client, target, **more):
    return request(client, target, asking(client, **more), MODELS[target],
                   {"webSearch": True})


# --- the tool -------------------------------------------------------------

@edge("tool", "goes to the other side's own, and what it lacks is named")
def _():
    for client in MODELS:
        for target in MODELS:
            if client == target:
                continue
            r = asked(client, target)
            if target == "openai":
                t = r["web_search_options"]
                place = t["user_location"]["approximate"]
            else:
                t, place = r["tools"][0], r["tools"][0]["user_location"]
            assert (place["city"], place["country"]) == ("Oslo", "NO"), r
            named = r["dropped"].split(", ")
            assert ("web_search.max_uses" in named) == (
                client == "anthropic"), (client, target, named)
            assert ("web_search.search_context_size" in named) == (
                target == "anthropic"), (client, target, named)
            assert ("web_search.allowed_domains" in named) == (
                target == "openai"), (client, target, named)
            if target == "responses":
                assert "web_search_call.action.sources" in r["include"], r
                if client != "openai":
                    assert t["filters"] == {"allowed_domains": ["a.org"]}
            if (client, target) == ("responses", "anthropic"):
                assert t["allowed_domains"] == ["a.org"], t


@edge("tool", "can be asked for by name")
def _():
    r = asked("anthropic", "responses",
              tool_choice={"type": "tool", "name": "web_search"})
    assert r["tool_choice"] == {"type": "web_search"}, r
    r = request("responses", "anthropic", asking(
        "responses", tool_choice={"type": "web_search"}), "claude-opus-5-5")
    assert r["tool_choice"]["type"] == "auto", r  # it cannot be forced
    assert r["tools"][0]["name"] == "web_search", r
    r = request("responses", "anthropic", asking(
        "responses", tool_choice={"type": "web_search"}), "claude-opus-4-5")
    assert r["tool_choice"] == {"type": "tool", "name": "web_search"}, r
    for choice in ({"type": "web_search"}, {"type": "file_search"}):
        try:
            request("responses", "openai",
                    asking("responses", tool_choice=choice), "m")
        except HttpError as e:
            assert e.status == 400, e
        else:
            raise AssertionError(choice)


# --- answers --------------------------------------------------------------

TEXT = "\u00e9\U0001f600 one and two"  # cited: "one", "two"
HITS = ["http://a.org/1", "http://a.org/2"]


def places():
    return [(i, i + 3) for i in (TEXT.index("one"), TEXT.index("two"))]


def claude(text=TEXT):
    """As Claude writes it: each cited text is a block of its own."""
    def cite(n):
        return {"type": "web_search_result_location", "url": HITS[n],
                "title": f"T{n}", "cited_text": "c", "encrypted_index": "E"}
    hits = [{"type": "web_search_result", "url": u, "title": "T",
             "encrypted_content": "X", "page_age": None} for u in HITS]
    a, b = places()
    return {"type": "message", "role": "assistant", "id": "m", "model": "m",
            "stop_reason": "end_turn", "usage": {}, "content": [
                {"type": "server_tool_use", "id": "srvtoolu_1",
                 "name": "web_search", "input": {"query": "what"}},
                {"type": "web_search_tool_result",
                 "tool_use_id": "srvtoolu_1", "content": hits},
                {"type": "text", "text": text[:a[0]]},
                {"type": "text", "text": text[a[0]:a[1]],
                 "citations": [cite(0)]},
                {"type": "text", "text": text[a[1]:b[0]]},
                {"type": "text", "text": text[b[0]:], "citations": [cite(1)]}]}


def claude_stream():
    evs, m = [start()], claude()
    for i, b in enumerate(m["content"]):
        deltas, b = [], dict(b)
        if b["type"] == "server_tool_use":
            deltas = [{"type": "input_json_delta", "partial_json": p}
                      for p in ("", '{"que', 'ry": "what"}')]
            b["input"] = {}
        elif b["type"] == "text":
            deltas = [{"type": "citations_delta", "citation": c}
                      for c in b.pop("citations", ())]
            deltas += [text_delta(c) for c in b["text"]]
            b["text"] = ""
        evs += block(i, b.pop("type"), *deltas, **b)
    return claude_sse(*evs, *stop())


def url_citations():
    return [{"type": "url_citation", "url": HITS[n], "title": f"T{n}",
             "start_index": a, "end_index": b}
            for n, (a, b) in enumerate(places())]


SEARCHED = {"type": "web_search_call", "id": "ws_1", "status": "completed",
            "action": {"type": "search", "query": "what", "sources": [
                {"type": "url", "url": u} for u in HITS]}}


def response():
    return {"object": "response", "id": "r", "status": "completed",
            "model": "m", "usage": {}, "output": [SEARCHED, {
                "type": "message", "role": "assistant", "id": "msg_1",
                "status": "completed", "content": [{
                    "type": "output_text", "text": TEXT,
                    "annotations": url_citations()}]}]}


def response_stream():
    r = response()
    m = r["output"][1]
    at = {"output_index": 1, "item_id": "msg_1", "content_index": 0}
    evs = [{"type": "response.created", "response": {"id": "r"}},
           {"type": "response.output_item.added", "output_index": 0,
            "item": {"type": "web_search_call", "id": "ws_1"}},
           {"type": "response.web_search_call.searching", "output_index": 0,
            "item_id": "ws_1"},
           {"type": "response.output_item.done", "output_index": 0,
            "item": SEARCHED},
           {"type": "response.output_item.added", "output_index": 1,
            "item": dict(m, content=[])},
           {"type": "response.content_part.added", **at, "part": {}}]
    evs += [{"type": "response.output_text.delta", **at, "delta": c}
            for c in TEXT]
    evs += [{"type": "response.output_text.annotation.added", **at,
             "annotation_index": n, "annotation": c}
            for n, c in enumerate(url_citations())]
    evs += [{"type": "response.output_item.done", "output_index": 1,
             "item": m}, {"type": "response.completed", "response": r}]
    return claude_sse(*evs)


def nested():
    return [{"type": "url_citation", "url_citation": {
        k: v for k, v in c.items() if k != "type"}} for c in url_citations()]


def chat():
    return {"id": "c", "model": "m", "choices": [{
        "index": 0, "finish_reason": "stop", "message": {
            "role": "assistant", "content": TEXT, "annotations": nested()}}]}


def chat_stream():
    return chat_sse(*[chunk({"content": c}) for c in TEXT],
                    *[chunk({"annotations": [a]}) for a in nested()],
                    chunk({}, "stop"))


ANSWERS = {"anthropic": (claude(), claude_stream()),
           "openai": (chat(), chat_stream()),
           "responses": (response(), response_stream())}


def cited(client, said):
    """(url, title, what of the text relies on it), in order."""
    if client == "openai":
        m = said[0]
        return [(c["url"], c["title"],
                 m["content"][c["start_index"]:c["end_index"]])
                for c in (a["url_citation"] for a in m["annotations"])]
    if client == "responses":
        return [(c["url"], c["title"],
                 p["text"][c["start_index"]:c["end_index"]])
                for i in said if i["type"] == "message"
                for p in i["content"] for c in p["annotations"]]
    return [(c["url"], c["title"], b["text"])
            for b in said[0]["content"] if b["type"] == "text"
            for c in b.get("citations") or ()]


@edge("answer", "citations reach the client, whole and streamed")
def _():
    for provider in MODELS:
        for client in MODELS:
            for data in ANSWERS[provider]:
                for how in ("whole", "stream"):
                    for step in (0, 1) if how == "stream" else (0,):
                        out = answer(provider, client, data, how, step)
                        check_cited(provider, client, out)


def check_cited(provider, client, out):
    assert meaning(client, out)["text"] == TEXT, out
    got = cited(client, answered(client, out))
    # OpenAI's APIs tell the place in one text, which Messages cannot say.
    part = provider == "anthropic" or client != "anthropic"
    want = [(u, f"T{n}", w if part else TEXT)
            for n, (u, w) in enumerate(zip(HITS, ("one", "two")))]
    assert got == want, (provider, client, got)


@edge("answer", "searches reach the client with what they found")
def _():
    for provider in ("anthropic", "responses"):
        for data in ANSWERS[provider]:
            for how in ("whole", "stream"):
                out = answer(provider, "anthropic", data, how)
                call, found = [b for b in answered("anthropic", out)[0][
                    "content"] if b["type"] in ("server_tool_use",
                                                "web_search_tool_result")]
                assert call["name"] == "web_search", call
                assert call["input"] == {"query": "what"}, call
                assert call["id"].startswith("srvtoolu_"), call
                assert found["tool_use_id"] == call["id"], found
                assert [h["url"] for h in found["content"]] == HITS, found
                assert all(h["encrypted_content"] and h["title"]
                           for h in found["content"]), found
                out = answer(provider, "responses", data, how)
                item = next(i for i in answered("responses", out)
                            if i["type"] == "web_search_call")
                assert item["id"].startswith("ws_"), item
                assert item["action"]["query"] == "what", item
                assert [s["url"] for s in item["action"]["sources"]] == HITS
                if how == "stream":
                    check_items(out)


def check_items(out):
    """Items begin and end, one after the other."""
    open_item, n = None, 0
    for _, o in events(out):
        assert o["sequence_number"] == n, o
        n += 1
        if o["type"] == "response.output_item.added":
            assert open_item is None, o
            open_item = o["item"]["id"]
        elif o["type"] == "response.output_item.done":
            assert o["item"]["id"] == open_item, o
            open_item = None
        elif "item_id" in o:
            assert o["item_id"] == open_item, o


@edge("answer", "a search that failed says why")
def _():
    m = claude()
    m["content"][1]["content"] = {"type": "web_search_tool_result_error",
                                  "error_code": "max_uses_exceeded"}
    out = json.loads(answer("anthropic", "anthropic", m, "whole"))
    assert out["content"][1]["content"]["error_code"] == "max_uses_exceeded"
    out = json.loads(answer("anthropic", "responses", m, "whole"))
    assert out["output"][0]["status"] == "failed", out
    m["content"] = m["content"][:1]  # and one that has not come back
    for client in MODELS:
        assert answer("anthropic", client, m, "whole")


@edge("answer", "places outside the text are in it all the same")
def _():
    for a, b in ((-5, 99999), (7, 3), (10 ** 30, 10 ** 30), ("x", None)):
        data = chat()
        data["choices"][0]["message"]["annotations"] = [{
            "type": "url_citation", "url_citation": {
                "url": "http://x", "start_index": a, "end_index": b}}]
        for client in MODELS:
            for how in ("whole", "stream"):
                said = answered(client, answer("openai", client, data, how))
                assert cited(client, said)[0][0] == "http://x", said
                if client != "anthropic":
                    text = json.dumps(said)
                    assert '_index": -' not in text, text


@edge("answer", "recordings of real searches")
def _():
    if not FIXTURES.is_dir():
        return  # they are not beside this tree
    for name, provider in (("an-s-web-search.sse", "anthropic"),
                           ("re-s-web-search.sse", "responses")):
        data = (FIXTURES / name).read_bytes()
        n = data.count(b'"citations_delta"') or data.count(
            b'"response.output_text.annotation.added"')
        for client in MODELS:
            said = answered(client, answer(provider, client, data))
            got = cited(client, said)
            assert len(got) == n and n > 3, (name, client, len(got), n)
            if client == "responses" or provider == client:
                continue
            assert all(w for _, _, w in got), got


# --- history --------------------------------------------------------------

@edge("history", "a search comes home as it was")
def _():
    for client in ("anthropic", "openai"):
        for data in ANSWERS["responses"]:
            for how in ("whole", "stream"):
                said = answered(client, answer("responses", client, data, how))
                body = asking(client)
                body["messages"] += said + results(client, said)
                r = request(client, "responses", body, "gpt-5.4")
                assert r["input"][1] == SEARCHED, r["input"]
                assert r["input"][2]["role"] == "assistant", r["input"]
                assert "web_search_call" not in r["dropped"].split(", ")


@edge("history", "a search of Claude's comes home as it was")
def _():
    own = [b for b in claude()["content"] if b["type"] in (
        "server_tool_use", "web_search_tool_result")]
    assert len(own) == 2, own
    for client in ("openai", "responses"):
        for data in ANSWERS["anthropic"]:
            for how in ("whole", "stream"):
                said = answered(client, answer("anthropic", client, data, how))
                for tools in (True, False):
                    body = asking(client)
                    key = "input" if client == "responses" else "messages"
                    body[key] += said + results(client, said)
                    if not tools:
                        body.pop("tools", 0)
                        body.pop("web_search_options", 0)
                    r = request(client, "anthropic", body, "claude-opus-4-8")
                    got = [b for b in r["messages"][1]["content"]
                           if b["type"] in ("server_tool_use",
                                            "web_search_tool_result")]
                    assert got == (own if tools else []), (client, how, got)
                    assert ("web_search_call" in r["dropped"]) != tools, r
                    texts = [b for b in r["messages"][1]["content"]
                             if b["type"] == "text"]
                    if tools: # texts, their order, what they rely on
                        assert r["messages"][1]["content"] == [
                            b for b in claude()["content"]
                            if b.get("text") != ""], (client, how, r)
                        assert "annotations" not in r["dropped"], r
                    else:
                        assert all("citations" not in b for b in texts), r
                        assert "citations" in r["dropped"], r["dropped"]
                    # and nobody else is sent it
                    other = "responses" if client == "openai" else "openai"
                    r = request(client, other, body, MODELS[other])
                    assert "dario2_" not in json.dumps(r), r
                    assert "srvtoolu_" not in json.dumps(r), r


@edge("history", "of others is legal everywhere, and what goes is named")
def _():
    for provider in MODELS:
        for client in MODELS:
            said = answered(client, answer(provider, client,
                                           ANSWERS[provider][0], "whole"))
            for target in MODELS:
                if target == client or target == provider:
                    continue
                body = asking(client)
                body["input" if client == "responses" else "messages"] += (
                    said + results(client, said))
                r = request(client, target, body, MODELS[target])
                text = json.dumps(r)
                assert "one" in text and "dario2_" not in text, r
                for word in ("server_tool_use", "web_search_tool_result",
                             "annotations", "citations"):
                    assert f'"{word}' not in text.replace(
                        r["dropped"], ""), (word, r)
                assert "citations" in r["dropped"] or (
                    "annotations" in r["dropped"]), (client, r["dropped"])


@edge("history", "of others is taken out at Claude in its own API")
def _():
    for provider in ("openai", "responses"):
        said = answered("anthropic", answer(
            provider, "anthropic", ANSWERS[provider][0], "whole"))
        body = asking("anthropic", model="claude-opus-4-8")
        body["messages"] += said + results("anthropic", said)
        p = subprocess.run(
            [CONVERT, "mend", "anthropic", "claude-opus-4-8"], check=True,
            capture_output=True, timeout=120, input=json.dumps(body).encode())
        got = json.loads(p.stdout)
        text = json.dumps(got["messages"])
        assert "dario2_" not in text and "srvtoolu" not in text, text
        assert b"citations" in p.stderr, p.stderr
        assert TEXT in [b.get("text") for b in got["messages"][1]["content"]]
        own = asking("anthropic", model="claude-opus-4-8")
        own["messages"] += [{"role": "assistant",
                             "content": claude()["content"]}, USER]
        data = json.dumps(own).encode()
        p = subprocess.run(
            [CONVERT, "mend", "anthropic", "claude-opus-4-8"], check=True,
            capture_output=True, timeout=120, input=data)
        assert p.stdout == data, p.stdout


run()
