function __dario_words
	set -l line (commandline -opc) (commandline -ct)
	$line[1] completion words -- $line[2..] 2>/dev/null
end
complete -c dario -f -a '(__dario_words)'
complete -c dario -n 'not count (__dario_words) >/dev/null' -F
