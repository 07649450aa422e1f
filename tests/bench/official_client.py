"""Dhan's own Python client, streaming full packets and printing each as JSON: `official_client.py URL COUNT`."""

import json
import os
import sys

from dhanhq import DhanContext, MarketFeed

url, count = sys.argv[1], int(sys.argv[2])
MarketFeed.market_feed_wss = url.rstrip("/")
client = MarketFeed(DhanContext("1000000001", "bench"), [(1, str(1000 + i), 21) for i in range(100)], "v2")
client.run_forever()
for _ in range(count):
    print(json.dumps(client.get_data()))
sys.stdout.flush()
# The client's own goodbye is no record's cost.
os._exit(0)
