"""The checker of chaos can fail: each test breaks sound evidence in one way, and it must be found."""

from __future__ import annotations

from dataclasses import replace

import pytest
from chaos.checker import Finding, check, job_id
from chaos.evidence import SECOND, EntryFacts, Evidence, Exit, Fault, JobFacts, Record, Run, Said, Sent

BEGAN = 1_800_000_000 * SECOND
LEASE = 3 * SECOND
DONE = JobFacts("completed")
FAILED = JobFacts("failed", error="ValueError: for good", dead=True)
CHILD, OTHER = 101, 102


def at(seconds: float) -> int:
    return BEGAN + round(seconds * SECOND)


def ran(job: str, begin: float, end: float | None = None, pid: int = CHILD, retries: int = 0) -> list[Run]:
    """The lines of one run; without an end, it was broken off."""
    started = Run(job, "start", at(begin), pid, "w1", retries)
    return [started] if end is None else [started, started._replace(what="end", at=at(end))]


def raised(job: str, begin: float, retries: int = 0) -> list[Run]:
    (started,) = ran(job, begin, retries=retries)
    return [started, started._replace(what="raise", at=started.at + 1000)]


@pytest.fixture
def evidence() -> Evidence:
    """An entry of ten ticks, one each second, and two jobs of a producer, of which one follows the other."""
    ticks = [at(second) for second in range(1, 11)]
    records = [Record(tick, "enqueued", tick + 2000) for tick in ticks]
    entry = EntryFacts("tick", SECOND, BEGAN, "all", BEGAN, at(11), 10, records)
    sent = [Sent("first", acknowledged=True), Sent("next", acknowledged=True, parent="first")]
    ids = [*(job_id("tick", tick) for tick in ticks), "first", "next"]
    return Evidence(
        until=at(10.5),
        entries=[entry],
        sent=sent,
        jobs=dict.fromkeys(ids, DONE),
        runs=[run for number, job in enumerate(ids, 1) for run in ran(job, number + 0.1, number + 0.2)],
        totals={"completed": 12, "failed": 0},
        left={"available in default": 0, "running in default": 0},
        leases={"w1": LEASE},
    )


def found(evidence: Evidence) -> list[str]:
    return [finding.kind for finding in check(evidence)]


def the_finding(evidence: Evidence) -> Finding:
    (finding,) = check(evidence)
    return finding


def records(evidence: Evidence) -> list[Record]:
    return evidence.entries[0].records


def job_of(evidence: Evidence, number: int) -> str:
    return job_id("tick", records(evidence)[number].fire_time)


def skip(evidence: Evidence, number: int, late: float, **fields: object) -> None:
    """Let a tick be skipped so late, and take its job with all that it left."""
    job = job_of(evidence, number)
    record = records(evidence)[number]
    given = {"verdict": "skipped", "recorded_at": record.fire_time + round(late * SECOND), "reason": "missed"}
    records(evidence)[number] = record._replace(**given | fields)
    del evidence.jobs[job]
    evidence.runs = [run for run in evidence.runs if run.job != job]
    evidence.totals["completed"] -= 1
    evidence.entries[0].runs -= 1


def test_sound_evidence_is_sound(evidence):
    assert check(evidence) == []


# -- ticks


def test_a_lost_tick(evidence):
    skip(evidence, 4, 0.1)
    del records(evidence)[4]
    finding = the_finding(evidence)
    assert finding.kind == "lost"
    assert str(at(5)) in finding.sentence


def test_a_lost_first_tick(evidence):
    skip(evidence, 0, 0.1)
    del records(evidence)[0]
    assert found(evidence) == ["lost"]


def test_a_lost_last_tick(evidence):
    """The entry waits for it still, and that it is due has been overlooked."""
    skip(evidence, 9, 0.1)
    del records(evidence)[9]
    evidence.entries[0].next_fire = at(10)
    assert found(evidence) == ["lost"]


