"""Who is not the hub, and who is not a station: each is told from the other, nothing is lost, and no clock has a say."""
import http.client
import os
import ssl
import time
import uuid

import pytest

import made_up
import test_clock
import tls
import yz
from proxy import Proxy
from shim import YEAR, Shim
from tls import EXCHANGE, TOWN, field, station

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def save(node, name="made up"):
    made = made_up.MadeUp(len(name), 2)
    body = {"kind": "member", "id": str(uuid.uuid4()), "fields": {k: v for k, v in made.member(TOWN).items() if v}}
    answer = node.api_raw("POST", "put", body)
    assert answer[0] == 200, answer


def said(node, exit, code, english, chinese):
    """What sync tells a clerk, in both languages; what is queued stays queued."""
    before = node.api("GET", "status")["queued"]
    a = node.cli("sync")
    assert a.code == exit and code in a.err and english in a.err and "Nothing is lost" in a.err, a
    a = node.cli("sync", flags=("--lang", "zh"))
    assert a.code == exit and code in a.err and chinese in a.err and "不会丢" in a.err, a
    assert node.api("GET", "status")["queued"] == before


def head(name):
    return b"YZ\x01A" + bytes(16) + bytes([len(name)]) + name.encode() + b"\x01\x00" + bytes(16)


# ---- at the hub's door ----

def test_strangers_at_the_hubs_door(field):
    node = station(field)
    other = tls.certificate(field, "other")
    for path, why in ((None, "no key"), (other, "not enrolled"),
                      (tls.certificate(field, "like", subject="/CN=qs-01"), "not enrolled"),
                      (tls.certificate(field, "rsa", tls.openssl("genrsa", "2048").decode()), "not enrolled")):
        status, text = tls.Caller(field.hub_port, path).post(head("qs-01"))
        assert status == 403 and "YZ2106" in text and why in text, (path, text)
    assert field.hub.status()["records"] == 0
    assert node.talk()["cause"] is None


def test_the_right_key_counts_whatever_its_certificate_says(field):
    node = station(field)
    key = tls.private_key(node.data)
    shim = Shim(field.make_station("clock", TOWN))
    for years, subject in ((0, "/CN=somebody else"), (-3, "/CN=yizhan"), (30, "/CN=yizhan")):
        shim.wall_ms = years * YEAR
        path = tls.certificate(field, "again", key, subject, shim.env)
        dates = tls.openssl("x509", "-in", path, "-noout", "-dates").decode()
        assert years == 0 or "20%02d" % (time.gmtime().tm_year % 100 + years) in dates, dates
        status, text = tls.Caller(field.hub_port, path).post(b"garbage")
        assert status == 400 and "YZ2101" in text, "it is heard, and what it says is no message: %s" % text


def test_a_key_speaks_for_its_own_name_only(field):
    a, b = station(field, "qs-01"), station(field, "qs-02")
    caller = tls.Caller(field.hub_port, tls.certificate(field, "a", tls.private_key(a.data)))
    status, text = caller.post(head("qs-02"))
    assert status == 403 and "YZ2106" in text, text
    status, text = caller.post(head("qs-01"))
    assert status == 403 and "YZ2105" in text, "its own name, but no MAC: %s" % text
    assert b.talk()["cause"] is None


def test_a_revocation_counts_on_a_connection_that_is_open(field):
    node = station(field)
    caller = tls.Caller(field.hub_port, tls.certificate(field, "a", tls.private_key(node.data)))
    for _ in range(2):
        assert caller.post(b"garbage")[0] == 400
    connection = caller.http.sock
    field.hub.ok("revoke", "qs-01")
    caller.http.request("POST", "/exchange", b"garbage", {"Content-Type": EXCHANGE})
    assert caller.http.sock is connection
    reply = caller.http.getresponse()
    text = reply.read().decode()
    assert reply.status == 403 and "YZ8004" in text, text
    save(node)
    said(node, 4, "[YZ8004]", "withdrawn", "县里已停用这台电脑")
    field.let_in(node)
    node.talk()
    assert node.status()["taken"] > 0 and node.status()["queued"] == 0


