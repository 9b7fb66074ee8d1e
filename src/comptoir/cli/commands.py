"""All commands put together, and how their errors are told."""

import sys
from typing import Annotated

import psycopg
import typer

import comptoir
from comptoir.cli import access, consents, data, doctor, matching, running
from comptoir.cli.terminal import complain
from comptoir.kernel.errors import Refusal

app = typer.Typer(
    name="comptoir",
    help="The one counter behind every channel of a retailer.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def show_version(wanted: bool) -> None:
    if wanted:
        print(f"comptoir {comptoir.__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """The one counter behind every channel of a retailer."""
    del version


running.add_to(app)
access.add_to(app)
data.add_to(app)
consents.add_to(app)
matching.add_to(app)
doctor.add_to(app)


def main() -> None:
    """Run a command. Exit code 1: refused or failed, 2: asked wrongly, 130: interrupted."""
    try:
        app()
    except Refusal as refusal:
        complain(refusal.detail or refusal.title())
    except psycopg.OperationalError as error:
        complain(f"The database cannot be reached: {str(error).splitlines()[0]}")
    except OSError as error:
        complain(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise SystemExit(130) from None
    raise SystemExit(1)
