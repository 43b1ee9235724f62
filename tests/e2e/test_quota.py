"""What one station, and one address, may have of the hub: a flood waits, others go on."""
import http.client
import os
import socket
import ssl
import time

import pytest

import tls
import wire
import yz

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)
TOWN, OTHER = yz.COUNTY + "001", yz.COUNTY + "002"
AT_ONCE = 1000                          # as in daemon/quota.h
PLACES = 512
KIND = {"Content-Type": "application/vnd.yizhan.exchange"}


def secret(field, name):
    with open(field.path(name + ".key"), encoding="utf-8") as f:
        return f.read().strip().encode()


def flood(line, body):
    """Ask until the hub has enough: how often it went, and how long to wait then."""
    for count in range(2 * AT_ONCE):
        line.request("POST", "/exchange", body, KIND)
        reply = line.getresponse()
        text = reply.read()
        if reply.status == 429:
            assert b"YZ2110" in text, text
            return count, int(reply.getheader("Retry-After"))
        assert reply.status == 200, (reply.status, text)
    raise AssertionError("it never has enough")


def test_a_station_that_asks_without_a_pause():
    with yz.Field() as field:
        hub = field.make_hub({"t1": TOWN, "t2": OTHER})
        town = field.make_station("t2", OTHER)
        hub.start()
        town.start()
        mad = wire.Station(field.hub_port, "t1", secret(field, "t1"))
        line = http.client.HTTPConnection("127.0.0.1", field.hub_port, timeout=60)
        count, wait = flood(line, mad.ask([])[1])
        assert count >= AT_ONCE and 1 <= wait <= 2, (count, wait)
        assert town.talk()["cause"] is None, "nobody pays for another"
        time.sleep(wait)
        assert flood(line, mad.ask([])[1])[0] >= 1, "after a while it may again"
        line.close()


class Keyed:
    """A line to the hub's door with the key of a station."""

    def __init__(self, field, certificate):
        self.line = tls.client_context(certificate).wrap_socket(socket.create_connection(("127.0.0.1", field.hub_port), 30))

    def begin(self, size=1000):
        """An ask that does not come to its end."""
        self.line.sendall(b"POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\nYZ" %
                          (KIND["Content-Type"].encode(), size))

    def is_cut(self, seconds=30):
        self.line.settimeout(seconds)
        try:
            return self.line.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True
        except TimeoutError:
            return False


@pytest.fixture
def county():
    with tls.Field() as field:
        field.make_hub({}).start()
        field.t1, field.t2 = field.make_station("t1", TOWN), field.make_station("t2", OTHER)
        for node in (field.t1, field.t2):
            node.start()
        yield field


def test_one_exchange_of_a_station_at_a_time(county):
    """However many it begins: the newest counts, and it is known by its key before a byte is taken in."""
    path = tls.certificate(county, "t1", tls.private_key(county.t1.data))
    lines = [Keyed(county, path) for _ in range(5)]
    lines[0].begin()
    for older, newer in zip(lines, lines[1:]):
        assert not older.is_cut(.2)
        newer.begin()
        assert older.is_cut()
    other = Keyed(county, tls.certificate(county, "t2", tls.private_key(county.t2.data)))
    other.begin()
    assert county.t1.talk()["cause"] is None
    assert lines[-1].is_cut()
    assert not other.is_cut(1), "another station's exchange is not concerned"


def test_asks_without_an_end_count_too(county):
    """Who holds a key can begin asks and drop them: that is known before its bytes are looked at."""
    path = tls.certificate(county, "t1", tls.private_key(county.t1.data))
    line, codes = tls.Caller(county.hub_port, path), []
    for _ in range(2 * AT_ONCE):
        codes.append(line.post(b"YZ\x01A")[0])
        if codes[-1] == 429:
            break
    assert codes[-1] == 429 and len(codes) > AT_ONCE, codes[-3:]
    assert county.t2.talk()["cause"] is None


def test_one_address_does_not_take_all_places():
    with tls.Field() as field:
        hub = field.make_hub({})
        with open(hub.conf, encoding="utf-8") as f:
            text = f.read()
        field.write("hub.conf", text.replace("listen = 127.0.0.1:%d" % field.hub_port, "listen = 0.0.0.0:%d" % field.hub_port))
        town = field.make_station("t1", TOWN)
        hub.start()
        town.start()
        town.hang_up()
        crowd = []
        for _ in range(PLACES):
            crowd.append(socket.create_connection(("127.0.0.2", field.hub_port), 30, source_address=("127.0.0.3", 0)))
        for line in crowd:
            line.settimeout(.05 if line is not crowd[-1] else 10)
        assert crowd[-1].recv(1) == b"", "the last of them is sent away"
        assert town.talk()["cause"] is None, "another address is not concerned"
        for line in crowd:
            line.close()
