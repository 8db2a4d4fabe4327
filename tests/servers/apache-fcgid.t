#!/bin/sh
# SPDX-License-Identifier: MIT
server=apache-fcgid
. "$(dirname "$0")/suite.sh"
