# SPDX-License-Identifier: BSD-2-Clause
# bash completion for shakedown(1). Subcommands, options and tokens are asked of the program itself.

# What the program says, its lines' first fields only.
_shakedown_words()
{
	"$1" help "${@:2}" 2>/dev/null | cut -f1
}

# What kind of value an option takes: the third field of its line. Empty: none.
_shakedown_value()
{
	"$1" help --options "$2" 2>/dev/null |
		awk -F '\t' -v option="$3" 'option == $1 || option == $2 { print $3 }'
}

# _shakedown_reply WORD CANDIDATE...
_shakedown_reply()
{
	local word=$1 IFS=$'\n'
	shift
	COMPREPLY=($(compgen -W "$*" -- "$word"))
}

# A value of the kind $2 for the option $4, begun with $3.
_shakedown_complete_value()
{
	local begun=
	case $2 in
	FILE)
		compopt -o filenames 2>/dev/null
		local IFS=$'\n'
		COMPREPLY=($(compgen -f -- "$3"))
		;;
	WHO) _shakedown_reply "$3" fin rst server ;;
	TYPE) _shakedown_reply "$3" host host_hiprec adapter adapter_unsynced ;;
	IFACE*) _shakedown_reply "$3" $(cd /sys/class/net 2>/dev/null && echo *) ;;
	TOKEN*)
		[[ $3 != *,* ]] || begun=${3%,*},
		_shakedown_reply "$3" $(_shakedown_words "$1" --tokens "${4#--expect-}" | sed "s/^/$begun/")
		compopt -o nospace 2>/dev/null
		;;
	esac
}

_shakedown()
{
	local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local subcommand=${COMP_WORDS[1]} value
	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		_shakedown_reply "$word" $(_shakedown_words "$program" --subcommands) ping
		return
	fi
	if [[ $subcommand == help ]]; then
		_shakedown_reply "$word" $(_shakedown_words "$program" --subcommands) tokens
		return
	fi
	# "--close=fin" comes as three words.
	if [[ $word == = ]]; then
		word=
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	if [[ $before == -* ]]; then
		value=$(_shakedown_value "$program" "$subcommand" "$before")
		if [[ -n $value && $value != \[* ]]; then
			_shakedown_complete_value "$program" "$value" "$word" "$before"
			return
		fi
	fi
	if [[ $word == -* ]]; then
		_shakedown_reply "$word" $(_shakedown_words "$program" --options "$subcommand")
	else
		COMPREPLY=($(compgen -A hostname -- "$word"))
	fi
}

complete -F _shakedown shakedown
