"""The few lines that make something a source. The tracking API is Segment's, so its own libraries do."""

from typing import Literal

Language = Literal["browser", "python", "curl"]


def snippet(language: Language, *, host: str, write_key: str) -> str:
    scheme, _, bare = host.partition("://")
    filled = SNIPPETS[language].replace("{host}", host).replace("{bare}", bare).replace("{scheme}", scheme)
    return filled.replace("{key}", write_key)


SNIPPETS: dict[Language, str] = {
    "browser": """\
// npm install @segment/analytics-next
import { AnalyticsBrowser } from "@segment/analytics-next";

const analytics = AnalyticsBrowser.load(
  { writeKey: "{key}", cdnURL: "{host}" },
  { integrations: { "Segment.io": { apiHost: "{bare}/v1", protocol: "{scheme}" } } },
);
analytics.track("Product Viewed", { product_id: "C-101", name: "Coat Ondine", price: 349, currency: "EUR" });
""",
    "python": """\
# pip install segment-analytics-python
import segment.analytics as analytics

analytics.write_key = "{key}"
analytics.host = "{host}"
analytics.track("customer-42", "Product Viewed", {"product_id": "C-101", "name": "Coat Ondine"})
analytics.flush()
""",
    "curl": """\
curl {host}/v1/track --user {key}: --header 'Content-Type: application/json' --data '{
  "userId": "customer-42",
  "event": "Product Viewed",
  "properties": {"product_id": "C-101", "name": "Coat Ondine", "price": 349, "currency": "EUR"}
}'
""",
}
