#!/bin/sh
# SPDX-License-Identifier: MIT
# Both programs are built so that a fault in them is hard to use.
. "$(dirname "$0")/lib.sh"
need readelf

made=$(sed -n 's/^\(CFLAGS\|CPPFLAGS\|LDFLAGS\|CC\) = //p' \
	"$builddir/Makefile" | tr '\n' ' ')
# wish NAME FLAG COMMAND...: not asked where the builder's flags refuse it
wish() {
	name=$1
	flag=$2
	shift 2
	case " $made " in
	*"$flag"*) diag "not run, it was built with $flag: $name" ;;
	*) ok "$name" "$@" ;;
	esac
}
has() { readelf "$1" -W "$builddir/$program" | grep -qE -- "$2"; }
no_exec() { ! readelf -lW "$builddir/$program" | grep -qE 'GNU_STACK.*RWE'; }

for program in dario dario.fcgi; do
	wish "$program: relocated anywhere" no-pie \
		has -h 'Type: *DYN .Position-Independent'
	wish "$program: relocations are read-only" norelro has -l GNU_RELRO
	wish "$program: all of them, from the start" ,lazy \
		has -d '\(FLAGS\).*BIND_NOW'
	wish "$program: so says the loader's flag" ,lazy has -d 'FLAGS_1.*NOW'
	ok "$program: the stack has a header" has -l GNU_STACK
	wish "$program: the stack is not executed" ',execstack' no_exec
	wish "$program: frames are guarded" no-stack-protector \
		has --dyn-syms '__stack_chk_fail'
	if grep -q '^#define SANITIZED' "$builddir/config.h"; then
		diag "not run, it has sanitizers: $program: checked copies"
		continue
	fi
	case " $made " in
	*' -O0'* | *FORTIFY*)
		diag "not run, of the builder's flags: $program: checked copies"
		continue
		;;
	*' -O'*) ;;
	*)
		diag "not run, nothing is optimised: $program: checked copies"
		continue
		;;
	esac
	# Which ones depends on what the compiler can see through.
	calls=$(readelf --dyn-syms -W "$builddir/$program" |
		grep -oE '__[a-z]+_chk@' | grep -v stack | sort -u)
	like "$program: text is checked" "$calls" snprintf_chk
	ok "$program: and other calls" test "$(echo "$calls" | wc -l)" -gt 2
done
done_testing
