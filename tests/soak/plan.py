# SPDX-License-Identifier: MIT
"""What one request of the soak is to go through; travels in its prompt.

A prompt is "soak/ID/COUNT/GAP/END/AT/FIRST/PAD/": the upstream answers with
COUNT numbers, GAP ms apart, each in PAD bytes, ends as END says, after AT
numbers unless it ends cleanly, and does FIRST with the first call of this ID.
"""

import collections
import re

Plan = collections.namedtuple("Plan", "id count gap end at first pad")

ENDS = {
    "clean": 60,
    "reset": 8,     # RST in mid-stream
    "trunc": 8,     # FIN, HTTP's own framing is cut
    "noterm": 6,    # HTTP ends well, the terminal event is missing
    "half": 6,      # FIN in the middle of an event
    "error": 6,     # an error event of the dialect
}
FIRSTS = {
    "-": 76,
    "429": 5,
    "500": 5,
    "529": 5,
    "drop": 5,      # RST instead of an answer
    "bare": 4,      # a stream without content, then FIN
}


def make(rng, ident):
    def pick(table):
        return rng.choices(list(table), list(table.values()))[0]
    count = rng.randint(1, 40)
    return Plan(ident, count, rng.choice((0, 0, 5, 20, 60, 250)), pick(ENDS),
                rng.randint(0, count - 1), pick(FIRSTS),
                rng.choice((0, 0, 0, 50, 3000)))


def prompt(plan):
    return "soak/" + "/".join(map(str, plan)) + "/"


def parse(body):
    """From the text of any request that holds a prompt, or None."""
    m = re.search(r"soak\\?/(\w+)\\?/(\d+)\\?/(\d+)\\?/(\w+)\\?/(\d+)"
                  r"\\?/([\w-]+)\\?/(\d+)", body)
    if not m:
        return None
    ident, count, gap, end, at, first, pad = m.groups()
    return Plan(ident, int(count), int(gap), end, int(at), first, int(pad))


def number(n, pad):
    return f"#{n};" + "x" * pad


def numbers(text):
    return [int(n) for n in re.findall(r"#(\d+);", text)]


def packed(got):
    """Numbers as they came; 0..n-1 in order is written as n."""
    return len(got) if got == list(range(len(got))) else got


def unpacked(kept):
    return list(range(kept)) if isinstance(kept, int) else kept
