//! Writes the systemd units of an unattended capture: a token before the market opens, a stream while it is open.

use std::path::{Path, PathBuf};

/// Path of the program for a service that cannot read home folders.
const USUAL: &str = "/usr/local/bin/dhan";

/// Restrictions of both services; `systemd-analyze security` explains each.
const HARDENING: &str = "\
UMask=0022
NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM
";

/// Users and folders of both services.
const PLACE: &str = "\
User=dhan
# DHAN_CLIENT_ID=… stands here. It is no place for secrets.
EnvironmentFile=/etc/dhan/env
StateDirectory=dhan
WorkingDirectory=/var/lib/dhan
Environment=HOME=/var/lib/dhan XDG_STATE_HOME=/var/lib/dhan/state DHAN_CACHE_DIR=/var/lib/dhan/cache
";

/// Returns the units with their names, for a program at this path.
pub(super) fn units(program: &Path) -> Vec<(String, String)> {
    let program = program.display();
    let token = format!(
        "\
[Unit]
Description=Access token of Dhan
Documentation=man:dhan-token-ensure(1)
Wants=network-online.target
After=network-online.target
# A network that is down is worth another try; a refusal is not: each bars the account for two more minutes.
StartLimitIntervalSec=1h
StartLimitBurst=6

[Service]
Type=oneshot
{PLACE}# Copies that only this service sees, gone when it ends.
LoadCredential=pin:/etc/dhan/pin
LoadCredential=totp:/etc/dhan/totp
ExecStart={program} token ensure --token-file /var/lib/dhan/token --pin-file %d/pin --totp-file %d/totp
TimeoutStartSec=10min
Restart=on-failure
RestartSec=150
RestartPreventExitStatus=1 2 3 4 5 8 9 10 12

{HARDENING}"
    );
    let feed = format!(
        "\
[Unit]
Description=Market feed of Dhan
Documentation=man:dhan-feed(1)
Wants=network-online.target
After=network-online.target dhan-token.service

[Service]
Type=notify
NotifyAccess=main
# Ready is said when data flows: a network that is down in the morning is waited for.
TimeoutStartSec=infinity
WatchdogSec=60
{PLACE}# The file itself and no copy of it: a token that is renewed meanwhile is taken at the next connection.
ExecStart={program} feed --token-file /var/lib/dhan/token -i /etc/dhan/watchlist -m full -o /var/lib/dhan/{{date}}.ndjson.zst --until 15:30 --stats 5m
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=5
# Usage, credentials, the account, the request, an unknown instrument: another try would fail as well.
# A day without data (7) is over, and stays a failure.
RestartPreventExitStatus=2 3 4 5 7 14

{HARDENING}"
    );
    let timer = |what: &str, time: &str| {
        format!(
            "\
[Unit]
Description={what}

[Timer]
OnCalendar=Mon..Fri {time} Asia/Kolkata
Persistent=true

[Install]
WantedBy=timers.target
"
        )
    };
    vec![
        ("dhan-feed.service".to_owned(), feed),
        ("dhan-feed.timer".to_owned(), timer("Market feed of Dhan on weekdays", "09:05")),
        ("dhan-token.service".to_owned(), token),
        ("dhan-token.timer".to_owned(), timer("Access token of Dhan before the market opens", "08:45")),
    ]
}

/// Returns the path of this program, and a warning if a service could not run it there.
pub(super) fn program() -> (PathBuf, Option<String>) {
    let here = std::env::current_exe().ok().filter(|path| path.is_absolute());
    match here {
        Some(here) if !["/home", "/root", "/run/user", "/tmp"].iter().any(|home| here.starts_with(home)) => {
            (here, None)
        }
        Some(here) => {
            let warning = format!(
                "services may not look into {:?}: the units start {USUAL}; put the program there (sudo install {here:?} {USUAL})",
                here.parent().unwrap_or(Path::new("/"))
            );
            (PathBuf::from(USUAL), Some(warning))
        }
        None => (PathBuf::from(USUAL), None),
    }
}
