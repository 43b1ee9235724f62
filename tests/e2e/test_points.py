"""Killed at a named place, killed again while it recovers, started a third time: a witness outside finds every save once.

Each place of store/reach.h has its test here or says below why a process cannot
come by.  A place that the story does not reach fails its test.
"""
import os
import re
import signal

import pytest

import points
import yz

# where a station comes by, and where a hub does
STATION = """put.written put.again commit.before commit.after commit.failed checkpoint.before checkpoint.after origin.drawn
ask.before settle.confirm settle.confirm-old settle.confirmed-before settle.news settle.news-old settle.cursor-before
settle.departed settle.kept settle.life-old heal.sent-again heal.orphan heal.fork open.before open.schema open.read
rebuild.half import.piece compare.rows mend.before mend.after mend.damaged stop.begun stop.committed""".split()
HUB = """commit.before commit.after commit.failed checkpoint.before checkpoint.after reserve.before reserve.after take.before
take.after take.known take.gap take.forked take.lost take.careful take.deadly take.aside take.waited merge.same
merge.clash merge.proposal merge.ended merge.fixed merge.step check.rule check.scope check.duplicate case.replaced
case.closed case.closed-early news.moved answer.before answer.end answer.gone heal.raised heal.refilled heal.renumbered
heal.restored heal.cleared heal.retold heal.fork-known heal.branch open.before open.schema open.read rebuild.half stop.begun
stop.committed""".split()
ELSEWHERE = {"settle.confirm-old": "b", "settle.news-old": "b", "settle.life-old": "b", "heal.fork": "b"}
NOWHERE = {"mend.lost-life": "a hub must lose what nobody refills; test_reconcile.py has it",
           "take.released": "test_release.py has it",
           "enrol.admitted": "test_enroll.py has it and the next two", "enrol.proven": "", "enrol.kept": ""}
# killed there, and looked for every save, by test_backup.py
BACKUP = {"copy.pages", "copy.ended", "copy.named", "copy.secured", "restore.copied", "restore.marked", "restore.kept",
          "restore.placed"}
MORE = [("commit.before", "hub", 4), ("commit.before", "hub", 9), ("commit.before", "a", 3), ("commit.after", "a", 6),
        ("take.after", "hub", 7), ("settle.cursor-before", "c", 3)]
DEATHS = [(place, "hub", 1) for place in HUB] + [(place, ELSEWHERE.get(place, "a"), 1) for place in STATION] + MORE
LATER = [(place, who, "a_hub_set_back") for place in ("open.read", "commit.before") for who in ("hub", "a")]
IN_RECOVERY = ("open.before", "open.read", "commit.before", "commit.after")

pytestmark = pytest.mark.skipif(not os.path.exists(yz.BIN), reason="no " + yz.BIN)


def test_no_place_is_forgotten():
    with open(os.path.join(yz.REPO, "store", "reach.h"), encoding="utf-8") as f:
        places = re.findall(r'X\(REACH_\w+, "([a-z.-]+)"\)', f.read())
    assert len(places) == len(set(places)) > 40
    assert set(places) == set(HUB) | set(STATION) | set(NOWHERE) | BACKUP


def killed_at(folder, who, place, step, again):
    with yz.Field() as field:
        story = points.Points(field, folder)
        node = getattr(story, who)
        story.live(node, place, step)
        assert story.code == -signal.SIGKILL, "%s never came by %s: %s\n%s" % (who, place, story.code, node.tail())
        node.env = {"YZ_CRASH_AT": again}
        assert node.refuse()[0] == -signal.SIGKILL
        story.finish()


@pytest.mark.parametrize("place,who,times", DEATHS, ids=["%s-%s-%d" % d for d in DEATHS])
def test_killed_at(tmp_path, place, who, times):
    again = IN_RECOVERY[DEATHS.index((place, who, times)) % len(IN_RECOVERY)]
    killed_at(str(tmp_path), who, "%s:%d" % (place, times), None, again)


@pytest.mark.parametrize("place,who,step", LATER)
def test_killed_at_a_later_start(tmp_path, place, who, step):
    killed_at(str(tmp_path), who, place, step, place)
