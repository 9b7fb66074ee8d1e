"""One retailer to look at: real till history, then a simulated living town, both through the public interfaces only.

run       the whole demo: server, import, live traffic, checks
history   the real receipts (The Complete Journey)      opening   shops, sources, products, users
world     generated people of the real households       twin      what they do: tracked events and receipts
courier   sends over HTTP, waits where it is told to    truth     who really did what, kept aside for measurement
check     the acceptance stories
"""
