#!/bin/sh
# SPDX-License-Identifier: MIT
# Help, what is mistyped, and what shells complete.
. "$(dirname "$0")/lib.sh"
need bash python3

widest() { # of lines that may be broken
	awk 'length > w { w = length } END { print w + 0 }'
}

"$dario" help >"$tmp/help"
for word in -h --help; do
	is "$word is help" "$("$dario" $word)" "$(cat "$tmp/help")"
done
for word in -V --version version; do
	like "$word" "$("$dario" $word)" 'dario '
done
is 'version --json' "$("$dario" version --json | json '"dario " + j["version"]')" "$("$dario" -V)"
is 'COMMAND -h is help COMMAND' "$("$dario" key add -h)" "$("$dario" help key)"
is 'help of help' "$("$dario" help help)" "$(cat "$tmp/help")"
"$dario" >"$tmp/none" 2>&1
is 'without a word: help, and status 2' "$?" 2

ok 'it fits 80 columns' test "$(widest <"$tmp/help")" -le 80
groups=$(awk '/^  [a-z]/ { print $1 }' "$tmp/help" | grep -v -e help -e version)
for columns in 60 100; do
	for group in $groups; do
		w=$(COLUMNS=$columns "$dario" help "$group" |
			grep -v -e '^  dario ' -e '^dario ' -e '^  --' -e '^Settings' -e '://' | widest)
		[ "$w" -le $columns ] || fail "help $group in $columns" "$w"
	done
done
is 'every command has an example' "$(for group in $groups; do
	"$dario" help "$group" | grep -q '^  dario ' || echo "$group"
done)" ''
is 'no colour in a pipe' "$(TERM=xterm "$dario" help key | grep -c "$(printf '\033')")" 0

# Every example is a command line that is taken; --help says so without doing it.
is 'examples name words that there are' "$(for group in $groups; do
	"$dario" help "$group" | sed -n 's/^  dario //p' |
		while read -r name verb rest; do
			"$dario" help "$name" >"$tmp/one"
			grep -q "^dario $name\( $verb\)\?\( \|\$\)" "$tmp/one" ||
				echo "$name $verb"
		done
done)" ''

# However long a text is, it is there to its end.
is 'the manual cuts no text' "$("$dario" help --man | awk '
	/^\.SH SETTINGS/ { on = 1; next } /^\.SH WORKER/ { on = 0 }
	/^\.SH SWITCHES/ { on = 1; next } /^\.SH EXIT/ { on = 0 }
	on && /^[^.]/ && /Key |True or|number|list/ && !/\.$/')" ''
is 'nor does the help' "$("$dario" help proxy | tr -s '\n ' ' ' |
	grep -c 'write \*\.my\.box\|blanks between several (allowedHosts)')" 1

says() { # NAME WORDS WANTED
	name=$1
	want=$2
	shift 2
	"$dario" "$@" >"$tmp/out" 2>"$tmp/err"
	is "$name: status 2" "$?" 2
	like "$name" "$(cat "$tmp/err")" "$want"
}
says 'a mistyped command' 'do you mean accounts?' acounts list
says 'a mistyped word' 'do you mean list?' accounts lits
says 'a mistyped flag' 'do you mean --json?' usage --jsno
says 'a value is not shown' 'unknown flag --kye-file:' \
	backend add x --kye-file=sk-secret
unlike 'a value is not shown: indeed' "$(cat "$tmp/err")" sk-secret
says 'nothing near' 'see dario help' frobnicate

# What may come next.
words() { "$dario" completion words -- "$@" | cut -f 1 | tr '\n' ' '; }
DARIO_HOME=$tmp/home
export DARIO_HOME
echo sk-test >"$tmp/key"
"$dario" backend add first --base-url=http://127.0.0.1:1/v1 \
	--key-file="$tmp/key" 2>/dev/null
is 'commands' "$(words acc)" 'accounts '
is 'words' "$(words backend re)" 'remove '
is 'flags' "$(words explain --a)" '--api= '
is 'flags of the settings' "$(words proxy --tem)" '--template= '
is 'words of a choice' "$(words proxy --strategy=fi)" '--strategy=fill-first '
is 'names of the home' "$(words backend remove f)" 'first '
is 'no name for what is new' "$(words backend add f)" ''
is 'commands after help' "$(words help acc)" 'accounts '
mkdir "$tmp/programs"
for name in claude codex other; do
	printf '#!/bin/sh\n' >"$tmp/programs/$name"
	chmod 755 "$tmp/programs/$name"
done
is 'programs that run knows, and that are there' \
	"$(PATH=$tmp/programs:/usr/bin:/bin; words run '')" 'claude codex '
is 'a program that begins so' "$(PATH=$tmp/programs:/usr/bin:/bin; words run cod)" 'codex '
is 'nonsense: nothing' "$(words nonsense x)" ''

# In the shells themselves.
PATH=$(dirname "$dario"):$PATH
export PATH
complete_in_bash() { # WORDS: as if Tab came after the last
	bash --norc -c '
eval "$(dario completion bash)"
compopt() { :; }
COMP_WORDS=(dario "$@")
COMP_CWORD=$#
_dario dario
printf "%s " "${COMPREPLY[@]}"' bash "$@"
}
is 'bash: commands' "$(complete_in_bash acc)" 'accounts '
is 'bash: names' "$(complete_in_bash backend test f)" 'first '
is 'bash: flags' "$(complete_in_bash explain --js)" '--json '
is 'bash: a value' "$(complete_in_bash proxy --strategy = fi)" 'fill-first '
if command -v fish >/dev/null; then
	is 'fish: commands' "$(HOME=$tmp fish --no-config -c '
dario completion fish | source; complete -C "dario acc"' | cut -f 1)" accounts
	is 'fish: names' "$(HOME=$tmp fish --no-config -c '
dario completion fish | source; complete -C "dario backend test f"' | cut -f 1)" first
else
	diag 'not run, fish is missing'
fi
if command -v zsh >/dev/null; then
	is 'zsh: commands and names' "$(python3 - <<-'PY'
	import os, pty, select, time
	pid, fd = pty.fork()
	if pid == 0:
	    os.environ["TERM"] = "dumb"
	    os.execvp("zsh", ["zsh", "-f", "-i"])
	def until(text, seconds=90):
	    got, end = "", time.monotonic() + seconds
	    while text not in got and time.monotonic() < end:
	        if select.select([fd], [], [], 0.2)[0]:
	            got += os.read(fd, 65536).decode(errors="replace")
	    return got
	def say(text):
	    os.write(fd, text.encode())
	say("autoload -U compinit; compinit -u -D; "
	    "eval \"$(dario completion zsh)\"; echo re''ady\n")
	until("ready")
	say("dario acc\t")
	print("commands" if "accounts" in until("accounts") else "none")
	say("\x15dario backend test fi\t")
	print("names" if "first" in until("first") else "none")
	say("\x15exit\n")
	PY
	)" 'commands
names'
else
	diag 'not run, zsh is missing'
fi
done_testing
