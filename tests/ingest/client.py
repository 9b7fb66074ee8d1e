"""Calls the tracking API as ASGI, without a network."""

import base64
import json
import uuid


def basic(key: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def viewed(**own):
    """A track call as analytics-python makes it."""
    return {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": "a-1",
        "userId": None,
        "messageId": str(uuid.uuid4()),
        "timestamp": "2026-11-21T10:00:00.123456+00:00",
        "context": {"library": {"name": "analytics-python", "version": "2.4.0"}},
        "integrations": {},
        "properties": {"product_id": "p1", "price": 12.5, "currency": "EUR"},
        **own,
    }


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, {k.decode(): v.decode() for k, v in headers}, body

    @property
    def json(self):
        return json.loads(self.body)


class Client:
    def __init__(self, app, source):
        self.app, self.source = app, source

    async def batch(self, *events, **more):
        return await self.send("/v1/batch", {"batch": list(events), **more})

    async def send(self, path, body=b"", *, method="POST", headers=None, auth=True, query="", parts=None):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        head = {"host": "shop.example"}
        if auth:
            head["authorization"] = basic(self.source.write_key)
        head.update(headers or {})
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "scheme": "http",
            "headers": [(k.lower().encode(), v.encode()) for k, v in head.items()],
            "client": ("203.0.113.9", 5000),
        }
        parts = list(parts or [body])
        sent = []

        async def receive():
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        return Answer(sent[0]["status"], sent[0]["headers"], b"".join(m["body"] for m in sent[1:]))
