"""What bulkops writes: results put into a workbook whose every other byte stays, corrections, and templates."""
