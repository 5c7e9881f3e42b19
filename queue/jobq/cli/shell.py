"""What every command line here shares: how errors end, how commands are misspelt, how --json is said.

Exit codes: 0 done, 1 it failed or the answer is no, 2 usage or configuration, 130 interrupted.
"""

from __future__ import annotations

from typing import Any

import click

from jobq.errors import ConfigError, JobqError, StoreRefused
from jobq.stores import shows_secret, without_secrets
from jobq.suggest import did_you_mean

INTERRUPTED = 130


class Failure(click.ClickException):
    """The answer is no, or it failed: a sentence for stderr."""

    exit_code = 1


class Misconfigured(click.ClickException):
    exit_code = 2


class Group(click.Group):
    """A group that knows the nearest name of a misspelt command."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if "://" in name:
            ctx.fail("the store's URL goes after --store, and before the command")
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            ctx.fail(f'there is no command "{name}"{did_you_mean(name, self.list_commands(ctx))}')
        return super().resolve_command(ctx, args)


class _Outermost(click.Command):
    """Turns what went wrong into a sentence, or with --debug lets the traceback out."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.ClickException as error:
            raise _discreet(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            ctx.exit(INTERRUPTED)
        except click.ClickException as error:
            raise _discreet(error) from None
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if ctx.params.get("debug"):
                raise
            raise _told(error) from error


class Program(_Outermost, Group):
    """The outermost group."""

    group_class = Group


class LoneCommand(_Outermost):
    """A program that is one command."""


def _told(error: Exception) -> click.ClickException:
    if isinstance(error, ConfigError | StoreRefused):
        return _discreet(Misconfigured(str(error)))
    if isinstance(error, JobqError):
        return _discreet(Failure(str(error)))
    return _discreet(Failure(f"unexpected {type(error).__name__}: {error} (--debug shows where)"))


def _discreet(error: click.ClickException) -> click.ClickException:
    """What was typed wrong is repeated to whoever typed it, and to whoever reads the log: without passwords."""
    error.message = without_secrets(error.message)  # type: ignore[misc] # final, which the class cannot know
    return error


def store_given(_: click.Context, __: click.Parameter, url: str | None) -> str | None:
    """The value of --store."""
    if url is not None and shows_secret(url):
        click.echo(
            "Warning: while this runs, ps shows the password in --store to everyone on this machine; "
            "give the URL as JOBQ_STORE, or in beat.toml with ${NAME} for the password.",
            err=True,
        )
    return url


debug_option = click.option("--debug", is_flag=True, help="Show tracebacks.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def print_json(document: Any) -> None:
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


def examples(*lines: str) -> str:
    """An epilog for --help that is left as it is written."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
