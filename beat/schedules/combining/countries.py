"""Public holidays of a country, from the optional library `holidays`, which is imported when first needed."""

from __future__ import annotations

import warnings
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from beat.schedules.arguments import ScheduleError, nearest, nearest_name, shown

if TYPE_CHECKING:
    from datetime import date

YEARS_KEPT: Final = 2_048


def check_country(country: object, subdivision: object) -> None:
    """Raise ScheduleError unless the library knows the country's code and that of its subdivision, if any."""
    names = _names()
    if country not in names.values():
        match = nearest_name(country, names)
        hint = f"; did you mean {names[match]!r}?" if match else "; expected a code such as 'CZ'."
        raise ScheduleError(
            f"{shown(country)} is not the ISO 3166 code of a country with known holidays{hint}"
        )
    known_years(str(country))  # has the library load the country now, not in a search
    if subdivision is not None:
        known = sorted(_class_of(str(country)).subdivisions)
        if subdivision not in known:
            expected = f" ({', '.join(known)})" if known else ", which has none"
            hint = nearest(subdivision, known) or "."
            raise ScheduleError(f"{shown(subdivision)} is not a subdivision of {country}{expected}{hint}")


@lru_cache(YEARS_KEPT)
def holidays_of(country: str, subdivision: str | None, year: int) -> tuple[date, ...]:
    """Return the public holidays of a year, none if the library does not know that year."""
    first, last = known_years(country)
    if not first <= year <= last:
        return ()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = _class_of(country)(years=year, subdiv=subdivision, expand=False)
        except Exception:  # noqa: BLE001 - a schedule that was built is evaluated without errors
            return ()
    return tuple(sorted(day for day in found if day.year == year))


def known_years(country: str) -> tuple[int, int]:
    """Return the first and the last year of which the library knows the holidays of a country."""
    found = _class_of(country)
    return found.start_year, found.end_year


@cache
def _names() -> dict[str, str]:
    """Return the code of each country by its code and by its name."""
    entries = _library().registry.COUNTRIES.values()
    return {name: entry[1] for entry in entries for name in (entry[1], entry[0])}


@cache
def _class_of(country: str) -> Any:
    return getattr(_library(), country)


def _library() -> Any:
    try:
        import holidays
    except ImportError:
        raise ScheduleError(
            "A calendar of a country needs the library 'holidays'; install it with: pip install 'beatd[holidays]'."
        ) from None
    return holidays
