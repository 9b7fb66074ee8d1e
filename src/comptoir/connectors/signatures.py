"""Whether a webhook is from where it says: HMAC-SHA256 of the raw body, in base64, under the connection's secret.

Shopify: `X-Shopify-Hmac-Sha256`. WooCommerce: `X-WC-Webhook-Signature`.
"""

import base64
import hashlib
import hmac


def signature(body: bytes, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def fits(body: bytes, secret: str, given: str) -> bool:
    """Compared in constant time."""
    return hmac.compare_digest(signature(body, secret).encode(), given.strip().encode())
