"""The hub's key is turned: who is in contact goes on by itself, an old key is nobody's, and a power cut or a dead disk leaves a set that works."""
import os
import threading
import time

import pytest

import made_up
import tls
import yz
from shim import Shim
from tls import EXCHANGE, TOWN, field, station

KEY = "[YZ7106]"
pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def save(node, seed=7):
    body = {k: v for k, v in made_up.MadeUp(seed, 2).member(TOWN).items() if v}
    node.api("POST", "put", {"kind": "member", "fields": body})


def works(node):
    save(node, int.from_bytes(os.urandom(2), "big"))
    status = node.talk()
    assert status["cause"] is None and status["queued"] == 0, status


def keys(node):
    return node.ok("keys").json


def turn(field, *more):
    return field.hub.ok("keys", "turn", *more, codes=(0,)).json


def held_turn(hub, shim, sync):
    """A turn that is held in its first sync, the audit trail's, its second, the file's, or its third, the folder's: by then the file
    has its name."""
    answers = []
    shim.sync_passes, shim.sync_gate = shim.syncs + sync - 1, 1
    thread = threading.Thread(target=lambda: answers.append(hub.cli("keys", "turn")))
    thread.start()
    until = time.monotonic() + 20
    while shim.syncs <= shim.sync_passes and time.monotonic() < until:
        time.sleep(.005)
    assert shim.syncs == shim.sync_passes + 1
    return thread, answers


def text_of(folder, name="keys"):
    with open(os.path.join(folder, name)) as f:
        return f.read()


def refused(answer, exit, *says):
    assert answer.code == exit, answer
    for word in says:
        assert word in answer.err, answer


def pinned(node):
    return {k: keys(node)[k] for k in ("present", "next")}


def move(node, port):
    """To another port, as if somebody had taken over the name of the hub."""
    node.stop()
    lines = open(node.conf).read().splitlines()
    node.field.write(node.name + ".conf", "\n".join("hub = https://127.0.0.1:%d" % port if x.startswith("hub =") else x for x in lines) + "\n")
    node.start()


def test_both_sides_show_the_same_keys(field):
    node = field.make_enrolling_station("qs-01", TOWN)
    node.start()
    refused(node.cli("keys"), 4, "[YZ8003]")
    field.let_in(node)
    shown = keys(field.hub)
    assert pinned(node) == {k: shown[k] for k in ("present", "next")} and shown["turned"] is None and shown["behind"] == []
    assert all(len(x) == 35 and len(x.split()) == 6 for x in (shown["present"], shown["next"])), shown
    for lang, words in (("en", "last turned: never"), ("zh", "现用密钥")):
        text = field.hub.ok("keys", flags=("--lang", lang)).out
        assert words in text and shown["next"] in text, text
    refused(node.cli("keys", "turn"), 64)
    refused(field.hub.cli("keys", "burn"), 64)
    refused(field.hub.cli("keys", "--force"), 64)


def test_two_stations_go_on_without_a_word_to_the_clerk(field):
    one, two = station(field, "qs-01"), station(field, "qs-02")
    works(one)
    works(two)
    before, pid, old = keys(field.hub), field.hub.process.pid, tls.private_key(field.hub.data)
    for _ in range(3):
        told = turn(field)
        assert told["present"] == before["next"] and told["next"] != before["next"] and told["turned"], told
        assert sorted(told["behind"]) == ["qs-01", "qs-02"]
        for node in (one, two):
            works(node)
            assert pinned(node) == pinned(field.hub)
        before = keys(field.hub)
        assert before["behind"] == []
    assert field.hub.process.pid == pid, "it was the same process all the while"
    assert old not in text_of(field.hub.data) and text_of(field.hub.data).count("BEGIN PRIVATE") == 2
    field.hub.restart()
    one.restart()
    for node in (one, two):
        works(node)
        assert pinned(node) == pinned(field.hub)


