"""Who is who: identifiers, the evidence that connects them, and the people that follow from it.

resolve     observations in, nodes out: the hot path, for batches        solve     the pure solution
normalise   what senders write becomes one form; what identifies nobody  settle    from changed evidence to people

A fact points at a node. A person is the set of nodes that hang together, named by its oldest; its public id is that
node's `key`, and every key that ever named a person finds it.
"""

from comptoir.identity.events import PeopleMerged, PeopleSplit
from comptoir.identity.records import Identifier, Namespace, Node, Observation, Person
from comptoir.identity.resolve import observe, refusal, resolve

__all__ = [
    "Identifier",
    "Namespace",
    "Node",
    "Observation",
    "PeopleMerged",
    "PeopleSplit",
    "Person",
    "observe",
    "refusal",
    "resolve",
]
