"""Memory is no matter of how much there is: ten times the lines, the same peaks on both ends. (The full sizes: tests/bench.)"""
import os

import pytest

import made_up
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
MANY, FEW = 20000, 2000
MORE_KIB = {"station": 4096, "hub": 32768 + 4096}     # a hub's page cache fills up to 32 MiB


def all_lines(folder, n):
    """`n` lines of a made-up county, townships before the county, so that most speak of what is there."""
    made_up.write(str(folder), 3, 5, n * 6 // 10, n * 5 // 10)
    sites = sorted((f for f in os.listdir(folder) if f.endswith(".ndjson")), key=lambda f: (-len(f), f))
    lines = [x for site in sites for x in (folder / site).read_text(encoding="utf-8").splitlines(True)]
    assert len(lines) >= n
    return lines[:n]


def through(lines):
    """Peaks of a station and of its hub in KiB after so many lines went from a file into the register."""
    with yz.Field() as field:
        hub, station = field.make_hub({"county": yz.COUNTY}), field.make_station("county", yz.COUNTY)
        for node in (hub, station):
            node.start()
        a = station.ok("import", field.write("lines.ndjson", "".join(lines))).json
        assert a["read"] == len(lines) and a["new"] > len(lines) / 2 and a["wrong"] < len(lines) / 20, a
        station.sync(120)
        status = station.status()
        assert status["queued"] == status["received"] == 0 and status["taken"] > len(lines), status
        assert hub.status()["records"] == status["records"]
        return station.memory_peak(), hub.memory_peak()


def test_ten_times_the_lines_need_no_more_memory(tmp_path):
    if yz.sanitized():
        pytest.skip("a build with sanitizers keeps freed memory")
    lines = all_lines(tmp_path, MANY)
    few, many = through(lines[:FEW]), through(lines)
    print("peaks in KiB: station %d and hub %d of %d lines, %d and %d of %d" % (*few, FEW, *many, MANY))
    for who, a, b in zip(("station", "hub"), few, many):
        assert b - a <= MORE_KIB[who], "%s: %d KiB for %d lines, %d KiB for %d" % (who, a, FEW, b, MANY)
