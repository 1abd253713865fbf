"""What `fuzz.py` tries: a file for each target, with its law, and what is real to begin with.

None of it needs atheris: the tests try the laws on the seeds and on a few mutants of them.
"""
