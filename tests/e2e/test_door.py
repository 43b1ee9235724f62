"""The door against bad callers: raw sockets, one daemon for all tests.

Each test also stands for "the daemon lives and nothing was written": the
fixture asks afterwards.  YZ_SLOW=1 adds the one that waits for a time limit.
"""
import json
import os
import socket
import stat
import time

import pytest

import yz

ROUTES = ["/", "/metrics", "/api/status", "/api/show?id=0", "/api/list", "/api/export", "/api/cases", "/api/log",
          "/api/put", "/api/edit", "/api/end", "/api/import", "/api/sync", "/api/retry", "/nothing"]


@pytest.fixture(scope="module")
def field():
    with yz.Field() as field:
        field.make_hub({"qs-01": "520527001"}).start()
        field.town = field.make_station("qs-01", "520527001")
        field.town.start()
        yield field


@pytest.fixture(autouse=True)
def unharmed(field):
    before = field.town.api("GET", "status")["written"]
    yield
    for node in field.nodes:
        assert node.process.poll() is None, node.tail()
        node.hang_up()
    assert field.town.api("GET", "status")["written"] == before


class Caller:
    """One connection, bytes as they are."""

    def __init__(self, port, seconds=10):
        self.socket = socket.create_connection(("127.0.0.1", port), seconds)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        """False when the daemon closed before all of it was gone."""
        try:
            self.socket.sendall(data)
            return True
        except OSError:
            return False

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionError:
            data = b""
        self.rest += data
        return bool(data)

    def answer(self):
        """(status, headers, body) of the next reply; (None, {}, b"") when the daemon hung up."""
        while b"\r\n\r\n" not in self.rest:
            if not self.more():
                return None, {}, b""
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        size = int(headers.get("content-length", "0"))
        while len(self.rest) < size and self.more():
            pass
        body, self.rest = self.rest[:size], self.rest[size:]
        return int(lines[0].split()[1]), headers, body

    def closed(self):
        try:
            while self.more():
                pass
            return True
        except socket.timeout:
            return False


def request(node, method="GET", path="/api/status", headers=(), body=b"", host=None, token=False, version="1.1"):
    lines = ["%s %s HTTP/%s" % (method, path, version)]
    if host is not False:
        lines.append("Host: " + (host or "127.0.0.1:%d" % node.port))
    if token:
        lines.append("Authorization: Bearer " + node.token())
    return ("\r\n".join(lines + list(headers)) + "\r\n\r\n").encode("utf-8") + body


def ask(node, *a, port=None, **k):
    with Caller(port or node.port) as caller:
        caller.send(request(node, *a, **k))
        return caller.answer()


def post(node, path, body, type="application/json", token=True, more=()):
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
    return ask(node, "POST", path, ["Content-Type: " + type, "Content-Length: %d" % len(body)] + list(more), body,
               token=token)


def code(answer):
    return json.loads(answer[2])["error"]["code"]


# -- who asks

@pytest.mark.parametrize("path", ROUTES)
def test_rebound_name(field, path):
    for host in ("evil.example", "evil.example:%d" % field.town.port, "localhost.evil.example", "127.0.0.1:1",
                 "127.0.0.1.", ""):
        for method in ("GET", "POST"):
            status, headers, _ = ask(field.town, method, path, host=host or " ", token=True,
                                     headers=["Content-Length: 0"] if method == "POST" else [])
            assert status in (400, 403), (host, method, status)
            assert not any(h.startswith("access-control") for h in headers)


def test_own_names(field):
    for host in ("localhost", "127.0.0.1", "LOCALHOST:%d" % field.town.port, "127.0.0.1:%d" % field.town.port):
        assert ask(field.town, host=host)[0] == 200, host


def test_origin(field):
    own = "http://127.0.0.1:%d" % field.town.port
    assert ask(field.town, headers=["Origin: " + own])[0] == 200
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https" + own[4:], own + ".evil.example", ""):
        assert ask(field.town, headers=["Origin: " + origin])[0] == 403, origin
    assert ask(field.town, headers=["Sec-Fetch-Site: cross-site"])[0] == 403
    assert ask(field.town, headers=["Sec-Fetch-Site: same-origin"])[0] == 200


