"""What travels between a producer and a worker, whoever wrote it."""

from __future__ import annotations

import base64
import json
import pickle
import zlib
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.errors import ConfigError, MessageNotUnderstood, TooLarge
from jobq.instants import to_micros
from jobq.message import JobOptions, Link, Message, decode_message, encode_json, follow, new_job, task_name

INT64 = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | INT64 | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
MESSAGES = st.builds(
    Message,
    task=TEXT,
    args=st.lists(JSON, max_size=3).map(tuple),
    kwargs=st.dictionaries(TEXT, JSON, max_size=3),
    plain=st.booleans(),
    retries=st.integers(0, 100),
    max_retries=st.none() | st.integers(0, 100),
    expires_at=st.none() | INT64,
    time_limit=st.none() | st.floats(0, 1e6),
    ignore_result=st.none() | st.booleans(),
    headers=st.dictionaries(TEXT, JSON, max_size=2),
    link=st.lists(st.builds(Link, task=TEXT, immutable=st.booleans()), max_size=2).map(tuple),
    entry=st.none() | TEXT,
    parent_id=st.none() | TEXT,
)


def sent(job):
    return decode_message(job.message)


@given(MESSAGES)
def test_a_message_survives_the_round_trip(message):
    assert decode_message(encode_json(message)) == message


@given(st.lists(JSON, max_size=4), st.dictionaries(TEXT, JSON, max_size=4))
def test_json_arguments_arrive_as_they_were_sent(args, kwargs):
    message = sent(new_job("t", args, kwargs, JobOptions()))
    assert (list(message.args), message.kwargs) == (args, kwargs)


def test_a_message_needs_nothing_but_a_task():
    assert decode_message('{"task": "tasks.add"}') == Message(task="tasks.add")
    assert json.loads(new_job("tasks.add", (), {}, JobOptions()).message) == {"task": "tasks.add"}


def test_unknown_fields_are_for_others():
    assert decode_message('{"task": "t", "colour": "red"}') == Message(task="t")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"task": 5}',
        '{"task": "t", "args": 5}',
        '{"task": "t", "link": [{}]}',
        b"\xff",
        b'{"task": "\xff"}',
        b'{"task": "t", "\xe1rgs": [1]}',
        '{"task": "\\ud800"}',
        '{"task": "t", "args": ' + "[" * 100_000 + "]" * 100_000 + "}",
    ],
)
def test_what_is_not_understood_gets_a_sentence(text):
    with pytest.raises(MessageNotUnderstood, match="the message is not understood"):
        decode_message(text)


@pytest.mark.parametrize(
    "content_type",
    [None, "json", "application/json", "Application/JSON; charset=utf-8", "application/json;v=1"],
)
def test_json_by_its_names_is_read(content_type):
    assert decode_message(json.dumps({"task": "t", "content_type": content_type})).task == "t"


@pytest.mark.parametrize(
    "content_type", ["application/x-python-serialize", "pickle", "yaml", "", " ", "json5"]
)
@pytest.mark.parametrize("args", [[], "gASVBQAAAAAAAABLAUsChpQu"])
def test_another_content_type_is_refused_by_its_name(content_type, args):
    """Whatever else there is in the message, which is then of that type's shape."""
    with pytest.raises(
        MessageNotUnderstood, match=f'content type is "{content_type}"; expected "application/json"'
    ):
        decode_message(json.dumps({"task": "t", "args": args, "content_type": content_type}))


class Evil:
    def __reduce__(self):
        return pytest.fail, ("unpickled",)


