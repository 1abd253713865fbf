"""What touches the machine: children and their end, the parallel executor, the store.

`process` is the one door to the operating system's processes, `executor` the one place that schedules. Nothing here
knows a language, a page or MkDocs.
"""
