"""The press: a page walks through its rooms in the order of tests/test_house.py, and none looks back."""