CELERY = {
    "body": base64.b64encode(b'[[1, 2], {}, {"callbacks": null}]').decode(),
    "content-encoding": "utf-8",
    "content-type": "application/json",
    "headers": {"lang": "py", "task": "tasks.add", "id": "x"},
    "properties": {"delivery_tag": "y", "body_encoding": "base64"},
}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        *((pickle.dumps(Evil(), protocol), "a pickle") for protocol in range(6)),
        (zlib.compress(pickle.dumps(("tasks.add", None, (1, 2), {}))), "zlib data"),
        (msgspec.msgpack.encode({"task": "t", "args": [1, 2]}), "msgpack"),
        (msgspec.msgpack.encode(["t", {"n": -7}]), "msgpack"),
        (b"task: tasks.add\nargs: [1, 2]\n", "YAML"),
        (b"--- \n- 1\n", "YAML"),
        (json.dumps(CELERY).encode(), "a message of Celery"),
        (b"\xef\xbb\xbf" + b'{"task": "t"}', "byte order mark"),
        ('{"task": "t"}'.encode("utf-16"), "byte order mark"),
        (b"\x1f\x8b\x08\x00", "gzip"),
    ],
)
def test_what_a_message_looks_like_is_told_and_nothing_is_decoded(data, words):
    with pytest.raises(
        MessageNotUnderstood, match=f"not understood: .*; it looks like .*{words}.*, and messages are JSON"
    ):
        decode_message(data)


@pytest.mark.parametrize(
    "data", [b"", b"no JSON at all", b"{", b'{"task": 5}', b"[1, 2]", b"null", b"\xc3\xa9"]
)
def test_where_nothing_can_be_told_nothing_is_said(data):
    with pytest.raises(MessageNotUnderstood) as caught:
        decode_message(data)
    assert "looks like" not in str(caught.value)


@pytest.mark.parametrize(
    "fields",
    [
        {"time_limit": -1},
        {"soft_time_limit": 1e12},
        {"retries": -1},
        {"max_retries": -1},
        {"expires_at": 10**18},
        {"expires_in": 10**18},
        {"link": [{"task": "t", "options": {"time_limit": -1}}]},
        {"link": [{"task": "t", "options": {"eta": -(10**18)}}]},
        {"link": [{"task": "t", "options": {"eta": 2**53}}]},
        {"link": [{"task": "t", "options": {"countdown": 1e18}}]},
        {"link_error": [{"task": "t", "options": {"countdown": -1e300}}]},
    ],
    ids=json.dumps,
)
def test_numbers_that_no_worker_could_keep_to_are_refused(fields):
    with pytest.raises(MessageNotUnderstood, match=r"Expected `(int|float)` [<>]= "):
        decode_message(json.dumps({"task": "t", **fields}))


# -- how large


def test_the_size_is_that_of_the_whole_message_links_included():
    link = Link("u", args=("x" * 600,), options=JobOptions(task_id="n"))
    job = new_job("t", (), {}, JobOptions(link=(link,)))
    size = len(job.message)
    assert new_job("t", (), {}, JobOptions(link=(link,)), max_bytes=size).message == job.message
    assert new_job("t", (), {}, JobOptions(link=(link,)), max_bytes=0).message == job.message
    with pytest.raises(
        TooLarge,
        match=rf"the message of t is {size} bytes of JSON, and task_max_bytes allows {size - 1}: put",
    ):
        new_job("t", (), {}, JobOptions(link=(link,)), max_bytes=size - 1)


def test_bytes_are_counted_and_not_characters():
    assert new_job("t", ("e" * 80,), {}, JobOptions(), max_bytes=120)
    with pytest.raises(TooLarge):
        new_job("t", ("é" * 80,), {}, JobOptions(), max_bytes=120)


def test_without_a_limit_given_there_is_one():
    new_job("t", ("x" * (2**20 - 100),), {}, JobOptions())
    with pytest.raises(TooLarge, match=r"is 1,048,6\d\d bytes of JSON, and task_max_bytes allows 1,048,576"):
        new_job("t", ("x" * 2**20,), {}, JobOptions())


def test_what_follows_is_bounded_too():
    with pytest.raises(TooLarge, match="the message of t is"):
        follow(Link("t"), ("x" * 200,), parent_id="p", root_id="r", default_queue="q", max_bytes=200)


