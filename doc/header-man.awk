# SPDX-License-Identifier: MIT
# Makes dario(3) of include/dario.h: comments become text, declarations stay
# what they are. A tab in a comment begins a line of an example.

function escape(s)
{
	gsub(/\\/, "\\e", s)
	gsub(/-/, "\\-", s)
	sub(/^[.']/, "\\\\\\&&", s)
	return s
}

function code(on)
{
	if (on != in_code)
		print on ? ".PP\n.EX" : ".EE"
	in_code = on
}

function text(s)
{
	if (s ~ /^\t/) {
		code(1)
		sub(/^\t/, "    ", s)
		gsub(/\t/, "    ", s)
		print escape(s)
		return
	}
	code(0)
	if (s ~ /^ *$/) {
		print ".PP"
	} else {
		sub(/^ +/, "", s)
		print escape(s)
	}
}

BEGIN {
	print ".TH DARIO 3 \"\" \"dario " version "\" \"Library Functions\""
	print ".SH NAME\ndario \\- the parts of the router for other programs"
	print ".SH SYNOPSIS\n.EX\n#include <dario.h>\n"
	print "cc ... $(pkg\\-config \\-\\-cflags \\-\\-libs dario)\n.EE"
	print ".SH DESCRIPTION"
	first = 1
}

/SPDX/ { next }
(/^#/ && !/^#define DARIO_[A-Z]+ [0-9]/) || /^extern "C"/ || /^}$/ { next }

/^\/\* --- / {
	code(0)
	sub(/^\/\* --- /, "")
	sub(/ -+ \*\/$/, "")
	print ".SH " toupper($0)
	next
}

/^\/\*/ && !in_comment {
	in_comment = 1
	code(0)
	print ".PP"
	sub(/^\/\*/, "")
	if ($0 ~ /^$/)
		next
}

in_comment {
	last = sub(/ *\*\/$/, "")
	sub(/^ \*/, "")
	if (first && /^ dario: /)
		sub(/^ dario: .*\. See dario\(3\)\./, "")
	if (!(last && $0 ~ /^ *$/))
		text($0)
	if (last) {
		in_comment = first = 0
		code(0)
	}
	next
}

/^$/ { if (in_code) held = held "\n"; next }

{
	if (in_code && held != "")
		print ""
	held = ""
	code(1)
	gsub(/\t/, "        ")
	sub(/^DARIO_API /, "")
	if ($0 != "DARIO_API")
		print escape($0)
}

END {
	code(0)
	print ".SH SEE ALSO\n.BR dario (1),"
	print "and library.md beside the other documents of dario:"
	print "bindings, rules for the binary interface, examples."
}
