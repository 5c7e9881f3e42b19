"""The evidence against the promises. Knows what is promised, and nothing of how it is kept.

lost         a tick without a verdict, a job that did not end, a follower that was not inserted
duplicate    a tick with two verdicts, a run for which there was no reason
early        a tick that was recorded before its time
wrong        a skip that the policy does not allow, a failure without a reason, counts that do not agree,
             something left behind, an outage that was not told, or told more than once
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from chaos.evidence import SECOND
from chaos.excuses import Excuses

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from chaos.evidence import EntryFacts, Evidence, Record, Run

MISSED_AFTER = 10 * SECOND
"""How late `catchup = "skip"` lets a tick be before it is missed."""

NOTICED_WITHIN = 10 * SECOND
"""How long after a fault a process may use a connection first that was lost in it: it may have been asleep."""

_MOST_SHOWN = 5
_ENDED = ("completed", "failed")


class Finding(NamedTuple):
    kind: str
    sentence: str


def check(evidence: Evidence) -> list[Finding]:
    return [
        *check_ticks(evidence),
        *check_jobs(evidence),
        *check_runs(evidence),
        *check_totals(evidence),
        *check_outages(evidence),
        *check_processes(evidence),
    ]


def job_id(entry: str, fire_time: int) -> str:
    """`<entry>@<fire time>`, in ISO 8601."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=fire_time)
    return f"{entry}@{instant.replace(tzinfo=None).isoformat()}Z"


# -- every fire time has one verdict


def check_ticks(evidence: Evidence) -> Iterator[Finding]:
    for entry in evidence.entries:
        yield from _each_tick_once(entry, evidence.until)
        for record in entry.records:
            yield from _in_order(entry, record)
        enqueued = sum(record.verdict == "enqueued" for record in entry.records)
        if entry.runs != enqueued:
            yield Finding("wrong", f"{entry.name} counts {entry.runs} runs and has {enqueued} enqueued ticks")


def _each_tick_once(entry: EntryFacts, until: int) -> Iterator[Finding]:
    counted: Counter[int] = Counter()
    for record in entry.records:
        counted.update(range(record.fire_time, (record.until or record.fire_time) + 1, entry.step))
    twice = sorted(fire_time for fire_time, times in counted.items() if times > 1)
    if twice:
        yield Finding("duplicate", f"{entry.name} has more than one verdict on {_told(twice)}")
    if entry.broken:
        if 0 < entry.next_fire <= until:
            yield Finding("lost", f"{entry.name} is broken, and {entry.next_fire} waits for a verdict still")
        return
    strange = sorted(fire_time for fire_time in counted if (fire_time - entry.phase) % entry.step)
    if strange:
        yield Finding("wrong", f"{entry.name} has verdicts on what are no fire times of it: {_told(strange)}")
    # Up to when it was first seen, it may have had its first tick or not.
    first = min([*counted, _next(entry, entry.seen_at)])
    missing = [fire_time for fire_time in range(first, until + 1, entry.step) if fire_time not in counted]
    if missing:
        yield Finding("lost", f"{entry.name} has no verdict on {_told(missing)}")
    after = _next(entry, max(counted, default=first - entry.step))
    if entry.next_fire != after:
        yield Finding("wrong", f"{entry.name} is to fire next at {entry.next_fire}, expected {after}")


