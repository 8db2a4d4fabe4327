#!/bin/sh
# SPDX-License-Identifier: MIT
server=lighttpd-cgi
. "$(dirname "$0")/suite.sh"
