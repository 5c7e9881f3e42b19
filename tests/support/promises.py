"""The promises of the design, held against the evidence of a run. Each broken one is a sentence.

Written from the promises and not from the code: nothing here knows how a leader is elected, a tick decided or a lease
kept. What an entry's ticks are comes from arithmetic; what a job's runs may be, from what was done to the processes.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from evidence import tick_ids

from jobq.instants import SECOND, iso
from jobq.job import MAX_LOST, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from evidence import End, Evidence, Grid, Run

    from beat.store import HistoryRecord, StoredEntry

ON_TIME = SECOND // 4
"""How late a tick may be while nothing is wrong: what a call and an answer take, several times over."""


def broken(evidence: Evidence) -> list[str]:
    """Every promise that was broken."""
    found = [
        *evidence.strays,
        *evidence.untrusted_fires,
        *evidence.stuck,
        *_terms(evidence),
        *_definitions(evidence),
        *_jobs(evidence),
        *_ends(evidence),
        *_links(evidence),
        *_runs(evidence),
        *_lateness(evidence),
    ]
    for entry in evidence.entries:
        found += [*_coverage(evidence, entry), *_records(evidence, entry)]
    return found


# -- 1 and 2: exactly one outcome a tick, and none without


def _coverage(evidence: Evidence, entry: StoredEntry) -> Iterator[str]:
    """Each fire time has one outcome, its own or that of the stretch that it is part of."""
    step = evidence.grids[entry.name].step
    outcomes: Counter[int] = Counter()
    for record in evidence.histories[entry.name]:
        outcomes.update(range(record.fire_time, (record.until or record.fire_time) + 1, step))
    made = evidence.made(entry.name)
    for fire_time in range(entry.anchor + step, evidence.now - ON_TIME, step):
        if fire_time > made and not outcomes[fire_time]:
            yield f"{entry.name}: the tick at {iso(fire_time)} was lost"
    for fire_time, number in outcomes.items():
        if number > 1:
            yield f"{entry.name}: the tick at {iso(fire_time)} has {number} outcomes"


def _records(evidence: Evidence, entry: StoredEntry) -> Iterator[str]:
    """Each outcome is one of a fire time that had come, and what it says is true."""
    grid = evidence.grids[entry.name]
    records = evidence.histories[entry.name]
    for record in records:
        told = f"{entry.name}: the tick at {iso(record.fire_time)}"
        if (record.fire_time - entry.anchor) % grid.step or record.fire_time <= entry.anchor:
            yield f"{told} is none of its ticks"
        if record.recorded_at < record.fire_time:
            yield f"{told} was dealt with early, at {iso(record.recorded_at)}"
        if record.verdict != "enqueued" and not _may_be_skipped(record, grid, evidence):
            yield f"{told} was skipped ({record.reason}), and catchup is {grid.catchup}"
    jobs = tick_ids(entry.name, records)
    for job_id in jobs:
        if job_id not in evidence.records:
            yield f"{entry.name}: the job {job_id} of an enqueued tick was never inserted"
    if entry.runs != len(jobs):
        yield f"{entry.name}: {entry.runs} runs are counted, {len(jobs)} ticks were enqueued"


def _may_be_skipped(record: HistoryRecord, grid: Grid, evidence: Evidence) -> bool:
    """What was changed is; else one that is not the last that is due, or with `skip` one that is ten seconds late."""
    if record.reason.startswith("the entry was changed"):
        return True
    last = record.until or record.fire_time
    judged_at = evidence.judged_at(record.recorded_at)
    missed = grid.catchup == "skip" and judged_at > last + 10 * SECOND
    return grid.catchup != "all" and (missed or last + grid.step <= judged_at)


def _lateness(evidence: Evidence) -> Iterator[str]:
    """While nothing is wrong a tick is on time; where the leader was killed, it is within its lease."""
    since, until = evidence.calm
    for effect in evidence.effects:
        if effect.verb != "fire" or not since <= effect.at <= until:
            continue
        for firing, accepted in zip(effect.args[1], effect.answer, strict=True):
            fire_time = firing.seen_fire
            if accepted is None or fire_time < evidence.calm_now:
                continue
            over = evidence.failover_at + (0 if evidence.graceful else evidence.ttl)
            failing_over = evidence.failover_at <= fire_time + ON_TIME <= over + ON_TIME
            due = over if failing_over else fire_time
            if effect.now > due + ON_TIME:
                late = (effect.now - fire_time) / SECOND
                yield f"{firing.name}: the tick at {iso(fire_time)} was {late:.3f} s late"


# -- 1 and 3: one leader at a time, and only while it may


def _terms(evidence: Evidence) -> Iterator[str]:
    """By the store's clock: a term ends by a resignation, or once its lease has not been renewed."""
    node, term, until = "", 0, 0
    for effect in evidence.effects:
        if effect.verb == "elect" and effect.answer.won:
            lease = effect.answer.lease
            if lease.term <= term:
                yield f"term {lease.term} was given after term {term}"
            if effect.now < min(until, effect.now + evidence.ttl) and until <= effect.now + evidence.ttl:
                yield f"term {lease.term} was given while term {term} was held"
            node, term, until = lease.node, lease.term, effect.now + effect.args[1]
        elif effect.verb == "elect":
            until = min(until, effect.answer.lease.until)  # cut, after the clock was set back
        elif effect.verb == "renew" and effect.answer:
            if effect.args[:2] != (node, term) or effect.now >= until:
                yield f"term {effect.args[1]} was renewed although it was over"
            until = effect.now + effect.args[2]
        elif effect.verb == "resign" and effect.answer and effect.args == (node, term):
            until = 0
        elif effect.verb == "fire" and (effect.args[0] != term or effect.now >= until):
            yield f"{effect.process.name} fired under term {effect.args[0]}, which was over"


