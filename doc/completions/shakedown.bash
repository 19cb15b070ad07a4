# SPDX-License-Identifier: BSD-2-Clause
# bash completion for shakedown(1). Subcommands, options and tokens are asked of the program itself.

# The ids of scenarios.
_shakedown_scenarios()
{
	"$1" list scenarios --json 2>/dev/null | sed -n 's/.*"id":"\([^"]*\)".*/\1/p'
}

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

# A list with commas between its words, begun with $1: the words for the last of them follow.
_shakedown_list()
{
	local begun=
	[[ $1 != *,* ]] || begun=${1%,*},
	_shakedown_reply "$1" $(printf '%s\n' "${@:2}" | sed "s/^/$begun/")
	compopt -o nospace 2>/dev/null
}

# A value of the kind $2 for the option $4, begun with $3.
_shakedown_complete_value()
{
	case $2 in
	FILE)
		compopt -o filenames 2>/dev/null
		local IFS=$'\n'
		COMPREPLY=($(compgen -f -- "$3"))
		;;
	WHO) _shakedown_reply "$3" fin rst server ;;
	TYPE) _shakedown_reply "$3" host host_hiprec adapter adapter_unsynced ;;
	IFACE*) _shakedown_reply "$3" $(cd /sys/class/net 2>/dev/null && echo *) ;;
	NAME) _shakedown_reply "$3" http redis memcached ssh smtp banner echo none ;;
	WHICH) _shakedown_reply "$3" failed all none ;;
	WAY) _shakedown_reply "$3" auto xdp packet raw ;;
	I/N) _shakedown_reply "$3" auto ;;
	TOKEN*) _shakedown_list "$3" $(_shakedown_words "$1" --tokens "${4#--expect-}") ;;
	PATTERN*) _shakedown_list "$3" $(_shakedown_scenarios "$1") ;;
	esac
}

_shakedown()
{
	local program=$1 word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local subcommand=${COMP_WORDS[1]} value equals=
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
		word= equals=yes
	elif [[ $before == = ]]; then
		before=${COMP_WORDS[COMP_CWORD - 2]} equals=yes
	fi
	if [[ $before == -* ]]; then
		value=$(_shakedown_value "$program" "$subcommand" "$before")
		if [[ -n $value && ($value != \[* || -n $equals) ]]; then
			_shakedown_complete_value "$program" "$value" "$word" "$before"
			return
		fi
	fi
	if [[ $word == -* ]]; then
		_shakedown_reply "$word" $(_shakedown_words "$program" --options "$subcommand")
	elif [[ $subcommand == list ]]; then
		_shakedown_reply "$word" scenarios
	elif [[ $subcommand == merge ]]; then
		_shakedown_complete_value "$program" FILE "$word" ''
	else
		COMPREPLY=($(compgen -A hostname -- "$word"))
	fi
}

complete -F _shakedown shakedown
