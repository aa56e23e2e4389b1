"""bulkops: kickout reimports and list flag edits in EnergyCAP, from a spreadsheet.

Data flows one way: workbook → Row → CheckedRow → Plan → Outcome → Results sheet.
Only the ledger comes back round: it tells the next plan what was sent before.
"""

__version__ = "0.1.0"
