# SPDX-License-Identifier: MIT
"""The judge finds each fault: prints "PASS name" or "FAIL name: why"."""

import judge
import plan as plans

PLAN = list(plans.Plan("i", 3, 0, "clean", 1, "-", 0))
CLEAN = {"sent": 3, "clean": True, "how": "clean"}
CUT = {"sent": 2, "clean": False, "how": "trunc"}
NOTHING = {"sent": 0, "clean": False, "how": "drop"}


def record(**fields):
    return {"id": "i", "dialect": "chat", "target": "chat", "stream": True,
            "plan": PLAN, "got": 3, "outcome": "clean", "http": "ended",
            "status": 200, "framing": "chunked", "errors": [], "terminals": 1, "stray": 0,
            "same": True, "abort": None, **fields}


def ended(outcome, got, **fields):
    return record(outcome=outcome, got=got, terminals=0, **fields)


CASES = [
    ("whole", record(), [CLEAN], []),
    ("whole, at the second try", record(), [NOTHING, CLEAN], []),
    ("an honest error", ended("error", 2, errors=["x"]), [CUT], []),
    ("an honest cut", ended("cut", 2), [CUT], []),
    ("less than was sent, with an error", ended("error", 1, errors=["x"]),
     [CUT], []),
    ("nothing, and nobody was asked", ended("refused", 0), [], []),
    ("the client left", ended("left", 1), [CUT], []),
    ("the end is missing", record(got=2), [CLEAN], ["lost"]),
    ("a hole", ended("cut", [0, 2]), [CLEAN], ["lost"]),
    ("the last event repeats another text", record(same=False), [CLEAN],
     ["lost"]),
    ("twice", record(got=[0, 1, 1, 2]), [CLEAN], ["doubled"]),
    ("two calls in one answer", record(got=[0, 1, 0, 1, 2]), [CUT, CLEAN],
     ["doubled", "retry after content"]),
    ("out of order", record(got=[0, 2, 1]), [CLEAN], ["reordered"]),
    ("never sent", ended("cut", 3), [CUT], ["invented"]),
    ("from nowhere", record(), [], ["clean when cut", "invented"]),
    ("cut, with a clean end", record(got=2), [CUT], ["clean when cut"]),
    ("an end and an error", record(outcome="both", errors=["x"]), [CLEAN],
     ["end twice"]),
    ("two ends", record(terminals=2), [CLEAN], ["end twice"]),
    ("content behind the end", record(stray=1), [CLEAN], ["end twice"]),
    ("neither end nor error", ended("endless", 2), [CUT],
     ["end without a word"]),
    ("neither, with a length", ended("endless", 2, framing="length"), [CUT],
     ["end without a word"]),
    ("neither, with a length, of a killed worker",
     ended("endless", 1, framing="length"), [{**CUT, "lost": True}],
     [judge.LENGTH]),
    ("a second call after content", ended("error", 0, errors=["x"]),
     [CUT, CUT], ["retry after content"]),
    ("it hangs", ended("hung", 1), [CUT], ["hung"]),
    ("no JSON", ended("unreadable", 1, errors=["x"]), [CUT], ["unreadable"]),
]

for name, client, calls, wanted in CASES:
    found = sorted(set(judge.faults_of(client, calls)))
    print(f"PASS {name}" if found == wanted else
          f"FAIL {name}: {found}, not {wanted}")
missing = set(judge.FAULTS) - {f for case in CASES for f in case[3]}
print(f"FAIL no case for {missing}" if missing else "PASS a case for each")
