# SPDX-License-Identifier: MIT
"""The binding against the library. DARIO_DATADIR and DARIO_HOME as in the shell
tests; DARIO_HEADER is dario.h."""

import gc
import json
import os
import re
import shutil
import socket
import threading
import unittest

import dario
from dario import _library

HOME = os.environ["DARIO_HOME"]
ASKED = {"model": "m", "stream": True, "max_tokens": 9, "logit_bias": {},
         "messages": [{"role": "user", "content": "hi"}]}
EVENTS = [
    {"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "c",
        "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}}},
    {"type": "content_block_start", "index": 0,
     "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0,
     "delta": {"type": "text_delta", "text": "hé"}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"},
     "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
]
STREAM = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n"
                 for e in EVENTS).encode()


def normal(text):
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r"^#.*$", "", text, flags=re.M)
    text = re.sub(r"enum dario_code \{.*?\};", "", text, flags=re.S)
    return text.replace("DARIO_API", "").split()


def bytewise(data):
    return (data[i:i + 1] for i in range(len(data)))


class Translate(unittest.TestCase):
    def ask(self, **more):
        return dario.translate("openai", "anthropic", {**ASKED, **more},
                               model="claude-x")

    def test_request(self):
        request = self.ask()
        self.assertEqual(json.loads(request.body)["model"], "claude-x")
        self.assertEqual(request.dropped, ["logit_bias"])
        self.assertTrue(request.streams)

    def test_own_api(self):
        function = {"name": "f", "parameters": {"type": "object"}}
        for model in ("m", "other"):
            with self.subTest(model=model):
                request = dario.translate(
                    "openai", "openai", {"model": "m", "messages": [
                        {"role": "user", "content": "hi"}],
                        "functions": [function]}, model=model,
                    switches={"callsPaired": True})
                body = json.loads(request.body)
                self.assertEqual(body["model"], model)
                self.assertEqual(body["tools"], [
                    {"type": "function", "function": function}])
                self.assertNotIn("functions", body)
                call = {"id": "c", "type": "function", "function": {
                    "name": "f", "arguments": "{}"}}
                answer = json.loads(request.answer(json.dumps({
                    "id": "x", "object": "chat.completion", "created": 1,
                    "model": "m", "choices": [{
                        "index": 0, "finish_reason": "tool_calls",
                        "message": {"role": "assistant", "content": None,
                                    "tool_calls": [call]}}]})))
                self.assertEqual(
                    answer["choices"][0]["message"]["function_call"],
                    call["function"])

    def test_own_names(self):
        asked = {"model": "m", "max_tokens": 9, "tools": [
            {"type": "web_search_20250305", "name": "web_search"},
            {"name": "a.b", "input_schema": {"type": "object"}}],
            "messages": [{"role": "user", "content": "hi"}]}

        def call(name):
            return {"type": "tool_use", "id": "t", "name": name, "input": {}}

        def event(name):
            return ("event: content_block_start\ndata: " + json.dumps({
                "type": "content_block_start", "index": 0,
                "content_block": call(name)}) + "\n\n"
                "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")

        for stream in (False, True):
            request = dario.translate(
                "anthropic", "anthropic", {**asked, "stream": stream},
                switches={"strictMessages": True})
            there = json.loads(request.body)["tools"][1]["name"]
            self.assertNotEqual(there, "a.b")
            if stream:
                out = b"".join(request.stream(bytewise(event(there).encode())))
                self.assertEqual(out.decode(), event("a.b"))
            else:
                found = {"type": "server_tool_use", "new": 1.50}
                out = request.answer(json.dumps(
                    {"content": [found, call(there)]}))
                self.assertEqual(json.loads(out), {
                    "content": [found, call("a.b")]})

    def test_stream(self):
        request = self.ask()
        out = list(request.stream(bytewise(STREAM)))
        self.assertGreaterEqual(len(out), 2)
        text = b"".join(out).decode()
        self.assertIn('"content":"hé"', text)
        self.assertTrue(text.rstrip().endswith("data: [DONE]"))
        self.assertEqual((request.usage.input, request.usage.output), (3, 7))

    def test_cut_stream(self):
        out = []
        with self.assertRaises(dario.Error) as caught:
            for piece in self.ask().stream([STREAM[:-80]]):
                out.append(piece)
        self.assertEqual(caught.exception.code, "upstream")
        self.assertIn(b"ended early", b"".join(out))

    def test_whole(self):
        message = {**EVENTS[0]["message"], "stop_reason": "end_turn",
                   "content": [{"type": "text", "text": "hello"}]}
        answer = json.loads(self.ask(stream=False).answer(message))
        self.assertEqual(answer["choices"][0]["message"]["content"], "hello")

    def test_provider_error(self):
        error = {"type": "error",
                 "error": {"type": "overloaded_error", "message": "no"}}
        answer = json.loads(self.ask().answer(error, 529))
        self.assertEqual(answer["error"]["message"], "no")
        answer = json.loads(self.ask().error("come again"))
        self.assertEqual(answer["error"]["message"], "come again")

    def test_bad_request(self):
        with self.assertRaises(dario.Error) as caught:
            dario.translate("openai", "anthropic", b"{")
        self.assertEqual(caught.exception.code, "bad_request")
        self.assertEqual(caught.exception.status, 400)
        with self.assertRaises(dario.Error) as caught:
            dario.translate("openai", "latin", {})
        self.assertEqual(caught.exception.code, "misuse")

    def test_switches(self):
        one = dario.translate("anthropic", "openai", {
            "model": "m", "max_tokens": 9, "messages": ASKED["messages"]},
            switches={"maxCompletionTokens": True})
        self.assertIn("max_completion_tokens", json.loads(one.body))

    def test_threads(self):
        bad = []

        def work():
            for _ in range(20):
                if b"[DONE]" not in b"".join(self.ask().stream([STREAM])):
                    bad.append(1)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertFalse(bad)

    def test_usage_and_price(self):
        used = dario.usage("anthropic", {"usage": {"input_tokens": 1000000,
                                                   "output_tokens": 0}})
        self.assertEqual(used.input, 1000000)
        self.assertGreater(dario.price("claude-sonnet-4-5", used), 0)
        self.assertIsNone(dario.price("no-such-model", used))
        self.assertIsNone(dario.usage("openai", {}))

    def test_price_of_an_answer(self):
        request = self.ask()
        self.assertIsNone(request.price())
        list(request.stream([STREAM]))
        self.assertIsNone(request.price())  # nobody's model
        request = dario.translate("openai", "anthropic", ASKED,
                                  model="claude-sonnet-4-5")
        list(request.stream([STREAM]))
        self.assertAlmostEqual(request.price(), dario.price(
            "claude-sonnet-4-5", request.usage))


