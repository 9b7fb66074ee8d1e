"""Who is who: identifiers, the evidence that connects them, and the people that follow from it.

resolve      observations in, nodes out: the hot path     normalise    one form for each identifier; what names nobody
settle       from changed evidence to people              solve        the pure solution; closures: what to solve
people       look-ups by any identifier or public id      explain      why they are one person; the graph for drawing
merges       by hand, with preview                        splits       by hand: they stay apart
undos        exact, and they stick                        retractions  of a batch or a source, and back
journal      what changed, why, by whom                   tasks        what a steward should look at
erasing      who is being erased, and who was
namespaces   kinds of identifier and their limits         reconcile    the proof
matching     records that share no key, a file at once    realtime     the same, one record as it comes

A fact points at a node. A person is the set of nodes that hang together, named by its oldest; its public id is that
node's `key`, and every key that ever named a person finds it.
"""

from comptoir.identity import (
    erasing,
    explain,
    journal,
    merges,
    namespaces,
    realtime,
    retractions,
    splits,
    tasks,
    undos,
)
from comptoir.identity.errors import BeingErased, UnknownIdentifier, UnknownNamespace, UnknownPerson
from comptoir.identity.events import PeopleMerged, PeopleSplit
from comptoir.identity.holdings import HOLDINGS
from comptoir.identity.normalise import Cleaner, Refused
from comptoir.identity.people import lookup, named, nodes_by_value, nodes_of, person, persons_of, seen
from comptoir.identity.reconcile import reconcile
from comptoir.identity.records import Identifier, Namespace, Node, Observation, Person
from comptoir.identity.resolve import observe, refusal, resolve

__all__ = [
    "HOLDINGS",
    "BeingErased",
    "Cleaner",
    "Identifier",
    "Namespace",
    "Node",
    "Observation",
    "PeopleMerged",
    "PeopleSplit",
    "Person",
    "Refused",
    "UnknownIdentifier",
    "UnknownNamespace",
    "UnknownPerson",
    "erasing",
    "explain",
    "journal",
    "lookup",
    "merges",
    "named",
    "namespaces",
    "nodes_by_value",
    "nodes_of",
    "observe",
    "person",
    "persons_of",
    "realtime",
    "reconcile",
    "refusal",
    "resolve",
    "retractions",
    "seen",
    "splits",
    "tasks",
    "undos",
]