def test_an_exchange_that_runs_meanwhile_loses_nothing(field):
    node = station(field)
    for seed in range(40):
        save(node, seed)
    done = []
    thread = threading.Thread(target=lambda: done.append(node.cli("sync", "--wait", "60")))
    thread.start()
    for _ in range(3):
        field.hub.ok("keys", "turn", "--force", codes=(0,))
        node.talk()
    thread.join()
    node.sync()
    status = node.status()
    assert status["queued"] == 0 and status["taken"] == status["written"] > 0, status
    assert pinned(node) == pinned(field.hub)


def test_the_old_key_is_nobodys_for_who_has_been_in_contact(field):
    near, far = station(field, "qs-01"), station(field, "qs-02")
    works(near)
    works(far)
    stolen = tls.certificate(field, "stolen", tls.private_key(field.hub.data))
    evil = {"Content-Type": EXCHANGE, "Yizhan-Next": "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="}
    server = tls.serve(field, tls.server_context(stolen), (200, evil, b"<html>"))
    turn(field)
    works(near)
    had = pinned(far)
    move(near, server.server_port)
    refused(near.cli("sync"), 3, KEY)
    assert server.seen == 0, "the thief was told nothing"
    move(far, server.server_port)
    refused(far.cli("sync"), 3, "[YZ7102]")
    assert server.seen > 0 and pinned(far) == had, "who has the old key does not say which one is next"
    for node in (near, far):
        move(node, field.hub_port)
        works(node)
        assert pinned(node) == pinned(field.hub)


def test_the_next_key_alone_does_not_say_what_comes_after_it(field):
    """Shown on the line, but the answer is not proven by the key of the frames."""
    node = station(field)
    works(node)
    text = text_of(field.hub.data)
    stolen = tls.certificate(field, "stolen", "-----BEGIN PRIVATE KEY-----" + text.split("-----BEGIN PRIVATE KEY-----")[2])
    evil = {"Content-Type": EXCHANGE, "Yizhan-Next": "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo="}
    server = tls.serve(field, tls.server_context(stolen), (200, evil, b"<html>"))
    had = pinned(node)
    move(node, server.server_port)
    refused(node.cli("sync"), 3, "[YZ7102]")
    assert server.seen > 0 and pinned(node) == had


def test_who_slept_through_two_turns_enrols_anew_and_loses_nothing(field):
    here, away = station(field, "qs-01"), station(field, "qs-02")
    works(here)
    works(away)
    away.stop()
    turn(field)
    works(here)
    assert keys(field.hub)["behind"] == ["qs-02"]
    shown = keys(field.hub)
    refused(field.hub.cli("keys", "turn"), 1, "[YZ5003]", "qs-02", "--force")
    refused(field.hub.cli("keys", "turn", flags=("--lang", "zh")), 1, "[YZ5003]", "请等它们都上报过一次")
    assert keys(field.hub) == shown, "nothing was done"
    assert "qs-02" in field.hub.ok("keys", flags=("--lang", "en")).out
    turn(field, "--force")
    works(here)
    away.start()
    save(away)
    a = away.cli("sync")
    refused(a, 3, KEY, "Nothing is lost", "turned its key twice", "yizhan enroll")
    refused(away.cli("sync", flags=("--lang", "zh")), 3, KEY, "两次更换密钥")
    assert away.status()["queued"] > 0
    field.let_in(away)
    works(away)
    assert pinned(away) == pinned(field.hub)
    assert len(field.hub.ok("devices").lines) == 2
    assert keys(field.hub)["behind"] == []


def test_who_was_revoked_or_came_later_holds_up_no_turn(field):
    works(station(field, "qs-01"))
    gone = station(field, "qs-02")
    works(gone)
    turn(field)
    field.hub.ok("revoke", "qs-02")
    assert keys(field.hub)["behind"] == ["qs-01"]
    station(field, "qs-03")
    assert keys(field.hub)["behind"] == ["qs-01"], "it had both keys with its enrolment"


