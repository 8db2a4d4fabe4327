# SPDX-License-Identifier: MIT
"""The cases of a program: it says what each of them is, and runs them all."""


class Cases:
    def __init__(self):
        self.all = []

    def __call__(self, what):
        def add(fn):
            self.all.append((what, fn))
            return fn
        return add

    def run(self):
        """Prints "PASS what" or "FAIL what: why" a line."""
        for what, fn in self.all:
            try:
                fn()
            except Exception as e:  # a failed case, whatever its kind
                print(f"FAIL {what}: {type(e).__name__} {e}"[:900])
            else:
                print(f"PASS {what}")