def _definitions(evidence: Evidence) -> Iterator[str]:
    """What is enqueued is what the entry said at that moment."""
    versions: dict[str, int] = {}
    for effect in evidence.effects:
        if effect.verb == "change":
            for change, accepted in zip(effect.args[0], effect.answer, strict=True):
                if accepted:
                    versions[change.name] = json.loads(change.definition)["args"][1]
        elif effect.verb == "fire":
            for firing, accepted in zip(effect.args[1], effect.answer, strict=True):
                for tick in firing.ticks if accepted is not None else ():
                    if tick.job is not None:
                        version = json.loads(tick.job.message)["args"][1]
                        if version != versions[firing.name]:
                            yield (
                                f"{firing.name}: a tick was enqueued as of version {version}, when the entry was at "
                                f"{versions[firing.name]}"
                            )


# -- 4: no job is lost, none is counted twice


def _jobs(evidence: Evidence) -> Iterator[str]:
    inserted: dict[str, str] = {}
    for insertion in evidence.insertions():
        if insertion.job in inserted and insertion.by != inserted[insertion.job]:
            yield f"job {insertion.job} was inserted by {inserted[insertion.job]} and by {insertion.by}"
        inserted[insertion.job] = insertion.by
    for job_id, by in inserted.items():
        record = evidence.records.get(job_id)
        if record is None:
            yield f"job {job_id} of {by} is lost"
        elif not record.state.ended:
            yield f"job {job_id} of {by} is {record.state} for ever"
        elif record.state is not State.COMPLETED and record.lost <= MAX_LOST:
            yield f"job {job_id} of {by} has {record.state}, and nothing was wrong with it"


def _links(evidence: Evidence) -> Iterator[str]:
    """What is linked to a job that has completed was inserted with its end."""
    for job_id, record in evidence.records.items():
        if record is None or record.state is not State.COMPLETED:
            continue
        for link in json.loads(record.message).get("link", ()):
            if link["options"]["task_id"] not in evidence.records:
                yield f"job {job_id} has completed, and the job that is linked to it was never inserted"


def _ends(evidence: Evidence) -> Iterator[str]:
    ends = Counter(end.job for end in evidence.ends() if end.state.ended)
    for job_id, number in ends.items():
        if number > 1:
            yield f"job {job_id} ended {number} times"
        if job_id not in evidence.records:
            yield f"job {job_id} ended, and was never inserted"
    for job_id, record in evidence.records.items():
        if record is not None and record.state is State.COMPLETED and not ends[job_id]:
            yield f"job {job_id} has a result, and no worker has said so"
    completed = sum(end.state is State.COMPLETED for end in evidence.ends())
    if evidence.totals["completed"] != completed:
        yield f"{evidence.totals['completed']} completed jobs are counted, {completed} have completed"


def _runs(evidence: Evidence) -> Iterator[str]:
    """A job starts once, and again for a reason only: its end asked for it, or something was done to who ran it."""
    ends: defaultdict[str, list[End]] = defaultdict(list)
    for end in evidence.ends():
        ends[end.job].append(end)
    runs: defaultdict[str, list[Run]] = defaultdict(list)
    for run in evidence.runs:
        runs[run.job].append(run)
    claims = evidence.claims()
    due: dict[str, int] = {}
    for insertion in evidence.insertions():
        due.setdefault(insertion.job, insertion.due)
    for job_id, starts in runs.items():
        if job_id not in due:
            yield f"job {job_id} ran, and was never inserted"
        elif evidence.steady and starts[0].now < due[job_id]:
            yield f"job {job_id} was started {(due[job_id] - starts[0].now) / SECOND:.3f} s before its time"
        ended = [end.at for end in ends[job_id] if end.state.ended]
        retried = sorted(end.at for end in ends[job_id] if not end.state.ended)
        for before, run in pairwise(starts):
            if ended and run.at > ended[0] and not evidence.hindered(run.process, ended[0], run.at):
                yield f"job {job_id} was started by {run.process.name} after it had ended"
            asked = bisect_right(retried, run.at) > bisect_right(retried, before.at)
            given = next(
                at for at in claims[job_id] if at > before.at
            )  # perhaps to nobody: then it waited for longer
            if not asked and not evidence.hindered(before.process, before.at - SECOND, given):
                yield f"job {job_id} was started by {before.process.name}, and again by {run.process.name} without a reason"
