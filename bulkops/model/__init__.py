"""The values that flow through bulkops, from a cell that was read to a row's outcome.

Nothing here reads, sends or writes; every value is frozen, so that each stage makes
a new one instead of enriching the last.
"""
