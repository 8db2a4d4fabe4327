#!/bin/sh
# SPDX-License-Identifier: MIT
# make fuzz: each target for a while under libFuzzer, ASan and UBSan.
#	tests/fuzz/run.sh SECONDS CFLAGS... (from the build folder)
set -eu
seconds=$1
shift
src=$(cd "$(dirname "$0")/../.." && pwd)
out=fuzz-build
mkdir -p $out
for target in peek sse request events tools; do
	clang -g -O1 -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $out/$target \
		-I. -I"$src" -I"$src/common" "$@" \
		"$src/tests/fuzz/fuzz-$target.c" \
		-DDARIO_LIBEXECDIR="\"\"" -DDARIO_DATADIR="\"\"" \
		"$src"/common/dialect/*.c "$src"/common/base/*.c \
		-ljson-c -lcrypto
	mkdir -p $out/corpus-$target
	$out/$target -max_total_time="$seconds" -max_len=4096 -timeout=10 \
		-print_final_stats=1 $out/corpus-$target \
		"$src/tests/fuzz/corpus/$target" 2>$out/$target.log || {
		tail -n 40 $out/$target.log
		exit 1
	}
	echo "$target: $(grep -c . $out/$target.log) lines of log," \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' $out/$target.log) runs, no fault"
done