class Folder(unittest.TestCase):
    def test_what_is_there(self):
        with dario.Dario(HOME) as home:
            self.assertEqual([b["name"] for b in home.backends()], ["one"])
            self.assertEqual(home.route("gpt-4"),
                             ("one", "gpt-4", "openai", False))
            self.assertEqual(home.explain("gpt-4")["backend"], "one")
            self.assertIn("accounts", home.accounts())
            self.assertFalse(home.status()["authenticated"])
            with self.assertRaises(dario.Error) as caught:
                home.token("nobody")
        self.assertEqual(caught.exception.code, "not_found")
        with self.assertRaises(ValueError):
            home.backends()

    def test_order_of_closing(self):
        home = dario.Dario()
        translator = home.translator("openai", "anthropic")
        home.close()
        exchange = translator.request(ASKED)
        del home
        translator.close()
        gc.collect()
        self.assertIn(b"hi", exchange.body)
        exchange.close()
        exchange.close()

    def test_threads_of_one_exchange(self):
        piece = STREAM[:STREAM.index(b"event: content_block_stop")]
        more = piece[piece.index(b"event: content_block_delta"):] * 200
        for turn in range(40):
            exchange = dario.translate("openai", "anthropic", ASKED)
            exchange.feed(piece)
            texts = []

            def feed():
                try:
                    for _ in range(3):
                        texts.append(exchange.feed(more).count(b"h\xc3\xa9"))
                        self.assertEqual(exchange.dropped, ["logit_bias"])
                except ValueError:  # another thread has closed it
                    pass

            threads = [threading.Thread(target=feed) for _ in range(3)]
            for thread in threads:
                thread.start()
            if turn % 2:
                exchange.close()
            for thread in threads:
                thread.join()
            self.assertEqual(set(texts) - {200}, set())
            if turn % 2 == 0:
                self.assertEqual(len(texts), 9)

    def test_close_while_it_is_used(self):
        for _ in range(20):
            home = dario.Dario()
            began = threading.Event()

            def use():
                try:
                    while True:
                        home.translator("openai", "anthropic").request(ASKED)
                        began.set()
                except ValueError:
                    pass

            thread = threading.Thread(target=use)
            thread.start()
            began.wait()
            home.close()
            thread.join()

    @unittest.skipUnless(shutil.which("lighttpd"), "it is not installed")
    def test_router(self):
        with dario.Dario(HOME, environment=True) as home:
            self.assertRaises(dario.Error, lambda: home.router(
                "--port=x").ready())
            with socket.socket() as s:
                s.bind(("127.0.0.1", 0))
                port = f"--port={s.getsockname()[1]}"
            for end in ("stop", "close"):
                with self.subTest(end=end), home.router(port) as router:
                    self.assertTrue(router.ready(90))
                    self.assertIsNone(router.wait(0))
                    seen = []

                    def wait():
                        try:
                            seen.append(router.wait())
                        except ValueError:
                            seen.append("closed")

                    thread = threading.Thread(target=wait)
                    thread.start()
                    if end == "stop":
                        self.assertEqual(router.stop(90), 0)
                        self.assertEqual(router.wait(), 0)
                    else:
                        router.close()
                    thread.join()
                    self.assertEqual(seen, [0 if end == "stop" else "closed"])

    def test_nul(self):
        with dario.Dario(HOME) as home:
            for call in (lambda: home.route("a\0b"), lambda: home.token("\0"),
                         lambda: home.router("--\0--port=1"),
                         lambda: home.translator("openai\0", "openai"),
                         lambda: dario.Dario("/\0")):
                self.assertRaises(ValueError, call)

    def test_no_folder(self):
        with self.assertRaises(dario.Error) as caught:
            dario.Dario("relative")
        self.assertEqual(caught.exception.code, "misuse")


class Header(unittest.TestCase):
    def test_declarations(self):
        with open(os.environ["DARIO_HEADER"]) as f:
            text = f.read()
        text = text[text.index("/* Numbers stay"):
                    text.rindex("#ifdef __cplusplus")]
        with open(_library.__file__) as f:
            ours = f.read().split('"""')[3]
        self.assertEqual(normal(ours), normal(text))


if __name__ == "__main__":
    unittest.main()
