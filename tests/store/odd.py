#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A store whose answers to scripts are odd: odd.py SOCKET >PORT

What else is asked the store at SOCKET answers. The first line of the standard
input, and each further one, says how: a name of ODD, "long" (a text without
end), "lists of lists" (without end), "drip" (a byte now and then). Each is
answered with "ok".
"""

import socket
import sys
import threading
import time

NOW = b"@"  # the time then
HEAD = b"*8\r\n:" + NOW + b"\r\n$1\r\nx\r\n:1\r\n:0\r\n:0\r\n:0\r\n*0\r\n"
ODD = {
    "map": b"%1\r\n+a\r\n_\r\n",
    "nothing": b"*-1\r\n",
    "noise": b"\xff\xfe\0hello\r\n",
    "number": b":99999999999999999999999\r\n",
    "nils": b"*8\r\n" + b"$-1\r\n" * 8,
    "lists": b"*8\r\n" + b"*0\r\n" * 8,
    "1970": HEAD.replace(NOW, b"1") + b"*0\r\n",
    "negative": HEAD + b"*1\r\n*5\r\n$3\r\nca\0\r\n" + b":-1\r\n" * 4,
    "list": b"*2000000000\r\n",
    "news": HEAD + b"*2000000000\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "many": HEAD + b"*60000\r\n" + b"".join(
        b"*5\r\n$6\r\nc%05d\r\n:1\r\n:1\r\n:1\r\n:0\r\n" % i
        for i in range(60000)),
}
how = ["loading"]


def answer(client):
    now = b"%d" % (time.time() * 1000)
    if how[0] == "long":
        client.sendall(HEAD.replace(NOW, now)[:-4] + b"$500000000\r\n")
        for _ in range(500):
            client.sendall(b"x" * 1000000)
    elif how[0] == "lists of lists":
        client.sendall(HEAD.replace(NOW, now)[:-4] + b"*60000\r\n")
        for _ in range(1000):
            client.sendall(b"*60000\r\n" + b":1\r\n" * 60000)
    elif how[0] == "drip":
        client.sendall(HEAD.replace(NOW, now)[:-4] + b"$100000\r\n")
        while True:
            client.sendall(b"x")
            time.sleep(0.02)
    else:
        client.sendall(ODD[how[0]].replace(NOW, now))


def back(store, client, answered):
    try:
        while data := store.recv(65536):
            client.sendall(data)
            answered.set()
    except OSError:
        pass
    client.close()


def serve(client):
    store = socket.socket(socket.AF_UNIX)
    store.connect(sys.argv[1])
    answered = threading.Event()
    threading.Thread(target=back, args=(store, client, answered),
                     daemon=True).start()
    try:
        while data := client.recv(65536):
            scripts = data.count(b"EVALSHA")
            if scripts:  # what comes before them is answered before
                data = data[:data.index(b"$7\r\nEVALSHA")]
                data = data[:data.rindex(b"*")]
            answered.clear()
            store.sendall(data)
            if data and scripts:
                answered.wait(20)
            for _ in range(scripts):
                answer(client)
    except OSError:
        pass
    store.close()
    client.close()


def accept(listener):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    threading.Thread(target=accept, args=(listener,), daemon=True).start()
    for line in sys.stdin:
        how[0] = line.strip()
        print("ok", flush=True)


main()