def _next(entry: EntryFacts, instant: int) -> int:
    """The first fire time after then."""
    return entry.phase + ((instant - entry.phase) // entry.step + 1) * entry.step


def _in_order(entry: EntryFacts, record: Record) -> Iterator[Finding]:
    what = f"{job_id(entry.name, record.fire_time)} was {record.verdict}"
    last = record.until or record.fire_time
    if record.recorded_at < last:
        yield Finding("early", f"{what} {(last - record.recorded_at) / SECOND:.6f} s before its time")
    if record.verdict == "enqueued":
        return
    if not record.reason:
        yield Finding("wrong", f"{what} without a reason")
    if entry.broken:
        return
    passed_over = record.recorded_at >= last + entry.step
    missed = record.recorded_at >= record.fire_time + MISSED_AFTER
    allowed = {"all": False, "latest": passed_over, "skip": passed_over or missed}
    if not allowed[entry.catchup]:
        late = (record.recorded_at - record.fire_time) / SECOND
        yield Finding(
            "wrong", f"{what}, {late:.3f} s late, though catchup is {entry.catchup}: {record.reason}"
        )


# -- every job ends


def check_jobs(evidence: Evidence) -> Iterator[Finding]:
    for entry in evidence.entries:
        yield from _jobs_of_ticks(entry, evidence.jobs)
    for sent in evidence.sent:
        if sent.parent:
            yield from _follows(evidence, sent.id, sent.parent)
        elif sent.acknowledged and sent.id not in evidence.jobs:
            yield Finding("lost", f"{sent.id} was acknowledged, and there is no such job")
    for name, job in evidence.jobs.items():
        if job.state not in _ENDED:
            yield Finding("lost", f"{name} has not ended: it is {job.state}")
        elif job.state == "failed" and not (job.error and job.dead):
            yield Finding("wrong", f"{name} failed, and the dead letters do not say why")


def _jobs_of_ticks(entry: EntryFacts, jobs: Container[str]) -> Iterator[Finding]:
    for record in entry.records:
        job = job_id(entry.name, record.fire_time)
        if record.verdict == "enqueued" and job not in jobs:
            yield Finding("lost", f"{job} was enqueued, and there is no such job")
        if record.verdict != "enqueued" and job in jobs:
            yield Finding("wrong", f"{job} was {record.verdict}, and there is such a job")


def _follows(evidence: Evidence, job: str, parent: str) -> Iterator[Finding]:
    before = evidence.jobs.get(parent)
    completed = before is not None and before.state == "completed"
    if completed and job not in evidence.jobs:
        yield Finding("lost", f"{job} was to follow {parent}, which has completed, and there is no such job")
    if not completed and job in evidence.jobs:
        yield Finding("wrong", f"{job} follows {parent}, which has not completed")


# -- every run has a reason


def check_runs(evidence: Evidence) -> Iterator[Finding]:
    runs: dict[str, list[Run]] = defaultdict(list)
    for run in sorted(evidence.runs, key=lambda run: run.at):
        runs[run.job].append(run)
    excuses = Excuses(evidence.faults, evidence.leases)
    for job, lines in runs.items():
        if job not in evidence.jobs:
            yield Finding("duplicate", f"{job} ran, and there is no such job")
        yield from _unexplained(job, lines, excuses)
    for job, facts in evidence.jobs.items():
        ended = any(run.what == "end" for run in runs[job])
        if facts.state == "completed" and not ended:
            yield Finding("lost", f"{job} is completed, and no run of it came to its end")


def _unexplained(job: str, lines: list[Run], excuses: Excuses) -> Iterator[Finding]:
    latest: dict[int, Run] = {}
    for index, run in enumerate(lines):
        if run.what != "start":
            continue
        earlier = latest.get(run.retries)
        latest[run.retries] = run
        if earlier is not None:
            if not excuses.allow(earlier, run):
                yield Finding("duplicate", _two_runs(job, earlier, run))
        elif run.retries and not _raised(lines[:index], run.retries - 1):
            yield Finding("duplicate", f"{job} ran as retry {run.retries}, and nothing was raised before")


def _raised(lines: Iterable[Run], retries: int) -> bool:
    return any(line.what == "raise" and line.retries == retries for line in lines)


def _two_runs(job: str, earlier: Run, later: Run) -> str:
    return (
        f"{job} started in {earlier.worker} (pid {earlier.pid}) at {earlier.at} and again in {later.worker} "
        f"(pid {later.pid}) {(later.at - earlier.at) / SECOND:.3f} s later, and nothing had happened to the first"
    )


# -- the books balance


def check_totals(evidence: Evidence) -> Iterator[Finding]:
    states = Counter(job.state for job in evidence.jobs.values())
    for state in _ENDED:
        counted = evidence.totals.get(state, 0)
        if counted != states[state]:
            yield Finding(
                "wrong", f"the store counts {counted} jobs as {state}, and {states[state]} are known"
            )
    for where, number in evidence.left.items():
        if number:
            yield Finding("wrong", f"{number} jobs are left {where}")


# -- an outage is told once


def check_outages(evidence: Evidence) -> Iterator[Finding]:
    said = defaultdict(list)
    for line in sorted(evidence.said, key=lambda line: line.at):
        said[line.program, line.pid].append(line)
    excuses = Excuses([fault for fault in evidence.faults if fault.outage], evidence.leases)
    for (program, pid), lines in said.items():
        expected = ["store_lost", "store_returned"] * (len(lines) // 2 + 1)
        if [line.action for line in lines] != expected[: len(lines)]:
            told = ", ".join(line.action for line in lines)
            yield Finding(
                "wrong", f"{program} (pid {pid}) does not say in turn that the store is lost and back: {told}"
            )
        if lines[-1].action == "store_lost" and pid in evidence.survivors:
            yield Finding(
                "wrong",
                f"{program} (pid {pid}) has lost the store at {lines[-1].at}, and lives, and does not say that it is back",
            )
        yield from _told_too_often(program, pid, [x.at for x in lines if x.action == "store_lost"], excuses)


def _told_too_often(program: str, pid: int, losses: list[int], excuses: Excuses) -> Iterator[Finding]:
    """Each loss needs a fault of its own: one that began before it, and had not long ended."""
    faults = excuses.of(pid, program)
    for at in losses:
        if not any(fault.at <= at <= fault.until + NOTICED_WITHIN for fault in faults):
            yield Finding(
                "wrong", f"{program} (pid {pid}) lost the store at {at}, and nothing was wrong with it"
            )
    for fault in faults:
        within = [at for at in losses if fault.at <= at <= fault.until]
        possible = [other for other in faults if other.at <= fault.until and fault.at <= other.until]
        if len(within) > len(possible) and not any(other.flaps for other in possible):
            yield Finding(
                "wrong",
                f"{program} (pid {pid}) lost the store {len(within)} times in one outage ({fault.kind} at {fault.at})",
            )


# -- nothing exits of its own accord


def check_processes(evidence: Evidence) -> Iterator[Finding]:
    for program, code, told in evidence.exits:
        if not told:
            yield Finding("wrong", f"{program} ended by itself, with {code}")
        elif code:
            yield Finding("wrong", f"{program} was told to stop, and ended with {code}")
    killed = {pid for fault in evidence.faults if fault.kills for pid in fault.pids}
    for death in evidence.deaths:
        if death.pid not in killed:
            yield Finding(
                "wrong", f"a child of {death.program} (pid {death.pid}) died, and nobody had killed it"
            )
    for complaint in evidence.complaints:
        yield Finding("wrong", complaint)


def _told(fire_times: list[int]) -> str:
    shown = ", ".join(map(str, fire_times[:_MOST_SHOWN]))
    more = f" and {len(fire_times) - _MOST_SHOWN} more" if len(fire_times) > _MOST_SHOWN else ""
    return f"{shown}{more} ({len(fire_times)} in all)"
