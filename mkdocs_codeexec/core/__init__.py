"""The pure heart: samples, actions, keys, outcomes, verdicts.

Nothing here reads the disk, the clock, the environment or the network, and nothing here imports
another layer. What is written here decides what a cached outcome is worth.
"""
