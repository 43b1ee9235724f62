"""A PC is let in: by a code that never travels, over a line nobody trusts, or by two files on a stick. Cut anywhere, it stays one device."""
import http.client
import http.server
import os
import stat
import threading

import pytest

import made_up
import tls
import yz
from proxy import Proxy

TOWN = "520527001"


@pytest.fixture
def field():
    with yz.Field() as f:
        f.make_enrolling_hub().start()
        yield f


def station(field, name="qs-01", org=TOWN, **how):
    node = field.make_enrolling_station(name, org, **how)
    node.start()
    return node


def code(field, org=TOWN):
    return field.hub.ok("invite", org).json["code"]


def url(port):
    return "https://127.0.0.1:%d" % port


def devices(field):
    return field.hub.ok("devices").lines


def refused(answer, exit, *says):
    assert answer.code == exit, answer
    for word in says:
        assert word in answer.err, answer


def works(node):
    node.api("POST", "sync", {})
    status = node.talk()
    assert status["cause"] is None and status["last_complete"], status


def test_before_it_is_enrolled_it_can_be_worked_at(field):
    node = station(field)
    a = node.cli("sync")
    refused(a, 4, "[YZ8003]", "yizhan enroll CODE")
    refused(node.cli("sync", flags=("--lang", "zh")), 4, "本机还没有启用")
    told = field.let_in(node)
    assert told["device"] == "qs-01" and told["org"] == TOWN
    assert devices(field)[0]["check"] == told["check"], "both screens show the same"
    works(node)
    node.restart()
    field.hub.restart()
    works(node)


