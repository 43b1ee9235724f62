"""A line that loses large packets, and passes small ones: it looks like one that stands still when there is work."""
import os
import time

import pytest

import made_up
import proxy
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def test_large_packets_that_get_lost_are_made_small(tmp_path):
    """The kernel learns of a path's width from those who drop a packet, if they say so. Where they do not, this is all."""
    made_up.write(str(tmp_path), 1, 2, 120, 0)
    org = made_up.COUNTY + "001"
    with yz.Field() as field:
        hub = field.make_hub({"town": org}, made_up.COUNTY)
        line = proxy.Proxy(field.hub_port)
        field.closers.append(line.close)
        town = field.make_station("town", org, line.port, "15min")
        hub.start()
        town.start()
        town.talk()                             # the kinds come down, on a line that is wide
        town.restart()
        line.cut_all()
        line.narrow(1100)
        town.talk()
        assert line.faults == 0 and town.status()["small_packets"] is False     # a contact is small
        town.ok("import", os.path.join(str(tmp_path), org + ".ndjson"))
        until = time.monotonic() + 200
        while town.api("GET", "status")["queued"] and time.monotonic() < until:
            time.sleep(.2)
        assert line.faults > 0
        status = town.status()
        assert status["small_packets"] is True and status["last_complete"]
        assert "YZ7113" in town.cli("status", flags=("--lang", "en")).out
        assert "large packets" in town.cli("log", flags=("--lang", "en")).out
