#!/usr/bin/env bash
# How many instructions a full packet costs from the wire to its NDJSON line, against the figure in instructions.txt.
# Counts do not depend on how fast or busy the machine is. Fails when it grew by more than a tenth.
# `instructions.sh --accept` writes the figure down.
set -euo pipefail
cd "$(dirname "$0")"

if ! command -v valgrind >/dev/null 2>&1; then
  echo "instructions: skipped, no valgrind (Debian: apt-get install valgrind)"
  exit 0
fi
if [ "$(uname -m)" != x86_64 ]; then
  echo "instructions: skipped, the figure is for x86_64 and this is $(uname -m)"
  exit 0
fi
# Beside dhan's own release build, which shares its dependencies.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/../../target}
# Not `--locked`: a dependency that dhan gains must not fail this.
cargo build --release --quiet --no-default-features --bin instructions
count() { # count ROUNDS: instructions of the whole process
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$CARGO_TARGET_DIR/release/instructions" "$1" 2>&1 |
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
# The difference of two runs: what the process does besides cancels out. 500 packets a round.
few=$(count 1) many=$(count 41)
now=$(((many - few) / (40 * 500)))
if [ "${1:-}" = --accept ]; then
  echo "$now" >instructions.txt
fi
committed=$(cat instructions.txt)
echo "a full packet to its line: $now instructions, committed $committed"
if [ $((now * 10)) -gt $((committed * 11)) ]; then
  echo "more than a tenth dearer; if it is worth it, say why and run tests/bench/instructions.sh --accept"
  exit 1
fi
if [ $((now * 10)) -lt $((committed * 9)) ]; then
  echo "more than a tenth cheaper: run tests/bench/instructions.sh --accept to hold it"
fi
