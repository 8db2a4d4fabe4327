#!/bin/sh
# SPDX-License-Identifier: MIT
# The same as tests/money/limits.t, with the state in a redis-server.
STORE=redis exec sh "$(dirname "$0")/../money/limits.t"
