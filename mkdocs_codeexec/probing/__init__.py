"""What a sample can reach on this machine, found out by trying: `codeexec doctor --probe`.

`inside` is a program of its own that tries, in the place of a sample; `canaries` makes what it tries it on, and looks at that
afterwards; `ways` has it run as samples, macros and build scripts run; `table` says what was promised.
"""
