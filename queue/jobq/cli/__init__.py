"""The command line `jobq`. What a command needs is imported when it runs, so that `--help` answers at once."""

from __future__ import annotations


def main() -> None:
    from jobq.cli.program import program

    program(prog_name="jobq")
