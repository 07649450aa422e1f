# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_dhan_global_optspecs
    string join \n q/quiet v/verbose log-format= color= profile= no-config h/help V/version
end

function __fish_dhan_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_dhan_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_dhan_using_subcommand
    set -l cmd (__fish_dhan_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c dhan -n "__fish_dhan_needs_command" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_needs_command" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_needs_command" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_needs_command" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_needs_command" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_needs_command" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_needs_command" -s V -l version -d 'Print version'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "feed" -d 'Stream the live market feed: ticker, quote or full'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "depth" -d 'Stream the 20- or 200-level order book'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "orders" -d 'Stream the order updates of the account'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "watch" -d 'Look at the streams live in the terminal'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "instruments" -d 'Download, list and look up instruments'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "replay" -d 'Print a capture again, as the live run printed it'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "verify" -d 'Check that files and captures are complete'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "schema" -d 'Print the JSON Schema of the records'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "token" -d 'Keep an access token alive'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "doctor" -d 'Find out why nothing comes'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "relay" -d 'Serve one account\'s sockets to all programs of this host'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "simulate" -d 'Serve Dhan\'s protocols from a simulated exchange'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "config" -d 'Show the defaults that config.toml sets'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "generate" -d 'Print completions, manual pages and systemd units'
complete -c dhan -n "__fish_dhan_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s i -l instruments -d 'Read instruments from FILE, one a line; - is stdin' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s m -l mode -d 'ticker, quote or full [default: ticker]' -r -f -a "ticker\t''
quote\t''
full\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l chain -d 'Follow the options around the spot, such as NIFTY' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l bars -d 'OHLC bars instead of packets, such as 1m,5m' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s f -l format -d 'ndjson or csv [default: ndjson, or as -o is named]' -r -f -a "ndjson\t''
csv\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s o -l output -d 'Append to a file, such as \'day-{date}.ndjson.zst\'' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s n -l count -d 'Stop after N records' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l capture -d 'Also keep the raw frames, for dhan replay' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s d -l duration -d 'Stop after this time, such as 6h15m' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l until -d 'Stop at this time in India, such as 15:30' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l demo -d 'A simulated exchange: no account, no network' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l control -d 'Read commands from FILE while streaming; - is stdin' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l only -d 'Keep only these record types, separated by commas; gaps stay' -r -f -a "ticker\t''
quote\t''
full\t''
oi\t''
prev_close\t''
market_status\t''
unknown\t''
chain\t''
bar\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l nats-stream -d 'Make this stream for -o nats:// if it is not there: file storage, messages of one day' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l nats-creds -d 'Credentials for -o nats://' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l rotate-size -d 'Also begin a new file at this size on disk, such as 200MB' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l on-rotate -d 'Run CMD by sh -c for every finished file, with its path in $1' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l disk-wait -d 'How long to wait while the disk is full [default: 5m]' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l time -d 'Times: epoch or iso [default: epoch]' -r -f -a "epoch\t''
iso\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l on-lag -d 'What happens when the reader of stdout is too slow: drop or block [default: drop]' -r -f -a "drop\t''
block\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l fail-on-gap -d 'Run to the end, but exit 13 when the gaps add up to more than this' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l max-outage -d 'Give up when no connection could be made for this long [default: keep trying]' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l auth-wait -d 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l url -d 'Connect to another server; the address is used as it stands, path included' -r -f
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l metrics -d 'Write figures for Prometheus\' textfile collector to FILE every 15 s' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l stats -d 'Print a line of figures on stderr this often, such as 60s' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l once -d 'One record for each instrument, then exit'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l dry-run -d 'Print what would be connected to and sent, and exit'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l skip-missing -d 'Go on without instruments that cannot be found'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l no-gaps -d 'Do not print gap records'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l status-records -d 'Print events of the connections as status records in the stream too'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l ignore-socket-limit -d 'Open a socket although this host already holds five of its kind'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand feed" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s i -l instruments -d 'Read instruments from FILE, one a line; - is stdin' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l levels -d 'How many levels: 20 or 200 [default: 20]' -r -f -a "20\t''
200\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l view -d 'book: both sides; sides: every packet [default: book]' -r -f -a "book\t''
sides\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l top -d 'Print only the best N levels' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s f -l format -d 'ndjson or csv [default: ndjson, or as -o is named]' -r -f -a "ndjson\t''
csv\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s o -l output -d 'Append to a file, such as \'day-{date}.ndjson.zst\'' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s n -l count -d 'Stop after N records' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l capture -d 'Also keep the raw frames, for dhan replay' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s d -l duration -d 'Stop after this time, such as 6h15m' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l until -d 'Stop at this time in India, such as 15:30' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l demo -d 'A simulated exchange: no account, no network' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l control -d 'Read commands from FILE while streaming; - is stdin' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l only -d 'Keep only these record types; gaps stay' -r -f -a "depth\t''
depth_side\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l nats-stream -d 'Make this stream for -o nats:// if it is not there: file storage, messages of one day' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l nats-creds -d 'Credentials for -o nats://' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l rotate-size -d 'Also begin a new file at this size on disk, such as 200MB' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l on-rotate -d 'Run CMD by sh -c for every finished file, with its path in $1' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l disk-wait -d 'How long to wait while the disk is full [default: 5m]' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l time -d 'Times: epoch or iso [default: epoch]' -r -f -a "epoch\t''
iso\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l on-lag -d 'What happens when the reader of stdout is too slow: drop or block [default: drop]' -r -f -a "drop\t''
block\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l fail-on-gap -d 'Run to the end, but exit 13 when the gaps add up to more than this' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l max-outage -d 'Give up when no connection could be made for this long [default: keep trying]' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l auth-wait -d 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l url -d 'Connect to another server; the address is used as it stands, path included' -r -f
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l metrics -d 'Write figures for Prometheus\' textfile collector to FILE every 15 s' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l stats -d 'Print a line of figures on stderr this often, such as 60s' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l dry-run -d 'Print what would be connected to and sent, and exit'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l skip-missing -d 'Go on without instruments that cannot be found'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l no-gaps -d 'Do not print gap records'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l status-records -d 'Print events of the connections as status records in the stream too'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l ignore-socket-limit -d 'Open a socket although this host already holds five of its kind'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand depth" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l events -d 'Keep only updates with one of these events' -r -f -a "update\t''
snapshot\t''
status_change\t''
execution\t''
order_transit\t''
order_pending\t''
order_rejected\t''
order_cancelled\t''
order_traded\t''
order_expired\t''
order_part_traded\t''
order_triggered\t''
order_closed\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s f -l format -d 'ndjson or csv [default: ndjson, or as -o is named]' -r -f -a "ndjson\t''
csv\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s o -l output -d 'Append to a file, such as \'day-{date}.ndjson.zst\'' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l time -d 'Times: epoch or iso [default: epoch]' -r -f -a "epoch\t''
iso\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s n -l count -d 'Stop after N records' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l capture -d 'Also keep the raw frames, for dhan replay' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s d -l duration -d 'Stop after this time, such as 6h15m' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l until -d 'Stop at this time in India, such as 15:30' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l demo -d 'A simulated exchange: no account, no network' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l only -d 'Keep only these record types; gaps stay' -r -f -a "order\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l user-type -d 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]' -r -f -a "self\t'The account itself'
partner\t'A partner, for all its users'"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l nats-stream -d 'Make this stream for -o nats:// if it is not there: file storage, messages of one day' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l nats-creds -d 'Credentials for -o nats://' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l rotate-size -d 'Also begin a new file at this size on disk, such as 200MB' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l on-rotate -d 'Run CMD by sh -c for every finished file, with its path in $1' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l disk-wait -d 'How long to wait while the disk is full [default: 5m]' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l on-lag -d 'What happens when the reader of stdout is too slow: drop or block [default: drop]' -r -f -a "drop\t''
block\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l fail-on-gap -d 'Run to the end, but exit 13 when the gaps add up to more than this' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l max-outage -d 'Give up when no connection could be made for this long [default: keep trying]' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l auth-wait -d 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l url -d 'Connect to another server; the address is used as it stands, path included' -r -f
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l metrics -d 'Write figures for Prometheus\' textfile collector to FILE every 15 s' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l stats -d 'Print a line of figures on stderr this often, such as 60s' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l no-snapshot -d 'Leave out the orders of the day at the start'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l dry-run -d 'Print what would be connected to and sent, and exit'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l show-client-id -d 'Print client ids whole'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l no-gaps -d 'Do not print gap records'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l status-records -d 'Print events of the connections as status records in the stream too'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l ignore-socket-limit -d 'Open a socket although this host already holds five of its kind'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand orders" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -s i -l instruments -d 'Read instruments from FILE, one a line' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l chain -d 'Watch the options around the spot, such as NIFTY' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -s m -l mode -d 'ticker, quote or full [default: full]' -r -f -a "ticker\t''
quote\t''
full\t''"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l depth -d 'Show the order book of one instrument' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l levels -d 'With --depth: 20 or 200 levels [default: 20]' -r -f -a "20\t''
200\t''"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l replay -d 'Show what a capture holds' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l speed -d 'With --replay: max, 1x or 10x [default: 1x]' -r -f -a "max\t''
1x\t''
10x\t''"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l demo -d 'A simulated exchange: no account, no network' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l user-type -d 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]' -r -f -a "self\t'The account itself'
partner\t'A partner, for all its users'"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l auth-wait -d 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l url -d 'Connect to another server; the address is used as it stands, path included' -r -f
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l orders -d 'Show the orders of the account'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l skip-missing -d 'Go on without instruments that cannot be found'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l ignore-socket-limit -d 'Open a socket although this host already holds five of its kind'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "sync" -d 'Download the instrument master if the server has something newer'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "list" -d 'Print all instruments that pass the filters'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "find" -d 'Find instruments by their exact symbol'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "search" -d 'Find instruments by words of their names'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "show" -d 'Show one instrument with all columns of the file'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and not __fish_seen_subcommand_from sync list find search show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l detailed -d 'The file with ISINs, limits and freeze quantities'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l force -d 'Download whatever the cache holds'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l around -d 'The options around this price; needs --underlying' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l strikes -d 'Strikes on each side of --around' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l segment -d 'Segments, such as NSE_EQ, NFO or IDX' -r -f -a "IDX_I\t''
NSE_EQ\t''
NSE_FNO\t''
NSE_CURRENCY\t''
BSE_EQ\t''
MCX_COMM\t''
BSE_CURRENCY\t''
BSE_FNO\t''
NSE_COMM\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l instrument -d 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l underlying -d 'What contracts are about: NIFTY, RELIANCE, GOLD' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l expiry -d 'Expiries: a date, nearest, next or month' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l strike -d 'Strikes of options, both ends included' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l option -d 'Calls or puts' -r -f -a "CE\t''
PE\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l limit -d 'At most so many' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -s f -l format -d 'ndjson, csv, table or spec' -r -f -a "ndjson\t'One JSON object a line'
csv\t'Comma-separated values with a header'
table\t'Columns for people'
spec\t'`SEGMENT:ID`, as the streaming commands take it'"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l series -d 'Series of shares and bonds: EQ, BE, SM, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l file -d 'Use this instrument master as it is, neither cache nor network' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l detailed -d 'The file with ISINs, limits and freeze quantities'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l expired -d 'Contracts that have expired too'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l offline -d 'Never touch the network: use the cache, however old'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l segment -d 'Segments, such as NSE_EQ, NFO or IDX' -r -f -a "IDX_I\t''
NSE_EQ\t''
NSE_FNO\t''
NSE_CURRENCY\t''
BSE_EQ\t''
MCX_COMM\t''
BSE_CURRENCY\t''
BSE_FNO\t''
NSE_COMM\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l instrument -d 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l underlying -d 'What contracts are about: NIFTY, RELIANCE, GOLD' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l expiry -d 'Expiries: a date, nearest, next or month' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l limit -d 'At most so many' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -s f -l format -d 'ndjson, csv, table or spec' -r -f -a "ndjson\t'One JSON object a line'
csv\t'Comma-separated values with a header'
table\t'Columns for people'
spec\t'`SEGMENT:ID`, as the streaming commands take it'"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l series -d 'Series of shares and bonds: EQ, BE, SM, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l strike -d 'Strikes of options, both ends included' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l option -d 'Calls or puts' -r -f -a "CE\t''
PE\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l file -d 'Use this instrument master as it is, neither cache nor network' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l detailed -d 'The file with ISINs, limits and freeze quantities'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l expired -d 'Contracts that have expired too'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l offline -d 'Never touch the network: use the cache, however old'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l segment -d 'Segments, such as NSE_EQ, NFO or IDX' -r -f -a "IDX_I\t''
NSE_EQ\t''
NSE_FNO\t''
NSE_CURRENCY\t''
BSE_EQ\t''
MCX_COMM\t''
BSE_CURRENCY\t''
BSE_FNO\t''
NSE_COMM\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l instrument -d 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l underlying -d 'What contracts are about: NIFTY, RELIANCE, GOLD' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l expiry -d 'Expiries: a date, nearest, next or month' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l limit -d 'At most so many' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -s f -l format -d 'ndjson, csv, table or spec' -r -f -a "ndjson\t'One JSON object a line'
csv\t'Comma-separated values with a header'
table\t'Columns for people'
spec\t'`SEGMENT:ID`, as the streaming commands take it'"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l series -d 'Series of shares and bonds: EQ, BE, SM, …' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l strike -d 'Strikes of options, both ends included' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l option -d 'Calls or puts' -r -f -a "CE\t''
PE\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l file -d 'Use this instrument master as it is, neither cache nor network' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l detailed -d 'The file with ISINs, limits and freeze quantities'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l expired -d 'Contracts that have expired too'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l offline -d 'Never touch the network: use the cache, however old'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -s f -l format -d 'ndjson, csv, table or spec' -r -f -a "ndjson\t'One JSON object a line'
csv\t'Comma-separated values with a header'
table\t'Columns for people'
spec\t'`SEGMENT:ID`, as the streaming commands take it'"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l file -d 'Use this instrument master as it is, neither cache nor network' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l expired -d 'Contracts that have expired too'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l detailed -d 'The file with ISINs, limits and freeze quantities'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l offline -d 'Never touch the network: use the cache, however old'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "sync" -d 'Download the instrument master if the server has something newer'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "list" -d 'Print all instruments that pass the filters'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "find" -d 'Find instruments by their exact symbol'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "search" -d 'Find instruments by words of their names'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show one instrument with all columns of the file'
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l speed -d 'max, 1x (as it was received) or 10x [default: max]' -r -f -a "max\t''
1x\t''
10x\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l bars -d 'OHLC bars instead of packets, such as 1m,5m' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l only -d 'Keep only these record types, separated by commas; gaps stay' -r -f -a "ticker\t''
quote\t''
full\t''
oi\t''
prev_close\t''
market_status\t''
unknown\t''
chain\t''
bar\t''
depth\t''
depth_side\t''
order\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s f -l format -d 'ndjson or csv [default: ndjson, or as -o is named]' -r -f -a "ndjson\t''
csv\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s o -l output -d 'Append to a file, such as \'day-{date}.ndjson.zst\'' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l time -d 'Times: epoch or iso [default: epoch]' -r -f -a "epoch\t''
iso\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s n -l count -d 'Stop after N records' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l view -d 'book: both sides; sides: every packet [default: book]' -r -f -a "book\t''
sides\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l top -d 'Print only the best N levels' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l events -d 'Keep only updates with one of these events' -r -f -a "update\t''
snapshot\t''
status_change\t''
execution\t''
order_transit\t''
order_pending\t''
order_rejected\t''
order_cancelled\t''
order_traded\t''
order_expired\t''
order_part_traded\t''
order_triggered\t''
order_closed\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l nats-stream -d 'Make this stream for -o nats:// if it is not there: file storage, messages of one day' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l nats-creds -d 'Credentials for -o nats://' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l rotate-size -d 'Also begin a new file at this size on disk, such as 200MB' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l on-rotate -d 'Run CMD by sh -c for every finished file, with its path in $1' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l disk-wait -d 'How long to wait while the disk is full [default: 5m]' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l show-client-id -d 'Print client ids whole'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l no-gaps -d 'Do not print gap records'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l status-records -d 'Print events of the connections as status records in the stream too'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand verify" -s f -l format -d 'As records, or as a table for people with times in IST' -r -f -a "ndjson\t'One JSON object a file'
table\t'Columns for people'"
complete -c dhan -n "__fish_dhan_using_subcommand verify" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand verify" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand verify" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand verify" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand verify" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand verify" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l time -d 'Times as dhan prints them: numbers, or RFC 3339 in IST' -r -f -a "epoch\t''
iso\t''"
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l duckdb -d 'Print the columns for DuckDB\'s read_json instead'
complete -c dhan -n "__fish_dhan_using_subcommand schema" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand schema" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand schema" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "save" -d 'Keep a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "show" -d 'Say whose the token is, and until when'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "ensure" -d 'Leave a token in the file that lasts'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "mint" -d 'Make a new token by PIN and TOTP'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "renew" -d 'Renew a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand token; and not __fish_seen_subcommand_from save show ensure mint renew help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l token-file -d 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l client-id -d 'The account\'s client id, where the token does not name it [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from save" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l check -d 'Ask Dhan too whether the token is alive'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l for -d 'The token must last this long, such as 8h' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l until -d 'The token must last until this time in India, such as 15:30' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l token-file -d 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l client-id -d 'The account\'s client id, where the token does not name it [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l pin-file -d 'Read the account\'s PIN from FILE [env: DHAN_PIN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l pin-command -d 'Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l totp-file -d 'Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l totp-command -d 'Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from ensure" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l token-file -d 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l client-id -d 'The account\'s client id, where the token does not name it [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l pin-file -d 'Read the account\'s PIN from FILE [env: DHAN_PIN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l pin-command -d 'Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l totp-file -d 'Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l totp-command -d 'Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from mint" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l token-file -d 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l client-id -d 'The account\'s client id, where the token does not name it [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from renew" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "save" -d 'Keep a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "show" -d 'Say whose the token is, and until when'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "ensure" -d 'Leave a token in the file that lasts'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "mint" -d 'Make a new token by PIN and TOTP'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "renew" -d 'Renew a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand token; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -s f -l format -d 'For people or as records [default: table on a terminal, ndjson elsewhere]' -r -f -a "table\t'For people: what failed first, with what to do, within 80 columns'
ndjson\t'One JSON object a finding'"
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l stop -d 'End every stream of this account on this host (SIGTERM), say which, and look at nothing else'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l offline -d 'Touch no network'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l json -d 'Print records, on a terminal too: --format ndjson'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l listen -d 'Loopback address and port to listen on' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l client-token-file -d 'Serve only clients whose token is the one in FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l token-file -d 'Read the access token from FILE [env: DHAN_TOKEN_FILE]' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l client-id -d 'The account\'s client id [env: DHAN_CLIENT_ID]' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l demo -d 'A simulated exchange: no account, no network' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l control -d 'Read commands from FILE while serving: sub SPEC… (ask for instruments though no client needs them), unsub SPEC…, list, quit; - is stdin' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l token-command -d 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]' -r -f -a "(__fish_complete_command)"
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l user-type -d 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]' -r -f -a "self\t'The account itself'
partner\t'A partner, for all its users'"
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l auth-wait -d 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l max-outage -d 'Give up when no connection could be made for this long [default: keep trying]' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l ca-file -d 'Trust the root certificates in this file, as SSL_CERT_FILE' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l ignore-socket-limit -d 'Open a socket although this host already holds five of its kind'
complete -c dhan -n "__fish_dhan_using_subcommand relay" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand relay" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand relay" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand relay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l listen -d 'Address and port to listen on' -r
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l seed -d 'Seed of everything that is random' -r
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l rate -d 'Packets a second in all [default: ten for every subscription]' -r
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l replay -d 'Send the frames of this capture' -r -F
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l speed -d 'How fast the capture is played: 1x, 10x or max' -r -f -a "1x\t'As it was recorded'
10x\t'Ten times faster'
max\t'As fast as the client reads'"
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l fault -d 'Misbehave on every connection, such as reset-after=50' -r
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l casing -d 'How keys of order messages are spelled' -r -f -a "camel\t'`orderNo`, as accounts see it'
pascal\t'`OrderNo`, as documented'"
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l disconnect-layout -d 'How depth sockets write a disconnect packet; sources differ' -r -f -a "a\t'14 bytes: the depth header, then the reason'
b\t'12 bytes: the reason is the header\'s last word'
c\t'10 bytes: the market feed\'s packet'"
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "show" -d 'Print the defaults that hold, and where each comes from'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "path" -d 'Print where the file is, or would be'
complete -c dhan -n "__fish_dhan_using_subcommand config; and not __fish_seen_subcommand_from show path help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Print the defaults that hold, and where each comes from'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "path" -d 'Print where the file is, or would be'
complete -c dhan -n "__fish_dhan_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -f -a "completions" -d 'Print completions of a shell'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -f -a "systemd" -d 'Print units for systemd: a token before the market opens, a stream while it is open'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -f -a "man" -d 'Print manual pages'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and not __fish_seen_subcommand_from completions systemd man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l dir -d 'Write the files there instead of printing' -r -f -a "(__fish_complete_directories)"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l check -d 'Compare the files there with what would be written; exit 1 if they differ'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l dir -d 'Write the files there instead of printing' -r -f -a "(__fish_complete_directories)"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from systemd" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l dir -d 'Write all pages there instead of printing' -r -f -a "(__fish_complete_directories)"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l log-format -d 'How messages are written: as text, or as a JSON object a line' -r -f -a "text\t''
json\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l color -d 'When messages are coloured [default: auto]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l profile -d 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]' -r
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l check -d 'Compare the files there with what would be written; exit 1 if they differ'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -s q -l quiet -d 'Only warnings and errors on stderr; -qq: only errors'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -s v -l verbose -d 'More on stderr; -vv: every message and packet'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -l no-config -d 'Do not read config.toml'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "completions" -d 'Print completions of a shell'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "systemd" -d 'Print units for systemd: a token before the market opens, a stream while it is open'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "man" -d 'Print manual pages'
complete -c dhan -n "__fish_dhan_using_subcommand generate; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "feed" -d 'Stream the live market feed: ticker, quote or full'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "depth" -d 'Stream the 20- or 200-level order book'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "orders" -d 'Stream the order updates of the account'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "watch" -d 'Look at the streams live in the terminal'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "instruments" -d 'Download, list and look up instruments'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "replay" -d 'Print a capture again, as the live run printed it'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "verify" -d 'Check that files and captures are complete'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "schema" -d 'Print the JSON Schema of the records'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "token" -d 'Keep an access token alive'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "doctor" -d 'Find out why nothing comes'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "relay" -d 'Serve one account\'s sockets to all programs of this host'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "simulate" -d 'Serve Dhan\'s protocols from a simulated exchange'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "config" -d 'Show the defaults that config.toml sets'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "generate" -d 'Print completions, manual pages and systemd units'
complete -c dhan -n "__fish_dhan_using_subcommand help; and not __fish_seen_subcommand_from feed depth orders watch instruments replay verify schema token doctor relay simulate config generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from instruments" -f -a "sync" -d 'Download the instrument master if the server has something newer'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from instruments" -f -a "list" -d 'Print all instruments that pass the filters'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from instruments" -f -a "find" -d 'Find instruments by their exact symbol'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from instruments" -f -a "search" -d 'Find instruments by words of their names'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from instruments" -f -a "show" -d 'Show one instrument with all columns of the file'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "save" -d 'Keep a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "show" -d 'Say whose the token is, and until when'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "ensure" -d 'Leave a token in the file that lasts'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "mint" -d 'Make a new token by PIN and TOTP'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from token" -f -a "renew" -d 'Renew a token that was made on web.dhan.co'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Print the defaults that hold, and where each comes from'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "path" -d 'Print where the file is, or would be'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "completions" -d 'Print completions of a shell'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "systemd" -d 'Print units for systemd: a token before the market opens, a stream while it is open'
complete -c dhan -n "__fish_dhan_using_subcommand help; and __fish_seen_subcommand_from generate" -f -a "man" -d 'Print manual pages'

# Instruments of the cache.
function __fish_dhan_instruments
    set -l demo
    contains -- --demo (commandline -opc); and set demo demo
    command dhan __complete (commandline -ct) $demo 2>/dev/null
end
complete -c dhan -n "__fish_dhan_using_subcommand feed depth watch" -f -a "(__fish_dhan_instruments)"
complete -c dhan -n "__fish_dhan_using_subcommand instruments; and __fish_seen_subcommand_from find show" -f -a "(__fish_dhan_instruments)"