def test_an_entry_that_has_left_out_what_is_next(evidence):
    evidence.entries[0].next_fire = at(12)
    assert found(evidence) == ["wrong"]


def test_a_tick_after_the_end_is_as_good_as_any(evidence):
    evidence.until = at(9.5)
    assert check(evidence) == []


def test_a_doubled_tick(evidence):
    records(evidence).insert(5, records(evidence)[4])
    evidence.entries[0].runs += 1
    assert found(evidence) == ["duplicate"]


def test_a_tick_within_a_stretch_that_was_skipped_already(evidence):
    skip(evidence, 3, 2.5, until=at(5))
    evidence.entries[0].catchup = "latest"
    assert found(evidence) == ["duplicate"]


def test_a_tick_at_a_time_that_is_none(evidence):
    wrong = Record(at(5.5), "enqueued", at(5.6))
    records(evidence).insert(5, wrong)
    evidence.entries[0].runs += 1
    evidence.jobs[job_id("tick", at(5.5))] = DONE
    evidence.runs += ran(job_id("tick", at(5.5)), 5.6, 5.7)
    evidence.totals["completed"] += 1
    assert found(evidence) == ["wrong"]


def test_a_tick_before_its_time(evidence):
    records(evidence)[2] = records(evidence)[2]._replace(recorded_at=at(3) - 1)
    assert found(evidence) == ["early"]


@pytest.mark.parametrize(
    ("catchup", "late", "fields", "kinds"),
    [
        ("all", 15, {}, ["wrong"]),
        ("latest", 1.5, {}, []),
        ("latest", 0.5, {}, ["wrong"]),  # there was none later yet
        ("skip", 15, {}, []),
        ("skip", 0.5, {}, ["wrong"]),
        ("latest", 1.5, {"reason": ""}, ["wrong"]),
    ],
)
def test_skips_by_policy(evidence, catchup, late, fields, kinds):
    evidence.entries[0].catchup = catchup
    skip(evidence, 4, late, **fields)
    assert found(evidence) == kinds


def test_an_entry_that_is_broken_on_purpose_may_miss_ticks_but_not_double_them(evidence):
    skip(evidence, 4, 0.1)
    evidence.entries[0].broken = True
    assert check(evidence) == []
    del records(evidence)[4]
    evidence.entries[0].next_fire = at(5)
    assert found(evidence) == ["lost"]
    evidence.entries[0].next_fire = 0
    assert check(evidence) == []
    records(evidence).append(records(evidence)[-1])
    assert found(evidence) == ["duplicate", "wrong"]


# -- jobs


def test_a_tick_whose_job_is_not_there(evidence):
    job = job_of(evidence, 3)
    del evidence.jobs[job]
    evidence.runs = [run for run in evidence.runs if run.job != job]
    evidence.totals["completed"] -= 1
    assert found(evidence) == ["lost"]


def test_a_tick_that_was_skipped_and_has_a_job(evidence):
    evidence.entries[0].catchup = "skip"
    job = job_of(evidence, 3)
    skip(evidence, 3, 15)
    evidence.jobs[job] = DONE
    evidence.runs += ran(job, 20, 21)
    evidence.totals["completed"] += 1
    assert found(evidence) == ["wrong"]


def test_a_job_that_was_acknowledged_and_is_gone(evidence):
    evidence.sent.append(Sent("gone", acknowledged=True))
    assert the_finding(evidence) == ("lost", "gone was acknowledged, and there is no such job")
    evidence.sent[-1] = Sent("gone", acknowledged=False)
    assert check(evidence) == []


@pytest.mark.parametrize("state", ["available", "scheduled", "running"])
def test_a_job_that_has_not_ended(evidence, state):
    evidence.jobs["next"] = JobFacts(state)
    evidence.totals["completed"] -= 1
    assert found(evidence) == ["lost"]