def test_nothing_secret_is_readable_by_others(field):
    node = station(field)
    field.let_in(node)
    for folder in (node.data, field.hub.data):
        for name in ("keys", "enrolled", "devices"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path


def test_a_code_lets_one_pc_in(field):
    first, second = station(field, "qs-01"), station(field, "qs-02")
    c = code(field)
    assert first.cli("enroll", c.lower().replace("-", " "), "--hub", url(field.hub_port)).code == 0
    refused(second.cli("enroll", c, "--hub", url(field.hub_port)), 4, "[YZ8002]", "used for qs-01")
    refused(second.cli("enroll", "0000-0000-0000-0000", "--hub", url(field.hub_port)), 4, "[YZ8002]", "mistyped")
    refused(second.cli("enroll", "0000", "--hub", url(field.hub_port)), 4, "[YZ8002]", "16 letters")
    refused(second.cli("enroll", c), 4, "[YZ8002]")         # the hub's address stands in its configuration
    refused(second.cli("enroll", code(field, "520527002"), "--hub", url(field.hub_port)), 4, "520527002", TOWN)
    assert [d["device"] for d in devices(field)] == ["qs-01"]


def test_the_same_code_again_is_the_same_device(field):
    node = station(field)
    c = code(field)
    told = [node.ok("enroll", c, "--hub", url(field.hub_port)).json for _ in range(3)]
    assert told[0] == told[1] == told[2]
    assert len(devices(field)) == 1
    works(node)


def test_the_hub_says_how_each_pc_is(field):
    node, other = station(field, "qs-01"), station(field, "qs-02")
    field.let_in(node)
    for _ in range(2):
        body = {k: v for k, v in made_up.MadeUp(1, 2).member(TOWN).items() if v}
        node.api("POST", "put", {"kind": "member", "fields": body})
        node.talk()
    written = node.api("GET", "status")["written"]
    node.talk()
    said = devices(field)
    assert [d["device"] for d in said] == ["qs-01"], "the other was not let in"
    said = said[0]
    assert said["written"] == said["acknowledged"] == written and said["queued"] == 0 and said["state"] == "allowed", said
    assert abs(said["clock_offset_ms"]) < 60000 and said["last_contact"] and said["enrolled"], said
    for lang, words in (("en", "last contact: "), ("zh", "最近上报")):
        text = field.hub.ok("devices", flags=("--lang", lang)).out
        assert words in text and said["check"] in text and " %d " % written in text, text
    field.let_in(other)
    assert len(devices(field)) == 2


def test_the_hub_says_by_what_a_pc_came_last(field):
    node = station(field)
    field.let_in(node)
    works(node)
    ask, back = field.path("a.ask"), field.path("a.answer")
    first = devices(field)[0]
    assert first["by"] == "line" and first["last_line"] and first["cases"] == 0, first
    node.ok("pack", ask)
    with open(ask, "rb") as f:
        whole = f.read()
    torn = field.path("torn.ask")
    with open(torn, "wb") as f:
        f.write(whole[:-5])
    assert field.hub.cli("unpack", torn, back).code == 2
    assert devices(field)[0]["by"] == "line"
    field.hub.ok("unpack", ask, back)
    said = devices(field)[0]
    assert said["by"] == "stick" and said["last_line"] == first["last_line"], said
    field.hub.restart()
    assert devices(field)[0] == said
    works(node)
    assert devices(field)[0]["by"] == "line" and "by stick" not in field.hub.ok("devices", flags=("--lang", "en")).out


def test_two_pcs_of_one_name(field):
    one, two = station(field, "qs-01"), station(field, "qs-02")
    text = open(two.conf).read().replace("name = qs-02", "name = qs-01")
    two.stop()
    field.write("qs-02.conf", text)
    two.start()
    assert field.let_in(one)["device"] == "qs-01"
    assert field.let_in(two)["device"] == "qs-01-2"
    works(one)
    works(two)


@pytest.mark.parametrize("who,place", [("hub", "enrol.admitted"), ("pc", "enrol.proven"), ("pc", "enrol.kept")])
def test_a_power_cut_at_each_step_leaves_one_device(field, who, place):
    node = station(field)
    keys = open(os.path.join(node.data, "keys"), "rb").read()
    c = code(field)
    dying = field.hub if who == "hub" else node
    dying.stop()
    dying.env["YZ_CRASH_AT"] = place
    dying.start()
    assert node.cli("enroll", c, "--hub", url(field.hub_port)).code != 0
    assert dying.wait() == -9, "it died there"
    del dying.env["YZ_CRASH_AT"]
    dying.start()
    assert node.ok("enroll", c, "--hub", url(field.hub_port)).json["device"] == "qs-01"
    assert open(os.path.join(node.data, "keys"), "rb").read() == keys, "the same key"
    assert len(devices(field)) == 1
    works(node)


def test_a_lost_answer_is_given_again(field):
    proxy = Proxy(field.hub_port)
    field.closers.append(proxy.close)
    node = station(field)
    c = code(field)
    for bytes_left in (0, 500, 1000, 1400, 1600, 1800, 2000):
        proxy.cut_reply(bytes_left)
        a = node.cli("enroll", c, "--hub", url(proxy.port))
        if a.code == 0:
            break
        assert "[YZ7101]" in a.err or "[YZ7102]" in a.err, a
        proxy.heal()
    assert node.ok("enroll", c, "--hub", url(field.hub_port)).json["device"] == "qs-01"
    assert len(devices(field)) == 1


def test_by_a_stick(field):
    node = station(field)
    c = code(field)
    request, answer = field.path("request"), field.path("answer")
    node.ok("enroll", c, "--request", request)
    assert c.replace("-", "") not in open(request).read().upper().replace("-", ""), "the code does not travel"
    field.hub.ok("admit", request, answer)
    again = field.path("again")
    field.hub.ok("admit", request, again)
    assert open(answer).read() == open(again).read()
    other = station(field, "other")
    refused(other.cli("enroll", c, "--answer", answer), 3, "[YZ7106]")
    refused(node.cli("enroll", code(field), "--answer", answer), 3, "[YZ7106]")
    told = node.ok("enroll", c, "--answer", answer, "--hub", url(field.hub_port)).json
    assert told["check"] == devices(field)[0]["check"]
    works(node)


def test_a_pc_without_a_line_at_all(field):
    """Let in by a stick, and all its exchanges by one: the same keys seal the bundles."""
    node = station(field, hub_port=1)
    refused(node.cli("pack", field.path("early.ask")), 4, "[YZ8003]")
    c = code(field)
    node.ok("enroll", c, "--request", field.path("request"))
    field.hub.ok("admit", field.path("request"), field.path("answer"))
    node.ok("enroll", c, "--answer", field.path("answer"))
    body = {k: v for k, v in made_up.MadeUp(1, 2).member(TOWN).items() if v}
    node.api("POST", "put", {"kind": "member", "fields": body})
    ask, back = field.path("a.ask"), field.path("a.answer")
    node.ok("pack", ask)
    field.hub.ok("unpack", ask, back)
    node.ok("unpack", back)
    status = node.api("GET", "status")
    assert status["taken"] == status["written"] > 0 and status["queued"] == 0, status
    said = devices(field)[0]
    assert said["by"] == "stick" and said["last_line"] is None and said["last_contact"], said
    for lang, words in (("en", "by stick"), ("zh", "离线同步包")):
        assert words in field.hub.ok("devices", flags=("--lang", lang)).out
    node.ok("pack", ask)
    field.hub.ok("revoke", "qs-01")
    refused(field.hub.cli("unpack", ask, back), 4, "[YZ2106]")


class Between(http.server.BaseHTTPRequestHandler):
    """Ends TLS with a key of its own and passes on what it has altered."""
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(body)
        up = http.client.HTTPSConnection("127.0.0.1", self.server.hub_port, context=self.server.context)
        up.request("POST", self.path, self.server.alter("ask", body), {"Content-Type": self.headers["Content-Type"]})
        r = up.getresponse()
        data = self.server.alter("answer", r.read())
        self.send_response(r.status)
        self.send_header("Content-Type", r.getheader("Content-Type"))
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def between(field, alter):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Between)
    server.socket = tls.server_context(tls.certificate(field, "evil")).wrap_socket(server.socket, server_side=True)
    server.context = tls.client_context()
    server.alter, server.hub_port, server.seen = alter, field.hub_port, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    field.closers.append(server.shutdown)
    return server


