#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The numbered edge cases of translation: edge.py CONVERT.

Prints "PASS NN what" or "FAIL NN what: why" a line.
"""

import edge_requests
import edge_answers
import edge_variants
from translate import run

run()
