"""What the URL of a Redis store says, and what is wrong with it."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobq.app import default_store_url
from jobq.errors import ConfigError
from jobq.stores import with_wait_replicas
from jobq.stores.redis_url import parse

SENTINELS = "redis+sentinel://a:1,b,[::1]:3/mymaster"

READ = {
    "redis://": {"addresses": (("localhost", 6379),), "db": 0, "namespace": "beatd", "tls": None},
    "redis://h": {"addresses": (("h", 6379),)},
    "redis://h/": {"db": 0},
    "redis://h:7/3": {"addresses": (("h", 7),), "db": 3},
    "redis://h/3/": {"db": 3},
    "redis://h?db=3": {"db": 3},
    "redis://h/3?db=3": {"db": 3},
    "redis://[::1]:7/0": {"addresses": (("::1", 7),)},
    "redis://h?ns=shop": {"namespace": "shop"},
    "redis://:p@h": {"username": None, "password": "p"},
    "redis://u@h": {"username": "u", "password": None},
    "redis://u:p@h": {"username": "u", "password": "p"},
    "redis://u%3A:p%40%2F%25@h": {"username": "u:", "password": "p@/%"},
    "redis://u:a@b:c@h": {"username": "u", "password": "a@b:c"},
    "redis://h?username=u&password=p%26": {"username": "u", "password": "p&"},
    "redis://h?password=a+b%2Bc%20d=e": {"password": "a+b+c d=e"},
    "redis://:a+b&c@h?&ns=n&": {"password": "a+b&c", "namespace": "n"},
    "redis+sentinel://h/m?sentinel_password=a+b": {"sentinel_password": "a+b"},
    "redis+unix:///run/my%20redis.sock?db=2": {"socket": "/run/my redis.sock", "db": 2, "addresses": ()},
    "redis+unix://u:p@/run/r@1.sock": {"socket": "/run/r@1.sock", "username": "u", "password": "p"},
    SENTINELS: {"addresses": (("a", 1), ("b", 26379), ("::1", 3)), "service": "mymaster", "db": 0},
    f"{SENTINELS}/4?ns=n": {"db": 4, "namespace": "n"},
    f"{SENTINELS}?sentinel_username=w&sentinel_password=x": {
        "sentinel_username": "w",
        "sentinel_password": "x",
        "password": None,
    },
    "rediss://h": {"tls": {"ssl_cert_reqs": "required", "ssl_check_hostname": True}},
    "rediss://h?ssl_check_hostname=no": {"tls": {"ssl_cert_reqs": "required", "ssl_check_hostname": False}},
    "rediss://h?ssl_cert_reqs=none": {"tls": {"ssl_cert_reqs": "none", "ssl_check_hostname": False}},
    "rediss+sentinel://h/m?ssl_ca_certs=/ca.pem": {
        "tls": {"ssl_ca_certs": "/ca.pem", "ssl_cert_reqs": "required", "ssl_check_hostname": True}
    },
    "redis://h?wait_replicas=2&wait_ms=50": {"wait_replicas": 2, "wait_ms": 50},
}


@pytest.mark.parametrize("url", READ)
def test_a_url_says(url):
    read = parse(url)
    assert {name: getattr(read, name) for name in READ[url]} == READ[url]


SHOWN = {
    "redis://u:p@h:7/3?ns=n&password=q": "redis://h:7/3",
    "redis://h": "redis://h",
    "redis+unix://:p@/run/redis.sock?db=1": "redis+unix:///run/redis.sock",
    "rediss+sentinel://u:p@a:1,b/mymaster/4?sentinel_password=q": "rediss+sentinel://a:1,b/mymaster/4",
}


@pytest.mark.parametrize("url", SHOWN)
def test_it_is_shown_without_its_secrets(url):
    assert parse(url).shown == SHOWN[url]


WRONG = {
    "redis:/h": "lacks its slashes; expected redis://",
    "redis://h:x": "address that is not host, host:port",
    "redis://h:70000": "address that is not host, host:port",
    "redis://a,b": "address that is not host, host:port",
    "redis://h h": "address that is not host, host:port",
    "redis+sentinel://a,,b:x/m": "address that is not host, host:port",
    "redis://h/x": "not the number of a database, such as /0",
    "redis://h/-1": "not the number of a database",
    "redis://h/1?db=2": "names two databases",
    "redis://h?db=x": 'db="x" in the store\'s URL: expected a whole number from 0',
    "redis://h/0#x": "a password / is written %2F",
    "redis://u:p/w@h": "a password / is written %2F",
    "redis://u:p?w@h": "a password / is written %2F",
    "redis+unix://h/run/redis.sock": "with three slashes",
    "redis+unix://": "with three slashes",
    "redis+sentinel://h": "expected redis+sentinel://host:26379/mymaster",
    "redis://h?nss=a": 'has "nss", which is not an option of it; did you mean "ns"?',
    "redis://h?socket_timeout=5": 'has "socket_timeout", which is not an option of it',
    "redis://h?password=a&Hush": "has an option that is not known; known are: db, ns, password, ",
    "redis://h?ns=a&ns=b": "has ns twice",
    "redis://h?ns=": "expected a name without braces or white space",
    "redis://h?ns={a}": "expected a name without braces or white space",
    "redis://h?ssl_ca_certs=/x": "has ssl_ca_certs, which is for rediss://",
    f"{SENTINELS}?ssl_cert_reqs=none": "has ssl_cert_reqs, which is for rediss+sentinel://",
    "redis://h?sentinel_password=x": "has sentinel_password, which is for redis+sentinel://",
    "rediss://h?ssl_cert_reqs=maybe": "expected required, optional, none",
    "rediss://h?ssl_check_hostname=maybe": "expected true or false",
    "redis://h?wait_replicas=-1": 'wait_replicas="-1" in the store\'s URL: expected a whole number from 0 to 100',
    "redis://h?wait_ms=0": "expected a whole number from 1 to 60000",
}


@pytest.mark.parametrize("url", WRONG)
def test_what_is_wrong_gets_a_sentence(url):
    with pytest.raises(ConfigError) as caught:
        parse(url)
    assert WRONG[url] in str(caught.value)


@given(st.text(max_size=40), st.sampled_from(["redis", "rediss", "redis+unix", "redis+sentinel"]))
def test_whatever_is_written_is_read_or_refused(text, scheme):
    with contextlib.suppress(ConfigError):
        parse(f"{scheme}://{text}")


@given(st.text(st.characters(codec="utf-8"), max_size=10), st.text(st.characters(codec="utf-8"), max_size=10))
def test_whatever_is_encoded_arrives(user, password):
    read = parse(f"redis://{quote(user, safe='')}:{quote(password, safe='')}@h/0")
    assert (read.username or "", read.password or "") == (user, password)
    assert read.shown == "redis://h/0"
    read = parse(f"redis://h/0?username={quote(user, safe='')}&password={quote(password, safe='')}")
    assert (read.username or "", read.password or "") == (user, password)


def test_replicas_are_added_to_a_url():
    assert with_wait_replicas("redis://h/0", 1) == "redis://h/0?wait_replicas=1"
    assert with_wait_replicas("redis://h?ns=a", 2) == "redis://h?ns=a&wait_replicas=2"
    assert with_wait_replicas("redis://h?wait_replicas=2", 2) == "redis://h?wait_replicas=2"
    with pytest.raises(ConfigError, match="wait_replicas is 1, but 2 in the URL"):
        with_wait_replicas("redis://h?wait_replicas=2", 1)
    with pytest.raises(ConfigError, match="this one is on sqlite"):
        with_wait_replicas("sqlite:///beat.db", 1)


def test_producers_beside_the_file_wait_as_beatd_does(tmp_path, monkeypatch):
    (tmp_path / "beat.toml").write_text('store = "redis://${WHERE}/0"\nwait_replicas = 1\n')
    monkeypatch.chdir(tmp_path)
    assert default_store_url({"WHERE": "there"}) == "redis://there/0?wait_replicas=1"
