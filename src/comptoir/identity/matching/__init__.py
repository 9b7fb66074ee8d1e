"""Records that share no key: who is one person, found by what agrees and what does not.

columns       the file of records                      cleaning     one form for what can be compared; fillers and slips
nicknames     Bob is Robert                            candidates   which pairs are worth comparing
comparisons   eight fields and their levels            model        the weights: Fellegi and Sunter
training      the weights learnt without labels        clustering   groups, each weighed as a whole
batch         from the file to the file                likeness     how alike two values are

Not imported here: DuckDB takes a quarter of a second, and most who ask who somebody is need none of it.
"""
