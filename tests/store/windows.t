#!/bin/sh
# SPDX-License-Identifier: MIT
# The same as tests/claude/windows.t, with the state in a redis-server.
STORE=redis exec sh "$(dirname "$0")/../claude/windows.t"
