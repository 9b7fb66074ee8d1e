"""Where everything is put together: it may import all packages, and nothing but the command line imports it.

app      the HTTP side as one ASGI application       serve    API processes and workers, watched over
spine    what becomes of an event                    worker   readers of the log, background jobs, timers
health   /healthz, /readyz, /metrics, /openapi.json  running  API and worker in this process
child    a child process of serve                    bench    benchmarks: their registry and their report
"""

from comptoir.server.running import Running, running

__all__ = ["Running", "running"]
