"""The program that tries: it runs where a sample runs, and needs nothing but Python's own library.

Its modules are put into one text (`probing.program`). It is given canaries as JSON on standard input and prints one JSON
object on standard output: for each probe what came of it, and a word about that. Each probe is one function, whose words
for people are in `probing.table`; each really does what it tries, and does no harm where it succeeds: it concerns
canaries alone, changes something to what it is, or asks in a way that can only be refused.
"""