def test_nothing_but_tls_13_and_two_ways_in(field):
    with pytest.raises((ssl.SSLError, OSError)):
        tls.Caller(field.hub_port, version=ssl.TLSVersion.TLSv1_2).post(b"")
    plain = http.client.HTTPConnection("127.0.0.1", field.hub_port, timeout=10)
    with pytest.raises((http.client.HTTPException, OSError)):
        plain.request("GET", "/")
        plain.getresponse()
    for path in ("/", "/api/status", "/metrics", "/api/devices", "/api/invite"):
        status, _ = tls.Caller(field.hub_port).post(b"{}", path, "application/json")
        assert status == 404, path
    for body in (b"", b"[ask]\n", b"\0" * 100, b"[ask]\nform = 1\n" * 100, b"x" * 5000):
        status, text = tls.Caller(field.hub_port).post(body, "/enroll", "application/vnd.yizhan.enrolment")
        assert status in (400, 413), (body[:20], text)


# ---- at the station's ----

LOGIN = (200, {"Content-Type": "text/html"}, b"<html>log in</html>")
FAKE = (200, {"Content-Type": EXCHANGE}, b"<html>log in</html>")
KEY = ("[YZ7106]", "does not have the county's key", "没有县里的密钥")
PORTAL = ("[YZ7102]", "not the hub", "不是县里电脑")


def away(field, port):
    """A station that is enrolled, and now comes to another port."""
    node = station(field)
    node.talk()
    node.stop()
    text = open(node.conf).read().replace(":%d\n" % field.hub_port, ":%d\n" % port)
    field.write(node.name + ".conf", text)
    node.start()
    save(node)
    return node


@pytest.mark.parametrize("reply", [LOGIN, FAKE], ids=["login page", "our media type"])
def test_a_login_page_or_a_proxy_that_looks_into_the_line(field, reply):
    server = tls.serve(field, tls.server_context(tls.certificate(field, "portal")), reply)
    node = away(field, server.server_port)
    said(node, 3, *KEY)
    assert server.seen == 0, "it was told nothing"


def test_another_hub(field):
    with tls.Field() as other:
        other.make_hub({}).start()
        node = away(field, other.hub_port)
        said(node, 3, *KEY)


def test_a_login_page_without_tls(field):
    server = tls.serve(field, None, LOGIN)
    node = away(field, server.server_port)
    said(node, 3, *PORTAL)
    assert server.seen == 0


@pytest.mark.parametrize("reply,who", [
    (LOGIN, PORTAL), (FAKE, PORTAL), ((302, {"Location": "https://127.0.0.1:%d/exchange"}, b""), PORTAL),
    ((307, {"Location": "https://127.0.0.1:%d/exchange"}, b""), PORTAL),
    ((302, {"Location": "file:///etc/passwd"}, b""), PORTAL),
    ((503, {}, b"<html>busy</html>"), ("[YZ7103]", "the hub refused", "县里拒绝了"))])
def test_even_with_the_hubs_key_only_macs_count_and_nobody_is_followed(field, reply, who):
    elsewhere = tls.Quiet(field)
    headers = {k: v % elsewhere.port if "%d" in v else v for k, v in reply[1].items()}
    path = tls.certificate(field, "stolen", tls.private_key(field.hub.data))
    server = tls.serve(field, tls.server_context(path), (reply[0], headers, reply[2]))
    node = away(field, server.server_port)
    said(node, 3, *who)
    assert server.seen > 0 and not elsewhere.seen


