#!/bin/sh
# SPDX-License-Identifier: MIT
server=apache-proxy
. "$(dirname "$0")/suite.sh"
