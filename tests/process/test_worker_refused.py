"""A worker whose store can never work says so and leaves: another child would do no better."""

from __future__ import annotations

import pytest

CHILDREN = 3


@pytest.fixture
def store_url(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("These are notes, and no database at all.\n" * 100)
    return f"sqlite:///{path}"


@pytest.mark.parametrize("options", [[], ["--burst"]], ids=["for long", "burst"])
def test_a_file_that_is_no_database(programs, options):
    worker = programs.worker("--concurrency", str(CHILDREN), *options)
    assert worker.wait() == 2
    worker.wait_gone()
    refused = worker.said("worker_refused")
    assert 1 <= len(refused) <= CHILDREN
    assert all("notes.txt" in record["message"] for record in refused)
    assert worker.said("child_died") == worker.said("child_failed") == []
    assert "Traceback" not in worker.text