def test_the_environment_names_no_proxy(field):
    door = tls.Quiet(field)
    proxy = "http://127.0.0.1:%d" % door.port
    node = field.make_station("qs-01", TOWN)
    node.env = {name: proxy for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy")}
    os.environ.update(node.env)
    try:
        node.start()
        assert node.talk()["cause"] is None and not door.seen
    finally:
        for name in node.env:
            del os.environ[name]


def test_the_old_tls_is_refused(field):
    path = tls.certificate(field, "stolen", tls.private_key(field.hub.data))
    server = tls.serve(field, tls.server_context(path, ssl.TLSVersion.TLSv1_2), LOGIN)
    node = away(field, server.server_port)
    said(node, 3, *PORTAL)
    assert server.seen == 0


# ---- keys and clocks ----

def test_the_next_key_is_known_and_the_one_after_it_is_not(field):
    node = station(field)
    path = os.path.join(field.hub.data, "keys")
    first = tls.private_key(field.hub.data)
    text = open(path).read()
    field.hub.stop()
    field.write("hub/keys", text.replace(first, "", 1) + first)
    field.hub.start()
    assert node.talk()["cause"] is None
    field.hub.stop()
    third = open(tls.certificate(field, "third")).read().split("-----BEGIN CERTIFICATE")[0]
    field.write("hub/keys", text.replace(first, third, 1))
    field.hub.start()
    save(node)
    said(node, 3, *KEY)
    field.hub.stop()
    field.write("hub/keys", text)
    field.hub.start()
    assert node.talk()["cause"] is None and node.status()["queued"] == 0


@pytest.mark.parametrize("whose,years", [("t1", -56), ("t1", 73), ("hub", -56), ("hub", 73)])
def test_no_clock_decides_whom_to_trust(whose, years):
    with tls.Field() as plain:
        want = test_clock.year(plain)
    with tls.Field() as field:
        assert test_clock.year(field, lambda shim: setattr(shim, "wall_ms", years * YEAR), whose=whose) == want


@pytest.mark.parametrize("years", [-56, 73])
def test_a_wrong_key_is_wrong_at_any_time(field, years):
    server = tls.serve(field, tls.server_context(tls.certificate(field, "portal")), LOGIN)
    node = away(field, server.server_port)
    node.stop()
    shim = Shim(node)
    shim.wall_ms = years * YEAR
    node.start()
    said(node, 3, *KEY)


# ---- the line ----

def test_what_a_connection_costs(field):
    """Small keys: a new connection is dear enough, and a kept one costs the exchange alone."""
    proxy = Proxy(field.hub_port)
    field.closers.append(proxy.close)
    node, cost = station(field, hub_port=proxy.port), []
    node.talk()
    for cut in (True, True, False):
        if cut:
            proxy.cut_all()
        before = sum(proxy.passed.values())
        assert node.talk()["cause"] is None
        cost.append(sum(proxy.passed.values()) - before)
    assert cost[0] - cost[2] < 1800 and cost[1] - cost[2] < 1800 and cost[2] < 1000, cost


def test_a_copied_disk_is_noticed(field):
    county = field.make_station("county", yz.COUNTY)
    county.start()
    node = station(field)
    save(node, "before")
    node.talk()
    node.stop()
    copy = field.make_enrolling_station("copy", TOWN)
    text = open(copy.conf).read().replace("name = copy", "name = qs-01")
    field.write("copy.conf", text)
    yz.copy_data(node.data, copy.data)
    node.start()
    copy.start()
    for one, name in ((node, "here"), (copy, "there")):
        for _ in range(2):
            save(one, name)
            one.talk()
    for one in (node, copy, county, node, copy, county):
        one.talk()
    assert "copied" in [c["reason"] for c in county.cases() + field.hub.cases()], county.cases()
    for one in (node, copy):
        assert one.status()["queued"] == 0
    assert len(field.hub.export().splitlines()) == 5, "nothing is lost by it"
    field.hub.ok("revoke", "qs-01")
    for one in (node, copy):
        said(one, 4, "[YZ8004]", "withdrawn", "县里已停用这台电脑")