def test_a_stick_is_good_over_turns(field):
    """The key of the frames is another one, and stays: what is under way need not be packed anew."""
    node = station(field)
    works(node)
    save(node)
    ask, back = field.path("a.ask"), field.path("a.answer")
    node.ok("pack", ask)
    turn(field)
    node.talk()
    turn(field)
    save(node, 8)
    field.hub.ok("unpack", ask, back)
    turn(field, "--force")
    node.ok("unpack", back)
    assert node.status()["queued"] > 0
    refused(node.cli("sync"), 3, KEY)
    field.let_in(node)
    works(node)


@pytest.mark.parametrize("sync", [1, 2, 3], ids=["it is not noted yet", "the new file is not whole", "the new file has its name"])
def test_a_power_cut_in_the_middle_of_a_turn(sync):
    with tls.Field() as field:
        hub = field.make_hub({})
        shim = Shim(hub)
        hub.start()
        node = station(field)
        works(node)
        before = pinned(hub)
        thread, _ = held_turn(hub, shim, sync)
        hub.kill()
        thread.join()
        shim.sync_gate = 0
        hub.start()
        now = pinned(hub)
        assert now == before if sync < 3 else now["present"] == before["next"], (now, before)
        works(node)
        assert pinned(node) == now
        turn(field)
        works(node)
        assert pinned(node) == pinned(hub) and pinned(hub)["present"] == now["next"]


@pytest.mark.parametrize("sync", [2, 3])        # the first is of the audit trail
def test_a_disk_that_refuses_a_turn_does_it_not_twice(sync):
    with tls.Field() as field:
        hub = field.make_hub({})
        shim = Shim(hub)
        hub.start()
        node = station(field)
        works(node)
        before = pinned(hub)
        thread, answers = held_turn(hub, shim, sync)
        shim.sync_fail, shim.sync_gate = 1, 0
        thread.join()
        refused(answers[0], 5, "[YZ6001]")
        assert pinned(hub) == before
        works(node)
        turned = turn(field)
        assert turned["present"] == before["next"], "the same turn, not one more"
        works(node)
        hub.restart()
        works(node)
        assert pinned(node) == pinned(hub) == {k: turned[k] for k in ("present", "next")}


def test_a_hub_that_lost_its_disk_after_a_turn():
    """The off-box copy has the keys before the hub shows them; where it cannot be had, nothing is turned."""
    with tls.Field() as field:
        hub = field.make_hub({})
        copies = field.path("copies")
        os.mkdir(copies)
        with open(hub.conf, "a") as f:
            f.write("[store]\nbackup = %s\n" % copies)
        hub.start()
        node = station(field)
        works(node)
        old = tls.private_key(hub.data)
        made = hub.ok("backup").json["file"]
        turn(field)
        works(node)
        assert text_of(copies, "hub-%s.keys" % yz.COUNTY) == text_of(hub.data)
        assert old not in text_of(copies, "hub-%s.keys" % yz.COUNTY)
        shown = pinned(hub)
        os.rename(copies, copies + ".off")
        refused(hub.cli("keys", "turn"), 5, "[YZ6001]")
        assert pinned(hub) == shown
        os.rename(copies + ".off", copies)
        hub.stop()
        os.rename(hub.data, field.path("lost"))
        assert hub.cli("restore", made).code == 0
        hub.start()
        assert pinned(hub) == shown
        works(node)
        turn(field)
        works(node)


def test_keys_that_somebody_replaced_are_not_turned(field):
    works(station(field))
    path = os.path.join(field.hub.data, "keys")
    whole = text_of(field.hub.data)
    first = tls.private_key(field.hub.data)
    other = open(tls.certificate(field, "other")).read().split("-----BEGIN CERTIFICATE")[0]
    for text in (whole[:100], whole.replace(first, other, 1), ""):
        with open(path, "w") as f:
            f.write(text)
        a = field.hub.cli("keys", "turn", "--force")
        refused(a, 5, "[YZ6003]", path)
        assert text_of(field.hub.data) == text
    os.remove(path)
    refused(field.hub.cli("keys", "turn", "--force"), 5, "[YZ6003]")
    with open(path, "w") as f:
        f.write(whole)
    turn(field)
