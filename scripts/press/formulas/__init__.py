"""The owner of TeX: what formulas are, wherever they stand."""
