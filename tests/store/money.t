#!/bin/sh
# SPDX-License-Identifier: MIT
# The same as tests/money/money.t, with the state in a redis-server.
STORE=redis exec sh "$(dirname "$0")/../money/money.t"
