#!/usr/bin/env python3
"""How much a station that floods within its rights slows another at the hub: the mean time of an exchange of the other, as
a ratio to that of a hub with nothing else to do, in turns.

    tests/bench/flood.py [--rounds N] [--exchanges N] [--lines N]

    burst    asks without a pause, from a full quota
    flood    the same once that is used up
    drain    brings so many changes that were saved without a line, as fast as it can
"""
import argparse
import http.client
import json
import multiprocessing
import os
import statistics
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "e2e"))

import made_up              # noqa: E402
import wire                 # noqa: E402
import yz                   # noqa: E402

KIND = {"Content-Type": "application/vnd.yizhan.exchange"}
TOWNS = {"quiet": yz.COUNTY + "001", "mad": yz.COUNTY + "002", "full": yz.COUNTY + "003"}


def ask_of(field, name):
    with open(field.path(name + ".key"), "rb") as f:
        return wire.Station(field.hub_port, name, f.read().strip()).ask([])[1]


def post(line, ask):
    line.request("POST", "/exchange", ask, KIND)
    reply = line.getresponse()
    reply.read()
    return reply.status


def flood(port, ask, over):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    while not over.is_set():
        post(line, ask)


def mean_ms(line, ask, exchanges):
    times = []
    for _ in range(exchanges):
        began = time.perf_counter()
        assert post(line, ask) == 200
        times.append(time.perf_counter() - began)
        time.sleep(.05)             # within its own rights for as long as it takes
    return 1000 * statistics.mean(times)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--exchanges", type=int, default=60)
    p.add_argument("--lines", type=int, default=40000)
    args = p.parse_args()
    ratios = {"burst": [], "flood": [], "drain": []}
    with yz.Field() as field, tempfile.TemporaryDirectory() as folder:
        field.make_hub(TOWNS).start()
        full = field.make_station("full", TOWNS["full"])
        full.start()
        quiet, mad = ask_of(field, "quiet"), ask_of(field, "mad")
        line = http.client.HTTPConnection("127.0.0.1", field.hub_port, timeout=60)
        for n in range(args.rounds):
            field.hub.restart()     # each quota is whole
            line.close()
            alone = mean_ms(line, quiet, args.exchanges)
            over = multiprocessing.Event()
            other = multiprocessing.Process(target=flood, args=(field.hub_port, mad, over))
            other.start()
            time.sleep(.1)
            ratios["burst"].append(mean_ms(line, quiet, 10) / alone)
            time.sleep(5)
            ratios["flood"].append(mean_ms(line, quiet, args.exchanges) / alone)
            over.set()
            other.join()
            made_up.write(folder, 10 + n, 3, args.lines, 0)
            field.hub.stop()
            full.ok("import", os.path.join(folder, TOWNS["full"] + ".ndjson"), timeout=600)
            field.hub.start()
            line.close()
            full.hang_up()
            full.api("POST", "sync", {})
            ratios["drain"].append(mean_ms(line, quiet, 20) / alone)
            print(json.dumps({"alone_ms": round(alone, 2), **{k: round(v[-1], 2) for k, v in ratios.items()},
                              "still_queued": full.status()["queued"]}), flush=True)
            full.sync(600)
    print(json.dumps({k: {"median": round(statistics.median(v), 2), "worst": round(max(v), 2)} for k, v in ratios.items()}))


if __name__ == "__main__":
    main()
