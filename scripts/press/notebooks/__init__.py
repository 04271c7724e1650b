"""Each page as a notebook, and the workbook."""
