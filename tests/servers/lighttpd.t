#!/bin/sh
# SPDX-License-Identifier: MIT
server=lighttpd
. "$(dirname "$0")/suite.sh"
