"""Wrong definitions get a sentence that says what was wrong and what was expected; the table holds each word of it."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from beat import schedules

TABLE = (Path(__file__).parent / "refused.txt").read_text().split("\n\n", 1)[1].splitlines()
CASES = list(zip(TABLE[::2], TABLE[1::2], strict=True))
NAMES = {name: getattr(schedules, name) for name in schedules.__all__}
NAMES |= {"UTC": UTC, "date": date, "datetime": datetime}


@pytest.mark.parametrize(("expression", "sentence"), CASES, ids=[expression for expression, _ in CASES])
def test_what_is_wrong_is_refused_with_its_sentence(expression, sentence):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole sentence is compared
        eval(expression, NAMES)
    assert f"    {caught.value}" == sentence
    assert str(caught.value).endswith((".", "?", ")"))


def test_the_table_is_as_long_as_it_should_be():
    assert len(CASES) > 150
