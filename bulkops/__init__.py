"""bulkops: kickout reimports and list flag edits in EnergyCAP, from a spreadsheet.

Data flows one way: workbook → Row → CheckedRow → Plan → Outcome → Results sheet.
Only the ledger comes back round: it tells the next plan what was sent before.
"""

from bulkops.system.environment_variables import drop_foreign_settings

__version__ = "0.1.0"

# Before any of those libraries is imported: several read their settings once, at their import.
drop_foreign_settings()