def test_a_follower_that_was_not_inserted(evidence):
    del evidence.jobs["next"]
    evidence.runs = [run for run in evidence.runs if run.job != "next"]
    evidence.totals["completed"] -= 1
    assert found(evidence) == ["lost"]


def test_a_follower_of_what_has_failed(evidence):
    evidence.jobs["first"] = FAILED
    evidence.totals |= {"completed": 11, "failed": 1}
    assert found(evidence) == ["wrong"]


@pytest.mark.parametrize("dead", [JobFacts("failed", dead=True), JobFacts("failed", error="why")])
def test_a_failure_that_nobody_can_look_up(evidence, dead):
    evidence.jobs["next"] = dead
    evidence.totals |= {"completed": 11, "failed": 1}
    assert found(evidence) == ["wrong"]
    evidence.jobs["next"] = FAILED
    assert check(evidence) == []


# -- runs


def again(evidence: Evidence, **fields: object) -> Evidence:
    """The job `first` starts twice, three seconds apart, and the first run of it comes to no end."""
    runs = [run for run in evidence.runs if run.job != "first"]
    fault = Fault("kill", at(5), at(5), frozenset([CHILD]), kills=True)
    return replace(
        evidence,
        runs=[*runs, *ran("first", 4.9), *ran("first", 8, 9, pid=OTHER)],
        faults=[fault._replace(**fields)] if fields else [],
    )


def test_an_unexplained_run(evidence):
    finding = the_finding(again(evidence))
    assert finding.kind == "duplicate"
    assert finding.sentence.startswith(f"first started in w1 (pid {CHILD})")


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"pids": frozenset([CHILD])}, []),
        ({"pids": frozenset([OTHER])}, ["duplicate"]),
        ({"pids": frozenset([CHILD]), "at": at(9)}, ["duplicate"]),  # after it had started again
        ({"pids": frozenset([CHILD]), "kills": False}, ["duplicate"]),  # a moment's silence
        ({"kills": False, "until": at(7.9), "pids": frozenset([CHILD])}, []),
        ({"kills": False, "until": at(7.9), "programs": frozenset(["w1"]), "pids": frozenset()}, []),
        (
            {"kills": False, "until": at(7.9), "programs": frozenset(["w2"]), "pids": frozenset()},
            ["duplicate"],
        ),
        ({"kills": False, "until": at(7.9), "pids": frozenset(), "everyone": True}, []),
        (
            {"kills": False, "until": at(6), "pids": frozenset([CHILD])},
            ["duplicate"],
        ),  # shorter than its lease
        ({"kills": False, "at": at(-9), "until": at(-3), "pids": frozenset([CHILD])}, ["duplicate"]),
    ],
)
def test_what_explains_a_run(evidence, fields, kinds):
    assert found(again(evidence, **fields)) == kinds


def test_two_short_silences_that_follow_each_other_are_a_long_one(evidence):
    """Each of them alone would not do."""
    twice = again(evidence, kills=False, until=at(6.5))
    assert found(twice) == ["duplicate"]
    twice.faults.append(twice.faults[0]._replace(at=at(6.6), until=at(7.9)))
    assert check(twice) == []


def test_a_third_run_needs_a_reason_of_its_own(evidence):
    thrice = again(evidence, pids=frozenset([CHILD]))
    thrice.runs += ran("first", 10, 11)
    assert found(thrice) == ["duplicate"]


def test_retries(evidence):
    others = [run for run in evidence.runs if run.job != "first"]
    evidence.runs = [*others, *raised("first", 3), *raised("first", 4, 1), *ran("first", 5, 6, retries=2)]
    assert check(evidence) == []
    evidence.runs = [*others, *raised("first", 3), *ran("first", 5, 6, retries=2)]
    assert found(evidence) == ["duplicate"]


def test_a_run_of_a_job_that_is_none(evidence):
    evidence.runs += ran("stray", 5, 6)
    assert found(evidence) == ["duplicate"]


