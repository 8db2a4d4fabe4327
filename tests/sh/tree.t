#!/bin/sh
# SPDX-License-Identifier: MIT
# The source tree keeps its shape: layers, sizes, formatting, manual pages.
. "$(dirname "$0")/lib.sh"
need python3
cd "$srcdir" || exit 1

# Calls go downward only: who may include whom.
bad=$(python3 - <<'EOF'
import pathlib, re
below = {
    "common/base": {"base"},
    "common/dialect": {"base", "dialect"},
    "common/state": {"base", "dialect", "state"},
    "common/net": {"base", "dialect", "state", "net"},
    "fcgi": {"base", "dialect", "state", "net", "lib", "fcgi"},
    "cli": {"base", "dialect", "state", "net", "cli", "include"},
    "lib": {"base", "dialect", "state", "net", "lib", "include"},
}
only = {  # a library and the files that may see it
    "fcgiapp.h": {"fcgi/listen.c"},
    "curl/": {"common/net/http-handle.h", "common/net/http-multi.h",
              "common/net/http-url.c", "common/net/http-urls.h"},
    "openssl/": {"common/base/aead.c", "common/base/digest.c",
                 "common/state/shared/redis-tls.c"},
    "hiredis/": {"common/state/shared/redis-link.c",
                 "common/state/shared/redis-link.h",
                 "common/state/shared/redis-tls.c",
                 "common/state/shared/redis-tls.h"},
    "yaml.h": {"cli/yaml.c"},
    "zlib.h": {"common/base/unpack.c"},
    "zstd.h": {"common/base/unpack.c"},
    "sys/file.h": {"common/base/store.c"},
    "linux/filter.h": {"common/base/port.c"},
    "linux/": {"common/base/port.c", "common/base/tcp.c",
               "common/net/departure.c"},
    "sys/epoll.h": {"common/base/poller.c"},
    "sys/eventfd.h": {"common/base/port.c"},
    "sys/inotify.h": {"common/base/folder-watch.c", "common/base/notify.c"},
    "sys/prctl.h": {"common/base/port.c"},
    "sys/signalfd.h": {"common/base/port.c"},
    "sys/syscall.h": {"common/base/port.c"},
    "sys/vfs.h": {"common/base/notify.c"},
}
# What Linux has and POSIX 2008 has not: a word and the files that may say it.
port = {"common/base/port.c", "common/base/port.h"}
linux = {word: port for word in """accept4 closefrom close_range dup3 eventfd
    explicit_bzero getrandom memfd_create O_PATH pidfd_open pipe2 ppoll prctl
    /proc/self posix_fallocate signalfd sigtimedwait SOCK_CLOEXEC SOCK_NONBLOCK
    syscall TCP_DEFER_ACCEPT
    posix_spawn_file_actions_addclosefrom_np""".split()}
linux["epoll_wait"] = {"common/base/poller.c"}
linux["inotify_init1"] = {"common/base/folder-watch.c", "common/base/notify.c"}
linux["F_OFD_SETLK"] = {"common/base/row-lock.c", "common/base/row-lock.h"}
linux["malloc_trim"] = linux["mallopt"] = {"common/base/memory.c"}
for folder, allowed in below.items():
    for path in sorted(pathlib.Path(folder).rglob("*.[ch]")):
        text = path.read_text()
        for name in re.findall(r'#include "([^"]+)"', text):
            if "/" in name and name.split("/")[0] not in allowed:
                print(f"{path} includes {name}")
        for name in re.findall(r"#include <([^>]+)>", text):
            for prefix, files in only.items():
                if name.startswith(prefix) and str(path) not in files:
                    print(f"{path} includes {name}")
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        for word, files in linux.items():
            if str(path) not in files and re.search(
                    r"(?<![\w/])%s\b" % re.escape(word), code):
                print(f"{path} says {word}: see base/port.h")
EOF
)
is 'includes go downward' "$bad" ''

# lib/ has two halves: what the worker shares, which knows nothing of dario.h,
# and dario.h's own functions, which only other programs and the commands call.
bad=$(python3 - <<'EOF'
import pathlib, re
def includes(path):
    return re.findall(r'#include "([^"]+)"', pathlib.Path(path).read_text())
def is_own(path, seen=()):
    return any(name.startswith("include/") or name.startswith("lib/") and
               name not in seen and is_own(name, (*seen, name))
               for name in includes(path))
for path in map(str, sorted(pathlib.Path("fcgi").glob("*.[ch]"))):
    for name in includes(path):
        if name.startswith("lib/") and is_own(name):
            print(f"{path} includes {name}, which is of dario.h")
for path in map(str, sorted(pathlib.Path("lib").glob("*.h"))):
    source = pathlib.Path(path).with_suffix(".c")
    if not is_own(path) and source.exists() and is_own(source):
        print(f"{source} is of dario.h, {path} is not")
EOF
)
is 'the worker sees of lib/ what is not of dario.h' "$bad" ''

files=$(find fcgi common cli lib -name '*.[ch]' | sort)
is 'no file over 700 lines' "$(wc -l $files | awk '$1 > 700 && $2 != "total"')" ''
is 'no function over 80 lines' "$(awk '
	FNR == 1 { start = 0 }
	/^\{/ { start = FNR }
	/^\}/ { if (start && FNR - start > 80) print FILENAME ":" start; start = 0 }
	' $files)" ''
is 'no line over 80 columns' "$(for f in $files; do
	expand "$f" | awk -v f="$f" 'length($0) > 80 { print f ":" FNR }'
	done)" ''
is 'every file names its licence' "$(grep -L 'SPDX-License-Identifier: MIT' \
	$files tests/unit/*.[ch] tests/sh/*.t tests/sh/lib.sh)" ''

if git rev-parse --git-dir >/dev/null 2>&1 &&
	[ "$(git rev-parse --show-toplevel)" = "$srcdir" ]; then
	is 'nothing that is made is kept' \
		"$(git ls-files -ci --exclude-standard)" ''
fi

if command -v clang-format >/dev/null; then
	is 'formatted' "$(clang-format --dry-run $files 2>&1 | head -n 5)" ''
else
	diag 'not run, clang-format is missing: formatted'
fi

if command -v man >/dev/null; then
	"$dario" help --man >"$tmp/dario.1"
	is 'the manual page formats without a complaint' \
		"$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -l "$tmp/dario.1" 2>&1 >/dev/null)" ''
else
	diag 'not run, man is missing: the manual page formats'
fi
page=$("$dario" help --man)
for word in $("$dario" help | awk '/^  [a-z]/ {print $1}' |
	grep -vx -e help -e version | sort -u); do
	like "manual: $word" "$page" ".B $word"
	"$dario" help "$word" >/dev/null || fail "help $word"
done
for row in $("$dario" config | awk '{print $1}'); do
	like "manual: key $row" "$page" "Key ${row#oauth.}"
done
done_testing
