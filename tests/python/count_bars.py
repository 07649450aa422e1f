"""Counts OHLC bars from packets, and compares them with those that dhan made.

    count_bars.py PACKETS.ndjson BARS.ndjson INTERVAL...

PACKETS is what `dhan replay CAPTURE --status-records` prints, BARS what `--bars` prints of the same run. Nothing here
knows how dhan counts: for each interval, the trades are listed first, and then a bar is made of each list. Prints how many
bars there are, in all and of each kind; exit 1 with the first differences where they are not the same.
"""

import json
import sys
from collections import Counter, defaultdict

SECOND = 1_000_000
IST = 19_800
DAY = 86_400
UNITS = {"s": 1, "m": 60, "h": 3_600}


def opening(segment):
    """When the session of a segment opens, in seconds of the day in India."""
    is_early = segment in ("MCX_COMM", "NSE_CURRENCY", "BSE_CURRENCY")
    return 9 * 3_600 if is_early else 9 * 3_600 + 15 * 60


def start_of(second, length, segment):
    """The beginning of the interval that holds a second, in seconds since the epoch."""
    day = (second + IST) // DAY * DAY - IST
    opens = day + opening(segment)
    return opens + (second - opens) // length * length


class Trade:
    def __init__(self, number, record, growth, start):
        self.number, self.record, self.growth, self.start = number, record, growth, start


def trades_of(packets, length):
    """The trades among the packets of an instrument, each with the interval that it belongs to."""
    trades, last_ltt, last_volume, pending, first, late = [], None, None, 0, True, 0
    for number, record in packets:
        if record["type"] == "oi":
            continue
        ltp, ltt, volume = record["ltp"], record["ltt"], record.get("volume")
        received, segment = record["recv_us"], record["segment"]
        running = start_of(received // SECOND, length, segment)
        if first:
            is_trade = ltt is not None and start_of(ltt, length, segment) == running
        else:
            is_later = ltt is not None and (last_ltt is None or ltt > last_ltt)
            is_more = volume is not None and last_volume is not None and volume > last_volume
            is_trade = is_later or is_more
            if volume is not None and last_volume is not None:
                # A fall is a new day, whose volume began at 0.
                pending += volume if volume < last_volume else volume - last_volume
        first = False
        last_ltt = last_ltt if ltt is None else ltt
        last_volume = last_volume if volume is None else volume
        if not is_trade or ltp is None:
            continue
        start = running
        if ltt is not None and ltt * SECOND <= received:
            of_ltt = start_of(ltt, length, segment)
            if (of_ltt + length + 1) * SECOND > received:
                start = of_ltt
            late += start != running
        growth = 0
        if volume is not None:
            growth, pending = pending, 0
        trades.append(Trade(number, record, growth, start))
    return trades, late


def is_hit(gap, key, start, length):
    ids = gap["ids"]
    overlaps = gap["from_us"] < (start + length) * SECOND and gap["to_us"] >= start * SECOND
    return overlaps and (ids is None or ":".join(key) in ids)


def bars_of(packets_by_key, gaps, begun_us, ended_us, interval, counts):
    length = int(interval[:-1]) * UNITS[interval[-1]]
    bars = {}
    for key, packets in packets_by_key.items():
        trades, late = trades_of(packets, length)
        counts["late"] += late
        by_start = defaultdict(list)
        for trade in trades:
            by_start[trade.start].append(trade)
        for start, its in by_start.items():
            until_us = (start + length) * SECOND
            numbers = {trade.number for trade in its}
            oi = None
            for number, record in packets:
                if record.get("oi") is None:
                    continue
                if record["recv_us"] < until_us or number < its[0].number or number in numbers:
                    oi = record["oi"]
            prices = [trade.record["ltp"] for trade in its]
            with_volume = [trade for trade in its if trade.record.get("volume") is not None]
            incomplete = None
            if any(is_hit(gap, key, start, length) for gap in gaps):
                incomplete = "gap"
            elif begun_us > start * SECOND:
                incomplete = "start"
            elif until_us > ended_us:
                incomplete = "end"
            bars[(interval, start) + key] = {
                "type": "bar",
                "segment": key[0],
                "security_id": key[1],
                "symbol": its[0].record["symbol"],
                "interval": interval,
                "start": start,
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "volume": sum(trade.growth for trade in with_volume) if with_volume else None,
                "oi": oi,
                "ticks": len(its),
                "incomplete": incomplete,
                "recv_us": ended_us if until_us > ended_us else until_us + SECOND,
            }
    return bars


def read(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(packets_file, bars_file, intervals):
    packets, gaps, ended_us, stopping_us = defaultdict(list), [], None, None
    for number, record in enumerate(read(packets_file)):
        kind = record["type"]
        if kind in ("ticker", "quote", "full", "oi"):
            packets[(record["segment"], record["security_id"])].append((number, record))
        elif kind == "gap":
            gaps.append(record)
        elif kind == "end":
            ended_us = record["recv_us"]
        elif kind == "status" and record["event"] == "stopping":
            stopping_us = record["recv_us"]
    begun_us = min(records[0][1]["recv_us"] for records in packets.values())
    counts, expected = Counter(), {}
    for interval in intervals:
        expected |= bars_of(packets, gaps, begun_us, stopping_us or ended_us, interval, counts)
    found, problems, last_us = {}, [], 0
    for bar in read(bars_file):
        if bar["type"] != "bar":
            continue
        if bar["recv_us"] <= last_us:
            problems.append(f"the receive time does not grow: {bar}")
        last_us = bar["recv_us"]
        key = (bar["interval"], bar["start"], bar["segment"], bar["security_id"])
        if key in found:
            problems.append(f"printed twice: {bar}")
        found[key] = bar
    for key in sorted(expected.keys() | found.keys()):
        want, got = expected.get(key), found.get(key)
        if want is None or got is None:
            problems.append(f"{key}: counted {want}, printed {got}")
            continue
        # The bars that are due at one moment are printed one microsecond apart. The run's end stands between records.
        ahead = got["recv_us"] - want["recv_us"]
        is_last = want["recv_us"] == (stopping_us or ended_us)
        is_near = abs(ahead) < SECOND if is_last else 0 <= ahead <= len(found)
        if list(got) != list(want) or not is_near or got | {"recv_us": 0} != want | {"recv_us": 0}:
            problems.append(f"counted {want}, printed {got}")
        counts["bars"] += 1
        counts[want["incomplete"] or "whole"] += 1
        counts["no volume"] += want["volume"] is None
        counts["oi"] += want["oi"] is not None
    print("\n".join(problems[:20]) if problems else json.dumps(counts))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
