# SPDX-License-Identifier: BSD-2-Clause
# fish completion for shakedown(1). Subcommands, options and tokens are asked of the program itself.

# The tokens of a kind (handshake or close), behind those of the list that are there already.
function __shakedown_tokens -a kind
    set -l before (commandline -ct | string replace -r '^--?[a-z-]*=' '' | string match -r '^.*,')
    for line in (shakedown help --tokens $kind)
        echo "$before"$line
    end
end

# The ids of scenarios, likewise.
function __shakedown_scenarios
    set -l before (commandline -ct | string replace -r '^--?[a-z-]*=' '' | string match -r '^.*,')
    for line in (shakedown list scenarios --json)
        set -l info (string match -r '"id":"([^"]*)".*"title":"([^"]*)"' -- $line)
        echo "$before"$info[2]\t$info[3]
    end
end

function __shakedown_interfaces
    for path in /sys/class/net/*
        string replace -r '^.*/' '' $path
    end
end

# One option of a subcommand.
function __shakedown_option -a subcommand name letter value help
    set -l names $subcommand
    test $subcommand = rtt; and set names 'rtt ping'
    set -l spec -c shakedown -n "__fish_seen_subcommand_from $names" -l (string sub -s 3 -- $name) -d $help
    test -n "$letter"; and set -a spec -s (string sub -s 2 -- $letter)
    switch $value
        case ''
            complete $spec
        case WHICH
            complete $spec -x -a 'failed all none'
        case '[*'
            complete $spec
        case FILE
            complete $spec -r -F
        case WHO
            complete $spec -x -a 'fin rst server'
        case TYPE
            complete $spec -x -a 'host host_hiprec adapter adapter_unsynced'
        case WAY
            complete $spec -x -a 'auto xdp packet raw'
        case I/N
            complete $spec -x -a auto
        case NAME
            complete $spec -x -a 'http redis memcached ssh smtp banner echo none'
        case 'PATTERN*'
            complete $spec -x -a '(__shakedown_scenarios)'
        case 'IFACE*'
            complete $spec -x -a '(__shakedown_interfaces)'
        case 'TOKEN*'
            complete $spec -x -a '(__shakedown_tokens '(string replace -- --expect- '' $name)')'
        case '*'
            complete $spec -x
    end
end

complete -c shakedown -f
complete -c shakedown -n __fish_use_subcommand -a '(shakedown help --subcommands)'
complete -c shakedown -n '__fish_seen_subcommand_from help' -a '(shakedown help --subcommands) tokens'
complete -c shakedown -n __fish_use_subcommand -a ping -d 'another name for rtt'
complete -c shakedown -n '__fish_seen_subcommand_from list' -a scenarios
complete -c shakedown -n '__fish_seen_subcommand_from merge' -F
complete -c shakedown -n '__fish_seen_subcommand_from probe rtt ping test scan' -a '(__fish_print_hostnames)'
for subcommand in (shakedown help --subcommands 2>/dev/null | string replace -r '\t.*' '')
    for line in (shakedown help --options $subcommand 2>/dev/null)
        __shakedown_option $subcommand (string split \t -- $line)
    end
end
