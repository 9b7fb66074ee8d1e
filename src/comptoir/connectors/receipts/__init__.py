"""Exports of tills as receipts.

mapping  which column is what, how numbers and dates are written
reading  lines become receipts; what cannot be read is told with its line
"""
