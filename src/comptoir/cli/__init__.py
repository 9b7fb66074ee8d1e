"""The command line: `comptoir …`. One file per group of commands; an error is one clear sentence and an exit code.

running  demo, serve, worker, bench             data    import, export, sql, replay, reconcile
access   source, key, user                      doctor  a report that can be pasted into an issue
consents consent import: choices told elsewhere
matching identity match: who is one person in a file of records
terminal settings, output, errors               files   rows of CSV, NDJSON and Parquet
"""

from comptoir.cli.commands import app, main

__all__ = ["app", "main"]
