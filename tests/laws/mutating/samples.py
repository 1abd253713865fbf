"""What the pages of the project run, and for each what it reads: nothing else may have it executed again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from contents import SITE

_TRY = """\
try:
{body}
except BaseException as error:
    print(type(error).__name__)
"""


@dataclass(frozen=True)
class Written:
    """A sample.

    Attributes:
        name: What it is about.
        language: `python` or `bash`.
        code: It.
        reads: A pattern of the files that it opens, executes or asks for, whether they are there or not.
        lists: A pattern of the folders whose names it asks for.
    """

    name: str
    language: str
    code: str
    reads: str = ""
    lists: str = ""

    def concerned(self, files: Iterable[str], there: Iterable[str]) -> bool:
        """Tell whether a change may concern it: of `files`, and of what is there or not."""
        reads = re.compile(self.reads) if self.reads else None
        lists = re.compile(self.lists) if self.lists else None
        there = list(there)
        if reads is not None and any(reads.fullmatch(path) for path in [*files, *there]):
            return True
        return lists is not None and any(lists.fullmatch(path.rpartition("/")[0]) for path in there)


_S = re.escape(SITE)
_PATH = rf"(?:own|{_S}|edi-src/src)"
_DATA = "site/data"


def imports(*names: str) -> str:
    """Return the pattern of what `import` looks at for each of `names`, a top module."""
    tops = "|".join(re.escape(name) for name in names)
    return rf"{_PATH}/(?:{tops})(?:\..*)?(?:/__init__\.[^/]*)?"


_START = rf"{_S}/[^/]*\.pth|{_S}/__editable__[^/]*|{_S}/(?:site|user)customize.*|own/(?:site|user)customize.*"


def python(name: str, code: str, reads: str = "", lists: str = "") -> Written:
    body = "".join(f"    {line}\n" for line in code.strip().splitlines()).rstrip("\n")
    own = "|".join(filter(None, (reads, _START, imports("json") if "json" in code or "importlib" in code else "")))
    return Written(name, "python", _TRY.format(body=body), own, lists)


def bash(name: str, code: str, reads: str = "", lists: str = "", *, starts: bool = False) -> Written:
    """Return a sample; a Python that it `starts` lists the folders of modules, and is not asked what it looks for there."""
    if starts:
        reads, lists = rf"{reads}|{_START}", rf"{_PATH}|{_PATH}/(?:lib|edi)(?:/sub)?"
    return Written(name, "bash", code, reads, lists)


def _tools(*names: str) -> str:
    return rf"(?:bin1|bin2|venv/bin)(?:/(?:{'|'.join(names)}))?"


def written(root: str) -> tuple[Written, ...]:
    """Return the samples of the project in the folder `root`."""
    data = f"{root}/{_DATA}"
    lib, edi = imports("lib"), imports("edi")
    return (
        python("alpha", "import lib.alpha\nprint(lib.VALUE, lib.alpha.VALUE)", rf"{lib}|.*/lib/alpha.*"),
        python("gamma", "from lib.sub import gamma\nprint(gamma.VALUE)", rf"{lib}|.*/lib/sub(?:/__init__.*|/gamma.*)?"),
        python(
            "beta",
            "import lib.beta as b\nprint(b.VALUE, b.DELTA)",
            rf"{lib}|.*/lib/(?:beta.*|sub(?:/(?:__init__|delta).*)?)",
        ),
        python("helper", "from edi import helper\nprint(helper.VALUE)", rf"{edi}|.*/edi/helper.*"),
        python("single", "import single\nprint(single.VALUE)", imports("single")),
        python("maybe", "import maybe\nprint(maybe.VALUE)", rf"{imports('maybe')}|{_PATH}"),
        python("namespace", "import ns.one\nprint(ns.one.VALUE)", rf"{imports('ns')}|{_PATH}/ns/one.*"),
        python(
            "find",
            "from importlib.util import find_spec\nprint([bool(find_spec(n)) for n in ('edi', 'maybe')])",
            imports("edi", "maybe"),
        ),
        python(
            "modules",
            "import lib.sub, pkgutil\nprint([m.name for m in pkgutil.iter_modules(lib.sub.__path__)])",
            rf"{lib}|.*/lib/sub(?:/__init__.*)?",
            r".*/lib/sub(?:/.*)?",
        ),
        python(
            "version",
            "from importlib.metadata import version\nprint(version('lib'), version('edi'))",
            rf"{_S}/(?:lib|edi)-.*",
            rf"{_S}|own|edi-src/src|{_S}/.*\.dist-info",
        ),
        python(
            "resource",
            "from importlib.resources import files\nprint(files('lib').joinpath('data.txt').read_text())",
            rf"{lib}|.*/lib/data.txt",
            rf"{_PATH}/lib",  # of a package without `__init__.py`
        ),
        python("open", f"print(open('{data}/numbers.txt').read())", rf"{_DATA}/numbers.txt"),
        python("enter", f"import os\nos.chdir('{data}/kind')\nprint('entered')", rf"{_DATA}/kind"),
        python(
            "islink",
            f"import os\nprint(os.path.islink('{data}/current'), os.lstat('{data}/v1.txt').st_size)",
            rf"{_DATA}/(?:current|v[123]\.txt|tree.*)",
        ),
        python("size", f"import os\nprint(os.path.getsize('{data}/numbers.txt'))", rf"{_DATA}/numbers.txt"),
        python("list", f"import os\nprint(sorted(os.listdir('{data}')))", "", _DATA),
        python("glob", f"import glob\nprint(sorted(p[-9:] for p in glob.glob('{data}/*.csv')))", "", _DATA),
        python("exists", f"import os\nprint(os.path.exists('{data}/flag'))", rf"{_DATA}/flag"),
        python("link", f"print(open('{data}/current').read())", rf"{_DATA}/(?:current|v[123]\.txt|tree.*)"),
        python(
            "target", f"import os\nprint(os.readlink('{data}/current'))", rf"{_DATA}/(?:current|v[123]\.txt|tree.*)"
        ),
        python(
            "real",
            f"import os\nprint(os.path.realpath('{data}/current')[-9:])",
            rf"{_DATA}/(?:current|v[123]\.txt|tree.*)",
        ),
        python(
            "walk",
            f"import os\nfor a, b, c in sorted(os.walk('{data}/tree')): print(a[-5:], sorted(b), sorted(c))",
            "",
            rf"{_DATA}/tree(?:/.*)?|{_DATA}",
        ),
        python("access", f"import os\nprint(os.access('{data}/run.sh', os.X_OK))", rf"{_DATA}/run.sh"),
        python(
            "kind", f"import os\nprint(os.path.isdir('{data}/kind'), os.path.isfile('{data}/kind'))", rf"{_DATA}/kind"
        ),
        python(
            "switch",
            f"name = open('{data}/config.txt').read().strip()\nprint(open('{data}/' + name).read())",
            rf"{_DATA}/(?:config|numbers|v1)\.txt|{_DATA}/names\.csv|{_DATA}/absent",
        ),
        python(
            "call", "import subprocess\nprint(subprocess.run(['mytool'], capture_output=True).stdout)", _tools("mytool")
        ),
        python("json", "import json\nprint(json.dumps([1]))", imports("json")),
        python("print", "import math\nprint(math.pi)", imports("math")),
        bash("mytool", "mytool", _tools("mytool")),
        bash("command", "command -v mytool first | sed 's|.*/||'; first", _tools("mytool", "first", "sed")),
        bash("second", "second", _tools("second")),
        bash("script", "script 2>/dev/null", _tools("script", "interpreter")),
        bash("libtool", "libtool 2>/dev/null", rf"{_tools('libtool')}|{lib}|.*/lib/cli.*", starts=True),
        bash("editool", "editool 2>/dev/null", rf"{_tools('editool')}|{edi}|.*/edi/(?:cli|helper).*", starts=True),
        bash(
            "import",
            "python -c 'import lib.alpha; print(lib.alpha.VALUE)' 2>/dev/null",
            rf"{_tools('python')}|{lib}|.*/lib/alpha.*",
            starts=True,
        ),
        bash("cat", f"cat {data}/numbers.txt", rf"{_tools('cat')}|{_DATA}/numbers.txt"),
        bash("expand", f"for f in {data}/*.csv; do echo ${{f##*/}}; done", "", _DATA),
        bash("test", f"test -e {data}/flag && echo there", rf"{_DATA}/flag"),
        bash("source", f". {data}/lib.sh; echo $VALUE", rf"{_DATA}/lib.sh"),
        bash("ls", f"ls {data}/tree", _tools("ls"), rf"{_DATA}/tree|{_DATA}"),
        bash("run", f"[ -x {data}/run.sh ] && {data}/run.sh", rf"{_DATA}/run.sh"),
        bash("echo", "echo nothing"),
    )
