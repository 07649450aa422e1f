
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'dhan' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'dhan'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'dhan' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('feed', 'feed', [CompletionResultType]::ParameterValue, 'Stream the live market feed: ticker, quote or full')
            [CompletionResult]::new('depth', 'depth', [CompletionResultType]::ParameterValue, 'Stream the 20- or 200-level order book')
            [CompletionResult]::new('orders', 'orders', [CompletionResultType]::ParameterValue, 'Stream the order updates of the account')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Look at the streams live in the terminal')
            [CompletionResult]::new('instruments', 'instruments', [CompletionResultType]::ParameterValue, 'Download, list and look up instruments')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Print a capture again, as the live run printed it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that files and captures are complete')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of the records')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Keep an access token alive')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out why nothing comes')
            [CompletionResult]::new('relay', 'relay', [CompletionResultType]::ParameterValue, 'Serve one account''s sockets to all programs of this host')
            [CompletionResult]::new('simulate', 'simulate', [CompletionResultType]::ParameterValue, 'Serve Dhan''s protocols from a simulated exchange')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the defaults that config.toml sets')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Print completions, manual pages and systemd units')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;feed' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line; - is stdin')
            [CompletionResult]::new('--instruments', '--instruments', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line; - is stdin')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'ticker, quote or full [default: ticker]')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'ticker, quote or full [default: ticker]')
            [CompletionResult]::new('--chain', '--chain', [CompletionResultType]::ParameterName, 'Follow the options around the spot, such as NIFTY')
            [CompletionResult]::new('--bars', '--bars', [CompletionResultType]::ParameterName, 'OHLC bars instead of packets, such as 1m,5m')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--capture', '--capture', [CompletionResultType]::ParameterName, 'Also keep the raw frames, for dhan replay')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Stop at this time in India, such as 15:30')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'A simulated exchange: no account, no network')
            [CompletionResult]::new('--control', '--control', [CompletionResultType]::ParameterName, 'Read commands from FILE while streaming; - is stdin')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Keep only these record types, separated by commas; gaps stay')
            [CompletionResult]::new('--nats-stream', '--nats-stream', [CompletionResultType]::ParameterName, 'Make this stream for -o nats:// if it is not there: file storage, messages of one day')
            [CompletionResult]::new('--nats-creds', '--nats-creds', [CompletionResultType]::ParameterName, 'Credentials for -o nats://')
            [CompletionResult]::new('--rotate-size', '--rotate-size', [CompletionResultType]::ParameterName, 'Also begin a new file at this size on disk, such as 200MB')
            [CompletionResult]::new('--on-rotate', '--on-rotate', [CompletionResultType]::ParameterName, 'Run CMD by sh -c for every finished file, with its path in $1')
            [CompletionResult]::new('--disk-wait', '--disk-wait', [CompletionResultType]::ParameterName, 'How long to wait while the disk is full [default: 5m]')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Times: epoch or iso [default: epoch]')
            [CompletionResult]::new('--on-lag', '--on-lag', [CompletionResultType]::ParameterName, 'What happens when the reader of stdout is too slow: drop or block [default: drop]')
            [CompletionResult]::new('--fail-on-gap', '--fail-on-gap', [CompletionResultType]::ParameterName, 'Run to the end, but exit 13 when the gaps add up to more than this')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'Give up when no connection could be made for this long [default: keep trying]')
            [CompletionResult]::new('--auth-wait', '--auth-wait', [CompletionResultType]::ParameterName, 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Connect to another server; the address is used as it stands, path included')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Write figures for Prometheus'' textfile collector to FILE every 15 s')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Print a line of figures on stderr this often, such as 60s')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--once', '--once', [CompletionResultType]::ParameterName, 'One record for each instrument, then exit')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be connected to and sent, and exit')
            [CompletionResult]::new('--skip-missing', '--skip-missing', [CompletionResultType]::ParameterName, 'Go on without instruments that cannot be found')
            [CompletionResult]::new('--no-gaps', '--no-gaps', [CompletionResultType]::ParameterName, 'Do not print gap records')
            [CompletionResult]::new('--status-records', '--status-records', [CompletionResultType]::ParameterName, 'Print events of the connections as status records in the stream too')
            [CompletionResult]::new('--ignore-socket-limit', '--ignore-socket-limit', [CompletionResultType]::ParameterName, 'Open a socket although this host already holds five of its kind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;depth' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line; - is stdin')
            [CompletionResult]::new('--instruments', '--instruments', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line; - is stdin')
            [CompletionResult]::new('--levels', '--levels', [CompletionResultType]::ParameterName, 'How many levels: 20 or 200 [default: 20]')
            [CompletionResult]::new('--view', '--view', [CompletionResultType]::ParameterName, 'book: both sides; sides: every packet [default: book]')
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Print only the best N levels')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--capture', '--capture', [CompletionResultType]::ParameterName, 'Also keep the raw frames, for dhan replay')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Stop at this time in India, such as 15:30')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'A simulated exchange: no account, no network')
            [CompletionResult]::new('--control', '--control', [CompletionResultType]::ParameterName, 'Read commands from FILE while streaming; - is stdin')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Keep only these record types; gaps stay')
            [CompletionResult]::new('--nats-stream', '--nats-stream', [CompletionResultType]::ParameterName, 'Make this stream for -o nats:// if it is not there: file storage, messages of one day')
            [CompletionResult]::new('--nats-creds', '--nats-creds', [CompletionResultType]::ParameterName, 'Credentials for -o nats://')
            [CompletionResult]::new('--rotate-size', '--rotate-size', [CompletionResultType]::ParameterName, 'Also begin a new file at this size on disk, such as 200MB')
            [CompletionResult]::new('--on-rotate', '--on-rotate', [CompletionResultType]::ParameterName, 'Run CMD by sh -c for every finished file, with its path in $1')
            [CompletionResult]::new('--disk-wait', '--disk-wait', [CompletionResultType]::ParameterName, 'How long to wait while the disk is full [default: 5m]')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Times: epoch or iso [default: epoch]')
            [CompletionResult]::new('--on-lag', '--on-lag', [CompletionResultType]::ParameterName, 'What happens when the reader of stdout is too slow: drop or block [default: drop]')
            [CompletionResult]::new('--fail-on-gap', '--fail-on-gap', [CompletionResultType]::ParameterName, 'Run to the end, but exit 13 when the gaps add up to more than this')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'Give up when no connection could be made for this long [default: keep trying]')
            [CompletionResult]::new('--auth-wait', '--auth-wait', [CompletionResultType]::ParameterName, 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Connect to another server; the address is used as it stands, path included')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Write figures for Prometheus'' textfile collector to FILE every 15 s')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Print a line of figures on stderr this often, such as 60s')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be connected to and sent, and exit')
            [CompletionResult]::new('--skip-missing', '--skip-missing', [CompletionResultType]::ParameterName, 'Go on without instruments that cannot be found')
            [CompletionResult]::new('--no-gaps', '--no-gaps', [CompletionResultType]::ParameterName, 'Do not print gap records')
            [CompletionResult]::new('--status-records', '--status-records', [CompletionResultType]::ParameterName, 'Print events of the connections as status records in the stream too')
            [CompletionResult]::new('--ignore-socket-limit', '--ignore-socket-limit', [CompletionResultType]::ParameterName, 'Open a socket although this host already holds five of its kind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;orders' {
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Keep only updates with one of these events')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Times: epoch or iso [default: epoch]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--capture', '--capture', [CompletionResultType]::ParameterName, 'Also keep the raw frames, for dhan replay')
            [CompletionResult]::new('-d', '-d', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--duration', '--duration', [CompletionResultType]::ParameterName, 'Stop after this time, such as 6h15m')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'Stop at this time in India, such as 15:30')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'A simulated exchange: no account, no network')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Keep only these record types; gaps stay')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]')
            [CompletionResult]::new('--nats-stream', '--nats-stream', [CompletionResultType]::ParameterName, 'Make this stream for -o nats:// if it is not there: file storage, messages of one day')
            [CompletionResult]::new('--nats-creds', '--nats-creds', [CompletionResultType]::ParameterName, 'Credentials for -o nats://')
            [CompletionResult]::new('--rotate-size', '--rotate-size', [CompletionResultType]::ParameterName, 'Also begin a new file at this size on disk, such as 200MB')
            [CompletionResult]::new('--on-rotate', '--on-rotate', [CompletionResultType]::ParameterName, 'Run CMD by sh -c for every finished file, with its path in $1')
            [CompletionResult]::new('--disk-wait', '--disk-wait', [CompletionResultType]::ParameterName, 'How long to wait while the disk is full [default: 5m]')
            [CompletionResult]::new('--on-lag', '--on-lag', [CompletionResultType]::ParameterName, 'What happens when the reader of stdout is too slow: drop or block [default: drop]')
            [CompletionResult]::new('--fail-on-gap', '--fail-on-gap', [CompletionResultType]::ParameterName, 'Run to the end, but exit 13 when the gaps add up to more than this')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'Give up when no connection could be made for this long [default: keep trying]')
            [CompletionResult]::new('--auth-wait', '--auth-wait', [CompletionResultType]::ParameterName, 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Connect to another server; the address is used as it stands, path included')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--metrics', '--metrics', [CompletionResultType]::ParameterName, 'Write figures for Prometheus'' textfile collector to FILE every 15 s')
            [CompletionResult]::new('--stats', '--stats', [CompletionResultType]::ParameterName, 'Print a line of figures on stderr this often, such as 60s')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--no-snapshot', '--no-snapshot', [CompletionResultType]::ParameterName, 'Leave out the orders of the day at the start')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Print what would be connected to and sent, and exit')
            [CompletionResult]::new('--show-client-id', '--show-client-id', [CompletionResultType]::ParameterName, 'Print client ids whole')
            [CompletionResult]::new('--no-gaps', '--no-gaps', [CompletionResultType]::ParameterName, 'Do not print gap records')
            [CompletionResult]::new('--status-records', '--status-records', [CompletionResultType]::ParameterName, 'Print events of the connections as status records in the stream too')
            [CompletionResult]::new('--ignore-socket-limit', '--ignore-socket-limit', [CompletionResultType]::ParameterName, 'Open a socket although this host already holds five of its kind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;watch' {
            [CompletionResult]::new('-i', '-i', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line')
            [CompletionResult]::new('--instruments', '--instruments', [CompletionResultType]::ParameterName, 'Read instruments from FILE, one a line')
            [CompletionResult]::new('--chain', '--chain', [CompletionResultType]::ParameterName, 'Watch the options around the spot, such as NIFTY')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'ticker, quote or full [default: full]')
            [CompletionResult]::new('--mode', '--mode', [CompletionResultType]::ParameterName, 'ticker, quote or full [default: full]')
            [CompletionResult]::new('--depth', '--depth', [CompletionResultType]::ParameterName, 'Show the order book of one instrument')
            [CompletionResult]::new('--levels', '--levels', [CompletionResultType]::ParameterName, 'With --depth: 20 or 200 levels [default: 20]')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Show what a capture holds')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'With --replay: max, 1x or 10x [default: 1x]')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'A simulated exchange: no account, no network')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]')
            [CompletionResult]::new('--auth-wait', '--auth-wait', [CompletionResultType]::ParameterName, 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--url', '--url', [CompletionResultType]::ParameterName, 'Connect to another server; the address is used as it stands, path included')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--orders', '--orders', [CompletionResultType]::ParameterName, 'Show the orders of the account')
            [CompletionResult]::new('--skip-missing', '--skip-missing', [CompletionResultType]::ParameterName, 'Go on without instruments that cannot be found')
            [CompletionResult]::new('--ignore-socket-limit', '--ignore-socket-limit', [CompletionResultType]::ParameterName, 'Open a socket although this host already holds five of its kind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Download the instrument master if the server has something newer')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print all instruments that pass the filters')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'Find instruments by their exact symbol')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find instruments by words of their names')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one instrument with all columns of the file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;instruments;sync' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'The file with ISINs, limits and freeze quantities')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Download whatever the cache holds')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments;list' {
            [CompletionResult]::new('--around', '--around', [CompletionResultType]::ParameterName, 'The options around this price; needs --underlying')
            [CompletionResult]::new('--strikes', '--strikes', [CompletionResultType]::ParameterName, 'Strikes on each side of --around')
            [CompletionResult]::new('--segment', '--segment', [CompletionResultType]::ParameterName, 'Segments, such as NSE_EQ, NFO or IDX')
            [CompletionResult]::new('--instrument', '--instrument', [CompletionResultType]::ParameterName, 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …')
            [CompletionResult]::new('--underlying', '--underlying', [CompletionResultType]::ParameterName, 'What contracts are about: NIFTY, RELIANCE, GOLD')
            [CompletionResult]::new('--expiry', '--expiry', [CompletionResultType]::ParameterName, 'Expiries: a date, nearest, next or month')
            [CompletionResult]::new('--strike', '--strike', [CompletionResultType]::ParameterName, 'Strikes of options, both ends included')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Calls or puts')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--series', '--series', [CompletionResultType]::ParameterName, 'Series of shares and bonds: EQ, BE, SM, …')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Use this instrument master as it is, neither cache nor network')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'The file with ISINs, limits and freeze quantities')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Contracts that have expired too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Never touch the network: use the cache, however old')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments;find' {
            [CompletionResult]::new('--segment', '--segment', [CompletionResultType]::ParameterName, 'Segments, such as NSE_EQ, NFO or IDX')
            [CompletionResult]::new('--instrument', '--instrument', [CompletionResultType]::ParameterName, 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …')
            [CompletionResult]::new('--underlying', '--underlying', [CompletionResultType]::ParameterName, 'What contracts are about: NIFTY, RELIANCE, GOLD')
            [CompletionResult]::new('--expiry', '--expiry', [CompletionResultType]::ParameterName, 'Expiries: a date, nearest, next or month')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--series', '--series', [CompletionResultType]::ParameterName, 'Series of shares and bonds: EQ, BE, SM, …')
            [CompletionResult]::new('--strike', '--strike', [CompletionResultType]::ParameterName, 'Strikes of options, both ends included')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Calls or puts')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Use this instrument master as it is, neither cache nor network')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'The file with ISINs, limits and freeze quantities')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Contracts that have expired too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Never touch the network: use the cache, however old')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments;search' {
            [CompletionResult]::new('--segment', '--segment', [CompletionResultType]::ParameterName, 'Segments, such as NSE_EQ, NFO or IDX')
            [CompletionResult]::new('--instrument', '--instrument', [CompletionResultType]::ParameterName, 'Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …')
            [CompletionResult]::new('--underlying', '--underlying', [CompletionResultType]::ParameterName, 'What contracts are about: NIFTY, RELIANCE, GOLD')
            [CompletionResult]::new('--expiry', '--expiry', [CompletionResultType]::ParameterName, 'Expiries: a date, nearest, next or month')
            [CompletionResult]::new('--limit', '--limit', [CompletionResultType]::ParameterName, 'At most so many')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--series', '--series', [CompletionResultType]::ParameterName, 'Series of shares and bonds: EQ, BE, SM, …')
            [CompletionResult]::new('--strike', '--strike', [CompletionResultType]::ParameterName, 'Strikes of options, both ends included')
            [CompletionResult]::new('--option', '--option', [CompletionResultType]::ParameterName, 'Calls or puts')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Use this instrument master as it is, neither cache nor network')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'The file with ISINs, limits and freeze quantities')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Contracts that have expired too')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Never touch the network: use the cache, however old')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments;show' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson, csv, table or spec')
            [CompletionResult]::new('--file', '--file', [CompletionResultType]::ParameterName, 'Use this instrument master as it is, neither cache nor network')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--expired', '--expired', [CompletionResultType]::ParameterName, 'Contracts that have expired too')
            [CompletionResult]::new('--detailed', '--detailed', [CompletionResultType]::ParameterName, 'The file with ISINs, limits and freeze quantities')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Never touch the network: use the cache, however old')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;instruments;help' {
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Download the instrument master if the server has something newer')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print all instruments that pass the filters')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'Find instruments by their exact symbol')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find instruments by words of their names')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one instrument with all columns of the file')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;instruments;help;sync' {
            break
        }
        'dhan;instruments;help;list' {
            break
        }
        'dhan;instruments;help;find' {
            break
        }
        'dhan;instruments;help;search' {
            break
        }
        'dhan;instruments;help;show' {
            break
        }
        'dhan;instruments;help;help' {
            break
        }
        'dhan;replay' {
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'max, 1x (as it was received) or 10x [default: max]')
            [CompletionResult]::new('--bars', '--bars', [CompletionResultType]::ParameterName, 'OHLC bars instead of packets, such as 1m,5m')
            [CompletionResult]::new('--only', '--only', [CompletionResultType]::ParameterName, 'Keep only these record types, separated by commas; gaps stay')
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'ndjson or csv [default: ndjson, or as -o is named]')
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Append to a file, such as ''day-{date}.ndjson.zst''')
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Times: epoch or iso [default: epoch]')
            [CompletionResult]::new('-n', '-n', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'Stop after N records')
            [CompletionResult]::new('--view', '--view', [CompletionResultType]::ParameterName, 'book: both sides; sides: every packet [default: book]')
            [CompletionResult]::new('--top', '--top', [CompletionResultType]::ParameterName, 'Print only the best N levels')
            [CompletionResult]::new('--events', '--events', [CompletionResultType]::ParameterName, 'Keep only updates with one of these events')
            [CompletionResult]::new('--nats-stream', '--nats-stream', [CompletionResultType]::ParameterName, 'Make this stream for -o nats:// if it is not there: file storage, messages of one day')
            [CompletionResult]::new('--nats-creds', '--nats-creds', [CompletionResultType]::ParameterName, 'Credentials for -o nats://')
            [CompletionResult]::new('--rotate-size', '--rotate-size', [CompletionResultType]::ParameterName, 'Also begin a new file at this size on disk, such as 200MB')
            [CompletionResult]::new('--on-rotate', '--on-rotate', [CompletionResultType]::ParameterName, 'Run CMD by sh -c for every finished file, with its path in $1')
            [CompletionResult]::new('--disk-wait', '--disk-wait', [CompletionResultType]::ParameterName, 'How long to wait while the disk is full [default: 5m]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--show-client-id', '--show-client-id', [CompletionResultType]::ParameterName, 'Print client ids whole')
            [CompletionResult]::new('--no-gaps', '--no-gaps', [CompletionResultType]::ParameterName, 'Do not print gap records')
            [CompletionResult]::new('--status-records', '--status-records', [CompletionResultType]::ParameterName, 'Print events of the connections as status records in the stream too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;verify' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'As records, or as a table for people with times in IST')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'As records, or as a table for people with times in IST')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;schema' {
            [CompletionResult]::new('--time', '--time', [CompletionResultType]::ParameterName, 'Times as dhan prints them: numbers, or RFC 3339 in IST')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--duckdb', '--duckdb', [CompletionResultType]::ParameterName, 'Print the columns for DuckDB''s read_json instead')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('save', 'save', [CompletionResultType]::ParameterValue, 'Keep a token that was made on web.dhan.co')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Say whose the token is, and until when')
            [CompletionResult]::new('ensure', 'ensure', [CompletionResultType]::ParameterValue, 'Leave a token in the file that lasts')
            [CompletionResult]::new('mint', 'mint', [CompletionResultType]::ParameterValue, 'Make a new token by PIN and TOTP')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew a token that was made on web.dhan.co')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;token;save' {
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id, where the token does not name it [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token;show' {
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Ask Dhan too whether the token is alive')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token;ensure' {
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'The token must last this long, such as 8h')
            [CompletionResult]::new('--until', '--until', [CompletionResultType]::ParameterName, 'The token must last until this time in India, such as 15:30')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id, where the token does not name it [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--pin-file', '--pin-file', [CompletionResultType]::ParameterName, 'Read the account''s PIN from FILE [env: DHAN_PIN_FILE]')
            [CompletionResult]::new('--pin-command', '--pin-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]')
            [CompletionResult]::new('--totp-file', '--totp-file', [CompletionResultType]::ParameterName, 'Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]')
            [CompletionResult]::new('--totp-command', '--totp-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token;mint' {
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id, where the token does not name it [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--pin-file', '--pin-file', [CompletionResultType]::ParameterName, 'Read the account''s PIN from FILE [env: DHAN_PIN_FILE]')
            [CompletionResult]::new('--pin-command', '--pin-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]')
            [CompletionResult]::new('--totp-file', '--totp-file', [CompletionResultType]::ParameterName, 'Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]')
            [CompletionResult]::new('--totp-command', '--totp-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token;renew' {
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id, where the token does not name it [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;token;help' {
            [CompletionResult]::new('save', 'save', [CompletionResultType]::ParameterValue, 'Keep a token that was made on web.dhan.co')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Say whose the token is, and until when')
            [CompletionResult]::new('ensure', 'ensure', [CompletionResultType]::ParameterValue, 'Leave a token in the file that lasts')
            [CompletionResult]::new('mint', 'mint', [CompletionResultType]::ParameterValue, 'Make a new token by PIN and TOTP')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew a token that was made on web.dhan.co')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;token;help;save' {
            break
        }
        'dhan;token;help;show' {
            break
        }
        'dhan;token;help;ensure' {
            break
        }
        'dhan;token;help;mint' {
            break
        }
        'dhan;token;help;renew' {
            break
        }
        'dhan;token;help;help' {
            break
        }
        'dhan;doctor' {
            [CompletionResult]::new('-f', '-f', [CompletionResultType]::ParameterName, 'For people or as records [default: table on a terminal, ndjson elsewhere]')
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'For people or as records [default: table on a terminal, ndjson elsewhere]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--stop', '--stop', [CompletionResultType]::ParameterName, 'End every stream of this account on this host (SIGTERM), say which, and look at nothing else')
            [CompletionResult]::new('--offline', '--offline', [CompletionResultType]::ParameterName, 'Touch no network')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Print records, on a terminal too: --format ndjson')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;relay' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Loopback address and port to listen on')
            [CompletionResult]::new('--client-token-file', '--client-token-file', [CompletionResultType]::ParameterName, 'Serve only clients whose token is the one in FILE')
            [CompletionResult]::new('--token-file', '--token-file', [CompletionResultType]::ParameterName, 'Read the access token from FILE [env: DHAN_TOKEN_FILE]')
            [CompletionResult]::new('--client-id', '--client-id', [CompletionResultType]::ParameterName, 'The account''s client id [env: DHAN_CLIENT_ID]')
            [CompletionResult]::new('--demo', '--demo', [CompletionResultType]::ParameterName, 'A simulated exchange: no account, no network')
            [CompletionResult]::new('--control', '--control', [CompletionResultType]::ParameterName, 'Read commands from FILE while serving: sub SPEC… (ask for instruments though no client needs them), unsub SPEC…, list, quit; - is stdin')
            [CompletionResult]::new('--token-command', '--token-command', [CompletionResultType]::ParameterName, 'Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]')
            [CompletionResult]::new('--user-type', '--user-type', [CompletionResultType]::ParameterName, 'Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]')
            [CompletionResult]::new('--auth-wait', '--auth-wait', [CompletionResultType]::ParameterName, 'How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]')
            [CompletionResult]::new('--max-outage', '--max-outage', [CompletionResultType]::ParameterName, 'Give up when no connection could be made for this long [default: keep trying]')
            [CompletionResult]::new('--ca-file', '--ca-file', [CompletionResultType]::ParameterName, 'Trust the root certificates in this file, as SSL_CERT_FILE')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--ignore-socket-limit', '--ignore-socket-limit', [CompletionResultType]::ParameterName, 'Open a socket although this host already holds five of its kind')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;simulate' {
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Address and port to listen on')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'Seed of everything that is random')
            [CompletionResult]::new('--rate', '--rate', [CompletionResultType]::ParameterName, 'Packets a second in all [default: ten for every subscription]')
            [CompletionResult]::new('--replay', '--replay', [CompletionResultType]::ParameterName, 'Send the frames of this capture')
            [CompletionResult]::new('--speed', '--speed', [CompletionResultType]::ParameterName, 'How fast the capture is played: 1x, 10x or max')
            [CompletionResult]::new('--fault', '--fault', [CompletionResultType]::ParameterName, 'Misbehave on every connection, such as reset-after=50')
            [CompletionResult]::new('--casing', '--casing', [CompletionResultType]::ParameterName, 'How keys of order messages are spelled')
            [CompletionResult]::new('--disconnect-layout', '--disconnect-layout', [CompletionResultType]::ParameterName, 'How depth sockets write a disconnect packet; sources differ')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;config' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the defaults that hold, and where each comes from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the file is, or would be')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;config;show' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;config;path' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;config;help' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the defaults that hold, and where each comes from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the file is, or would be')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;config;help;show' {
            break
        }
        'dhan;config;help;path' {
            break
        }
        'dhan;config;help;help' {
            break
        }
        'dhan;generate' {
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions of a shell')
            [CompletionResult]::new('systemd', 'systemd', [CompletionResultType]::ParameterValue, 'Print units for systemd: a token before the market opens, a stream while it is open')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;generate;completions' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write the files there instead of printing')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Compare the files there with what would be written; exit 1 if they differ')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;generate;systemd' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write the files there instead of printing')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;generate;man' {
            [CompletionResult]::new('--dir', '--dir', [CompletionResultType]::ParameterName, 'Write all pages there instead of printing')
            [CompletionResult]::new('--log-format', '--log-format', [CompletionResultType]::ParameterName, 'How messages are written: as text, or as a JSON object a line')
            [CompletionResult]::new('--color', '--color', [CompletionResultType]::ParameterName, 'When messages are coloured [default: auto]')
            [CompletionResult]::new('--profile', '--profile', [CompletionResultType]::ParameterName, 'Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]')
            [CompletionResult]::new('--check', '--check', [CompletionResultType]::ParameterName, 'Compare the files there with what would be written; exit 1 if they differ')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Only warnings and errors on stderr; -qq: only errors')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'More on stderr; -vv: every message and packet')
            [CompletionResult]::new('--no-config', '--no-config', [CompletionResultType]::ParameterName, 'Do not read config.toml')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'dhan;generate;help' {
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions of a shell')
            [CompletionResult]::new('systemd', 'systemd', [CompletionResultType]::ParameterValue, 'Print units for systemd: a token before the market opens, a stream while it is open')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print manual pages')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;generate;help;completions' {
            break
        }
        'dhan;generate;help;systemd' {
            break
        }
        'dhan;generate;help;man' {
            break
        }
        'dhan;generate;help;help' {
            break
        }
        'dhan;help' {
            [CompletionResult]::new('feed', 'feed', [CompletionResultType]::ParameterValue, 'Stream the live market feed: ticker, quote or full')
            [CompletionResult]::new('depth', 'depth', [CompletionResultType]::ParameterValue, 'Stream the 20- or 200-level order book')
            [CompletionResult]::new('orders', 'orders', [CompletionResultType]::ParameterValue, 'Stream the order updates of the account')
            [CompletionResult]::new('watch', 'watch', [CompletionResultType]::ParameterValue, 'Look at the streams live in the terminal')
            [CompletionResult]::new('instruments', 'instruments', [CompletionResultType]::ParameterValue, 'Download, list and look up instruments')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Print a capture again, as the live run printed it')
            [CompletionResult]::new('verify', 'verify', [CompletionResultType]::ParameterValue, 'Check that files and captures are complete')
            [CompletionResult]::new('schema', 'schema', [CompletionResultType]::ParameterValue, 'Print the JSON Schema of the records')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Keep an access token alive')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out why nothing comes')
            [CompletionResult]::new('relay', 'relay', [CompletionResultType]::ParameterValue, 'Serve one account''s sockets to all programs of this host')
            [CompletionResult]::new('simulate', 'simulate', [CompletionResultType]::ParameterValue, 'Serve Dhan''s protocols from a simulated exchange')
            [CompletionResult]::new('config', 'config', [CompletionResultType]::ParameterValue, 'Show the defaults that config.toml sets')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Print completions, manual pages and systemd units')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'dhan;help;feed' {
            break
        }
        'dhan;help;depth' {
            break
        }
        'dhan;help;orders' {
            break
        }
        'dhan;help;watch' {
            break
        }
        'dhan;help;instruments' {
            [CompletionResult]::new('sync', 'sync', [CompletionResultType]::ParameterValue, 'Download the instrument master if the server has something newer')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'Print all instruments that pass the filters')
            [CompletionResult]::new('find', 'find', [CompletionResultType]::ParameterValue, 'Find instruments by their exact symbol')
            [CompletionResult]::new('search', 'search', [CompletionResultType]::ParameterValue, 'Find instruments by words of their names')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Show one instrument with all columns of the file')
            break
        }
        'dhan;help;instruments;sync' {
            break
        }
        'dhan;help;instruments;list' {
            break
        }
        'dhan;help;instruments;find' {
            break
        }
        'dhan;help;instruments;search' {
            break
        }
        'dhan;help;instruments;show' {
            break
        }
        'dhan;help;replay' {
            break
        }
        'dhan;help;verify' {
            break
        }
        'dhan;help;schema' {
            break
        }
        'dhan;help;token' {
            [CompletionResult]::new('save', 'save', [CompletionResultType]::ParameterValue, 'Keep a token that was made on web.dhan.co')
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Say whose the token is, and until when')
            [CompletionResult]::new('ensure', 'ensure', [CompletionResultType]::ParameterValue, 'Leave a token in the file that lasts')
            [CompletionResult]::new('mint', 'mint', [CompletionResultType]::ParameterValue, 'Make a new token by PIN and TOTP')
            [CompletionResult]::new('renew', 'renew', [CompletionResultType]::ParameterValue, 'Renew a token that was made on web.dhan.co')
            break
        }
        'dhan;help;token;save' {
            break
        }
        'dhan;help;token;show' {
            break
        }
        'dhan;help;token;ensure' {
            break
        }
        'dhan;help;token;mint' {
            break
        }
        'dhan;help;token;renew' {
            break
        }
        'dhan;help;doctor' {
            break
        }
        'dhan;help;relay' {
            break
        }
        'dhan;help;simulate' {
            break
        }
        'dhan;help;config' {
            [CompletionResult]::new('show', 'show', [CompletionResultType]::ParameterValue, 'Print the defaults that hold, and where each comes from')
            [CompletionResult]::new('path', 'path', [CompletionResultType]::ParameterValue, 'Print where the file is, or would be')
            break
        }
        'dhan;help;config;show' {
            break
        }
        'dhan;help;config;path' {
            break
        }
        'dhan;help;generate' {
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Print completions of a shell')
            [CompletionResult]::new('systemd', 'systemd', [CompletionResultType]::ParameterValue, 'Print units for systemd: a token before the market opens, a stream while it is open')
            [CompletionResult]::new('man', 'man', [CompletionResultType]::ParameterValue, 'Print manual pages')
            break
        }
        'dhan;help;generate;completions' {
            break
        }
        'dhan;help;generate;systemd' {
            break
        }
        'dhan;help;generate;man' {
            break
        }
        'dhan;help;help' {
            break
        }
    })

    # Instruments of the cache, where one is wanted.
    $takes = '^dhan;(feed|depth|watch|instruments;(find|show))(;|$)'
    if ($command -match $takes -and -not $wordToComplete.StartsWith('-')) {
        $words = @("$wordToComplete")
        if ($commandElements.Extent.Text -contains '--demo') { $words += 'demo' }
        $completions += @(dhan __complete @words 2>$null | ForEach-Object {
            [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_)
        })
    }

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
