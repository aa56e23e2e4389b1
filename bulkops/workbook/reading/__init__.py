"""What a file holds: each kind of workbook read cell by cell, with nothing made up and nothing left out."""
