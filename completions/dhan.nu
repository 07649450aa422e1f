module completions {

  # Instruments of the cache.
  def "nu-complete dhan instruments" [context: string] {
    let words = ($context | split row " ")
    let demo = (if ("--demo" in $words) { ["demo"] } else { [] })
    ^dhan __complete ($words | last) ...$demo | lines
  }

  def "nu-complete dhan log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan color" [] {
    [ "auto" "always" "never" ]
  }

  # Stream Dhan's live market feed, market depth and order updates as NDJSON or CSV
  export extern dhan [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    --version(-V)             # Print version
  ]

  def "nu-complete dhan feed mode" [] {
    [ "ticker" "quote" "full" ]
  }

  def "nu-complete dhan feed format" [] {
    [ "ndjson" "csv" ]
  }

  def "nu-complete dhan feed only" [] {
    [ "ticker" "quote" "full" "oi" "prev_close" "market_status" "unknown" "chain" "bar" ]
  }

  def "nu-complete dhan feed time" [] {
    [ "epoch" "iso" ]
  }

  def "nu-complete dhan feed on_lag" [] {
    [ "drop" "block" ]
  }

  def "nu-complete dhan feed log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan feed color" [] {
    [ "auto" "always" "never" ]
  }

  # Stream the live market feed: ticker, quote or full
  export extern "dhan feed" [
    --instruments(-i): path   # Read instruments from FILE, one a line; - is stdin
    --mode(-m): string@"nu-complete dhan feed mode" # ticker, quote or full [default: ticker]
    --chain: string           # Follow the options around the spot, such as NIFTY
    --once                    # One record for each instrument, then exit
    --bars: string            # OHLC bars instead of packets, such as 1m,5m
    --format(-f): string@"nu-complete dhan feed format" # ndjson or csv [default: ndjson, or as -o is named]
    --output(-o): path        # Append to a file, such as 'day-{date}.ndjson.zst'
    --count(-n): string       # Stop after N records
    --capture: path           # Also keep the raw frames, for dhan replay
    --duration(-d): string    # Stop after this time, such as 6h15m
    --until: string           # Stop at this time in India, such as 15:30
    --demo: string            # A simulated exchange: no account, no network
    --dry-run                 # Print what would be connected to and sent, and exit
    --control: path           # Read commands from FILE while streaming; - is stdin
    --skip-missing            # Go on without instruments that cannot be found
    --only: string@"nu-complete dhan feed only" # Keep only these record types, separated by commas; gaps stay
    --nats-stream: string     # Make this stream for -o nats:// if it is not there: file storage, messages of one day
    --nats-creds: path        # Credentials for -o nats://
    --rotate-size: string     # Also begin a new file at this size on disk, such as 200MB
    --on-rotate: string       # Run CMD by sh -c for every finished file, with its path in $1
    --disk-wait: string       # How long to wait while the disk is full [default: 5m]
    --no-gaps                 # Do not print gap records
    --time: string@"nu-complete dhan feed time" # Times: epoch or iso [default: epoch]
    --status-records          # Print events of the connections as status records in the stream too
    --on-lag: string@"nu-complete dhan feed on_lag" # What happens when the reader of stdout is too slow: drop or block [default: drop]
    --fail-on-gap: string     # Run to the end, but exit 13 when the gaps add up to more than this
    --max-outage: string      # Give up when no connection could be made for this long [default: keep trying]
    --auth-wait: string       # How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --url: string             # Connect to another server; the address is used as it stands, path included
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --ignore-socket-limit     # Open a socket although this host already holds five of its kind
    --metrics: path           # Write figures for Prometheus' textfile collector to FILE every 15 s
    --stats: string           # Print a line of figures on stderr this often, such as 60s
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan feed log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan feed color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...specs: string@"nu-complete dhan instruments"          # SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
  ]

  def "nu-complete dhan depth levels" [] {
    [ "20" "200" ]
  }

  def "nu-complete dhan depth view" [] {
    [ "book" "sides" ]
  }

  def "nu-complete dhan depth format" [] {
    [ "ndjson" "csv" ]
  }

  def "nu-complete dhan depth only" [] {
    [ "depth" "depth_side" ]
  }

  def "nu-complete dhan depth time" [] {
    [ "epoch" "iso" ]
  }

  def "nu-complete dhan depth on_lag" [] {
    [ "drop" "block" ]
  }

  def "nu-complete dhan depth log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan depth color" [] {
    [ "auto" "always" "never" ]
  }

  # Stream the 20- or 200-level order book
  export extern "dhan depth" [
    --instruments(-i): path   # Read instruments from FILE, one a line; - is stdin
    --levels: string@"nu-complete dhan depth levels" # How many levels: 20 or 200 [default: 20]
    --view: string@"nu-complete dhan depth view" # book: both sides; sides: every packet [default: book]
    --top: string             # Print only the best N levels
    --format(-f): string@"nu-complete dhan depth format" # ndjson or csv [default: ndjson, or as -o is named]
    --output(-o): path        # Append to a file, such as 'day-{date}.ndjson.zst'
    --count(-n): string       # Stop after N records
    --capture: path           # Also keep the raw frames, for dhan replay
    --duration(-d): string    # Stop after this time, such as 6h15m
    --until: string           # Stop at this time in India, such as 15:30
    --demo: string            # A simulated exchange: no account, no network
    --dry-run                 # Print what would be connected to and sent, and exit
    --control: path           # Read commands from FILE while streaming; - is stdin
    --skip-missing            # Go on without instruments that cannot be found
    --only: string@"nu-complete dhan depth only" # Keep only these record types; gaps stay
    --nats-stream: string     # Make this stream for -o nats:// if it is not there: file storage, messages of one day
    --nats-creds: path        # Credentials for -o nats://
    --rotate-size: string     # Also begin a new file at this size on disk, such as 200MB
    --on-rotate: string       # Run CMD by sh -c for every finished file, with its path in $1
    --disk-wait: string       # How long to wait while the disk is full [default: 5m]
    --no-gaps                 # Do not print gap records
    --time: string@"nu-complete dhan depth time" # Times: epoch or iso [default: epoch]
    --status-records          # Print events of the connections as status records in the stream too
    --on-lag: string@"nu-complete dhan depth on_lag" # What happens when the reader of stdout is too slow: drop or block [default: drop]
    --fail-on-gap: string     # Run to the end, but exit 13 when the gaps add up to more than this
    --max-outage: string      # Give up when no connection could be made for this long [default: keep trying]
    --auth-wait: string       # How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --url: string             # Connect to another server; the address is used as it stands, path included
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --ignore-socket-limit     # Open a socket although this host already holds five of its kind
    --metrics: path           # Write figures for Prometheus' textfile collector to FILE every 15 s
    --stats: string           # Print a line of figures on stderr this often, such as 60s
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan depth log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan depth color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...specs: string@"nu-complete dhan instruments"          # SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
  ]

  def "nu-complete dhan orders events" [] {
    [ "update" "snapshot" "status_change" "execution" "order_transit" "order_pending" "order_rejected" "order_cancelled" "order_traded" "order_expired" "order_part_traded" "order_triggered" "order_closed" ]
  }

  def "nu-complete dhan orders format" [] {
    [ "ndjson" "csv" ]
  }

  def "nu-complete dhan orders time" [] {
    [ "epoch" "iso" ]
  }

  def "nu-complete dhan orders only" [] {
    [ "order" ]
  }

  def "nu-complete dhan orders user_type" [] {
    [ "self" "partner" ]
  }

  def "nu-complete dhan orders on_lag" [] {
    [ "drop" "block" ]
  }

  def "nu-complete dhan orders log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan orders color" [] {
    [ "auto" "always" "never" ]
  }

  # Stream the order updates of the account
  export extern "dhan orders" [
    --events: string@"nu-complete dhan orders events" # Keep only updates with one of these events
    --no-snapshot             # Leave out the orders of the day at the start
    --format(-f): string@"nu-complete dhan orders format" # ndjson or csv [default: ndjson, or as -o is named]
    --output(-o): path        # Append to a file, such as 'day-{date}.ndjson.zst'
    --time: string@"nu-complete dhan orders time" # Times: epoch or iso [default: epoch]
    --count(-n): string       # Stop after N records
    --capture: path           # Also keep the raw frames, for dhan replay
    --duration(-d): string    # Stop after this time, such as 6h15m
    --until: string           # Stop at this time in India, such as 15:30
    --demo: string            # A simulated exchange: no account, no network
    --dry-run                 # Print what would be connected to and sent, and exit
    --show-client-id          # Print client ids whole
    --only: string@"nu-complete dhan orders only" # Keep only these record types; gaps stay
    --user-type: string@"nu-complete dhan orders user_type" # Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]
    --nats-stream: string     # Make this stream for -o nats:// if it is not there: file storage, messages of one day
    --nats-creds: path        # Credentials for -o nats://
    --rotate-size: string     # Also begin a new file at this size on disk, such as 200MB
    --on-rotate: string       # Run CMD by sh -c for every finished file, with its path in $1
    --disk-wait: string       # How long to wait while the disk is full [default: 5m]
    --no-gaps                 # Do not print gap records
    --status-records          # Print events of the connections as status records in the stream too
    --on-lag: string@"nu-complete dhan orders on_lag" # What happens when the reader of stdout is too slow: drop or block [default: drop]
    --fail-on-gap: string     # Run to the end, but exit 13 when the gaps add up to more than this
    --max-outage: string      # Give up when no connection could be made for this long [default: keep trying]
    --auth-wait: string       # How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --url: string             # Connect to another server; the address is used as it stands, path included
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --ignore-socket-limit     # Open a socket although this host already holds five of its kind
    --metrics: path           # Write figures for Prometheus' textfile collector to FILE every 15 s
    --stats: string           # Print a line of figures on stderr this often, such as 60s
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan orders log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan orders color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan watch mode" [] {
    [ "ticker" "quote" "full" ]
  }

  def "nu-complete dhan watch levels" [] {
    [ "20" "200" ]
  }

  def "nu-complete dhan watch speed" [] {
    [ "max" "1x" "10x" ]
  }

  def "nu-complete dhan watch user_type" [] {
    [ "self" "partner" ]
  }

  def "nu-complete dhan watch log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan watch color" [] {
    [ "auto" "always" "never" ]
  }

  # Look at the streams live in the terminal
  export extern "dhan watch" [
    --instruments(-i): path   # Read instruments from FILE, one a line
    --chain: string           # Watch the options around the spot, such as NIFTY
    --mode(-m): string@"nu-complete dhan watch mode" # ticker, quote or full [default: full]
    --depth: string           # Show the order book of one instrument
    --levels: string@"nu-complete dhan watch levels" # With --depth: 20 or 200 levels [default: 20]
    --orders                  # Show the orders of the account
    --replay: path            # Show what a capture holds
    --speed: string@"nu-complete dhan watch speed" # With --replay: max, 1x or 10x [default: 1x]
    --demo: string            # A simulated exchange: no account, no network
    --skip-missing            # Go on without instruments that cannot be found
    --user-type: string@"nu-complete dhan watch user_type" # Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]
    --auth-wait: string       # How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --url: string             # Connect to another server; the address is used as it stands, path included
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --ignore-socket-limit     # Open a socket although this host already holds five of its kind
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan watch log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan watch color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...specs: string@"nu-complete dhan instruments"          # SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
  ]

  def "nu-complete dhan instruments log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments color" [] {
    [ "auto" "always" "never" ]
  }

  # Download, list and look up instruments
  export extern "dhan instruments" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan instruments sync log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments sync color" [] {
    [ "auto" "always" "never" ]
  }

  # Download the instrument master if the server has something newer
  export extern "dhan instruments sync" [
    --detailed                # The file with ISINs, limits and freeze quantities
    --force                   # Download whatever the cache holds
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments sync log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments sync color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan instruments list segment" [] {
    [ "IDX_I" "NSE_EQ" "NSE_FNO" "NSE_CURRENCY" "BSE_EQ" "MCX_COMM" "BSE_CURRENCY" "BSE_FNO" "NSE_COMM" ]
  }

  def "nu-complete dhan instruments list option" [] {
    [ "CE" "PE" ]
  }

  def "nu-complete dhan instruments list format" [] {
    [ "ndjson" "csv" "table" "spec" ]
  }

  def "nu-complete dhan instruments list log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments list color" [] {
    [ "auto" "always" "never" ]
  }

  # Print all instruments that pass the filters
  export extern "dhan instruments list" [
    --around: string          # The options around this price; needs --underlying
    --strikes: string         # Strikes on each side of --around
    --segment: string@"nu-complete dhan instruments list segment" # Segments, such as NSE_EQ, NFO or IDX
    --instrument: string      # Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …
    --underlying: string      # What contracts are about: NIFTY, RELIANCE, GOLD
    --expiry: string          # Expiries: a date, nearest, next or month
    --strike: string          # Strikes of options, both ends included
    --option: string@"nu-complete dhan instruments list option" # Calls or puts
    --limit: string           # At most so many
    --format(-f): string@"nu-complete dhan instruments list format" # ndjson, csv, table or spec
    --detailed                # The file with ISINs, limits and freeze quantities
    --series: string          # Series of shares and bonds: EQ, BE, SM, …
    --expired                 # Contracts that have expired too
    --offline                 # Never touch the network: use the cache, however old
    --file: path              # Use this instrument master as it is, neither cache nor network
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments list log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments list color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan instruments find segment" [] {
    [ "IDX_I" "NSE_EQ" "NSE_FNO" "NSE_CURRENCY" "BSE_EQ" "MCX_COMM" "BSE_CURRENCY" "BSE_FNO" "NSE_COMM" ]
  }

  def "nu-complete dhan instruments find format" [] {
    [ "ndjson" "csv" "table" "spec" ]
  }

  def "nu-complete dhan instruments find option" [] {
    [ "CE" "PE" ]
  }

  def "nu-complete dhan instruments find log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments find color" [] {
    [ "auto" "always" "never" ]
  }

  # Find instruments by their exact symbol
  export extern "dhan instruments find" [
    --segment: string@"nu-complete dhan instruments find segment" # Segments, such as NSE_EQ, NFO or IDX
    --instrument: string      # Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …
    --underlying: string      # What contracts are about: NIFTY, RELIANCE, GOLD
    --expiry: string          # Expiries: a date, nearest, next or month
    --limit: string           # At most so many
    --format(-f): string@"nu-complete dhan instruments find format" # ndjson, csv, table or spec
    --detailed                # The file with ISINs, limits and freeze quantities
    --series: string          # Series of shares and bonds: EQ, BE, SM, …
    --strike: string          # Strikes of options, both ends included
    --option: string@"nu-complete dhan instruments find option" # Calls or puts
    --expired                 # Contracts that have expired too
    --offline                 # Never touch the network: use the cache, however old
    --file: path              # Use this instrument master as it is, neither cache nor network
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments find log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments find color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...symbols: string@"nu-complete dhan instruments"        # A symbol, or SEGMENT:SYMBOL or SEGMENT:ID
  ]

  def "nu-complete dhan instruments search segment" [] {
    [ "IDX_I" "NSE_EQ" "NSE_FNO" "NSE_CURRENCY" "BSE_EQ" "MCX_COMM" "BSE_CURRENCY" "BSE_FNO" "NSE_COMM" ]
  }

  def "nu-complete dhan instruments search format" [] {
    [ "ndjson" "csv" "table" "spec" ]
  }

  def "nu-complete dhan instruments search option" [] {
    [ "CE" "PE" ]
  }

  def "nu-complete dhan instruments search log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments search color" [] {
    [ "auto" "always" "never" ]
  }

  # Find instruments by words of their names
  export extern "dhan instruments search" [
    --segment: string@"nu-complete dhan instruments search segment" # Segments, such as NSE_EQ, NFO or IDX
    --instrument: string      # Types: INDEX, EQUITY, FUTIDX, OPTIDX, FUTSTK, …
    --underlying: string      # What contracts are about: NIFTY, RELIANCE, GOLD
    --expiry: string          # Expiries: a date, nearest, next or month
    --limit: string           # At most so many
    --format(-f): string@"nu-complete dhan instruments search format" # ndjson, csv, table or spec
    --detailed                # The file with ISINs, limits and freeze quantities
    --series: string          # Series of shares and bonds: EQ, BE, SM, …
    --strike: string          # Strikes of options, both ends included
    --option: string@"nu-complete dhan instruments search option" # Calls or puts
    --expired                 # Contracts that have expired too
    --offline                 # Never touch the network: use the cache, however old
    --file: path              # Use this instrument master as it is, neither cache nor network
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments search log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments search color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...text: string           # Words, in any order
  ]

  def "nu-complete dhan instruments show format" [] {
    [ "ndjson" "csv" "table" "spec" ]
  }

  def "nu-complete dhan instruments show log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan instruments show color" [] {
    [ "auto" "always" "never" ]
  }

  # Show one instrument with all columns of the file
  export extern "dhan instruments show" [
    --expired                 # Contracts that have expired too
    --format(-f): string@"nu-complete dhan instruments show format" # ndjson, csv, table or spec
    --detailed                # The file with ISINs, limits and freeze quantities
    --offline                 # Never touch the network: use the cache, however old
    --file: path              # Use this instrument master as it is, neither cache nor network
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan instruments show log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan instruments show color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    spec: string@"nu-complete dhan instruments"              # SEGMENT:ID, SEGMENT:SYMBOL or SYMBOL
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan instruments help" [
  ]

  # Download the instrument master if the server has something newer
  export extern "dhan instruments help sync" [
  ]

  # Print all instruments that pass the filters
  export extern "dhan instruments help list" [
  ]

  # Find instruments by their exact symbol
  export extern "dhan instruments help find" [
  ]

  # Find instruments by words of their names
  export extern "dhan instruments help search" [
  ]

  # Show one instrument with all columns of the file
  export extern "dhan instruments help show" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan instruments help help" [
  ]

  def "nu-complete dhan replay speed" [] {
    [ "max" "1x" "10x" ]
  }

  def "nu-complete dhan replay only" [] {
    [ "ticker" "quote" "full" "oi" "prev_close" "market_status" "unknown" "chain" "bar" "depth" "depth_side" "order" ]
  }

  def "nu-complete dhan replay format" [] {
    [ "ndjson" "csv" ]
  }

  def "nu-complete dhan replay time" [] {
    [ "epoch" "iso" ]
  }

  def "nu-complete dhan replay view" [] {
    [ "book" "sides" ]
  }

  def "nu-complete dhan replay events" [] {
    [ "update" "snapshot" "status_change" "execution" "order_transit" "order_pending" "order_rejected" "order_cancelled" "order_traded" "order_expired" "order_part_traded" "order_triggered" "order_closed" ]
  }

  def "nu-complete dhan replay log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan replay color" [] {
    [ "auto" "always" "never" ]
  }

  # Print a capture again, as the live run printed it
  export extern "dhan replay" [
    --speed: string@"nu-complete dhan replay speed" # max, 1x (as it was received) or 10x [default: max]
    --bars: string            # OHLC bars instead of packets, such as 1m,5m
    --only: string@"nu-complete dhan replay only" # Keep only these record types, separated by commas; gaps stay
    --format(-f): string@"nu-complete dhan replay format" # ndjson or csv [default: ndjson, or as -o is named]
    --output(-o): path        # Append to a file, such as 'day-{date}.ndjson.zst'
    --time: string@"nu-complete dhan replay time" # Times: epoch or iso [default: epoch]
    --count(-n): string       # Stop after N records
    --view: string@"nu-complete dhan replay view" # book: both sides; sides: every packet [default: book]
    --top: string             # Print only the best N levels
    --events: string@"nu-complete dhan replay events" # Keep only updates with one of these events
    --show-client-id          # Print client ids whole
    --nats-stream: string     # Make this stream for -o nats:// if it is not there: file storage, messages of one day
    --nats-creds: path        # Credentials for -o nats://
    --rotate-size: string     # Also begin a new file at this size on disk, such as 200MB
    --on-rotate: string       # Run CMD by sh -c for every finished file, with its path in $1
    --disk-wait: string       # How long to wait while the disk is full [default: 5m]
    --no-gaps                 # Do not print gap records
    --status-records          # Print events of the connections as status records in the stream too
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan replay log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan replay color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...files: path            # Captures, in order
  ]

  def "nu-complete dhan verify format" [] {
    [ "ndjson" "table" ]
  }

  def "nu-complete dhan verify log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan verify color" [] {
    [ "auto" "always" "never" ]
  }

  # Check that files and captures are complete
  export extern "dhan verify" [
    --format(-f): string@"nu-complete dhan verify format" # As records, or as a table for people with times in IST
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan verify log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan verify color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...files: path            # Files to check
  ]

  def "nu-complete dhan schema types" [] {
    [ "ticker" "quote" "full" "oi" "prev_close" "market_status" "unknown" "bar" "depth" "depth_side" "order" "chain" "gap" "status" "end" ]
  }

  def "nu-complete dhan schema time" [] {
    [ "epoch" "iso" ]
  }

  def "nu-complete dhan schema log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan schema color" [] {
    [ "auto" "always" "never" ]
  }

  # Print the JSON Schema of the records
  export extern "dhan schema" [
    --time: string@"nu-complete dhan schema time" # Times as dhan prints them: numbers, or RFC 3339 in IST
    --duckdb                  # Print the columns for DuckDB's read_json instead
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan schema log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan schema color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    ...types: string@"nu-complete dhan schema types" # Types of record [default: all]
  ]

  def "nu-complete dhan token log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token color" [] {
    [ "auto" "always" "never" ]
  }

  # Keep an access token alive
  export extern "dhan token" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan token save log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token save color" [] {
    [ "auto" "always" "never" ]
  }

  # Keep a token that was made on web.dhan.co
  export extern "dhan token save" [
    --token-file: path        # The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]
    --client-id: string       # The account's client id, where the token does not name it [env: DHAN_CLIENT_ID]
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token save log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token save color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan token show log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token show color" [] {
    [ "auto" "always" "never" ]
  }

  # Say whose the token is, and until when
  export extern "dhan token show" [
    --check                   # Ask Dhan too whether the token is alive
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token show log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token show color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan token ensure log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token ensure color" [] {
    [ "auto" "always" "never" ]
  }

  # Leave a token in the file that lasts
  export extern "dhan token ensure" [
    --for: string             # The token must last this long, such as 8h
    --until: string           # The token must last until this time in India, such as 15:30
    --token-file: path        # The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]
    --client-id: string       # The account's client id, where the token does not name it [env: DHAN_CLIENT_ID]
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --pin-file: path          # Read the account's PIN from FILE [env: DHAN_PIN_FILE]
    --pin-command: string     # Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]
    --totp-file: path         # Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]
    --totp-command: string    # Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token ensure log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token ensure color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan token mint log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token mint color" [] {
    [ "auto" "always" "never" ]
  }

  # Make a new token by PIN and TOTP
  export extern "dhan token mint" [
    --token-file: path        # The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]
    --client-id: string       # The account's client id, where the token does not name it [env: DHAN_CLIENT_ID]
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --pin-file: path          # Read the account's PIN from FILE [env: DHAN_PIN_FILE]
    --pin-command: string     # Run CMD, which prints the PIN [env: DHAN_PIN_COMMAND]
    --totp-file: path         # Read the TOTP secret from FILE [env: DHAN_TOTP_FILE]
    --totp-command: string    # Run CMD, which prints the TOTP secret [env: DHAN_TOTP_COMMAND]
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token mint log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token mint color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan token renew log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan token renew color" [] {
    [ "auto" "always" "never" ]
  }

  # Renew a token that was made on web.dhan.co
  export extern "dhan token renew" [
    --token-file: path        # The file that keeps the token [env: DHAN_TOKEN_FILE; default: XDG_CONFIG_HOME/dhan/token]
    --client-id: string       # The account's client id, where the token does not name it [env: DHAN_CLIENT_ID]
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan token renew log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan token renew color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan token help" [
  ]

  # Keep a token that was made on web.dhan.co
  export extern "dhan token help save" [
  ]

  # Say whose the token is, and until when
  export extern "dhan token help show" [
  ]

  # Leave a token in the file that lasts
  export extern "dhan token help ensure" [
  ]

  # Make a new token by PIN and TOTP
  export extern "dhan token help mint" [
  ]

  # Renew a token that was made on web.dhan.co
  export extern "dhan token help renew" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan token help help" [
  ]

  def "nu-complete dhan doctor format" [] {
    [ "table" "ndjson" ]
  }

  def "nu-complete dhan doctor log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan doctor color" [] {
    [ "auto" "always" "never" ]
  }

  # Find out why nothing comes
  export extern "dhan doctor" [
    --stop                    # End every stream of this account on this host (SIGTERM), say which, and look at nothing else
    --offline                 # Touch no network
    --format(-f): string@"nu-complete dhan doctor format" # For people or as records [default: table on a terminal, ndjson elsewhere]
    --json                    # Print records, on a terminal too: --format ndjson
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan doctor log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan doctor color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan relay user_type" [] {
    [ "self" "partner" ]
  }

  def "nu-complete dhan relay log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan relay color" [] {
    [ "auto" "always" "never" ]
  }

  # Serve one account's sockets to all programs of this host
  export extern "dhan relay" [
    --listen: string          # Loopback address and port to listen on
    --client-token-file: path # Serve only clients whose token is the one in FILE
    --token-file: path        # Read the access token from FILE [env: DHAN_TOKEN_FILE]
    --client-id: string       # The account's client id [env: DHAN_CLIENT_ID]
    --demo: string            # A simulated exchange: no account, no network
    --control: path           # Read commands from FILE while serving: sub SPEC… (ask for instruments though no client needs them), unsub SPEC…, list, quit; - is stdin
    --token-command: string   # Run CMD, which prints the access token [env: DHAN_TOKEN_COMMAND]
    --user-type: string@"nu-complete dhan relay user_type" # Log in as the account itself or as a partner (DHAN_PARTNER_ID, DHAN_PARTNER_SECRET) [env: DHAN_WS_USER_TYPE]
    --auth-wait: string       # How long to wait for credentials that are refused or missing to change [default: 10m; at the start on a terminal 0]
    --max-outage: string      # Give up when no connection could be made for this long [default: keep trying]
    --ca-file: path           # Trust the root certificates in this file, as SSL_CERT_FILE
    --ignore-socket-limit     # Open a socket although this host already holds five of its kind
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan relay log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan relay color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan simulate speed" [] {
    [ "1x" "10x" "max" ]
  }

  def "nu-complete dhan simulate casing" [] {
    [ "camel" "pascal" ]
  }

  def "nu-complete dhan simulate disconnect_layout" [] {
    [ "a" "b" "c" ]
  }

  def "nu-complete dhan simulate log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan simulate color" [] {
    [ "auto" "always" "never" ]
  }

  # Serve Dhan's protocols from a simulated exchange
  export extern "dhan simulate" [
    --listen: string          # Address and port to listen on
    --seed: string            # Seed of everything that is random
    --rate: string            # Packets a second in all [default: ten for every subscription]
    --replay: path            # Send the frames of this capture
    --speed: string@"nu-complete dhan simulate speed" # How fast the capture is played: 1x, 10x or max
    --fault: string           # Misbehave on every connection, such as reset-after=50
    --casing: string@"nu-complete dhan simulate casing" # How keys of order messages are spelled
    --disconnect-layout: string@"nu-complete dhan simulate disconnect_layout" # How depth sockets write a disconnect packet; sources differ
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan simulate log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan simulate color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan config log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan config color" [] {
    [ "auto" "always" "never" ]
  }

  # Show the defaults that config.toml sets
  export extern "dhan config" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan config log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan config color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan config show log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan config show color" [] {
    [ "auto" "always" "never" ]
  }

  # Print the defaults that hold, and where each comes from
  export extern "dhan config show" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan config show log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan config show color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan config path log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan config path color" [] {
    [ "auto" "always" "never" ]
  }

  # Print where the file is, or would be
  export extern "dhan config path" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan config path log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan config path color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan config help" [
  ]

  # Print the defaults that hold, and where each comes from
  export extern "dhan config help show" [
  ]

  # Print where the file is, or would be
  export extern "dhan config help path" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan config help help" [
  ]

  def "nu-complete dhan generate log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan generate color" [] {
    [ "auto" "always" "never" ]
  }

  # Print completions, manual pages and systemd units
  export extern "dhan generate" [
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan generate log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan generate color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan generate completions shell" [] {
    [ "bash" "zsh" "fish" "powershell" "nushell" ]
  }

  def "nu-complete dhan generate completions log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan generate completions color" [] {
    [ "auto" "always" "never" ]
  }

  # Print completions of a shell
  export extern "dhan generate completions" [
    --dir: directory          # Write the files there instead of printing
    --check                   # Compare the files there with what would be written; exit 1 if they differ
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan generate completions log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan generate completions color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    shell?: string@"nu-complete dhan generate completions shell" # bash, zsh, fish, powershell or nushell [default: all, with --dir]
  ]

  def "nu-complete dhan generate systemd log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan generate systemd color" [] {
    [ "auto" "always" "never" ]
  }

  # Print units for systemd: a token before the market opens, a stream while it is open
  export extern "dhan generate systemd" [
    --dir: directory          # Write the files there instead of printing
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan generate systemd log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan generate systemd color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
  ]

  def "nu-complete dhan generate man log_format" [] {
    [ "text" "json" ]
  }

  def "nu-complete dhan generate man color" [] {
    [ "auto" "always" "never" ]
  }

  # Print manual pages
  export extern "dhan generate man" [
    --dir: directory          # Write all pages there instead of printing
    --check                   # Compare the files there with what would be written; exit 1 if they differ
    --quiet(-q)               # Only warnings and errors on stderr; -qq: only errors
    --verbose(-v)             # More on stderr; -vv: every message and packet
    --log-format: string@"nu-complete dhan generate man log_format" # How messages are written: as text, or as a JSON object a line
    --color: string@"nu-complete dhan generate man color" # When messages are coloured [default: auto]
    --profile: string         # Take defaults from [profile.NAME] of config.toml too [env: DHAN_PROFILE]
    --no-config               # Do not read config.toml
    --help(-h)                # Print help (see more with '--help')
    page?: string             # Only this page, such as feed, token-save or records [default: dhan's own]
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan generate help" [
  ]

  # Print completions of a shell
  export extern "dhan generate help completions" [
  ]

  # Print units for systemd: a token before the market opens, a stream while it is open
  export extern "dhan generate help systemd" [
  ]

  # Print manual pages
  export extern "dhan generate help man" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan generate help help" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan help" [
  ]

  # Stream the live market feed: ticker, quote or full
  export extern "dhan help feed" [
  ]

  # Stream the 20- or 200-level order book
  export extern "dhan help depth" [
  ]

  # Stream the order updates of the account
  export extern "dhan help orders" [
  ]

  # Look at the streams live in the terminal
  export extern "dhan help watch" [
  ]

  # Download, list and look up instruments
  export extern "dhan help instruments" [
  ]

  # Download the instrument master if the server has something newer
  export extern "dhan help instruments sync" [
  ]

  # Print all instruments that pass the filters
  export extern "dhan help instruments list" [
  ]

  # Find instruments by their exact symbol
  export extern "dhan help instruments find" [
  ]

  # Find instruments by words of their names
  export extern "dhan help instruments search" [
  ]

  # Show one instrument with all columns of the file
  export extern "dhan help instruments show" [
  ]

  # Print a capture again, as the live run printed it
  export extern "dhan help replay" [
  ]

  # Check that files and captures are complete
  export extern "dhan help verify" [
  ]

  # Print the JSON Schema of the records
  export extern "dhan help schema" [
  ]

  # Keep an access token alive
  export extern "dhan help token" [
  ]

  # Keep a token that was made on web.dhan.co
  export extern "dhan help token save" [
  ]

  # Say whose the token is, and until when
  export extern "dhan help token show" [
  ]

  # Leave a token in the file that lasts
  export extern "dhan help token ensure" [
  ]

  # Make a new token by PIN and TOTP
  export extern "dhan help token mint" [
  ]

  # Renew a token that was made on web.dhan.co
  export extern "dhan help token renew" [
  ]

  # Find out why nothing comes
  export extern "dhan help doctor" [
  ]

  # Serve one account's sockets to all programs of this host
  export extern "dhan help relay" [
  ]

  # Serve Dhan's protocols from a simulated exchange
  export extern "dhan help simulate" [
  ]

  # Show the defaults that config.toml sets
  export extern "dhan help config" [
  ]

  # Print the defaults that hold, and where each comes from
  export extern "dhan help config show" [
  ]

  # Print where the file is, or would be
  export extern "dhan help config path" [
  ]

  # Print completions, manual pages and systemd units
  export extern "dhan help generate" [
  ]

  # Print completions of a shell
  export extern "dhan help generate completions" [
  ]

  # Print units for systemd: a token before the market opens, a stream while it is open
  export extern "dhan help generate systemd" [
  ]

  # Print manual pages
  export extern "dhan help generate man" [
  ]

  # Print this message or the help of the given subcommand(s)
  export extern "dhan help help" [
  ]

}

export use completions *