def test_token(field):
    town, body = field.town, {"kind": "member", "fields": {}}
    good = town.token()
    for wrong in (None, "", "Bearer", "Bearer " + "0" * 64, "Bearer " + good[:-1], "Bearer " + good + "0",
                  "Basic " + good, good):
        more = [] if wrong is None else ["Authorization: " + wrong]
        assert post(town, "/api/put", body, token=False, more=more)[0] == 401, wrong
    assert post(town, "/api/put", body, more=["Authorization: Bearer " + good])[0] == 400   # given twice
    assert stat.S_IMODE(os.stat(os.path.join(town.data, "token")).st_mode) == 0o600


def test_browser_form(field):
    """What a page may send without a preflight."""
    for type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                 "application/jsonx"):
        assert post(field.town, "/api/put", {"kind": "member", "fields": {}}, type=type)[0] == 415, type
    status, headers, _ = ask(field.town, "OPTIONS", "/api/put", ["Origin: http://127.0.0.1:%d" % field.town.port])
    assert status in (404, 405) and not any(h.startswith("access-control") for h in headers)


def test_security_headers(field):
    for path in ("/", "/api/status", "/nothing"):
        headers = ask(field.town, path=path)[1]
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"


# -- how it is asked

def test_routes(field):
    town = field.town
    assert ask(town, path="/nothing")[0] == 404
    assert ask(town, path="/api/../api/put")[0] == 404
    for path in ("put", "edit", "end", "import", "sync", "retry", "rebuild", "verify"):
        assert ask(town, path="/api/" + path, token=True)[0] == 405, path
    for method in ("PUT", "DELETE", "PATCH", "TRACE", "FOO"):
        assert ask(town, method, "/api/status", token=True)[0] == 405, method
    assert ask(town, path="/api/status", headers=["Content-Length: 3"], body=b"abc")[0] == 413
    assert ask(town, path="/api/list?kind=member&kind=org_unit")[0] == 400
    assert ask(town, path="/api/list?kind=member%00x")[0] == 400
    assert ask(town, path="/api/list?kind=nothing")[0] == 422
    assert ask(town, path="/api/list?" + "&".join("a%d=1" % i for i in range(40)))[0] == 400
    assert ask(town, path="/api/export?scpoe=520527001")[0] == 400
    assert ask(town, path="/api/show?id=x")[0] == 422
    assert ask(town, path="/api/show?id=" + "0" * 32)[0] == 404


CHUNKED = "Transfer-Encoding: chunked"


@pytest.mark.parametrize("name,head,body", [
    ("length and coding", ["Content-Length: 2", CHUNKED], b"0\r\n\r\n"),
    ("coding and length", [CHUNKED, "Content-Length: 2"], b"0\r\n\r\n"),
    ("two lengths", ["Content-Length: 2", "Content-Length: 3"], b"{} "),
    ("the same length twice", ["Content-Length: 2", "Content-Length: 2"], b"{}"),
    ("a list of lengths", ["Content-Length: 2, 2"], b"{}"),
    ("negative", ["Content-Length: -2"], b"{}"),
    ("signed", ["Content-Length: +2"], b"{}"),
    ("hexadecimal", ["Content-Length: 0x2"], b"{}"),
    ("over 64 bits", ["Content-Length: 18446744073709551618"], b"{}"),
    ("over 63 bits", ["Content-Length: 9999999999999999999"], b"{}"),
    ("blank before the colon", ["Content-Length : 2"], b"{}"),
    ("blank in the coding", ["Transfer-Encoding : chunked"], b"2\r\n{}\r\n0\r\n\r\n"),
    ("two codings", [CHUNKED, CHUNKED], b"0\r\n\r\n"),
    ("unknown coding", ["Transfer-Encoding: gzip"], b"{}"),
    ("coding in a list", ["Transfer-Encoding: gzip, chunked"], b"0\r\n\r\n"),
    ("two hosts", ["Host: 127.0.0.1"], b""),
    ("control sign", ["X-A: a\x01b"], b""),
    ("bad name", ["X A: b"], b""),
    ("chunk over 64 bits", [CHUNKED], b"fffffffffffffffff\r\n{}\r\n"),
    ("chunk that is no number", [CHUNKED], b"zz\r\n{}\r\n"),
])
def test_framing(field, name, head, body):
    """Refused or cut off; never taken, and never two answers."""
    with Caller(field.town.port) as caller:
        caller.send(request(field.town, "POST", "/api/sync", ["Content-Type: application/json"] + head, body, token=True))
        status, _, _ = caller.answer()
        assert status is None or status in (400, 413), (name, status)
        assert caller.closed()
        assert b"HTTP/1.1" not in caller.rest


