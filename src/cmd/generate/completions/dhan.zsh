
# Instruments of the cache.
_dhan_instruments() {
    local demo
    (( ${words[(I)--demo]} )) && demo=demo
    local -a found
    found=(${(f)"$(command dhan __complete "${(Q)PREFIX}" $demo 2>/dev/null)"})
    compadd -U -S '' -a found
}
