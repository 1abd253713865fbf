"""What `codeexec doctor` looks at: hosts, sandbox and toolchains, store and Environments, fences."""
