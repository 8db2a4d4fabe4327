#!/bin/sh
# SPDX-License-Identifier: MIT
# make fuzz: each target for a while under libFuzzer, ASan and UBSan.
#	tests/fuzz/run.sh SECONDS CFLAGS... (from the build folder)
# FUZZ_LIBS are the libraries; FUZZ_TARGETS names the targets to run.
set -eu
seconds=$1
shift
src=$(cd "$(dirname "$0")/../.." && pwd)
out=fuzz-build
mkdir -p $out/tmp
export DARIO_DATADIR="$src" TMPDIR="$PWD/$out/tmp"

# The common part once; a target brings the rest that it is about.
objects=$out/objects
rm -rf $objects
mkdir -p $objects
compile() { # CFLAGS...: of a target or of the common part
	clang -g -O1 -fsanitize=fuzzer-no-link,address,undefined \
		-fsanitize=float-cast-overflow -fno-sanitize-recover=all -I. -I"$src" -I"$src/common" \
		-DDARIO_LIBEXECDIR="\"\"" -DDARIO_DATADIR="\"\"" "$@"
}
sources_of() {
	case $1 in
	oauth) echo common/net/oauth.c ;;
	vars) echo fcgi/gateway.c fcgi/guard.c fcgi/request.c \
		fcgi/request-body.c fcgi/spool.c fcgi/transport.c \
		fcgi/unpacked.c fcgi/unread.c ;;
	rate) echo fcgi/rate-fields.c common/net/http-head.c ;;
	esac
}
common=
running=0
cores=$(nproc 2>/dev/null || echo 2)
for file in "$src"/common/base/*.c "$src"/common/dialect/*.c \
	"$src"/common/state/*/*.c; do
	folder=${file%/*}
	object=$objects/${folder##*/}-$(basename "$file" .c).o
	compile "$@" -c -o "$object" "$file" & # what it lacks is missed below
	common="$common $object"
	running=$((running + 1))
	[ $((running % cores)) != 0 ] || wait
done
wait

for target in ${FUZZ_TARGETS:-peek sse mend request events jval tools text limits \
	state oauth vars rate}; do
	files=$src/tests/fuzz/fuzz-$target.c
	for file in $(sources_of $target); do
		files="$files $src/$file"
	done
	# shellcheck disable=SC2086
	compile "$@" -fsanitize=fuzzer -o $out/$target $files $common \
		$FUZZ_LIBS
	mkdir -p $out/corpus-$target
	$out/$target -max_total_time="$seconds" -max_len=4096 -timeout=10 \
		-artifact_prefix=$out/$target- \
		-print_final_stats=1 $out/corpus-$target \
		"$src/tests/fuzz/corpus/$target" 2>$out/$target.log || {
		tail -n 40 $out/$target.log
		exit 1
	}
	echo "$target: $(grep -c . $out/$target.log) lines of log," \
		"$(sed -n 's/^stat::number_of_executed_units: *//p' $out/$target.log) runs, no fault"
done
