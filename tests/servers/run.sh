#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the suite behind each web server in turn and shows what works where:
#	tests/servers/run.sh [NAME...]
set -u
cd "$(dirname "$0")" || exit 1
[ $# -gt 0 ] || set -- lighttpd nginx apache-proxy apache-fcgid lighttpd-cgi \
	apache-cgi
out=$(mktemp -d "${TMPDIR:-/tmp}/dario-servers.XXXXXX")
trap 'rm -rf "$out"' EXIT
trap 'exit 1' INT TERM HUP
status=0
for name; do
	echo "$name ..." >&2
	sh "./$name.t" >"$out/$name" 2>&1 || {
		status=1
		grep -v '^ok' "$out/$name"
	}
done
cd "$out" || exit 1
awk '
	function line(what, n, i, s) {
		s = sprintf("%-52s", what)
		for (i = 1; i < ARGC; i++)
			s = s sprintf(" %-12s", n ? got[i, n] : ARGV[i])
		print s
	}
	FNR == 1 { file++ }
	/^1\.\.0 # SKIP/ {
		skipped++
		why[++reasons] = FILENAME ": " substr($0, 13)
	}
	/^(not )?ok [0-9]/ {
		state = /^not/ ? "FAIL" : / # SKIP / ? "skip" : "ok"
		text = $0
		sub(/^(not )?ok [0-9]+ - /, "", text)
		if (state == "skip") {
			why[++reasons] = FILENAME ": " text
			sub(/ # SKIP .*/, "", text)
		}
		if (!(text in row)) {
			row[text] = ++rows
			name[rows] = text
		}
		got[file, row[text]] = state
		passed += state == "ok"
		failed += state == "FAIL"
		skipped += state == "skip"
	}
	/^(1\.\.[0-9]+)$/ { whole[file] = 1 }
	/^1\.\.0/ { whole[file] = 1 }
	END {
		line("", 0)
		for (i = 1; i <= rows; i++)
			line(name[i], i)
		for (i = 1; i <= reasons; i++)
			print "skipped: " why[i]
		for (i = 1; i < ARGC; i++)
			if (!whole[i]) {
				print ARGV[i] ": did not come to its end"
				failed++
			}
		printf "%d passed, %d failed, %d skipped\n", passed, failed,
			skipped
		exit failed > 0
	}' "$@" || status=1
exit $status
