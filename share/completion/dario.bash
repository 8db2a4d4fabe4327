# bash completion of dario
_dario() {
	local -a words=("$1")
	local word
	# bash breaks words at "=": --flag, =, value
	for word in "${COMP_WORDS[@]:1:COMP_CWORD}"; do
		if [[ $word == = || ${words[-1]} == --*= ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
	done
	mapfile -t COMPREPLY < <("$1" completion words -- "${words[@]:1}" \
		2>/dev/null | cut -f 1)
	[[ ${words[-1]} != *=* ]] || COMPREPLY=("${COMPREPLY[@]#*=}")
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}
complete -o default -F _dario dario
