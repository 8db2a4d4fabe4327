# SPDX-License-Identifier: MIT
"""Requests and answers of LLM APIs, translated and routed, by libdario."""

import json
import threading
import time
from collections import namedtuple
from contextlib import contextmanager

from ._library import ffi, lib

# Also taken while what is no longer used is freed, in whatever thread.
_lock = threading.RLock()

__all__ = ["Dario", "Error", "Exchange", "Route", "Router", "Translator",
           "Usage", "price", "translate", "usage", "version"]

Usage = namedtuple("Usage", "input cache_read cache_write cache_write_1h "
                            "output reasoning")
PIECE_MS = 200  # that a thread waits before others have their turn
Route = namedtuple("Route", "backend model dialect translated")


class Error(Exception):
    """What went wrong: `code` ("bad_request"), `status` (of HTTP), text.
    `bytes` is what a stream that failed has for the client all the same."""

    def __init__(self, code, status, message):
        super().__init__(message)
        self.code, self.status = code, status
        self.bytes = b""


def _text(c):
    return ffi.string(c).decode()


def _new_error():
    return ffi.new("struct dario_error *")


def _error(e):
    return Error(_text(lib.dario_code_name(e.code)), e.status,
                 _text(e.message))


def _bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    return json.dumps(value).encode()


def _chars(value):
    if value is None:
        return ffi.NULL
    if "\0" in value:
        raise ValueError("there is a NUL in it")
    return ffi.new("char[]", value.encode())


def _take(text, e):
    if text == ffi.NULL:
        raise _error(e)
    try:
        return _text(text)
    finally:
        lib.dario_free(text)


def _given(out):
    return ffi.buffer(out.p, out.n)[:] if out.n else b""


def _usage(u):
    return Usage(*(getattr(u, field) for field in Usage._fields))


def version():
    return _text(lib.dario_version())


class _Handle:
    """Frees what it stands for once, and not before what was made with it, or
    while any thread uses it."""

    _free = None
    _turn = None  # a lock, where it is for one thread at a time
    _handle, _parent, _children, _closed = None, None, 0, False

    def _own(self, handle, e, parent=None):
        if handle == ffi.NULL:
            raise _error(e)
        self._handle, self._parent = handle, parent
        if parent is not None:
            with _lock:
                parent._children += 1

    def close(self):
        with _lock:
            if self._closed:
                return
            self._closed = True
        self._end()

    def _end(self):
        with _lock:
            handle = self._handle
            if not self._closed or self._children or handle is None:
                return
            self._handle = None
        type(self)._free(handle)
        parent, self._parent = self._parent, None
        if parent is not None:
            with _lock:
                parent._children -= 1
            parent._end()

    @contextmanager
    def _use(self):
        with _lock:
            if self._closed:
                raise ValueError("it is closed")
            self._children += 1
        try:
            if self._turn is None:
                yield self._handle
            else:
                with self._turn:
                    yield self._handle
        finally:
            with _lock:
                self._children -= 1
            self._end()

    __del__ = close

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Dario(_Handle):
    """A folder of dario's, or none. `log` is called with each line."""

    _free = lib.dario_close

    def __init__(self, folder=None, *, environment=False, data=None,
                 libexec=None, program=None, log=None):
        o = ffi.new("struct dario_options *")
        o.size = ffi.sizeof("struct dario_options")
        o.flags = 1 if environment else 0
        texts = {"folder": folder, "data": data, "libexec": libexec,
                 "program": program}
        kept = {key: _chars(text) for key, text in texts.items()}
        for key, chars in kept.items():
            setattr(o, key, chars)
        if log:
            self._log = ffi.callback("void(void *, const char *)",
                                     lambda _, line: log(_text(line)))
            o.log = self._log
        e = _new_error()
        self._own(lib.dario_open(o, e), e)

    def translator(self, client, provider, *, base_url=None, switches=None):
        return Translator(self, client, provider, base_url, switches)

    def _ask(self, fn, *args):
        e = _new_error()
        with self._use() as d:
            return _take(fn(d, *args, e), e)

    def accounts(self):
        return json.loads(self._ask(lib.dario_accounts))

    def status(self):
        return json.loads(self._ask(lib.dario_status))

    def backends(self):
        return json.loads(self._ask(lib.dario_backends))

    def explain(self, model, api="chat"):
        return json.loads(self._ask(lib.dario_explain, _chars(model),
                                    _chars(api)))

    def route(self, model, api="chat"):
        e, r = _new_error(), ffi.new("struct dario_route *")
        with self._use() as d:
            if lib.dario_route(d, _chars(model), _chars(api), r, e):
                raise _error(e)
        return Route(_text(r.backend), _text(r.model), _text(r.dialect),
                     bool(r.translated))

    def test(self, backend):
        """How many models it lists, and in how many milliseconds."""
        e, ms = _new_error(), ffi.new("int64_t *")
        with self._use() as d:
            n = lib.dario_backend_test(d, _chars(backend), ms, e)
        if n < 0:
            raise _error(e)
        return n, ms[0]

    def token(self, account=None):
        return self._ask(lib.dario_token, _chars(account), ffi.NULL)

    def usage(self, dialect, body):
        e, u = _new_error(), ffi.new("struct dario_usage *")
        body = _bytes(body)
        with self._use() as d:
            rc = lib.dario_usage(d, _chars(dialect), body, len(body), u, e)
        if rc < 0:
            raise _error(e)
        return _usage(u) if rc else None

    def price(self, model, usage, when=0):
        """US dollars, or None when no price is known."""
        e, dollars = _new_error(), ffi.new("double *")
        u = ffi.new("struct dario_usage *", usage._asdict())
        with self._use() as d:
            rc = lib.dario_price(d, _chars(model), when, u, dollars, e)
        if rc < 0:
            raise _error(e)
        return dollars[0] if rc else None

    def router(self, *flags, log_fd=-1):
        return Router(self, flags, log_fd)


