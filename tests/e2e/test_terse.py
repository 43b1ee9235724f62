"""A second reader of terse batches and news, written from the page, reads what the program writes."""
import os
import subprocess
import zlib

import pytest

import terse
import yz
from wire import Cut

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(os.path.dirname(yz.BIN), "terse")
SEED, COUNT = os.environ.get("YZ_SEED", "20261123"), os.environ.get("YZ_BATCHES", "500")


def pieces(cut):
    return cut.take(int.from_bytes(cut.take(4), "little"))


@pytest.fixture(scope="module")
def mind():
    with open(os.path.join(REPO, "proto", "dictionary-1.bin"), "rb") as f:
        return terse.read_dictionary(f.read())


class Drawn:
    """What the tool draws: hello, welcome, what both have, and then pairs, each told twice."""

    def __init__(self, what):
        print("seed", SEED)
        cut = Cut(subprocess.run([TOOL, what, SEED, COUNT], stdout=subprocess.PIPE, check=True).stdout)
        self.hello, self.welcome, self.known = terse.Hello(pieces(cut)), terse.Welcome(pieces(cut)), {}
        for _ in range(int.from_bytes(cut.take(4), "little")):
            one = Cut(pieces(cut))
            origin, n, record, number = one.take(16), one.varint(), one.take(16), one.varint()
            self.known[origin, n] = record, number, one.take(32), one.data[one.at:]
        self.pairs = []
        while cut.at < len(cut.data):
            self.pairs.append((pieces(cut), pieces(cut)))
        assert len(self.pairs) == int(COUNT)


def test_batches_are_read_by_the_page(mind):
    drawn = Drawn("random")
    assert mind[1] == drawn.hello.dictionary
    for i, (batch, rows) in enumerate(drawn.pairs):
        read = terse.read_batch(mind[0], drawn.hello, batch, lambda origin, n: drawn.known[origin, n][:2])
        assert read == rows, "batch %d of seed %s" % (i, SEED)


def plain_news(payload):
    """As terse.read_news says it."""
    cut = Cut(payload)
    head = cut.counted(), cut.varint(), cut.varint(), cut.varint(), cut.byte(), cut.varint()
    size = cut.varint()
    items = zlib.decompress(payload[cut.at:]) if size else b""
    assert len(items) == size
    return head + (items,)


def test_news_are_read_by_the_page(mind):
    drawn = Drawn("news")

    def had(origin, n):
        found = drawn.known.get((origin, n))
        return found and (found[0], found[2], found[3])

    def begins(prefix):
        return sorted({o for o, _ in drawn.known if o[:4] == prefix})

    for i, (payload, plain) in enumerate(drawn.pairs):
        read = terse.read_news(mind[0], drawn.welcome, payload, had, begins)
        assert read == plain_news(plain), "frame %d of seed %s" % (i, SEED)
