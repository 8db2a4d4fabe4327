# SPDX-License-Identifier: MIT
"""What a program is asked, its mode (text, stream or tools), and its tool."""

import sys

ASK, MODE = sys.argv[1:3]
SCHEMA = {"type": "object", "required": ["path"],
          "properties": {"path": {"type": "string"}}}


def read_file(path: str) -> str:
    """Read a file and give its content.

    Args:
        path: where the file is
    """
    with open(path, encoding="utf-8") as f:
        return f.read()
