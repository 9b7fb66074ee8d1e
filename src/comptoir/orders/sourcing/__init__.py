"""From which locations the goods of an order come.

nearest  fewest parcels, then the nearest
again    pieces that a location could not give, from others
"""

from comptoir.orders.sourcing.again import Again, Missing, Wanted, source_again
from comptoir.orders.sourcing.nearest import source

__all__ = ["Again", "Missing", "Wanted", "source", "source_again"]
