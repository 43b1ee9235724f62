"""A second reader of terse batches, written from the page, reads what the program writes."""
import os
import subprocess

import terse
from wire import Cut

HERE = os.path.dirname(os.path.abspath(__file__))
REPO = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(os.path.dirname(os.environ.get("YZ_BIN", os.path.join(REPO, "build", "yizhan"))), "terse")


def pieces(cut):
    return cut.take(int.from_bytes(cut.take(4), "little"))


def test_a_thousand_batches_are_read_by_the_page():
    seed, count = os.environ.get("YZ_SEED", "20261123"), int(os.environ.get("YZ_BATCHES", "1000"))
    print("seed", seed)
    cut = Cut(subprocess.run([TOOL, "random", seed, str(count)], stdout=subprocess.PIPE, check=True).stdout)
    hello, known = terse.Hello(pieces(cut)), {}
    for _ in range(int.from_bytes(cut.take(4), "little")):
        one = Cut(pieces(cut))
        origin, n, record = one.take(16), one.varint(), one.take(16)
        known[origin, n] = record, one.varint()
    with open(os.path.join(REPO, "proto", "dictionary-1.bin"), "rb") as f:
        mind, name = terse.read_dictionary(f.read())
    assert name == hello.dictionary
    read = 0
    while cut.at < len(cut.data):
        batch, rows = pieces(cut), pieces(cut)
        assert terse.read_batch(mind, hello, batch, lambda origin, n: known[origin, n]) == rows, "batch %d of seed %s" % (read, seed)
        read += 1
    assert read == count
