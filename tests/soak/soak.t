#!/bin/sh
# SPDX-License-Identifier: MIT
# A minute of everything at once; make soak takes longer. SOAK_SECONDS and
# SOAK_SEED as soak.py has them; KEEP names a folder for the logs.
. "$(dirname "$0")/../sh/lib.sh"
need lighttpd python3 pgrep
export PYTHONDONTWRITEBYTECODE=1 SOAK_SECONDS="${SOAK_SECONDS:-60}"
export SOAK_SEED="${SOAK_SEED:-$(date +%s)}"
diag "SOAK_SEED=$SOAK_SEED, SOAK_SECONDS=$SOAK_SECONDS"
report judge "$tmp/judge.out" python3 "$srcdir/tests/soak/judge_test.py"
report_seconds=$((SOAK_SECONDS + 900))
report soak "$tmp/soak.out" python3 "$srcdir/tests/soak/soak.py" "$dario" "$tmp"
done_testing