def test_no_host_and_versions(field):
    assert ask(field.town, host=False)[0] == 400
    assert ask(field.town, host=False, version="1.0")[0] == 400
    for version in ("9.9", "1.x", "", "2.0"):
        assert ask(field.town, version=version)[0] in (None, 400, 505), version
    for junk in (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET\r\n\r\n", b"\0" * 100 + b"\r\n\r\n", b"\r\n" * 100):
        with Caller(field.town.port, 3) as caller:
            caller.send(junk)
            try:
                assert caller.answer()[0] in (None, 400)
            except socket.timeout:
                pass                    # it waits for the rest: the sweep's business


def test_two_in_one_go(field):
    with Caller(field.town.port) as caller:
        caller.send(request(field.town) + request(field.town, path="/nothing") + request(field.town))
        assert [caller.answer()[0] for _ in range(3)] == [200, 404, 200]


# -- how much is asked

def test_body_over_the_limit(field):
    town, size = field.town, 1024 * 1024 + 1
    head = ["Content-Type: application/json", "Content-Length: %d" % size]
    with Caller(town.port) as caller:           # before a byte of it is sent
        caller.send(request(town, "POST", "/api/put", head + ["Expect: 100-continue"], token=True))
        assert caller.answer()[0] == 413
    with Caller(town.port) as caller:
        chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
        sent = caller.send(request(town, "POST", "/api/put", ["Content-Type: application/json", CHUNKED], token=True) +
                           chunk * 17 + b"0\r\n\r\n")
        status = caller.answer()[0]
        assert status == 413 or (status is None and not sent)
    assert post(town, "/api/put", b" " * (1024 * 1024))[0] == 400


def test_endless_body(field):
    """Chunks without an end are cut off, not gathered."""
    peak = field.town.memory_peak()
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    with Caller(field.town.port) as caller:
        caller.send(request(field.town, "POST", "/api/put", ["Content-Type: application/json", CHUNKED], token=True))
        sent = 0
        while sent < 2000 and caller.send(chunk):
            sent += 1
        assert sent < 400
    assert field.town.memory_peak() - peak < 16 * 1024


def test_huge_chunk(field):
    """A chunk that says it has 2^64 - 1 bytes gets no more room than any other."""
    peak = field.town.memory_peak()
    with Caller(field.town.port) as caller:
        caller.send(request(field.town, "POST", "/api/put", ["Content-Type: application/json", CHUNKED], token=True) +
                    b"ffffffffffffffff\r\n")
        sent = 0
        while sent < 400 and caller.send(b"a" * 65536):
            sent += 1
        assert sent < 400
    assert field.town.memory_peak() - peak < 16 * 1024


def test_large_heads(field):
    for size in (20 * 1024, 100 * 1024, 1024 * 1024):
        with Caller(field.town.port) as caller:
            caller.send(request(field.town, headers=["X-A: " + "a" * size]))
            assert caller.answer()[0] in (None, 400, 413, 431), size
    with Caller(field.town.port) as caller:
        caller.send(request(field.town, headers=["X-%d: a" % i for i in range(5000)]))
        assert caller.answer()[0] in (None, 400, 413, 431)
    assert ask(field.town, path="/" + "a" * 200000)[0] in (None, 400, 414, 431)
    assert ask(field.town, headers=["X-A: " + "a" * 8000])[0] == 200


def test_many_silent_callers(field):
    """Their number is bounded, and one who asks properly is served once they go."""
    files = "/proc/%d/fd" % field.town.process.pid
    silent = []
    for i in range(200):
        try:
            silent.append(socket.create_connection(("127.0.0.1", field.town.port), 2))
            silent[-1].sendall(b"GET /api/status HT")
        except OSError:
            break
    time.sleep(.3)
    assert len(os.listdir(files)) < 64 + 40
    for s in silent:
        s.close()
    start = time.monotonic()
    assert ask(field.town)[0] == 200
    assert time.monotonic() - start < 8         # two looks of the sweep, not the idle limit


def test_full_of_silent_callers(field):
    """Who takes all places and says nothing loses them soon."""
    silent = [socket.create_connection(("127.0.0.1", field.town.port), 2) for _ in range(80)]
    start = time.monotonic()
    assert ask(field.town)[0] == 200
    assert time.monotonic() - start < 12        # not the 30 s of a head that began
    for s in silent:
        s.close()


def test_some_silent_callers_hold_up_nobody(field):
    silent = [socket.create_connection(("127.0.0.1", field.town.port), 2) for _ in range(50)]
    for s in silent:
        s.sendall(b"GET /api/status HTTP/1.1\r\nHost: 127")
    start = time.monotonic()
    for _ in range(20):
        assert ask(field.town)[0] == 200
    assert time.monotonic() - start < 5
    for s in silent:
        s.close()


@pytest.mark.skipif(not os.environ.get("YZ_SLOW"), reason="a minute; YZ_SLOW=1")
def test_dripping_callers_are_cut_off(field):
    town = field.town
    head = request(town, headers=["X-A: " + "a" * 4000])
    body = request(town, "POST", "/api/put", ["Content-Type: application/json", "Content-Length: 100000"], token=True)
    callers = [Caller(town.port, 1), Caller(town.port, 1)]
    callers[1].send(body)
    start = time.monotonic()
    open_ones = {0, 1}
    while open_ones and time.monotonic() - start < 90:
        for i in list(open_ones):
            if not callers[i].send(b"{" if i else head[:1]):
                open_ones.discard(i)
            head = head if i else head[1:]
        time.sleep(1)
        for i in list(open_ones):
            callers[i].socket.setblocking(False)
            try:
                if callers[i].socket.recv(4096) == b"":
                    open_ones.discard(i)
            except BlockingIOError:
                pass
            except OSError:
                open_ones.discard(i)
            callers[i].socket.setblocking(True)
    assert not open_ones, "still open after 90 s"


def test_idle_door_wakes_nobody(field):
    def work():
        with open("/proc/%d/stat" % field.town.process.pid) as f:
            parts = f.read().rsplit(")", 1)[1].split()
        return int(parts[11]) + int(parts[12])
    with Caller(field.town.port) as caller:
        caller.send(request(field.town))        # a kept connection and a half request
        caller.answer()
        caller.send(b"GET /api/st")
        before = work()
        time.sleep(2)
        assert work() - before <= 5             # of 200 ticks


def test_caller_gone_before_the_answer(field):
    body = json.dumps({"id": "0" * 32, "fields": {}}).encode()
    for i in range(50):
        with Caller(field.town.port) as caller:
            caller.send(request(field.town, "POST", "/api/edit", ["Content-Type: application/json",
                                                                  "Content-Length: %d" % len(body)], body[:i % len(body)],
                                token=True))
        with Caller(field.town.port) as caller:
            caller.send(request(field.town, "POST", "/api/edit", ["Content-Type: application/json",
                                                                  "Content-Length: %d" % len(body)], body, token=True))
            caller.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


# -- what is asked

@pytest.mark.parametrize("name,body", [
    ("nothing", b""),
    ("deep list", b'{"a":' + b"[" * 1000000 + b"}"),
    ("deep object", b'{"a":' * 100000 + b"1" + b"}" * 100000),
    ("name twice", b'{"kind":"member","kind":"member","fields":{}}'),
    ("field twice", b'{"kind":"member","fields":{"phone":"1","phone":"2"}}'),
    ("20 digits", b'{"kind":"member","fields":{},"base":12345678901234567890}'),
    ("1e999", b'{"kind":"member","fields":{},"base":1e999}'),
    ("NUL", b'{"kind":"member\\u0000","fields":{}}'),
    ("raw NUL", b'{"kind":"member\0","fields":{}}'),
    ("bad UTF-8", b'{"kind":"member\xff","fields":{}}'),
    ("lone surrogate", b'{"kind":"\\ud800","fields":{}}'),
    ("a list", b"[1,2]"),
    ("two values", b"{}{}"),
    ("cut short", b'{"kind":"member","fields":{"na'),
    ("no quotes", b"{kind:1}"),
    ("byte order mark", b"\xef\xbb\xbf{}"),
    ("GBK", '{"kind":"姓名","fields":{}}'.encode("gbk")),
])
def test_no_json(field, name, body):
    answer = post(field.town, "/api/put", body)
    assert (answer[0], code(answer)) == (400, "YZ5001"), name


@pytest.mark.parametrize("body,want", [
    ({}, "YZ2204"),
    ({"kind": 5}, "YZ5001"),
    ({"kind": "nothing", "fields": {}}, "YZ2204"),
    ({"kind": "member", "id": "x", "fields": {}}, "YZ2202"),
    ({"kind": "member"}, "YZ5001"),
    ({"kind": "member", "fields": []}, "YZ5001"),
    ({"kind": "member", "fields": {}}, "YZ2202"),
    ({"kind": "member", "fields": {"name": "", "phone": None, "posts": []}}, "YZ2202"),
    ({"kind": "member", "id": "00000000-0000-4000-8000-000000000001", "fields": {}}, "YZ2202"),
    ({"kind": "member", "fields": {"nothing": "1"}}, "YZ2203"),
    ({"kind": "member", "fields": {"phone": 12345}}, "YZ2202"),
    ({"kind": "member", "fields": {"phone": ["1"]}}, "YZ2202"),
    ({"kind": "member", "fields": {"phone": "138****1234"}}, "YZ2202"),
    ({"kind": "member", "fields": {"address": "***"}}, "YZ2202"),
    ({"kind": "member", "fields": {"posts": [1]}}, "YZ2202"),
    ({"kind": "member", "fields": {"posts": {"a": 1}}}, "YZ2202"),
    ({"kind": "member", "fields": {"name": "x" * 5000}}, "YZ2206"),
    ({"kind": "member", "fields": {"name": "a\u0001"}}, "YZ2205"),
    ({"kind": "member", "fields": {}, "author": 5}, "YZ5001"),
    ({"kind": "member", "fields": {}, "bsae": 5}, "YZ2203"),
    ({"kind": "member", "fields": {}, "author": "x" * 500}, "YZ2206"),
    ({"kind": "member", "fields": {}, "base": -1}, "YZ2202"),
    ({"kind": "member", "fields": {}, "base": "1"}, "YZ2202"),
    ({"kind": "member", "fields": {}, "bases": {"nothing": 1}}, "YZ2203"),
])
def test_coded_refusals(field, body, want):
    answer = post(field.town, "/api/put", body)
    assert answer[0] in (400, 422) and code(answer) == want, answer


def test_refusal_never_quotes_the_value(field):
    secret = "13912345678"
    for fields in ({"phone": [secret]}, {secret: "1"}, {"birth": secret}, {"id_number": secret}):
        answer = post(field.town, "/api/put", {"kind": "member", "fields": fields})
        why = json.loads(answer[2])["error"].get("why", "")
        assert secret not in why
    post(field.town, "/api/put", ('{"kind":"member","fields":{"phone":"%s","phone":"' % secret).encode())
    with open(os.path.join(field.town.data, "yizhan.log"), "rb") as f:
        assert secret.encode() not in f.read()


def test_unknown_names(field):
    for path, body in (("edit", {"id": "0" * 32, "fields": {}}), ("end", {"id": "0" * 32, "reason": "x"}),
                       ("retry", {"id": "0" * 32}), ("cases", {"case": "0" * 32 + "-1", "action": "take", "side": "parked"})):
        assert post(field.town, "/api/" + path, body)[0] == 404, path


def test_import_lines(field):
    """A dry run through the door: wrong lines are told, with line and code."""
    lines = [b"", b"{", b'{"op":"insert"}', b"x" * 70000, b'{"op":"delete","kind":"member","id":"' + b"0" * 32 +
             b'","at":"2024-12-26T13:08:00+08:00","site":"520527002"}', b"\r"]
    answer = post(field.town, "/api/import?dry_run=1", b"\n".join(lines), type="application/x-ndjson")
    assert answer[0] == 200
    result = json.loads(answer[2])
    assert (result["read"], result["wrong"], result["new"]) == (4, 4, 0)
    assert [(w["line"], w["code"]) for w in result["lines"]] == [(1, "YZ5001"), (2, "YZ2204"), (3, "YZ2206"), (4, "YZ2208")]


# -- the hub's public door

def test_public_door(field):
    hub, port = field.hub, field.hub_port
    for path in ROUTES:
        assert ask(hub, "GET", path, port=port)[0] == 404, path
    assert ask(hub, "GET", "/exchange", port=port)[0] == 405
    exchange = ["Content-Type: application/vnd.yizhan.exchange"]
    assert ask(hub, "POST", "/exchange", ["Content-Type: text/plain", "Content-Length: 1"], b"x", port=port)[0] == 415
    assert ask(hub, "POST", "/exchange", exchange + ["Content-Length: 0"], b"", port=port)[0] == 400
    for junk in (b"x" * 10, b"\0" * 100000, os.urandom(100000), b"YZ" + os.urandom(300)):
        status, headers, body = ask(hub, "POST", "/exchange", exchange + ["Content-Length: %d" % len(junk)], junk, port=port)
        assert status in (None, 400, 403, 413) and (status is None or "error" in json.loads(body)), status
    assert ask(hub, "POST", "/exchange", exchange + ["Content-Length: 1", CHUNKED], b"x", port=port)[0] == 400
