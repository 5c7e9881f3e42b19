"""From a stage on which all is over to the evidence."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from programs import read_records

from chaos.checker import job_id
from chaos.driver import WORKERS
from chaos.evidence import SECOND, EntryFacts, Evidence, JobFacts, Record, Run, Said
from chaos.load import HISTORY, step_of

if TYPE_CHECKING:
    from beat.store import StoredEntry
    from chaos.driver import Stage
    from chaos.evidence import Sent

_AT_ONCE = 1000
_SOCKET = "<socket.socket"
_MISTAKES = ("beat_failed", "child_failed", "heartbeat_failed", "worker_failed", "log")


def gather(stage: Stage, until: int) -> Evidence:
    evidence = Evidence(until=until)
    evidence.entries = entries(stage)
    evidence.sent = [*stage.extra, *(sent for producer in stage.producers for sent in producer.sent)]
    evidence.jobs = jobs(stage, evidence.entries, evidence.sent)
    evidence.runs = [Run(**line) for path in sorted(stage.runs.iterdir()) for line in read_records(path)]
    evidence.faults = list(stage.noted_faults)
    evidence.said = said(stage, "store_lost", "store_returned")
    evidence.deaths = said(stage, "child_died")
    evidence.complaints = complaints(stage)
    evidence.exits = list(stage.exits)
    evidence.survivors = set(stage.survivors)
    evidence.totals = stage.store.totals()
    evidence.left = stage.left()
    evidence.leases = {name: round(lease * SECOND) for name, (_, lease) in WORKERS.items()}
    return evidence


def entries(stage: Stage) -> list[EntryFacts]:
    planned = {plan.name: plan for plan in stage.plans}
    found = []
    for entry in stage.store.entries():
        plan = planned.get(entry.name)
        step = SECOND if plan is None else step_of(plan)
        phase = 0 if plan is not None and plan.cron else entry.anchor
        broken = plan is None or plan.broken
        seen_at = stage.seen_at if plan is not None else entry.anchor
        catchup = "all" if plan is None else plan.catchup
        found.append(
            EntryFacts(
                entry.name,
                step,
                phase,
                catchup,
                seen_at,
                entry.next_fire,
                entry.runs,
                records(stage, entry),
                broken,
            )
        )
    return found


def records(stage: Stage, entry: StoredEntry) -> list[Record]:
    """The earliest first."""
    history = stage.store.history(entry.name, HISTORY)[::-1]
    return [Record(r.fire_time, r.verdict.value, r.recorded_at, r.reason, r.until) for r in history]


def jobs(stage: Stage, found: list[EntryFacts], sent: list[Sent]) -> dict[str, JobFacts]:
    """Of all ids that anybody knows of, those that have a record."""
    ids = [job_id(entry.name, record.fire_time) for entry in found for record in entry.records]
    ids += [job.id for job in sent]
    dead = {record.id for record in stage.store.failed(HISTORY)}
    facts = {}
    for start in range(0, len(ids), _AT_ONCE):
        for record in stage.store.get(ids[start : start + _AT_ONCE]):
            if record is not None:
                facts[record.id] = JobFacts(record.state.value, record.error, record.id in dead)
    return facts


def said(stage: Stage, *actions: str) -> list[Said]:
    return [
        Said(program, line["pid"], line["action"], _micros(line["time"]))
        for program, path in stage.logs()
        for line in read_records(path)
        if line["action"] in actions
    ]


def complaints(stage: Stage) -> list[str]:
    """Mistakes that a program has caught and logged, and all that is no log line at all.

    A signal may end a beat's wait while it connects; then Python says that it closed a socket which nobody had.
    """
    found = []
    for program, path in stage.logs():
        text = path.read_text(errors="replace")
        found += [
            f"{program} says: {line}" for line in text.splitlines() if line[:1] != "{" and _SOCKET not in line
        ]
        found += [
            f"{program} says {line['action']}: {line.get('traceback') or line['message']}"
            for line in read_records(path)
            if line["action"] in _MISTAKES
        ]
    return found


def _micros(instant: str) -> int:
    return round(datetime.fromisoformat(instant).timestamp() * SECOND)
