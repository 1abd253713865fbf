"""How strongly children are confined on this machine, and how their supervisors are started for that.

What happens within a supervisor is in `runtime/supervising`.
"""
