
# Instruments of the cache, where an instrument is wanted; else what stands above.
_dhan_with_instruments() {
    local before="${COMP_LINE:0:COMP_POINT}" word previous command="" demo="" i
    word="${before##*[[:space:]]}"
    for i in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "$command,$i" in
            *,--demo) demo=demo ;;
            ,feed|,depth|,watch|,instruments) command="$i" ;;
            instruments,find|instruments,show) command=feed ;;
        esac
    done
    before="${before%"$word"}"
    before="${before%"${before##*[![:space:]]}"}"
    previous="${before##*[[:space:]]}"
    case "$command,$word,$previous" in
        ,*|instruments,*|*,-*,*) _dhan "$@"; return ;;
        *,--once|*,--skip-missing|*,--no-gaps|*,--status-records|*,--dry-run|*,--ignore-socket-limit) ;;
        *,--demo|*,--offline|*,--quiet|*,--verbose|*,-q|*,-qq|*,-v|*,-vv|*,--*=*) ;;
        *,-*) _dhan "$@"; return ;;
    esac
    local IFS=$'\n'
    COMPREPLY=($(command "$1" __complete "$word" $demo 2>/dev/null))
    # Where a colon ends a word, readline replaces only what follows it.
    if [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
    fi
    if [[ "${COMPREPLY[*]}" == *[:-] && "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _dhan_with_instruments dhan