def swap(name):
    """Replaces one key of a note by another."""
    def alter(note):
        return b"\n".join(name + b" = " + b"5a" * 32 if line.startswith(name + b" =") else line for line in note.split(b"\n"))
    return alter


@pytest.mark.parametrize("name", [b"pin", b"exchange", b"mac"])
def test_who_stands_between_cannot_put_his_key_into_the_request(field, name):
    node = station(field)
    c = code(field)
    server = between(field, lambda which, note: swap(name)(note) if which == "ask" else note)
    for _ in range(5):
        refused(node.cli("enroll", c, "--hub", url(server.server_port)), 4, "[YZ8002]", "altered")
    refused(node.cli("enroll", c, "--hub", url(field.hub_port)), 4, "too often")
    assert not devices(field)
    assert all(c.replace("-", "").encode() not in x.upper() for x in server.seen)


@pytest.mark.parametrize("name", [b"pin", b"next", b"exchange", b"mac"])
def test_who_stands_between_cannot_put_his_key_into_the_answer(field, name):
    node = station(field)
    c = code(field)
    server = between(field, lambda which, note: swap(name)(note) if which == "answer" else note)
    refused(node.cli("enroll", c, "--hub", url(server.server_port)), 3, "[YZ7106]")
    assert not os.path.exists(os.path.join(node.data, "enrolled")), "nothing was pinned"
    refused(node.cli("sync"), 4, "[YZ8003]")
    assert node.cli("enroll", c, "--hub", url(field.hub_port)).code == 0
    assert len(devices(field)) == 1