class Translator(_Handle):
    """From a client's dialect to a provider's, for any number of requests."""

    _free = lib.dario_translator_free

    def __init__(self, home, client, provider, base_url=None, switches=None):
        p = ffi.new("struct dario_pair *")
        p.size = ffi.sizeof("struct dario_pair")
        if switches is not None and not isinstance(switches, str):
            switches = json.dumps(switches)
        kept = [_chars(text) for text in (client, provider, base_url, switches)]
        p.client, p.provider, p.base_url, p.switches = kept
        e = _new_error()
        with home._use() as d:
            self._own(lib.dario_translator_new(d, p, e), e, home)

    def request(self, body, model=None):
        return Exchange(self, body, model)


class Exchange(_Handle):
    """One request and its answer: what several threads ask of it goes one by
    one."""

    _free = lib.dario_exchange_free

    def __init__(self, translator, body, model=None):
        e, body = _new_error(), _bytes(body)
        self._turn = threading.RLock()
        with translator._use() as t:
            self._own(lib.dario_exchange_new(t, _chars(model), body,
                                             len(body), e), e, translator)

    @property
    def body(self):
        """The request for the provider."""
        out = ffi.new("struct dario_bytes *")
        with self._use() as x:
            lib.dario_exchange_request(x, out)
            return _given(out)

    @property
    def streams(self):
        with self._use() as x:
            return bool(lib.dario_exchange_streams(x))

    @property
    def dropped(self):
        with self._use() as x:
            text = _text(lib.dario_exchange_dropped(x))
        return text.split(", ") if text else []

    @property
    def usage(self):
        u = ffi.new("struct dario_usage *")
        with self._use() as x:
            known = lib.dario_exchange_usage(x, u)
        return _usage(u) if known else None

    def price(self, when=0):
        """US dollars that the answer has cost, or None when not known."""
        e, dollars = _new_error(), ffi.new("double *")
        with self._use() as x:
            rc = lib.dario_exchange_price(x, when, dollars, e)
        if rc < 0:
            raise _error(e)
        return dollars[0] if rc else None

    def _run(self, fn, *args):
        e, out = _new_error(), ffi.new("struct dario_bytes *")
        with self._use() as x:
            failed = fn(x, *args, out, e)
            given = _given(out)
        if failed:
            error = _error(e)
            error.bytes = given
            raise error
        return given

    def answer(self, body, status=200):
        body = _bytes(body)
        return self._run(lib.dario_exchange_answer, status, body, len(body))

    def feed(self, piece):
        piece = _bytes(piece)
        return self._run(lib.dario_exchange_feed, piece, len(piece))

    def end(self):
        return self._run(lib.dario_exchange_end)

    def stream(self, pieces):
        """What comes of the pieces, as they come. One that fails gives what
        the client is to be told, and raises then."""
        try:
            for piece in pieces:
                out = self.feed(piece)
                if out:
                    yield out
            out = self.end()
            if out:
                yield out
        except Error as error:
            if error.bytes:
                yield error.bytes
            raise

    def error(self, message, code=14, status=500):
        """An error in the client's dialect."""
        e, out = _new_error(), ffi.new("struct dario_bytes *")
        e.code, e.status = code, status
        e.message = message.encode()[:500]
        with self._use() as x:
            lib.dario_exchange_error(x, e, out)
            return _given(out)


