#!/bin/sh
# SPDX-License-Identifier: MIT
# make install and make uninstall: documents whose links lead somewhere, and
# nothing of dario's own that stays.
. "$(dirname "$0")/lib.sh"
need python3 make

make -s -C "$builddir" install DESTDIR="$tmp/dest" >"$tmp/install" 2>&1
is 'make install' "$?" 0
doc=$(find "$tmp/dest" -path '*/doc/*' -name CHANGELOG.md)
is 'links of the documents lead somewhere' "$(python3 - "$(dirname "$doc")" <<-'END'
	import pathlib, re, sys
	for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.md")):
	    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
	        if "://" not in link and not (path.parent / link).exists():
	            print(path.name, link)
	END
	)" ''
# What others have put there, and what they share with us, is theirs.
own=$(dirname "$doc")
touch "$own/mine"
make -s -C "$builddir" uninstall DESTDIR="$tmp/dest" >"$tmp/uninstall" 2>&1
is 'make uninstall' "$?" 0
is 'no file stays but what is not ours' "$(find "$tmp/dest" ! -type d)" "$own/mine"
is 'nor a folder of ours' "$(find "$tmp/dest" -type d -name '*dario*' ! -path "$own")" ''
done_testing
