"""Every example of the page about schedules is run: what it says that an entry or a schedule does, it does.

The page has Python examples, which doctest runs after the first of them; TOML, either a configuration or keys of
entries, each of which ends with a line ``# fires`` that tells the next times; a table of cron expressions with
the first times of each; and a table of what entries do on the two days on which Prague changes its clocks.
"""

import doctest
import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from beat import cron, rrule
from beat.config import load_config
from beat.definition import entry_from_mapping
from beat.schedule_keys import schedule_keys
from beat.schedules import from_micros, to_micros
from beat.schedules.clock.changes import notes

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "schedules.md").read_text()
README = (ROOT / "README.md").read_text()
PRAGUE = ZoneInfo("Europe/Prague")
NEW_YEAR = datetime(2026, 1, 1, tzinfo=PRAGUE)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(*titles):
    """The cells of the table with these titles, row by row."""
    header = f"| {' | '.join(titles)} |"
    table = re.search(rf"^{re.escape(header)}\n\|[-| ]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert table, f"there is no table of {titles}"
    return [re.split(r" \| ", line.strip("| ")) for line in table[1].splitlines()]


PYTHON = blocks("python")
WHOLE = [text for text in blocks("toml") if "[" in {line[:1] for line in text.splitlines()}]
ENTRY = re.compile(r".+?(?:^# fires [^\n]*\n|\Z)", re.MULTILINE | re.DOTALL)
KEYS = [keys for text in blocks("toml") if text not in WHOLE for keys in ENTRY.findall(text)]
EXPRESSIONS = rows("expression", "is due", "first times in 2026")
CHANGES = rows("entry", "2026-03-29", "2026-10-25")


def entry(keys):
    """The entry with these keys, created at midnight of New Year's Day."""
    given = {"task": "tasks.t", **tomllib.loads(keys)}
    return entry_from_mapping("example", given, timezone="Europe/Prague").evaluated(to_micros(NEW_YEAR))


def fires(evaluated, after, count):
    found, us = [], to_micros(after)
    while len(found) < count and (us := evaluated.next_after(us)) is not None:
        found.append(from_micros(us, PRAGUE))
    return found


def listed(text):
    return [time.strip() for time in text.split(",")]


def shown(fire):
    return f"{fire:%Y-%m-%d %H:%M:%S}".removesuffix(":00")


@pytest.mark.parametrize("example", PYTHON[1:])
def test_the_python_examples_do_what_they_say(example):
    test = doctest.DocTestParser().get_doctest(PYTHON[0] + example, {}, "schedules.md", None, None)
    report = []
    doctest.DocTestRunner().run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("text", WHOLE)
def test_the_configurations_load(tmp_path, text):
    path = tmp_path / "beat.toml"
    path.write_text(text)
    assert load_config(path, {}).entries


@pytest.mark.parametrize("keys", KEYS)
def test_the_entries_fire_when_the_page_says(keys):
    told = re.search(r"^# fires (.*)$", keys, re.MULTILINE)
    assert told, "an example tells its next fires"
    times = listed(told[1])
    assert [shown(fire) for fire in fires(entry(keys), NEW_YEAR, len(times))] == times


@pytest.mark.parametrize("row", EXPRESSIONS, ids=lambda row: row[0])
def test_the_expressions_fire_when_the_page_says(row):
    expression, _, told = row
    times = listed(told)
    form = "%m-%d %H:%M:%S" if times[0].count(":") > 1 else "%m-%d %H:%M"
    found = cron(expression.strip("`"), tz=PRAGUE).upcoming(NEW_YEAR, len(times))
    assert [fire.strftime(form) for fire in found] == times


@pytest.mark.parametrize("row", CHANGES, ids=lambda row: row[0])
def test_the_changes_of_the_clock_do_what_the_page_says(row):
    keys, *dates = row
    evaluated = entry("\n".join(re.findall("`(.*?)`", keys)))
    for date, told in zip(("2026-03-29", "2026-10-25"), dates, strict=True):
        start = datetime.fromisoformat(f"{date}T01:44:59").replace(tzinfo=PRAGUE)
        end = datetime.fromisoformat(f"{date}T03:30").replace(tzinfo=PRAGUE)
        found = [fire for fire in fires(evaluated, start, 20) if to_micros(fire) < to_micros(end)]
        assert ", ".join(f"{fire:%H:%M}{' again' * fire.fold}" for fire in found) == told.replace(
            "nothing", ""
        )


def test_the_note_of_the_check_is_the_one_on_the_page():
    note = notes(cron("30 2 * * *"), PRAGUE, NEW_YEAR, NEW_YEAR + timedelta(days=365))
    assert f"note: {note}\n" in blocks("console")


def test_the_page_lists_every_key():
    listed_keys = {row[0].strip("`") for row in rows("key", "for", "a fire is")}
    assert listed_keys == set(schedule_keys())


@pytest.mark.parametrize(("without", "found"), [(1400, True), (1700, False)])
def test_a_search_gives_up_after_almost_four_years_of_daily_fires(without, found):
    daily = cron("0 9 * * *", tz=PRAGUE)
    rest = daily - daily.between(None, NEW_YEAR + timedelta(days=without))
    assert (rest.next_after(NEW_YEAR) is not None) == found


@pytest.mark.parametrize(("without", "found"), [(950, True), (1150, False)])
def test_a_search_with_rules_gives_up_after_some_950_fires(without, found):
    until = NEW_YEAR + timedelta(days=without)
    other = rrule(f"FREQ=DAILY;BYHOUR=9;BYMINUTE=0;BYSECOND=0;UNTIL={until:%Y%m%d}")
    assert ((cron("0 9 * * *") - other).next_after(NEW_YEAR) is not None) == found


@pytest.mark.parametrize(
    ("zone", "without", "found"),
    [
        ("Europe/Prague", 550, True),
        ("Europe/Prague", 900, False),
        ("America/New_York", 270, True),
        ("America/New_York", 400, False),
    ],
)
def test_a_search_that_passes_over_dates_gives_up_after_more_than_a_year_or_months(zone, without, found):
    minutely, other = cron("* * * * *", tz=PRAGUE), cron("* * * * *", tz=zone)
    rest = minutely - other.between(None, NEW_YEAR + timedelta(days=without))
    assert (rest.next_after(NEW_YEAR) is not None) == found


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).exists(), target


def test_the_kinds_in_the_readme_can_be_read():
    section = re.search(r"^### When\n.*?^```toml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    lines = section[1].splitlines()
    assert {line.split(" ")[0] for line in lines} | {"schedule"} == set(schedule_keys())
    for line in lines:
        assert fires(entry(line), NEW_YEAR, 1)
