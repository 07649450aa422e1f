
# Instruments of the cache.
function __fish_dhan_instruments
    set -l demo
    contains -- --demo (commandline -opc); and set demo demo
    command dhan __complete (commandline -ct) $demo 2>/dev/null
end
complete -c dhan -n "__fish_dhan_using_subcommand feed depth watch" -f -a "(__fish_dhan_instruments)"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find show" -f -a "(__fish_dhan_instruments)"