def test_revoked_and_let_in_again(field):
    node, other = station(field, "qs-01"), station(field, "qs-02")
    field.let_in(node)
    field.let_in(other)
    works(node)
    field.hub.ok("revoke", "qs-01")
    a = node.cli("sync")
    refused(a, 4, "[YZ8004]", "Nothing is lost")
    works(other)
    refused(field.hub.cli("revoke", "nobody"), 4, "[YZ2106]")
    field.hub.restart()
    refused(node.cli("sync"), 4, "[YZ8004]")
    field.let_in(node)
    works(node)
    assert len(devices(field)) == 2


def test_the_hubs_keys_are_never_drawn_anew(field):
    node = station(field)
    field.let_in(node)
    path = os.path.join(field.hub.data, "keys")
    field.hub.stop()
    whole = open(path, "rb").read()
    with open(path, "wb") as f:
        f.write(whole[:100])
    code_, said = field.hub.refuse()
    assert code_ == 2 and "[YZ6003]" in said and path in said, said
    with open(path, "wb") as f:
        f.write(whole)
    field.hub.start()
    works(node)


@pytest.mark.parametrize("who", ["hub", "pc"])
def test_what_an_enrolment_left_tells_that_there_was_a_register(field, who):
    node = station(field)
    field.let_in(node)
    one = node if who == "pc" else field.hub
    one.stop()
    for name in os.listdir(one.data):
        if name not in ("keys", "enrolled", "devices"):
            os.remove(os.path.join(one.data, name))
    code_, said = one.refuse()
    assert code_ != 0 and "[YZ6008]" in said, said


def test_a_hub_that_lost_its_disk_is_still_the_hub():
    """Keys and list lie beside the off-box copy as of the last change, and come back with it; an older list undoes nothing."""
    with yz.Field() as field:
        hub = field.make_enrolling_hub()
        copies = field.path("copies")
        os.mkdir(copies)
        with open(hub.conf, "a") as f:
            f.write("[store]\nbackup = %s\n" % copies)
        hub.start()
        first, second = station(field, "qs-01"), station(field, "qs-02")
        field.let_in(first)
        made = hub.ok("backup").json["file"]
        field.let_in(second)
        hub.ok("revoke", "qs-01")
        for name in os.listdir(copies):
            assert stat.S_IMODE(os.stat(os.path.join(copies, name)).st_mode) == 0o600, name
        hub.stop()
        os.rename(hub.data, field.path("lost"))
        assert hub.cli("restore", made).code == 0
        hub.start()
        works(second)
        refused(first.cli("sync"), 4, "[YZ8004]")
        field.let_in(first)
        hub.stop()
        with open(os.path.join(copies, "hub-%s.devices" % yz.COUNTY), "w") as f:
            f.write("")
        assert hub.cli("restore", made).code == 0
        hub.start()
        works(first)


def test_what_the_off_box_copy_does_not_have_is_not_told():
    with yz.Field() as field:
        hub = field.make_enrolling_hub()
        with open(hub.conf, "a") as f:
            f.write("[store]\nbackup = %s\n" % field.path("unmounted"))
        hub.start()
        node = station(field)
        c = code(field)
        refused(node.cli("enroll", c, "--hub", url(field.hub_port)), 5, "[YZ6001]", "unmounted")
        os.mkdir(field.path("unmounted"))
        assert node.ok("enroll", c, "--hub", url(field.hub_port)).json["device"] == "qs-01"
        assert len(devices(field)) == 1
        works(node)


def test_a_hub_with_secrets_enrols_nobody():
    with yz.Field() as f:
        f.make_hub({"qs-01": TOWN}).start()
        node = f.make_station("qs-01", TOWN)
        node.start()
        refused(f.hub.cli("invite", TOWN), 64, "stations =")
        refused(node.cli("enroll", "0000-0000-0000-0000", "--hub", url(1)), 64, "secret =")
        works(node)
