#!/bin/sh
# SPDX-License-Identifier: MIT
server=apache-cgi
. "$(dirname "$0")/suite.sh"
