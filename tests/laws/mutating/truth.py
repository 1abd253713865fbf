"""What samples print and how they end without any of us: run by the interpreter whose samples they are.

    python truth.py FILE USER

FILE holds a list of pairs of language and code, USER is the number of whom they run as, or -1. Python samples are run in
forks of this process, which has imported nothing that they look at.
"""

# ruff: noqa: PTH103, PTH109, PTH123 - `pathlib` is what samples import

import os
import sys


def main() -> None:
    with open(sys.argv[1], encoding="utf-8") as file:
        samples = eval(file.read())
    user = int(sys.argv[2])
    work = os.getcwd()
    running = []
    for number, (language, code) in enumerate(samples):
        folder = f"{work}/{number}"
        os.makedirs(folder, exist_ok=True)
        name = "sample.py" if language == "python" else "sample.sh"
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(code)
        out = os.open(f"{folder}/stdout", os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        child = os.fork()
        if child == 0:
            run(language, name, folder, code, out, user)
        running.append((child, out))
    answers = []
    for child, out in running:
        _, status = os.waitpid(child, 0)
        os.lseek(out, 0, os.SEEK_SET)
        answers.append((os.waitstatus_to_exitcode(status), os.read(out, 1 << 20).decode()))
    print(repr(answers))


def run(language: str, name: str, folder: str, code: str, out: int, user: int) -> None:
    os.chdir(folder)
    nothing = os.open("/dev/null", os.O_RDWR)
    for fd, source in enumerate((nothing, out, nothing)):
        os.dup2(source, fd)
    if user >= 0:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
    if language == "bash":
        os.execvp("bash", ["bash", name])
    sys.argv[:] = [name]
    sys.path[0] = folder
    try:
        exec(compile(code, name, "exec"), {"__name__": "__main__"})
    finally:
        sys.stdout.flush()
        os._exit(0)


main()