class Router(_Handle):
    """`dario proxy` as a process of its own; closing it stops it. One thread may
    wait for it while another stops it."""

    _free = lib.dario_router_free

    def __init__(self, home, flags, log_fd=-1):
        kept = [_chars(flag) for flag in flags]
        e = _new_error()
        self._turn = threading.RLock()
        with home._use() as d:
            self._own(lib.dario_router_start(d, [*kept, ffi.NULL], log_fd, e),
                      e, home)

    def _until(self, seconds, ask):
        """The library waits for one at a time: in pieces, others come too."""
        end = None if seconds < 0 else time.monotonic() + seconds
        while True:
            left = PIECE_MS
            if end is not None:
                left = max(int((end - time.monotonic()) * 1000), 0)
            with self._use() as r:
                rc = ask(r, min(left, PIECE_MS))
            if rc or left == 0:
                return rc

    def ready(self, seconds=-1):
        e = _new_error()
        rc = self._until(seconds,
                         lambda r, ms: lib.dario_router_ready(r, ms, e))
        if rc < 0:
            raise _error(e)
        return rc == 1

    def wait(self, seconds=-1):
        """Its exit status, or None while it runs."""
        status = ffi.new("int *")
        ended = self._until(seconds,
                            lambda r, ms: lib.dario_router_wait(r, ms, status))
        return status[0] if ended else None

    def stop(self, seconds=10):
        with self._use() as r:
            return lib.dario_router_stop(r, _ms(seconds))


def _ms(seconds):
    return -1 if seconds < 0 else int(seconds * 1000)


# --- without a folder --------------------------------------------------------

_shared = {}


def _plain():
    with _lock:
        if None not in _shared:
            _shared[None] = Dario()
        return _shared[None]


def translate(client, provider, body, *, model=None, base_url=None,
              switches=None):
    """A request of one dialect as one of another: an Exchange. What is known
    of a pair is kept for the next one."""
    if switches is not None and not isinstance(switches, str):
        switches = json.dumps(switches, sort_keys=True)
    home, key = _plain(), (client, provider, base_url, switches)
    with _lock:
        if key not in _shared:
            if len(_shared) > 64:
                _shared.clear()
                _shared[None] = home
            _shared[key] = home.translator(client, provider,
                                           base_url=base_url,
                                           switches=switches)
        return _shared[key].request(body, model)


def usage(dialect, body):
    return _plain().usage(dialect, body)


def price(model, of, when=0):
    return _plain().price(model, of, when)