def test_a_job_that_completed_without_a_run(evidence):
    evidence.runs = [run for run in evidence.runs if run.job != "first"]
    assert found(evidence) == ["lost"]
    evidence.runs += ran("first", 5)
    assert found(evidence) == ["lost"]


# -- the rest


def test_counts_that_do_not_agree(evidence):
    evidence.totals["completed"] += 1
    assert found(evidence) == ["wrong"]
    evidence.totals |= {"completed": 12, "failed": 1}
    assert found(evidence) == ["wrong"]


def test_an_entry_that_miscounts_its_runs(evidence):
    evidence.entries[0].runs += 1
    assert found(evidence) == ["wrong"]


def test_what_is_left_behind(evidence):
    evidence.left["running in default"] = 1
    assert the_finding(evidence).sentence == "1 jobs are left running in default"


def test_a_program_that_does_not_end_well(evidence):
    evidence.exits = [Exit("a", 0), Exit("b", 1)]
    assert the_finding(evidence).sentence == "b was told to stop, and ended with 1"


def test_a_program_that_ends_by_itself(evidence):
    evidence.exits = [Exit("a", 0, told=False)]
    assert the_finding(evidence).sentence == "a ended by itself, with 0"


def test_a_child_that_dies_by_itself(evidence):
    evidence.deaths = [Said("w1", CHILD, "child_died", at(5))]
    assert found(evidence) == ["wrong"]
    evidence.faults = [Fault("kill child", at(5), at(5), frozenset([CHILD]), kills=True)]
    assert check(evidence) == []


def test_a_mistake_in_a_program(evidence):
    evidence.complaints = ["w1 says heartbeat_failed: KeyError"]
    assert the_finding(evidence) == ("wrong", "w1 says heartbeat_failed: KeyError")


OUTAGE = Fault("restart", at(3), at(6), everyone=True, outage=True)
LOST, RETURNED = Said("w1", CHILD, "store_lost", at(3.1)), Said("w1", CHILD, "store_returned", at(5))


@pytest.mark.parametrize(
    ("said", "faults", "kinds"),
    [
        ([LOST, RETURNED], [OUTAGE], []),
        ([LOST, RETURNED], [], ["wrong"]),  # nothing was wrong with it
        ([LOST, RETURNED], [OUTAGE._replace(outage=False)], ["wrong"]),
        ([LOST, RETURNED], [OUTAGE._replace(at=at(-4), until=at(-3))], []),  # it was asleep
        ([LOST, RETURNED], [OUTAGE._replace(at=at(-9), until=at(-8))], ["wrong"]),
        ([LOST], [OUTAGE], ["wrong"]),  # it lives, and is silent
        ([RETURNED], [OUTAGE], ["wrong"]),
        ([LOST, LOST._replace(at=at(4)), RETURNED], [OUTAGE], ["wrong", "wrong"]),
        ([LOST, RETURNED, LOST._replace(at=at(5.5)), RETURNED._replace(at=at(6))], [OUTAGE], ["wrong"]),
        (
            [LOST, RETURNED, LOST._replace(at=at(5.5)), RETURNED._replace(at=at(6))],
            [OUTAGE, OUTAGE._replace(at=at(5.4))],
            [],
        ),
        (
            [LOST, RETURNED, LOST._replace(at=at(5.5)), RETURNED._replace(at=at(6))],
            [OUTAGE._replace(flaps=True)],
            [],
        ),
    ],
)
def test_an_outage_is_told_once(evidence, said, faults, kinds):
    evidence.said, evidence.faults, evidence.survivors = said, faults, {CHILD}
    assert found(evidence) == kinds


def test_a_process_that_was_killed_need_not_say_that_the_store_is_back(evidence):
    evidence.said, evidence.faults, evidence.survivors = [LOST], [OUTAGE], {OTHER}
    assert check(evidence) == []
