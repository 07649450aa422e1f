"""Streams from a simulated exchange with Dhan's own Python client (`pip install dhanhq==2.3.0`).

    official_client.py feed   ws://HOST:PORT                  MESSAGES SEGMENT:ID:CODE...
    official_client.py depth  ws://HOST:PORT/twentydepth      MESSAGES SEGMENT:ID...
    official_client.py depth200 ws://HOST:PORT/               MESSAGES SEGMENT:ID
    official_client.py orders ws://HOST:PORT/orders           MESSAGES

prints what the client made of each message, as one line of JSON; anything the client prints itself goes to stderr.
SEGMENT is the numeric code, CODE the request code of the mode. Exit 77: the client is not installed.
"""

import json
import sys

try:
    from dhanhq import DhanContext, FullDepth, MarketFeed, OrderUpdate
except ImportError as error:
    print(f"dhanhq is not installed: {error}", file=sys.stderr)
    sys.exit(77)

lines, sys.stdout = sys.stdout, sys.stderr
context = DhanContext("1000000001", "any-token-will-do")


def tell(value):
    lines.write(json.dumps(value) + "\n")
    lines.flush()


def split(specs):
    for spec in specs:
        segment, security_id, *code = spec.split(":")
        yield (int(segment), security_id, *map(int, code))


def feed(url, messages, specs):
    MarketFeed.market_feed_wss = url
    client = MarketFeed(context, list(split(specs)), "v2")
    client.run_forever()
    for _ in range(messages):
        tell(client.get_data())
    client.close_connection()


def depth(url, messages, specs, levels):
    FullDepth.depth_20_feed_wss = FullDepth.depth_200_feed_wss = url
    client = FullDepth(context, list(split(specs)), levels)
    client.on_ticks = lambda update: None
    client.run_forever()
    for _ in range(messages):
        tell(client.get_data() or [])
    client.close_connection()


def orders(url, messages):
    client = OrderUpdate(context)
    client.order_feed_wss = url
    left = messages

    def update(message):
        nonlocal left
        tell(message)
        left -= 1
        if left == 0:
            raise SystemExit

    client.on_update = update
    client.connect_to_dhan_websocket_sync()


what, url, messages, *specs = sys.argv[1:]
if what == "feed":
    feed(url, int(messages), specs)
elif what == "depth":
    depth(url, int(messages), specs, 20)
elif what == "depth200":
    depth(url, int(messages), specs, 200)
elif what == "orders":
    orders(url, int(messages))
else:
    sys.exit(f"unknown: {what}")
