"""Rounds of `codeexec watch`: what one is made of, and what begins the next one."""
