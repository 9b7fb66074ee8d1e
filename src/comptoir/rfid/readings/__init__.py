"""What reads do to the stock: only what a rule says, and each event once.

facts      what a rule may know of an event, and the things that it tells of
rule_sets  stored, versioned; conditions in `kernel.rules`, outcomes
judging    the list of what waits; one event, one fate
sessions   reads that belong together, until it is quiet
settling   a session becomes a count, a receipt, a shipment
telling    what became of an event and why, in words; rules tried without doing anything
"""
