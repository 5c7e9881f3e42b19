"""Signatures: calls that are passed on, linked, and only then made."""

from __future__ import annotations

import pytest

from jobq import App, Signature, signature
from jobq.errors import ConfigError
from jobq.message import JobOptions, Link


@pytest.fixture
def app():
    app = App("tasks", store="sqlite:///never-opened.db", task_always_eager=True)
    app.task(lambda *args: list(args), name="gather")
    return app


def test_a_signature_is_equal_by_value_and_reads_as_a_call():
    assert signature("t", (1,), {"k": "v"}) == Signature("t", [1], {"k": "v"})
    assert signature("t", (1,)) != signature("t", (1,), immutable=True)
    assert repr(signature("t", (1,), {"k": "v"})) == "t(1, k='v')"


def test_options_come_in_either_way():
    assert signature("t", options={"queue": "q"}, countdown=5).options == {"queue": "q", "countdown": 5}


def test_later_arguments_come_first(app):
    partial = app.tasks["gather"].s(3)
    assert partial.clone((1, 2)).args == (1, 2, 3)
    assert partial.delay(1, 2).result == [1, 2, 3]
    assert partial.apply((1,)).result == [1, 3]
    assert partial.args == (3,)


def test_an_immutable_one_keeps_to_its_own_arguments(app):
    gather = app.tasks["gather"]
    for fixed in (gather.si(3), gather.s(3).set(immutable=True), gather.signature((3,), immutable=True)):
        assert fixed.delay(1).result == [3]
        assert fixed.to_link().immutable


def test_set_changes_the_signature_itself():
    first = signature("t")
    assert first.set(queue="q") is first
    assert first.options == {"queue": "q"}


def test_links_add_up():
    first, second, third = signature("t", link=signature("u")), signature("v"), signature("w")
    assert first.link(second) is second
    assert first.link_error(third) is third
    assert [link.task for link in first.options["link"]] == ["u", "v"]
    assert first.options["link_error"] == (third,)


def test_a_link_carries_all_of_it():
    inner = signature("u", (2,), {"k": 1}, countdown=5, immutable=True)
    outer = signature("t", link=[inner])
    assert outer.to_link() == Link(
        "t",
        options=JobOptions(
            link=(Link("u", (2,), {"k": 1}, options=JobOptions(countdown=5.0), immutable=True),)
        ),
    )


def test_what_is_linked_goes_by_its_apps_routes(app):
    app.conf.task_routes = {"report.*": "reports"}
    loose = signature("report.all", link=signature("report.more"))
    link = app.options_for("gather", {"link": loose})["link"][0].to_link()
    assert (link.options.queue, link.options.link[0].options.queue) == ("reports", "reports")
    assert loose.to_link().options.queue is None


def test_a_signature_of_no_app_says_so_when_it_is_enqueued():
    with pytest.raises(
        ConfigError, match=r"the signature of t belongs to no app; make it with app\.signature"
    ):
        signature("t").delay()


@pytest.mark.parametrize(("args", "kwargs"), [("ab", None), ((), [1])])
def test_arguments_are_a_list_and_a_table(args, kwargs):
    with pytest.raises(TypeError, match="expected a"):
        signature("t", args, kwargs)
