"""Everything known about a person, as the merge of what is known under her identifiers.

project     a batch of the log becomes measures     golden      the best value of each field, and why
fold        what the batch adds (pure)              timeline    the thread across all channels
directory   one row per person, for lists           measures    figures, touches, favourites, devices
visits      runs of half-hours                      search      the page of customers
vocabulary  what event names mean                   live        the house at this moment
traits      what is told about people               rebuild     empty it all and replay the log
"""
