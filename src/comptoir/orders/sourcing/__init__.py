"""From which locations the goods of an order come: by rules, limits and cost, and why.

policy      what a policy says, and the built-in one
conditions  what its rules may ask of a location for an order
planner     a policy put to an order: who may give, at what cost, who is chosen
solver      which locations give which pieces: exact for few, never worse than greedy
policies    its versions, kept
capacity    how many orders a location has been promised today
quoting     baskets that are quoted, a batch at a time
explaining  why an order's goods come from where they come, in words
asking      a basket that nobody has: from where, and why
simulating  what another policy would have done with the last orders
again       pieces that a location could not give, from others
taxing      where they are taxed: where the customer gets them
"""

from comptoir.orders.errors import BadPolicy
from comptoir.orders.sourcing.again import Again, Missing, source_again
from comptoir.orders.sourcing.capacity import count_on, count_promised, promised_on, promised_today
from comptoir.orders.sourcing.conditions import LOCATION, Asking, Wanted
from comptoir.orders.sourcing.explaining import Considered, CostPart, Explanation, sourcing_of, words_of
from comptoir.orders.sourcing.planner import Planner
from comptoir.orders.sourcing.policies import Planners, Version, policy, set_policy, versions
from comptoir.orders.sourcing.policy import BUILT_IN, Clear, Costs, Exclude, Limits, Policy, PolicyEntry, Prefer, check
from comptoir.orders.sourcing.quoting import source_baskets
from comptoir.orders.sourcing.simulating import Simulation, simulate
from comptoir.orders.sourcing.taxing import taxed_in

__all__ = [
    "BUILT_IN",
    "LOCATION",
    "Again",
    "Asking",
    "BadPolicy",
    "Clear",
    "Considered",
    "CostPart",
    "Costs",
    "Exclude",
    "Explanation",
    "Limits",
    "Missing",
    "Planner",
    "Planners",
    "Policy",
    "PolicyEntry",
    "Prefer",
    "Simulation",
    "Version",
    "Wanted",
    "check",
    "count_on",
    "count_promised",
    "policy",
    "promised_on",
    "promised_today",
    "set_policy",
    "simulate",
    "source_again",
    "source_baskets",
    "sourcing_of",
    "taxed_in",
    "versions",
    "words_of",
]
