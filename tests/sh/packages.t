#!/bin/sh
# SPDX-License-Identifier: MIT
# The packages' files know the version, what is needed and what is installed;
# that they can be built is seen by make check-debian and check-container.
. "$(dirname "$0")/lib.sh"
cd "$srcdir" || exit 1

version=$(sed -n 's/^AC_INIT(\[dario\], \[\(.*\)\])$/\1/p' configure.ac)
ok 'there is a version' test -n "$version"
like 'debian: the version' "$(head -n 1 debian/changelog)" "dario ($version-"
like 'fedora: the version' "$(cat dist/fedora/dario.spec)" "
Version:        $version
"
like 'alpine: the version' "$(cat dist/alpine/APKBUILD)" "
pkgver=$version
"
is 'debian: the licence' "$(sed -n '/^ Permission/,$ { s/^ \.$//; s/^ //; p }' \
	debian/copyright)" "$(sed -n '/^Permission/,$p' LICENSE)"

# What is needed for building is the same list, but for what debhelper brings
# and what only the package's own steps take.
listed() {
	awk '$1 == "build" && $2 !~ /^(autoconf|automake|gcc|libc6-dev|make)$/ {
		print $2 }' packages.txt | sort
}
is 'debian: what building needs' "$(sed -n '/^Build-Depends:/,/^[A-Z].*V/p' \
	debian/control | grep -oE '[a-z][a-z0-9:+-]*[a-z0-9]( \(|,|$)' |
	sed 's/[ (,]*$//' | grep -vxE 'debhelper-compat|dh-sequence-python3|python3:any' |
	sort)" "$(listed)"

modules=$(sed -nE 's/^[^#]*(DARIO_NEED|PKG_CHECK_MODULES)\(\[[A-Z]+\], \[([^] ]+).*/\2/p' \
	configure.ac)
ok 'configure looks for libraries' test "$(echo "$modules" | wc -l)" -gt 6
for module in $modules; do
	ok "fedora: building needs $module" grep -qF \
		"pkgconfig($module)" dist/fedora/dario.spec
done
is 'alpine: as many are needed' "$(sed -n '/^makedepends=/,/"$/p' \
	dist/alpine/APKBUILD | grep -oE '[a-z-]+-dev' | sort -u | wc -l)" \
	"$(echo "$modules" | wc -l)"

# What make install puts where, but for the folders of the libraries.
make -s -C "$builddir" install DESTDIR="$tmp/root" >"$tmp/install.txt" 2>&1
is 'make install' "$?" 0
prefix=$(sed -n 's/^prefix = //p' "$builddir/Makefile")
libdir=$("$builddir/config.status" --file=- <<-'END'
	@libdir@
	END
)
case $libdir in
\$*) libdir=$prefix/${libdir#*\}/} ;;
esac
(cd "$tmp/root$prefix" && find . ! -type d) | sed 's|^\./||' | sort >"$tmp/files"
ok 'files are installed' test "$(wc -l <"$tmp/files")" -gt 60
patterns=$(cat debian/*.install |
	sed -n 's|^usr/\([^ ]*\)$|\1|p' | sed 's|^lib/\*/|lib/|
		s|vendor-completions|site-functions|')
missed() {
	while read -r file; do
		for p in $patterns; do
			case $file in
			$p | $p/*) continue 2 ;;
			esac
		done
		echo "$file"
	done <"$tmp/files"
}
is 'debian: every file is in a package' "$(missed)" ''
empty() {
	for p in $patterns; do
		found=
		while read -r file; do
			case $file in
			$p | $p/*) found=1 ;;
			esac
		done <"$tmp/files"
		[ -n "$found" ] || echo "$p"
	done
}
is 'debian: every line of them is a file' "$(empty)" ''

# Functions that the library exports, as dpkg-gensymbols knows them.
if command -v nm >/dev/null; then
	is 'debian: what the library exports' \
		"$(awk '$1 ~ /^dario_.*@DARIO_0$/ { sub(/@.*/, "", $1); print $1 }' \
		debian/libdario0.symbols)" \
		"$(nm -D --defined-only "$builddir/lib/libdario.so.0" |
		awk '{ sub(/@.*/, "", $3); print $3 }' | grep ^dario_ |
		LC_ALL=C sort)"
else
	diag 'not run, nm is missing: what the library exports'
fi

for script in debian/dario.postinst debian/dario.postrm \
	dist/alpine/APKBUILD dist/alpine/dario.initd \
	dist/alpine/dario.pre-install; do
	ok "$script: a shell reads it" sh -n "$script"
	if command -v shellcheck >/dev/null; then
		is "$script: shellcheck is silent" \
			"$(shellcheck -s sh "$script" 2>&1)" ''
	fi
done
if command -v rpmspec >/dev/null; then
	is 'fedora: rpmspec reads it' "$(rpmspec -P dist/fedora/dario.spec \
		2>&1 >/dev/null)" ''
else
	diag 'not run, rpm is missing: rpmspec reads it'
fi
files=$(awk '/^%files/ { on = 1; next } /^%changelog/ { on = 0 }
	on && !/^%(license|attr)/ && NF' dist/fedora/dario.spec |
	sed 's|%{_bindir}|bin|; s|%{_libexecdir}|libexec|; s|%{_datadir}|share|
		s|%{_docdir}/%{name}|share/doc/dario|; s|%{_mandir}|share/man|
		s|%{_includedir}|include|; s|%{_libdir}|lib|; s|/$||
		/_unitdir/d')
for p in $files; do
	like "fedora: there is $p" "$(while read -r file; do
		case $file in $p | $p/*) echo "is there" ;; esac
	done <"$tmp/files")" 'is there'
done

# What the document names is there.
doc=$srcdir/doc/packages.md
for word in $(grep -oE 'dario (backend|proxy|run|service)' "$doc" |
	sed 's/dario //' | sort -u); do
	ok "doc: dario $word" sh -c '"$0" help "$1" >"$2"' "$dario" "$word" \
		"$tmp/help"
done
for target in $(grep -oE 'make (check-)?[a-z]+`' "$doc" | sed 's/make //' |
	tr -d '\140' | sort -u); do
	ok "doc: make $target" grep -q "^$target:" Makefile.am
done
for file in $(grep -oE '`[a-z]+/[A-Za-z0-9_./-]+`' "$doc" | tr -d '\140' |
	sort -u); do
	ok "doc: $file" test -e "$srcdir/$file"
done
for flag in $(grep -oE -e '--[a-z]+-[a-z-]+' "$doc" | sort -u); do
	case $flag in
	--version-script) continue ;;
	--key-stdin) ok "doc: $flag" grep -q key-stdin "$srcdir"/cli/*.c ;;
	*) ok "doc: configure $flag" grep -q "${flag#--enable-}" configure.ac ;;
	esac
done

# The image has the libraries that Debian's package would depend on.
libraries=$(sed -n '/^FROM ${BASE}$/,$p' dist/container/Containerfile |
	grep -oE 'lib[a-z0-9.-]+|zlib1g' | sort -u | tr '\n' ' ')
if command -v dpkg-query >/dev/null && command -v readelf >/dev/null; then
	for file in $(readelf -d "$builddir/dario" "$builddir/dario.fcgi" |
		sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' | sort -u |
		grep -vE '^(libc|libm|ld-linux.*)\.so'); do
		package=$(dpkg-query -S "*/$file" 2>/dev/null |
			sed 's/:.*//; s/t64$//' | sort -u | head -n 1)
		case $package in '' | libc6 | *gcc* | lib*san*) continue ;; esac
		like "container: $file" " $libraries" " $package "
	done
fi
done_testing
