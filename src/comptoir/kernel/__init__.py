"""What every package stands on; it knows no retail noun.

db        pool, transactions (`Tx`), sets as parameters        settings  environment and file, one frozen Struct
log       the one append-only log of facts                     migrate   plain SQL files, applied once
consumers readers of the log with cursors, replay, lag         postgres  the embedded server
coalesce  concurrent single calls become one batch call        jobs      timers and background work
errors    refusals with a code, rendered as problem+json       auth      keys, users, sessions, CSRF, audit
ids       UUIDv7          money   integer minor units          http      HTTP conventions
time      the shiftable clock                                  logs, metrics
pack      rows for binary COPY                       rules     the one rule language

Other packages import these modules directly: `from comptoir.kernel.db import Tx`.
"""
