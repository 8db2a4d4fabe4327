#!/bin/sh
# SPDX-License-Identifier: MIT
server=nginx
. "$(dirname "$0")/suite.sh"