@given(st.binary() | st.text())
def test_any_bytes_are_read_or_refused(junk):
    with suppress(MessageNotUnderstood):
        decode_message(junk)
    assert isinstance(task_name(junk), str)


def test_a_tasks_name_is_told_even_if_the_rest_is_not_understood():
    assert task_name('{"task": "t", "args": 5}') == "t"
    assert task_name("{") == task_name('{"task": ' + "[" * 100_000) == "?"


def test_a_tasks_name_takes_one_line_of_a_log():
    assert task_name(encode_json({"task": "a\nb\x1b[31m"})) == r"'a\nb\x1b[31m'"
    assert task_name(encode_json({"task": "é" * 201})) == "é" * 200 + "…"


def test_options_decide_where_and_when():
    at = datetime(2030, 1, 1, tzinfo=UTC)
    options = JobOptions(
        task_id="x", queue="mail", priority=1, countdown=2.5, eta=to_micros(at), expires_in=9.0
    )
    job = new_job("t", (), {}, options, default_queue="other")
    assert (job.id, job.queue, job.priority, job.due, job.delay) == ("x", "mail", 1, to_micros(at), 2_500_000)
    assert sent(job).expires_in == 9_000_000
    assert sent(job).eta == "2030-01-01T00:00:00Z"


def test_without_options_a_job_runs_at_once_in_the_default_queue():
    job = new_job("t", (), {}, JobOptions(), default_queue="other")
    assert (job.queue, job.priority, job.due, job.delay) == ("other", 5, 0, 0)
    assert len(job.id) == 32


@pytest.mark.parametrize("bad", [{1, object()}, object(), "\ud800"])
def test_what_json_has_no_form_for_is_refused_by_the_tasks_name(bad):
    with pytest.raises(TypeError, match=r"the arguments of tasks\.add can't be sent as JSON"):
        new_job("tasks.add", (bad,), {}, JobOptions())


def test_what_is_nested_too_deep_is_refused_too():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(TypeError, match="can't be sent as JSON"):
        new_job("t", (deep,), {}, JobOptions())


@pytest.mark.parametrize(("args", "kwargs"), [("ab", {}), ({1}, {}), ((), [("a", 1)])])
def test_arguments_are_not_taken_apart(args, kwargs):
    with pytest.raises(TypeError, match="expected a"):
        new_job("t", args, kwargs, JobOptions())


def test_a_followers_arguments_come_after_the_result():
    job = follow(Link("t", args=(2,)), (1,), parent_id="p", root_id="r", default_queue="q")
    message = sent(job)
    assert (message.args, message.parent_id, message.root_id, job.queue) == ((1, 2), "p", "r", "q")


def test_an_immutable_follower_gets_only_its_own():
    job = follow(Link("t", args=(2,), immutable=True), (1,), parent_id="p", root_id="r", default_queue="q")
    assert sent(job).args == (2,)


def test_a_link_has_its_id_before_it_runs():
    """Whoever holds the first job can name what follows from it."""
    first, again = (new_job("t", (), {}, JobOptions(link=(Link("u"), Link("v")))) for _ in range(2))
    ids = [link.options.task_id for link in sent(first).link]
    assert len({*ids, *(link.options.task_id for link in sent(again).link)}) == 4
    link = sent(first).link[0]
    assert follow(link, (), parent_id="p", root_id="r", default_queue="q").id == ids[0]


@pytest.mark.parametrize("options", [JobOptions(queue="a b"), JobOptions(priority=55)])
def test_links_of_other_hands_are_checked_before_a_store_sees_them(options):
    with pytest.raises(ConfigError):
        follow(Link("t", options=options), (), parent_id="p", root_id="r", default_queue="q")


@given(MESSAGES)
def test_what_is_at_its_default_takes_no_room(message):
    stored = json.loads(encode_json(message))
    defaults = msgspec.structs.asdict(Message(task=""))
    assert all(
        stored[name] != default for name, default in defaults.items() if name in stored and name != "task"
    )
