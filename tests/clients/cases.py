# SPDX-License-Identifier: MIT
"""Runs the cases of a file: its functions openai_* and anthropic_*."""

import traceback


def run(names):
    """Prints "PASS name" or "FAIL name: why" for each of `names`."""
    for name, fn in list(names.items()):
        if name.startswith(("openai_", "anthropic_")) and callable(fn):
            try:
                fn()
                print(f"PASS {name}")
            except Exception:
                why = traceback.format_exc().replace("\n", " ")
                print(f"FAIL {name}: {why}")
